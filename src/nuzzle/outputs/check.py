"""Where to look first: the stretches of frames in which an answer is doubtful."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nuzzle.evaluation.running import RunningTotal
from nuzzle.labels import mask_to_intervals
from nuzzle.outputs.frames import DOUBTFUL, PairFrames
from nuzzle.outputs.index import RecordingEntry, Run
from nuzzle.outputs.tables import typed

#: Columns of `check.csv`.
CHECK_COLUMNS: dict[str, Any] = {
    "recording": str,
    "agent": str,
    "target": str,
    "start_frame": np.int64,
    "stop_frame": np.int64,
    "start_s": np.float64,
    "stop_s": np.float64,
    "duration_s": np.float64,
    "says": str,
    "mean_probability": np.float64,
    "second": str,
    "second_probability": np.float64,
}


def doubtful_stretches(
    entry: RecordingEntry, pairs: Sequence[PairFrames], run: Run
) -> pd.DataFrame:
    """The stretches of one recording in which one answer was decided and is doubtful throughout.

    Behaviours that may go on together are asked one by one, and the other answer is *not*.

    Returns:
        Table with `CHECK_COLUMNS`; frames and times count from the beginning of the video. `second`
        is the likeliest of the other answers over the whole stretch.
    """
    rows: list[tuple[Any, ...]] = []
    for one in pairs:
        for start, stop, *said in _stretches(one, run):
            first, last = start + entry.start_frame, stop + entry.start_frame
            times = (first / entry.fps, last / entry.fps, (stop - start) / entry.fps)
            rows.append((entry.name, *one.pair, first, last, *times, *said))
    return typed(rows, CHECK_COLUMNS)


def longest_first(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The stretches of all recordings; of those that are as long, the most doubtful comes first."""
    table = pd.concat([typed([], CHECK_COLUMNS), *tables], ignore_index=True)
    order = ["duration_s", "mean_probability"]
    return table.sort_values(order, ascending=[False, True], kind="stable", ignore_index=True)


def _stretches(one: PairFrames, run: Run) -> Iterator[tuple[Any, ...]]:
    """First frame, the frame after the last, and both answers with their mean probabilities."""
    probability, looked_for = one.answers, np.flatnonzero(one.looked_for)
    if run.exclusive:
        names = [run.behaviours[column] for column in looked_for]
        yield from _of_a_question(probability[:, looked_for], one.predicted[:, looked_for], names)
        return
    for column in looked_for:
        name, p, said = run.behaviours[column], probability[:, column], one.predicted[:, column]
        answers, decided = np.stack([p, 1 - p], axis=1), np.stack([said, ~said], axis=1)
        yield from _of_a_question(answers, decided, [name, f"not {name}"])


def _of_a_question(
    probability: NDArray[np.float32], decided: NDArray[np.bool_], names: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """The same of one question, both arrays `(time, answer)`; none where there is one answer."""
    if len(names) < 2:
        return
    doubtful = probability.max(axis=1) < DOUBTFUL  # never where there is no probability
    totals = [RunningTotal(column.astype(np.float64)) for column in probability.T]
    for answer, name in enumerate(names):
        intervals = mask_to_intervals(doubtful & decided[:, answer])
        means = np.stack([total.means(*intervals.T) for total in totals], axis=1)
        others = np.where(np.arange(len(names)) == answer, -1.0, means)
        seconds = others.argmax(axis=1)
        for (start, stop), mean, other, second in zip(
            intervals.tolist(), means[:, answer], others, seconds, strict=True
        ):
            yield start, stop, name, mean, names[second], other[second]
