"""What the beginnings of two names have in common, where neither is cut within a number or word."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Generic, TypeVar

#: What may stand between the parts of a name.
SEPARATORS = " ._-"

_Named = TypeVar("_Named", bound=Hashable)


def _kind(character: str) -> str:
    return "digit" if character.isdigit() else "letter" if character.isalpha() else character


def _cuts(text: str, position: int) -> bool:
    """Whether a cut at `position` goes through a number or a word."""
    if not 0 < position < len(text):
        return False
    before, after = _kind(text[position - 1]), _kind(text[position])
    return before == after and before in ("digit", "letter")


def _beginnings(name: str) -> Iterator[tuple[str, bool]]:
    """Those that cut no number and no word, the longest first; and whether a number comes next."""
    for end in range(len(name), 0, -1):
        if not _cuts(name, end):
            yield name[:end], name[end:].lstrip(SEPARATORS)[:1].isdigit()


def common_beginning(one: str, other: str) -> str:
    """The longest beginning of both that cuts no number and no word in either.

    Nothing is shared by two names that go on with different numbers.

    >>> common_beginning("10DLC_dlcrnet", "10_annot"), common_beginning("10DLC_dlcrnet", "1_annot")
    ('10', '')
    >>> common_beginning("cage_1_poses", "cage_2_labels")
    ''
    """
    others = dict(_beginnings(other))
    for beginning, number in _beginnings(one):
        if beginning in others:
            return "" if number and others[beginning] else beginning.rstrip(SEPARATORS)
    return ""


class Beginnings(Generic[_Named]):
    """What is named, by all beginnings of its name."""

    def __init__(self, stems: Mapping[_Named, str]) -> None:
        self._found: dict[str, list[tuple[int, _Named, bool]]] = {}
        for rank, (each, stem) in enumerate(stems.items()):
            for beginning, number in _beginnings(stem):
                self._found.setdefault(beginning, []).append((rank, each, number))

    def best(self, stem: str) -> list[_Named]:
        """Those that share most with `stem`, by `common_beginning`; none if nothing is shared."""
        most, best, seen = 1, dict[int, _Named](), set[int]()
        for beginning, number in _beginnings(stem):
            length = len(beginning.rstrip(SEPARATORS))
            if length < most:
                break
            for rank, each, other in self._found.get(beginning, ()):
                if rank not in seen and not (number and other):
                    most, best[rank] = length, each
                seen.add(rank)
        return [best[rank] for rank in sorted(best)]
