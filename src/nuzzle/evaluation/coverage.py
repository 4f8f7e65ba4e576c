"""Whether prediction sets hold the truth as often as promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nuzzle.errors import InputError
from nuzzle.evaluation.bootstrap import Floats, estimate, ratio
from nuzzle.evaluation.conformal import unsure
from nuzzle.evaluation.figures import Estimate
from nuzzle.evaluation.scored import ScoredPair, check_comparable, group_numbers, groups_of

Masks = NDArray[np.bool_]


@dataclass(frozen=True)
class Coverage:
    """What became of the promise; means over groups, each of which weighs the same.

    Attributes:
        coverage: share of frames whose set holds the truth.
        by_behaviour: the same of the frames in which a behaviour is the truth; where several may
            go on at once, of those in which it was looked for. Nobody promised these.
        sure: share of frames (and behaviours, where several may go on) whose set is what was
            decided and nothing else.
    """

    coverage: Estimate
    by_behaviour: Mapping[str, Estimate]
    sure: Estimate


def measure_coverage(
    pairs: Sequence[ScoredPair], sets: Sequence[Masks], weights: Floats | None = None
) -> Coverage:
    """Look whether the truth is in its set.

    Args:
        pairs: truth of recordings that had no part in training or calibration.
        sets: of each pair, `(question, time, answer)`, as `Conformal.sets` gives them.
        weights: `(draw, group)` for intervals, groups in alphabetical order; None for none.

    Raises:
        InputError: nothing was observed, or the pairs differ in their classes.
    """
    check_comparable(pairs)
    names = pairs[0].behaviours
    units = groups_of(pairs)
    held, known, sure = (np.zeros((len(units), len(names))) for _ in range(3))
    for unit, pair, mine in zip(group_numbers(pairs, units), pairs, sets, strict=True):
        looked = pair.truth & pair.observed if pair.exclusive else pair.observed
        held[unit] += (_holds(pair, mine) & looked).sum(axis=0)
        known[unit] += looked.sum(axis=0)
        sure[unit] += (looked & ~unsure(mine, pair.predicted, pair.exclusive)).sum(axis=0)
    if not known.any():
        raise InputError("Nothing was observed in these recordings: no coverage can be measured.")
    return Coverage(
        coverage=_mean(ratio(held.sum(axis=1), known.sum(axis=1)), weights),
        by_behaviour={
            name: _mean(ratio(held[:, column], known[:, column]), weights)
            for column, name in enumerate(names)
        },
        sure=_mean(ratio(sure.sum(axis=1), known.sum(axis=1)), weights),
    )


def _holds(pair: ScoredPair, sets: Masks) -> Masks:
    """Whether each behaviour's answer is in its set, `(time, behaviour)`."""
    if pair.exclusive:
        return np.asarray(sets[0])
    return np.where(pair.truth, sets[:, :, 0].T, sets[:, :, 1].T)


def _mean(shares: Floats, weights: Floats | None) -> Estimate:
    """Mean over the groups that have a share."""
    defined = np.isfinite(shares)
    sums = [np.where(defined, shares, 0.0), defined.astype(np.float64)]
    only: Estimate = estimate(ratio, sums, weights).item()
    return only
