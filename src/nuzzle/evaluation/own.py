"""What an animal does to itself, apart from what it does to others: scored as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation.scored import ScoredPair
from nuzzle.labels import Pair

Masks = NDArray[np.bool_]


class OwnApart:
    """Pairs in which what an animal with several others does to itself has a pair of its own.

    For figures of decisions that have been made: it holds what holds in any of the agent's pairs,
    however many they are. Whoever decides has to know all that was looked for.

    Args:
        pairs: of two animals each, with the same classes.

    Attributes:
        pairs: the same without it, and after them one of each such agent with itself, without
            anything else. What is left out becomes background.
    """

    def __init__(self, pairs: Sequence[ScoredPair]) -> None:
        first = pairs[0]
        self._exclusive = first.exclusive
        self._own = np.isin(first.behaviours, first.own)
        self._background = np.array([name == first.background for name in first.behaviours])
        agents: dict[tuple[str, str], list[int]] = {}
        for number, pair in enumerate(pairs if self._own.any() else ()):
            agents.setdefault((pair.recording, pair.pair.agent), []).append(number)
        self._agents = [mine for mine in agents.values() if len(mine) > 1]
        self._probability = [pairs[mine[0]].probability for mine in self._agents]
        self.pairs = self._apart(pairs) if self._agents else list(pairs)

    def _apart(self, pairs: Sequence[ScoredPair]) -> list[ScoredPair]:
        truth = self.decisions([pair.truth & pair.observed for pair in pairs])
        predicted = self.decisions([pair.predicted for pair in pairs])
        out = list(pairs)
        for mine in self._agents:
            for n in mine:
                out[n] = self._part(pairs[n], ~self._own, pairs[n].observed, truth[n], predicted[n])
            one, seen, n = pairs[mine[0]], any_of([pairs[n].observed for n in mine]), len(out)
            alone = self._part(one, self._own, seen, truth[n], predicted[n])
            out.append(replace(alone, pair=Pair(one.pair.agent, one.pair.agent)))
        return out

    def _part(
        self, pair: ScoredPair, kept: Masks, observed: Masks, truth: Masks, predicted: Masks
    ) -> ScoredPair:
        return replace(
            pair,
            truth=truth,
            observed=looked_for(observed, kept, self._background),
            predicted=predicted,
            probability=with_others(pair.probability, kept, self._background),
        )

    def decisions(self, each: Sequence[Masks]) -> list[Masks]:
        """Decisions on `pairs`, from those on the pairs that were given, `(time, behaviour)`."""
        out = list(each)
        for mine, probability in zip(self._agents, self._probability, strict=True):
            said = any_of([each[number] for number in mine])
            if self._exclusive:
                said = np.where(self._own, one_at_a_time(said & self._own, probability), said)
            out.append(only(said, self._own, self._background))
            for number in mine:
                out[number] = only(each[number], ~self._own, self._background)
        return out


def any_of(masks: Sequence[Masks]) -> Masks:
    """Where any of the masks holds."""
    out: Masks = np.logical_or.reduce(masks)
    return out


def only(values: Masks, kept: Masks, background: Masks) -> Masks:
    """Some of the behaviours of `(time, behaviour)`; frames of the others become background.

    Args:
        values: what holds.
        kept: `(behaviour,)`, which stay.
        background: `(behaviour,)`, which is the background; it goes where one of them holds.
    """
    out: Masks = values & kept & ~background
    out[values.any(axis=1) & ~out.any(axis=1)] |= background
    return out


def looked_for(observed: Masks, kept: Masks, background: Masks) -> Masks:
    """Where some of the behaviours were looked for, and the background with any of them.

    Where none of them was, nobody knows that there is nothing else. Arguments as of `only`.
    """
    seen = observed & kept & ~background
    out: Masks = seen | (background & seen.any(axis=1, keepdims=True))
    return out


def with_others(probability: NDArray[Any], kept: Masks, background: Masks) -> NDArray[Any]:
    """Probabilities `(time, behaviour)`; what is probable of the others is background."""
    others = np.nansum(probability[:, ~kept & ~background], axis=1, keepdims=True)
    # Numbers of float32 that add up to one may add up to a little more.
    return np.where(background, np.minimum(probability + others, 1), probability)


def one_at_a_time(said: Masks, probability: NDArray[Any]) -> Masks:
    """What was said, `(time, behaviour)`; the likeliest where several were."""
    likeliest = np.where(said, np.nan_to_num(probability), -1.0).argmax(axis=1)
    out: Masks = said & (np.arange(said.shape[1]) == likeliest[:, np.newaxis])
    return out
