"""What is said, and what is refused, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nuzzle.config import Config
from nuzzle.copies import Seen
from nuzzle.errors import (
    CompatibilityError,
    InputError,
    LeakageError,
    TrainingError,
    count,
    listed,
    together,
)
from nuzzle.evaluation.figures import percent
from nuzzle.features.frontend import Frontend
from nuzzle.io import behaviour_names, looked_for
from nuzzle.io.load import load_manifest
from nuzzle.io.quiet_end import quiet_after
from nuzzle.labels import frames_inside
from nuzzle.manifest import Entry, Manifest
from nuzzle.progress import Say
from nuzzle.recording import Recording
from nuzzle.training.labs import refuse_contradictions, warn_of_differences
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.auxiliary import check_auxiliary
from nuzzle.workflow.unused import warn_of_unused


def read(
    what: str, manifest: Manifest, auxiliary: Mapping[str, Entry], say: Say
) -> list[Recording]:
    """The recordings of a manifest, with what there is to say of them.

    Args:
        what: the part of the recordings that this is, in words.
        manifest: their rows.
        auxiliary: by name of a recording, the row of its auxiliary labels.
        say: is told.

    Raises:
        ManifestError: names the recording, and what is wrong with its files or its row.
        LeakageError: rows with the same frames name different groups.
        TrainingError: auxiliary rows of these recordings say nothing.
    """
    recordings = list(load_manifest(manifest.with_groups(), auxiliary))
    recordings = with_copies_joined(recordings, say)
    say_recordings(what, recordings, say)
    check_auxiliary(recordings, {e.recording: e for e in manifest if e.recording in auxiliary})
    return recordings


def labelled(recordings: Iterable[Recording]) -> list[Recording]:
    """Those that have labels, or auxiliary ones alone, from which networks learn as well."""
    return [each for each in recordings if each.labels is not None or _beside(each)]


def read_labelled(
    what: str, manifest: Manifest, auxiliary: Mapping[str, Entry], say: Say
) -> list[Recording]:
    """As `read`, of those with labels; what labs and files disagree about is said, too."""
    recordings = labelled(read(what, manifest, auxiliary, say))
    warn_of_names(recordings, say)
    return recordings


def warn_of_names(recordings: Sequence[Recording], say: Say) -> None:
    """Say where one name seems to be two behaviours, or two names are one."""
    warn_of_differences(recordings, say)
    files = [(each.name, each.labels) for each in recordings if each.labels is not None]
    for sentence in behaviour_names.slips(files):
        say(f"warning: {sentence}")


def _beside(recording: Recording) -> bool:
    """Whether anything was looked for in its auxiliary labels."""
    return recording.auxiliary is not None and len(recording.auxiliary.observed) > 0


def say_recordings(what: str, recordings: Sequence[Recording], say: Say) -> None:
    """Say what was read: how much, what readers noted, and what nobody looked at."""
    for told in together((each.name, note) for each in recordings for note in each.all_notes):
        say(told)
    frames = sum(each.n_frames for each in recordings)
    say(f"{what}: {count(len(recordings), 'recording')}, {count(frames, 'frame')}")
    bare = [each for each in recordings if each.labels is None]
    if beside := [each.name for each in bare if _beside(each)]:
        say(f"{what}: of {listed(beside)} there are only auxiliary labels, which networks learn")
    if useless := [each.name for each in bare if not _beside(each)]:
        say(
            f"warning: {what} has {listed(useless)} without labels, which have no part in the "
            "training. Fill the manifest's column labels, or leave these rows out"
        )
    _warn_of_labs(recordings, say)
    _warn_of_not_said(recordings, say)
    _warn_of_slips(recordings, say)
    _warn_of_quiet_end(what, recordings, say)
    unseen = {
        each.name: each.n_frames - int(frames_inside(each.labels.observed, each.n_frames).sum())
        for each in recordings
        if each.labels is not None
    }
    if total := sum(unseen.values()):
        most = max(recordings, key=lambda each: unseen.get(each.name, 0))
        say(
            f"{what}: in {total:,} frames ({percent(total / frames)}) nobody looked for anything; "
            f"they are left out. Most of them are in {most.name}: {unseen[most.name]:,} of "
            f"{most.n_frames:,}"
        )


def with_copies_joined(recordings: Sequence[Recording], say: Say) -> list[Recording]:
    """The recordings; groups that hold the very same poses become one, which is said."""
    named = {each.name: each for each in recordings}
    group_of = {each.leak_group: each.leak_group for each in recordings}
    for names in Seen(recordings).together:
        alike = [named[name] for name in names]
        joined = {group_of[each.leak_group] for each in alike}
        if len(joined) > 1:
            say(
                f"warning: {listed(names)} have the very same poses, and "
                "count as one group. Leave the copies out"
            )
            group_of |= {group: min(joined) for group, name in group_of.items() if name in joined}
    return [
        each
        if (group := group_of[each.leak_group]) == each.leak_group
        else replace(each, group=group)
        for each in recordings
    ]


def _warn_of_labs(recordings: Sequence[Recording], say: Say) -> None:
    """Say which labs are several because of their case alone."""
    alike: dict[str, set[str]] = {}
    for each in recordings:
        alike.setdefault(each.lab.casefold(), set()).add(each.lab)
    for names in alike.values():
        if len(names) > 1:
            say(
                f"warning: {' and '.join(map(repr, sorted(names)))} differ only in case, and count "
                f"as {len(names)} labs. If they are one, write it alike in the column lab"
            )


def _warn_of_not_said(recordings: Sequence[Recording], say: Say) -> None:
    """Say where a file names only what was seen, and others of its lab name more."""
    for lab in sorted({each.lab for each in recordings}):
        mine = [(each.name, each.labels) for each in recordings if each.lab == lab and each.labels]
        if missing := looked_for.not_said(mine):
            behaviours = sorted({name for names in missing.values() for name in names})
            say(looked_for.warning(listed([*missing]), behaviours))


def _warn_of_slips(recordings: Sequence[Recording], say: Say) -> None:
    """Say what was looked for, never seen, and spelled nearly as something that was."""
    every = [each.labels for each in recordings if each.labels is not None]
    seen = {name for labels in every for name in labels.bouts["behaviour"]}
    for sentence in looked_for.misspelled([labels.behaviours for labels in every], seen):
        say(f"warning: {sentence}")


def _warn_of_quiet_end(what: str, recordings: Sequence[Recording], say: Say) -> None:
    """Say where none of the recordings seems to have been scored to its end."""
    last = quiet_after(each.labels for each in recordings if each.labels is not None)
    if last is not None:
        say(
            f"warning: nothing is labelled after the first {percent(last)} of any recording of "
            f"{what}. If nobody scored the rest, put where the scoring ends into the manifest's "
            "column stop_frame: else it counts as a part in which nothing happened"
        )


def say_other_splits(manifest: Manifest, say: Say) -> None:
    """Say which rows take no part because their split has another name than the usual ones."""
    for split, number in manifest.splits.items():
        if split not in ("", "train", "val", "test"):
            say(f"left out: {count(number, 'recording')} of the split {split!r}, not train or val")


def fit_space(train: Sequence[Recording], config: Config) -> LabelSpace:
    """The behaviours of training recordings.

    Raises:
        TrainingError: as `LabelSpace.fit`; or a behaviour has no frame.
    """
    space = LabelSpace.fit(train, config.labels)
    if absent := space.absent(train):
        raise TrainingError(
            f"{', '.join(absent)} has no frame in train once overlapping labels are resolved, so "
            "it cannot be learned. Label some, put it first in labels.priority, or leave it out of "
            "labels.behaviours."
        )
    return space


def check_splits(
    recordings: dict[str, list[Recording]],
    space: LabelSpace,
    config: Config,
    say: Say,
    *,
    drawn: bool = False,
) -> dict[str, list[Recording]]:
    """Say what cannot be learned or judged; a training of hours shall not end with it.

    Args:
        recordings: `train` and `val`.
        space: the behaviours of `train`.
        config: of the training.
        say: is told.
        drawn: whether `val` was drawn for whoever asks, who cannot change it.

    Returns:
        Those with labels, and of `val` those that the model can be judged on.

    Raises:
        TrainingError: none of `val` can be judged; or the two contradict each other.
        InputError: one of `val` lacks what a member of an ensemble will need, or its labels mean
            something else.
    """
    train, val = recordings["train"], recordings["val"]
    _refuse_shared(train, val)
    _refuse_copies(train, val)
    _warn_of_parts(train, val, say)
    refuse_contradictions([*train, *val], config.labels.behaviours)
    warn_of_names([*train, *val], say)
    warn_of_unused(train, val, space, config, say)
    able = _able(val, space)
    for each in val:
        if each.labels is not None and not any(each is other for other in able):
            say(
                f"warning: {each.name} has no part in val: its labels are of "
                f"{[*each.labels.behaviours]}, and the model learns {[*space.behaviours]}. Rename "
                "them in the manifest's column behaviours (old=new)"
            )
    _warn_of_absent(train, able, space, config, say, drawn=drawn)
    # Of a single model this comes out before its first epoch; of members, after the last fold.
    if config.is_ensemble:
        for name, member in config.members().items():
            _check_readable(name, train, able, space, member)
    return {"train": labelled(train), "val": able}


def _able(val: Sequence[Recording], space: LabelSpace) -> list[Recording]:
    """Those that the model can be judged on.

    Raises:
        TrainingError: there is none.
        InputError: the labels of one mean something else.
    """
    able = []
    for each in val:
        if each.labels and set(each.labels.behaviours) & set(space.names):
            space.check_meaning(each.name, each.labels)
            able.append(each)
    if not able:
        found = sorted({name for each in val if each.labels for name in each.labels.behaviours})
        raise TrainingError(
            f"No recording of val can judge the model, which learns {[*space.behaviours]}: the "
            f"labels of val are of {found or 'nothing'}. Fill the manifest's column labels for "
            "val, or rename behaviours there in its column behaviours (old=new)."
        )
    return able


def _refuse_copies(train: Sequence[Recording], val: Sequence[Recording]) -> None:
    """Refuse the same poses on both sides, under whatever names."""
    learned = Seen(train)
    copies = {each.name: same for each in val if (same := learned.find(each)) is not None}
    if copies:
        raise LeakageError(
            f"The very same poses are in train and in val: {listed([*copies])} of val; the first "
            f"are those of {next(iter(copies.values()))} of train. Leave the copies out."
        )


def _refuse_shared(train: Sequence[Recording], val: Sequence[Recording]) -> None:
    """Refuse animals on both sides that only the pose files name.

    Parts of one video are left alone: whoever divided it knows.
    """
    inside: dict[str, list[Recording]] = {}
    for each in train:
        inside.setdefault(each.leak_group, []).append(each)
    shared = {
        each.name: same
        for each in val
        if (same := inside.get(each.leak_group))
        and not any(_of_one_video(each, one) for one in same)
    }
    if shared:
        same = next(iter(shared.values()))
        learned = listed([each.name for each in same])
        raise LeakageError(
            "The pose files name the same animals or sessions in train and val: "
            f"{listed([*shared])} of val and, for the first, {learned} of train are of "
            f"{same[0].leak_group!r}. Give all recordings of a group one split (the manifest's "
            "columns group and split): `nuzzle init` does, with --val-fraction 0.2."
        )


def _warn_of_parts(train: Sequence[Recording], val: Sequence[Recording], say: Say) -> None:
    """Say which recordings of val are of a video of which the model learns other frames."""
    parts = [each.name for each in val if any(_of_one_video(each, one) for one in train)]
    if parts:
        say(
            f"warning: {listed(parts)} of val and recordings of train are parts of one video each: "
            "the figures of val will not say how well the model does on new animals"
        )


def _of_one_video(one: Recording, other: Recording) -> bool:
    """Whether both are parts of one video."""
    return bool(one.whole) and one.whole == other.whole


def _warn_of_absent(
    train: Sequence[Recording],
    val: Sequence[Recording],
    space: LabelSpace,
    config: Config,
    say: Say,
    *,
    drawn: bool,
) -> None:
    """Say which behaviours stand on one side only, and who shows them."""
    shown = {name for each in val if each.labels for name in each.labels.bouts["behaviour"]}
    absent = space.absent(val)
    hidden = [space.hidden(each) for each in val] if absent else []
    covered = {name for each in hidden for name, (lost, _) in each.items() if lost}
    for name in absent:
        if drawn:
            say(f"warning: {name!r} has no frame in val as it was drawn: no figure on val is of it")
            continue
        if name in covered:
            say(
                f"warning: {name!r} has no frame in val that counts, as others go on in all of "
                "them: how well it is found cannot be judged. Put it earlier in labels.priority"
            )
            continue
        say(
            f"warning: {name!r} has no frame in val, so how well it is found cannot be judged. It "
            f"occurs in train, in {_showing(train, name)}: move one of these animals or sessions "
            "to val (the manifest's column split), if others stay"
        )
    for name in sorted(shown - set(space.names)) if not config.labels.behaviours else ():
        counts_as = f", and counts as {space.background!r} there" if space.exclusive else ""
        move = "Move one animal or session that shows it to train (the manifest's column split), or"
        say(
            f"warning: {name!r} has no frame in train, so the model will not know it; it occurs in "
            f"val, in {_showing(val, name)}{counts_as}. {'You can' if drawn else move} say what is "
            f"to be learned: --set 'labels.behaviours=[{', '.join(space.behaviours)}]'"
        )


def _check_readable(
    name: str,
    train: Sequence[Recording],
    val: Iterable[Recording],
    space: LabelSpace,
    config: Config,
) -> None:
    """Raises InputError where a member cannot read a recording of `val`."""
    try:
        plan = Frontend.plan(train, config, directed=space.directed)
        for recording in val:
            plan.prepare(recording)
    except (InputError, CompatibilityError) as error:
        raise InputError(f"Member {name!r} of the ensemble: {error}") from None


def _showing(recordings: Iterable[Recording], behaviour: str) -> str:
    shown = [
        each.name
        for each in recordings
        if each.labels is not None and (each.labels.bouts["behaviour"] == behaviour).any()
    ]
    return listed(shown)
