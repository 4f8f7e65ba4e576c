"""Filling short gaps. Long ones stay: nobody knows where the animal was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nuzzle.prepare.base import Step, length_in_frames
from nuzzle.recording import Recording
from nuzzle.section import Seconds


def last_present(present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The last present frame up to each frame, `(..., time)` as `present`; -1 before the first."""
    frames = np.arange(present.shape[-1])
    return np.maximum.accumulate(np.where(present, frames, -1), axis=-1)


def neighbours(present: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The last present frame up to each frame, and the next one from it on.

    Args:
        present: `(..., time)`.

    Returns:
        Two arrays of the same shape; -1 where there is none before, the number of frames where
        there is none after.
    """
    length = present.shape[-1]
    return last_present(present), length - 1 - last_present(present[..., ::-1])[..., ::-1]


@dataclass(frozen=True)
class FillGaps(Step):
    """Fill missing points on the straight line between the points before and after the gap.

    Only gaps between two present points and of at most the stated length are filled; a longer one
    stays as it is, from end to end. The confidence of a filled point is unknown (NaN).

    Attributes:
        max_gap_s: longest gap that is filled, seconds.
    """

    name: ClassVar[str] = "fill_gaps"
    max_gap_s: Seconds

    def __call__(self, recording: Recording) -> Recording:
        longest = length_in_frames(self.max_gap_s, recording.require_fps())
        position, present = recording.position, np.moveaxis(recording.present, 0, -1)
        before, after = neighbours(present)
        inside = (before >= 0) & (after < recording.n_frames)
        keypoint, individual, frame = fill = np.nonzero(
            ~present & inside & (after - before - 1 <= longest)
        )
        filled, confidence = position.copy(), recording.confidence.copy()
        first, last = before[fill], after[fill]
        share = ((frame - first) / (last - first)).astype(np.float32)[:, None]
        start = position[first, :, keypoint, individual]
        stop = position[last, :, keypoint, individual]
        filled[frame, :, keypoint, individual] = start + share * (stop - start)
        confidence[frame, keypoint, individual] = np.nan
        done = f"filled gaps of up to {longest} frames linearly ({len(frame):,} points)"
        return recording.with_position(filled, done, confidence=confidence)
