"""Coarse time: about ten steps a second say as much of behaviour as every frame, and cost less."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation.scored import ScoredPair

#: Steps a second, about.
STEPS_PER_S = 10.0


def step_length(n_frames: int, fps: float) -> int:
    """How many frames make a step; 1 where a recording is shorter than that, or coarse as it is.

    >>> step_length(9000, 30.0), step_length(9000, 12.0), step_length(2, 30.0)
    (3, 1, 1)
    """
    step = round(fps / STEPS_PER_S)
    return step if 1 < step <= n_frames else 1


def step_means(probability: NDArray[Any], step: int) -> NDArray[np.float32]:
    """The mean of each step, `(time // step, behaviour)`, of `(time, behaviour)`.

    What is not known (NaN) weighs nothing; frames at the end that do not fill a step are left out.
    """
    n_steps = len(probability) // step
    parts = probability[: n_steps * step].reshape(n_steps, step, -1)
    known = np.isfinite(parts).sum(axis=1)
    mean = np.full(known.shape, np.nan, dtype=np.float32)
    np.divide(np.nansum(parts, axis=1), known, out=mean, where=known > 0)
    return mean


def coarse(pair: ScoredPair) -> ScoredPair:
    """The pair step by step: mean probabilities, and the truth in the middle of each.

    The middle of an even number of frames lies between two. The later and the earlier of them take
    turns: always one of them would make the truth late, or early.
    """
    step = step_length(pair.n_frames, pair.fps)
    if step == 1:
        return pair
    steps = np.arange(pair.n_frames // step)
    middle = steps * step + (step - steps % 2) // 2
    mean = step_means(pair.probability, step)
    return replace(
        pair,
        fps=pair.fps / step,
        truth=pair.truth[middle],
        observed=pair.observed[middle] & np.isfinite(mean),
        predicted=pair.predicted[middle],
        probability=mean,
    )
