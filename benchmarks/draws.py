"""The figures of an evaluation in every draw of recordings, to compare two ways of training.

An interval of a difference needs both ways in the same draws: recordings differ from each other by
far more than ways of training do, and what both find hard cancels out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nuzzle.evaluation import bouts as by_bout
from nuzzle.evaluation import frames as by_frame
from nuzzle.evaluation.bootstrap import Floats, draw_weights, mean_of_defined
from nuzzle.evaluation.scored import ScoredPair, group_numbers

#: The overlap from which a predicted bout is a true one.
IOU = by_bout.IOU_THRESHOLDS.index(0.5)


def drawn_figures(
    pairs: Sequence[ScoredPair], units: Sequence[str], draws: int = 1000, seed: int = 0
) -> tuple[Floats, Floats, Floats]:
    """Macro F1, mean average precision and macro bout F1 at 0.5, each `(draw,)`.

    Args:
        pairs: truth and prediction.
        units: all that is drawn from, two at least. The same units, draws and seed give the same
            draws, whatever was predicted.
        draws: how many.
        seed: of the draws.
    """
    weights = draw_weights(len(units), draws, np.random.default_rng(seed))
    if weights is None:
        raise ValueError(f"Nothing to draw: {len(units)} recordings, {draws} draws.")
    first = pairs[0]
    weights = np.vstack([np.ones(len(units)), weights])  # all as they are, then the draws
    unit = group_numbers(pairs, units)
    of_pairs = weights[:, unit]  # how often each pair is in each draw
    foreground = [c for c, name in enumerate(first.behaviours) if name != first.background]
    frames = [np.stack(each) for each in zip(*map(by_frame.count_frames, pairs), strict=True)]
    f1 = by_frame.f1(*(of_pairs @ count for count in frames[:3]))
    bouts = [by_bout.count_bouts(pair) for pair in pairs]
    matched, predicted, true = (
        of_pairs @ np.stack(counts)
        for counts in (
            [each.matched[:, IOU] for each in bouts],
            [each.predicted for each in bouts],
            [each.true for each in bouts],
        )
    )
    bout_f1 = by_bout.bout_f1(matched[..., None], predicted, true)[..., 0]
    precision = [_average_precision(pairs, unit, column, weights) for column in foreground]
    return (
        _means(f1[:, foreground]),
        _means(np.stack(precision, axis=-1)),
        _means(bout_f1[:, foreground]),
    )


def _means(values: Floats) -> Floats:
    """Of each draw, `(draw,)`, from all as they are and the draws, `(1 + draw, behaviour)`."""
    _, drawn = mean_of_defined(values[0], values[1:])
    assert drawn is not None
    return drawn


def _average_precision(
    pairs: Sequence[ScoredPair], unit: np.ndarray, column: int, weights: Floats
) -> Floats:
    seen = [pair.observed[:, column] for pair in pairs]
    both = list(zip(pairs, seen, strict=True))
    return by_frame.average_precision_draws(
        np.concatenate([pair.truth[mask, column] for pair, mask in both]),
        np.concatenate([pair.probability[mask, column] for pair, mask in both]),
        np.repeat(unit, [int(mask.sum()) for mask in seen]),
        weights,
    )
