"""Where the bouts of a table start and stop: in its columns in frames, in seconds, or in both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nuzzle.errors import FormatError, count
from nuzzle.io.label_text import Row, frame_number, number, seconds_to_frames

FRAMES = frozenset({"start_frame", "stop_frame"})
SECONDS = frozenset({"start_s", "stop_s"})
_EDGES = ("start", "stop")


class _Both(NamedTuple):
    """A start or a stop that a row gives in frames and in seconds, which may be no number."""

    line: int
    edge: str
    frame: int
    text: str
    seconds: float
    start_s: float

    def off(self, rate: float) -> float:
        """How many frames lie between the two; NaN where they cannot be compared."""
        told = self.seconds * rate
        if self.edge == "stop":  # a bout has a frame at least
            told = max(told, min(self.start_s * rate + 1, self.frame))
        return abs(told - self.frame)


@dataclass(frozen=True)
class BoutTimes:
    """The columns of a table of bouts, and when these are.

    Attributes:
        path: the file.
        columns: where each column is, by name.
    """

    path: Path
    columns: Mapping[str, int]

    def cell(self, row: Row, name: str) -> str:
        """What a row has in a column; nothing where there is no such column."""
        index = self.columns.get(name, len(row.cells))
        return row.cells[index] if index < len(row.cells) else ""

    def _in_seconds(self, row: Row, edge: str) -> bool:
        if f"{edge}_frame" not in self.columns:
            return True
        return not self.cell(row, f"{edge}_frame") and bool(self.cell(row, f"{edge}_s"))

    def need_rate(self, rows: Iterable[Row]) -> bool:
        """Whether a time is in seconds alone."""
        if not self.columns.keys() >= FRAMES:
            return True
        return any(self._in_seconds(row, edge) for row in rows for edge in _EDGES)

    def rate(self, rows: Iterable[Row]) -> float | None:
        """Frames per second by the rows that have both; None where none has."""
        rates = [each.frame / each.seconds for each in self._both(rows) if each.seconds > 0]
        return float(np.median(rates)) if rates else None

    def check(self, rows: Sequence[Row], rates: Iterable[float | None]) -> None:
        """Refuse rows whose frames and seconds say different times.

        Args:
            rows: with bouts.
            rates: frames per second that the seconds may be counted with; the one counts by which
                most rows agree with themselves, of equals the first.

        Raises:
            FormatError: names the first such row, and what it says.
        """
        both = [*self._both(rows)]
        known = [rate for rate in rates if rate]
        if not both or not known:
            return
        digits = max(len(each.text.replace(",", ".").partition(".")[2]) for each in both)

        def unlike(rate: float) -> list[_Both]:
            most = 0.5 + 0.5 * rate * 10.0**-digits + 1e-6  # frames and seconds are rounded
            return [each for each in both if not each.off(rate) <= most]

        rate = min(known, key=lambda each: len(unlike(each)))
        if not (wrong := unlike(rate)):
            return
        first, lines = wrong[0], {each.line for each in wrong}
        frame, seconds = f"{first.edge}_frame", f"{first.edge}_s"
        means = f", which is frame {first.seconds * rate:,.0f}" if first.seconds >= 0 else ""
        more = f" (and so in {count(len(lines) - 1, 'more row')})" if len(lines) > 1 else ""
        raise FormatError(
            self.path,
            f"one time was expected, and two came: {frame} is {first.frame:,} and {seconds} is "
            f"{first.text}{means} at {round(rate, 2):g} frames/s{more}.",
            row=first.line,
            mend="Delete the two columns that are not to count: start_frame and stop_frame, if the "
            "seconds were corrected (or empty their cells in these rows), or start_s and stop_s.",
        )

    def _both(self, rows: Iterable[Row]) -> Iterable[_Both]:
        for row in rows:
            start_s = _seconds(self.cell(row, "start_s"))
            for edge in _EDGES:
                frame, text = (self.cell(row, f"{edge}_{unit}") for unit in ("frame", "s"))
                if frame and text:
                    at = frame_number(frame, f"{edge}_frame", self.path, row.line)
                    yield _Both(row.line, edge, at, text, _seconds(text), start_s)

    def frames(self, row: Row, behaviour: str, fps: float | None, n_frames: int) -> tuple[int, int]:
        """The half-open frames of a bout.

        Args:
            row: of the bout.
            behaviour: its name, for messages.
            fps: frames per second, where a time is in seconds alone.
            n_frames: length of the recording; 0 where it is unknown.

        Raises:
            FormatError: a time is missing or impossible.
        """
        if fps and any(self._in_seconds(row, edge) for edge in _EDGES):
            start_s, stop_s = (self._second(row, edge, fps) for edge in _EDGES)
            start, stop = seconds_to_frames(start_s, stop_s, fps, n_frames)
            order, said = start_s <= stop_s, f"starts at {start_s:g} s and stops at {stop_s:g} s"
        else:
            start, stop = (self._frame(row, edge) for edge in _EDGES)
            order, said = start < stop, f"starts at {start} and stops at {stop}"
        if not order or start < 0:
            raise FormatError(
                self.path,
                f"the bout of {behaviour!r} {said}; a start from 0, and a stop after it, were "
                "expected.",
                row=row.line,
            )
        return start, stop

    def _frame(self, row: Row, edge: str) -> int:
        name = f"{edge}_frame"
        either = f" or {edge}_s" * (f"{edge}_s" in self.columns and not self.cell(row, name))
        return frame_number(self.cell(row, name), f"{name}{either}", self.path, row.line)

    def _second(self, row: Row, edge: str, fps: float) -> float:
        if self._in_seconds(row, edge):
            return number(self.cell(row, f"{edge}_s"), f"{edge}_s", self.path, row.line)
        return self._frame(row, edge) / fps


def _seconds(text: str) -> float:
    """The number in a cell; NaN where it is none."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
