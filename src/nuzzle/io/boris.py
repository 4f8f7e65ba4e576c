"""BORIS' exports, ``.csv`` and ``.tsv``: tabular events and aggregated events, in seconds.

Columns are found by name, since their number and order differ between versions:

* tabular, to version 7: a header block with ``Observation id``, then ``Time``, ``Subject``,
  ``Behavior``, ``Status`` (START, STOP, POINT), ``FPS``, ``Total length``;
* tabular, from version 8: one table with ``Observation id``, ``Subject``, ``Behavior``,
  ``Behavior type`` (START, STOP, POINT), ``Time``, ``FPS``, ``Media duration (s)``;
* aggregated: ``Start (s)``, ``Stop (s)``, ``Behavior type`` (STATE, POINT).

Such a file does not say what was looked for and never seen, so what was looked for is what has
an event, for each pair that has one, in the whole recording. A project file does say it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd

from nuzzle.errors import FormatError, InputError
from nuzzle.files import delimiter_of, write_text
from nuzzle.io.boris_events import Event, Interval, Observation, paired, to_labels
from nuzzle.io.kept import parsed_once
from nuzzle.io.label_assembly import frames_looked_at
from nuzzle.io.label_text import Row, cells_of, grouped, number, read_text, table_rows, text_head
from nuzzle.io.registry import LabelFormat, LabelOptions, choose
from nuzzle.labels import SPAN_COLUMNS, Labels

_BEHAVIOUR = ("behavior", "behaviour")
_STATUS = ("status", "behavior type", "behaviour type")
_FPS = ("fps", "fps (frame/s)")
_LENGTH = ("total length", "media duration (s)")
_OFFSET = "time offset (s)"
#: The two columns that only aggregated events have.
_START, _STOP = "start (s)", "stop (s)"
_HEADER_LINES = 200


@dataclass(frozen=True)
class _Table:
    """An export: its columns, its rows, and what its header block says."""

    path: Path
    columns: Mapping[str, int]
    rows: tuple[Row, ...]
    heading: Mapping[str, str]

    def cell(self, row: Row, *names: str) -> str:
        """The cell of the first of these columns that there is."""
        for name in names:
            if name in self.columns and self.columns[name] < len(row.cells):
                return row.cells[self.columns[name]]
        return ""

    def seconds(self, row: Row, name: str) -> float:
        """A time: seconds, or hours, minutes and seconds with colons."""
        text = self.cell(row, name)
        # The sign is that of the whole: a part of -00 would lose it.
        cells = text.removeprefix("-").split(":")
        parts = [number(part, name, self.path, row.line) for part in cells]
        signed = any(part.lstrip().startswith("-") for part in cells)
        if signed or len(parts) > 3 or any(part >= 60 for part in parts[1:]):
            raise FormatError(
                self.path,
                "seconds, or hours, minutes and seconds as 00:01:02.250, were expected for the "
                f"{name}, and {text!r} came.",
                row=row.line,
            )
        value = 0.0
        for part in parts:
            value = 60 * value + part
        return -value if text.startswith("-") else value

    def modifiers(self, row: Row) -> tuple[str, ...]:
        names = [name for name in self.columns if name.startswith("modifier")]
        return tuple(text for name in names if (text := self.cell(row, name)))

    @cached_property
    def observations(self) -> Mapping[str, tuple[Row, ...]]:
        """The rows of each."""
        only = self.heading.get("observation id", "")
        return grouped(self.rows, lambda row: self.cell(row, "observation id") or only)

    def offset_s(self, rows: Sequence[Row]) -> float:
        """The time offset of the observation with these rows; 0 where none is said."""
        cells = [self.cell(row, _OFFSET) for row in rows[:1]]
        text = next(filter(None, cells), self.heading.get(_OFFSET, "")).replace(",", ".")
        return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else 0.0


def _kind(columns: Iterable[str]) -> Literal["boris", "boris_aggregated"] | None:
    """Of which of the two formats a row with these cells is the header, if it is one."""
    names = {name.casefold() for name in columns}
    if names.isdisjoint(_BEHAVIOUR):
        return None
    if names >= {_START, _STOP}:
        return "boris_aggregated"
    return "boris" if "time" in names and not names.isdisjoint(_STATUS) else None


def _header_line(text: str) -> str:
    """The line of the header; empty where there is none."""
    lines = text.splitlines()[:_HEADER_LINES]
    return next((line for line in lines if _kind(cells_of(line))), "")


def read(path: Path, options: LabelOptions) -> Labels:
    """Labels of an export of BORIS.

    Args:
        path: the file.
        options: `item` is the observation, where the file holds several; `fps` of the poses,
            where the file has no rate; subjects become agents through `rename_individuals`.

    Raises:
        FormatError: names the line with a missing number, an unknown kind of event, a STOP
            before its START, or a START without a STOP.
    """
    table = _table(path)
    rows = _of_one_observation(table, options.item)
    length_s = _media_length(table, rows)
    notes: tuple[str, ...] = ()
    if _kind(table.columns) == "boris_aggregated":
        intervals = list(_aggregated(table, rows))
    else:
        intervals, notes = paired(path, _events(table, rows), length_s)
    offset_s = table.offset_s(rows)
    observation = Observation(
        intervals, _rates(table, rows), length_s, notes=notes, offset_s=offset_s
    )
    return to_labels(path, observation, options)


@parsed_once("label file")
def _table(path: Path) -> _Table:
    text = read_text(path)
    header = _header_line(text)
    if not header:
        raise FormatError(
            path,
            "a header with the columns Behavior, Time and Status (tabular events), or Behavior, "
            "Start (s) and Stop (s) (aggregated events), was expected in the first "
            f"{_HEADER_LINES} lines, and none came.",
            mend="Export it from BORIS again: Observations > Export events.",
        )
    heading, columns, rows = dict[str, str](), dict[str, int](), []
    for row in table_rows(path, text, delimiter_of(header)):
        if columns:
            rows.append(row)
        elif _kind(row.cells):
            columns = {name.casefold(): index for index, name in enumerate(row.cells)}
        elif len(row.cells) > 1:
            heading[row.cells[0].casefold()] = row.cells[1]
    return _Table(path, MappingProxyType(columns), tuple(rows), MappingProxyType(heading))


def observations(path: Path) -> list[str]:
    """Names of the observations that have an event, in their order."""
    return list(_table(path).observations)


def _of_one_observation(table: _Table, item: str) -> tuple[Row, ...]:
    if not table.rows:
        return ()
    return table.observations[choose(table.path, "observation", [*table.observations], item)]


def _events(table: _Table, rows: Sequence[Row]) -> Iterator[Event]:
    for row in rows:
        kind = table.cell(row, *_STATUS).upper()
        if kind not in ("START", "STOP", "POINT"):
            raise FormatError(
                table.path,
                f"START, STOP or POINT was expected, and {kind!r} came.",
                row=row.line,
                mend="" if kind else "Was the file cut short?",
            )
        subject, behaviour = _who_and_what(table, row)
        time_s = table.seconds(row, "time")
        yield Event(row.line, kind, time_s, subject, behaviour, table.modifiers(row))


def _aggregated(table: _Table, rows: Sequence[Row]) -> Iterator[Interval]:
    for row in rows:
        kind = table.cell(row, "behavior type", "behaviour type").upper()
        if kind not in ("", "STATE", "POINT"):
            raise FormatError(
                table.path, f"STATE or POINT was expected, and {kind!r} came.", row=row.line
            )
        start = table.seconds(row, _START)
        point = kind == "POINT"
        stop = start if point else table.seconds(row, _STOP)
        if stop < start:
            raise FormatError(
                table.path, f"stops at {stop} s, before its start at {start} s.", row=row.line
            )
        subject, behaviour = _who_and_what(table, row)
        yield Interval(row.line, start, stop, subject, behaviour, table.modifiers(row), point)


def _who_and_what(table: _Table, row: Row) -> tuple[str, str]:
    behaviour = table.cell(row, *_BEHAVIOUR)
    if not behaviour:
        raise FormatError(table.path, "the row has no behaviour.", row=row.line)
    return table.cell(row, "subject"), behaviour


def _numbers(text: str) -> list[float]:
    """Positive numbers of a cell, one a media file."""
    found = [float(part) for part in re.findall(r"\d+(?:\.\d+)?", text.replace(",", "."))]
    return [value for value in found if value > 0]


def _rates(table: _Table, rows: Sequence[Row]) -> set[float]:
    return {rate for row in rows for rate in _numbers(table.cell(row, *_FPS))}


def _media_length(table: _Table, rows: Sequence[Row]) -> float | None:
    """Seconds; files (``;``) follow each other, and players (``|``) run at the same time."""
    cells = {table.cell(row, *_LENGTH) for row in rows}
    lengths = [sum(_numbers(player)) for cell in cells for player in cell.split("|")]
    return max(lengths, default=0.0) or None


_TABULAR = (
    "Observation id",
    "Observation date",
    "Description",
    "Observation duration",
    "Observation type",
    "Source",
    "Time offset (s)",
    "Media duration (s)",
    "FPS",
    "Subject",
    "Behavior",
    "Behavioral category",
    "Modifier #1",
    "Behavior type",
    "Time",
    "Media file name",
    "Image index",
    "Image file path",
    "Comment",
)
_AGGREGATED = (
    *_TABULAR[:3],
    "Observation type",
    "Source",
    "Time offset (s)",
    "Coding duration",
    "Media duration (s)",
    "FPS (frame/s)",
    "Subject",
    "Observation duration by subject by observation",
    "Behavior",
    "Behavioral category",
    "Modifier #1",
    "Behavior type",
    "Start (s)",
    "Stop (s)",
    "Duration (s)",
    "Media file name",
    "Image index start",
    "Image index stop",
    "Image file path start",
    "Image file path stop",
    "Comment start",
    "Comment stop",
)


def write(labels: Labels, path: Path, fps: float) -> Path:
    """Write tabular events in the columns of BORIS 8 and newer; tabs unless it is a ``.csv``.

    The subject is the agent, the first modifier the target. The format holds neither what was
    looked for and not seen, nor the background, streams and annotators. Bouts of one pair and
    behaviour that overlap become one, since BORIS has at most one going on at a time.

    Args:
        labels: to write.
        path: of the new file; its stem becomes the observation's id.
        fps: frames per second of the recording.

    Raises:
        InputError: a part of the frames was not observed.
    """
    _check_observed(labels, path)
    events = []
    for agent, target, behaviour, start, stop, point in _merged(labels.bouts):
        shared = {"Subject": agent, "Behavior": behaviour, "Modifier #1": target}
        if point:
            events.append((start, 1, {**shared, "Behavior type": "POINT"}))
        else:
            events.append((start, 1, {**shared, "Behavior type": "START"}))
            events.append((stop, 0, {**shared, "Behavior type": "STOP"}))
    # Of two that touch, the one that stops goes first: BORIS pairs events in their order.
    events.sort(key=lambda event: event[:2])
    rows = [{**cells, "Time": _time(frame, fps)} for frame, _, cells in events]
    same = _observation_cells(labels, path, fps)
    return _write_table(path, _TABULAR, [{**same, **row} for row in rows])


def write_aggregated(labels: Labels, path: Path, fps: float) -> Path:
    """Write aggregated events, a row a bout; what survives is what survives in `write`."""
    _check_observed(labels, path)
    same = _observation_cells(labels, path, fps)
    rows = []
    for agent, target, behaviour, start, stop, point in _merged(labels.bouts):
        row = {
            "Subject": agent,
            "Behavior": behaviour,
            "Modifier #1": target,
            "Behavior type": "POINT" if point else "STATE",
            "Start (s)": _time(start, fps),
            "Stop (s)": _time(start if point else stop, fps),
            "Duration (s)": "NA" if point else _time(stop - start, fps),
        }
        rows.append({**same, **row})
    return _write_table(path, _AGGREGATED, rows)


def _check_observed(labels: Labels, path: Path) -> None:
    if frames_looked_at(labels) != (0, labels.n_frames):
        raise InputError(
            f"{path}: something was looked for in a part of the frames only. BORIS' layout cannot "
            "say so, and all frames would count as observed. Write the plain bout csv instead."
        )


def _merged(bouts: pd.DataFrame) -> list[list[Any]]:
    """Bouts, by their start, of which none overlaps another of its pair and behaviour."""
    merged: list[list[Any]] = []
    latest: dict[tuple[Any, ...], list[Any]] = {}
    for row in bouts[[*SPAN_COLUMNS, "point"]].to_numpy().tolist():
        agent, target, behaviour, start, stop, point = row
        before = latest.get((agent, target, behaviour))
        if before is not None and not point and start < before[4]:
            before[4] = max(before[4], stop)
            continue
        merged.append(row)
        if not point:
            latest[agent, target, behaviour] = row
    return merged


def _time(frame: int, fps: float) -> str:
    """Seconds with as many digits as find the frame again at any usual frame rate."""
    return f"{frame / fps:.6f}"


def _observation_cells(labels: Labels, path: Path, fps: float) -> dict[str, str]:
    length = _time(labels.n_frames, fps)
    return {
        "Observation id": path.stem,
        "Observation duration": length,
        "Coding duration": length,
        "Observation type": "Media file",
        "Time offset (s)": "0.0",
        "Media duration (s)": length,
        "FPS": f"{fps:.10g}",
        "FPS (frame/s)": f"{fps:.10g}",
        "Observation duration by subject by observation": length,
    }


def _write_table(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> Path:
    delimiter = "," if path.suffix.lower() == ".csv" else "\t"
    text = io.StringIO()
    table = csv.DictWriter(
        text, columns, restval="", extrasaction="ignore", delimiter=delimiter, lineterminator="\r\n"
    )
    table.writeheader()
    table.writerows(rows)
    return write_text(path, text.getvalue())


def _format(name: str, write: Callable[[Labels, Path, float], Path]) -> LabelFormat:
    def sniff(path: Path) -> bool:
        """Whether a header with the columns of such events is among the first lines."""
        return _kind(cells_of(_header_line(text_head(path)))) == name

    return LabelFormat(name, (".csv", ".tsv", ".txt"), sniff, read, write, items=observations)


FORMAT = _format("boris", write)
AGGREGATED = _format("boris_aggregated", write_aggregated)
