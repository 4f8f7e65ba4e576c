"""Pictures of explanations: bodies, courses in time, bars; PNG files."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from nuzzle.evaluation.figures import percent
from nuzzle.files import atomic_path
from nuzzle.outputs.svg import PALETTE, fit, shorten_apart
from nuzzle.skeleton import Skeleton

_Floats = NDArray[np.float64]
_HEAT = "viridis"
_MOST_BARS = 15
#: How high a label is, as a share of the body's length.
_LABEL_SHARE = 0.07
#: Panels of a row: more would be too small to read on a page.
_MOST_PANELS = 4
#: Have letters of Chinese, Japanese and Korean; tried in this order, as far as they are installed.
_FALLBACKS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans JP",
    "Noto Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "IPAexGothic",
    "IPAGothic",
    "Droid Sans Fallback",
    "Hiragino Sans",
    "PingFang SC",
    "Apple SD Gothic Neo",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Arial Unicode MS",
    "Unifont",
)


@contextmanager
def _names_as_written() -> Iterator[None]:
    """Whatever the letters of names, and also where two ``$`` would make them mathematics."""
    installed = set(fontManager.get_font_names())
    fonts = [*rcParams["font.family"], *(name for name in _FALLBACKS if name in installed)]
    with rc_context({"text.parse_math": False, "font.family": fonts}):
        yield


def _figure(width: float, height: float, columns: int = 1, rows: int = 1) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.08))
    return figure, figure.subplots(rows, columns, squeeze=False).ravel()


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


@_names_as_written()
def save(figure: Figure, path: Path) -> bool:
    """Write a PNG, atomically; returns whether the fonts of this machine have all its letters."""
    with (
        atomic_path(path) as temporary,
        warnings.catch_warnings(record=True, action="always") as said,
    ):
        figure.savefig(temporary, dpi=150, metadata={"Software": None})
    messages = [each.message for each in said]
    others = [each for each in messages if "missing from font" not in str(each)]
    for message in others:
        warnings.warn(message, stacklevel=2)
    return len(others) == len(messages)


#: A body's picture is at least this wide, in lengths of the body.
_NARROWEST = 0.6


@_names_as_written()
def bodies(
    share: _Floats, posture: _Floats, skeleton: Skeleton, animals: Sequence[str], behaviour: str
) -> Figure:
    """Both animals from above, nose up, each keypoint coloured by its share of the attribution.

    Args:
        share: `(2, keypoint)`; adds up to 1.
        posture: where the keypoints lie, `(2, keypoint, 2 = forward, right)`.
        skeleton: names of the keypoints.
        animals: what the two are called.
        behaviour: what is explained.
    """
    figure, axes = _figure(7.0, 4.0, 2)
    top = float(share.max()) or 1.0
    for animal, each in enumerate(axes):
        forward, right = posture[animal].T
        order = np.argsort(np.arctan2(right - right.mean(), forward - forward.mean()))
        if len(order) > 2:
            each.fill(right[order], forward[order], facecolor="#ECEEF2", edgecolor="#B8BDC7")
        each.scatter(
            right, forward, s=40 + 260 * share[animal] / top, c=share[animal], cmap=_HEAT, vmin=0,
            vmax=top, edgecolors="white", zorder=3,
        )  # fmt: skip
        places = label_places(right, forward)
        for point, place, name, value in zip(
            zip(right, forward, strict=True), places, skeleton.keypoints, share[animal], strict=True
        ):
            each.annotate(
                f"{name} {percent(value)}", point, place, ha="right" if point[0] < 0 else "left",
                va="center", fontsize=7, zorder=2,
                arrowprops={"arrowstyle": "-", "color": "#B8BDC7", "linewidth": 0.8},
            )  # fmt: skip
        each.set_aspect("equal")
        each.margins(1.0, 0.15)
        low, high = each.get_xlim()
        lacking = _NARROWEST * float(np.ptp(forward)) - (high - low)
        if lacking > 0:  # keypoints on one line would be cut off
            each.set_xlim(low - lacking / 2, high + lacking / 2)
        each.axis("off")
        each.set_title(f"{animals[animal]}: {percent(share[animal].sum())}", fontsize=10)
    mappable = ScalarMappable(Normalize(0, top), _HEAT)
    bar = figure.colorbar(mappable, ax=axes, shrink=0.7)
    bar.set_label("share of the attribution", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    figure.suptitle(f"Which keypoints speak for or against {fit(behaviour, 250, 11)}", fontsize=11)
    return figure


def label_places(right: _Floats, forward: _Floats) -> _Floats:
    """Where the labels of points stand, so that none covers another, nor a point.

    Labels stand in a column on either side of the body, each on the side that its point is on.

    Args:
        right: of the points.
        forward: how high they are.

    Returns:
        `(point, 2 = right, height)`: as high as the point, moved up where one is too near below.
        Of points about as high the outer one is below: no line to another's label goes through it.
    """
    least = _LABEL_SHARE * float(np.ptp(forward))
    beside = np.where(right < 0, right.min() - 2 * least, right.max() + 2 * least)
    heights = forward.astype(np.float64)
    outward = np.abs(right) / (np.abs(right).max() or 1.0)
    order = forward - least * outward
    for side in (right < 0, right >= 0):
        below = -np.inf
        for index in np.flatnonzero(side)[np.argsort(order[side], kind="stable")]:
            heights[index] = below = max(heights[index], below + least)
    return np.stack([beside, heights], axis=1)


@_names_as_written()
def course(offsets_s: _Floats, amount: _Floats, animals: Sequence[str], behaviour: str) -> Figure:
    """How much of the attribution falls on each moment around the frame that is decided.

    Args:
        offsets_s: `(time,)`, seconds from the frame.
        amount: `(time, 2)`, share of each animal.
        animals: what the two are called.
        behaviour: what is explained.
    """
    figure, (axes,) = _figure(7.0, 2.8)
    for animal in (0, 1):
        axes.plot(offsets_s, amount[:, animal], color=PALETTE[animal], label=animals[animal])
    axes.axvline(0, color="#5B6170", lw=0.8, ls="--")
    axes.set_xlabel("time from the frame that is decided (s)", fontsize=9)
    axes.set_ylabel("share a second", fontsize=9)
    axes.set_ylim(bottom=0)
    axes.set_title(f"Which moments speak for or against {fit(behaviour, 150, 11)}", fontsize=11)
    figure.legend(fontsize=8, frameon=False, loc="outside right upper")
    _plain(axes)
    return figure


@_names_as_written()
def family_bars(rows: Sequence[Mapping[str, Any]], behaviours: Sequence[str]) -> Figure:
    """Drop of F1 for each family, the mean of the repeats with their least and largest.

    Args:
        rows: of `Importance.rows`.
        behaviours: which, ``macro`` first.
    """
    macro = sorted((r for r in rows if r["behaviour"] == "macro"), key=lambda r: r["f1_drop"])
    order = [row["family"] for row in macro]
    columns = min(len(behaviours), _MOST_PANELS)
    lines = math.ceil(len(behaviours) / columns)
    size = 2.2 + 2.3 * columns, lines * (1.35 + 0.32 * len(order))
    figure, panels = _figure(*size, columns, lines)
    names = shorten_apart(["all (macro)", *behaviours[1:]], 28)
    for number, (behaviour, axes) in enumerate(zip(behaviours, panels, strict=False)):
        by_family = {row["family"]: row for row in rows if row["behaviour"] == behaviour}
        mine = [by_family[family] for family in order]
        _family_panel(axes, mine, PALETTE[0] if number else "#5B6170")
        axes.set_title(f"{fit(names[number], 150, 9)}\nF1 {mine[0]['f1']:.2f}", fontsize=9)
        if number % columns:
            axes.set_yticklabels([])
    for axes in panels[len(behaviours) :]:
        axes.axis("off")
    return figure


def _family_panel(axes: Axes, rows: Sequence[Mapping[str, Any]], colour: str) -> None:
    """The bars of one behaviour."""
    drops, least, largest = (
        np.array([row[key] for row in rows]) for key in ("f1_drop", "f1_drop_low", "f1_drop_high")
    )
    axes.barh(
        [row["family"] for row in rows], drops, color=colour,
        xerr=np.maximum([drops - least, largest - drops], 0), error_kw={"lw": 1, "capsize": 2},
    )  # fmt: skip
    axes.axvline(0, color="#5B6170", lw=0.8)
    axes.set_xlabel("drop of F1", fontsize=8)
    _plain(axes)


@_names_as_written()
def column_bars(rows: Sequence[Mapping[str, Any]], behaviour: str) -> Figure:
    """The columns with the largest mean absolute SHAP value.

    Args:
        rows: ``column``, ``family``, ``mean_abs_shap``, largest first.
        behaviour: what is explained.
    """
    shown = list(rows[:_MOST_BARS])[::-1]
    kinds = sorted({row["family"] for row in rows})
    colours = [PALETTE[kinds.index(row["family"]) % len(PALETTE)] for row in shown]
    figure, (axes,) = _figure(7.5, 1.0 + 0.26 * len(shown))
    sizes = [row["mean_abs_shap"] for row in shown]
    bars = axes.barh([row["column"] for row in shown], sizes, color=colours)
    named = {row["family"]: bar for row, bar in zip(shown, bars, strict=True)}
    axes.legend(named.values(), named.keys(), fontsize=7, frameon=False, loc="lower right")
    axes.set_xlabel("mean |SHAP|, in the raw score of the trees", fontsize=9)
    axes.set_title(f"Columns that {fit(behaviour, 170, 11)} rests on", fontsize=11)
    _plain(axes)
    return figure
