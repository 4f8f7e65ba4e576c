"""The picture of a search: how the score rose, and which parameters matter."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nuzzle.files import atomic_path

_BLUE, _GREY, _RED = "#0072b2", "#8a8a8a", "#d55e00"
#: Parameters that are shown, the most important first.
_MOST_BARS = 10


def draw_search(trials: pd.DataFrame, importances: Mapping[str, float], path: Path) -> Path:
    """Draw the history of a search beside the importance of its parameters.

    Args:
        trials: with the columns ``trial``, ``state`` and ``score``.
        importances: parameter -> share; none for no such panel.
        path: the PNG file, which is replaced.
    """
    figure = Figure(figsize=(10 if importances else 6, 4), dpi=120, layout="constrained")
    panels = figure.subplots(1, 2 if importances else 1, squeeze=False)[0]
    _history(panels[0], trials)
    if importances:
        _bars(panels[1], importances)
    with atomic_path(path) as temporary:
        figure.savefig(temporary)
    return path


def _history(axes: Axes, trials: pd.DataFrame) -> None:
    complete = trials[trials["state"] == "complete"]
    axes.plot(complete["trial"], complete["score"], "o", color=_BLUE, alpha=0.6, label="trial")
    best = complete["score"].astype(float).cummax()
    axes.step(complete["trial"], best, where="post", color=_BLUE, label="best so far")
    foot = axes.get_ylim()[0]
    for state, mark, colour, name in (
        ("pruned", "|", _GREY, "ended early"),
        ("failed", "x", _RED, "failed"),
    ):
        some = trials[trials["state"] == state]
        if len(some):
            axes.plot(some["trial"], [foot] * len(some), mark, color=colour, label=name)
    axes.set(xlabel="trial", ylabel="score", title="Scores of the trials")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=4)
    axes.spines[["top", "right"]].set_visible(False)


def _bars(axes: Axes, importances: Mapping[str, float]) -> None:
    shown = sorted(importances.items(), key=lambda each: each[1])[-_MOST_BARS:]
    axes.barh([name for name, _ in shown], [share for _, share in shown], color=_BLUE)
    axes.set(xlabel="share of the spread of scores", title="What matters")
    axes.spines[["top", "right"]].set_visible(False)
