"""CalMS21: poses and labels of a resident and an intruder mouse, tasks 1 to 3 and unlabelled.

Sun et al. (2021), *The Multi-Agent Behavior Dataset: Mouse Dyadic Social Interactions*,
NeurIPS Datasets and Benchmarks. Seen from above at 30 Hz, 1024 x 570 px, about 18.3 px/cm. The
JSON files hold many sequences each; one is in memory at a time.

A sequence is named ``group/sequence``, for example
``annotator-id_0/task1/train/mouse001_task1_annotator1``: the group is an annotator (task 1 and
2), a behaviour (task 3) or ``unlabeled_videos``; the sequence says the task, the split, the
number of the video and who annotated it. The video's number (``mouse001``) is the recording's
`group`: annotators of one video, and behaviours of one video in task 3, never stand on two sides
of a split. The files name no animals, so several videos of one animal cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from nuzzle.errors import FormatError
from nuzzle.files import existing_file
from nuzzle.io import calms21_json as text
from nuzzle.io.calms21_metadata import BACKGROUND, INDIVIDUALS, about, short_name, short_names
from nuzzle.io.kept import parsed_once
from nuzzle.io.label_assembly import assemble
from nuzzle.io.registry import (
    LabelFormat,
    LabelOptions,
    PoseFormat,
    PoseOptions,
    choose,
    first_bytes,
)
from nuzzle.labels import Labels, Pair, rows_of_masks, span_row
from nuzzle.manifest import Entry, Manifest
from nuzzle.recording import Recording
from nuzzle.skeleton import MOUSE7_KEYPOINTS

_SHAPES = {"keypoints": (2, 2, 7), "scores": (2, 7), "annotations": ()}


def sequences(path: str | Path) -> Iterator[str]:
    """Names of the sequences in a file, in its order; nothing is parsed.

    Raises:
        FormatError: the file is not CalMS21's JSON, or it is cut off.
    """
    return (found.item for found in _index(path))


def read_sequence(path: str | Path, item: str = "", *, allow_pickle: bool = False) -> Recording:
    """Read one sequence, poses and labels; the others are not parsed.

    Args:
        path: JSON file, or its ``.npy`` flavour.
        item: ``group/sequence``; may be left out where the file holds only one.
        allow_pickle: whether an ``.npy`` file, which runs code when it is read, may be opened.

    Raises:
        FormatError: the file or the sequence is not what it should be.
        InputError: there is no such sequence, or several and none was named.
    """
    return _recording(Path(path), *_sequence(Path(path), item, allow_pickle))


def _sequence(path: Path, item: str, allow_pickle: bool) -> tuple[str, str, dict[str, Any]]:
    """Group, name and values of one sequence."""
    if _is_npy(path):
        stored = {f"{g}/{n}": (g, n, v) for g, n, v in _unpickled(path, allow_pickle)}
        return stored[choose(path, "sequence", list(stored), item)]
    found = _find(path, item)
    with text.open_bytes(path) as data:
        return found.group, found.name, _parsed(path, data, found)


def read_labels(path: str | Path, options: LabelOptions | None = None) -> Labels:
    """Read the labels of one sequence; its poses are not parsed.

    Args:
        path: JSON file.
        options: `item` is ``group/sequence``; it may be left out where the file holds only one.
            Which labels are the background or mean that nobody looked, and the length.

    Raises:
        FormatError: the sequence has no annotations, or they are not what they should be.
        InputError: there is no such sequence, or several and none was named.
    """
    path, options = Path(path), options or LabelOptions()
    if _is_npy(path):
        raise FormatError(
            path,
            "is the npy flavour, a pickle; labels are read from the JSON flavour.",
            mend="Use it; in Python, read_sequence with allow_pickle=True reads both.",
        )
    found = _find(path, options.item)
    with text.open_bytes(path) as data:
        values = _parsed(path, data, found, {"annotations", "metadata"})
    labels = _labels(path, found.item, values, found.group, options)
    if labels is None:
        raise FormatError(path, f"the sequence {found.item!r} has no annotations.")
    return labels.rename_individuals(options.rename_individuals)


def iter_recordings(path: str | Path, *, allow_pickle: bool = False) -> Iterator[Recording]:
    """Read every sequence in one pass, one in memory at a time.

    Raises:
        FormatError: names the sequence that is not what it should be; those before it were given.
    """
    path = Path(path)
    if _is_npy(path):
        for group, name, values in _unpickled(path, allow_pickle):
            yield _recording(path, group, name, values)
        return
    with text.open_bytes(path) as data:
        for found in text.scan(path, data):
            yield _recording(path, found.group, found.name, _parsed(path, data, found))


def manifest_from_calms21(paths: Iterable[str | Path]) -> Manifest:
    """A manifest of all sequences of some JSON files; poses and labels are the same item.

    The split is ``train`` or ``test`` where the sequence's name says so. CalMS21 has no
    validation part: give some groups of ``train`` the split ``val``.
    """
    entries = [_entry(path, found) for path in map(Path, paths) for found in _index(path)]
    names = short_names([entry.item for entry in entries])
    both = zip(entries, names, strict=True)
    return Manifest(tuple(replace(entry, recording=name) for entry, name in both))


def _entry(path: Path, found: text.Sequence) -> Entry:
    with text.open_bytes(path) as data:
        values = _parsed(path, data, found, {"metadata"})
    labelled = "annotations" in found.values
    return Entry(
        recording=short_name(found.name),
        poses=path,
        labels=path if labelled else None,
        item=found.item,
        split=next((part for part in found.name.split("/") if part in _SPLITS), ""),
        pose_format=FORMAT.name,
        label_format=LABEL_FORMAT.name if labelled else "",
        **_about(path, found.item, found.name, values),
    )


_SPLITS = ("train", "val", "test")


@parsed_once("CalMS21 file")
def _index(path: Path) -> tuple[text.Sequence, ...]:
    """Where everything is; kept, since a manifest asks for one sequence after the other."""
    with text.open_bytes(path) as data:
        return tuple(text.scan(path, data))


def _find(path: Path, item: str) -> text.Sequence:
    index = _index(path)
    names = [found.item for found in index]
    return index[names.index(choose(path, "sequence", names, item))]


def _parsed(
    path: Path, data: mmap, found: text.Sequence, wanted: Iterable[str] = (*_SHAPES, "metadata")
) -> dict[str, Any]:
    """The wanted values of a sequence: arrays, and what its metadata say."""
    values: dict[str, Any] = {}
    for key in wanted:
        if key not in found.values:
            continue
        where = found.values[key]
        try:
            if key in _SHAPES:
                kind = np.float64 if key == "annotations" else np.float32
                values[key] = text.numbers(data, where, _SHAPES[key], kind)
            else:
                values[key] = orjson.loads(data[where.start : where.stop])
        except (ValueError, TypeError) as error:
            raise FormatError(
                path, f"the sequence {found.item!r}: {key!r} cannot be read: {error}."
            ) from error
    return values


def _is_npy(path: Path) -> bool:
    return path.suffix.lower() == ".npy"


def _unpickled(path: Path, allow_pickle: bool) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Group, name and values of every sequence of the npy flavour."""
    if not allow_pickle:
        raise FormatError(
            path,
            "is a pickled dictionary: loading it runs whatever code its maker put inside.",
            mend="Use the JSON flavour. If you trust the source, `nuzzle inspect --allow-pickle` "
            "shows what is in it, and Python reads it: read_sequence of nuzzle.io.calms21, with "
            "allow_pickle=True.",
        )
    try:
        stored = np.load(existing_file(path, "CalMS21 file"), allow_pickle=True).item()
    except (ValueError, OSError, EOFError, AttributeError) as error:
        raise FormatError(path, f"is not an npy file of a dictionary: {error}.") from error
    for group, members in stored.items():
        for name, values in members.items():
            ready = dict(values)
            for key, shape in _SHAPES.items():
                if key in ready:
                    ready[key] = _shaped(path, f"{group}/{name}", key, ready[key], shape)
            yield group, name, ready


