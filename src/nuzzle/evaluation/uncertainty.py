"""How far probabilities and the sets of possible behaviours can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from nuzzle.errors import InputError
from nuzzle.evaluation import frames as by_frame
from nuzzle.evaluation.bootstrap import Floats, draw_weights, estimate, estimate_mean, ratio
from nuzzle.evaluation.calibration import calibration_error
from nuzzle.evaluation.conformal import unsure
from nuzzle.evaluation.figures import Estimate, Figure, percent
from nuzzle.evaluation.own import Masks
from nuzzle.evaluation.scored import (
    ScoredPair,
    check_comparable,
    counted_once,
    group_numbers,
    groups_of,
)

#: Draws of groups behind an interval.
_DRAWS = 1000
#: On which recordings something was measured: on some that had no part in the calibration; by
#: leaving out each group in turn, calibrating on the others; on those it was fitted on.
How = Literal["held out", "left out in turn", "fitted on them"]
_HOW: dict[How, str] = {
    "held out": "on recordings not used for calibration",
    "left out in turn": "by leaving out each group of recordings in turn",
    "fitted on them": "on the recordings that it was fitted on, which flatters",
}


@dataclass(frozen=True)
class SetScore:
    """What became of the promise that sets of possible behaviours hold the true one.

    Attributes:
        promised: share of frames whose set shall hold the truth.
        coverage: share of frames whose set does; mean over groups.
        by_behaviour: the same of the frames of each behaviour, which nobody promised.
        sure: share of frames whose set is what was decided and nothing else; mean over groups.
        macro_f1: of these frames alone.
        f1: behaviour -> F1 of these frames alone.
    """

    promised: float
    coverage: Estimate
    by_behaviour: Mapping[str, Estimate]
    sure: Estimate
    macro_f1: Estimate
    f1: Mapping[str, Estimate]


@dataclass(frozen=True)
class Uncertainty:
    """What calibration and prediction sets are worth on some recordings.

    Attributes:
        how: whether the recordings had a part in the calibration.
        ece_before: expected calibration error of the model's own probabilities; of the most
            probable class where exclusive, else the mean over behaviours.
        ece_after: the same, calibrated.
        sets: of the sets; None where there are none.
    """

    how: How
    ece_before: Figure
    ece_after: Figure
    sets: SetScore | None

    @property
    def measured(self) -> str:
        """How it was measured, in words."""
        return _HOW[self.how]

    @property
    def in_words(self) -> str:
        """What the answers are worth that it is sure of, and what became of the promise.

        '' where there are no sets.
        """
        if self.sets is None:
            return ""
        sure, f1 = percent(self.sets.sure.value), self.sets.macro_f1
        worth = f" Their macro F1 is {f1}." if math.isfinite(f1.value) else ""
        if f1.value == 0:
            worth = " None of them finds a behaviour: it is sure only where there is none."
        return (
            f"nuzzle is sure of {sure} of its answers: it considers no other possible.{worth} At "
            f"least {percent(self.sets.promised)} of the true answers should be among those that "
            "it considers possible, on average over recordings of this kind; measured "
            f"{self.measured}, it is {self.sets.coverage}."
        )


def measure_uncertainty(
    raw: Sequence[ScoredPair],
    calibrated: Sequence[ScoredPair],
    sets: Sequence[Masks] | None,
    *,
    promised: float | None,
    how: How,
) -> Uncertainty:
    """Measure calibration, coverage, and what the model is worth where it is sure.

    As in other figures, what an animal does to itself counts once, not with each of the others.

    Args:
        raw: with the model's own probabilities.
        calibrated: the same with calibrated ones, and the decisions that follow from them.
        sets: of each pair, `(question, time, answer)`; None where there are none.
        promised: coverage of the sets; None where there are none.
        how: whether the recordings had a part in the calibration.
    """
    score = None
    if sets is not None and promised is not None:
        score = score_sets(calibrated, sets, promised)
    return Uncertainty(how, calibration_error(raw), calibration_error(calibrated), score)


def score_sets(pairs: Sequence[ScoredPair], sets: Sequence[Masks], promised: float) -> SetScore:
    """Whether the truth is in its set, and what the answers are worth of which the model is sure.

    Args:
        pairs: truth of recordings that had no part in training or calibration.
        sets: of each pair, `(question, time, answer)`, as `Conformal.sets` gives them.
        promised: coverage of the sets.

    Raises:
        InputError: nothing was observed, or the pairs differ in their classes.
    """
    check_comparable(pairs)
    units, first = groups_of(pairs), pairs[0]
    weights = draw_weights(len(units), _DRAWS, np.random.default_rng(0))
    held, known, sure, *hits = np.zeros((6, len(units), len(first.behaviours)))
    numbers, once = group_numbers(pairs, units), counted_once(pairs)
    for unit, pair, mine in zip(numbers, once, sets, strict=True):
        looked = pair.truth & pair.observed if pair.exclusive else pair.observed
        certain = ~unsure(mine, pair.predicted, pair.exclusive)
        held[unit] += (_holds(pair, mine) & looked).sum(axis=0)
        known[unit] += looked.sum(axis=0)
        sure[unit] += (looked & certain).sum(axis=0)
        counted = by_frame.count_frames(replace(pair, observed=pair.observed & certain))
        for total, count in zip(hits, counted[:3], strict=True):
            total[unit] += count
    if not known.any():
        raise InputError("Nothing was observed in these recordings: no coverage can be measured.")

    def chosen(tp: Floats, fp: Floats, fn: Floats) -> Floats:
        return by_frame.f1(tp, fp, fn)[..., first.foreground]

    by_behaviour = [_mean(share, weights) for share in ratio(held, known).T]
    f1 = estimate(by_frame.f1, hits, weights)
    return SetScore(
        promised,
        coverage=_mean(ratio(held.sum(axis=1), known.sum(axis=1)), weights),
        by_behaviour=dict(zip(first.behaviours, by_behaviour, strict=True)),
        sure=_mean(ratio(sure.sum(axis=1), known.sum(axis=1)), weights),
        macro_f1=estimate_mean(chosen, hits, weights).item(),
        f1=dict(zip(first.behaviours, f1, strict=True)),
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
