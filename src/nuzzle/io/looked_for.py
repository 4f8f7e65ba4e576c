"""What was looked for and not seen, where label files name only what was seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from nuzzle.errors import InputError
from nuzzle.io.behaviour_names import closest
from nuzzle.io.cast import OWN
from nuzzle.labels import SPAN_COLUMNS, Labels, Pair, own_pairs


def with_looked_for(
    labels: Labels,
    names: Sequence[str],
    watched: Callable[[Sequence[Pair]], Sequence[Pair]] = lambda named: named,
) -> Labels:
    """The labels as of someone who looked for these wherever they looked for anything.

    They looked at each pair that the file names, or was watched where it names only what was seen;
    for what an animal does to itself they looked at each agent. Without direction there are only
    pairs, but for an animal that is alone.

    Args:
        labels: of a file that names only what was seen.
        names: of behaviours; those that begin with ``self:`` are directed at oneself.
        watched: gives the pairs that were watched from those with something seen, as `Cast.watched`
            does.

    Raises:
        InputError: a name is several, separated by commas.
    """
    _refuse_commas(names, {*labels.behaviours, *labels.bouts["behaviour"]})
    pairs = labels.pairs
    if labels.only_seen or not pairs:
        pairs = tuple(watched(pairs))
    between = [pair for pair in pairs if pair.agent != pair.target]
    if between and not labels.directed:
        names = [name.removeprefix(OWN) for name in names]
    known = set(labels.observed[["agent", "target", "behaviour"]].itertuples(index=False))
    more = [
        (*pair, behaviour, *span)
        for name in names
        for behaviour in [name.removeprefix(OWN)]
        for pair in (own_pairs(pairs) if name.startswith(OWN) else between)
        if (*pair, behaviour) not in known
        for span in _looked_at(labels, pair)
    ]
    observed = pd.concat([labels.observed, pd.DataFrame(more, columns=list(SPAN_COLUMNS))])
    return replace(labels, observed=observed.reset_index(drop=True), only_seen=False)


def _refuse_commas(names: Sequence[str], known: Collection[str]) -> None:
    """Raise an error for several names in one; a behaviour may have a comma in its name."""
    for name in names:
        parts = [part.strip() for part in name.split(",")]
        bare = {part.removeprefix(OWN) for part in parts}
        if len(parts) > 1 and name not in known and bare <= {*known, *names}:
            raise InputError(
                f"looked_for: {name!r} is no behaviour, and each of {', '.join(map(repr, parts))} "
                f"is one: separate names by ;, as in {';'.join(parts)}"
            )


def own_names(names: Iterable[str], renaming: Mapping[str, str]) -> tuple[str, ...]:
    """What label files call the behaviours that are directed at oneself wherever they do not say.

    Args:
        names: as in the column `looked_for`. What is named with and without ``self:`` may be
            directed at either, which only the labels can tell.
        renaming: of behaviours, old -> new; the names are the new ones.

    >>> own_names(["chase", "self:groom"], {"lick": "groom"}), own_names(["rear", "self:rear"], {})
    (('groom', 'lick'), ())
    """
    own = {name.removeprefix(OWN) for name in names if name.startswith(OWN)} - {*names}
    old = {name for name, new in renaming.items() if new in own}
    return tuple(sorted({name for name in own if name not in renaming} | old))


def refuse_own(looked_for: Iterable[str], renaming: Iterable[str], animals: int) -> None:
    """Refuse ``self:`` for labels without direction, which cannot tell whom something is done to.

    An animal that is alone has nobody else to do it to.

    Args:
        looked_for: names in the manifest's column of that name.
        renaming: old names in its column `behaviours`.
        animals: how many the recording has.

    Raises:
        InputError: a name begins with ``self:``.
    """
    columns = {"looked_for": looked_for, "behaviours": renaming}
    own = [(column, name) for column in columns for name in columns[column] if name.startswith(OWN)]
    if own and animals != 1:
        column, name = own[0]
        raise InputError(
            f"{column}: {name!r} is what an animal does to itself, and these labels have no "
            "direction (directed: no, in the manifest or in the label file): without it, that "
            "cannot be told from what is done to the other. Give them direction (directed: yes), "
            f"or leave out {OWN!r}: {name.removeprefix(OWN)!r} is what a pair does"
        )


def own_apart(labels: Labels, names: Collection[str]) -> Labels:
    """The labels in which ``self:groom``, if it is of `names`, is what is directed at oneself.

    So one name for two things can be two: ``groom`` stays what is done to another animal.
    """

    def apart(table: pd.DataFrame) -> pd.DataFrame:
        own = OWN + table["behaviour"]
        chosen = (table["agent"] == table["target"]) & own.isin(list(names))
        return table.assign(behaviour=table["behaviour"].mask(chosen, own))

    if not any(name.startswith(OWN) for name in names):
        return labels
    return replace(labels, bouts=apart(labels.bouts), observed=apart(labels.observed))


def _looked_at(labels: Labels, pair: Pair) -> list[tuple[int, int]]:
    """When anything was looked for in a pair, or in any pair of an animal alone; else always."""
    mine = labels.observed["agent"] == pair.agent
    if pair.agent != pair.target:
        mine &= labels.observed["target"] == pair.target
    spans = labels.observed.loc[mine, ["start_frame", "stop_frame"]].drop_duplicates()
    return [*spans.itertuples(index=False, name=None)] or [(0, labels.n_frames)]


def shown(labels: Labels) -> set[str]:
    """What was looked for, as the column `looked_for` names it."""
    rows = labels.observed[["agent", "target", "behaviour"]].drop_duplicates()
    return {
        named(name, own=one == other)
        for one, other, name in zip(rows["agent"], rows["target"], rows["behaviour"], strict=True)
    }


def named(behaviour: str, *, own: bool) -> str:
    """A behaviour as the column `looked_for` names it.

    Args:
        behaviour: its name.
        own: whether an animal directs it at itself.
    """
    return OWN + behaviour if own else behaviour


def warning(recordings: str, names: Sequence[str]) -> str:
    """What follows from files that name only what was seen, and how to mend it."""
    return (
        f"warning: the labels of {recordings} name only what was seen, so {', '.join(names)} "
        "counts there as not looked for. If it was looked for, say so in the manifest's column "
        f"looked_for: {';'.join(names)}"
    )


def not_said(files: Iterable[tuple[str, Labels]]) -> Mapping[str, tuple[str, ...]]:
    """By recording, what other files name and its own does not, which names only what was seen.

    Args:
        files: recording and labels, all of one lab.
    """
    found = {name: (shown(labels), labels.only_seen) for name, labels in files}
    every = set[str]().union(*(names for names, _ in found.values()))
    missing = {name: tuple(sorted(every - names)) for name, (names, only) in found.items() if only}
    return {name: behaviours for name, behaviours in missing.items() if behaviours}


def told_apart(labels: Labels, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that the labels can have: without direction none is directed at oneself.

    An animal that is alone directs all at itself.
    """
    pairs = labels.pairs
    alone = bool(pairs) and all(pair.agent == pair.target for pair in pairs)
    return tuple(n for n in names if labels.directed or n.startswith(OWN) == alone)


