"""Which of two models is better on the same recordings, and how sure that is.

Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap (percentile interval of paired
differences).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation import frames as by_frame
from nuzzle.evaluation.bootstrap import (
    Floats,
    draw_weights,
    mean_defined,
    sums_over_groups,
    with_interval,
)
from nuzzle.evaluation.draws import mean_over_behaviours
from nuzzle.evaluation.evaluate import FEW_GROUPS
from nuzzle.evaluation.figures import Estimate, Figure
from nuzzle.evaluation.scored import ScoredPair, group_numbers, groups_of
from nuzzle.evaluation.trainings import Trainings, over_trainings
from nuzzle.plain import to_plain


@dataclass(frozen=True)
class Compared:
    """One figure of two models, mean over their trainings.

    Attributes:
        first, second: the figure of each.
        difference: second - first.
    """

    first: Estimate
    second: Estimate
    difference: Estimate


@dataclass(frozen=True)
class BehaviourComparison:
    """The figures of one behaviour.

    Attributes:
        behaviour: name.
        f1, average_precision, bout_f1: as of an `Evaluation`; bouts are the same where they overlap
            by half.
        groups: how many groups of recordings show it.
    """

    behaviour: str
    f1: Compared
    average_precision: Compared
    bout_f1: Compared
    groups: int


@dataclass(frozen=True)
class RecordingComparison:
    """Macro F1 of one recording, its pairs pooled, mean over trainings."""

    recording: str
    first: Figure
    second: Figure


@dataclass(frozen=True)
class Comparison:
    """Two models on the same frames of the same recordings.

    Attributes:
        behaviours: in the order of the classes, without the background.
        macro_f1, mean_average_precision, macro_bout_f1: means over the behaviours that occur.
        recordings: one by one.
        groups: what the intervals resample.
        trainings: of the first model, of the second.
        frames: frames of pairs in which anything was looked for.
        notes: what the reader of the figures must know, one sentence each.
    """

    behaviours: tuple[BehaviourComparison, ...]
    macro_f1: Compared
    mean_average_precision: Compared
    macro_bout_f1: Compared
    recordings: tuple[RecordingComparison, ...]
    groups: int
    trainings: tuple[int, int]
    frames: int
    notes: tuple[str, ...] = ()

    @property
    def rare(self) -> list[str]:
        """The behaviours that so few groups show that their intervals are a rough guess."""
        return [each.behaviour for each in self.behaviours if 0 < each.groups < FEW_GROUPS]

    def ahead(self, figure: Compared) -> int:
        """1 or 2, whose macro figure is surely higher; 0 where that cannot be told."""
        if self.groups < FEW_GROUPS or self.rare:
            return 0
        if figure.difference.low > 0:
            return 2
        return 1 if figure.difference.high < 0 else 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return to_plain(self)


def compare(
    first: Trainings, second: Trainings, *, bootstrap: int = 1000, seed: int = 0
) -> Comparison:
    """Compare two models on the same recordings.

    Intervals are 95 % percentile intervals. A draw takes groups of recordings with replacement, the
    same for both models, and, of each model by itself, as many of its trainings as there are.

    Args:
        first, second: at least one training each. All pairs have the same truth.
        bootstrap: number of draws; 0 for no intervals.
        seed: of the draws.
    """
    pairs, rng = first[0][0], np.random.default_rng(seed)
    units = groups_of(first[0])
    weights = draw_weights(len(units), bootstrap, rng)
    of_models = [over_trainings(each, units, weights, rng) for each in (first, second)]
    figures = [_compared(*each) for each in zip(*of_models, strict=True)]
    names = [pairs.behaviours[column] for column in pairs.foreground]
    macro = [_macro(*each) for each in zip(*of_models, strict=True)]
    return Comparison(
        behaviours=tuple(
            BehaviourComparison(*each)
            for each in zip(names, *figures, _shown(first[0], units), strict=True)
        ),
        macro_f1=macro[0],
        mean_average_precision=macro[1],
        macro_bout_f1=macro[2],
        recordings=_by_recording(first, second),
        groups=len(units),
        trainings=(len(first), len(second)),
        frames=sum(int(pair.observed.any(axis=1).sum()) for pair in first[0]),
    )


def _shown(pairs: Sequence[ScoredPair], units: Sequence[str]) -> list[int]:
    """In how many groups each behaviour occurs."""
    tp, _, fn = _counts(pairs, group_numbers(pairs, units), len(units))
    return [int(number) for number in np.count_nonzero(tp + fn, axis=0)[pairs[0].foreground]]


def _compared(first: Floats, second: Floats) -> list[Compared]:
    """A figure of each behaviour, from `(1 + draw, behaviour)` of both models."""
    both = [with_interval(each[0], each[1:]) for each in (first, second, second - first)]
    return [Compared(*each) for each in zip(*both, strict=True)]


def _macro(first: Floats, second: Floats) -> Compared:
    means = [mean_over_behaviours(each)[:, np.newaxis] for each in (first, second)]
    return _compared(*means)[0]


def _by_recording(first: Trainings, second: Trainings) -> tuple[RecordingComparison, ...]:
    names = list(dict.fromkeys(pair.recording for pair in first[0]))
    scores = [np.mean([_macro_f1(each, names) for each in model], 0) for model in (first, second)]
    both = zip(names, *(each.tolist() for each in scores), strict=True)
    return tuple(RecordingComparison(*each) for each in both)


def _macro_f1(pairs: Sequence[ScoredPair], names: Sequence[str]) -> Floats:
    """Of each recording, over the behaviours that occur in it; NaN where none does."""
    number = {name: n for n, name in enumerate(names)}
    of = np.array([number[pair.recording] for pair in pairs])
    return mean_defined(by_frame.f1(*_counts(pairs, of, len(names)))[:, pairs[0].foreground])


def _counts(
    pairs: Sequence[ScoredPair], number: NDArray[np.int64], n: int
) -> list[NDArray[np.int64]]:
    """True and false positives, and false negatives, summed over pairs of one number."""
    counted = [by_frame.count_frames(pair)[:3] for pair in pairs]
    return [sums_over_groups(np.stack(each), number, n) for each in zip(*counted, strict=True)]
