"""How long bodies are and how fast they move: what a wrong scale or frame rate gives away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from nuzzle.plain import from_plain
from nuzzle.skeleton import Skeleton

#: Movement is measured over so many seconds.
_LAG_S = 0.2
#: The percentile of speed that counts. Lower ones say how long an animal rested.
_FAST = 95
#: In less time than this an animal may rest throughout.
_ENOUGH_S = 60.0
#: Shorter or slower by so many times than all that a model learned from, or longer or faster, is
#: unlike them. Speeds of 42 recordings of two rats lie within 1.6 times of their median.
_FAR = 1.5


class Body(NamedTuple):
    """The animals of one recording, all together.

    Attributes:
        length: median distance from nose to tail base, in the unit of positions; NaN is unknown.
        speed: what an animal reaches: the 95th percentile over frames of its speed over 0.2 s, in
            body lengths per second; NaN is unknown, as where it is seen for less than a minute.
    """

    length: float
    speed: float


def measure_body(position: NDArray[np.float32], skeleton: Skeleton, fps: float) -> Body:
    """Length and speed of the animals of a recording.

    An animal moves as the mean of its keypoints that are there at both ends of the 0.2 s.

    Args:
        position: `(time, animal, keypoint, 2)`, keypoints as in `skeleton`; NaN is missing.
        skeleton: says which keypoints are the nose and the tail base.
        fps: frames per second.
    """
    ends = position[:, :, skeleton.nose_index] - position[:, :, skeleton.tail_base_index]
    length = _percentile(np.hypot(ends[..., 0], ends[..., 1]), 50)
    lag = max(1, round(_LAG_S * fps))
    moves = position[lag:] - position[:-lag]
    steps = np.hypot(moves[..., 0], moves[..., 1])
    there = np.isfinite(steps)
    with np.errstate(invalid="ignore"):
        moved = np.where(there, steps, 0).sum(axis=-1) / there.sum(axis=-1)
    known = np.isfinite(moved).sum(axis=0).max(initial=0)
    speed = _percentile(moved, _FAST) * fps / lag if known >= _ENOUGH_S * fps else np.nan
    return Body(length, speed / length if length > 0 else np.nan)


def _percentile(values: NDArray[np.floating], percent: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.percentile(known, percent)) if known.size else np.nan


class Range(NamedTuple):
    """The least and the most of some values."""

    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self | None:
        """Of those that are known; None where none is."""
        known = [value for value in values if np.isfinite(value)]
        return cls(min(known), max(known)) if known else None

    def far_from(self, value: float) -> bool:
        """Whether a value is far outside; never where it is unknown."""
        return value * _FAR < self.least or value > self.most * _FAR

    def __str__(self) -> str:
        ends = dict.fromkeys(f"{end:.3g}" for end in self)
        return " to ".join(ends)


@dataclass(frozen=True)
class Bodies:
    """The bodies of the recordings that a model learned from.

    Attributes:
        length: in the unit of the model; None is unknown.
        speed: in body lengths per second; None is unknown.
    """

    length: Range | None
    speed: Range | None

    @classmethod
    def of(cls, measured: Iterable[Body]) -> Self:
        """Those of some recordings."""
        bodies = list(measured)
        return cls(*(Range.of(values) for values in zip(*bodies, strict=True)))

    def unlike(self, body: Body, unit: str) -> Iterator[str]:
        """A note on each way in which a recording is unlike all of these.

        Args:
            body: of the recording.
            unit: of lengths.
        """
        if self.length and self.length.far_from(body.length):
            yield (
                f"from nose to tail base its animals measure {body.length:.3g} {unit}, and those "
                f"that the model learned from {self.length} {unit}. "
                + (
                    "It learned in pixels, which another camera or zoom changes, and will err. "
                    "Give all recordings their scale (px_per_cm), and train it again"
                    if unit == "px"
                    else "Is the scale right (--px-per-cm, or the column px_per_cm)?"
                )
            )
        if self.speed and self.speed.far_from(body.speed):
            yield (
                f"its animals reach {body.speed:.3g} body lengths per second, and those that the "
                f"model learned from {self.speed}. Is the frame rate right (--fps, or the column "
                "fps)?"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: ends and [*ends] for name, ends in vars(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        return from_plain(cls, values)
