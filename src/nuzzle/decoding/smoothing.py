"""Smoothing of probabilities over time, each behaviour with a width of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from nuzzle.decoding.base import Floats, check_durations, per_behaviour

#: The kernel ends this many standard deviations from its centre.
TRUNCATE = 4.0


@dataclass(frozen=True)
class Smoothing:
    """A Gaussian average over time.

    Frames without a probability (NaN) stay without one and weigh nothing; near them, and at the
    ends of the recording, the weights of the others add up to one. What people looked for plays
    no part, because nobody knows it of a new recording.

    Attributes:
        width_s: standard deviation, s; one for all or one a behaviour; 0 leaves it as it is.
    """

    width_s: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        check_durations(self.width_s, "widths of the smoothing")

    @property
    def support_s(self) -> float:
        """How far a frame is looked for on each side, s."""
        return TRUNCATE * max(self.width_s)

    def __call__(self, probability: NDArray[Any], fps: float) -> NDArray[Any]:
        """Smoothed probabilities.

        Args:
            probability: `(time, behaviour)`, 0 to 1; NaN where there is none.
            fps: frames per second.

        Returns:
            `(time, behaviour)`, of the type of `probability`.

        Raises:
            InputError: the number of widths is not that of the behaviours.
        """
        widths = per_behaviour(self.width_s, probability.shape[1], "widths of the smoothing")
        if not widths.any():
            return probability
        smooth = probability.copy()
        for column in np.flatnonzero(widths):
            values = probability[:, column].astype(np.float64)
            smooth[:, column] = np.clip(gaussian_mean(values, widths[column] * fps), 0.0, 1.0)
        return smooth


def gaussian_mean(values: Floats, width_frames: float) -> Floats:
    """The mean of `values` `(time,)` under a Gaussian around each frame; NaN stays NaN.

    Args:
        values: NaN where there is no value.
        width_frames: standard deviation, in frames.
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    total, weight = (
        gaussian_filter1d(each, width_frames, mode="constant", truncate=TRUNCATE)
        for each in (filled, known.astype(np.float64))
    )
    mean = np.full(len(values), np.nan)
    np.divide(total, weight, out=mean, where=known)
    return mean
