"""Writing recordings as a tree in the layout of the MABe 2025 challenge."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from nuzzle.errors import InputError, OutputError
from nuzzle.files import atomic_path
from nuzzle.io.label_assembly import frames_looked_at
from nuzzle.io.mabe_table import TRAIN_COLUMNS, Action
from nuzzle.labels import Labels
from nuzzle.recording import Recording

_MOST_MICE = 4


def write_mabe(
    recordings: Iterable[Recording], root: str | Path, *, overwrite: bool = False
) -> Path:
    """Write recordings as ``train.csv``, tracking and annotation parquets; one in memory at a time.

    A recording's name is its video id, its lab the folder. Individuals that are not called
    ``mouse1`` to ``mouse4`` are numbered in their order. Points that are missing have no row,
    save for one in the last frame, from which the length is known. Recordings of one group get
    one number as ``mouse1_id``, from which the group is found again. ``tracking_method`` is
    "simulated" where the recording's `lab` begins so or its `source` is "simulated".

    Args:
        recordings: of up to four mice, in px, with labels that were looked for throughout.
        root: folder of the tree.
        overwrite: whether files that exist may be replaced.

    Raises:
        InputError: a recording cannot be expressed in this layout.
        OutputError: there is a ``train.csv`` already, or a file cannot be written.
    """
    root = Path(root)
    if (root / "train.csv").exists() and not overwrite:
        raise OutputError(f"{root / 'train.csv'} exists already. Choose another folder.")
    rows: list[dict[str, object]] = []
    groups: dict[str, int] = {}
    for recording in recordings:
        ready = _with_mouse_names(recording)
        _check(ready, {str(row["video_id"]) for row in rows})
        row = _row(ready)
        animal = groups.setdefault(recording.leak_group, len(groups) + 1)
        rows.append({**row, "mouse1_id": animal})
        place = Path(str(row["lab_id"])) / f"{recording.name}.parquet"
        _write_parquet(_tracking(ready), root / "train_tracking" / place, overwrite)
        if ready.labels is not None and len(ready.labels.bouts):
            table = _annotation(ready.labels)
            _write_parquet(table, root / "train_annotation" / place, overwrite)
    if not rows:
        raise InputError(f"There are no recordings to write to {root}.")
    with atomic_path(root / "train.csv", overwrite=overwrite) as temporary:
        pd.DataFrame(rows, columns=list(TRAIN_COLUMNS)).to_csv(temporary, index=False)
    return root


def _with_mouse_names(recording: Recording) -> Recording:
    names = recording.individuals
    numbered = [f"mouse{number}" for number in range(1, _MOST_MICE + 1)]
    if set(names) <= set(numbered):
        return recording
    return recording.rename(individuals=dict(zip(names, numbered, strict=False)))


def _check(recording: Recording, taken: set[str]) -> None:
    """Refuse what the layout cannot say."""
    labels = recording.labels
    problem = ""
    if recording.name in taken:
        problem = "another recording has this name; names are unique"
    elif recording.unit != "px":
        problem = f"positions are in px in this layout; these are in {recording.unit}"
    elif len(recording.individuals) > _MOST_MICE:
        problem = f"this layout holds {_MOST_MICE} mice; it has {len(recording.individuals)}"
    elif {"/", "\\"} & {*recording.name, *recording.lab}:
        problem = "its name and its lab become names of files; they hold a slash"
    elif labels is not None and not labels.directed:
        problem = "its labels are undirected; in this layout each has an agent and a target"
    elif labels is not None and frames_looked_at(labels) != (0, labels.n_frames):
        problem = "something was looked for in a part of its frames only; this layout cannot say so"
    if problem:
        raise InputError(f"recording {recording.name!r} (lab {recording.lab!r}): {problem}.")


def _row(recording: Recording) -> dict[str, object]:
    """The recording's row of ``train.csv``; what is not known stays empty."""
    fps = recording.require_fps()
    row: dict[str, object] = {
        "lab_id": recording.lab or "unknown",
        "video_id": recording.name,
        "frames_per_second": fps,
        "video_duration_sec": recording.n_frames / fps,
        "pix_per_cm_approx": recording.px_per_cm,
        "body_parts_tracked": json.dumps(list(recording.keypoints)),
        "tracking_method": "simulated" if recording.simulated else "",
    }
    if recording.labels is not None:
        observed = recording.labels.observed[["agent", "target", "behaviour"]].drop_duplicates()
        listed = [Action(*map(str, each)).submitted for each in observed.to_numpy()]
        row["behaviors_labeled"] = json.dumps([",".join(each) for each in sorted(listed)])
    return row


def _tracking(recording: Recording) -> pd.DataFrame:
    """Long table of the points that are there, sorted by frame, mouse and body part."""
    position = recording.position.transpose(0, 3, 2, 1)
    there = np.asarray(np.isfinite(position).all(axis=-1))
    there[-1, 0, 0] = True
    frame, mouse, part = np.nonzero(there)
    points = position[there]
    return pd.DataFrame(
        {
            "video_frame": frame.astype(np.int32),
            "mouse_id": np.array([int(name[5:]) for name in recording.individuals], np.int8)[mouse],
            "bodypart": np.array(recording.keypoints, dtype=object)[part],
            "x": points[:, 0],
            "y": points[:, 1],
        }
    )


def _annotation(labels: Labels) -> pd.DataFrame:
    bouts = labels.bouts
    return pd.DataFrame(
        {
            "agent_id": bouts["agent"].str[5:].astype(np.int8),
            "target_id": bouts["target"].str[5:].astype(np.int8),
            "action": bouts["behaviour"],
            "start_frame": bouts["start_frame"].astype(np.int32),
            "stop_frame": bouts["stop_frame"].astype(np.int32),
        }
    )


def _write_parquet(table: pd.DataFrame, path: Path, overwrite: bool) -> None:
    with atomic_path(path, overwrite=overwrite) as temporary:
        table.to_parquet(temporary, index=False)
