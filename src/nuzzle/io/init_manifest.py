"""First manifests: from files matched by name, or from a data set; and who is trained on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nuzzle.errors import InputError, ManifestError, StreamError, count, listed, sentence
from nuzzle.io.behaviour_names import slips
from nuzzle.io.calms21 import manifest_from_calms21
from nuzzle.io.common_values import common_values
from nuzzle.io.first_look import first_look, of_all
from nuzzle.io.load import (
    label_format,
    label_items,
    label_options,
    labels_of_row,
    pose_format,
)
from nuzzle.io.looked_for import as_before, not_said, shown, told_apart
from nuzzle.io.mabe import manifest_from_mabe, missing_files
from nuzzle.io.match import Match, expand, match_files, told_matches
from nuzzle.io.pose_facts import KnownPoses, PoseFacts
from nuzzle.io.registry import PoseFormat
from nuzzle.io.splits import (
    Assignment,
    Splitting,
    about_splits,
    complete_splits,
    in_no_row,
    read_assignments,
    row_called,
    rows_of,
)
from nuzzle.labels import Labels
from nuzzle.manifest import Entry, Manifest

#: By recording, the labels of its row, or why they cannot be read.
_Said = Mapping[str, Labels | InputError]


def init_manifest(
    *,
    poses: Sequence[str | Path] = (),
    labels: Sequence[str | Path] = (),
    mabe: str | Path | None = None,
    labs: Sequence[str] = (),
    calms21: Sequence[str | Path] = (),
    common: Mapping[str, Any] | None = None,
    allow_unlabelled: bool = False,
    splitting: Splitting | None = None,
) -> tuple[Manifest, tuple[str, ...]]:
    """A first manifest, and what should be known about it, a sentence each.

    Args:
        poses: patterns of pose files.
        labels: patterns of label files, matched with the poses by name.
        mabe: folder of the MABe 2025 data.
        labs: which of its labs; all by default.
        calms21: patterns of CalMS21 JSON files.
        common: values of `Entry`'s attributes that hold for every recording.
        allow_unlabelled: whether a pose file without labels is a recording too.
        splitting: who is trained on.

    Raises:
        InputError: the arguments contradict each other, or a file cannot be used.
    """
    if sum([bool(poses), mabe is not None, bool(calms21)]) != 1:
        raise InputError("Say where recordings come from: --poses, --mabe or --calms21, one only.")
    how, common, known = _how(splitting), common_values(common), KnownPoses()
    if poses:
        manifest = manifest_from_files(
            expand(poses, "pose file"),
            expand(labels, "label file"),
            common=common,
            assignments=read_assignments(how.table) if how.table is not None else (),
            allow_unlabelled=allow_unlabelled,
        )
    else:
        if labels or how.table is not None:
            raise InputError("--labels and --splits go with --poses; a data set brings its own.")
        manifest = _from_data_set(mabe, labs, calms21, common)
    manifest = how(manifest, known)
    manifest, said, notes = _complete_labels(manifest, known) if poses else (manifest, None, ())
    if not poses and how == Splitting(seed=how.seed):
        manifest, notes = complete_splits(manifest, how.seed)
    bare = _left_over(manifest) if mabe is None else missing_files(mabe, labs)
    about = (*about_splits(manifest, drawn=how.by_group), *first_look(manifest, said))
    return manifest, (*notes, *bare, *about)


def _how(splitting: Splitting | None) -> Splitting:
    if not isinstance(splitting, Splitting | None):
        raise InputError(
            "How to split is a Splitting, such as Splitting(val_fraction=0.2) of nuzzle.io.splits; "
            f"got {splitting!r}."
        )
    return splitting or Splitting()


def _from_data_set(
    mabe: str | Path | None,
    labs: Sequence[str],
    calms21: Sequence[str | Path],
    common: Mapping[str, Any],
) -> Manifest:
    if mabe is not None:
        manifest = manifest_from_mabe(mabe, labs=labs)
    else:
        manifest = manifest_from_calms21(expand(calms21, "CalMS21 file"))
    return Manifest(tuple(replace(entry, **common) for entry in manifest))


def manifest_from_files(
    poses: Sequence[Path],
    labels: Sequence[Path] = (),
    *,
    common: Mapping[str, Any] | None = None,
    assignments: Sequence[Assignment] = (),
    allow_unlabelled: bool = False,
) -> Manifest:
    """A manifest of pose files and the label files that belong to them.

    Args:
        poses: pose files.
        labels: label files, matched by name (`nuzzle.io.match`).
        common: values of `Entry`'s attributes that hold for every recording.
        assignments: names and splits (`read_assignments`). A row that names a pose and a label
            file also says that they belong together.
        allow_unlabelled: whether a pose file without labels is a recording too.

    Raises:
        ManifestError: lists every file that has no match, is of no known format, or has no split.
    """
    rows = {pose: next(iter(named), None) for pose, named in rows_of(poses, assignments).items()}
    told = {
        pose: label
        for label, named in rows_of(labels, assignments).items()
        for pose, row in rows.items()
        if row in named and label != pose
    }
    settled = {pose for pose in told if (row := rows[pose]) is not None and row.item}
    matches = _matches(
        poses, labels, told, settled, allow_unlabelled=allow_unlabelled or not labels
    )
    problems, entries, formats = [], [], []
    for pose in poses:
        match = matches[pose]
        row = rows[pose] or row_called(pose, match.recording, assignments)
        if assignments and row is None:
            problems.append(in_no_row(pose, match.recording, assignments))
        form, wrong = _format(match)
        problems += wrong
        formats.append(form)
        entries.append(_entry(match, row, common or {}))
    if problems:
        raise ManifestError("the files", problems)
    return Manifest(tuple(map(_with_group, entries, formats)))


def _matches(
    poses: Sequence[Path],
    labels: Sequence[Path],
    told: Mapping[Path, Path],
    settled: Collection[Path],
    *,
    allow_unlabelled: bool,
) -> dict[Path, Match]:
    """The match of each pose file.

    Args:
        poses: pose files.
        labels: label files.
        told: pose file -> label file, as people say.
        settled: those of `told` of which people say which recording of the label file, too; of
            others the names say it.
        allow_unlabelled: as of `match_files`.
    """
    items = {label: some for label in labels if len(some := label_items(label)) > 1}
    free = {label: items.get(label, ()) for label in labels if label not in set(told.values())}
    found = match_files(
        [pose for pose in poses if pose not in told],
        [*free],
        allow_unlabelled=allow_unlabelled,
        items={label: some for label, some in free.items() if some},
    )
    matches = {match.poses: match for match in (*found, *told_matches(told))}
    for label, some in items.items():
        mine = [pose for pose in poses if told.get(pose) == label and pose not in settled]
        inside = match_files(mine, [label], items={label: some}) if mine else ()
        matches |= {match.poses: match for match in inside}
    return matches


def _with_group(entry: Entry, form: PoseFormat | None) -> Entry:
    """The row with the animal or session that its pose file's tree names, if nobody named one."""
    group_of = form and form.group
    return replace(entry, group=group_of(entry.poses)) if group_of and not entry.group else entry


