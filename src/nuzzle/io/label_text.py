"""What all readers of labels share first: text, rows, numbers, seconds."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from nuzzle.cells import THOUSANDS, composed, number_or_nan
from nuzzle.errors import FormatError
from nuzzle.files import csv_text, decoded, delimiter_of, existing_file
from nuzzle.io.registry import LabelOptions, first_bytes

#: What is done about another frame rate than the poses', for a note.
SECONDS_TO_POSES = "seconds were turned into frames of the poses"
#: How a note of `other_rate` begins.
OTHER_RATE = "the labels' video has"


class Row(NamedTuple):
    """A row of a text table: its 1-based line, and its cells without outer blanks."""

    line: int
    cells: tuple[str, ...]


def grouped(rows: Iterable[Row], name: Callable[[Row], str]) -> Mapping[str, tuple[Row, ...]]:
    """Rows by a name of theirs, both in their order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(name(row), []).append(row)
    return MappingProxyType({key: tuple(some) for key, some in found.items()})


def read_text(path: str | Path) -> str:
    """The text of a label file, in UTF-8, UTF-16 with its mark, or Windows' Western encoding.

    However the file stores its letters, each is one character.

    Raises:
        InputError: there is no such file, or it is empty.
        FormatError: it is not text.
    """
    path = existing_file(path, "label file")
    text = decoded(path.read_bytes())
    if text is None:
        raise FormatError(
            path,
            "is not text: a label file in UTF-8 was expected, and bytes came that stand for no "
            "characters.",
            mend="Save it as text (csv UTF-8) from the program that wrote it.",
        )
    return composed(text)


def text_head(path: Path, size: int = 16_384) -> str:
    """The beginning of a file for a check of its format; nothing where it is not text."""
    return decoded(first_bytes(path, size), whole=False) or ""


def cells_of(line: str) -> list[str]:
    """The cells of a header line, for a check of its format."""
    return [cell.strip().strip('"') for cell in line.split(delimiter_of(line))]


def table_rows(path: Path, text: str, delimiter: str) -> Iterator[Row]:
    """Rows of a delimited text with their line numbers; empty ones are left out.

    Raises:
        FormatError: a row cannot be split into cells.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(reader.line_num, tuple(cell.strip() for cell in cells))
    except csv.Error as error:
        raise FormatError(path, f"is not a table: {error}.", row=reader.line_num) from error


def frames_table(
    path: str | Path, columns: Sequence[str], frames: Sequence[str], least: float = -math.inf
) -> pd.DataFrame:
    """A csv as any spreadsheet saves it: text, but for whole numbers in some of its columns.

    Args:
        path: of the csv.
        columns: that it has.
        frames: those of them that hold frame numbers.
        least: the lowest of them that there may be.

    Raises:
        InputError: there is no such file, or it is empty.
        FormatError: it is no csv, a column is missing, or a frame is not such a number.
    """
    path = existing_file(path, "csv")
    text, separator = csv_text(path)
    try:
        table = pd.read_csv(io.StringIO(text), sep=separator, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FormatError(path, f"is not a csv: {error}.") from error
    missing = [name for name in columns if name not in table]
    if missing:
        raise FormatError(
            path, f"the columns {list(columns)} were expected; {missing} are missing.", row=1
        )
    for name in frames:
        numbers = pd.to_numeric(table[name], errors="coerce")
        wrong = np.flatnonzero(~(numbers >= least) | (numbers % 1 != 0))
        if len(wrong):
            came = table[name].iloc[wrong[0]]
            raise FormatError(
                path, f"{name} is {came!r}; a frame number was expected.", row=int(wrong[0]) + 2
            )
        table[name] = numbers.astype(np.int64)
    return table


def number(text: str, what: str, path: Path, line: int | None) -> float:
    """The finite number in a cell; a decimal comma is understood.

    Raises:
        FormatError: there is none.
    """
    value = number_or_nan(text)
    if math.isnan(value):
        raise FormatError(
            path, f"a number was expected for the {what}, and {text!r} came.", row=line
        )
    return value


def frame_number(text: str, what: str, path: Path, line: int) -> int:
    """The whole number in a cell.

    Raises:
        FormatError: there is none.
    """
    if text.isdecimal() and len(text) <= 15:  # as nearly all are
        return int(text)
    if THOUSANDS.fullmatch(text.strip()):
        raise FormatError(
            path,
            f"a whole frame was expected for the {what}, and {text!r} came, which may be "
            f"thousands ({text.replace(',', '')}) or have a decimal comma.",
            row=line,
            mend="Remove the thousands separators from the columns of frames; write 1000 and not "
            "1,000.",
        )
    value = number(text, what, path, line)
    if not value.is_integer():
        raise FormatError(
            path, f"a whole frame was expected for the {what}, and {text!r} came.", row=line
        )
    return int(value)


def seconds_to_frames(
    start_s: float, stop_s: float, fps: float, n_frames: int = 0
) -> tuple[int, int]:
    """The half-open frames of an interval in seconds, at least one frame long.

    What begins inside of a recording is in its last frame at least, even in the second half of it.

    Args:
        start_s: where it begins.
        stop_s: where it ends.
        fps: frames per second.
        n_frames: length of the recording; 0 where it is unknown.

    >>> seconds_to_frames(1.0, 2.0, 30.0), seconds_to_frames(1.0, 1.001, 30.0)
    ((30, 60), (30, 31))
    >>> seconds_to_frames(1.99, 2.0, 30.0), seconds_to_frames(1.99, 2.0, 30.0, n_frames=60)
    ((60, 61), (59, 60))
    """
    start = round(start_s * fps)
    if 0 < start == n_frames and start_s < n_frames / fps:
        start -= 1
    return start, max(start + 1, round(stop_s * fps))


def same_rate(one: float, other: float) -> bool:
    """Whether two frame rates are one, rounded differently; 29.97 and 30 are two."""
    return abs(one - other) <= 0.01


def other_rate(in_file: float | None, poses: float | None, done: str) -> list[str]:
    """A note where the labels' video and the poses have two frame rates; what was done about it."""
    if not (in_file and poses) or same_rate(in_file, poses):
        return []
    return [f"{OTHER_RATE} {in_file:g} frames/s and the poses {poses:g}; {done}"]


def needed_fps(path: Path, options: LabelOptions, in_file: float | None = None) -> float:
    """The frame rate that turns the file's seconds into frames of the poses.

    The rate of the poses, where it is known, goes before the file's own.

    Raises:
        FormatError: neither is known.
    """
    fps = options.fps or in_file
    if not fps:
        raise FormatError(
            path,
            "its times are in seconds, and it does not say how many frames a second has.",
            mend="Give the frame rate: the column fps of the manifest, or --fps.",
        )
    return fps
