"""Names of behaviours that look like slips: spelled in two ways, or renamed and not there."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from nuzzle.errors import listed, nearest
from nuzzle.labels import Labels


def slips(files: Iterable[tuple[str, Labels]]) -> list[str]:
    """A sentence on each name that looks like a slip: of `differing_in_case` and the other.

    Args:
        files: recordings and their labels.
    """
    every = list(files)
    return [*differing_in_case(every), *renaming_nothing(every)]


def differing_in_case(files: Iterable[tuple[str, Labels]]) -> list[str]:
    """A sentence on names that are alike but for their case, and so are several behaviours.

    Args:
        files: recordings and their labels.
    """
    spellings: dict[str, dict[str, list[str]]] = {}
    for recording, labels in files:
        for name in sorted({*labels.bouts["behaviour"], labels.background or ""} - {""}):
            spellings.setdefault(name.casefold(), {}).setdefault(name, []).append(recording)
    return [_unlike(where) for _, where in sorted(spellings.items()) if len(where) > 1]


def _unlike(where: dict[str, list[str]]) -> str:
    """What to do about several spellings, with the recordings of each; the commonest stays."""
    usual, *others = sorted(
        where, key=lambda name: (-len(where[name]), -sum(map(str.islower, name)))
    )
    told = " and ".join(f"{name!r} (in {listed(where[name])})" for name in sorted(where))
    mend = ";".join(f"{name}={usual}" for name in others)
    return (
        f"{told} differ only in case, and count as {len(where)} behaviours. If they are one, write "
        f"it alike in the label files, or put {mend} into the manifest's column behaviours"
    )


def renaming_nothing(files: Iterable[tuple[str, Labels]]) -> list[str]:
    """A sentence on each old name of a renaming that none of its recordings has in its labels.

    Args:
        files: recordings and their labels.
    """
    alike: dict[tuple[tuple[str, str], ...], dict[str, Labels]] = {}
    for recording, labels in files:
        if labels.renaming:
            alike.setdefault(tuple(labels.renaming.items()), {})[recording] = labels
    said = []
    for renaming, mine in alike.items():
        names = {name for labels in mine.values() for name in labels.named}
        others = names - {old for old, _ in renaming}
        for old, new in renaming:
            if old not in names:
                near = closest(old, others - {new})
                hint = f"did you mean {near!r}?" if near else _there_are(names)
                said.append(
                    f"the manifest's column behaviours says {old}={new}, and no label of "
                    f"{listed([*mine])} is called {old!r}; {hint}"
                )
    return said


def _there_are(names: Collection[str]) -> str:
    return f"there are {listed(sorted(names), 12)}" if names else "there is none at all"


def closest(name: str, names: Iterable[str]) -> str:
    """That of the names which is spelled nearly so, whatever its case; empty where none is."""
    plain = {each.casefold(): each for each in sorted(names)}
    return plain.get(nearest(name.casefold(), plain, cutoff=0.8), "")
