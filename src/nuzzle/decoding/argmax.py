"""From probabilities to decisions, frame by frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def argmax(
    probability: NDArray[Any], observed: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """The most probable class of each frame.

    Args:
        probability: `(time, behaviour)`; NaN is never chosen.
        observed: `(time, behaviour)`; classes that were not looked for cannot be chosen, except
            in frames in which nothing was. Everywhere by default.

    Returns:
        `(time, behaviour)` bool, one true a frame (the first of equals); none in a frame whose
        probabilities are all NaN.

    >>> argmax(np.array([[0.2, 0.7, 0.1]]), np.array([[True, False, True]])).tolist()
    [[True, False, False]]
    """
    candidates = np.where(np.isnan(probability), -np.inf, probability)
    if observed is not None:
        closed = ~observed & observed.any(axis=1, keepdims=True)
        candidates = np.where(closed, -np.inf, candidates)
    chosen = np.zeros(probability.shape, dtype=bool)
    usable = np.flatnonzero(np.isfinite(candidates).any(axis=1))
    chosen[usable, candidates[usable].argmax(axis=1)] = True
    return chosen