def _entry(match: Match, row: Assignment | None, common: Mapping[str, Any]) -> Entry:
    name = (row.recording if row else "") or match.recording
    item = (row.item if row else "") or match.item
    values = {**common, "split": row.split if row else "", "item": item}
    return Entry(recording=name, poses=match.poses, labels=match.labels, **values)


def _format(match: Match) -> tuple[PoseFormat | None, list[str]]:
    """The format of the poses, and what is wrong with the files."""
    form, problems = None, list[str]()
    try:
        form = pose_format(match.poses)
    except InputError as error:
        problems.append(str(error))
    try:
        if match.labels is not None:
            label_format(match.labels)
    except InputError as error:
        problems.append(str(error))
    return form, problems


def _left_over(manifest: Manifest) -> tuple[str, ...]:
    """Notes on recordings in a label file that holds several, which no row is for."""
    used: dict[Path, set[str]] = {}
    for entry in manifest:
        if entry.labels is not None and entry.item:
            used.setdefault(entry.labels, set()).add(entry.item)
    rest = {path: [n for n in label_items(path) if n not in some] for path, some in used.items()}
    return tuple(
        f"{path.name} has labels of {count(len(names), 'recording')} without poses, which are left "
        f"out: {listed(names)}."
        for path, names in rest.items()
        if names
    )


def _complete_labels(
    manifest: Manifest, known: KnownPoses
) -> tuple[Manifest, Mapping[str, Labels] | None, tuple[str, ...]]:
    """What the label files leave unsaid: streams that they lack, and what was looked for.

    Returns:
        The manifest; by recording, the labels that can be read; and notes.
    """
    labelled = [entry for entry in manifest if entry.labels is not None]
    first = _poses(labelled[0], known) if labelled else None
    if first is None:
        return manifest, None, ()
    said = {entry.recording: _read(entry, first, known) for entry in labelled}
    manifest, notes = leave_out_streamless(manifest, said)
    manifest, more = fill_looked_for(manifest, said)
    files = {name: labels for name, labels in said.items() if isinstance(labels, Labels)}
    found = [sentence(each[0].upper() + each[1:]) for each in slips([*files.items()])]
    return manifest, files, (*notes, *more, *found, *of_all(manifest, files, known))


