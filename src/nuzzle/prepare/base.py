"""What a preparation step is: a frozen set of values that turns a recording into another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from nuzzle.plain import to_plain
from nuzzle.recording import Recording


@dataclass(frozen=True)
class Step(ABC):
    """A pure step: recording in, recording out, what was done added to `Recording.history`.

    Attributes:
        name: in bundles.
    """

    name: ClassVar[str]

    @abstractmethod
    def __call__(self, recording: Recording) -> Recording:
        """The prepared recording; the one given stays as it was."""

    def to_dict(self) -> dict[str, Any]:
        """The step's name and values, plain."""
        return {"step": self.name, **to_plain(self)}


def nominal_fps(fps: float) -> float:
    """The whole rate that NTSC video slows by a thousandth, so that lengths come out alike.

    Other rates stay as they are.

    >>> nominal_fps(29.97), nominal_fps(60000 / 1001), nominal_fps(29.9), nominal_fps(1000.0)
    (30.0, 60.0, 29.9, 1000.0)
    """
    whole = round(fps * 1.001)
    slowed = fps != round(fps) and whole > 0 and abs(fps * 1.001 - whole) < 1e-3
    return float(whole) if slowed else fps


def length_in_frames(seconds: float, fps: float) -> int:
    """A length in whole frames, rounded down: 0.2 s at 30 fps is 6 frames."""
    return int(seconds * nominal_fps(fps) + 1e-6)  # 0.29 s at 100 fps are not 28.99... frames
