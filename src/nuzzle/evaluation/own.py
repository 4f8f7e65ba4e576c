"""What an animal does to itself counts once, however many others there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation.scored import ScoredPair
from nuzzle.labels import Pair

Masks = NDArray[np.bool_]
_Part = TypeVar("_Part")


class OwnApart:
    """Pairs in which what an animal with several others does to itself has a pair of its own.

    For figures of decisions that have been made, which are those that are written: it holds what
    holds in any of the agent's pairs. Whoever decides has to know all that was looked for.

    Args:
        pairs: of two animals each, with the same classes.

    Attributes:
        pairs: the same, in which it is not observed, and after them one of each such agent with
            itself, in which nothing else is.
    """

    def __init__(self, pairs: Sequence[ScoredPair]) -> None:
        agents: dict[tuple[str, str], list[int]] = {}
        for number, pair in enumerate(pairs):
            agents.setdefault((pair.recording, pair.pair.agent), []).append(number)
        first = pairs[0]
        self._own = np.isin(first.behaviours, first.own)
        several = [mine for mine in agents.values() if len(mine) > 1]
        self._agents = several if self._own.any() else []
        self._exclusive = first.exclusive
        self._probability = [pairs[mine[0]].probability for mine in self._agents]
        self.pairs = self._apart(pairs)

    def _apart(self, pairs: Sequence[ScoredPair]) -> list[ScoredPair]:
        observed = self._masks([pair.observed for pair in pairs])
        truth = self._masks([pair.truth & pair.observed for pair in pairs])
        predicted = self.decisions([pair.predicted for pair in pairs])
        out = [replace(pair, observed=seen) for pair, seen in zip(pairs, observed, strict=False)]
        for number, mine in enumerate(self._agents, len(pairs)):
            true, one = truth[number], pairs[mine[0]]
            if self._exclusive:
                true = true & (true.cumsum(axis=1) == 1)
            out.append(
                replace(
                    one,
                    pair=Pair(one.pair.agent, one.pair.agent),
                    truth=true,
                    observed=observed[number],
                    predicted=predicted[number],
                )
            )
        return out

    def decisions(self, each: Sequence[Masks]) -> list[Masks]:
        """Decisions on all of them, from those on each pair, `(time, behaviour)`."""
        said = self._masks(each)
        if self._exclusive:
            for number, probability in enumerate(self._probability, len(each)):
                said[number] = one_at_a_time(said[number], probability)
        return said

    def of_first(self, each: Sequence[_Part]) -> list[_Part]:
        """What there is of each pair for all of them: of an agent, that of its first pair."""
        return [*each, *(each[mine[0]] for mine in self._agents)]

    def _masks(self, each: Sequence[Masks]) -> list[Masks]:
        out = list(each)
        for mine in self._agents:
            out.append(np.logical_or.reduce([each[number] for number in mine]) & self._own)
            for number in mine:
                out[number] = each[number] & ~self._own
        return out


def one_at_a_time(said: Masks, probability: NDArray[Any]) -> Masks:
    """What was said, `(time, behaviour)`; the likeliest where several were."""
    likeliest = np.where(said, np.nan_to_num(probability), -1.0).argmax(axis=1)
    out: Masks = said & (np.arange(said.shape[1]) == likeliest[:, np.newaxis])
    return out
