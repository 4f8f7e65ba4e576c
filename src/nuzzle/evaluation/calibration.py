"""Whether a probability of 0.7 means that it is so in 70 % of the frames.

Source: Guo et al. (2017), On Calibration of Modern Neural Networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation.bootstrap import mean_defined, ratio
from nuzzle.evaluation.figures import ReliabilityBin
from nuzzle.evaluation.scored import ScoredPair, counted_once, pooled

N_BINS = 15


def reliability_curve(
    probability: NDArray[Any], truth: NDArray[np.bool_], n_bins: int = N_BINS
) -> tuple[ReliabilityBin, ...]:
    """Mean probability against observed frequency, in bins of equal width from 0 to 1.

    Args:
        probability: `(frame,)`, 0 to 1.
        truth: `(frame,)` bool, whether it was so.
        n_bins: number of bins.

    Returns:
        One `ReliabilityBin` a bin; NaN figures where a bin is empty.
    """
    index = np.minimum((probability.astype(np.float64) * n_bins).astype(np.int64), n_bins - 1)
    n = np.bincount(index, minlength=n_bins)
    mean = ratio(np.bincount(index, weights=probability, minlength=n_bins), n)
    frequency = ratio(np.bincount(index, weights=truth, minlength=n_bins), n)
    return tuple(
        ReliabilityBin(
            low=i / n_bins,
            high=(i + 1) / n_bins,
            n_frames=int(n[i]),
            mean_probability=float(mean[i]),
            frequency=float(frequency[i]),
        )
        for i in range(n_bins)
    )


def expected_calibration_error(curve: Sequence[ReliabilityBin]) -> float:
    """Mean distance of a reliability curve from the diagonal, weighted by frames; 0 is best.

    NaN where the curve holds no frame.
    """
    total = sum(each.n_frames for each in curve)
    if total == 0:
        return float("nan")
    distance = sum(
        each.n_frames * abs(each.mean_probability - each.frequency)
        for each in curve
        if each.n_frames
    )
    return distance / total


def top_label(pair: ScoredPair) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The highest probability of each scored frame, and whether its class is the true one.

    Only for exclusive labels; classes that were not looked for cannot be the highest.

    Returns:
        Probability and correctness, each `(frame,)`, of frames whose true class was observed.
    """
    scored = (pair.truth & pair.observed).any(axis=1)
    probability = np.where(pair.observed, pair.probability, -1.0)[scored]
    best = probability.argmax(axis=1)
    frames = np.arange(len(best))
    return probability[frames, best], pair.truth[scored][frames, best]


def overall_curve(pairs: Sequence[ScoredPair]) -> tuple[ReliabilityBin, ...]:
    """One curve of all that was said: of the most probable class where exclusive.

    Else of every behaviour in every frame in which it was looked for.
    """
    if pairs[0].exclusive:
        both = [top_label(pair) for pair in pairs]
    else:
        both = [pooled(pairs, column) for column in range(len(pairs[0].behaviours))]
    probability, truth = (np.concatenate(each) for each in zip(*both, strict=True))
    return reliability_curve(probability, truth)


def calibration_error(pairs: Sequence[ScoredPair]) -> float:
    """Expected calibration error: of the most probable class where exclusive, else the mean.

    The mean is over behaviours that somebody looked for; what an animal does to itself counts once.
    """
    if pairs[0].exclusive:
        return expected_calibration_error(overall_curve(pairs))
    once = counted_once(pairs)
    columns = [pooled(once, column) for column in range(len(pairs[0].behaviours))]
    errors = [expected_calibration_error(reliability_curve(p, so)) for p, so in columns]
    return float(mean_defined(np.array(errors)))
