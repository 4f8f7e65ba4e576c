"""From a manifest to recordings: the road that training, evaluation and prediction share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from nuzzle.cells import composed
from nuzzle.errors import (
    FormatError,
    InputError,
    ManifestError,
    StreamError,
    ValidationError,
    count,
)
from nuzzle.files import existing_file
from nuzzle.io.cast import Cast, NoTargetError
from nuzzle.io.formats import LABEL_FORMATS, POSE_FORMATS
from nuzzle.io.hdf5 import is_hdf5, open_hdf5
from nuzzle.io.label_assembly import noting_unobserved, without_direction
from nuzzle.io.looked_for import own_apart, own_names, refuse_own, with_looked_for
from nuzzle.io.quiet_end import quiet_end
from nuzzle.io.registry import LabelFormat, LabelOptions, PoseFormat, PoseOptions, find_format
from nuzzle.labels import Labels, Pair, bout_table, span_table
from nuzzle.manifest import Entry, Manifest
from nuzzle.recording import Recording
from nuzzle.skeleton import canonical_mapping


def pose_format(path: str | Path, name: str = "") -> PoseFormat:
    """The format of a pose file: the one named, or the one that it looks like.

    Raises:
        InputError: the file is missing or empty, or no such format is known.
        FormatError: the file is damaged, or looks like none of them.
    """
    path = existing_file(path, "pose file")
    if is_hdf5(path):
        with open_hdf5(path):  # one that was cut short looks like nothing: say so instead
            pass
    try:
        return find_format(path, POSE_FORMATS, name)
    except FormatError as error:
        if path.suffix.lower() != ".npy":
            raise
        raise FormatError(
            path,
            "is a bare array: it says neither whose points these are nor which keypoints.",
            mend="Export csv, h5, slp or nwb from the tracker.",
        ) from error


def label_format(path: str | Path, name: str = "") -> LabelFormat:
    """The format of a label file: the one named, or the one that it looks like.

    Raises:
        InputError: the file is missing or empty, or no such format is known.
        FormatError: the file looks like none of them, or nearly like one.
    """
    return find_format(existing_file(path, "label file"), LABEL_FORMATS, name)


def label_items(path: str | Path) -> list[str]:
    """Names of the recordings in a label file that holds several; empty where it cannot be read."""
    try:
        found = label_format(path).items
        return [] if found is None else [*found(Path(path))]
    except InputError:
        return []  # reading it will say what is wrong


def read_poses(path: str | Path, options: PoseOptions | None = None, format: str = "") -> Recording:
    """Read a pose file as it is: names, missing points and units are the file's.

    However the file stores the letters of its names, each is one character.

    Args:
        path: of any format in `nuzzle.io.formats.POSE_FORMATS`.
        options: what the file does not say.
        format: name of the reader, where the file does not show it.

    Raises:
        InputError: the file cannot be read; the message says why, and what to do.
    """
    recording = pose_format(path, format).read(Path(path), options or PoseOptions())
    both = _decomposed(recording.keypoints), _decomposed(recording.individuals)
    return recording.rename(*both)


def _decomposed(names: Iterable[str]) -> dict[str, str]:
    """Those of the names in which a letter is several characters, and what they are in one."""
    return {name: composed(name) for name in names if name != composed(name)}


def read_labels(path: str | Path, options: LabelOptions | None = None, format: str = "") -> Labels:
    """Read a label file.

    Args:
        path: of any format in `nuzzle.io.formats.LABEL_FORMATS`.
        options: what the file does not say.
        format: name of the reader, where the file does not show it.

    Raises:
        InputError: the file cannot be read; the message says why, and what to do.
    """
    return label_format(path, format).read(Path(path), options or LabelOptions())


def load_entry(entry: Entry, auxiliary: Entry | None = None) -> Recording:
    """Read what a manifest row describes: poses, labels, names, frame rate, the frames to use.

    Keypoints get the names of the shared vocabulary (``leftear`` becomes ``ear_left``) where the
    row does not name them otherwise. Labels are cut to the poses; `Labels.notes` says how much.
    Who is who is told by the rule of `Entry.individuals`.

    Args:
        entry: the row.
        auxiliary: a row of the same recording, whose labels become `Recording.auxiliary`; poses
            and frames are those of `entry`. Where its label file lacks the stream that it names,
            nothing was observed, and `Labels.notes` says so.

    Raises:
        ManifestError: names the recording, and what is wrong with its files or its row.
    """
    try:
        return _noting_doubts(_used(entry, _load(entry, auxiliary)))
    except InputError as error:
        if isinstance(error, ManifestError):
            raise
        name = f"recording {entry.recording!r}"
        if isinstance(error, ValidationError) and error.subject.startswith(name):
            raise ManifestError(error.subject, error.problems) from error
        raise ManifestError(name, [str(error)]) from error


def load_manifest(
    manifest: Manifest, auxiliary: Mapping[str, Entry] | None = None
) -> Iterator[Recording]:
    """Read the recordings of a manifest, in its order, one in memory at a time.

    A file that holds many sequences is indexed once; then only what a row names is parsed.

    Args:
        manifest: the rows.
        auxiliary: by name of a recording, the row of its auxiliary labels.

    Raises:
        ManifestError: names the recording, and what is wrong with its files or its row.
    """
    for entry in manifest:
        yield load_entry(entry, (auxiliary or {}).get(entry.recording))


def _load(entry: Entry, auxiliary: Entry | None) -> Recording:
    recording = named_as_in(entry, poses_of_row(entry))
    if entry.labels is not None:
        recording = replace(recording, labels=_labels(entry.labels, entry, recording))
    if auxiliary is not None and auxiliary.labels is not None:
        beside = _auxiliary(auxiliary.labels, auxiliary, recording)
        recording = replace(recording, auxiliary=beside)
    return recording


def poses_of_row(entry: Entry) -> Recording:
    """The whole pose file of a row, or its sequence there, by the file's own names.

    Raises:
        InputError: it cannot be read.
    """
    options = PoseOptions(name=entry.recording, item=entry.item, fps=entry.fps)
    return read_poses(entry.poses, options, entry.pose_format)


def named_as_in(entry: Entry, recording: Recording) -> Recording:
    """Poses by the names, and with the scale, lab and group, that a row gives them.

    Raises:
        InputError: the names do not fit.
    """
    renamed = {old: new for old, new in entry.individuals.items() if old in recording.individuals}
    means = {old: new for old, new in entry.keypoints.items() if "+" in old}
    for others, new in means.items():
        recording = recording.with_mean_keypoint(new, [name.strip() for name in others.split("+")])
    keypoints = {old: new for old, new in entry.keypoints.items() if old not in means}
    recording = recording.rename(keypoints, renamed)
    recording = recording.rename(_shared_names(recording, entry))
    recording = replace(
        recording,
        px_per_cm=recording.px_per_cm if entry.px_per_cm is None else entry.px_per_cm,
        lab=entry.lab or recording.lab,
        group=entry.group or recording.group,
    )
    _check_individuals(entry, recording)
    return recording


def _used(entry: Entry, recording: Recording) -> Recording:
    """The frames of a recording that a row names."""
    if entry.start_frame is None and entry.stop_frame is None:
        return recording
    start = entry.start_frame or 0
    stop = recording.n_frames if entry.stop_frame is None else entry.stop_frame
    if start >= recording.n_frames:
        raise InputError(
            f"start_frame is {start}, and {entry.poses} has {recording.n_frames} frames."
        )
    if stop > recording.n_frames and recording.labels is not None:
        note = (
            f"stop_frame is {stop:,}, and the poses have {recording.n_frames:,} frames: all up to "
            "the last are used"
        )
        recording = _noting(recording, recording.labels, note)
    return recording.slice(start, min(stop, recording.n_frames))


def _noting_doubts(recording: Recording) -> Recording:
    labels = recording.labels
    if labels is None:
        return recording
    quiet = quiet_end(labels, recording.start_frame)
    return _noting(recording, labels, *_of_unseen(recording, labels), *([quiet] if quiet else []))


def _of_unseen(recording: Recording, labels: Labels) -> Iterator[str]:
    """A note on each animal that labels name and the tracker never found."""
    bouts, seen = labels.bouts, recording.seen
    for name in dict.fromkeys(name for pair in labels.pairs for name in pair):
        if name not in seen:
            named = int(((bouts["agent"] == name) | (bouts["target"] == name)).sum())
            yield (
                f"labels name {name!r} ({count(named, 'bout')}), which has no point in any frame: "
                "if it is another animal of the poses, say so in the manifest's column individuals"
            )


def _noting(recording: Recording, labels: Labels, *notes: str) -> Recording:
    return replace(recording, labels=replace(labels, notes=(*labels.notes, *notes)))


def _shared_names(recording: Recording, entry: Entry) -> dict[str, str]:
    """Keypoints to rename to the shared vocabulary; what the row names stays as it says."""
    chosen = set(entry.keypoints.values())
    return {
        old: new
        for old, new in canonical_mapping(recording.keypoints).items()
        if old not in chosen and new not in chosen
    }


def _check_individuals(entry: Entry, recording: Recording) -> None:
    """Refuse names that are in no poses; but one column may serve recordings of fewer animals.

    Whether the labels use the names of those that are not there is seen where they are read.
    """
    named = {*entry.individuals.values()}
    absent = named - {*recording.individuals}
    if len(absent) > max(0, len(named) - len(recording.individuals)):
        unknown = [f"{old}={new}" for old, new in entry.individuals.items() if new in absent]
        raise InputError(
            f"the column individuals says {'; '.join(unknown)}, and the poses have "
            f"{list(recording.individuals)}. The right-hand side is a name in the poses, or the "
            "new name of one."
        )


def label_options(
    entry: Entry, individuals: tuple[str, ...], fps: float | None, n_frames: int | None = None
) -> LabelOptions:
    """What a row says of its label file, which the file may not say itself.

    Args:
        entry: the row.
        individuals: the animals of its poses.
        fps: of its poses.
        n_frames: of its poses, where the labels are to be cut to them.
    """
    return LabelOptions(
        n_frames=n_frames,
        fps=fps,
        individuals=individuals,
        agent=entry.individuals.get(entry.agent, entry.agent),
        target=entry.individuals.get(entry.target, entry.target),
        directed=entry.directed,
        stream=entry.stream,
        background=entry.background,
        not_observed=entry.not_observed,
        item=_item(entry),
        rename_individuals=entry.individuals,
        own=own_names(entry.looked_for, entry.behaviours),
    )


def _item(entry: Entry) -> str:
    """Which recording of its label file a row means, however either stores the letters."""
    if entry.labels is None or entry.item.isascii():
        return entry.item
    names = label_items(entry.labels)
    alike = [name for name in names if composed(name) == composed(entry.item)]
    return entry.item if entry.item in names or len(alike) != 1 else alike[0]


def labels_of_row(entry: Entry, options: LabelOptions) -> Labels:
    """The labels of a row that has some, of the pairs and by the names that it says.

    Raises:
        InputError: the file cannot be read so; the message says why.
    """
    path, animals = Path(entry.labels or ""), options.individuals
    try:
        labels = read_labels(path, options, entry.label_format)
    except NoTargetError as error:
        raise _of_all_behaviours(error, entry, options) from None
    labels = own_apart(_with_composed_names(labels), entry.behaviours)
    if not (entry.directed and labels.directed):
        refuse_own(entry.looked_for, entry.behaviours, len(animals))
        labels = without_direction(path, labels, animals)
    if not entry.behaviours:
        return labels
    every = {*labels.behaviours, *labels.bouts["behaviour"], labels.background or ""}
    named = tuple(sorted(every - {""}))
    renamed = labels.rename_behaviours(entry.behaviours)
    return replace(renamed, renaming=entry.behaviours, named=named)


def _with_composed_names(labels: Labels) -> Labels:
    """The labels with one character for each letter of their names, as poses have them."""
    tables = labels.bouts, labels.observed
    animals = _decomposed(
        name for table in tables for who in Pair._fields for name in {*table[who]}
    )
    behaviours = _decomposed({*labels.behaviours, *labels.bouts["behaviour"]})
    labels = labels.rename_individuals(animals)
    return labels.rename_behaviours(behaviours) if behaviours else labels


def _of_all_behaviours(error: NoTargetError, entry: Entry, options: LabelOptions) -> NoTargetError:
    """The error of all behaviours of a label file that lack a target, as far as they can be read.

    Readers stop at the first: what comes after it is found by reading on as if that one were
    directed at oneself.
    """
    found = [error]
    while error.behaviours:
        own = {*options.own, *(name for each in found for name in each.behaviours)}
        try:
            asked = replace(options, own=tuple(own), directed=True)
            read_labels(error.path, asked, entry.label_format)
        except NoTargetError as another:
            if not own.isdisjoint(another.behaviours):
                break
            error = another
            found.append(error)
        except InputError:
            break
        else:
            break
    return Cast(error.path, options).no_target(found) if len(found) > 1 else found[0]


def _labels(path: Path, entry: Entry, recording: Recording) -> Labels:
    options = label_options(entry, recording.individuals, recording.fps, recording.n_frames)
    labels = labels_of_row(entry, options)
    if entry.looked_for:
        looked = with_looked_for(labels, entry.looked_for, Cast(path, options).watched)
        labels = noting_unobserved(looked)
    if entry.label_delay_s:
        labels = _without_delay(labels, entry.label_delay_s, recording.require_fps())
    return labels


def _without_delay(labels: Labels, delay_s: float, fps: float) -> Labels:
    """Labels moved to where they would be if they came without delay."""
    where = "earlier" if delay_s > 0 else "later"
    note = f"they were moved {abs(delay_s):g} s {where}, as label_delay_s says"
    return replace(labels.moved(-round(delay_s * fps)), notes=(*labels.notes, note))


def _auxiliary(path: Path, entry: Entry, recording: Recording) -> Labels:
    try:
        return _labels(path, entry, recording)
    except StreamError as error:
        note = f"it has no auxiliary labels: {error}"
        return Labels(
            bout_table([]),
            span_table([]),
            recording.n_frames,
            directed=entry.directed,
            notes=(note,),
        )
