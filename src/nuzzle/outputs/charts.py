"""The report's charts of scores: confusions, recordings, reliability."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from nuzzle.evaluation.figures import ReliabilityBin, percent
from nuzzle.evaluation.result import Evaluation
from nuzzle.outputs.svg import LETTERS, figure, fit, room_of, row_labels, tag, title

#: How far heads are turned that are wider than their columns.
_SLANT = math.radians(40)
#: Of more of a row than this the figures are white: from there on white is read better.
_DARK_SHARE = 0.72
_CORNER = "truth ↓   prediction →"
#: Of fewer frames than this a frequency says nothing, and is not drawn.
LEAST_FRAMES = 10
#: Of more recordings than this, evenly spaced ones have a dot in a row.
_MOST_DOTS = 400


def confusion_matrix(counts: Sequence[Sequence[int]], names: Sequence[str]) -> Markup:
    """Where the frames of each true behaviour went: rows add up to 100 %.

    Args:
        counts: `(true, predicted)` frames.
        names: of rows and columns.
    """
    n = len(names)
    labels, widest = row_labels(names)
    cell_w, cell_h = max(34, min(104, 760 // n)), max(26, min(50, 480 // n))
    slanted = cell_w < widest
    top = 30 + widest * math.sin(_SLANT) if slanted else 44.0
    left = max(widest, room_of(_CORNER, LETTERS)) + 22
    right = max(24.0, widest * math.cos(_SLANT) + 14 - cell_w / 2 if slanted else 0.0)
    parts = [tag("text", _CORNER, x=left - 12, y=top - 12, class_="axis end")]
    for row, (name, label) in enumerate(zip(names, labels, strict=True)):
        total = sum(counts[row])
        middle = top + row * cell_h + cell_h / 2
        parts.append(tag("text", title(name), label, x=left - 12, y=middle + 4, class_="end"))
        x = left + row * cell_w + cell_w / 2
        turn = f"rotate(-40 {x:g} {top - 10:g})" if slanted else None
        parts.append(
            tag("text", title(name), label, x=x, y=top - 12, transform=turn,
                class_="" if slanted else "middle")
        )  # fmt: skip
        for column, other in enumerate(names):
            count = counts[row][column]
            share = count / total if total else 0.0
            said = f"{count:,} frames of {name} were called {other} ({percent(share, 1)} of {name})"
            corner = left + column * cell_w, top + row * cell_h
            parts.append(_cell(share, count, total, corner, (cell_w, cell_h), said))
    width, height = left + n * cell_w + right, top + n * cell_h + 4
    return figure(width, height, *parts, label="Confusion matrix: truth in rows")


def _cell(
    share: float,
    count: int,
    total: int,
    corner: tuple[float, float],
    size: tuple[float, float],
    said: str,
) -> Markup:
    (x, y), (width, height) = corner, size
    ink = "on-dark middle" if share > _DARK_SHARE else "middle"
    parts = [
        title(said),
        tag("rect", x=x + 1, y=y + 1, width=width - 2, height=height - 2, rx=3, class_="cell-0"),
        tag("rect", x=x + 1, y=y + 1, width=width - 2, height=height - 2, rx=3, class_="cell",
            fill_opacity=round(share, 3)),
    ]  # fmt: skip
    if total and count:
        shown = percent(share) if share >= 0.005 else "<1 %"
        roomy = height >= 42 and width >= 50
        baseline = y + height / 2 + (-1 if roomy else 4)
        parts.append(tag("text", shown, x=x + width / 2, y=baseline, class_=ink))
        if roomy:
            parts.append(
                tag("text", f"{count:,}", x=x + width / 2, y=baseline + 14, class_=ink + " small")
            )
    return tag("g", *parts)


def recording_scores(result: Evaluation, colours: Mapping[str, str]) -> Markup:
    """The F1 of each recording as a dot, pooled F1 as a bar with its interval; a row a behaviour.

    Args:
        result: the evaluation.
        colours: behaviour -> colour.
    """
    rows = [score for score in result.behaviours if score.true_frames]
    labels, widest = row_labels([score.behaviour for score in rows])
    left, width, height, top = widest + 22, 560.0, 34, 8
    bottom = top + height * len(rows)
    parts = _unit_grid(left, width, top, bottom)
    parts.append(
        tag("text", "F1 (0: never right, 1: always right)", x=left + width / 2, y=bottom + 34,
            class_="axis middle")
    )  # fmt: skip
    rng = np.random.default_rng(0)
    step = max(1, math.ceil(len(result.recordings) / _MOST_DOTS))
    for row, (score, label) in enumerate(zip(rows, labels, strict=True)):
        y = top + row * height + height / 2
        colour = colours[score.behaviour]
        parts.append(tag("text", title(score.behaviour), label, x=left - 12, y=y + 4, class_="end"))
        for each in result.recordings[::step]:
            value = each.f1.get(score.behaviour, math.nan)
            if math.isfinite(value):
                offset = float(rng.uniform(-7, 7))
                parts.append(
                    tag("circle", title(f"{each.recording}: {value:.3f}"), cx=left + value * width,
                        cy=y + offset, r=3.5, fill=colour, fill_opacity=0.45)
                )  # fmt: skip
        pooled = score.f1
        if math.isfinite(pooled.low):
            span = f"M{left + pooled.low * width:.1f} {y:.1f}H{left + pooled.high * width:.1f}"
            parts.append(tag("path", d=span, class_="interval"))
        if math.isfinite(pooled.value):
            x = left + pooled.value * width
            parts.append(tag("path", title(f"pooled F1 {pooled}"), d=f"M{x:.1f} {y - 11:.1f}v22",
                             class_="pooled"))  # fmt: skip
    return figure(left + width + 30, bottom + 42, *parts, label="F1 of each recording")


def _unit_grid(left: float, width: float, top: float, bottom: float) -> list[Markup]:
    """Vertical lines from 0 to 1 with their numbers."""
    parts = []
    for tenth in (0, 2, 4, 6, 8, 10):
        x = left + width * tenth / 10
        parts.append(tag("path", d=f"M{x:.1f} {top}V{bottom}", class_="grid"))
        parts.append(tag("text", f"{tenth / 10:g}", x=x, y=bottom + 16, class_="axis middle small"))
    return parts


def reliability(curve: Sequence[ReliabilityBin], name: str, colour: str) -> Markup:
    """Claimed probability against how often it was so; a point's area is its share of frames.

    Args:
        curve: the bins.
        name: of what the probability is.
        colour: of the points.
    """
    left, top, size = 48.0, 26.0, 190.0
    total = sum(each.n_frames for each in curve) or 1
    points = [each for each in curve if each.n_frames >= LEAST_FRAMES]
    at = [
        (left + each.mean_probability * size, top + (1 - each.frequency) * size) for each in points
    ]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at) if at else ""
    parts = [
        tag("text", title(name), fit(name, size, LETTERS), x=left, y=top - 10, class_="name"),
        *_square(left, top, size),
        tag("path", d=line, fill="none", stroke=colour, stroke_width=1.5),
    ]
    for each, (x, y) in zip(points, at, strict=True):
        radius = 2.0 + 6.0 * math.sqrt(each.n_frames / total)
        said = (
            f"{each.n_frames:,} frames: claimed {each.mean_probability:.2f}, "
            f"so in {each.frequency:.2f}"
        )
        parts.append(
            tag("circle", title(said), cx=x, cy=y, r=radius, fill=colour, fill_opacity=0.75)
        )
    return figure(left + size + 14, top + size + 40, *parts, label=f"Reliability of {name}")


def _square(left: float, top: float, size: float) -> list[Markup]:
    """Frame, diagonal and axes of a reliability curve."""
    bottom, middle = top + size, top + size / 2
    small = "axis middle small"
    turn = f"rotate(-90 12 {middle:g})"
    parts = [
        tag("rect", x=left, y=top, width=size, height=size, class_="frame"),
        tag("path", d=f"M{left} {bottom}L{left + size} {top}", class_="diagonal"),
        tag("text", "claimed probability", x=left + size / 2, y=bottom + 32, class_=small),
        tag("text", "how often so", x=12, y=middle, transform=turn, class_=small),
    ]
    for tick in (0.0, 0.5, 1.0):
        x, y = left + tick * size, bottom - tick * size
        parts.append(tag("text", f"{tick:g}", x=x, y=bottom + 17, class_=small))
        parts.append(tag("text", f"{tick:g}", x=left - 9, y=y + 4, class_="axis end small"))
    return parts
