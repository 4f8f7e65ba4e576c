"""Pictures of explanations: bodies, courses in time, bars; PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nuzzle.evaluation.figures import percent
from nuzzle.files import atomic_path
from nuzzle.outputs.svg import PALETTE
from nuzzle.skeleton import Skeleton

_Floats = NDArray[np.float64]
_HEAT = "viridis"
#: Names are drawn as they are written, also where two ``$`` would make them mathematics.
_as_written = rc_context({"text.parse_math": False})
_MOST_BARS = 15
#: How high a label is, as a share of the body's length.
_LABEL_SHARE = 0.07


def _figure(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0].tolist()
    return figure, axes


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


@_as_written
def save(figure: Figure, path: Path) -> Path:
    """Write a PNG, atomically."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Software": None})
    return path


#: A body's picture is at least this wide, in lengths of the body.
_NARROWEST = 0.6


@_as_written
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
    figure.suptitle(f"Which keypoints speak for or against {behaviour}", fontsize=11)
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


@_as_written
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
    axes.set_title(f"Which moments speak for or against {behaviour}", fontsize=11)
    figure.legend(fontsize=8, frameon=False, loc="outside right upper")
    _plain(axes)
    return figure


@_as_written
def family_bars(rows: Sequence[Mapping[str, Any]], behaviours: Sequence[str]) -> Figure:
    """Drop of F1 for each family, the mean of the repeats with their least and largest.

    Args:
        rows: of `Importance.rows`.
        behaviours: which, ``macro`` first.
    """
    macro = sorted((r for r in rows if r["behaviour"] == "macro"), key=lambda r: r["f1_drop"])
    order = [row["family"] for row in macro]
    width, height = 2.2 + 2.3 * len(behaviours), 1.2 + 0.32 * len(order)
    figure, axes = _figure(width, height, len(behaviours))
    for number, (behaviour, each) in enumerate(zip(behaviours, axes, strict=True)):
        by_family = {row["family"]: row for row in rows if row["behaviour"] == behaviour}
        mine = [by_family[family] for family in order]
        drops, least, largest = (
            np.array([row[key] for row in mine])
            for key in ("f1_drop", "f1_drop_low", "f1_drop_high")
        )
        each.barh(
            order, drops, color=PALETTE[0] if number else "#5B6170",
            xerr=np.maximum([drops - least, largest - drops], 0),
            error_kw={"lw": 1, "capsize": 2},
        )  # fmt: skip
        each.axvline(0, color="#5B6170", lw=0.8)
        title = behaviour if number else "all (macro)"
        each.set_title(f"{title}: F1 {mine[0]['f1']:.2f}", fontsize=9)
        each.set_xlabel("drop of F1", fontsize=8)
        if number:
            each.set_yticklabels([])
        _plain(each)
    return figure


@_as_written
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
    axes.set_title(f"Columns that {behaviour} rests on", fontsize=11)
    _plain(axes)
    return figure
