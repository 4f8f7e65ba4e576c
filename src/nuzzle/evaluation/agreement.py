"""How far two people agree on one recording: what a model can at most be asked for.

Source of kappa: Cohen (1960), A Coefficient of Agreement for Nominal Scales.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nuzzle.errors import InputError
from nuzzle.evaluation.agreement_notes import (
    check_rates,
    names_apart,
    not_compared,
    nothing_in_common,
)
from nuzzle.evaluation.agreement_targets import (
    at_oneself,
    between,
    notes_on_unnamed,
    own,
    unnamed,
)
from nuzzle.evaluation.bootstrap import mean_defined
from nuzzle.evaluation.bouts import SAME_BOUT_IOU, match_bouts
from nuzzle.io.looked_for import shown, with_looked_for
from nuzzle.labels import Labels, Pair, mask_to_intervals


@dataclass(frozen=True)
class BehaviourAgreement:
    """Agreement on one behaviour, over the frames in which both looked for it.

    Attributes:
        behaviour: name.
        kappa: agreement beyond chance, 1 is full; NaN where neither, or both always, saw it.
        f1: per frame; it is the same whoever counts as the truth. NaN where neither saw it.
        bout_f1: per bout, at an intersection over union of 0.5.
        first_frames: frames of the first annotator.
        second_frames: frames of the second.
        both_frames: frames of both.
        first_bouts: bouts of the first.
        second_bouts: bouts of the second.
    """

    behaviour: str
    kappa: float
    f1: float
    bout_f1: float
    first_frames: int
    second_frames: int
    both_frames: int
    first_bouts: int
    second_bouts: int


@dataclass(frozen=True)
class Agreement:
    """Agreement of two annotators.

    Attributes:
        behaviours: one by one, without the background.
        kappa: over all classes, "none of them" included, for labels of which both are exclusive;
            else NaN. What an animal does to itself is a class in each pair that it is the agent of.
        macro_f1: mean over the behaviours that either saw.
        macro_bout_f1: the same per bout.
        compared_frames: frames in which both looked for something, counted once for each pair of
            animals.
        notes: what could not be compared, one sentence each.
    """

    behaviours: tuple[BehaviourAgreement, ...]
    kappa: float
    macro_f1: float
    macro_bout_f1: float
    compared_frames: int
    notes: tuple[str, ...] = ()

    def __getitem__(self, behaviour: str) -> BehaviourAgreement:
        for each in self.behaviours:
            if each.behaviour == behaviour:
                return each
        raise KeyError(behaviour)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def cohen_kappa(confusion: NDArray[Any]) -> float:
    """Agreement beyond chance.

    Args:
        confusion: `(class, class)` frames by the first (row) and second (column) annotator.

    Returns:
        1 for full agreement, 0 for that of chance; NaN where there is only one class.

    >>> round(cohen_kappa(np.array([[20, 5], [10, 15]])), 3)
    0.4
    """
    total = confusion.sum()
    if total == 0:
        return math.nan
    by_chance = float((confusion.sum(axis=0) / total * (confusion.sum(axis=1) / total)).sum())
    if by_chance >= 1:
        return math.nan
    return (float(np.trace(confusion) / total) - by_chance) / (1 - by_chance)


def agreement(first: Labels, second: Labels, *, same_behaviours: bool = False) -> Agreement:
    """Compare the labels of one recording by two annotators.

    Only frames and behaviours count that both looked for. Bouts are cut where one of them did not.
    A target that one does not name is the one that the other names, where that is only one; or the
    agent itself, for a behaviour that the other directs at it alone.

    Args:
        first: labels of one annotator.
        second: of another; may be of another length, of which the shorter is compared.
        same_behaviours: both looked for every behaviour that either names. Many formats name only
            what was seen, and what one annotator never saw would not be compared. Who saw nothing
            at all looked at the animals of the other.

    Raises:
        InputError: they have no pair of animals, or no behaviour, in common; their frames are of
            different rates.
    """
    check_rates([("the first", first), ("the second", second)])
    n_frames = max(first.n_frames, second.n_frames)
    first, second = first.with_length(n_frames), second.with_length(n_frames)
    alone = own(first, second), own(second, first)
    first, second = at_oneself(first, alone[0]), at_oneself(second, alone[1])
    met = unnamed(first, second), unnamed(second, first)
    first, second = between(first, met[0]), between(second, met[1])
    unlike = names_apart(first, second)
    if same_behaviours:
        union = sorted(shown(first) | shown(second))
        seen = (first.pairs, second.pairs)
        first = with_looked_for(first, union, lambda named: named or seen[1])
        second = with_looked_for(second, union, lambda named: named or seen[0])
    pairs = [pair for pair in first.pairs if pair in second.pairs]
    names = [name for name in first.behaviours if name in second.behaviours]
    if not pairs or not names:
        raise InputError(nothing_in_common(first, second))
    compared = [_Compared(_of(pair, first), _of(pair, second), pair, names) for pair in pairs]
    figures = tuple(_behaviour(compared, column, name) for column, name in enumerate(names))
    kappa = math.nan
    if first.exclusive and second.exclusive:
        whole = [_Compared(first, second, pair, names) for pair in _whole(pairs)]
        kappa = cohen_kappa(np.sum([each.confusion() for each in whole], axis=0))
    return Agreement(
        figures,
        kappa,
        float(mean_defined(np.array([each.f1 for each in figures]))),
        float(mean_defined(np.array([each.bout_f1 for each in figures]))),
        sum(int(each.both.any(axis=1).sum()) for each in _between_animals(compared)),
        (*notes_on_unnamed(alone, met), *not_compared(first, second), *unlike),
    )


class _Compared:
    """What two annotators saw of one pair, `(time, behaviour)` bool, where both looked."""

    def __init__(self, first: Labels, second: Labels, pair: Pair, names: Sequence[str]) -> None:
        self.pair = pair
        one, other = (labels.frames(pair, names) for labels in (first, second))
        self.counted = (one.observed | other.observed).any(axis=0)
        self.both = one.observed & other.observed
        self.first, self.second = one.active & self.both, other.active & self.both

    def confusion(self) -> NDArray[np.int64]:
        """Frames by class; the last is "none of them"."""
        n = self.both.shape[1]
        classes = [
            np.where(seen.any(axis=1), seen.argmax(axis=1), n) for seen in (self.first, self.second)
        ]
        looked = self.both[:, self.counted].all(axis=1) & self.counted.any()
        cell = classes[0][looked] * (n + 1) + classes[1][looked]
        return np.bincount(cell, minlength=(n + 1) ** 2).reshape(n + 1, n + 1)


def _whole(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs in each of whose frames one class holds, what the agent does to itself among them.

    An animal by itself is one where it is the agent of no other.
    """
    agents = {pair.agent for pair in pairs if pair.agent != pair.target}
    return [pair for pair in pairs if pair.agent != pair.target or pair.agent not in agents]


