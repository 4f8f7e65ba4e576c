"""How far probabilities and the sets of possible behaviours can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from nuzzle.evaluation import frames as by_frame
from nuzzle.evaluation.bootstrap import Floats, draw_weights, estimate, estimate_mean
from nuzzle.evaluation.calibration import calibration_error
from nuzzle.evaluation.conformal import unsure
from nuzzle.evaluation.coverage import Masks, measure_coverage
from nuzzle.evaluation.figures import Estimate, Figure, percent
from nuzzle.evaluation.scored import ScoredPair, counted_once, group_numbers, groups_of

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
        score = _of_sets(calibrated, sets, promised)
    return Uncertainty(how, calibration_error(raw), calibration_error(calibrated), score)


def _of_sets(pairs: Sequence[ScoredPair], sets: Sequence[Masks], promised: float) -> SetScore:
    """What became of the promise, and what the answers are worth of which the model is sure."""
    units, once = groups_of(pairs), counted_once(pairs)
    weights = draw_weights(len(units), _DRAWS, np.random.default_rng(0))
    coverage = measure_coverage(once, sets, weights)
    macro, each = _where_sure(once, sets, units, weights)
    return SetScore(promised, coverage.coverage, coverage.by_behaviour, coverage.sure, macro, each)


def _where_sure(
    pairs: Sequence[ScoredPair], sets: Sequence[Masks], units: list[str], weights: Floats | None
) -> tuple[Estimate, dict[str, Estimate]]:
    """F1 of the frames of which the model is sure: the macro average, and of each behaviour."""
    first = pairs[0]
    counts = [np.zeros((len(units), len(first.behaviours))) for _ in range(3)]
    for unit, pair, mine in zip(group_numbers(pairs, units), pairs, sets, strict=True):
        sure = pair.observed & ~unsure(mine, pair.predicted, pair.exclusive)
        counted = by_frame.count_frames(replace(pair, observed=sure))
        for total, count in zip(counts, counted[:3], strict=True):
            total[unit] += count

    def chosen(tp: Floats, fp: Floats, fn: Floats) -> Floats:
        return by_frame.f1(tp, fp, fn)[..., first.foreground]

    each = estimate(by_frame.f1, counts, weights)
    only: Estimate = estimate_mean(chosen, counts, weights).item()
    return only, dict(zip(first.behaviours, each, strict=True))
