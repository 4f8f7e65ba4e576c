"""Poses from DeepLabCut and Lightning Pose: csv and h5 tables, one or several animals.

The table's columns have three levels (scorer, bodyparts, coords) or four (individuals after the
scorer). Columns are found by name, so that a missing one is reported, whatever the order. The row
index is the frame number. An empty first row ("0,,,,") is a frame without points, not a header.

Read here, not through the `movement` package, because that goes by the columns' positions, needs
the h5 key ``df_with_missing`` and takes seconds to import; a test holds the two against each other.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nuzzle.errors import FormatError, listed
from nuzzle.files import UTF16_MARKS, decoded, head
from nuzzle.io.hdf5 import attribute, open_hdf5, peek
from nuzzle.io.registry import PoseFormat, PoseOptions
from nuzzle.io.unfound_points import unscaled, without_unfound
from nuzzle.recording import Recording

_LEVELS = ("scorer", "individuals", "bodyparts", "coords")
#: Lightning Pose names the network, or the smoother that ran after it, as the scorer.
_LIGHTNING_SCORER = re.compile(r"heatmap|lightning|ensemble-kalman|\beks\b", re.IGNORECASE)
#: What DeepLabCut calls the "animal" that owns the points which only the scene has.
_UNIQUE_POINTS = "single"
_DEFAULT_INDIVIDUAL = "individual_0"
#: What spreadsheets put between cells where the comma is the decimal sign.
_SEPARATORS = {";": "semicolons", "\t": "tabs"}
#: What a missing or damaged part of a pandas table raises; a node that is not there is both a
#: LookupError and an AttributeError.
_DAMAGED = (
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class _Table:
    """A pose table as it stands in the file.

    Attributes:
        columns: (individual, keypoint, coordinate) of each column.
        values: `(row, column)`.
        frames: frame number of each row.
        first_line: line of the first row, where the file is text.
    """

    columns: list[tuple[str, str, str]]
    values: NDArray[np.float64]
    frames: NDArray[np.float64]
    first_line: int | None


def _header(path: Path, delimiter: str = ",", errors: str = "strict") -> list[list[str]]:
    """The header rows of a csv: three or four, or none where it is another kind of file.

    Args:
        path: the file.
        delimiter: what separates its cells.
        errors: what is done about bytes that are not UTF-8.
    """
    rows: list[list[str]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="", errors=errors) as file:
            for row in csv.reader(file, delimiter=delimiter):
                if not row or row[0].strip() not in _LEVELS:
                    break
                rows.append([cell.strip() for cell in row])
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    names = tuple(row[0] for row in rows)
    return rows if names in (_LEVELS, ("scorer", "bodyparts", "coords")) else []


def _columns(path: Path, levels: Sequence[Sequence[str]]) -> list[tuple[str, str, str]]:
    """(individual, keypoint, coordinate) of each column, from its levels without the scorer."""
    if len({len(level) for level in levels}) != 1:
        raise FormatError(
            path,
            f"the header rows have {[len(level) + 1 for level in levels]} cells; every row of "
            "a pose table has as many.",
        )
    if not levels[0]:
        raise FormatError(
            path, "the header names no keypoint; columns of x, y and likelihood were expected."
        )
    if len(levels) == 2:
        levels = [[_DEFAULT_INDIVIDUAL] * len(levels[0]), *levels]
    return [(who, point, coordinate) for who, point, coordinate in zip(*levels, strict=True)]


def _named(header: Sequence[Sequence[str]]) -> list[int]:
    """Places of the columns of poses: not of those that a spreadsheet left empty."""
    places = range(1, max(map(len, header)))
    return [place for place in places if any(any(row[place : place + 1]) for row in header)]


def _read_csv(path: Path) -> _Table:
    header = _header(path)
    if not header:
        _refuse_spreadsheet(path)
        raise FormatError(
            path,
            "the header of a DeepLabCut or Lightning Pose csv was expected: rows that begin with "
            "scorer, (individuals,) bodyparts, coords.",
            row=1,
        )
    width, named = max(map(len, header)), _named(header)
    levels = [[row[place] for place in named if place < len(row)] for row in header[1:]]
    columns = _columns(path, levels)
    try:
        # Reading as text first would be safe and ten times slower: look for the cell on failure.
        values = pd.read_csv(
            path, skiprows=len(header), header=None, names=range(width), dtype=np.float64
        ).to_numpy()
    except ValueError as error:
        raise _bad_line(path, len(header), width) or FormatError(
            path, f"it cannot be read as a table of numbers ({error})."
        ) from error
    # pandas fills up a row that was cut short, without a word.
    if path.read_bytes().count(b",") != (len(values) + len(header)) * (width - 1):
        bad = _bad_line(path, len(header), width)
        if bad is not None:
            raise bad
    return _Table(columns, values[:, named], values[:, 0], len(header) + 1)


def _refuse_spreadsheet(path: Path) -> None:
    """Raise an error for a pose csv that is not in UTF-8, or not separated by commas."""
    start = head(path, 64)
    if start.startswith(UTF16_MARKS) and (decoded(start, whole=False) or "").startswith(_LEVELS[0]):
        raise FormatError(
            path,
            "is in UTF-16, as a spreadsheet saves Unicode text; UTF-8 was expected.",
            mend="Take the file that the tracker wrote, or save it again as csv in UTF-8, with "
            "commas between the cells and decimal points in numbers.",
        )
    separators = [name for sign, name in _SEPARATORS.items() if _header(path, sign, "replace")]
    if separators:
        raise FormatError(
            path,
            f"its cells are separated by {separators[0]}, as a spreadsheet saves them in some "
            "languages; commas, and decimal points in numbers, were expected.",
            row=1,
            mend="Take the file that the tracker wrote, or save it again as csv with commas (in "
            "Excel: set the region to English, then Save as > CSV UTF-8).",
        )
    if _header(path, errors="replace"):
        raise FormatError(
            path,
            "is not in UTF-8; it may be in an encoding of Windows, which has other bytes for "
            "letters such as 'ä'.",
            mend="Save it again as csv in UTF-8 (in Excel: Save as > CSV UTF-8).",
        )


def _bad_line(path: Path, header_rows: int, width: int) -> FormatError | None:
    """The error that names the first line which is not a frame of numbers."""
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        reader = csv.reader(file)
        for row in reader:
            if reader.line_num <= header_rows or not row:
                continue
            if len(row) != width:
                problem = f"{len(row)} cells came, the header has {width}."
                return FormatError(
                    path, problem, row=reader.line_num, mend="Was the file cut short?"
                )
            for column, cell in enumerate(row):
                try:
                    float(cell or "nan")
                except ValueError:
                    what = f"a number was expected in column {column + 1}, {cell!r} came."
                    mend = (
                        "Leave the cell of a missing point empty."
                        if column
                        else "The first column is the frame number; labelled training images "
                        "are another kind of file."
                    )
                    return FormatError(path, what, row=reader.line_num, mend=mend)
    return None


def _read_h5(path: Path) -> _Table:
    with open_hdf5(path):  # says what is wrong with a damaged file, in our words
        keys = peek(path, _pandas_keys)
    if not keys:
        raise FormatError(path, "it holds no pandas table; a DeepLabCut h5 was expected.")
    key = "df_with_missing" if "df_with_missing" in keys else keys[0]
    try:
        table = pd.read_hdf(path, key=key)
    except _DAMAGED as error:
        raise FormatError(
            path,
            f"the table {key!r} was cut short or damaged and cannot be read: {str(error).strip()}.",
            mend="Copy it again from where it was made.",
        ) from error
    names = list(table.columns.names) if isinstance(table, pd.DataFrame) else []
    if names[-2:] != ["bodyparts", "coords"]:
        raise FormatError(
            path,
            f"the columns of the table {key!r} have the levels {names}; expected scorer, "
            "(individuals,) bodyparts, coords.",
        )
    levels = [
        [str(name) for name in table.columns.get_level_values(level)]
        for level in _LEVELS[1:]
        if level in names
    ]
    columns = _columns(path, levels)
    try:
        frames = table.index.to_numpy(dtype=np.float64)
        values = table.to_numpy(dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise FormatError(
            path,
            f"the table {key!r} is not a table of numbers, a row a video frame ({error}).",
            mend="Labelled training images are another kind of file.",
        ) from error
    return _Table(columns, values, frames, None)


def _pandas_keys(file: Any) -> list[str]:
    return [name for name in file if attribute(file[name], "pandas_type").startswith("frame")]


def _frame_numbers(path: Path, table: _Table) -> NDArray[np.int64]:
    """Frame of each row; refuses what is no rising sequence of frame numbers."""
    frames = table.frames
    if not len(frames):
        raise FormatError(path, "it has a header and no frames.")
    steps = np.diff(frames, prepend=-1)
    wrong = ~np.isfinite(frames) | (frames != np.floor(frames)) | ~(steps > 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise FormatError(
            path,
            f"the first column counts the frames upwards from 0; got {frames[row]:g}"
            + (f" after {frames[row - 1]:g}." if row else "."),
            row=None if table.first_line is None else table.first_line + row,
        )
    if frames[-1] > 10 * len(frames) + 1000:
        raise FormatError(
            path,
            f"the last of {len(frames)} rows is frame {frames[-1]:g}: most frames are not there.",
            mend="The first column holds frame numbers, not times.",
        )
    return frames.astype(np.int64)


def _names(path: Path, table: _Table) -> tuple[list[str], list[str], dict[tuple[str, ...], int]]:
    """Individuals, keypoints, and where each column is; refuses a table that lacks one."""
    where = {name: column for column, name in enumerate(table.columns)}
    if len(where) != len(table.columns):
        doubled = next(name for name in where if table.columns.count(name) > 1)
        raise FormatError(path, f"the column {' / '.join(doubled)} occurs twice.")
    individuals = list(dict.fromkeys(name[0] for name in where))
    if len(individuals) > 1 and _UNIQUE_POINTS in individuals:
        # Points of the scene, such as a corner of the arena, are no animal.
        individuals.remove(_UNIQUE_POINTS)
    keypoints = list(dict.fromkeys(name[1] for name in where if name[0] in individuals))
    coordinates = {name[2] for name in where}
    if "z" in coordinates:
        raise FormatError(path, "the poses are three-dimensional (x, y, z); x and y are expected.")
    wanted = ["x", "y", *(["likelihood"] if "likelihood" in coordinates else [])]
    missing = [
        " / ".join(name) for name in product(individuals, keypoints, wanted) if name not in where
    ]
    if missing:
        raise FormatError(
            path,
            f"every individual has {wanted} of every keypoint; the column {listed(missing, 4)} is "
            "missing.",
            mend=f"Individuals: {individuals}. Keypoints: {keypoints}.",
        )
    return individuals, keypoints, {tuple(name): column for name, column in where.items()}


def _recording(path: Path, options: PoseOptions, table: _Table) -> Recording:
    individuals, keypoints, where = _names(path, table)
    frames = _frame_numbers(path, table)
    shape = (int(frames[-1]) + 1, len(keypoints), len(individuals))

    def gather(coordinate: str) -> NDArray[np.float32]:
        # A frame without a row is a frame without points.
        out = np.full(shape, np.nan, dtype=np.float32)
        columns = [[where[who, point, coordinate] for who in individuals] for point in keypoints]
        with np.errstate(over="ignore"):  # what is too large is refused with its frame
            out[frames] = table.values[:, columns]
        return out

    position = np.stack([gather("x"), gather("y")], axis=1)
    sure = gather("likelihood") if any(name[2] == "likelihood" for name in where) else None
    notes = () if sure is None else (*without_unfound(position, sure), *unscaled(sure))
    return Recording.from_arrays(
        options.name or path.stem,
        position,
        keypoints=keypoints,
        individuals=individuals,
        confidence=sure,
        fps=options.fps,
        source=str(path),
        notes=notes,
    )


def read_csv(path: Path, options: PoseOptions) -> Recording:
    """Read a DeepLabCut or Lightning Pose csv.

    Args:
        path: a csv with three header rows, or four where there are several animals.
        options: name of the recording and its frame rate; the file states none.

    Returns:
        One individual (called ``individual_0``) or several, with their confidences.

    Raises:
        FormatError: names the line or the column that is not what it should be.
    """
    return _recording(path, options, _read_csv(path))


def read_h5(path: Path, options: PoseOptions) -> Recording:
    """Read a DeepLabCut h5: a pandas table under any key, ``df_with_missing`` preferred.

    Args:
        path: an h5 file.
        options: name of the recording and its frame rate; the file states none.

    Raises:
        FormatError: the file is damaged, holds no pose table, or lacks a column.
    """
    return _recording(path, options, _read_h5(path))


def _is_lightning(path: Path) -> bool:
    header = _header(path)
    return len(header) == 3 and any(map(_LIGHTNING_SCORER.search, header[0][1:2]))


def _is_csv(path: Path) -> bool:
    return bool(_header(path))


def _is_h5(path: Path) -> bool:
    return bool(peek(path, _pandas_keys))


FORMATS = (
    PoseFormat("lightning_pose", (".csv",), _is_lightning, read_csv),
    PoseFormat("deeplabcut_csv", (".csv",), _is_csv, read_csv, refuse=_refuse_spreadsheet),
    PoseFormat("deeplabcut_h5", (".h5", ".hdf5"), _is_h5, read_h5),
)
