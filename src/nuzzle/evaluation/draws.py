"""Figures in every draw of recordings, to compare what several models say of the same ones.

An interval of a difference needs all of them in the same draws: recordings differ from each other
by far more than models do, and what all find hard cancels out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation import bouts as by_bout
from nuzzle.evaluation import frames as by_frame
from nuzzle.evaluation.bootstrap import Floats, mean_of_defined
from nuzzle.evaluation.scored import ScoredPair, group_numbers, pooled

_SAME_BOUT = by_bout.IOU_THRESHOLDS.index(by_bout.SAME_BOUT_IOU)


def drawn_figures(
    pairs: Sequence[ScoredPair], units: Sequence[str], weights: Floats | None
) -> Floats:
    """F1, average precision and bout F1 (overlap of half) of every behaviour but the background.

    Of all recordings as they are, then of each draw: `(3, 1 + draw, behaviour)`; NaN where one does
    not occur.

    Args:
        pairs: truth and prediction, all with the same classes; what an animal does to itself in
            one pair alone.
        units: what is drawn from, the groups of the pairs among them.
        weights: `(draw, unit)`, of `draw_weights`; None for no draws.
    """
    columns, unit = pairs[0].foreground, group_numbers(pairs, units)
    drawn = np.zeros((0, len(units))) if weights is None else weights
    often = np.vstack([np.ones(len(units)), drawn])[:, unit]  # how often each pair is in a draw
    frames = [np.stack(each) for each in zip(*map(by_frame.count_frames, pairs), strict=True)]
    f1 = by_frame.f1(*(often @ count for count in frames[:3]))
    bouts = [by_bout.count_bouts(pair) for pair in pairs]
    matched = often @ np.stack([each.matched[:, _SAME_BOUT] for each in bouts])
    predicted = often @ np.stack([each.predicted for each in bouts])
    true = often @ np.stack([each.true for each in bouts])
    precision = [
        np.append(*drawn_average_precision(pairs, unit, column, drawn)) for column in columns
    ]
    bout_f1 = by_bout.bout_f1(matched[..., None], predicted, true)[:, columns, 0]
    return np.stack([f1[:, columns], np.stack(precision, axis=-1), bout_f1])


def mean_over_behaviours(figure: Floats) -> Floats:
    """The macro average of one of `drawn_figures`, `(1 + draw,)`.

    A draw that lacks a behaviour which occurs in all recordings together has none.
    """
    value, drawn = mean_of_defined(figure[0], figure[1:])
    return np.append(value, () if drawn is None else drawn)


def drawn_average_precision(
    pairs: Sequence[ScoredPair], unit: NDArray[np.int64], column: int, weights: Floats
) -> tuple[float, Floats]:
    """Of one behaviour, of all recordings as they are, and in each draw, `(draw,)`.

    Args:
        pairs: truth and prediction.
        unit: the number of each pair's unit, `(pair,)`.
        column: of the behaviour.
        weights: `(draw, unit)`.
    """
    probability, truth = pooled(pairs, column)
    of_frame = np.repeat(unit, [int(pair.observed[:, column].sum()) for pair in pairs])
    drawn = by_frame.average_precision_draws(truth, probability, of_frame, weights)
    return by_frame.average_precision(truth, probability), drawn
