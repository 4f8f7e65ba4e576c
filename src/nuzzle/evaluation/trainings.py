"""Figures of one model over several trainings: recordings differ, and so do seeds.

Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap (percentile interval).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nuzzle.evaluation.bootstrap import Floats, draw_weights, with_interval
from nuzzle.evaluation.draws import drawn_figures, mean_over_behaviours
from nuzzle.evaluation.figures import Estimate
from nuzzle.evaluation.scored import ScoredPair, groups_of

#: Of one model, what each said of the same pairs in the same order.
Trainings = Sequence[Sequence[ScoredPair]]


class Macro(NamedTuple):
    """Means over the behaviours that occur, without the background.

    Attributes:
        f1: per frame.
        average_precision: per frame.
        bout_f1: per bout, at an intersection over union of 0.5.
    """

    f1: Estimate
    average_precision: Estimate
    bout_f1: Estimate


def macro_figures(trainings: Trainings, *, bootstrap: int = 1000, seed: int = 0) -> Macro:
    """Means over trainings with 95 % intervals, which hold how recordings and trainings differ.

    Args:
        trainings: at least one.
        bootstrap: number of draws; 0 for no intervals.
        seed: of the draws.
    """
    rng, units = np.random.default_rng(seed), groups_of(trainings[0])
    drawn = over_trainings(trainings, units, draw_weights(len(units), bootstrap, rng), rng)
    macro = np.stack([mean_over_behaviours(each) for each in drawn], axis=-1)
    return Macro(*with_interval(macro[0], macro[1:]))


def over_trainings(
    trainings: Trainings, units: Sequence[str], weights: Floats | None, rng: np.random.Generator
) -> Floats:
    """Means over trainings of the figures of `drawn_figures`, `(figure, 1 + draw, behaviour)`.

    The first is that of all trainings; each draw has as many of them, drawn with replacement.

    Args:
        trainings: at least one.
        units, weights: as of `drawn_figures`.
        rng: what draws the trainings.
    """
    drawn = np.stack([drawn_figures(each, units, weights) for each in trainings])
    n, draws = len(trainings), drawn.shape[2]
    often = rng.multinomial(n, np.full(n, 1 / n), size=draws) / n
    often[0] = 1 / n
    mean: Floats = np.einsum("dt,tfdb->fdb", often, drawn)
    return mean
