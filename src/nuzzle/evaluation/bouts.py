"""Scores per bout: F1 by overlap, fragmentation, edges, and the order of bouts.

A bout is an unbroken run of frames of one behaviour, of truth or prediction, cut where the
behaviour was not looked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation.bootstrap import Floats, ratio
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.labels import mask_to_intervals

#: A true and a predicted bout can be a match from this intersection over union on.
IOU_THRESHOLDS = (0.1, 0.25, 0.5)
#: From this one on they are the same bout, where one answer is wanted.
SAME_BOUT_IOU = 0.5


class Matches(NamedTuple):
    """Pairs of one true and one predicted bout that overlap; each bout at most once.

    Attributes:
        true: `(match,)` index of the true bout.
        predicted: `(match,)` index of the predicted bout.
        iou: `(match,)` intersection over union of their frames, falling.
    """

    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    iou: Floats


class BoutCounts(NamedTuple):
    """Bouts of one pair.

    Attributes:
        matched: `(behaviour, threshold)` pairs of bouts that match at `IOU_THRESHOLDS`.
        predicted: `(behaviour,)` predicted bouts.
        true: `(behaviour,)` true bouts.
        onset_error_s: for each behaviour, `(match,)` absolute error of the start.
        offset_error_s: for each behaviour, `(match,)` absolute error of the end.
        edit_score: 0 to 1; NaN where there is no bout at all.
    """

    matched: NDArray[np.int64]
    predicted: NDArray[np.int64]
    true: NDArray[np.int64]
    onset_error_s: list[Floats]
    offset_error_s: list[Floats]
    edit_score: float


def match_bouts(true: NDArray[np.int64], predicted: NDArray[np.int64]) -> Matches:
    """Match bouts one to one, the best overlap first.

    Two bouts that overlap by more than half have no better partner, so that from an intersection
    over union of 0.5 on this is the only matching there is; below, ties go to the earlier bouts.

    Args:
        true: `(bout, 2)` start and stop frames, sorted, not overlapping each other.
        predicted: the same.

    Returns:
        Every match with any overlap, best first: those above a threshold are the first ones.
    """
    t, p, iou = overlaps(true, predicted)
    taken_true, taken_predicted, kept = set[int](), set[int](), []
    for candidate in np.argsort(-iou, kind="stable"):
        pair = int(t[candidate]), int(p[candidate])
        if pair[0] not in taken_true and pair[1] not in taken_predicted:
            taken_true.add(pair[0])
            taken_predicted.add(pair[1])
            kept.append(candidate)
    return Matches(t[kept], p[kept], iou[kept])


def overlaps(
    stretches: NDArray[np.int64], bouts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Each stretch with each bout that it shares a frame with.

    Args:
        stretches: `(stretch, 2)` start and stop frames, in any order.
        bouts: `(bout, 2)`, sorted, not overlapping each other.

    Returns:
        `(overlap,)` each: which stretch, which bout, intersection over union of their frames.
    """
    first = np.searchsorted(bouts[:, 1], stretches[:, 0], side="right")
    last = np.searchsorted(bouts[:, 0], stretches[:, 1], side="left")
    number = np.maximum(last - first, 0)
    s = np.repeat(np.arange(len(stretches)), number)
    within = np.arange(len(s)) - np.repeat(np.cumsum(number) - number, number)
    b = np.repeat(first, number) + within
    mine, other = stretches[s], bouts[b]
    inner = np.minimum(mine[:, 1], other[:, 1]) - np.maximum(mine[:, 0], other[:, 0])
    outer = np.maximum(mine[:, 1], other[:, 1]) - np.minimum(mine[:, 0], other[:, 0])
    return s, b, inner / outer


def count_bouts(pair: ScoredPair) -> BoutCounts:
    """The bout counts of one pair. Edges are compared where bouts match at the lowest threshold.

    The background has counts like any class; it is no part of the edit score.
    """
    n = len(pair.behaviours)
    matched = np.zeros((n, len(IOU_THRESHOLDS)), dtype=np.int64)
    truths, predictions, onsets, offsets = [], [], [], []
    for column in range(n):
        looked_for = pair.observed[:, column]
        true = mask_to_intervals(pair.truth[:, column] & looked_for)
        predicted = mask_to_intervals(pair.predicted[:, column] & looked_for)
        matches = match_bouts(true, predicted)
        matched[column] = [(matches.iou >= threshold).sum() for threshold in IOU_THRESHOLDS]
        close = matches.iou >= IOU_THRESHOLDS[0]
        error = predicted[matches.predicted[close]] - true[matches.true[close]]
        onsets.append(np.abs(error[:, 0]) / pair.fps)
        offsets.append(np.abs(error[:, 1]) / pair.fps)
        truths.append(true)
        predictions.append(predicted)
    return BoutCounts(
        matched,
        np.array([len(bouts) for bouts in predictions]),
        np.array([len(bouts) for bouts in truths]),
        onsets,
        offsets,
        edit_score(_sequence(truths, pair.foreground), _sequence(predictions, pair.foreground)),
    )


def bout_f1(matched: NDArray[Any], predicted: NDArray[Any], true: NDArray[Any]) -> Floats:
    """``2 matched / (predicted + true)``, `(..., behaviour, threshold)`.

    NaN where the behaviour does not occur in the truth.
    """
    whole = (predicted + true)[..., None]
    return ratio(np.where(true[..., None] > 0, 2 * matched, np.nan), whole)


def edit_score(true: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """How alike two sequences of bouts are, whatever their durations: 0 to 1.

    One minus the Levenshtein distance divided by the length of the longer sequence. Published
    figures are often this times 100. Source: Lea et al. (2017), Temporal Convolutional Networks
    for Action Segmentation and Detection.

    Args:
        true: `(bout,)` class of each bout in the order of their starts.
        predicted: the same.

    Returns:
        NaN where both are empty.

    >>> edit_score(np.array([0, 1, 0, 2]), np.array([0, 1, 2]))
    0.75
    """
    longer = max(len(true), len(predicted))
    if longer == 0:
        return float("nan")
    column = np.arange(len(predicted) + 1)
    row = column.copy()
    for position, label in enumerate(true, start=1):
        replaced = row[:-1] + (predicted != label)
        best = np.concatenate(([position], np.minimum(replaced, row[1:] + 1)))
        # Insertions run along the row: each costs one more than the cell to its left.
        row = np.minimum.accumulate(best - column) + column
    return float(1 - row[-1] / longer)


def _sequence(bouts: list[NDArray[np.int64]], columns: list[int]) -> NDArray[np.int64]:
    """The classes of all bouts in the order of their starts, `(bout,)`."""
    starts = [bouts[column][:, 0] for column in columns]
    classes = [np.full(len(bouts[column]), column) for column in columns]
    if not columns:
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(np.concatenate(starts), kind="stable")
    return np.concatenate(classes)[order].astype(np.int64)
