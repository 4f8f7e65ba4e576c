"""SimBA's ``targets_inserted`` table, ``.csv``: a row a frame, a 0/1 column a behaviour.

The file also holds poses and features. A behaviour is a column that holds nothing but 0 and 1
and is called neither like a coordinate (``Nose_1_x``, ``_y``, ``_p``) nor like one of SimBA's
own features of that kind (``Low_prob_detections_0.1``). An empty cell means that nobody looked
(Goodwin et al. 2024, "Simple Behavioral Analysis (SimBA)", Nature Neuroscience 27). Where a
column counts the frames, as SimBA's nameless first one does, no row may be missing.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from nuzzle.errors import FormatError, InputError, listed
from nuzzle.files import delimiter_of, write_text
from nuzzle.io.cast import Cast
from nuzzle.io.label_assembly import assemble
from nuzzle.io.label_text import text_head
from nuzzle.io.registry import LabelFormat, LabelOptions
from nuzzle.labels import Labels, Pair, rows_of_masks

_NO_BEHAVIOUR = re.compile(
    r"unnamed.*|(?:video_?)?(?:frame|index|time|scorer|coords|bodyparts)(?:_(?:s|id|no|idx|number))?|"
    r".*_(?:x|y|p|likelihood)|low_prob_detections.*|(?:sum_)?probabilit.*",
    re.IGNORECASE,
)
_FRAME = re.compile(r"(?:video_?)?(?:frame|index)(?:_(?:id|no|idx|number))?", re.IGNORECASE)
_NAMELESS = re.compile(r"(?:unnamed.*)?", re.IGNORECASE)
_NUMBER = re.compile(r"|-?\d*\.?\d+(?:e[+-]?\d+)?|nan", re.IGNORECASE)
_MANY = 8


def sniff(path: Path) -> bool:
    """Whether the first rows are numbers, and a column that may be a behaviour is 0 and 1."""
    lines = text_head(path, 262_144).splitlines()[:30]
    rows = list(csv.reader(lines, delimiter=delimiter_of(lines[0]))) if lines else []
    body = [row for row in rows[1:] if len(row) == len(rows[0])]
    if not all(_NUMBER.fullmatch(cell.strip()) for row in body for cell in row):
        return False
    cells = {
        column: {row[column].strip() for row in body} - {""}
        for column, name in enumerate(rows[0] if body else [])
        if _may_be_behaviour(name)
    }
    empty = [column for column, found in cells.items() if not found]
    return any(map(_is_binary, cells.values())) or _is_binary(_first_cells(path, empty))


def _first_cells(path: Path, columns: list[int]) -> set[str]:
    """What the first row holds in which one of these columns is not empty."""
    if not columns:
        return set()
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        first = file.readline()
        for row in csv.reader(file, delimiter=delimiter_of(first)):
            found = {row[column].strip() for column in columns if column < len(row)} - {""}
            if found:
                return found
    return set()


def _is_binary(cells: set[str]) -> bool:
    return bool(cells) and cells <= {"0", "1", "0.0", "1.0"}


def _may_be_behaviour(name: str) -> bool:
    return bool(name.strip()) and not _NO_BEHAVIOUR.fullmatch(name.strip())


def read(path: Path, options: LabelOptions) -> Labels:
    """Labels of a table with a 0/1 column for each behaviour.

    Args:
        path: the file.
        options: `agent` and `target` say whose the labels are, since the file does not.

    Raises:
        FormatError: no column holds nothing but 0 and 1, or the rows are not all frames in order.
    """
    table = _table(path)
    _check_frames(path, table)
    candidates = [str(name) for name in table if _may_be_behaviour(str(name))]
    _check_names(path, candidates)
    columns: dict[str, pd.Series[float]] = {}
    for name in candidates:
        values = pd.to_numeric(table[name], errors="coerce")
        whole = values.isin([0, 1]) | table[name].isna()
        if whole.all() and values.notna().any():
            columns[name] = values
    if not columns:
        raise FormatError(
            path,
            f"has no column that holds nothing but 0 and 1; its {table.shape[1]} columns are "
            f"{listed(list(table.columns), _MANY)}.",
            mend="A SimBA file with behaviours comes from its folder targets_inserted.",
        )
    active = np.column_stack([column.to_numpy() == 1 for column in columns.values()])
    seen = np.column_stack([column.notna().to_numpy() for column in columns.values()])
    cast, nobody = Cast(path, options), Pair("", "")
    left_out = [name for name in candidates if name not in columns]
    notes = [f"no behaviours, since not 0/1: {listed(left_out, _MANY)}"] if left_out else []
    return assemble(
        path,
        cast.placed(rows_of_masks(nobody, active, [*columns])),
        cast.placed(rows_of_masks(nobody, seen, [*columns])),
        options,
        end=len(table),
        notes=notes,
    )


def _table(path: Path) -> pd.DataFrame:
    first = text_head(path, 262_144).partition("\n")[0]
    if not first:
        raise FormatError(path, "is not text: a csv with a row a frame was expected.")
    try:
        table = pd.read_csv(path, sep=delimiter_of(first), skip_blank_lines=False, low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise FormatError(
            path, f"is not a csv with a row a frame: {str(error).strip()}."
        ) from error
    if not len(table):
        raise FormatError(path, "has a header and no rows; a row a frame was expected.")
    return table.rename(columns=lambda name: str(name).strip())


def _check_frames(path: Path, table: pd.DataFrame) -> None:
    """A column that counts frames has each of them, from 0 or from 1."""
    for place, name in enumerate(map(str, table)):
        if not (_FRAME.fullmatch(name) or (place == 0 and _NAMELESS.fullmatch(name))):
            continue
        told = table.iloc[:, place]
        frames, some = pd.to_numeric(told, errors="coerce").to_numpy(), told.notna().to_numpy()
        if np.isnan(frames[some]).any():
            continue  # it names them
        expected = np.arange(len(table)) + (1 if frames[0] == 1 else 0)
        wrong = np.flatnonzero((frames != expected) & some)
        if len(wrong):
            row = int(wrong[0])
            raise FormatError(
                path,
                "a row a frame, from 0 or 1 and none left out, was expected; "
                f"{told.iloc[row]} came for frame {expected[row]} in the column {name!r}.",
                row=row + 2,
                mend="Keep all frames of one video in order; where nobody looked, leave the cells "
                "of the behaviours empty.",
            )


def _check_names(path: Path, names: Sequence[str]) -> None:
    doubled = [name for name, times in Counter(names).items() if times > 1]
    if doubled:
        raise FormatError(
            path,
            f"every column has a name of its own, and {listed(doubled, _MANY)} came twice, but "
            "for blanks around it.",
            row=1,
            mend="Give one of them another name.",
        )


def write(labels: Labels, path: Path, fps: float) -> Path:
    """Write the frame index and a 0/1 column for each behaviour; empty where nobody looked.

    The format knows no animals and no bouts: only labels of one pair can be written, and bouts
    of one behaviour that touch or overlap come back as one. Background, streams and annotators
    are not held.

    Args:
        labels: to write.
        path: of the new file.
        fps: not held by the format.

    Raises:
        InputError: the labels are of several pairs, or a behaviour is called like a column that
            is none.
    """
    del fps
    pairs = {*labels.pairs, *(Pair(*row) for row in labels.bouts[["agent", "target"]].to_numpy())}
    if len(pairs) > 1:
        listed = ", ".join(sorted(map(str, pairs)))
        raise InputError(
            f"A SimBA table holds the labels of one pair, and these are of {listed}. "
            "Write BORIS, BENTO or the plain bout csv instead."
        )
    pair = next(iter(pairs), Pair("agent", "target"))
    active, observed, names = labels.frames(pair)
    reserved = [name for name in names if not _may_be_behaviour(name)]
    if reserved:
        raise InputError(
            f"{path}: names of behaviours were expected, and {reserved} are names of coordinates, "
            "features or frames in a SimBA table. Give other names (rename_behaviours), or write "
            "BORIS, BENTO or the plain bout csv."
        )
    table = pd.DataFrame({"frame": np.arange(labels.n_frames)})
    for column, name in enumerate(names):
        table[name] = pd.array(active[:, column].astype(np.int64), dtype="Int64")
        table.loc[~observed[:, column], name] = pd.NA
    return write_text(path, table.to_csv(index=False, lineterminator="\n"))


FORMAT = LabelFormat("simba", (".csv",), sniff, read, write)
