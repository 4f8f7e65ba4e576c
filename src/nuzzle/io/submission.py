"""The submission csv of the MABe 2025 challenge, and the truth that it is scored against."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from nuzzle.errors import FormatError, InputError
from nuzzle.files import atomic_path
from nuzzle.io.label_text import frames_table
from nuzzle.io.mabe_labels import read_bouts
from nuzzle.io.mabe_table import Action, action, looked_for, videos

COLUMNS = ("video_id", "agent_id", "target_id", "action", "start_frame", "stop_frame")
_FRAMES = ("start_frame", "stop_frame")
_MICE = frozenset(f"mouse{number}" for number in range(1, 5))


class Solution(NamedTuple):
    """The truth of a set of recordings.

    Attributes:
        bouts: table with `COLUMNS`, ids as in a submission; rows that stop where they start, or
            before, are kept: the challenge's score knows what to do with them.
        looked_for: recording -> (agent, target, action) that were looked for, spelled as in a
            submission.
        lab: recording -> lab.
    """

    bouts: pd.DataFrame
    looked_for: dict[str, frozenset[tuple[str, str, str]]]
    lab: dict[str, str]


def write_submission(
    tables: Mapping[str, pd.DataFrame], path: str | Path, *, overwrite: bool = False
) -> Path:
    """Write predicted bouts as a submission.

    Args:
        tables: recording (its name is the video id) -> bout table. Agents and targets are called
            ``mouse1`` to ``mouse4``; a target that is the agent is written as ``self``.
        path: csv to write.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: an animal has another name.
        OutputError: the file exists already or cannot be written.
    """
    parts = []
    for name, bouts in tables.items():
        strangers = sorted({*bouts["agent"], *bouts["target"]} - _MICE)
        if strangers:
            raise InputError(
                f"recording {name!r}: the animals of a submission are mouse1 to mouse4; got "
                f"{strangers}. Rename them: the column individuals of the manifest."
            )
        parts.append(submitted(name, bouts))
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    rows.insert(0, "row_id", np.arange(len(rows)))
    with atomic_path(path, overwrite=overwrite) as temporary:
        rows.to_csv(temporary, index=False)
    return Path(path)


def read_submission(path: str | Path) -> pd.DataFrame:
    """Read a submission, as it is spelled: the competition compares names exactly.

    Returns:
        A table with `COLUMNS`: ids as text, frames as integers.

    Raises:
        FormatError: a column is missing, or a frame is not a whole number.
    """
    return frames_table(path, COLUMNS, _FRAMES)[list(COLUMNS)]


def read_solution(path: str | Path) -> Solution:
    """Read the truth: a MABe tree (its folder), or the challenge's solution csv.

    The csv has the columns of a submission and ``lab_id`` and ``behaviors_labeled``. Its ids, and
    those of ``behaviors_labeled``, are spelled as in a submission, without stray quotes.

    Raises:
        FormatError: a file is not what it should be.
        InputError: there is no such file or tree.
    """
    path = Path(path)
    if path.is_dir():
        return _solution_of_tree(path)
    columns = (*COLUMNS, "lab_id", "behaviors_labeled")
    table = _respelled(frames_table(path, columns, _FRAMES))
    first = table.drop_duplicates("video_id")
    try:
        listed = {
            str(row.video_id): _spelled(looked_for(row.behaviors_labeled))
            for row in first.itertuples()
        }
    except (ValueError, TypeError) as error:
        raise FormatError(path, f"behaviors_labeled: {error}.") from error
    labs = dict(zip(first["video_id"], first["lab_id"], strict=True))
    return Solution(table[list(COLUMNS)], listed, labs)


def _solution_of_tree(root: Path) -> Solution:
    known = videos((root, "train"))
    if not known:
        raise InputError(f"There is no train.csv with recordings in {root}.")
    parts = [pd.DataFrame(columns=list(COLUMNS)).astype(dict.fromkeys(_FRAMES, np.int64))]
    for video in known.values():
        path = video.file(root / "train_annotation")
        if not path.is_file():
            continue
        parts.append(submitted(video.video_id, read_bouts(path)))
    return Solution(
        pd.concat(parts, ignore_index=True),
        {name: _spelled(video.looked_for) for name, video in known.items()},
        {name: video.lab_id for name, video in known.items()},
    )


def submitted(name: str, bouts: pd.DataFrame) -> pd.DataFrame:
    """The bout table of a recording as rows of a submission, with `COLUMNS`."""
    return pd.DataFrame(
        {
            "video_id": name,
            "agent_id": bouts["agent"],
            "target_id": bouts["target"].where(bouts["target"] != bouts["agent"], "self"),
            "action": bouts["behaviour"],
            "start_frame": bouts["start_frame"],
            "stop_frame": bouts["stop_frame"],
        },
        columns=list(COLUMNS),
    )


def _spelled(listed: frozenset[Action]) -> frozenset[tuple[str, str, str]]:
    return frozenset(each.submitted for each in listed)


def _respelled(table: pd.DataFrame) -> pd.DataFrame:
    """The same with ids spelled one way: ``mouse1`` for ``1``, and ``self``."""
    cells = table[["agent_id", "target_id", "action"]]
    spelled = {each: action(*each).submitted for each in set(cells.itertuples(index=False))}
    rows = [spelled[each] for each in cells.itertuples(index=False)]
    table[["agent_id", "target_id", "action"]] = pd.DataFrame(
        rows, columns=list(cells), index=table.index
    )
    return table
