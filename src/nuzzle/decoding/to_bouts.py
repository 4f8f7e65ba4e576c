"""From decisions, frame by frame, to bouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nuzzle.errors import InputError
from nuzzle.labels import Pair, bout_table, mask_to_intervals


def bout_rows(
    predicted: NDArray[np.bool_],
    probability: NDArray[Any],
    behaviours: Sequence[str],
    background: str | None,
    pair: Pair,
    *,
    annotator: str = "",
) -> pd.DataFrame:
    """The bouts of one pair: unbroken runs of frames of one behaviour.

    Args:
        predicted: `(time, behaviour)` bool.
        probability: `(time, behaviour)`, 0 to 1.
        behaviours: names of the columns.
        background: the class that is not listed, if any.
        pair: agent and target.
        annotator: who decided, for example the name of a bundle.

    Returns:
        A bout table (source ``automated``), sorted by start, with the column
        ``mean_probability``: of the behaviour, over the frames of the bout.

    Raises:
        InputError: the arrays and names do not fit together.
    """
    if predicted.shape != probability.shape or predicted.shape[1:] != (len(behaviours),):
        raise InputError(
            f"Predictions and probabilities have the shape (time, behaviour) with "
            f"{len(behaviours)} behaviours; got {predicted.shape} and {probability.shape}."
        )
    rows = [
        {
            **pair._asdict(),
            "behaviour": behaviour,
            "start_frame": start,
            "stop_frame": stop,
            "mean_probability": float(probability[start:stop, column].mean()),
        }
        for column, behaviour in enumerate(behaviours)
        if behaviour != background
        for start, stop in mask_to_intervals(predicted[:, column])
    ]
    # Sorted like `bout_table` sorts, which keeps only its own columns.
    rows.sort(key=lambda row: (row["start_frame"], row["stop_frame"]))
    means = np.array([row["mean_probability"] for row in rows], dtype=np.float64)
    table = bout_table(rows).assign(annotator=annotator, source="automated")
    return table.assign(mean_probability=means)
