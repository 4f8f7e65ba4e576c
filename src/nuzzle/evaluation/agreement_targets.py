"""Whom labels are directed at where only the other annotator says so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from nuzzle.io.cast import NOBODY
from nuzzle.labels import Labels, Pair


def own(mine: Labels, theirs: Labels) -> set[str]:
    """What one scores without a target, and the other only as directed at oneself."""
    rows = theirs.observed
    between = {*rows.loc[rows["agent"] != rows["target"], "behaviour"]}
    unnamed = mine.observed["target"] == NOBODY.target
    return ({*theirs.self_behaviours} - between) & {*mine.observed.loc[unnamed, "behaviour"]}


def at_oneself(labels: Labels, own: Collection[str]) -> Labels:
    """The labels with these behaviours directed at their agent where no target is named.

    Where targets are named, who has nothing else without one met nobody without a name.
    """

    def turned(table: pd.DataFrame) -> pd.DataFrame:
        unnamed = (table["target"] == NOBODY.target) & table["behaviour"].isin(list(own))
        return table.assign(target=table["target"].mask(unnamed, table["agent"]))

    if not own:
        return labels
    bouts, observed = turned(labels.bouts), turned(labels.observed)
    unnamed = observed["target"] == NOBODY.target
    named = ~unnamed & (observed["agent"] != observed["target"])
    left = bouts.loc[bouts["target"] == NOBODY.target, "agent"]
    gone = unnamed & bool(named.any()) & ~observed["agent"].isin(left)
    return replace(labels, bouts=bouts, observed=observed[~gone])


def unnamed(mine: Labels, theirs: Labels) -> dict[Pair, Pair]:
    """Pairs whose target, or both, nobody named -> the only one of the other that it may be."""
    meant = may_mean(mine, theirs)
    return {pair: others[0] for pair, others in meant.items() if len(others) == 1}


def may_mean(mine: Labels, theirs: Labels) -> dict[Pair, list[Pair]]:
    """Pairs whose target, or both, nobody named -> those of the other that they may be."""
    return {
        pair: [
            other
            for other in theirs.pairs
            if other.agent != other.target and (other.agent == pair.agent or pair == NOBODY)
        ]
        for pair in mine.pairs
        if pair.target == NOBODY.target and pair not in theirs.pairs
    }


def between(labels: Labels, found: Mapping[Pair, Pair]) -> Labels:
    """The labels with other pairs, old -> new."""

    def renamed(table: pd.DataFrame) -> pd.DataFrame:
        named = [Pair(*row) for row in table[["agent", "target"]].itertuples(index=False)]
        pairs = [found.get(pair, pair) for pair in named]
        return table.assign(
            agent=[pair.agent for pair in pairs], target=[pair.target for pair in pairs]
        )

    if not found:
        return labels
    return replace(labels, bouts=renamed(labels.bouts), observed=renamed(labels.observed))


def notes_on_unnamed(
    own: Sequence[Collection[str]], met: Sequence[Mapping[Pair, Pair]]
) -> Iterator[str]:
    """Sentences on what was taken from the other, for the first annotator and the second."""
    for who, names, found in zip(("first", "second"), own, met, strict=True):
        for name in sorted(names):
            yield f"The {who} names no target of {name}; the agent was taken, as in the other."
        for pair, other in found.items():
            yield f"The {who} does not name {unsaid(pair)}; {other} was taken, as in the other."


def unsaid(pair: Pair) -> str:
    """What is not said of a pair whose target, or both, nobody named."""
    return "who acts on whom" if pair == NOBODY else f"the target of {pair.agent}"


def listed_pairs(pairs: Sequence[Pair]) -> str:
    """Pairs, for a message."""
    return ", ".join(map(str, pairs)) or "no animals"
