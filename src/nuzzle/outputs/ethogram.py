"""Ethograms: who did what when, truth and prediction under each other.

A lane is drawn in the recording's own frames (`viewBox` from 0 to the number of frames), so that
the page can zoom by changing the box, and can read a bout back from the path that draws it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from nuzzle.labels import mask_to_intervals
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.svg import tag

#: With more exclusive behaviours than this, each has a lane of its own.
MOST_IN_ONE_LANE = 8
#: What blank stretches mean, in the lane of the annotator and in that of nuzzle.
NOT_LOOKED_AT, NO_ANSWER = "not looked at", "no answer"
_CERTAINTY_BINS = 600


@dataclass(frozen=True)
class Lane:
    """One row of an ethogram.

    Attributes:
        name: what it holds, in full.
        label: what stands beside it.
        kind: ``truth``, ``predicted``, ``unsure`` or ``certainty``: its look.
        drawing: an SVG element.
        swatch: a colour that stands beside the label; '' for none.
        blank: what its blank stretches mean; '' where it has none.
    """

    name: str
    label: str
    kind: str
    drawing: Markup
    swatch: str = ""
    blank: str = ""


def lanes(
    one: PairFrames,
    behaviours: Sequence[str],
    colours: Mapping[str, str],
    *,
    background: str | None,
    exclusive: bool,
) -> list[Lane]:
    """The lanes of one pair: all behaviours in one lane where that can be read, else a lane each.

    Args:
        one: predictions, and labels if there are any.
        behaviours: names of the columns.
        colours: behaviour -> colour.
        background: a class that is not drawn.
        exclusive: whether one behaviour goes on at a time.
    """
    drawn = [
        (column, name)
        for column, name in enumerate(behaviours)
        if name != background and _occurs(one, column)
    ]
    together = exclusive and len(drawn) <= MOST_IN_ONE_LANE
    groups = [("", drawn)] if together else [(name, [(column, name)]) for column, name in drawn]
    rows = []
    mute = np.asarray(np.isnan(one.probability).all(axis=1))
    annotated = one.annotated
    for name, columns in groups:
        swatch = colours[name] if name else ""
        if annotated is not None and one.observed is not None:
            seen = one.observed[:, [column for column, _ in columns]] if columns else one.observed
            unseen = np.logical_not(seen.any(axis=1))
            blank = NOT_LOOKED_AT if unseen.any() else ""
            drawing = _lane(annotated, columns, colours, unseen, blank)
            rows.append(Lane("annotator", name or "annotator", "truth", drawing, swatch, blank))
            name, swatch = "", ""
        blank = NO_ANSWER if mute.any() else ""
        drawing = _lane(one.predicted, columns, colours, mute, blank)
        rows.append(Lane("nuzzle", name or "nuzzle", "predicted", drawing, swatch, blank))
    if one.unsure is not None:
        rows.append(
            Lane("unsure", "not sure", "unsure", _unsure(np.asarray(one.unsure.any(axis=1))))
        )
    chance = 1 / max(2, len(behaviours)) if exclusive else 0.5
    drawing = _certainty(one.certainty(exclusive), chance)
    rows.append(Lane("certainty", "certainty", "certainty", drawing))
    return rows


def _occurs(one: PairFrames, column: int) -> bool:
    real = one.truth is not None and bool(one.truth[:, column].any())
    return real or bool(one.predicted[:, column].any())


def _lane(
    active: NDArray[np.bool_],
    columns: Sequence[tuple[int, str]],
    colours: Mapping[str, str],
    unseen: NDArray[np.bool_],
    blank: str,
) -> Markup:
    paths = [
        tag("path", d=_boxes(active[:, column]), fill=colours[name], stroke=colours[name],
            data_behaviour=name)
        for column, name in columns
        if active[:, column].any()
    ]  # fmt: skip
    if blank:
        paths.insert(0, tag("path", d=_boxes(unseen), class_="unseen", data_unseen=blank))
    return _box(len(active), paths)


def _unsure(unsure: NDArray[np.bool_]) -> Markup:
    """Where the model is not sure, in grey."""
    path = tag("path", d=_boxes(unsure), class_="doubt", data_behaviour="yes")
    return _box(len(unsure), [path] if unsure.any() else [])


def _boxes(mask: NDArray[np.bool_]) -> str:
    """Path data: a box of height 1 for each interval, in frames."""
    return "".join(
        f"M{start} 0h{stop - start}v1h-{stop - start}z"
        for start, stop in mask_to_intervals(mask).tolist()
    )


def _certainty(certainty: NDArray[np.float32], chance: float) -> Markup:
    """The mean certainty as an area, from chance to 1, in at most `_CERTAINTY_BINS` steps."""
    n_frames = len(certainty)
    edges = np.unique(np.linspace(0, n_frames, min(n_frames, _CERTAINTY_BINS) + 1).astype(int))
    known = np.isfinite(certainty)
    total = np.add.reduceat(np.where(known, certainty, 0.0), edges[:-1])
    count = np.add.reduceat(known.astype(np.int64), edges[:-1])
    mean = np.where(count > 0, total / np.maximum(count, 1), 0.0)
    height = np.clip((mean - chance) / (1 - chance), 0.0, 1.0)
    steps = "".join(
        f"V{1 - value:.3f}H{stop}" for value, stop in zip(height, edges[1:], strict=True)
    )
    return _box(n_frames, [tag("path", d=f"M0 1{steps}V1z", class_="area")])


def _box(n_frames: int, paths: Sequence[Markup]) -> Markup:
    return tag(
        "svg",
        *paths,
        viewBox=f"0 0 {n_frames} 1",
        preserveAspectRatio="none",
        class_="lane",
        aria_hidden="true",
    )
