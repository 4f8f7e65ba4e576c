"""What a pose or a label file holds, as plain values for people and for JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from nuzzle.errors import FormatError, InputError
from nuzzle.files import existing_file
from nuzzle.io.describe_manifest import count_frames, describe_manifest
from nuzzle.io.formats import LABEL_FORMATS, POSE_FORMATS
from nuzzle.io.load import label_format, pose_format
from nuzzle.io.registry import LabelFormat, LabelOptions, PoseFormat, PoseOptions, refuse_nearly
from nuzzle.labels import Labels
from nuzzle.manifest import Manifest, looks_like_manifest
from nuzzle.progress import Say
from nuzzle.recording import Recording
from nuzzle.skeleton import Skeleton, canonical_mapping

#: How many names of sequences are listed for a file that holds many.
_LISTED_ITEMS = 1000
#: Columns of a manifest that nobody else's tables have beside each other.
_PARTS_OF_MANIFEST = (("recording", "labels"), ("recording", "split"), ("poses",))


def describe(
    path: str | Path,
    *,
    poses: PoseOptions | None = None,
    labels: LabelOptions | None = None,
    format: str = "",
    progress: Say | None = None,
    examine: Callable[[Recording], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """What a pose file, a label file or a manifest holds.

    Args:
        path: the file.
        poses: what a pose file does not say.
        labels: what a label file does not say.
        format: name of the reader, where the file does not show it.
        progress: called with the name of each recording of a manifest before it is read.
        examine: what else to say of a pose file's recording.

    Returns:
        Plain values. ``kind`` is ``poses``, ``labels`` or ``manifest``; the rest is
        `describe_poses`'s, `describe_labels`'s or `describe_manifest`'s.

    Raises:
        InputError: the file cannot be read; the message says why, and what to do.
    """
    path = existing_file(path, "pose file, label file or manifest")
    about: dict[str, Any] = {"path": str(path)}
    if looks_like_manifest(path):
        return about | {"kind": "manifest"} | describe_manifest(Manifest.load(path), progress)
    found = _format(path, format)
    about["format"] = found.name
    if isinstance(found, LabelFormat):
        read = found.read(path, labels or LabelOptions())
        return about | {"kind": "labels"} | describe_labels(read)
    options = replace(poses or PoseOptions(), labels=True)
    if options.item and found.items is None:
        raise FormatError(path, f"holds one recording, and none called {options.item!r}.")
    items = _items(path, found)
    if items:
        about["items"] = items
    if len(items) > 1 and not options.item:
        options = replace(options, item=items[0])
        about["shown_item"] = options.item
    recording = found.read(path, options)
    more = examine(recording) if examine is not None else {}
    return about | {"kind": "poses"} | describe_poses(recording) | more


def _items(path: Path, format: PoseFormat) -> list[str]:
    """Names of the sequences, where the file tells them without being read whole."""
    if format.items is None:
        return []
    try:
        return list(islice(format.items(path), _LISTED_ITEMS))
    except FormatError:
        return []  # reading it will say what is wrong


def _format(path: Path, name: str) -> PoseFormat | LabelFormat:
    as_poses, as_labels = (
        path.name.lower().endswith(_suffixes(formats)) for formats in (POSE_FORMATS, LABEL_FORMATS)
    )
    try:
        return pose_format(path, name)
    except InputError:
        # What can only be poses by its name, such as an h5 that was cut short, is told as poses.
        if as_poses and not as_labels and not name:
            raise
    try:
        return label_format(path, name)
    except InputError as error:
        if as_labels and not as_poses and not name:
            raise
        if not name:
            refuse_nearly(path, POSE_FORMATS)
            refuse_unfinished_manifest(path)
            refuse_nearly(path, LABEL_FORMATS)
        raise _none_of_them(path, name) from error


def refuse_unfinished_manifest(path: Path) -> None:
    """Say what a table lacks that has columns of a manifest, and not all that it needs.

    Raises:
        ManifestError: it is one.
    """
    if any(looks_like_manifest(path, some) for some in _PARTS_OF_MANIFEST):
        Manifest.load(path)


def _suffixes(formats: Sequence[PoseFormat] | Sequence[LabelFormat]) -> tuple[str, ...]:
    return tuple(suffix for each in formats for suffix in each.suffixes)


def _none_of_them(path: Path, name: str) -> InputError:
    known = (
        f"Poses: {', '.join(each.name for each in POSE_FORMATS)}. "
        f"Labels: {', '.join(each.name for each in LABEL_FORMATS)}."
    )
    if name:
        return InputError(f"There is no format {name!r}. {known}")
    mend = "If it is one of them, say which: --format NAME."
    return FormatError(path, f"looks like none of the formats. {known}", mend=mend)


def describe_poses(recording: Recording) -> dict[str, Any]:
    """What a recording's poses are like.

    Returns:
        ``fps``, ``n_frames``, ``duration_s``, ``px_per_cm``, ``unit``, ``lab``, ``group``,
        ``individuals``, ``keypoints``; ``missing``, the share of frames without the point, by
        individual and keypoint; ``complete``, the share of frames in which all points of all
        individuals are there; ``confidence``, quartiles, or None; ``skeleton``, the roles that
        features would use, or a ``problem``; ``notes`` of the reader; ``labels``
        (`describe_labels`), or None.
    """
    present = recording.present
    missing = 1.0 - present.mean(axis=0)
    sure = recording.confidence[np.isfinite(recording.confidence)]
    quartiles = np.quantile(sure, [0.25, 0.5, 0.75]).tolist() if sure.size else None
    return {
        "recording": recording.name,
        "fps": recording.fps,
        "n_frames": recording.n_frames,
        "duration_s": recording.n_frames / recording.fps if recording.fps else None,
        "px_per_cm": recording.px_per_cm,
        "unit": recording.unit,
        "lab": recording.lab,
        "group": recording.group,
        "individuals": list(recording.individuals),
        "keypoints": list(recording.keypoints),
        "missing": {
            individual: dict(zip(recording.keypoints, missing[:, column].tolist(), strict=True))
            for column, individual in enumerate(recording.individuals)
        },
        "complete": float(present.all(axis=(1, 2)).mean()),
        "confidence": quartiles,
        "skeleton": _roles(recording.keypoints),
        "notes": list(recording.notes),
        "labels": describe_labels(recording.labels) if recording.labels is not None else None,
    }


def _roles(keypoints: tuple[str, ...]) -> dict[str, Any]:
    renamed = canonical_mapping(keypoints)
    try:
        skeleton = Skeleton.infer(keypoints)
    except InputError as error:
        return {"problem": str(error), "renamed": renamed}
    return {"nose": skeleton.nose, "tail_base": skeleton.tail_base, "renamed": renamed}


def describe_labels(labels: Labels) -> dict[str, Any]:
    """What was labelled, and what was looked for.

    Returns:
        ``n_frames``, ``exclusive``, ``background``, ``directed``, ``pairs``, ``annotators``,
        ``notes``, and ``behaviours``: a row for each stream and behaviour with ``bouts``,
        ``frames`` and ``observed_frames``, summed over pairs, and ``point_events``.
    """
    observed = {
        str(name): count_frames(rows, labels.n_frames)
        for name, rows in labels.observed.groupby("behaviour")
    }
    rows, seen = [], set()
    for (stream, name), bouts in labels.bouts.groupby(["stream", "behaviour"]):
        seen.add(str(name))
        rows.append(
            {
                "stream": str(stream),
                "behaviour": str(name),
                "bouts": len(bouts),
                "frames": count_frames(bouts, labels.n_frames),
                "observed_frames": observed.get(str(name), 0),
                "point_events": int(bouts["point"].sum()),
            }
        )
    for name in labels.behaviours:
        if name not in seen:
            empty = {"bouts": 0, "frames": 0, "point_events": 0}
            shown = {"stream": "", "behaviour": name, "observed_frames": observed[name]}
            rows.append(shown | empty)
    return {
        "n_frames": labels.n_frames,
        "exclusive": labels.exclusive,
        "background": labels.background,
        "directed": labels.directed,
        "pairs": [str(pair) for pair in labels.pairs],
        "annotators": sorted({name for name in labels.bouts["annotator"] if name}),
        "behaviours": rows,
        "notes": list(labels.notes),
    }
