"""Scores per frame: counts, precision, recall, F1, average precision, confusion."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation.bootstrap import Floats, ratio
from nuzzle.evaluation.scored import ScoredPair

#: Thresholds of the average precision in the bootstrap. Each holds an equal share of the
#: positives, so that rounding to them moves the average precision by a thousandth or less.
MAX_THRESHOLDS = 1024


class FrameCounts(NamedTuple):
    """Frames of each behaviour, `(..., behaviour)`; only where it was looked for.

    Attributes:
        true_positive: truth and prediction agree that it goes on.
        false_positive: predicted only.
        false_negative: true only.
        observed: frames in which it was looked for.
    """

    true_positive: NDArray[np.int64]
    false_positive: NDArray[np.int64]
    false_negative: NDArray[np.int64]
    observed: NDArray[np.int64]


def count_frames(pair: ScoredPair) -> FrameCounts:
    """The frame counts of one pair, `(behaviour,)`."""
    truth, predicted = pair.truth & pair.observed, pair.predicted & pair.observed
    return FrameCounts(
        (truth & predicted).sum(axis=0),
        (~truth & predicted).sum(axis=0),
        (truth & ~predicted).sum(axis=0),
        pair.observed.sum(axis=0),
    )


def precision(tp: NDArray[Any], fp: NDArray[Any], fn: NDArray[Any]) -> Floats:
    """Share of the predicted frames that are true; NaN where nothing was predicted."""
    return ratio(tp, tp + fp)


def recall(tp: NDArray[Any], fp: NDArray[Any], fn: NDArray[Any]) -> Floats:
    """Share of the true frames that were predicted; NaN where none is true."""
    return ratio(tp, tp + fn)


def f1(tp: NDArray[Any], fp: NDArray[Any], fn: NDArray[Any]) -> Floats:
    """``2 tp / (2 tp + fp + fn)``; NaN where the behaviour does not occur in the truth.

    >>> f1(np.array([3, 0]), np.array([1, 5]), np.array([1, 0])).tolist()
    [0.75, nan]
    """
    return ratio(np.where(tp + fn > 0, 2 * tp, np.nan), 2 * tp + fp + fn)


def confusion_counts(pair: ScoredPair) -> NDArray[np.int64]:
    """Frames by true class (row) and predicted class (column), `(behaviour, behaviour)`.

    Only for exclusive labels. A frame counts where its true and its predicted class were both
    looked for.
    """
    n = len(pair.behaviours)
    truth, predicted = pair.truth & pair.observed, pair.predicted & pair.observed
    both = truth.any(axis=1) & predicted.any(axis=1)
    cell = truth[both].argmax(axis=1) * n + predicted[both].argmax(axis=1)
    return np.bincount(cell, minlength=n * n).reshape(n, n)


def average_precision(truth: NDArray[np.bool_], probability: NDArray[Any]) -> float:
    """Average precision of one behaviour over pooled frames; NaN where it never occurs.

    Args:
        truth: `(frame,)` bool.
        probability: `(frame,)`.
    """
    if not truth.any():
        return float("nan")
    order = np.argsort(probability)[::-1]
    # Frames that are equally probable are said at once.
    last = np.flatnonzero(np.diff(probability[order], append=-np.inf))
    hits = truth[order].cumsum()[last]
    gained = np.diff(hits / hits[-1], prepend=0.0)
    return float((gained * (hits / (last + 1)))[::-1].sum())


def average_precision_draws(
    truth: NDArray[np.bool_],
    probability: NDArray[Any],
    group: NDArray[np.int64],
    weights: Floats,
    max_thresholds: int = MAX_THRESHOLDS,
) -> Floats:
    """Average precision of one behaviour in every draw of groups.

    Frames are sorted into thresholds once; a draw only weighs the counts of its groups. Exact
    where the positives have at most `max_thresholds` different probabilities.

    Args:
        truth: `(frame,)` bool.
        probability: `(frame,)`.
        group: `(frame,)` index of the frame's group.
        weights: `(draw, group)`.
        max_thresholds: how finely the probabilities are told apart.

    Returns:
        `(draw,)`; NaN where the behaviour never occurs in a draw.
    """
    if not truth.any():
        return np.full(len(weights), np.nan)
    cuts = np.unique(probability[truth])
    if len(cuts) > max_thresholds:
        ordered = np.sort(probability[truth])
        ranks = np.linspace(0, len(ordered) - 1, max_thresholds).astype(np.int64)
        cuts = np.unique(ordered[ranks])
    n_groups, n_bins = weights.shape[1], len(cuts) + 1
    cell = group * n_bins + np.searchsorted(cuts, probability, side="right")
    positives, negatives = (
        np.bincount(cell[mask], minlength=n_groups * n_bins).reshape(n_groups, n_bins)[:, 1:]
        for mask in (truth, ~truth)
    )  # bin 0 lies below every positive and can have no part in the figure
    tp = weights @ positives
    above_tp = tp[:, ::-1].cumsum(axis=1)[:, ::-1]
    above_fp = (weights @ negatives)[:, ::-1].cumsum(axis=1)[:, ::-1]
    at_cut = np.nan_to_num(ratio(above_tp, above_tp + above_fp))
    return ratio((tp * at_cut).sum(axis=1), above_tp[:, 0])
