"""Names of behaviours that look like slips: spelled in two ways, or renamed and not there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import combinations, takewhile

from nuzzle.errors import listed, nearest
from nuzzle.labels import Labels


def slips(files: Iterable[tuple[str, Labels]]) -> list[str]:
    """A sentence on each name that looks like a slip: of `spelled_alike` and the other.

    Args:
        files: recordings and their labels.
    """
    every = list(files)
    return [*spelled_alike(every), *renaming_nothing(every)]


def spelled_alike(files: Iterable[tuple[str, Labels]]) -> list[str]:
    """A sentence on names that are alike but for case or one letter, and so several behaviours.

    Names that are seen in one and the same recording are left out, but for those alike in all but
    case: whoever scored it meant two behaviours.

    Args:
        files: recordings and their labels.
    """
    where: dict[str, list[str]] = {}
    for recording, labels in files:
        for name in sorted({*labels.bouts["behaviour"], labels.background or ""} - {""}):
            where.setdefault(name, []).append(recording)
    cases: dict[str, dict[str, list[str]]] = {}
    for name, recordings in where.items():
        cases.setdefault(name.casefold(), {})[name] = recordings
    near = [
        {name: where[name] for name in pair}
        for pair in combinations(sorted(where), 2)
        if nearly_alike(*pair) and not {*where[pair[0]]} & {*where[pair[1]]}
    ]
    said = [_unlike(of, "differ only in case") for _, of in sorted(cases.items()) if len(of) > 1]
    return said + [_unlike(of, "are spelled nearly alike") for of in near]


def _unlike(where: dict[str, list[str]], how: str) -> str:
    """What to do about several spellings, with the recordings of each; the commonest stays."""
    usual, *others = sorted(
        where, key=lambda name: (-len(where[name]), -sum(map(str.islower, name)))
    )
    told = " and ".join(f"{name!r} (in {listed(where[name])})" for name in sorted(where))
    mend = ";".join(f"{name}={usual}" for name in others)
    return (
        f"{told} {how}, and count as {len(where)} behaviours. If they are one, write it alike in "
        f"the label files, or put {mend} into the manifest's column behaviours"
    )


def nearly_alike(one: str, other: str) -> bool:
    """Whether two names differ in a single letter, so that one is probably a slip for the other.

    A letter is one too many, another one, or exchanged with its neighbour. What often tells two
    behaviours apart does not count: the first letter, another last letter or a passive's, a word
    of one letter, digits; nor does any in names of less than five letters.

    >>> nearly_alike("agression", "aggression"), nearly_alike("attcak", "attack")
    (True, True)
    >>> nearly_alike("attack1", "attack2"), nearly_alike("chase", "chased")
    (False, False)
    """
    one, other = sorted((one.casefold(), other.casefold()), key=len)
    first = _beginning(one, other)
    last = _beginning(one[first:][::-1], other[first:][::-1])
    mine, theirs = one[first : len(one) - last], other[first : len(other) - last]
    exchanged = len(mine) == 2 and mine == theirs[::-1]
    if not (mine + theirs).isalpha() or not (exchanged or len(theirs) == 1):
        return False
    if len(one) < 5 or first == 0 or (last == 0 and (mine or other.endswith("ed"))):
        return False
    return exchanged or not _is_word(other, first)


def _beginning(one: str, other: str) -> int:
    """How many letters two names have in common from the first on."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _is_word(name: str, at: int) -> bool:
    """Whether a letter of a name stands by itself, as in ``zone a``."""
    return not any(each.isalnum() for each in (name[at - 1 : at], name[at + 1 : at + 2]))


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
