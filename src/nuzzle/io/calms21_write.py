"""Writing recordings in the layout of CalMS21's JSON files, one in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from nuzzle.errors import InputError
from nuzzle.files import atomic_path
from nuzzle.io.calms21_metadata import BACKGROUND, differences
from nuzzle.labels import Labels, Pair
from nuzzle.recording import Recording
from nuzzle.skeleton import MOUSE7_KEYPOINTS

#: Frames that are turned into text at once.
_CHUNK = 8192


def write_calms21(
    recordings: Iterable[Recording],
    path: str | Path,
    *,
    group: str = "annotator-id_0",
    vocabulary: Mapping[str, int] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write recordings as one CalMS21 JSON file; `iter_recordings` reads back the same.

    The sequence is named like the recording. The first individual is the resident, the second
    the intruder. Recordings without labels get no ``annotations``. What differs from CalMS21's
    30 frames/s, scale and background is said in the metadata, and so is that a recording was
    simulated (its `lab` begins with "simulated", or its `source` is "simulated"). A missing point
    is ``null``.

    Args:
        recordings: of two mice with the keypoints of `MOUSE7_KEYPOINTS`, in px.
        path: file to write.
        group: the outer key.
        vocabulary: behaviour -> number; by default the recording's behaviours in alphabetical
            order and then its background.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: a recording cannot be expressed in this layout; nothing is written.
        OutputError: the file exists already or cannot be written.
    """
    return write_calms21_groups(
        {group: recordings}, path, vocabulary=vocabulary, overwrite=overwrite
    )


def write_calms21_groups(
    groups: Mapping[str, Iterable[Recording]],
    path: str | Path,
    *,
    vocabulary: Mapping[str, int] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write several groups, as CalMS21's tasks 2 (annotators) and 3 (behaviours) have them.

    Args:
        groups: outer key -> recordings.
        path: file to write.
        vocabulary: behaviour -> number; see `write_calms21`.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: a recording cannot be expressed in this layout; nothing is written.
        OutputError: the file exists already or cannot be written.
    """
    with atomic_path(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        file.write(b"{")
        for number, (group, recordings) in enumerate(groups.items()):
            file.write((b", " if number else b"") + orjson.dumps(group) + b": {")
            _write_group(file, recordings, vocabulary, path)
            file.write(b"}")
        file.write(b"}")
    return Path(path)


def _write_group(
    file: IO[bytes],
    recordings: Iterable[Recording],
    vocabulary: Mapping[str, int] | None,
    path: str | Path,
) -> None:
    names: set[str] = set()
    for recording in recordings:
        if recording.name in names:
            raise InputError(f"Two recordings are named {recording.name!r}; names are unique.")
        file.write((b", " if names else b"") + orjson.dumps(recording.name) + b": ")
        _write_sequence(file, recording, vocabulary)
        names.add(recording.name)
    if not names:
        raise InputError(f"There are no recordings to write to {path}.")


def _write_sequence(
    file: IO[bytes], recording: Recording, vocabulary: Mapping[str, int] | None
) -> None:
    if recording.unit != "px" or len(recording.individuals) != 2:
        raise InputError(
            f"recording {recording.name!r}: CalMS21's layout holds two mice in px; this has "
            f"{len(recording.individuals)} individual(s) in {recording.unit}."
        )
    missing = set(MOUSE7_KEYPOINTS) ^ set(recording.keypoints)
    if missing:
        raise InputError(
            f"recording {recording.name!r}: CalMS21's layout holds the keypoints "
            f"{list(MOUSE7_KEYPOINTS)}; this recording has {list(recording.keypoints)}."
        )
    order = [recording.keypoints.index(name) for name in MOUSE7_KEYPOINTS]
    metadata: dict[str, object] = {}
    arrays: dict[str, NDArray[Any]] = {
        "keypoints": recording.position[:, :, order].transpose(0, 3, 1, 2)
    }
    if not np.isnan(recording.confidence).all():
        arrays["scores"] = recording.confidence[:, order].transpose(0, 2, 1)
    labels = recording.labels
    if labels is not None:
        codes = dict(vocabulary) if vocabulary is not None else _vocabulary(labels)
        arrays["annotations"] = _annotations(recording, labels, codes)
        metadata["vocab"] = codes
        if labels.background not in (None, BACKGROUND):
            metadata["background"] = labels.background
    metadata.update(differences(recording))
    file.write(b"{")
    for key, array in arrays.items():
        file.write(orjson.dumps(key) + b": [")
        for part in _array_text(array):
            file.write(part)
        file.write(b"], ")
    file.write(b'"metadata": ' + orjson.dumps(metadata) + b"}")


def _array_text(array: NDArray[Any]) -> Iterator[bytes]:
    """The frames of an array as JSON, without the outer brackets."""
    for start in range(0, len(array), _CHUNK):
        chunk = np.ascontiguousarray(array[start : start + _CHUNK])
        text = orjson.dumps(chunk, option=orjson.OPT_SERIALIZE_NUMPY)
        yield (b"," if start else b"") + text[1:-1]


def _vocabulary(labels: Labels) -> dict[str, int]:
    names = [*labels.behaviours, *([labels.background] if labels.background else [])]
    return {name: code for code, name in enumerate(names)}


def _annotations(
    recording: Recording, labels: Labels, codes: Mapping[str, int]
) -> NDArray[np.int64]:
    """One number a frame.

    Raises:
        InputError: the labels overlap, have gaps, or are not of the resident towards the intruder.
    """
    pair = Pair(*recording.individuals)
    problem = ""
    others = [str(each) for each in labels.pairs if each != pair]
    unknown = sorted({*labels.behaviours, *filter(None, [labels.background])} - set(codes))
    active, observed, names = labels.frames(pair)
    idle = np.flatnonzero(~active.any(axis=1))
    if others or not labels.directed:
        problem = f"only labels of {pair} can be written; it has {others or 'undirected ones'}"
    elif unknown:
        problem = f"the vocabulary {dict(codes)} lacks {unknown}"
    elif (active.sum(axis=1) > 1).any():
        problem = "its behaviours overlap; this layout holds one a frame"
    elif not observed.all():
        problem = "some frames were not observed; this layout cannot say that"
    elif labels.background is None and len(idle):
        problem = f"frame {idle[0]} has no behaviour, and there is no background class"
    if problem:
        raise InputError(f"recording {recording.name!r}: {problem}.")
    background = codes[labels.background] if labels.background else -1
    annotations = np.full(recording.n_frames, background, dtype=np.int64)
    for column, name in enumerate(names):
        annotations[active[:, column]] = codes[name]
    return annotations