def _of(pair: Pair, labels: Labels) -> Labels:
    """The labels of a pair alone, without what its agent does to itself."""

    def mine(table: pd.DataFrame) -> pd.DataFrame:
        return table[(table["agent"] == pair.agent) & (table["target"] == pair.target)]

    return replace(labels, bouts=mine(labels.bouts), observed=mine(labels.observed))


def _between_animals(compared: Sequence[_Compared]) -> list[_Compared]:
    """The pairs of two animals; where there are none, animals with themselves."""
    between = [each for each in compared if each.pair.agent != each.pair.target]
    return between or list(compared)


def _behaviour(compared: Sequence[_Compared], column: int, name: str) -> BehaviourAgreement:
    table = np.zeros((2, 2), dtype=np.int64)
    bouts = np.zeros(3, dtype=np.int64)
    for each in compared:
        looked = each.both[:, column]
        one, other = each.first[looked, column], each.second[looked, column]
        table += np.bincount(2 * one + other, minlength=4).reshape(2, 2)
        runs = [mask_to_intervals(seen[:, column]) for seen in (each.first, each.second)]
        same = int((match_bouts(*runs).iou >= SAME_BOUT_IOU).sum())
        bouts += (same, len(runs[0]), len(runs[1]))
    both, only_first, only_second = (int(table[cell]) for cell in ((1, 1), (1, 0), (0, 1)))
    seen = both + only_first + only_second > 0
    per_bout = 2 * bouts[0] / bouts[1:].sum() if seen else math.nan
    return BehaviourAgreement(
        behaviour=name,
        kappa=cohen_kappa(table),
        f1=2 * both / (2 * both + only_first + only_second) if seen else math.nan,
        bout_f1=float(per_bout),
        first_frames=both + only_first,
        second_frames=both + only_second,
        both_frames=both,
        first_bouts=int(bouts[1]),
        second_bouts=int(bouts[2]),
    )
