"""Labels of the MABe 2025 tree: who does what to whom, and what was looked for.

Frames are 0-based, the stop is exclusive. ``behaviors_labeled`` of ``train.csv`` lists what the
annotators of a recording looked for; anything else is not observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from nuzzle.errors import FormatError, count, listed
from nuzzle.files import existing_file
from nuzzle.io.label_assembly import assemble
from nuzzle.io.mabe_table import (
    Action,
    Video,
    action,
    parquet_columns,
    read_parquet,
    train_videos,
    tree_of,
    videos,
)
from nuzzle.io.registry import LabelFormat, LabelOptions
from nuzzle.labels import Labels, Pair, span_row

COLUMNS = ("agent_id", "target_id", "action", "start_frame", "stop_frame")
#: Labels and poses whose lengths differ by more than this are likely of different frame rates.
_TOLERANCE = 0.05
_NO_BOUTS = pd.DataFrame(columns=[*Action._fields, "start_frame", "stop_frame"])


def annotation_path(path: str | Path) -> Path:
    """The annotation file of a recording; `path` may be its tracking file."""
    path = Path(path)
    folder = path.parent.parent
    if folder.name.endswith("_tracking"):
        name = folder.name.replace("_tracking", "_annotation")
        return folder.parent / name / path.parent.name / path.name
    return path


def nothing_seen(root: str | Path, labs: Sequence[str] = ()) -> tuple[str, ...]:
    """A note of the recordings that something was looked for in and that have no annotation file.

    The challenge's data have such recordings, in which nothing was seen; an archive that was not
    unpacked to its end looks the same.

    Args:
        root: folder with ``train.csv``.
        labs: lab ids; all by default.
    """
    chosen = [video for video in train_videos(Path(root), labs) if video.looked_for]
    folder = Path(root) / "train_annotation"
    bare = [video.video_id for video in chosen if not video.file(folder).is_file()]
    if not bare:
        return ()
    return (
        "Behaviours were looked for, and there is no annotation file, so that it counts as nothing "
        f"seen: {len(bare):,} of {count(len(chosen), 'recording')} ({listed(bare)}). If the "
        f"archive was only half unpacked, unpack it again: the files belong in {folder}.",
    )


def read_bouts(path: str | Path) -> pd.DataFrame:
    """All bouts of an annotation file, those that stop before or where they start included.

    Returns:
        A table with the columns ``agent, target, behaviour, start_frame, stop_frame``.

    Raises:
        FormatError: the parquet is damaged or lacks a column, or a row lacks a name.
    """
    path = Path(path)
    rows = read_parquet(path, COLUMNS)
    for name in COLUMNS[:3]:
        empty = np.flatnonzero(rows[name].isna())
        if len(empty):
            raise FormatError(
                path,
                f"a value was expected for the {name} of every bout, and row {empty[0]}, counted "
                "from 0, has none.",
                mend="Fill it in; the target_id of what an animal does to itself is self.",
            )
    try:
        frames = {name: rows[name].to_numpy(np.int64) for name in COLUMNS[3:]}
    except (ValueError, TypeError) as error:
        raise FormatError(path, f"start_frame and stop_frame are frames: {error}.") from error
    cells = list(zip(*(rows[name].tolist() for name in COLUMNS[:3]), strict=True))
    known = {cell: action(*cell) for cell in set(cells)}
    columns = zip(*(known[cell] for cell in cells), strict=True) if cells else ((), (), ())
    return pd.DataFrame(dict(zip(Action._fields, columns, strict=True)) | frames)


def read(path: str | Path, options: LabelOptions | None = None) -> Labels:
    """Read the labels of one recording.

    Args:
        path: annotation parquet; or the tracking parquet of a recording that has none, because
            nothing was seen of what was looked for.
        options: `n_frames` of the poses clips what runs past them; `background` names the class
            "none of the others", if one is wanted, `not_observed` what means that nobody looked.

    Returns:
        Labels of which several may hold at once. `notes` tells what was left out: bouts that stop
        before or where they start, or of what nobody looked for.

    Raises:
        FormatError: the parquet is damaged or lacks a column.
        InputError: there is no annotation, and nothing says what was looked for.
        StreamError: a stream is asked for; the format has none.
    """
    path, options = Path(path), options or LabelOptions()
    annotation = annotation_path(path)
    video = videos(tree_of(path)).get(path.stem)
    if video is None or not video.looked_for:
        existing_file(annotation, "annotation file")
    bouts = read_bouts(annotation) if annotation.is_file() else _NO_BOUTS
    bouts, listed, notes = _observed(bouts, video, options.not_observed)
    last = int(bouts["stop_frame"].max()) if len(bouts) else 0
    length = max(last, _expected_frames(video), options.n_frames or 0)
    spans = [span_row(Pair(*who), name, 0, length) for *who, name in sorted(listed)]
    return assemble(
        path,
        bouts.to_dict("records"),
        spans,
        options,
        end=last,
        exclusive=False,
        notes=[*notes, *_rate_note(video, options.n_frames)],
    ).rename_individuals(options.rename_individuals)


def _observed(
    bouts: pd.DataFrame, video: Video | None, not_observed: Sequence[str]
) -> tuple[pd.DataFrame, frozenset[Action], list[str]]:
    """The bouts that count, what was looked for, and what was left out."""
    good = bouts[bouts["stop_frame"] > bouts["start_frame"]]
    notes = []
    if len(good) < len(bouts):
        bad = len(bouts) - len(good)
        notes.append(f"{bad} bouts that stop before or where they start were left out")
    columns = (good[name].tolist() for name in Action._fields)
    actions = [Action(*row) for row in zip(*columns, strict=True)]
    if video is None or not video.looked_for:
        occurring = ", ".join(sorted({each.behaviour for each in actions}))
        notes.append(f"train.csv does not say what was looked for; what occurs is: {occurring}")
        return good, frozenset(actions), notes
    kept = [each in video.looked_for or each.behaviour in not_observed for each in actions]
    left_out = {each for each, keep in zip(actions, kept, strict=True) if not keep}
    if left_out:
        unlisted = sorted(",".join(each.submitted) for each in left_out)
        notes.append(f"bouts of what nobody looked for were left out: {'; '.join(unlisted)}")
        good = good[kept]
    return good, video.looked_for, notes


def _expected_frames(video: Video | None) -> int:
    """Length that ``train.csv`` gives, frames; 0 where it does not."""
    return round((video.duration_s or 0) * (video.fps or 0)) if video else 0


def _rate_note(video: Video | None, n_frames: int | None) -> list[str]:
    """Labels and tracking of one lab are known to count frames of different rates."""
    expected = _expected_frames(video)
    if n_frames is None or not expected or abs(n_frames / expected - 1) <= _TOLERANCE:
        return []
    return [
        f"the poses have {n_frames} frames, train.csv's duration and frame rate make "
        f"{expected}: labels and poses may count frames of different rates"
    ]


def _sniff(path: Path) -> bool:
    return set(COLUMNS) <= set(parquet_columns(path))


LABEL_FORMAT = LabelFormat("mabe", (".parquet",), _sniff, read)
