"""The report's charts of time: bout durations, time budgets, attention."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from nuzzle.errors import count
from nuzzle.outputs.svg import (
    LETTERS,
    duration,
    figure,
    fit,
    room_of,
    row_labels,
    shorten_apart,
    shorten_middle,
    tag,
    ticks,
    title,
)

#: Size of the letters of the class ``small``, px.
_SMALL = 11.5
#: Of what stands beside a bar.
_MOST_LETTERS = 56


class Bar(NamedTuple):
    """One row of a time budget: of what, by whom ('' for none), and behaviour -> percent.

    `pair` follows the name; of both, what is long is shortened in the middle.
    """

    name: str
    who: str
    shares: Mapping[str, float]
    pair: str = ""

    @property
    def full_name(self) -> str:
        return self.name + self.pair


def bout_durations(
    bouts: pd.DataFrame,
    truth: pd.DataFrame | None,
    behaviours: Sequence[str],
    colours: Mapping[str, str],
) -> Markup:
    """How long bouts last, on a logarithmic axis; the truth (hollow) above the prediction.

    Thin line: 5 to 95 % of the bouts; thick line: the middle half; dot: the median.

    Args:
        bouts: predicted, with `duration_s`.
        truth: the annotator's, or None.
        behaviours: rows, in this order; those without any bout are left out.
        colours: behaviour -> colour.
    """
    tables = [("", bouts)] if truth is None else [("annotator", truth), ("nuzzle", bouts)]
    rows = []
    for name in behaviours:
        found = [(who, _durations(table, name)) for who, table in tables]
        if any(len(values) for _, values in found):
            rows.append((name, found))
    everything = np.concatenate([values for _, found in rows for _, values in found])
    low = 10.0 ** math.floor(math.log10(float(np.quantile(everything, 0.02))))
    high = 10.0 ** math.ceil(math.log10(float(everything.max()) * 1.0001))
    labels, widest = row_labels([name for name, _ in rows])
    left, width, top = widest + 22, 520.0, 8.0
    height = 22.0 * len(tables) + 8

    def x_of(seconds: float) -> float:
        share = math.log10(max(seconds, low) / low) / math.log10(high / low)
        return left + width * min(share, 1.0)

    bottom = top + height * len(rows)
    parts = []
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        parts += _mark(f"{10.0**power:g} s", x_of(10.0**power), top, bottom)
    for row, ((name, found), label) in enumerate(zip(rows, labels, strict=True)):
        y = top + row * height
        middle = y + height / 2 + 4
        parts.append(tag("text", title(name), label, x=left - 12, y=middle, class_="end"))
        for line, (who, values) in enumerate(found):
            at = y + 4 + 22 * line + 11
            hollow = who == "annotator"
            parts.append(_whisker(values, x_of, at, colours[name], hollow=hollow, who=who))
            said = f"{count(len(values), 'bout')} {who and '· ' + who}"
            parts.append(tag("text", said, x=left + width + 14, y=at + 4, class_="axis small"))
    return figure(left + width + 150, bottom + 24, *parts, label="Durations of bouts")


def _mark(text: str, x: float, top: float, bottom: float) -> list[Markup]:
    """A vertical line and what stands below it."""
    return [
        tag("path", d=f"M{x:.1f} {top}V{bottom:.1f}", class_="grid"),
        tag("text", text, x=x, y=bottom + 16, class_="axis middle small"),
    ]


def _durations(table: pd.DataFrame, behaviour: str) -> NDArray[np.float64]:
    return table.loc[table["behaviour"] == behaviour, "duration_s"].to_numpy(np.float64)


def _whisker(
    values: NDArray[np.float64], x_of: Any, y: float, colour: str, *, hollow: bool, who: str
) -> Markup:
    if not len(values):
        return Markup("")
    five, quarter, median, three, most = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    said = (
        f"{who + ': ' if who else ''}median {duration(float(median))}, middle half "
        f"{duration(float(quarter))} to {duration(float(three))}"
    )
    x1, x2, radius = x_of(quarter), x_of(three), 3.5
    lone = not hollow and x2 - x1 < 2 * radius  # no box to be seen behind the dot
    return tag(
        "g",
        title(said),
        tag("path", d=f"M{x_of(five):.1f} {y:.1f}H{x_of(most):.1f}", stroke=colour),
        tag("rect", x=x1, y=y - 5, width=max(x2 - x1, 2.0), height=10, rx=3, stroke=colour,
            fill=None if hollow else colour, class_="hollow" if hollow else None),
        tag("circle", cx=x_of(median), cy=y, r=radius, stroke=colour,
            fill=colour if lone else None, class_=None if lone else "median"),
    )  # fmt: skip


def time_bars(bars: Sequence[Bar], behaviours: Sequence[str], colours: Mapping[str, str]) -> Markup:
    """Stacked bars of percent of time. Behaviours that overlap may pass 100 %.

    Args:
        bars: one a row.
        behaviours: in the order of stacking.
        colours: behaviour -> colour.
    """
    most = max((sum(bar.shares.values()) for bar in bars), default=0.0)
    marks = ticks(max(most, 1.0) * 1.02)
    stop = max(marks[-1], most)
    twofold = any(bar.who for bar in bars)
    labels = _labels(bars)
    widest = max((room_of(label, _SMALL) for label in labels), default=0.0)
    left = widest + (22.0 if widest else 10.0) + (70.0 if twofold else 0.0)
    width, top, height = 560.0, 6.0, 22.0
    y = top
    parts = []
    for bar, label in zip(bars, labels, strict=True):
        # A bar with a name begins a new group, a little apart from the one before.
        y += 6.0 if bar.name and y > top else 0.0
        parts += _bar(bar, label, (left, y), (width / stop, height), behaviours, colours)
        y += height
    grid = []
    for mark in marks:
        grid += _mark(f"{mark:g} %", left + width * mark / stop, top, y)
    return figure(left + width + 30, y + 24, *grid, *parts, label="Time budget")


def _labels(bars: Sequence[Bar]) -> list[str]:
    """What stands beside each bar: its full name, as far as there is room."""
    pairs = [shorten_middle(bar.pair, _MOST_LETTERS // 2) for bar in bars]
    room = _MOST_LETTERS - max(map(len, pairs), default=0)
    names = shorten_apart([bar.name for bar in bars], room)
    return [name + pair for name, pair in zip(names, pairs, strict=True)]


def _bar(
    bar: Bar,
    label: str,
    corner: tuple[float, float],
    size: tuple[float, float],
    behaviours: Sequence[str],
    colours: Mapping[str, str],
) -> list[Markup]:
    """One bar and its names; `size` is px of one percent, and the height."""
    (left, y), (percent, height) = corner, size
    edge = left - 12 - (70 if bar.who else 0)
    parts = [
        tag("text", title(bar.full_name), label, x=edge, y=y + 15, class_="end small"),
        tag("text", bar.who, x=left - 12, y=y + 15, class_="axis end small"),
    ]
    x = left
    for name in behaviours:
        share = bar.shares.get(name, 0.0)
        if share > 0:
            said = title(f"{bar.full_name} {bar.who} · {name}: {share:.1f} %".strip())
            box = {"x": x, "y": y + 3, "width": percent * share, "height": height - 6}
            parts.append(tag("rect", said, fill=colours[name], **box))
            x += percent * share
    return parts


def attention_curves(
    curves: Sequence[tuple[Sequence[float], Sequence[float]]], name: str, colour: str
) -> Markup:
    """Attention around chosen bouts: weight against time from the labelled frame.

    Args:
        curves: (offset in s, weight) of each bout; weights add up to 1.
        name: of the behaviour.
        colour: of the lines.
    """
    left, top, width, height = 44.0, 26.0, 220.0, 110.0
    first = min(min(offsets) for offsets, _ in curves)
    last = max(max(offsets) for offsets, _ in curves)
    most = max(max(weights) for _, weights in curves) or 1.0
    span = (last - first) or 1.0

    def point(offset: float, weight: float) -> str:
        x = left + (offset - first) / span * width
        return f"{x:.1f} {top + height * (1 - weight / most):.1f}"

    parts = [
        tag("text", title(name), fit(name, width, LETTERS), x=left, y=top - 10, class_="name"),
        tag("rect", x=left, y=top, width=width, height=height, class_="frame"),
    ]
    if first <= 0 <= last:
        x = left - first / span * width
        parts.append(tag("path", d=f"M{x:.1f} {top}v{height:g}", class_="diagonal"))
    for offsets, weights in curves:
        line = "M" + "L".join(point(*each) for each in zip(offsets, weights, strict=True))
        parts.append(tag("path", d=line, fill="none", stroke=colour, stroke_width=1.8,
                         stroke_opacity=0.8))  # fmt: skip
    marks = [(first, "middle"), (last, "middle")]
    if first < 0 < last:
        marks.append((0.0, "middle"))
    for mark, anchor in marks:
        x = left + (mark - first) / span * width
        text = f"{mark:+.2g} s" if mark else "0"
        parts.append(tag("text", text, x=x, y=top + height + 15, class_=f"axis {anchor} small"))
    parts.append(tag("text", f"{most:.2g}", x=left - 6, y=top + 9, class_="axis end small"))
    parts.append(tag("text", "0", x=left - 6, y=top + height, class_="axis end small"))
    label = f"Attention over time for {name}"
    return figure(left + width + 32, top + height + 22, *parts, label=label)
