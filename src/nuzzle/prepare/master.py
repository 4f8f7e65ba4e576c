"""One skeleton for recordings of several labs: which keypoints, and what to do without some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from nuzzle.config import PrepareConfig
from nuzzle.errors import InputError, listed
from nuzzle.prepare.skeleton import SelectKeypoints
from nuzzle.recording import Recording
from nuzzle.skeleton import NOSE_CANDIDATES, TAIL_CANDIDATES, Skeleton


def choose_skeleton(recordings: Sequence[Recording], settings: PrepareConfig) -> Skeleton:
    """The skeleton that these training recordings are brought to.

    Args:
        recordings: to train on.
        settings: which keypoints, and whether a recording may lack some. Where none are named,
            those that all recordings share; where some may be lacking, `proposed_keypoints`.

    Raises:
        InputError: recordings lack keypoints and must not; too few are shared; or what a lab has
            does not tell which way an animal faces.
    """
    allowed = settings.missing_keypoints == "allow"
    names = settings.keypoints
    if not names:
        names = proposed_keypoints(recordings) if allowed else _shared(recordings)
    problems = []
    lacking = lacking_keypoints(recordings, names)
    if lacking and not allowed:
        problems.append(
            f"Some of the training recordings lack some of the keypoints {list(names)}:"
            f"{_listed(lacking, recordings)}\nIf they only have other names, rename them in the "
            "manifest's column keypoints (old=new). If they are not there, choose others "
            "(prepare.keypoints), or have them missing: --set prepare.missing_keypoints=allow."
        )
    try:
        skeleton = Skeleton.infer(
            names, nose=settings.nose, tail_base=settings.tail_base, centre=settings.centre
        )
    except InputError as error:
        raise InputError("\n".join([*problems, str(error)])) from error
    if problems:
        raise InputError(*problems)
    _check_heading(lacking, skeleton)
    return skeleton


def proposed_keypoints(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Keypoints that at least half of the labs have, with one for the nose and the tail base each.

    Recordings of a lab that differ share its vote. A recording without a lab counts as a lab of its
    own. The order is that of first appearance.
    """
    labs: dict[str, list[Recording]] = {}
    for recording in recordings:
        labs.setdefault(recording.lab or recording.name, []).append(recording)
    votes: defaultdict[str, float] = defaultdict(float)
    for mine in labs.values():
        for recording in mine:
            for name in recording.keypoints:
                votes[name] += 1 / len(mine)
    chosen = {name for name, vote in votes.items() if 2 * vote >= len(labs) - 1e-9}
    for candidates in (NOSE_CANDIDATES, TAIL_CANDIDATES):
        most = max(candidates, key=lambda name: votes[name])
        if not chosen & set(candidates) and votes[most]:
            chosen.add(most)
    order = dict.fromkeys(name for recording in recordings for name in recording.keypoints)
    return tuple(name for name in order if name in chosen)


def lacking_keypoints(
    recordings: Sequence[Recording], keypoints: Sequence[str]
) -> dict[str, list[str]]:
    """Which of the keypoints each lab lacks.

    Recordings without a lab, and those of a lab that differ, stand by themselves.
    """
    select = SelectKeypoints(tuple(keypoints))
    labs: dict[str, dict[str, tuple[str, ...]]] = {}
    for each in recordings:
        mine = labs.setdefault(each.lab or each.name, {})
        mine[each.name] = tuple(select.lacking(each.keypoints))
    found: dict[str, tuple[str, ...]] = {}
    for lab, mine in labs.items():
        first, *others = {*mine.values()}
        found |= mine if others else {lab: first}
    return {name: [*missing] for name, missing in found.items() if missing}


def differences(recordings: Sequence[Recording], keypoints: Sequence[str] = ()) -> str:
    """Which of the keypoints recordings do not share; '' if they share all.

    Args:
        recordings: to train on.
        keypoints: those that matter; all that any of them has by default.
    """
    every = dict.fromkeys(name for each in recordings for name in each.keypoints)
    lacking = lacking_keypoints(recordings, keypoints or [*every])
    if not lacking:
        return ""
    who = listed([f"{name} lacks {', '.join(missing)}" for name, missing in lacking.items()])
    return (
        f"the recordings differ in their keypoints: {who}. Learned from are those that all have, "
        "or as prepare.keypoints and prepare.missing_keypoints say. Where one only has another "
        "name, rename it in the manifest's column keypoints (old=new)"
    )


def _shared(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """The keypoints that all recordings have, in the first one's order.

    Raises:
        InputError: recordings differ so that fewer than half of the points are shared, or no nose
            or tail base, which others would have.
    """
    first = recordings[0]
    shared = [k for k in first.keypoints if all(k in other.keypoints for other in recordings)]
    most = max(len(recording.keypoints) for recording in recordings)
    proposed = proposed_keypoints(recordings)
    lost = any(
        set(proposed) & set(role) and not set(shared) & set(role)
        for role in (NOSE_CANDIDATES, TAIL_CANDIDATES)
    )
    if 2 * len(shared) < most or lost:
        raise InputError(
            f"The training recordings have different skeletons, of which they share {shared} only. "
            "Rename keypoints in the manifest's column keypoints (old=new;old=new), choose some "
            "with prepare.keypoints, or train on those that at least half of the labs have: --set "
            f"prepare.missing_keypoints=allow. They are {list(proposed)}, of which some lack"
            f"{_listed(lacking_keypoints(recordings, proposed), recordings)}"
        )
    return tuple(shared)


def _check_heading(lacking: dict[str, list[str]], skeleton: Skeleton) -> None:
    """Raises InputError where what a lab has does not show which way an animal faces."""
    blind = [name for name, missing in lacking.items() if not skeleton.shows_heading(missing)]
    if blind:
        raise InputError(
            f"Of the keypoints {list(skeleton.keypoints)}, {', '.join(blind)} has too few to tell "
            f"which way an animal faces. Two are needed of {skeleton.nose!r}, "
            f"{skeleton.tail_base!r} and any between them (prepare.centre). Choose others with "
            "prepare.keypoints."
        )


def _listed(lacking: dict[str, list[str]], recordings: Sequence[Recording]) -> str:
    """A line each: what it lacks, and what it has, for who knows that it is the same."""
    width = max((len(name) for name in lacking), default=0)
    has: dict[str, dict[str, None]] = {}
    for each in recordings:
        for name in {each.lab, each.name}:
            has.setdefault(name, {}).update(dict.fromkeys(each.keypoints))
    return "".join(
        f"\n  {name:{width}}  {', '.join(missing)} (it has {', '.join(has[name])})"
        for name, missing in sorted(lacking.items())
    )
