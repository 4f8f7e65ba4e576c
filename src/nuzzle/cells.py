"""The cells of a manifest: numbers, words and names as people write them in a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nuzzle.files import csv_text

#: Frames are whole, so what looks like three decimals is rather thousands.
THOUSANDS = re.compile(r"[+-]?\d+,\d{3}")


def column_name(text: str | None) -> str:
    """A column as its header names it, in whatever case and with whatever blanks.

    >>> column_name(" Start Frame "), column_name("Px-per-cm")
    ('start_frame', 'px_per_cm')
    """
    return re.sub(r"[\s_-]+", "_", (text or "").strip()).lower()


class CsvRow(NamedTuple):
    """A row that says anything: its last line in the file, its cells by column, further cells."""

    line: int
    cells: dict[str, str]
    surplus: list[str]


def read_rows(path: Path) -> tuple[list[str], list[CsvRow]]:
    """The columns and the rows of a csv, as any spreadsheet saves it.

    Raises:
        FormatError: it is not text.
    """
    text, delimiter = csv_text(path)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    reader.fieldnames = columns = [column_name(name) for name in reader.fieldnames or []]
    rows = []
    for row in reader:
        surplus = [cell for cell in (row.pop("", ""), *row.pop(None, ())) if (cell or "").strip()]
        cells = {key: (value or "").strip() for key, value in row.items()}
        if surplus or any(cells.values()):
            rows.append(CsvRow(reader.line_num, cells, surplus))
    return columns, rows


def composed(text: str) -> str:
    """A name with one character for each letter: a Mac may store ``ä`` as ``a`` and its dots.

    >>> len("a\u0308"), len(composed("a\u0308"))
    (2, 1)
    """
    return unicodedata.normalize("NFC", text)


def parse_mapping(text: str) -> dict[str, str]:
    """Read ``old=new;old=new``.

    >>> parse_mapping("leftear=ear_left; tail=tail_base")
    {'leftear': 'ear_left', 'tail': 'tail_base'}

    Raises:
        ValueError: it is something else, or gives one old name two new ones.
    """
    pairs = [part.split("=", 1) for part in composed(text).split(";") if part.strip()]
    if any(len(pair) != 2 or not pair[0].strip() or not pair[1].strip() for pair in pairs):
        raise ValueError(f"{text!r} is not of the form old=new;old=new")
    mapping: dict[str, str] = {}
    for old, new in ((old.strip(), new.strip()) for old, new in pairs):
        if mapping.setdefault(old, new) != new:
            raise ValueError(f"{text!r} calls {old!r} both {mapping[old]!r} and {new!r}")
    return mapping


def _boolean(text: str) -> bool:
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if text.lower() not in words:
        raise ValueError(f"{text!r} is neither yes nor no")
    return words[text.lower()]


def number_or_nan(text: str) -> float:
    """The finite number in a cell, NaN where there is none; a decimal comma is understood."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _positive(text: str) -> float:
    number = number_or_nan(text)
    if not number > 0:
        raise ValueError(f"{text!r} is not a positive number")
    return number


def _seconds(text: str) -> float:
    number = number_or_nan(text)
    if math.isnan(number):
        raise ValueError(f"{text!r} is not a number of seconds")
    return number


def _frame(text: str) -> int:
    if THOUSANDS.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a frame number: it may be thousands ({text.replace(',', '')}) or "
            "have a decimal comma. Write 1000 and not 1,000"
        )
    number = number_or_nan(text)
    if not number.is_integer() or number < 0:
        raise ValueError(f"{text!r} is not a frame number (0, 1, 2, ...)")
    return int(number)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in composed(text).split(";") if part.strip())


def _split(text: str) -> str:
    """The names that nuzzle knows count however they are written."""
    return text.lower() if text.lower() in ("train", "val", "test") else text


#: What is read from the cell of a column; other columns are text.
PARSERS: dict[str, Callable[[str], Any]] = {
    "fps": _positive,
    "px_per_cm": _positive,
    "split": _split,
    "start_frame": _frame,
    "stop_frame": _frame,
    "label_delay_s": _seconds,
    **dict.fromkeys(("lab", "group", "stream", "background", "agent", "target"), composed),
    "directed": _boolean,
    "not_observed": _names,
    "looked_for": _names,
    "individuals": parse_mapping,
    "keypoints": parse_mapping,
    "behaviours": parse_mapping,
}


def cell_text(value: object) -> str:
    """The cell of a value, from which it is read again.

    >>> cell_text(25.0), cell_text(("sniff", "self:groom")), cell_text({"tail": "tail_base"})
    ('25', 'sniff;self:groom', 'tail=tail_base')

    Raises:
        ValueError: a name holds a sign that separates names.
    """
    if isinstance(value, tuple):
        _refuse_torn(value, ";")
        return ";".join(value)
    if isinstance(value, dict):
        _refuse_torn(value, ";=")
        _refuse_torn(value.values(), ";")
        return ";".join(f"{old}={new}" for old, new in value.items())
    if isinstance(value, bool):
        return "" if value else "no"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return "" if value is None else str(value)


def _refuse_torn(names: Iterable[str], separators: str) -> None:
    torn = [name for name in names if any(sign in name for sign in separators)]
    if torn:
        raise ValueError(
            f"names are separated by {' and '.join(map(repr, separators))}, so that "
            f"{', '.join(map(repr, torn))} would be read as others. Rename it in the files that "
            "name it so"
        )


def plain_value(name: str, value: object) -> Any:
    """What a caller gives for a column: text and numbers as its cells are read, several as such.

    >>> plain_value("fps", 30), plain_value("not_observed", ["base"])
    (30.0, ('base',))

    Raises:
        ValueError: it is not what the column holds.
    """
    parse = PARSERS.get(name, str)
    if isinstance(value, str | int | float):
        return parse(str(value).strip())
    if parse is parse_mapping and isinstance(value, Mapping):
        return {composed(str(old)): composed(str(new)) for old, new in value.items()}
    if parse is _names and isinstance(value, Sequence):
        return tuple(composed(str(name)) for name in value)
    raise ValueError(f"{value!r} is not what it holds")