def leave_out_streamless(manifest: Manifest, said: _Said) -> tuple[Manifest, tuple[str, ...]]:
    """The manifest without the label files that lack the stream that is asked for.

    Who codes only what there is to be seen leaves a stream away where it would be empty. Where no
    file has the stream, it is misspelt: all stay, and reading them says so.

    Args:
        manifest: the rows.
        said: what their label files say.

    Returns:
        The manifest, and a note if labels were left out.
    """
    labelled = [entry for entry in manifest if entry.labels is not None]
    lacking = {
        entry.recording: entry.stream
        for entry in labelled
        if isinstance(said[entry.recording], StreamError)
    }
    if not lacking or len(lacking) == len(labelled):
        return manifest, ()
    kept = [replace(each, labels=None) if each.recording in lacking else each for each in manifest]
    stream = next(iter(lacking.values()))
    note = (
        f"{len(lacking)} of {len(labelled)} label files lack the stream {stream!r}, so their "
        f"recordings are unlabelled in this manifest: {', '.join(lacking)}."
    )
    return Manifest(tuple(kept), manifest.path), (note,)


def fill_looked_for(manifest: Manifest, said: _Said) -> tuple[Manifest, tuple[str, ...]]:
    """The manifest with the column `looked_for` where label files name only what was seen.

    What any file of a lab names was looked for in each of its recordings, unless people correct it.

    Args:
        manifest: the rows.
        said: what their label files say. Where one cannot be read, nothing is filled.

    Returns:
        The manifest, and a note if there is something to correct.
    """
    files: dict[str, dict[str, Labels]] = {}
    unread: dict[str, InputError] = {}
    for entry in manifest:
        if entry.labels is not None and not entry.looked_for:
            labels = said[entry.recording]
            if isinstance(labels, InputError):
                unread[entry.recording] = labels
            else:
                files.setdefault(entry.lab, {})[entry.recording] = labels
    if unread:
        return manifest, (_unread_note(unread),) if files else ()
    missing: dict[str, tuple[str, ...]] = {}
    for labelled in files.values():
        for name, names in not_said(labelled.items()).items():
            fitting = told_apart(labelled[name], names)
            if fitting:
                missing[name] = as_before(fitting, shown(labelled[name]))
    if not missing:
        return manifest, ()
    more = sorted({name for names in missing.values() for name in names})
    filled = [replace(e, looked_for=missing.get(e.recording, e.looked_for)) for e in manifest]
    note = (
        f"{len(missing)} of {sum(map(len, files.values()))} label files name only what was seen, "
        f"and others name more ({listed(more, 12)}): that counts as looked for there, and absent. "
        f"Where nobody looked for it, correct the column looked_for ({listed([*missing])})."
    )
    return Manifest(tuple(filled), manifest.path), (note,)


def _unread_note(unread: Mapping[str, InputError]) -> str:
    """What follows from label files that cannot be read, where others can."""
    return (
        f"The labels of {listed([*unread])} cannot be read, so the column looked_for is not filled "
        "for any recording. If you mend the files, run init again; if you mend this manifest, fill "
        "its column looked_for yourself, since init writes a new one. "
        f"{next(iter(unread.values()))}"
    )


def _read(entry: Entry, first: PoseFacts, known: KnownPoses) -> Labels | InputError:
    """The labels of a row, or why they cannot be read, which is said when they are needed.

    Poses are large: the row's own are read only where labels are read if any animal is right.

    Args:
        entry: the row.
        first: poses whose animals and frame rate are those of most.
        known: of the poses.
    """
    said = _read_as_of(entry, first.individuals, first.fps)
    if isinstance(said, InputError) and isinstance(_read_as_of(entry, (), first.fps), Labels):
        own = _poses(entry, known)
        if own is not None and own.individuals != first.individuals:
            return _read_as_of(entry, own.individuals, own.fps)
    return said


def _read_as_of(
    entry: Entry, individuals: tuple[str, ...], fps: float | None
) -> Labels | InputError:
    options = label_options(entry, individuals, entry.fps or fps)
    try:
        return labels_of_row(entry, options)
    except InputError as error:
        return error


def _poses(entry: Entry, known: KnownPoses) -> PoseFacts | None:
    """What the poses of a row say, if they can be read as it says; why not is said later."""
    try:
        found = known(entry)
    except InputError:
        return None
    return found if found.individuals else None
