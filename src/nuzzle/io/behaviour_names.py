"""Names of behaviours that look like slips: spelled in two ways, or renamed and not there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import combinations, takewhile

from nuzzle.errors import listed, nearest
from nuzzle.labels import Labels

#: Words of fewer letters are too near to each other to tell a slip.
_SHORTEST = 5
#: Of so many letters are words in which another letter is a slip: pecking is no picking.
_ANOTHER = 8
#: Of so many are those in which a letter too few is one: walking is no waking.
_LEFT_OUT = 10


def slips(files: Iterable[tuple[str, Labels]]) -> list[str]:
    """A sentence on each name that looks like a slip, of the three kinds below.

    Args:
        files: recordings and their labels.
    """
    every = list(files)
    return [*unlike_in_case(every), *spelled_nearly_alike(every), *renaming_nothing(every)]


def unlike_in_case(files: Iterable[tuple[str, Labels]]) -> list[str]:
    """A sentence on names that are alike in all but case, and so several behaviours.

    Args:
        files: recordings and their labels.
    """
    cases: dict[str, dict[str, list[str]]] = {}
    for name, recordings in _where(files).items():
        cases.setdefault(name.casefold(), {})[name] = recordings
    return [_unlike(of, "differ only in case") for _, of in sorted(cases.items()) if len(of) > 1]


def spelled_nearly_alike(files: Iterable[tuple[str, Labels]]) -> list[str]:
    """A sentence on each two names of which one may be a slip for the other (`nearly_alike`).

    Names that are seen in one and the same recording are left out: whoever scored it meant two
    behaviours.

    Args:
        files: recordings and their labels.
    """
    where = _where(files)
    return [
        _unlike({name: where[name] for name in pair}, "are spelled nearly alike")
        for pair in combinations(sorted(where), 2)
        if nearly_alike(*pair) and not {*where[pair[0]]} & {*where[pair[1]]}
    ]


def _where(files: Iterable[tuple[str, Labels]]) -> dict[str, list[str]]:
    """The names that are seen, or are a background, each with its recordings."""
    where: dict[str, list[str]] = {}
    for recording, labels in files:
        for name in sorted({*labels.bouts["behaviour"], labels.background or ""} - {""}):
            where.setdefault(name, []).append(recording)
    return where


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
    """Whether two names differ by a slip within one word, so that they are perhaps one behaviour.

    Words end at blanks, ``_``, ``-``, digits, and where capitals begin. A slip is a letter written
    twice or once, two neighbours exchanged, or, in the middle of a long word, a letter left out or
    another one. Short words have codes and names that differ as much (``sniff_mf``, ``lick``); so
    have the ends of words, and behaviours a letter apart (fight and flight).

    >>> nearly_alike("agression", "aggression"), nearly_alike("attcak", "attack")
    (True, True)
    >>> nearly_alike("fight", "flight"), nearly_alike("sniff_mf", "sniff_ff")
    (False, False)
    """
    words = _words(one), _words(other)
    if len(words[0]) != len(words[1]):
        return False
    apart = [pair for pair in zip(*words, strict=True) if pair[0] != pair[1]]
    return len(apart) == 1 and _is_slip(*sorted(apart[0], key=len))


def _words(name: str) -> list[str]:
    """The words of a name and its numbers, without case."""
    parted = "".join(
        f" {letter}" if letter.isupper() and before.islower() else letter
        for before, letter in zip(f" {name}", name, strict=False)
    )
    return re.findall(r"[^\W\d_]+|\d+", parted.casefold())


def _is_slip(short: str, long: str) -> bool:
    """Whether one of two words is probably meant to be the other."""
    first = _beginning(short, long)
    last = _beginning(short[first:][::-1], long[first:][::-1])
    mine, theirs = short[first : len(short) - last], long[first : len(long) - last]
    if len(short) < _SHORTEST or short.isdigit() or not (first and last):
        return False
    if len(mine) == 2:
        return mine == theirs[::-1]
    if mine == "" and theirs == long[first - 1]:
        return True
    least = _ANOTHER if mine else _LEFT_OUT
    return len(theirs) == 1 and len(long) >= least and min(first, last) > 1


def _beginning(one: str, other: str) -> int:
    """How many letters two words have in common from the first on."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


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
