from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nuzzle.labels import Labels, Pair
from nuzzle.training.targets import LabelSpace

SPAN = ("agent", "target", "behaviour", "start_frame", "stop_frame")


@pytest.fixture
def overlapping_labels() -> Labels:
    """Two mice at 30 frames/s: behaviours that overlap and touch, a self pair, a point."""
    rows = [
        ("resident", "intruder", "sniff", 0, 30),
        ("resident", "intruder", "mount", 10, 50),
        ("resident", "intruder", "sniff", 30, 31),
        ("intruder", "resident", "flee", 12, 44),
        ("resident", "resident", "groom", 90, 121),
    ]
    bouts: list[dict[str, Any]] = [dict(zip(SPAN, row, strict=True)) for row in rows]
    bouts.append(dict(zip(SPAN, ("intruder", "resident", "bite", 60, 61), strict=True), point=True))
    spans = [
        ("resident", "intruder", "sniff", 0, 200),
        ("resident", "intruder", "mount", 0, 80),
        ("resident", "intruder", "mount", 100, 200),
        ("intruder", "resident", "flee", 0, 200),
        ("intruder", "resident", "bite", 0, 200),
        ("resident", "resident", "groom", 0, 150),
        ("intruder", "intruder", "groom", 0, 150),
    ]
    observed = [dict(zip(SPAN, row, strict=True)) for row in spans]
    return Labels(bouts, observed, n_frames=200)


@pytest.fixture
def classes_of() -> Callable[..., list[int]]:
    """The class of each frame of a pair, as a number among the names; -1 where nobody looked."""

    def classes(labels: Labels, pair: Pair, names: Sequence[str]) -> list[int]:
        space = LabelSpace(tuple(names), labels.background, exclusive=True, priority=tuple(names))
        active, observed = space.targets(labels, pair)
        return np.where(observed.any(axis=1), active.argmax(axis=1), -1).tolist()

    return classes


@pytest.fixture
def watched_labels(overlapping_labels: Labels) -> Labels:
    """The same, looked for in all frames: for layouts that cannot say otherwise."""
    observed = overlapping_labels.observed.assign(start_frame=0, stop_frame=200).drop_duplicates()
    return replace(overlapping_labels, observed=observed)


@pytest.fixture
def spans_of() -> Callable[..., list[tuple[Any, ...]]]:
    """Rows of a bout or span table as sorted tuples."""

    def rows(table: Any, *more: str) -> list[tuple[Any, ...]]:
        return sorted(map(tuple, table[[*SPAN, *more]].to_numpy().tolist()))

    return rows
