"""Smoothing over time. Missing points stay missing, and never spoil the points beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nuzzle.prepare.base import Step, length_in_frames
from nuzzle.recording import Recording
from nuzzle.section import Seconds

_Values = NDArray[np.float64]
#: Frames that are smoothed at once, fewer with a long window, so that memory grows with neither.
_BLOCK = 16_384


@dataclass(frozen=True)
class MedianFilter(Step):
    """The median of the points present in the window: removes jumps of a frame or two.

    Attributes:
        window_s: length of the window, seconds; rounded down to an odd number of frames.
    """

    name: ClassVar[str] = "median"
    window_s: Seconds

    def __call__(self, recording: Recording) -> Recording:
        frames = length_in_frames(self.window_s, recording.require_fps())
        half = max(0, (frames - 1) // 2)  # frames that the window reaches to each side
        position = recording.position
        smooth = position.copy()
        block = max(1, _BLOCK // (1 + half // 16))
        for start in range(0, len(position), block):
            stop = min(start + block, len(position))
            low, high = max(0, start - half), min(len(position), stop + half)
            ends = (half - (start - low), half - (high - stop))
            padded = np.pad(
                position[low:high].astype(np.float64),
                (ends, *[(0, 0)] * (position.ndim - 1)),
                constant_values=np.nan,
            )
            centre = padded[half : half + stop - start]
            smooth[start:stop] = np.where(np.isnan(centre), np.nan, _medians(padded, half))
        return recording.with_position(smooth, f"median over {2 * half + 1} frames")


def _medians(padded: _Values, half: int) -> _Values:
    """Medians `(time, ...)` of windows of `padded`, `(half + time + half, ...)`."""
    # Sorting puts NaN last, so the median is in the middle of the first `count` values.
    windows = np.sort(sliding_window_view(padded, 2 * half + 1, axis=0), axis=-1)
    count = np.maximum(1, np.isfinite(windows).sum(axis=-1, keepdims=True))
    low = np.take_along_axis(windows, (count - 1) // 2, axis=-1)
    high = np.take_along_axis(windows, count // 2, axis=-1)
    middle: _Values = ((low + high) / 2)[..., 0]
    return middle
