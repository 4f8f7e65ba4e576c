"""Predictions of one recording, frame by frame, and the parquet file that holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nuzzle.errors import FormatError, InputError
from nuzzle.files import existing_file
from nuzzle.labels import Pair

#: Below this certainty a frame counts as doubtful.
DOUBTFUL = 0.6
_META = b"nuzzle"


@dataclass(frozen=True, eq=False)
class PairFrames:
    """What the classifier said of one pair, and what the annotator said, if anyone did.

    Attributes:
        pair: agent and target; twice the same for what an animal does to itself.
        probability: `(time, behaviour)` float32; NaN where there is none. A column that is NaN
            throughout was not looked for in this pair; in a file, so is what no annotator looked
            for.
        predicted: `(time, behaviour)` bool, after decoding.
        truth: `(time, behaviour)` bool, or None where there are no labels.
        observed: `(time, behaviour)` bool, where the annotator looked; None like `truth`.
        unsure: `(time, behaviour)` bool, where the set of possible answers is not what was
            decided and nothing else; the same for all exclusive behaviours. None where the model
            has no such sets.
    """

    pair: Pair
    probability: NDArray[np.float32]
    predicted: NDArray[np.bool_]
    truth: NDArray[np.bool_] | None = None
    observed: NDArray[np.bool_] | None = None
    unsure: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.probability)
        if (self.truth is None) != (self.observed is None):
            raise InputError("truth and observed come together, or not at all.")
        for name in ("predicted", "truth", "observed", "unsure"):
            value = getattr(self, name)
            if value is not None and np.shape(value) != shape:
                raise InputError(
                    f"pair {self.pair}: {name} has the shape {np.shape(value)}, "
                    f"the probabilities {shape}; (time, behaviour) was expected of both."
                )

    @property
    def annotated(self) -> NDArray[np.bool_] | None:
        """`(time, behaviour)`: what the annotator saw; None where there are no labels."""
        return None if self.truth is None or self.observed is None else self.truth & self.observed

    @property
    def looked_for(self) -> NDArray[np.bool_]:
        """`(behaviour,)`: whether there is any probability of it, and the annotator looked for it.

        What the annotator did not look for, where there are labels, counts for nothing.
        """
        said = np.isfinite(self.probability).any(axis=0)
        return np.asarray(said if self.observed is None else said & self.observed.any(axis=0))

    @property
    def answers(self) -> NDArray[np.float32]:
        """`(time, behaviour)`, the probabilities of what was looked for; NaN for the others."""
        return np.where(self.looked_for, self.probability, np.float32(np.nan))

    def certainty(self, exclusive: bool) -> NDArray[np.float32]:
        """How sure the classifier is of each frame, `(time,)`, 0.5 or less to 1; NaN where mute.

        Exclusive behaviours: the highest probability. Otherwise: the probability of the less
        certain decision among all behaviours, ``min(max(p, 1 - p))``.
        """
        known = np.isfinite(self.answers)
        p = np.where(known, self.probability, 0.0)
        sure = p.max(axis=1, initial=0.0) if exclusive else np.maximum(p, 1.0 - p).min(axis=1)
        return np.asarray(np.where(known.any(axis=1), sure, np.nan), dtype=np.float32)


def class_names(mask: NDArray[np.bool_], behaviours: Sequence[str]) -> NDArray[np.object_]:
    """The name of the first true column of each row; '' where none is true."""
    names = np.array([*behaviours, ""], dtype=object)
    return np.asarray(names[np.where(mask.any(axis=1), mask.argmax(axis=1), len(behaviours))])


def write_frames(
    path: Path,
    pairs: Sequence[PairFrames],
    behaviours: Sequence[str],
    *,
    fps: float,
    start_frame: int = 0,
    exclusive: bool,
    meta: Mapping[str, Any],
) -> Path:
    """Write one recording's pairs below each other.

    Args:
        path: the parquet file.
        pairs: all of one length.
        behaviours: names of the columns.
        fps: frames per second.
        start_frame: the first frame's number, and so its time, in the video.
        exclusive: one column `predicted` (and `truth`) with a name, or one bool a behaviour.
        meta: kept in the file's own metadata, so that file and entry cannot part.
    """
    tables = []
    for one in pairs:
        n_frames = len(one.probability)
        frame = np.arange(start_frame, start_frame + n_frames, dtype=np.int32)
        columns: dict[str, Any] = {
            "frame": frame,
            "time_s": frame / fps,
            "agent": pa.repeat(one.pair.agent, n_frames),
            "target": pa.repeat(one.pair.target, n_frames),
        }
        answers = one.answers
        for index, name in enumerate(behaviours):
            columns[f"p:{name}"] = answers[:, index]
        columns |= _decisions(one, behaviours, exclusive)
        tables.append(pa.table(columns))
    table = pa.concat_tables(tables)
    table = table.replace_schema_metadata({_META: orjson.dumps(meta)})
    pq.write_table(table, path, compression="zstd")
    return path


def _decisions(one: PairFrames, behaviours: Sequence[str], exclusive: bool) -> dict[str, Any]:
    """The columns after the probabilities."""
    columns: dict[str, Any] = {}
    annotated = one.annotated
    if exclusive:
        columns["predicted"] = _text(class_names(one.predicted, behaviours))
        if one.unsure is not None:
            columns["unsure"] = one.unsure.any(axis=1)
        if annotated is not None:
            columns["truth"] = _text(class_names(annotated, behaviours))
        return columns
    for index, name in enumerate(behaviours):
        columns[f"predicted:{name}"] = one.predicted[:, index]
    if one.unsure is not None:
        for index, name in enumerate(behaviours):
            columns[f"unsure:{name}"] = one.unsure[:, index]
    if annotated is not None and one.observed is not None:
        for index, name in enumerate(behaviours):
            columns[f"truth:{name}"] = annotated[:, index]
            columns[f"observed:{name}"] = one.observed[:, index]
    return columns


def _text(names: NDArray[np.object_]) -> pa.Array:
    return pa.array(names, type=pa.string())


def are_frames(path: Path) -> bool:
    """Whether nuzzle wrote these frames."""
    with suppress(InputError, OSError):
        read_meta(path)
        return True
    return False


def read_meta(path: Path) -> dict[str, Any]:
    """What `write_frames` kept in the file's metadata.

    Raises:
        FormatError: this is not a parquet file that nuzzle wrote.
    """
    existing_file(path, "frames file")
    try:
        stored = pq.read_schema(path).metadata or {}
        return dict(orjson.loads(stored[_META]))
    except (pa.ArrowInvalid, KeyError, orjson.JSONDecodeError) as error:
        raise FormatError(
            path,
            f"a parquet file written by nuzzle was expected ({error}).",
            mend="Delete it and run the command again.",
        ) from error


def read_frames(path: Path) -> list[PairFrames]:
    """Read what `write_frames` wrote, a `PairFrames` a pair, in the order written."""
    read_meta(path)
    table = pq.read_table(path).to_pandas()
    behaviours = [name[2:] for name in table.columns if name.startswith("p:")]
    pairs = []
    for key, rows in table.groupby(["agent", "target"], sort=False):
        probability = rows[[f"p:{name}" for name in behaviours]].to_numpy(np.float32)
        looked_for = np.isfinite(probability).any(axis=0)
        if "predicted" in table.columns:
            predicted = _one_hot(rows["predicted"], behaviours)
            truth = _one_hot(rows["truth"], behaviours) if "truth" in rows else None
            observed = None
            if truth is not None:
                observed = truth.any(axis=1, keepdims=True) & looked_for
        else:
            predicted = _masks(rows, "predicted", behaviours)
            labelled = any(name.startswith("truth:") for name in rows.columns)
            truth = _masks(rows, "truth", behaviours) if labelled else None
            observed = _masks(rows, "observed", behaviours) if labelled else None
        pair = Pair(str(key[0]), str(key[1]))
        unsure = _unsure(rows, behaviours)
        pairs.append(PairFrames(pair, probability, predicted, truth, observed, unsure))
    return pairs


def _unsure(rows: pd.DataFrame, behaviours: Sequence[str]) -> NDArray[np.bool_] | None:
    if "unsure" in rows.columns:
        column = rows["unsure"].to_numpy(bool)
        return np.repeat(column[:, None], len(behaviours), axis=1)
    if any(name.startswith("unsure:") for name in rows.columns):
        return _masks(rows, "unsure", behaviours)
    return None


def _one_hot(names: pd.Series[Any], behaviours: Sequence[str]) -> NDArray[np.bool_]:
    return np.stack([names.to_numpy(object) == behaviour for behaviour in behaviours], axis=1)


def _masks(rows: pd.DataFrame, what: str, behaviours: Sequence[str]) -> NDArray[np.bool_]:
    return rows[[f"{what}:{name}" for name in behaviours]].to_numpy(bool)
