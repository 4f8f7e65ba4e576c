"""What a new manifest already shows to be missing, before anything is trained on it."""

from __future__ import annotations

from collections.abc import Mapping

from nuzzle.errors import InputError, listed, sentence, together
from nuzzle.io.bouts_csv import FOUND_BY_MODEL
from nuzzle.io.label_assembly import WHO_ACTS
from nuzzle.io.label_text import OTHER_RATE
from nuzzle.io.load import label_options, labels_of_row, load_entry
from nuzzle.io.pose_facts import KnownPoses
from nuzzle.labels import Labels
from nuzzle.manifest import Manifest
from nuzzle.recording import Recording

#: How notes begin that are looked for in all recordings.
_OF_ALL = (WHO_ACTS, OTHER_RATE, FOUND_BY_MODEL)


def first_look(manifest: Manifest, said: Mapping[str, Labels] | None = None) -> tuple[str, ...]:
    """What its first recording already shows to be missing; empty where all is well.

    One recording is read, so that a forgotten option is noticed now and not in training. What is
    said of single recordings is left to `of_all`, where their labels were read.

    Args:
        manifest: the rows.
        said: by recording, what its label file says, where it was read.
    """
    entry = next((each for each in manifest if each.labels is not None), manifest.entries[0])
    try:
        recording = load_entry(entry)
    except InputError as error:
        return (f"The first recording cannot be used yet. {error}",)
    found = []
    if recording.fps is None:
        rates = {name: labels.fps for name, labels in (said or {}).items() if labels.fps}
        found.append(_no_rate(entry.poses.name, recording, rates))
    if recording.px_per_cm is None and recording.unit == "px":
        found.append(
            "No scale is known, so models measure in body lengths, and cnn_lstm in pixels. If you "
            "know it: --px-per-cm 18.3."
        )
    left = _OF_ALL if said is not None else ()
    notes = [note for note in recording.all_notes if not note.startswith(left)]
    return (*found, *(f"{entry.recording}: {sentence(note)}" for note in notes))


def _no_rate(file: str, recording: Recording, rates: Mapping[str, float]) -> str:
    """A note on poses that do not say their frame rate, with what label files say of it.

    Args:
        file: of the poses.
        recording: which has them.
        rates: by recording, what its label file says.
    """
    known = recording.labels.fps if recording.labels is not None else None
    told = f"The frame rate is unknown: {file} does not say."
    alike: dict[str, list[str]] = {}
    for name, rate in rates.items():
        alike.setdefault(f"{round(rate, 2):g}", []).append(name)
    if len(alike) > 1:
        most_first = sorted(alike, key=lambda rate: -len(alike[rate]))
        differing = "; ".join(f"{rate} in {listed(alike[rate])}" for rate in most_first)
        return (
            f"{told} Label files say that it differs: {differing}. Where that is the video's, fill "
            "the column fps of the manifest so; --fps would give all recordings one."
        )
    if known is None:
        return f"{told} Give it: --fps RATE."
    return f"{told} Its label file says {known:g}: if that is the video's, --fps {known:g}."


def of_all(manifest: Manifest, said: Mapping[str, Labels], known: KnownPoses) -> tuple[str, ...]:
    """Notes on recordings whose labels leave open who acts, say another rate, or are a model's.

    Those alike are in one. Only the poses of these recordings are asked for, as their animals may
    stand in any order, and they may know their rate.

    Args:
        manifest: the rows.
        said: by recording, what its label file says if the animals are those of another.
        known: of the poses.
    """
    notes = []
    for entry in manifest:
        labels = said.get(entry.recording)
        if labels is None or not any(note.startswith(_OF_ALL) for note in labels.notes):
            continue
        try:
            poses = known(entry)
            options = label_options(entry, poses.individuals, poses.fps, poses.n_frames)
            own = labels_of_row(entry, options)
        except InputError:  # reading it for another purpose will say what is wrong
            continue
        if not own.of_others("labels", poses.individuals):
            notes += [(entry.recording, note) for note in own.notes if note.startswith(_OF_ALL)]
    return tuple(map(sentence, together(notes)))
