"""What a new manifest already shows to be missing, before anything is trained on it."""

from __future__ import annotations

from collections.abc import Mapping

from nuzzle.errors import InputError, sentence, together
from nuzzle.io.label_assembly import WHO_ACTS
from nuzzle.io.load import load_entry
from nuzzle.labels import Labels
from nuzzle.manifest import Manifest
from nuzzle.recording import Recording


def first_look(manifest: Manifest) -> tuple[str, ...]:
    """What its first recording already shows to be missing; empty where all is well.

    One recording is read, so that a forgotten option is noticed now and not in training. Who acts
    is left to `who_acts`, which looks at all.
    """
    entry = next((each for each in manifest if each.labels is not None), manifest.entries[0])
    try:
        recording = load_entry(entry)
    except InputError as error:
        return (f"The first recording cannot be used yet. {error}",)
    found = []
    if recording.fps is None:
        found.append(_no_rate(entry.poses.name, recording))
    if recording.px_per_cm is None and recording.unit == "px":
        found.append(
            "No scale is known, so models measure in body lengths, and cnn_lstm in pixels. If you "
            "know it: --px-per-cm 18.3."
        )
    notes = [note for note in recording.all_notes if not note.startswith(WHO_ACTS)]
    return (*found, *(f"{entry.recording}: {sentence(note)}" for note in notes))


def _no_rate(file: str, recording: Recording) -> str:
    """A note on poses that do not say their frame rate, with that of the labels for an example."""
    known = recording.labels.fps if recording.labels is not None else None
    told = f"The frame rate is unknown: {file} does not say."
    if known is None:
        return f"{told} Give it: --fps 30."
    return f"{told} Its label file says {known:g}: if that is the video's, --fps {known:g}."


def who_acts(manifest: Manifest, said: Mapping[str, Labels]) -> tuple[str, ...]:
    """Notes on recordings whose labels leave open who acts, with those alike in one.

    Poses are large: only those of these recordings are read, as their animals may stand in any
    order.

    Args:
        manifest: the rows.
        said: by recording, what its label file says if the animals are those of another.
    """
    notes = []
    for entry in manifest:
        labels = said.get(entry.recording)
        if labels is None or not any(note.startswith(WHO_ACTS) for note in labels.notes):
            continue
        try:
            own = load_entry(entry).all_notes
        except InputError:  # reading it for another purpose will say what is wrong
            continue
        notes += [(entry.recording, note) for note in own if note.startswith(WHO_ACTS)]
    return tuple(map(sentence, together(notes)))