def _shaped(path: Path, item: str, key: str, value: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        array = np.asarray(value, dtype=np.float64 if key == "annotations" else np.float32)
    except (ValueError, TypeError) as error:
        raise FormatError(path, f"the sequence {item!r}: {key!r}: {error}.") from error
    if array.shape[1:] != shape or array.ndim == 0:
        raise FormatError(
            path,
            f"the sequence {item!r}: {key!r} has the shape {array.shape}; "
            f"(frames, {', '.join(map(str, shape))}) was expected.",
        )
    return array


def _recording(
    path: Path, group: str, name: str, values: Mapping[str, Any], *, labelled: bool = True
) -> Recording:
    """A validated recording from the arrays of one sequence, with its labels if they are wanted."""
    item = f"{group}/{name}"
    if "keypoints" not in values:
        raise FormatError(path, f"the sequence {item!r} has no 'keypoints'; it has {[*values]}.")
    keypoints = values["keypoints"]
    scores = values.get("scores")
    for key in ("scores", "annotations"):
        if key in values and len(values[key]) != len(keypoints):
            raise FormatError(
                path,
                f"the sequence {item!r}: {key!r} has {len(values[key])} frames, "
                f"'keypoints' {len(keypoints)}.",
            )
    return Recording.from_arrays(
        short_name(name),
        keypoints.transpose(0, 2, 3, 1),
        keypoints=MOUSE7_KEYPOINTS,
        individuals=INDIVIDUALS,
        confidence=None if scores is None else scores.transpose(0, 2, 1),
        source=str(path),
        labels=_labels(path, item, values, group) if labelled else None,
        **_about(path, item, name, values),
    )


def _about(path: Path, item: str, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return about(name, _metadata(path, item, values))
    except ValueError as error:
        raise FormatError(path, f"the sequence {item!r}: in the metadata, {error}.") from error


def _metadata(path: Path, item: str, values: Mapping[str, Any]) -> dict[str, Any]:
    metadata = values.get("metadata", {})
    if not isinstance(metadata, dict):
        raise FormatError(path, f"the sequence {item!r}: its metadata are not an object.")
    return metadata


def _labels(
    path: Path,
    item: str,
    values: Mapping[str, Any],
    group: str,
    options: LabelOptions | None = None,
) -> Labels | None:
    """The resident's behaviour towards the intruder; None for an unlabelled sequence."""
    if "annotations" not in values:
        return None
    codes = values["annotations"]
    vocabulary = _vocabulary(path, item, values)
    pair, names = Pair(*INDIVIDUALS), [*vocabulary]
    active = codes[:, None] == np.array([*vocabulary.values()])
    annotator = group if group.startswith("annotator") else ""
    background = str(_metadata(path, item, values).get("background", BACKGROUND))
    return assemble(
        path,
        [{**row, "annotator": annotator} for row in rows_of_masks(pair, active, names)],
        [span_row(pair, name, 0, len(codes)) for name in names if len(codes)],
        options or LabelOptions(),
        end=len(codes),
        exclusive=True,
        background=background if background in vocabulary else None,
    )


def _vocabulary(path: Path, item: str, values: Mapping[str, Any]) -> dict[str, int]:
    """Name and number of each behaviour, of which every annotation has one."""
    codes = values["annotations"]
    vocabulary = _metadata(path, item, values).get("vocab")
    if (
        not isinstance(vocabulary, dict)
        or not vocabulary
        or not all(isinstance(code, int) for code in vocabulary.values())
    ):
        raise FormatError(
            path,
            f"the sequence {item!r} has annotations but no vocabulary "
            '("metadata": {"vocab": {"attack": 0, ...}}), so their numbers mean nothing.',
        )
    unknown = np.flatnonzero(~np.isin(codes, list(vocabulary.values())))
    if len(unknown):
        raise FormatError(
            path,
            f"the sequence {item!r}: the annotation {codes[unknown[0]]:g} in frame {unknown[0]} "
            f"is not in its vocabulary {vocabulary}.",
        )
    return vocabulary


def _sniff(path: Path) -> bool:
    start = first_bytes(path, 4096)
    if _is_npy(path):
        return start.startswith(b"\x93NUMPY") and b"'|O'" in start[:128]
    key = rb'\{\s*"[^"]*"\s*:\s*'
    first = rb'\{\s*"(keypoints|scores|annotations|metadata)"'
    return re.match(rb"\s*" + key + key + first, start) is not None


def _read_poses(path: Path, options: PoseOptions) -> Recording:
    found = _sequence(path, options.item, options.allow_pickle)
    recording = _recording(path, *found, labelled=options.labels)
    return replace(recording, name=options.name or recording.name, fps=options.fps or recording.fps)


FORMAT = PoseFormat("calms21", (".json", ".npy"), _sniff, _read_poses, items=sequences)
LABEL_FORMAT = LabelFormat("calms21", (".json",), _sniff, read_labels)
