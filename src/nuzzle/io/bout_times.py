"""Where the bouts of a table start and stop: in its columns in frames, in seconds, or in both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.cells import number_or_nan
from nuzzle.errors import FormatError, count
from nuzzle.io.label_text import Row, frame_number, number, seconds_to_frames

FRAMES = frozenset({"start_frame", "stop_frame"})
SECONDS = frozenset({"start_s", "stop_s"})
_EDGES = ("start", "stop")
#: How far from its time a rounded frame may be.
_HALF = 0.5 + 1e-6
#: As few frames may be another way to count: from 1 on, or up to the last frame of a bout.
_COUNTED_OTHERWISE = 1.5
_LOWEST_RATE = 1e-9
_Floats = NDArray[np.float64]


class _Both(NamedTuple):
    """A start or a stop that a row gives in frames and in seconds.

    Of a stop, `start_s` is when its bout starts; NaN where that is unknown, and of a start.
    """

    line: int
    edge: str
    frame: int
    text: str
    seconds: float
    start_s: float


class _Allowed(NamedTuple):
    """From which frame rate to which the frames and the seconds of each start or stop are one."""

    frames: _Floats
    seconds: _Floats
    least: _Floats
    most: _Floats

    @classmethod
    def of(cls, both: Sequence[_Both]) -> _Allowed:
        """Frames are whole, and seconds have as many decimals as the finest of them."""
        unit = 10.0 ** -max(_decimals(each.text) for each in both)
        numbers = [(each.frame, each.seconds, each.start_s) for each in both]
        frames, seconds, start_s = np.array(numbers, dtype=np.float64).T
        least = _over(frames - _HALF, seconds + unit / 2)
        a_frame_on = _over(frames - 1 - _HALF, start_s + unit / 2)  # a bout has a frame at least
        least = np.maximum(np.minimum(least, a_frame_on), _LOWEST_RATE)
        return cls(frames, seconds, least, _over(frames + _HALF, seconds - unit / 2))

    def by(self, rate: float) -> NDArray[np.bool_]:
        """Which allow a rate."""
        return (self.least <= rate) & (rate <= self.most)

    def likeliest(self) -> float | None:
        """The rate that most allow, a usual one if possible; None where there is no highest."""
        lowest, highest = np.sort(self.least), np.sort(self.most)
        begun = np.searchsorted(lowest, lowest, side="right")
        low = lowest[np.argmax(begun - np.searchsorted(highest, lowest))]
        high = highest[min(np.searchsorted(highest, low), len(highest) - 1)]
        if not np.isfinite([low, high]).all():
            return None
        rate = float(np.clip(self.frames.sum() / self.seconds.clip(0).sum(), low, high))
        usual = (round(rate), round(rate * 1.001) / 1.001)  # 29.97 is 30 / 1.001
        return next((float(each) for each in usual if low <= each <= high), rate)


@dataclass(frozen=True)
class BoutTimes:
    """The columns of a table of bouts, and when these are.

    Attributes:
        path: the file.
        columns: where each column is, by name.
        fps: frames per second, where a time is in seconds alone.
        scale: how many frames of the recording a frame of the file is.
    """

    path: Path
    columns: Mapping[str, int]
    fps: float | None = None
    scale: float = 1.0

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

    def rate(self, rows: Iterable[Row], known: Iterable[float | None]) -> float | None:
        """Frames per second by the rows that have frames and seconds; None where they do not say.

        Args:
            rows: with bouts.
            known: rates that go before others by which no more rows agree with themselves.

        Raises:
            FormatError: names the first row whose frames and seconds are two times, and what it
                says.
        """
        both = self._both(rows)
        if not both:
            return None
        allowed = _Allowed.of(both)
        rates = [rate for rate in known if rate]
        if (likeliest := allowed.likeliest()) and (not rates or allowed.by(likeliest).mean() > 0.5):
            rates.append(likeliest)
        if not rates:
            return None

        def apart(rate: float) -> NDArray[np.bool_]:
            off = np.abs(allowed.frames - allowed.seconds * rate) > _COUNTED_OTHERWISE
            return off & ~allowed.by(rate)

        rate = min(rates, key=lambda each: (apart(each).sum(), -allowed.by(each).sum()))
        if len(wrong := np.flatnonzero(apart(rate))):
            raise self._differ([both[i] for i in wrong], rate)
        return rate

    def _differ(self, wrong: Sequence[_Both], rate: float) -> FormatError:
        first, lines = wrong[0], {each.line for each in wrong}
        frame, seconds = f"{first.edge}_frame", f"{first.edge}_s"
        means = f", which is frame {first.seconds * rate:,.0f}" if first.seconds >= 0 else ""
        more = f" (and so in {count(len(lines) - 1, 'more row')})" if len(lines) > 1 else ""
        return FormatError(
            self.path,
            f"one time was expected, and two came: {frame} is {first.frame:,} and {seconds} is "
            f"{first.text}{means} at {round(rate, 2):g} frames/s{more}.",
            row=first.line,
            mend="Delete the two columns that are not to count: start_frame and stop_frame, if the "
            "seconds were corrected (or empty their cells in these rows), or start_s and stop_s.",
        )

    def _both(self, rows: Iterable[Row]) -> list[_Both]:
        """What has frames and seconds; a cell that is no number says no seconds."""
        both = list[_Both]()
        if not self.columns.keys() & FRAMES:
            return both
        names = [(edge, f"{edge}_frame", f"{edge}_s") for edge in _EDGES]
        for row in rows:
            start_s = math.nan
            for edge, in_frames, in_seconds in names:
                frame, text = self.cell(row, in_frames), self.cell(row, in_seconds)
                seconds = number_or_nan(text)
                if frame and not math.isnan(seconds):
                    at = frame_number(frame, in_frames, self.path, row.line)
                    both.append(_Both(row.line, edge, at, text, seconds, start_s))
                start_s = seconds
        return both

    def scaled(self, frame: int) -> int:
        """The frame of the recording that a frame of the file is."""
        return round(frame * self.scale)

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """The frames of the recording, at least one, that frames of the file are."""
        return self.scaled(start), max(self.scaled(start) + 1, self.scaled(stop))

    def frames(self, row: Row, behaviour: str, n_frames: int) -> tuple[int, int]:
        """The half-open frames of a bout.

        Args:
            row: of the bout.
            behaviour: its name, for messages.
            n_frames: length of the recording; 0 where it is unknown.

        Raises:
            FormatError: a time is missing or impossible.
        """
        if self.fps and any(self._in_seconds(row, edge) for edge in _EDGES):
            start_s, stop_s = (self._second(row, edge, self.fps) for edge in _EDGES)
            start, stop = seconds_to_frames(start_s, stop_s, self.fps, n_frames)
            order, said = start_s <= stop_s, f"starts at {start_s:g} s and stops at {stop_s:g} s"
        else:
            first, end = (self._frame(row, edge) for edge in _EDGES)
            start, stop = self.span(first, end)
            order, said = first < end, f"starts at {first} and stops at {end}"
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
        return self._frame(row, edge) * self.scale / fps


def _over(frames: _Floats, seconds: _Floats) -> _Floats:
    """Frames by seconds; infinite where these are not above 0."""
    rates: _Floats = np.full(len(frames), np.inf)
    np.divide(frames, seconds, out=rates, where=seconds > 0)
    return rates


def _decimals(text: str) -> int:
    """How many decimals a number has; zeros at its end may only fill it up."""
    exponent = Decimal(text.replace(",", ".")).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
