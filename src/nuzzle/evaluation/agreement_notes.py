"""What is said of two annotators' labels that cannot be compared, or only in part."""

from __future__ import annotations

from collections.abc import Sequence

from nuzzle.errors import InputError
from nuzzle.evaluation.agreement_targets import listed_pairs, may_mean, unsaid
from nuzzle.io.behaviour_names import nearly_alike
from nuzzle.io.cast import NOBODY
from nuzzle.io.label_text import same_rate
from nuzzle.labels import Labels

_OTHER_NAMES = (
    "If they call the same by other names, say so: --behaviours 'old=new;old=new' "
    "(Labels.rename_behaviours)."
)


def nothing_in_common(first: Labels, second: Labels) -> str:
    """What each has, and how to compare it where names differ, or a file names only what was seen.

    Args:
        first: labels of one annotator.
        second: of the other.
    """
    if not first.pairs and not second.pairs:
        return (
            "Neither of the two label files says what was looked for, or has a bout: there is "
            "nothing to compare."
        )
    told = (
        "The two label files have nothing in common that both looked for. The first has the "
        f"behaviours {list(first.behaviours)} of {listed_pairs(first.pairs)}, the second "
        f"{list(second.behaviours)} of {listed_pairs(second.pairs)}."
    )
    told += "".join(f" {each}" for each in _spelled_alike(first, second))
    told += _left_open(first, second)
    shared = {*first.pairs} & {*second.pairs} or not (first.pairs and second.pairs)
    if not shared:
        told += _who_is_who(first, second)
    if first.behaviours and second.behaviours and not {*first.behaviours} & {*second.behaviours}:
        told += f" {_OTHER_NAMES}"
    if shared and (first.only_seen or second.only_seen):
        told += " If both looked for the same, say so: --same-behaviours (same_behaviours)."
    return told


def _who_is_who(first: Labels, second: Labels) -> str:
    """Sentences on what to do about pairs of which the two have none in common."""
    mine, theirs = ([name for pair in each.pairs for name in pair] for each in (first, second))
    left = [name for name in mine if name not in (*theirs, *NOBODY)]
    unknown = [name for name in theirs if name not in (*mine, *NOBODY)]
    told = ""
    if left and unknown:
        told = (
            " If the same animals have other names, say who is who, for example --individuals "
            f"'{unknown[0]}={left[0]}' (Labels.rename_individuals)."
        )
    return (
        f"{told} If the labels describe the pair, whoever acts: --undirected "
        "(LabelOptions.directed)."
    )


def names_apart(first: Labels, second: Labels) -> list[str]:
    """Sentences on behaviours that are perhaps one, by another name of each annotator.

    Args:
        first: labels of one annotator, with the names that they have of their own.
        second: of the other.
    """
    mine, theirs = {*first.behaviours}, {*second.behaviours}
    alike = _spelled_alike(first, second)
    if alike or mine <= theirs or theirs <= mine:
        return alike
    only = [", ".join(sorted(names)) for names in (mine - theirs, theirs - mine)]
    return [f"Only the first names {only[0]}, and only the second {only[1]}. {_OTHER_NAMES}"]


def _spelled_alike(first: Labels, second: Labels) -> list[str]:
    """Sentences on names of one that the other spells in another way, if there are any."""
    told, alike = [], []
    kinds = [
        ("behaviours", first.behaviours, second.behaviours),
        ("individuals", _animals(first), _animals(second)),
    ]
    for option, mine, theirs in kinds:
        apart = [
            (one, other)
            for one in mine
            for other in theirs
            if one not in theirs and other not in mine
        ]
        alike += [f"{one!r} and {other!r}" for one, other in apart if _plain(one) == _plain(other)]
        if option == "behaviours":
            told += [
                f"{one!r} and {other!r} are spelled nearly alike. If they are one: --behaviours "
                f"'{other}={one}'."
                for one, other in apart
                if nearly_alike(one, other)
            ]
    if alike:
        told.append(
            f"{', '.join(alike)} differ only in case or blanks: write them alike in both files."
        )
    return told


def _left_open(first: Labels, second: Labels) -> str:
    """A sentence on each target that one does not name and that may be several of the other."""
    return "".join(
        f" The {who} does not name {unsaid(pair)}, which may be {listed_pairs(others)}: name it "
        "there."
        for who, mine, theirs in (("first", first, second), ("second", second, first))
        for pair, others in may_mean(mine, theirs).items()
        if len(others) > 1
    )


def _animals(labels: Labels) -> list[str]:
    return sorted({name for pair in labels.pairs for name in pair})


def _plain(name: str) -> str:
    """A name without case and blanks."""
    return "".join(name.split()).casefold()


def check_rates(named: Sequence[tuple[str, Labels]]) -> None:
    """Refuse labels whose frames are of different rates.

    Args:
        named: labels, and what they are called in the message.

    Raises:
        InputError: two differ.
    """
    rates = {name: labels.fps for name, labels in named if labels.fps is not None}
    if rates and not same_rate(max(rates.values()), min(rates.values())):
        told = ", ".join(f"{name} says {fps:g}" for name, fps in rates.items())
        raise InputError(
            f"The same frame rate was expected in all label files, and {told} frames a second. "
            "Give that of the recording, --fps: labels in seconds follow it, and frames are taken "
            "as they stand."
        )


def not_compared(first: Labels, second: Labels) -> list[str]:
    """Sentences on what only one of the two looked for, or at."""
    notes = []
    for who, mine, theirs in (("first", first, second), ("second", second, first)):
        alone = sorted(set(mine.behaviours) - set(theirs.behaviours))
        if alone:
            notes.append(f"Only the {who} annotator looked for {', '.join(alone)}: not compared.")
            if theirs.only_seen:
                notes[-1] += (
                    " The other file names only what was seen; --same-behaviours (same_behaviours) "
                    "compares these too."
                )
        pairs = [pair for pair in mine.pairs if pair not in theirs.pairs]
        if pairs:
            notes.append(f"Only the {who} annotator looked at {listed_pairs(pairs)}: not compared.")
    return notes
