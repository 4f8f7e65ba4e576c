"""What a decoder does to frames and to bouts, side by side: quick figures for choosing one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation import bouts as by_bout
from nuzzle.evaluation import frames as by_frame
from nuzzle.evaluation.bootstrap import Floats, mean_defined
from nuzzle.evaluation.figures import read_number
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.labels import mask_to_intervals

#: A bout counts where its intersection over union with a true one reaches this.
IOU = 0.5


@dataclass(frozen=True)
class DecodingScore:
    """F1 per frame and per bout at an intersection over union of 0.5.

    Recordings are pooled. A behaviour that does not occur in the truth has NaN and no part in the
    macro averages; nor has the background.

    Attributes:
        frame_f1: behaviour -> F1 per frame; without the background.
        bout_f1: behaviour -> F1 per bout.
    """

    frame_f1: Mapping[str, float]
    bout_f1: Mapping[str, float]

    @property
    def macro_frame_f1(self) -> float:
        return float(mean_defined(np.array(list(self.frame_f1.values()))))

    @property
    def macro_bout_f1(self) -> float:
        return float(mean_defined(np.array(list(self.bout_f1.values()))))

    def to_dict(self) -> dict[str, Any]:
        """Plain values; None for what is undefined."""

        def plain(figures: Mapping[str, float]) -> dict[str, float | None]:
            return {name: None if np.isnan(f1) else f1 for name, f1 in figures.items()}

        macro = {"macro_frame_f1": self.macro_frame_f1, "macro_bout_f1": self.macro_bout_f1}
        return {
            **plain(macro),
            "frame_f1": plain(self.frame_f1),
            "bout_f1": plain(self.bout_f1),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DecodingScore:
        """The inverse of `to_dict`; the macro averages follow from the others."""
        return cls(*({k: read_number(v) for k, v in values[n].items()} for n in _FIGURES))


_FIGURES = ("frame_f1", "bout_f1")


@dataclass(frozen=True)
class DecodingEffect:
    """What decoding does: smoothing joins bouts, which may help frames and harm bouts.

    Attributes:
        raw: each frame decided by itself.
        decoded: after smoothing, thresholds and rules for bouts.
    """

    raw: DecodingScore
    decoded: DecodingScore

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DecodingEffect:
        """From plain values."""
        return cls(*(DecodingScore.from_dict(values[name]) for name in ("raw", "decoded")))


class Truth:
    """The truth of several pairs, laid end to end, against which decisions are scored.

    Args:
        pairs: with the same classes.
    """

    def __init__(self, pairs: Sequence[ScoredPair]) -> None:
        first = pairs[0]
        self.names = first.behaviours
        self.foreground = [
            column for column, name in enumerate(self.names) if name != first.background
        ]
        self.observed = _end_to_end([pair.observed for pair in pairs])
        self.active = _end_to_end([pair.truth for pair in pairs]) & self.observed
        self.bouts = [mask_to_intervals(self.active[:, c]) for c in self.foreground]

    def f1(self, decisions: Sequence[NDArray[np.bool_]]) -> tuple[Floats, Floats]:
        """F1 per frame and per bout of the foreground, each `(behaviour,)`.

        Args:
            decisions: `(time, behaviour)` bool of each pair.
        """
        decided = _end_to_end(decisions) & self.observed
        truth, said = self.active[:, self.foreground], decided[:, self.foreground]
        both = (truth & said).sum(axis=0)
        frames = by_frame.f1(both, said.sum(axis=0) - both, truth.sum(axis=0) - both)
        matched, predicted = [], []
        for column, true in zip(self.foreground, self.bouts, strict=True):
            found = mask_to_intervals(decided[:, column])
            matched.append([(by_bout.match_bouts(true, found).iou >= IOU).sum()])
            predicted.append(len(found))
        true_bouts = np.array([len(true) for true in self.bouts])
        bouts = by_bout.bout_f1(np.array(matched), np.array(predicted), true_bouts)
        return frames, bouts[:, 0]

    def score(self, decisions: Sequence[NDArray[np.bool_]]) -> DecodingScore:
        """The figures by name."""
        names = [self.names[column] for column in self.foreground]
        frames, bouts = self.f1(decisions)
        return DecodingScore(
            dict(zip(names, frames.tolist(), strict=True)),
            dict(zip(names, bouts.tolist(), strict=True)),
        )


def _end_to_end(masks: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Masks `(time, behaviour)` one after the other, with a frame of nothing after each.

    So no bout runs from one recording into the next.
    """
    return np.concatenate([np.pad(mask, ((0, 1), (0, 0))) for mask in masks])
