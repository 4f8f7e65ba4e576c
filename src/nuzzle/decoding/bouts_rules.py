"""Rules for bouts: short gaps are closed, then short bouts are dropped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.base import check_durations, per_behaviour
from nuzzle.labels import intervals_to_mask, mask_to_intervals
from nuzzle.prepare.base import nominal_fps

Ints = NDArray[np.int64]
#: A duration of exactly 3 frames at 30 fps is 0.1 s, whatever the rounding.
_TOLERANCE_S = 1e-9


class Runs(NamedTuple):
    """Unbroken runs of frames of one class.

    Attributes:
        classes: `(run,)` class, -1 for none.
        lengths: `(run,)` frames.
    """

    classes: Ints
    lengths: Ints


@dataclass(frozen=True)
class BoutRules:
    """Gaps up to a length are closed; what is then shorter than a minimum is dropped.

    Of exclusive classes, a gap is a run of background between two bouts of one behaviour. The
    frames of a dropped bout go to the behaviour around it where it is the same on both sides,
    else to the background, else (without a background) to the class before it. Bouts that touch
    the ends of the recording count as they are.

    Attributes:
        min_bout_s: shortest bout that is kept, s; one for all or one a behaviour. The
            background's is not used.
        max_gap_s: longest gap that is closed, s; the same.
    """

    min_bout_s: tuple[float, ...] = (0.0,)
    max_gap_s: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        check_durations(self.min_bout_s, "minimum bouts")
        check_durations(self.max_gap_s, "maximum gaps")

    def support_s(self, exclusive: bool) -> float:
        """How far a frame is looked for on each side, s.

        Infinite where short bouts of exclusive classes are dropped: any number of them may follow
        each other before the class that takes their place.
        """
        if exclusive and any(self.min_bout_s):
            return math.inf
        return max(self.min_bout_s) + max(self.max_gap_s)

    def __call__(
        self,
        decision: NDArray[np.bool_],
        fps: float,
        *,
        exclusive: bool,
        background: int | None = None,
    ) -> NDArray[np.bool_]:
        """Apply the rules; in time linear in the number of bouts.

        Args:
            decision: `(time, behaviour)` bool; at most one true a frame where exclusive.
            fps: frames per second.
            exclusive: whether exactly one class holds in a frame.
            background: column of the class "none of the others", if there is one.

        Returns:
            `(time, behaviour)` bool.
        """
        n, fps = decision.shape[1], nominal_fps(fps)
        shortest = per_behaviour(self.min_bout_s, n, "minimum bouts") - _TOLERANCE_S
        longest = per_behaviour(self.max_gap_s, n, "maximum gaps") + _TOLERANCE_S
        if not any((*self.min_bout_s, *self.max_gap_s)):
            return decision
        if not exclusive:
            columns = [
                _on_intervals(decision[:, column], shortest[column] * fps, longest[column] * fps)
                for column in range(n)
            ]
            return np.stack(columns, axis=1)
        runs = runs_of(decision)
        if background is not None:
            runs = _close_gaps(runs, longest * fps, background)
            shortest[background] = 0.0
        runs = _drop_short(runs, shortest * fps, background)
        classes = np.repeat(runs.classes, runs.lengths)
        return np.asarray(classes[:, None] == np.arange(n))


def runs_of(decision: NDArray[np.bool_]) -> Runs:
    """The runs of one class a frame, `(time, behaviour)` bool with at most one true a frame."""
    classes = np.where(decision.any(axis=1), decision.argmax(axis=1), -1).astype(np.int64)
    return _joined(classes, np.ones(len(classes), dtype=np.int64))


def _joined(classes: Ints, lengths: Ints) -> Runs:
    """Neighbours of one class become one run."""
    if not len(classes):
        return Runs(classes, lengths)
    first = np.flatnonzero(np.concatenate(([True], classes[1:] != classes[:-1])))
    return Runs(classes[first], np.add.reduceat(lengths, first))


def _close_gaps(runs: Runs, longest: NDArray[np.float64], background: int) -> Runs:
    """Short background between two bouts of one behaviour becomes that behaviour."""
    classes, lengths = runs
    before, gap, after = classes[:-2], classes[1:-1], classes[2:]
    around = (gap == background) & (before == after) & (before >= 0)
    closed = np.flatnonzero(around & (lengths[1:-1] <= longest[before])) + 1
    filled = classes.copy()
    filled[closed] = classes[closed - 1]
    return _joined(filled, lengths)


def _drop_short(runs: Runs, shortest: NDArray[np.float64], background: int | None) -> Runs:
    """Runs below the minimum of their class go to what is around them."""
    classes, lengths = runs
    dropped = (classes >= 0) & (lengths < shortest[classes])
    if not dropped.any():
        return runs
    index = np.arange(len(classes))
    previous = np.maximum.accumulate(np.where(dropped, -1, index))
    following = np.minimum.accumulate(np.where(dropped, len(classes), index)[::-1])[::-1]
    padded = np.append(classes, -1)  # index -1 and one past the end: nothing there
    before, after = padded[previous], padded[following]
    if background is None:
        instead = np.where(before >= 0, before, after)
        instead = np.where(instead >= 0, instead, classes)  # nothing else to be had
    else:
        instead = np.where((before == after) & (before >= 0), before, background)
    return _joined(np.where(dropped, instead, classes), lengths)


def _on_intervals(
    active: NDArray[np.bool_], shortest_frames: float, longest_frames: float
) -> NDArray[np.bool_]:
    """The rules for one behaviour by itself, `(time,)` bool."""
    bouts = mask_to_intervals(active)
    if not len(bouts):
        return active
    gaps = bouts[1:, 0] - bouts[:-1, 1]
    opens = np.concatenate(([True], gaps > longest_frames))
    closes = np.append(opens[1:], True)
    starts, stops = bouts[opens, 0], bouts[closes, 1]
    kept = stops - starts >= shortest_frames
    return intervals_to_mask(starts[kept], stops[kept], len(active))
