"""The tree of the MABe 2025 challenge: poses, and a manifest of them with their labels.

"MABe Challenge - Social Action Recognition in Mice" (Kaggle, 2025)::

    train.csv                                   one row a recording
    train_tracking/<lab_id>/<video_id>.parquet     video_frame, mouse_id, bodypart, x, y (px)
    train_annotation/<lab_id>/<video_id>.parquet   agent_id, target_id, action, start_frame, ...

Mice are called ``mouse1`` to ``mouse4``; the files say ``1`` or ``mouse1``. Recordings that share
an animal, directly or through others, form one `group` for splits without leaks. Animals are
told apart within a lab only: the three CalMS21 labs may share some.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nuzzle.errors import FormatError, InputError, ManifestError, count, listed
from nuzzle.io.mabe_labels import LABEL_FORMAT, nothing_seen
from nuzzle.io.mabe_table import (
    Video,
    mouse_name,
    parquet_columns,
    read_parquet,
    train_videos,
    tree_of,
    videos,
)
from nuzzle.io.registry import PoseFormat, PoseOptions
from nuzzle.manifest import Entry, Manifest
from nuzzle.recording import Recording

COLUMNS = ("video_frame", "mouse_id", "bodypart", "x", "y")


def read_tracking(path: str | Path, options: PoseOptions | None = None) -> Recording:
    """Read the poses of one video.

    Frames without rows, absent rows and points at (0, 0) are missing (NaN). Frame rate, scale,
    animals and the order of the keypoints come from ``train.csv`` (or ``test.csv``) of the tree
    that the file is in, if it is in one.

    Args:
        path: tracking parquet.
        options: `name` (by default the video's id) and `fps` go before what the tree says.

    Raises:
        FormatError: the parquet is damaged, lacks a column, or says a point twice.
    """
    path, options = Path(path), options or PoseOptions()
    table = read_parquet(path, COLUMNS)
    video = _video(path)
    if not len(table):
        raise FormatError(path, "has no rows, so there are no poses.")
    mouse, ids = _coded(table["mouse_id"])
    seen = [mouse_name(each) for each in ids]
    mice = sorted({*seen, *video.mice})
    part, points = _coded(table["bodypart"])
    parts = list(video.keypoints) if set(points) <= set(video.keypoints) else points
    mouse = np.array([mice.index(name) for name in seen])[mouse]
    part = np.array([parts.index(name) for name in points])[part]
    position = _positions(path, table, mouse, part, (len(parts), len(mice)))
    return Recording.from_arrays(
        options.name or path.stem,
        position,
        keypoints=parts,
        individuals=mice,
        fps=options.fps or video.fps,
        px_per_cm=video.px_per_cm,
        lab=video.lab,
        group=video.group,
        source=str(path),
    )


def _video(path: Path) -> Video:
    """What the tree says of a tracking file, if it is in one."""
    lab = path.parent.name
    return videos(tree_of(path)).get(path.stem, Video(path.stem, lab, lab, f"{lab}/{path.stem}"))


def _coded(values: pd.Series[Any]) -> tuple[NDArray[np.int64], list[str]]:
    """Each row's index into the names that occur, and these."""
    codes, names = pd.factorize(values, use_na_sentinel=False)
    return codes.astype(np.int64), [str(name) for name in names]


def _positions(
    path: Path,
    table: pd.DataFrame,
    mouse: NDArray[np.int64],
    part: NDArray[np.int64],
    size: tuple[int, int],
) -> NDArray[np.float32]:
    """`(time, 2, keypoint, individual)`, px."""
    try:
        frame = table["video_frame"].to_numpy(np.int64)
        x, y = (table[name].to_numpy(np.float32, na_value=np.nan) for name in ("x", "y"))
    except (ValueError, TypeError) as error:
        raise FormatError(path, f"video_frame, x and y are numbers: {error}.") from error
    if frame.min() < 0:
        raise FormatError(path, f"video_frame begins at 0; got {frame.min()}.")
    place = (frame * size[0] + part) * size[1] + mouse
    n_frames = int(frame.max()) + 1
    points = np.full((n_frames * size[0] * size[1], 2), np.nan, dtype=np.float32)
    points[place, 0], points[place, 1] = x, y
    written = np.zeros(len(points), dtype=bool)
    written[place] = True
    if written.sum() != len(place):
        _, counts = np.unique(place, return_counts=True)
        raise FormatError(
            path, f"{int((counts > 1).sum())} points occur in several rows; each has one."
        )
    points[(points == 0).all(axis=1)] = np.nan
    return points.reshape(n_frames, *size, 2).transpose(0, 3, 1, 2)


def manifest_from_mabe(root: str | Path, *, labs: Sequence[str] = ()) -> Manifest:
    """A manifest of the recordings of ``train.csv`` that have a tracking file; no split is given.

    The background is called ``other``, so that labels can be seen as one class a frame.
    A recording in which something was looked for and nothing seen has no annotation file; its
    labels are then read through its tracking file. Annotation files without a row in
    ``train.csv`` are left out: nothing says what was looked for in them, nor their frame rate.

    Args:
        root: folder with ``train.csv``.
        labs: lab ids; all by default.

    Raises:
        InputError: there is no ``train.csv``.
        ManifestError: a lab is unknown, or none of the recordings has a tracking file.
    """
    root = Path(root)
    if not (root / "train.csv").is_file():
        raise InputError(f"There is no train.csv in {root}; the folder of the challenge's data?")
    known = train_videos(root)
    unknown = sorted(set(labs) - {video.lab_id for video in known})
    if unknown:
        raise ManifestError(
            f"{root / 'train.csv'}",
            [f"there are no labs {unknown}; there are {sorted({v.lab_id for v in known})}"],
        )
    chosen = train_videos(root, labs)
    files = [(video, video.file(root / "train_tracking")) for video in chosen]
    entries = [_entry(root, video, poses) for video, poses in files if poses.is_file()]
    if files and not entries:
        first = files[0][1]
        raise ManifestError(
            f"{root}",
            [
                f"none of {count(len(chosen), 'recording')} has a tracking file; the first would "
                f"be {first}. Unpack train_tracking there, or name the labs that you have"
            ],
        )
    return Manifest(tuple(entries))


def missing_files(root: str | Path, labs: Sequence[str] = ()) -> tuple[str, ...]:
    """Notes of the recordings without a tracking file, left out, and without an annotation file.

    Args:
        root: folder with ``train.csv``.
        labs: lab ids; all by default.
    """
    folder, chosen = Path(root) / "train_tracking", train_videos(Path(root), labs)
    bare = [video.video_id for video in chosen if not video.file(folder).is_file()]
    untracked = (
        f"{len(bare):,} of {count(len(chosen), 'recording')} have no tracking file and are left "
        f"out ({listed(bare)}). If the archive was only half unpacked, unpack it again: the files "
        f"belong in {folder}."
    )
    return (*([untracked] if bare else []), *nothing_seen(root, labs))


def _entry(root: Path, video: Video, poses: Path) -> Entry:
    annotation = video.file(root / "train_annotation")
    labels = annotation if annotation.is_file() else poses if video.looked_for else None
    return Entry(
        recording=video.video_id,
        poses=poses,
        labels=labels,
        fps=video.fps,
        px_per_cm=video.px_per_cm,
        lab=video.lab,
        group=video.group,
        background="other",
        pose_format=FORMAT.name,
        label_format=LABEL_FORMAT.name if labels else "",
    )


def _sniff(path: Path) -> bool:
    return set(COLUMNS) <= set(parquet_columns(path))


def _group(path: Path) -> str:
    return _video(path).group


FORMAT = PoseFormat("mabe", (".parquet",), _sniff, read_tracking, group=_group)
