"""What a decoder does to frames and to bouts, side by side: quick figures for choosing one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation import bouts as by_bout
from nuzzle.evaluation import frames as by_frame
from nuzzle.evaluation.bootstrap import Floats, mean_defined, sums_over_groups
from nuzzle.evaluation.figures import Figure
from nuzzle.evaluation.own import OwnApart
from nuzzle.evaluation.scored import ScoredPair, group_numbers, groups_of
from nuzzle.labels import mask_to_intervals
from nuzzle.plain import plain, to_plain

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class DecodingScore:
    """F1 per frame and per bout at an intersection over union of 0.5.

    Recordings are pooled. A behaviour that does not occur in the truth has NaN and no part in the
    macro averages; nor has the background.

    Attributes:
        frame_f1: behaviour -> F1 per frame; without the background.
        bout_f1: behaviour -> F1 per bout.
    """

    frame_f1: Mapping[str, Figure]
    bout_f1: Mapping[str, Figure]

    @property
    def macro_frame_f1(self) -> float:
        return float(mean_defined(np.array(list(self.frame_f1.values()))))

    @property
    def macro_bout_f1(self) -> float:
        return float(mean_defined(np.array(list(self.bout_f1.values()))))

    def to_dict(self) -> dict[str, Any]:
        """Plain values; None for what is undefined."""
        macro = {"macro_frame_f1": self.macro_frame_f1, "macro_bout_f1": self.macro_bout_f1}
        return {**plain(macro), **to_plain(self)}


@dataclass(frozen=True)
class DecodingEffect:
    """What decoding does: smoothing joins bouts, which may help frames and harm bouts.

    Attributes:
        raw: each frame decided by itself.
        decoded: after smoothing, thresholds and rules for bouts.
    """

    raw: DecodingScore
    decoded: DecodingScore


class Counts(NamedTuple):
    """What F1 per frame and per bout are made of, each `(..., behaviour)`; they add up.

    Attributes:
        frames_both: frames that are said and true.
        frames_said: frames that are said.
        frames_true: frames that are true.
        bouts_both: bouts that are matched.
        bouts_said: bouts that are said.
        bouts_true: bouts that are true.
    """

    frames_both: Ints
    frames_said: Ints
    frames_true: Ints
    bouts_both: Ints
    bouts_said: Ints
    bouts_true: Ints

    @classmethod
    def beside(cls, counts: Sequence[Counts]) -> Counts:
        """Of the behaviours of each, one after the other."""
        return cls(*(np.concatenate(each, axis=-1) for each in zip(*counts, strict=True)))

    @property
    def total(self) -> Counts:
        """Of all groups together, `(behaviour,)`, from counts of each, `(group, behaviour)`."""
        return Counts(*(each.sum(axis=0) for each in self))

    @property
    def all_but_one(self) -> Counts:
        """Of all groups but each one of them, `(group, behaviour)`, from counts of each."""
        return Counts(*(each.sum(axis=0) - each for each in self))

    @property
    def f1(self) -> tuple[Floats, Floats]:
        """F1 per frame and per bout, `(..., behaviour)` each; NaN for what is never true."""
        both = self.frames_both
        frames = by_frame.f1(both, self.frames_said - both, self.frames_true - both)
        matched = self.bouts_both[..., None]
        return frames, by_bout.bout_f1(matched, self.bouts_said, self.bouts_true)[..., 0]


class Truth:
    """The truth of several pairs, laid end to end, against which decisions are scored.

    Args:
        pairs: with the same classes.
    """

    def __init__(self, pairs: Sequence[ScoredPair]) -> None:
        self._apart = OwnApart(pairs)
        pairs = self._apart.pairs
        first = pairs[0]
        self.names = first.behaviours
        self.foreground = first.foreground
        self.groups = groups_of(pairs)
        self._group = group_numbers(pairs, self.groups)
        self._starts = np.cumsum([0, *(pair.n_frames + 1 for pair in pairs[:-1])])
        self.observed = _end_to_end([pair.observed for pair in pairs])
        self.active = _end_to_end([pair.truth for pair in pairs]) & self.observed
        self.bouts = [mask_to_intervals(self.active[:, c]) for c in self.foreground]
        self._true = self._frames(self.active), self._count(self.bouts)

    def counts(self, decisions: Sequence[NDArray[np.bool_]]) -> Counts:
        """Frames and bouts of the foreground, `(group, behaviour)`, in the order of `groups`.

        Args:
            decisions: `(time, behaviour)` bool of each pair.
        """
        decided = _end_to_end(self._apart.decisions(decisions)) & self.observed
        said = [mask_to_intervals(decided[:, c]) for c in self.foreground]
        matched = []
        for true, found in zip(self.bouts, said, strict=True):
            match = by_bout.match_bouts(true, found)
            matched.append(true[match.true[match.iou >= by_bout.SAME_BOUT_IOU]])
        frames_true, bouts_true = self._true
        return Counts(
            self._frames(decided & self.active),
            self._frames(decided),
            frames_true,
            self._count(matched),
            self._count(said),
            bouts_true,
        )

    def _frames(self, mask: NDArray[np.bool_]) -> Ints:
        """Frames of the foreground, `(group, behaviour)`."""
        inside = mask[:, self.foreground].astype(np.int64)
        return self._by_group(np.add.reduceat(inside, self._starts, axis=0))

    def _count(self, bouts: Sequence[NDArray[np.int64]]) -> Ints:
        """Bouts of each behaviour of the foreground, `(group, behaviour)`."""
        pairs = [np.searchsorted(self._starts, each[:, 0], side="right") - 1 for each in bouts]
        n = len(self._starts)
        by_pair = [np.bincount(each, minlength=n) for each in pairs]
        return self._by_group(np.stack(by_pair, axis=1))

    def _by_group(self, counts: Ints) -> Ints:
        return sums_over_groups(counts, self._group, len(self.groups))

    def score(self, decisions: Sequence[NDArray[np.bool_]]) -> DecodingScore:
        """The figures by name; all groups are pooled."""
        names = [self.names[column] for column in self.foreground]
        frames, bouts = self.counts(decisions).total.f1
        return DecodingScore(
            dict(zip(names, frames.tolist(), strict=True)),
            dict(zip(names, bouts.tolist(), strict=True)),
        )


def _end_to_end(masks: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Masks `(time, behaviour)` one after the other, with a frame of nothing after each.

    So no bout runs from one recording into the next.
    """
    return np.concatenate([np.pad(mask, ((0, 1), (0, 0))) for mask in masks])
