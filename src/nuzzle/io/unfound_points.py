"""Points of DeepLabCut and Lightning Pose that say by their likelihood that they are none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nuzzle.errors import count

#: Rounding and smoothing go so far beyond 0 and 1; what is further is no share of 1.
_SLACK = 0.01


def without_unfound(position: NDArray[np.float32], sure: NDArray[np.float32]) -> Iterator[str]:
    """Make points missing, in place, that stand for one that was not found; a note says how many.

    DeepLabCut 3 writes -1 for x, y and likelihood of an animal that it did not find; others write
    0 for all three. A point of likelihood 0 that has a place stays.

    Args:
        position: `(time, 2, keypoint, individual)`.
        sure: likelihoods, `(time, keypoint, individual)`; those of such points become unknown.
    """
    x, y = position[:, 0], position[:, 1]
    marked = (sure < -_SLACK) | ((sure == 0) & (x == 0) & (y == 0))
    if marked.any():
        x[marked] = y[marked] = sure[marked] = np.nan
        yield (
            f"{count(int(marked.sum()), 'point')} in {marked.any(axis=(1, 2)).sum():,} of "
            f"{count(len(marked), 'frame')} count as missing: their likelihood is below 0, or x, y "
            "and likelihood are all 0, as trackers write what they did not find"
        )


def unscaled(sure: NDArray[np.float32]) -> Iterator[str]:
    """A note on likelihoods that are no shares of 1, or say nothing."""
    most = np.fmax.reduce(sure, axis=None)
    if most == 0:
        yield "every likelihood is 0, so prepare.min_confidence would drop all points"
    elif most > 1 + _SLACK:
        yield (
            f"likelihoods are up to {most:.4g}, where 0 to 1 was expected, so "
            "prepare.min_confidence, which is 0 to 1, would drop hardly any point"
        )