def as_before(names: Iterable[str], seen: Collection[str]) -> tuple[str, ...]:
    """Names for the column `looked_for` that do not change how the labels are read.

    What is seen between animals and looked for in an animal by itself is named in both ways: else
    bouts of it that name no target would be directed at oneself.

    Args:
        names: to fill in.
        seen: what the labels show, as `shown` gives it.
    """
    own = {name.removeprefix(OWN) for name in names if name.startswith(OWN)}
    return tuple(sorted({*names, *(own & {*seen})}))


def misspelled(looked: Sequence[Collection[str]], seen: Collection[str]) -> list[str]:
    """A sentence on each name that looks like a slip for one or several others.

    What was looked for wherever it was is another behaviour, however alike its name.

    Args:
        looked: what was looked for in each recording.
        seen: what is seen in any of them.
    """
    meant = {}
    for name in sorted(set[str]().union(*looked).difference(seen)):
        beside = [names for names in looked if name in names]
        meant[name] = _meant(name, set(seen).difference(set(beside[0]).intersection(*beside)))
    return [
        f"{name!r} was looked for and is seen in none of these recordings. If it is a slip for "
        f"{close!r}, correct the manifest's column looked_for: as it is, {close!r} counts there "
        "as not looked for"
        for name, close in meant.items()
        if close
    ]


def _meant(name: str, seen: Collection[str]) -> str:
    """What should probably stand there; empty where nothing is close."""
    parts = [part.strip() for part in name.split(",")]
    if len(parts) > 1 and set(parts) <= set(seen):
        return ";".join(parts)
    return closest(name, seen)
