"""Smoothing over time. Missing points stay missing, and never spoil the points beside them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nuzzle.errors import ConfigError
from nuzzle.prepare.base import Step, check_length, length_in_frames
from nuzzle.recording import Recording

_Values = NDArray[np.float64]
#: Frames that are smoothed at once, so that memory does not grow with the recording.
_BLOCK = 16_384


class _Smoother(Step):
    """A filter over a window that reaches `half` frames to each side."""

    def support_frames(self, fps: float | None) -> int:
        return self._half(fps)

    def __call__(self, recording: Recording) -> Recording:
        half = self._half(recording.fps)
        position = recording.position
        smooth = position.copy()
        for start in range(0, len(position), _BLOCK):
            stop = min(start + _BLOCK, len(position))
            low, high = max(0, start - half), min(len(position), stop + half)
            ends = (half - (start - low), half - (high - stop))
            padded = np.pad(
                position[low:high].astype(np.float64),
                (ends, *[(0, 0)] * (position.ndim - 1)),
                constant_values=np.nan,
            )
            centre = padded[half : half + stop - start]
            values = self._filter(padded, half, recording.fps)
            smooth[start:stop] = np.where(np.isnan(centre), np.nan, values)
        return recording.with_position(smooth, self._done(recording.fps))

    @abstractmethod
    def _half(self, fps: float | None) -> int:
        """Frames that the window reaches to each side."""

    @abstractmethod
    def _filter(self, padded: _Values, half: int, fps: float | None) -> _Values:
        """Smooth values `(time, ...)` of `padded` `(half + time + half, ...)`.

        The values of missing frames do not matter.
        """

    @abstractmethod
    def _done(self, fps: float | None) -> str:
        """What was done, for people."""


def _half_window(seconds: float | None, frames: int | None, fps: float | None) -> int:
    """Half of the longest odd window that is not longer than this."""
    return max(0, (length_in_frames(seconds, frames, fps) - 1) // 2)


@dataclass(frozen=True)
class MedianFilter(_Smoother):
    """The median of the points present in the window: removes jumps of a frame or two.

    Attributes:
        window_s: length of the window, seconds; rounded down to an odd number of frames.
        window_frames: the same in frames; give one of the two.
    """

    name: ClassVar[str] = "median"
    window_s: float | None = None
    window_frames: int | None = None

    def __post_init__(self) -> None:
        check_length("window", self.window_s, self.window_frames)

    def _half(self, fps: float | None) -> int:
        return _half_window(self.window_s, self.window_frames, fps)

    def _done(self, fps: float | None) -> str:
        return f"median over {2 * self._half(fps) + 1} frames"

    def _filter(self, padded: _Values, half: int, fps: float | None) -> _Values:
        # Sorting puts NaN last, so the median is in the middle of the first `count` values.
        windows = np.sort(sliding_window_view(padded, 2 * half + 1, axis=0), axis=-1)
        count = np.maximum(1, np.isfinite(windows).sum(axis=-1, keepdims=True))
        low = np.take_along_axis(windows, (count - 1) // 2, axis=-1)
        high = np.take_along_axis(windows, count // 2, axis=-1)
        middle: _Values = ((low + high) / 2)[..., 0]
        return middle


@dataclass(frozen=True)
class GaussianFilter(_Smoother):
    """A weighted mean of the points present, with Gaussian weights up to three sigma away.

    Attributes:
        sigma_s: standard deviation of the weights, seconds.
        sigma_frames: the same in frames; give one of the two.
    """

    name: ClassVar[str] = "gaussian"
    sigma_s: float | None = None
    sigma_frames: float | None = None

    def __post_init__(self) -> None:
        given = self.sigma_s if self.sigma_s is not None else self.sigma_frames
        if (self.sigma_s is None) == (self.sigma_frames is None) or not (given and given > 0):
            raise ConfigError(
                "sigma is a positive length, given once, as sigma_s or as sigma_frames; "
                f"got sigma_s={self.sigma_s}, sigma_frames={self.sigma_frames}."
            )

    def _sigma(self, fps: float | None) -> float:
        if self.sigma_frames is not None:
            return self.sigma_frames
        if fps is None or self.sigma_s is None:
            raise ConfigError(
                f"a sigma of {self.sigma_s} s is no number of frames without a frame rate: "
                "give --fps."
            )
        return self.sigma_s * fps

    def _half(self, fps: float | None) -> int:
        return int(np.ceil(3 * self._sigma(fps)))

    def _done(self, fps: float | None) -> str:
        return f"Gaussian mean with a sigma of {self._sigma(fps):g} frames"

    def _filter(self, padded: _Values, half: int, fps: float | None) -> _Values:
        offsets = np.arange(-half, half + 1)
        weights = np.exp(-0.5 * (offsets / self._sigma(fps)) ** 2)
        present = np.isfinite(padded)
        total = _weighted_sum(np.where(present, padded, 0), weights)
        weight = _weighted_sum(present.astype(np.float64), weights)
        return total / np.where(weight > 0, weight, 1)


@dataclass(frozen=True)
class SavitzkyGolay(_Smoother):
    """The value of the polynomial that fits the points present in the window best.

    Where the window is complete this is the filter of Savitzky and Golay (1964, Analytical
    Chemistry 36:1627). At the ends and beside missing points the polynomial is fitted to the
    points that are there; a point with too few others around it stays as it is.

    Attributes:
        window_s: length of the window, seconds; rounded down to an odd number of frames.
        window_frames: the same in frames; give one of the two.
        order: of the polynomial.
    """

    name: ClassVar[str] = "savitzky_golay"
    window_s: float | None = None
    window_frames: int | None = None
    order: int = 2

    def __post_init__(self) -> None:
        check_length("window", self.window_s, self.window_frames)
        if not 0 <= self.order <= 5:
            raise ConfigError(f"order is that of a polynomial, 0 to 5; got {self.order}.")

    def _half(self, fps: float | None) -> int:
        half = _half_window(self.window_s, self.window_frames, fps)
        if 2 * half + 1 <= self.order:
            raise ConfigError(
                f"a window of {2 * half + 1} frames is too short for a polynomial of order "
                f"{self.order}: it needs {self.order + 1} or more. Give a longer window."
            )
        return half

    def _done(self, fps: float | None) -> str:
        return f"Savitzky-Golay over {2 * self._half(fps) + 1} frames, order {self.order}"

    def _filter(self, padded: _Values, half: int, fps: float | None) -> _Values:
        # Offsets of -1 to 1 keep the sums of high powers well conditioned.
        offsets = np.arange(-half, half + 1) / max(1, half)
        powers = np.vander(offsets, 2 * self.order + 1, increasing=True)
        present = np.isfinite(padded)
        filled = np.where(present, padded, 0)
        smooth = _weighted_sum(filled, np.linalg.pinv(powers[:, : self.order + 1])[0])
        count = _weighted_sum(present.astype(np.float64), np.ones(2 * half + 1))
        own = padded[half : len(padded) - half]
        partial = np.isfinite(own) & (count < 2 * half + 1)
        smooth[partial] = own[partial]
        fit = partial & (count > self.order)
        smooth[fit] = self._fit(filled, present, powers, fit)
        return smooth

    def _fit(
        self, filled: _Values, present: NDArray[np.bool_], powers: _Values, where: NDArray[np.bool_]
    ) -> _Values:
        """Constant term of the polynomial fitted to what is present, for the frames `where`."""
        terms = self.order + 1
        windows = sliding_window_view(filled, len(powers), axis=0)[where]
        there = sliding_window_view(present, len(powers), axis=0)[where].astype(np.float64)
        moments: _Values = there @ powers  # (point, 2 * order + 1)
        matrix = moments[:, np.add.outer(np.arange(terms), np.arange(terms))]
        right = windows @ powers[:, :terms]
        solution = np.linalg.solve(matrix, right[..., None])
        return np.asarray(solution[:, 0, 0], dtype=np.float64)


def _weighted_sum(values: _Values, weights: _Values) -> _Values:
    """Sum over each window of `values` `(time + window - 1, ...)`, weighted, `(time, ...)`."""
    length = len(values) - len(weights) + 1
    total = np.zeros((length, *values.shape[1:]))
    for offset, weight in enumerate(weights):
        total += weight * values[offset : offset + length]
    return total
