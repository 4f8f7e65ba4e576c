"""Changing the frame rate of poses and labels, with the way back for what is predicted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nuzzle.errors import ConfigError, InputError, count
from nuzzle.labels import Labels
from nuzzle.prepare.base import Step
from nuzzle.recording import Recording

#: More frames than so many in place of one are a slip in a frame rate.
_MOST_FOR_ONE = 100


@dataclass(frozen=True)
class FrameMap:
    """Which frames of two frame rates belong together.

    Frame i stands for the time ``i / fps``. Both recordings last equally long, to within a frame.

    Attributes:
        n_frames: length at the old rate.
        fps: the old rate.
        new_fps: the new rate.
    """

    n_frames: int
    fps: float
    new_fps: float

    @classmethod
    def of(cls, recording: Recording, new_fps: float) -> FrameMap:
        """Of a recording that is, or was, brought to another rate."""
        return cls(recording.n_frames, recording.require_fps(), new_fps)

    @property
    def n_new(self) -> int:
        """Length at the new rate."""
        return max(1, round(self.n_frames * self.new_fps / self.fps))

    @property
    def old_of_new(self) -> NDArray[np.int64]:
        """For each new frame the nearest old one, `(n_new,)`, never decreasing."""
        return _nearest(self.n_new, self.fps / self.new_fps, self.n_frames)

    @property
    def new_of_old(self) -> NDArray[np.int64]:
        """For each old frame the nearest new one, `(n_frames,)`, never decreasing.

        At a new rate that is not lower, nothing is lost: ``old_of_new[new_of_old]`` is every old
        frame.
        """
        return _nearest(self.n_frames, self.new_fps / self.fps, self.n_new)

    def to_new(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Old values `(n_frames, ...)` at the new frames' times, on the line between neighbours."""
        return _between(values, _places(self.n_new, self.fps / self.new_fps))

    def to_old(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """New values `(n_new, ...)` at the old frames' times, on the line between neighbours.

        The nearest alone would shift everything: where the old rate is twice the new one, every
        second frame lies between two new ones, and would always take the same side's.
        """
        return _between(values, _places(self.n_frames, self.new_fps / self.fps))

    def intervals(self, edges: NDArray[np.int64]) -> NDArray[np.int64]:
        """Edges of half-open intervals, in new frames: those whose nearest old frame is inside."""
        return np.searchsorted(self.old_of_new, edges).astype(np.int64)


def _places(length: int, step: float) -> NDArray[np.float64]:
    # Rounding to 1e-6 keeps 2.9999999 (10 frames at 29.97 and the like) from becoming 2.
    places: NDArray[np.float64] = np.round(np.arange(length) * step, 6)
    return places


def _nearest(length: int, step: float, limit: int) -> NDArray[np.int64]:
    # Halves go to the even neighbour: always up would make everything late.
    return np.minimum(np.rint(_places(length, step)), limit - 1).astype(np.int64)


def _between(values: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Values `(time, ...)` at places among them, whole or not; past the last one, that one."""
    last = len(values) - 1
    exact = places.clip(0, last)
    low = np.floor(exact).astype(np.int64)
    first: NDArray[np.float32] = values[low]
    if (exact == low).all():
        return first
    share = (exact - low).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    # What falls on a value needs no other: 0 * NaN must not spoil it.
    high = np.where(exact == low, low, np.minimum(low + 1, last))
    between: NDArray[np.float32] = first * (1 - share) + values[high] * share
    return between


@dataclass(frozen=True)
class Resample(Step):
    """Bring a recording to another frame rate.

    Poses are read at the new frames' times, each on the line between the two old frames around it.
    A point that is missing in either of the two is missing: nothing is invented across a gap.
    Labels follow the nearest frame. No filter runs before a reduction; smooth first where jitter
    matters.

    Attributes:
        fps: the new frame rate.
    """

    name: ClassVar[str] = "resample"
    fps: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise ConfigError(f"fps is a positive number of frames per second; got {self.fps}.")

    def __call__(self, recording: Recording) -> Recording:
        old = recording.require_fps()
        if old == self.fps:
            return recording
        if self.fps > _MOST_FOR_ONE * old:
            raise InputError(
                f"recording {recording.name!r} has {old:g} frames per second, and is to be "
                f"resampled to {self.fps:g}: nothing can be known in between. Check the frame rate "
                "(--fps, or the column fps)."
            )
        frames = FrameMap.of(recording, self.fps)
        labels, auxiliary = (
            labels and resample_labels(labels, frames)
            for labels in (recording.labels, recording.auxiliary)
        )
        return recording.with_position(
            frames.to_new(recording.position),
            f"resampled from {old:g} to {self.fps:g} fps (linear)",
            confidence=frames.to_new(recording.confidence),
            fps=self.fps,
            labels=labels,
            auxiliary=auxiliary,
        )


def resample_labels(labels: Labels, frames: FrameMap) -> Labels:
    """Labels at the new rate: each new frame has what its nearest old frame has.

    A bout between two new frames would vanish. It becomes one frame long, except where labels are
    exclusive: there that frame may be another bout's, so it is left out, and a note says so.
    """

    def moved(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(
            start_frame=frames.intervals(table["start_frame"].to_numpy()),
            stop_frame=frames.intervals(table["stop_frame"].to_numpy()),
        )

    bouts, observed = moved(labels.bouts), moved(labels.observed)
    vanished = bouts["stop_frame"] <= bouts["start_frame"]
    notes = labels.notes
    if labels.exclusive:
        bouts = bouts[~vanished]
        if vanished.any():
            lost = count(int(vanished.sum()), "bout")
            notes = (*notes, f"left out: {lost} shorter than a frame at {frames.new_fps:g} fps")
    else:
        start = bouts["start_frame"].clip(upper=frames.n_new - 1)
        bouts = bouts.assign(
            start_frame=start.where(vanished, bouts["start_frame"]),
            stop_frame=(start + 1).where(vanished, bouts["stop_frame"]),
        )
    return replace(
        labels,
        bouts=bouts,
        observed=observed[observed["stop_frame"] > observed["start_frame"]],
        n_frames=frames.n_new,
        notes=notes,
    )
