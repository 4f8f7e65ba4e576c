"""What several files call their keypoints, said of all at once: it holds where a file has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nuzzle.errors import InputError, NuzzleError, listed
from nuzzle.io.load import poses_of_row
from nuzzle.manifest import Entry
from nuzzle.progress import Say


def where_they_are(
    entries: Sequence[Entry], names: Mapping[str, str], say: Say, *, complete: bool = True
) -> list[Entry]:
    """Rows with those of the names, said of all of them, whose keypoints their poses have.

    What a row says itself stays as it is. Poses that cannot be read have none of them.

    Args:
        entries: rows; those that say nothing of keypoints themselves say these names.
        names: old -> new, as in `Entry.keypoints`.
        say: is told of names that no poses have, where some cannot be read.
        complete: whether these are all; another one that cannot be read may have the keypoints.

    Raises:
        InputError: none of the poses has one of the keypoints, and all can be read.
    """
    if not names:
        return [*entries]
    has = {n: _keypoints(each) for n, each in enumerate(entries) if each.keypoints == names}
    if problem := _unknown(names, [*filter(None, has.values())]):
        if complete and all(has.values()):
            raise InputError(problem)
        say(f"warning: {problem} Some files cannot be read, and may have it.")
    return [
        replace(each, keypoints={old: new for old, new in names.items() if _in(has[n], old)})
        if n in has
        else each
        for n, each in enumerate(entries)
    ]


def _unknown(names: Iterable[str], some: Sequence[Sequence[str]]) -> str:
    """What is wrong with names that none of these poses has; empty where there are no such."""
    unknown = [old for old in names if not any(_in(has, old) for has in some)]
    if not some or not unknown:
        return ""
    there = dict.fromkeys(name for has in some for name in has)
    return (
        f"keypoints: no file has {' or '.join(map(repr, unknown))}; they have "
        f"{listed([*map(repr, there)], 20)}. The name in the files comes first: old=new."
    )


def _keypoints(entry: Entry) -> tuple[str, ...]:
    """The keypoints of its poses; none where they cannot be read, which whoever needs them says."""
    try:
        return poses_of_row(entry).keypoints
    except NuzzleError:
        return ()


def _in(has: Sequence[str], old: str) -> bool:
    """Whether a keypoint is among these; of a mean, ``a+b``, whether all are."""
    return all(name.strip() in has for name in old.split("+"))
