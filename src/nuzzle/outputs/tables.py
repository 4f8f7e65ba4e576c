"""Bouts and time budgets: the two tables that most studies report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nuzzle.errors import FormatError
from nuzzle.evaluation.running import RunningTotal
from nuzzle.files import atomic_path
from nuzzle.labels import Pair, mask_to_intervals

#: Columns of `bouts.csv` and `truth_bouts.csv`.
BOUT_FILE_COLUMNS: dict[str, Any] = {
    "recording": str,
    "agent": str,
    "target": str,
    "behaviour": str,
    "start_frame": np.int64,
    "stop_frame": np.int64,
    "start_s": np.float64,
    "stop_s": np.float64,
    "duration_s": np.float64,
    "mean_probability": np.float64,
}
#: Columns of `time_budget.csv`.
BUDGET_COLUMNS: dict[str, Any] = {
    "recording": str,
    "agent": str,
    "target": str,
    "behaviour": str,
    "bouts": np.int64,
    "frames": np.int64,
    "seconds": np.float64,
    "percent": np.float64,
    "answered_s": np.float64,
    "percent_of_answered": np.float64,
    "mean_bout_s": np.float64,
    "latency_s": np.float64,
    "unsure_percent": np.float64,
}
#: Columns that results of earlier versions do not have; they are missing numbers there.
LATER_COLUMNS = ("answered_s", "percent_of_answered")

#: How a table that somebody has changed is mended.
WRITE_AGAIN = (
    "To write it again, run the command again that wrote it (as results.json says): `nuzzle "
    "predict` with --resume, `nuzzle evaluate` and `nuzzle crossval` with --overwrite."
)


class PairSpan(NamedTuple):
    """A pair of one recording for which behaviours were predicted: one block of a time budget.

    Attributes:
        recording: its name.
        pair: agent and target.
        behaviours: what was looked for.
        n_frames: length of the recording.
        fps: frames per second.
        answered_frames: of each behaviour, those in which the model says anything.
        unsure_frames: of the frames of each behaviour's bouts, those of which the model is not
            sure; empty where it cannot say.
        start_s: where in the video it begins, s.
    """

    recording: str
    pair: Pair
    behaviours: tuple[str, ...]
    n_frames: int
    fps: float
    answered_frames: tuple[int, ...]
    unsure_frames: tuple[int, ...] = ()
    start_s: float = 0.0


def pair_bouts(
    recording: str,
    pair: Pair,
    active: NDArray[np.bool_],
    probability: NDArray[np.float32],
    behaviours: Sequence[str],
    *,
    fps: float,
    start_frame: int = 0,
    background: str | None = None,
) -> pd.DataFrame:
    """The bouts of one pair as a table with `BOUT_FILE_COLUMNS`, in order of start.

    Args:
        recording: its name.
        pair: agent and target.
        active: `(time, behaviour)`, where each behaviour goes on.
        probability: `(time, behaviour)` of the classifier; NaN where it gave none.
        behaviours: names of the columns.
        fps: frames per second.
        start_frame: where in the video the recording begins; the table counts from the video's
            beginning.
        background: a column that has no bouts.
    """
    rows: list[tuple[Any, ...]] = []
    for column, behaviour in enumerate(behaviours):
        if behaviour == background:
            continue
        intervals = mask_to_intervals(active[:, column])
        means = RunningTotal(probability[:, column].astype(np.float64)).means(*intervals.T)
        for (start, stop), mean in zip(intervals.tolist(), means.tolist(), strict=True):
            first, last = start + start_frame, stop + start_frame
            times = (first / fps, last / fps, (stop - start) / fps)
            rows.append((recording, *pair, behaviour, first, last, *times, mean))
    table = typed(rows, BOUT_FILE_COLUMNS)
    return table.sort_values(["start_frame", "stop_frame"], kind="stable", ignore_index=True)


def time_budget(bouts: pd.DataFrame, spans: Iterable[PairSpan]) -> pd.DataFrame:
    """How often, how long and how soon: one row a recording, pair and behaviour.

    A behaviour that was looked for and never found has a row of zeros and no latency.

    Args:
        bouts: table with `BOUT_FILE_COLUMNS`.
        spans: what was looked for.

    Returns:
        Table with `BUDGET_COLUMNS`. `percent` is of the span's frames, `percent_of_answered` of
        those in which the model says anything, which `answered_s` counts. `latency_s` is the start
        of the first bout, in seconds from the start of the recording; `unsure_percent` is of the
        behaviour's own frames.
    """
    keys = ["recording", "agent", "target", "behaviour"]
    groups = dict(list(bouts.groupby(keys, sort=False)))
    rows: list[tuple[Any, ...]] = []
    for span in spans:
        doubts = span.unsure_frames or (np.nan,) * len(span.behaviours)
        each = zip(span.behaviours, span.answered_frames, doubts, strict=True)
        for behaviour, answered, unsure in each:
            key, answered_s = (span.recording, *span.pair, behaviour), answered / span.fps
            group = groups.get(key)
            if group is None:
                rows.append((*key, 0, 0, 0.0, 0.0, answered_s, 0.0, np.nan, np.nan, np.nan))
                continue
            frames = int((group["stop_frame"] - group["start_frame"]).sum())
            shares = (100.0 * frames / span.n_frames, answered_s, 100.0 * frames / answered)
            mean_s = float(group["duration_s"].mean())
            latency_s = float(group["start_s"].min()) - span.start_s
            times = (frames / span.fps, *shares, mean_s, latency_s, 100.0 * unsure / frames)
            rows.append((*key, len(group), frames, *times))
    return typed(rows, BUDGET_COLUMNS)


def typed(rows: Sequence[tuple[Any, ...]], columns: Mapping[str, Any]) -> pd.DataFrame:
    """A table of rows, none perhaps, with columns of these names and types."""
    return pd.DataFrame(rows, columns=list(columns)).astype(dict(columns))


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table atomically, numbers rounded to 6 places; a missing number is empty."""
    with atomic_path(path) as temporary:
        table.round(6).to_csv(temporary, index=False, lineterminator="\n")


def read_csv(path: Path, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Read what `write_csv` wrote; names such as ``007`` or ``NA`` stay text.

    `LATER_COLUMNS` may be missing.

    Raises:
        FormatError: a column is missing, or holds something else.
    """
    numbers = [name for name, kind in columns.items() if kind is not str]
    try:
        table = pd.read_csv(
            path,
            dtype=dict(columns),
            keep_default_na=False,
            na_values={name: [""] for name in numbers},
        )
    except ValueError as error:
        raise FormatError(path, f"is not as nuzzle wrote it: {error}.", mend=WRITE_AGAIN) from error
    absent = [name for name in columns if name not in table]
    if missing := [name for name in absent if name not in LATER_COLUMNS]:
        raise FormatError(
            path,
            f"the columns {list(columns)} were expected; {missing} are missing.",
            mend=WRITE_AGAIN,
        )
    return table.assign(**dict.fromkeys(absent, np.nan))[list(columns)]
