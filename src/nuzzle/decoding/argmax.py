"""From probabilities to decisions, frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def argmax(probability: NDArray[Any]) -> NDArray[np.bool_]:
    """The most probable class of each frame.

    Args:
        probability: `(time, behaviour)`; NaN is never chosen.

    Returns:
        `(time, behaviour)` bool, one true a frame (the first of equals); none in a frame whose
        probabilities are all NaN.

    >>> argmax(np.array([[0.2, 0.7, 0.1], [0.5, np.nan, 0.5]])).tolist()
    [[False, True, False], [True, False, False]]
    """
    candidates = np.where(np.isnan(probability), -np.inf, probability)
    chosen = np.zeros(probability.shape, dtype=bool)
    usable = np.flatnonzero(np.isfinite(candidates).any(axis=1))
    chosen[usable, candidates[usable].argmax(axis=1)] = True
    return chosen
