"""The plain bout csv, ``.csv``: a row a bout. This is what nuzzle itself writes.

A table made by hand needs ``behaviour`` and either ``start_frame, stop_frame`` (from 0, stop not
included) or ``start_s, stop_s``; ``agent, target, recording, stream, annotator, source, point``
are understood. ``Start Frame`` is ``start_frame``, too. Where a table has frames and seconds, a
row may have either; one in which they differ is refused. Where a row has seconds alone and the
file's frame rate is not the poses', all its frames follow these. What we write loses nothing:
rows that start with ``#`` stand above the header and say what a table of bouts cannot, one cell a
value, so that a spreadsheet keeps them::

    # nuzzle bouts,1
    # n_frames,5400
    # exclusive,yes
    # background,other
    # observed,resident,intruder,attack,0,5400
    agent,target,behaviour,start_frame,stop_frame,start_s,stop_s
    resident,intruder,attack,30,60,1.0,2.0

``pandas.read_csv(path, comment="#")`` gives the bouts alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from nuzzle.cells import column_name
from nuzzle.errors import FormatError
from nuzzle.files import delimiter_of, write_text
from nuzzle.io.bout_times import FRAMES, SECONDS, BoutTimes
from nuzzle.io.cast import Cast
from nuzzle.io.kept import parsed_once
from nuzzle.io.label_assembly import assemble, looked_for_everywhere, noting_unobserved
from nuzzle.io.label_text import (
    SECONDS_TO_POSES,
    Row,
    cells_of,
    frame_number,
    grouped,
    needed_fps,
    number,
    other_rate,
    read_text,
    table_rows,
    text_head,
)
from nuzzle.io.registry import LabelFormat, LabelOptions, choose
from nuzzle.labels import SPAN_COLUMNS, Labels, span_row

_MARK = "nuzzle bouts"
_BLANK = ' \t\r\n,;"'
_BOOLEANS = {
    **dict.fromkeys(("yes", "true", "1", "1.0"), True),
    **dict.fromkeys(("no", "false", "0", "0.0", ""), False),
}
#: How the note begins on bouts that nuzzle wrote, not people.
FOUND_BY_MODEL = "a model found these bouts"
_COLUMNS = (*SPAN_COLUMNS, "start_s", "stop_s", "stream", "annotator", "source", "point")


@dataclass(frozen=True)
class _Preamble:
    """What the rows above the header say."""

    values: Mapping[str, Row]
    observed: tuple[Row, ...]
    notes: tuple[str, ...]

    def text(self, key: str) -> str:
        cells = self.values[key].cells[1:] if key in self.values else []
        return cells[0] if cells else ""


class _File(NamedTuple):
    """What a file says; without the column recording, it holds one, and `recordings` is empty."""

    preamble: _Preamble
    columns: Mapping[str, int]
    rows: tuple[Row, ...]
    recordings: Mapping[str, tuple[Row, ...]]


def _columns_of(cells: Sequence[str]) -> dict[str, int]:
    """Where each column is, by its name as `column_name` gives it."""
    names = [column_name(cell) for cell in cells]
    return {("behaviour" if name == "behavior" else name): i for i, name in enumerate(names)}


def _is_header(cells: Sequence[str]) -> bool:
    names = set(_columns_of(cells))
    return "behaviour" in names and (names >= FRAMES or names >= SECONDS)


def _header_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip(_BLANK)[:1] not in ("", "#")), "")


def _header(path: Path) -> list[str]:
    """The cells of the header; empty ones where the file is no text."""
    text = text_head(path)
    if text.lstrip(_BLANK).startswith("#"):
        text = text_head(path, -1)  # what stands above the header may be long
    return cells_of(_header_line(text))


def sniff(path: Path) -> bool:
    """Whether the header has a behaviour, and a start and a stop."""
    return _is_header(_header(path))


def refuse(path: Path) -> None:
    """Say what the header lacks of a table with a behaviour, or an agent and a target.

    Raises:
        FormatError: it is such a table, and no bout csv.
    """
    names = {*_columns_of(_header(path))}
    if "behaviour" in names or names >= {"agent", "target"}:
        _parse(path)


def read(path: Path, options: LabelOptions) -> Labels:
    """Labels of a bout csv.

    A file made by hand does not say what was looked for: that is then what has a bout, in each
    pair that was watched (`Cast.watched`), in the whole recording, or in the `n_frames` that it
    says.

    Args:
        path: the file.
        options: `item` is the recording, where the file holds several; `fps` where the times
            are in seconds; `agent` and `target` where the file names nobody.

    Raises:
        FormatError: names the line with a missing or impossible number, or with frames and seconds
            that differ; or the missing column.
    """
    file = _parse(path)
    preamble, columns = file.preamble, file.columns
    rows = _of_one_recording(path, file, options.item)
    cast = Cast(path, options)
    times = BoutTimes(path, columns)
    times, notes = _timed(times, options, preamble, rows)
    length = preamble.text("n_frames")
    end = frame_number(length, "n_frames", path, preamble.values["n_frames"].line) if length else 0
    end = times.scaled(end)
    seen = options.n_frames or end
    bouts = [_bout(cast, times, row, seen) for row in rows]
    last = max((bout["stop_frame"] for bout in bouts), default=0)
    observed = [_span(cast, times, row) for row in preamble.observed]
    only_seen = not observed and _MARK not in preamble.values
    if only_seen:
        observed = looked_for_everywhere(bouts, max(last, end or options.n_frames or 0), cast)
    exclusive = preamble.text("exclusive")
    directed = _boolean(path, preamble.text("directed") or "yes", "directed", None)
    directed = directed and options.directed
    labels = assemble(
        path,
        bouts,
        observed,
        replace(options, directed=directed),
        end=max(last, end),
        exclusive=_boolean(path, exclusive, "exclusive", None) if exclusive else None,
        background=preamble.text("background") or None,
        notes=[*preamble.notes, *notes, *_by_model(times, rows)],
    )
    labels = replace(labels, only_seen=only_seen, fps=times.fps)
    return labels if only_seen else noting_unobserved(labels)


def _timed(
    times: BoutTimes, options: LabelOptions, preamble: _Preamble, rows: Sequence[Row]
) -> tuple[BoutTimes, list[str]]:
    """Times that know their frame rate, and a note where the file says another than the poses.

    Where a time is in seconds, they are the poses', and the file's frames follow them.
    """
    path, told = times.path, preamble.text("fps")
    own = number(told, "fps", path, preamble.values["fps"].line) or None if told else None
    of_rows = times.rate(rows, (own, options.fps))
    if times.need_rate(rows):
        own = of_rows or own
        fps = needed_fps(path, options, own)
        notes = other_rate(own, options.fps, SECONDS_TO_POSES)
        return replace(times, fps=fps, scale=fps / own if own and notes else 1.0), notes
    done = ""
    if own and options.fps:
        done = (
            "frames were taken as frames of the poses. If they are others, multiply them, those "
            f"above the header too, by {options.fps / own:g}, or mend the file's or the manifest's "
            "frame rate"
        )
    return replace(times, fps=own and (options.fps or own)), other_rate(own, options.fps, done)


def _by_model(times: BoutTimes, rows: Iterable[Row]) -> list[str]:
    """A note on bouts that `nuzzle predict` wrote: judged on them, a model is always right."""
    if not any(times.cell(row, "mean_probability") for row in rows):
        return []
    return [
        f"{FOUND_BY_MODEL}, as the column mean_probability shows (nuzzle predict): check them by "
        "hand before they count as truth, and delete that column then"
    ]


@parsed_once("label file")
def _parse(path: Path) -> _File:
    text = read_text(path)
    above, columns, rows = list[Row](), dict[str, int](), list[Row]()
    for row in table_rows(path, text, delimiter_of(_header_line(text))):
        if columns:
            rows.append(row)
        elif row.cells[0].startswith("#"):
            above.append(row)
        elif _is_header(row.cells):
            columns = _columns_of(row.cells)
        else:
            raise FormatError(
                path,
                "a header with the column behaviour, and start_frame and stop_frame or start_s "
                f"and stop_s, was expected; {list(row.cells)} came.",
                row=row.line,
                mend="Name the columns so: start_frame and stop_frame are frames from 0, of which "
                "the stop is the first after the bout; start_s and stop_s are seconds.",
            )
    if not columns:
        raise FormatError(path, "has no header: behaviour,start_frame,stop_frame was expected.")
    index = columns.get("recording", -1)
    named = [row for row in rows if 0 <= index < len(row.cells)]
    inside = grouped(named, lambda row: row.cells[index])
    return _File(_preamble(above), MappingProxyType(columns), tuple(rows), inside)


def _preamble(above: Sequence[Row]) -> _Preamble:
    values, observed, notes = dict[str, Row](), list[Row](), list[str]()
    for row in above:
        key = row.cells[0].lstrip("# ").casefold()
        if key == "observed":
            observed.append(row)
        elif key == "note":
            notes += [text for text in row.cells[1:2] if text]
        elif len(row.cells) > 1:
            values[key] = row
    return _Preamble(MappingProxyType(values), tuple(observed), tuple(notes))


def recordings(path: Path) -> list[str]:
    """Names in the column recording, in their order."""
    return [*_parse(path).recordings]


def _of_one_recording(path: Path, file: _File, item: str) -> tuple[Row, ...]:
    if "recording" in file.columns and (file.recordings or item):
        choose(path, "recording", [*file.recordings], item)
        return file.recordings[item] if item else file.rows
    return file.rows


def _bout(cast: Cast, times: BoutTimes, row: Row, n_frames: int) -> dict[str, Any]:
    path, line, cell = cast.path, row.line, partial(times.cell, row)
    if not cell("behaviour"):
        raise FormatError(path, "the row has no behaviour.", row=line)
    start, stop = times.frames(row, cell("behaviour"), n_frames)
    who = cell("agent"), cell("target")
    pair = cast.pair(*who, line, cell("behaviour"))
    point = _boolean(path, cell("point"), "point", line)
    texts = {name: cell(name) for name in ("stream", "annotator", "source") if cell(name)}
    more = {**texts, "point": point, "unsaid": not cast.says_who_acts(*who)}
    return span_row(pair, cell("behaviour"), start, stop, **more)


def _span(cast: Cast, times: BoutTimes, row: Row) -> dict[str, Any]:
    cells = [*row.cells[1:], "", ""]
    if len(row.cells) < 6:
        raise FormatError(
            cast.path,
            f"'# observed,agent,target,behaviour,start,stop' was expected, and {list(row.cells)} "
            "came.",
            row=row.line,
        )
    start = frame_number(cells[3], "start", cast.path, row.line)
    stop = frame_number(cells[4], "stop", cast.path, row.line)
    if not 0 <= start < stop:
        raise FormatError(
            cast.path,
            f"what was observed of {cells[2]!r} starts at {start} and stops at {stop}; a start "
            "from 0, and a stop after it, were expected.",
            row=row.line,
        )
    pair = cast.pair(cells[0], cells[1], row.line, cells[2])
    return span_row(pair, cells[2], *times.span(start, stop), stream=cells[5])


def _boolean(path: Path, text: str, what: str, line: int | None) -> bool:
    if text.casefold() not in _BOOLEANS:
        raise FormatError(path, f"yes or no was expected for {what}, and {text!r} came.", row=line)
    return _BOOLEANS[text.casefold()]


def write(labels: Labels, path: Path, fps: float) -> Path:
    """Write labels so that nothing is lost: bouts, what was looked for, and how they are meant.

    Args:
        labels: to write.
        path: of the new file.
        fps: frames per second, for the columns in seconds.
    """
    yes = {True: "yes", False: "no"}
    preamble: list[tuple[Any, ...]] = [
        (_MARK, 1),
        ("n_frames", labels.n_frames),
        ("fps", f"{fps:.10g}"),
        ("exclusive", yes[labels.exclusive]),
        ("directed", yes[labels.directed]),
    ]
    if labels.background is not None:
        preamble.append(("background", labels.background))
    preamble += [("note", note) for note in labels.notes]
    preamble += [("observed", *row) for row in labels.observed.itertuples(index=False)]
    bouts = labels.bouts
    seconds = {f"{edge}_s": (bouts[f"{edge}_frame"] / fps).round(6) for edge in ("start", "stop")}
    table = bouts.assign(**seconds, point=bouts["point"].map(yes))
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerows([f"# {row[0]}", *row[1:]] for row in preamble)
    text.write(table[list(_COLUMNS)].to_csv(index=False, lineterminator="\n"))
    return write_text(path, text.getvalue())


FORMAT = LabelFormat("bouts", (".csv", ".tsv"), sniff, read, write, refuse, recordings)
