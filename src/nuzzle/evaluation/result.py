"""What an evaluation says; plain values that go to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nuzzle.errors import count
from nuzzle.evaluation.bootstrap import mean_defined
from nuzzle.evaluation.decisions import DecodingEffect
from nuzzle.evaluation.figures import Estimate, Figure, ReliabilityBin
from nuzzle.evaluation.uncertainty import Uncertainty
from nuzzle.plain import from_plain, to_plain


@dataclass(frozen=True)
class BehaviourScore:
    """The scores of one behaviour, frames pooled over recordings.

    Attributes:
        behaviour: name.
        precision: share of the predicted frames that are true.
        recall: share of the true frames that were predicted.
        f1: per frame.
        average_precision: per frame, from the probability.
        bout_f1: intersection over union (``"0.1"``, ``"0.25"``, ``"0.5"``) -> F1 per bout.
        bout_count_ratio: predicted bouts / true bouts; above 1 is fragmented.
        onset_error_s: median absolute error of the start of bouts that overlap by 0.1 or more.
        offset_error_s: the same of the end.
        ece: expected calibration error.
        reliability: probability against observed frequency.
        true_frames: support.
        predicted_frames: frames predicted.
        observed_frames: frames in which it was looked for.
        true_bouts: support.
        predicted_bouts: bouts predicted.
        recordings: recordings in which it occurs.
    """

    behaviour: str
    precision: Estimate
    recall: Estimate
    f1: Estimate
    average_precision: Estimate
    bout_f1: Mapping[str, Estimate]
    bout_count_ratio: Estimate
    onset_error_s: Figure
    offset_error_s: Figure
    ece: Figure
    reliability: tuple[ReliabilityBin, ...]
    true_frames: int
    predicted_frames: int
    observed_frames: int
    true_bouts: int
    predicted_bouts: int
    recordings: int


@dataclass(frozen=True)
class RecordingScore:
    """The F1 of one recording, its pairs pooled.

    Attributes:
        recording: name.
        group: animal or session.
        scored_frames: frames of its pairs in which anything was looked for.
        macro_f1: over the behaviours that occur in it, without the background.
        f1: behaviour -> F1; NaN where it does not occur.
        label_delay_s: how much later its labels seem to come than what the poses show, s;
            negative where earlier, 0 where no delay can be told.
    """

    recording: str
    group: str
    scored_frames: int
    macro_f1: Figure
    f1: Mapping[str, Figure]
    label_delay_s: float = 0.0


@dataclass(frozen=True)
class LabScore:
    """The F1 of one lab, its recordings and pairs pooled.

    Attributes:
        lab: name.
        recordings: how many.
        scored_frames: frames of its pairs in which anything was looked for.
        macro_f1: over the behaviours that occur in it, without the background.
        f1: behaviour -> F1; NaN where it does not occur.
    """

    lab: str
    recordings: int
    scored_frames: int
    macro_f1: Figure
    f1: Mapping[str, Figure]


@dataclass(frozen=True)
class Evaluation:
    """How good predictions are. Frames are counted once for each pair of animals.

    Attributes:
        behaviours: scores, in the order of the classes.
        background: name of the class "none of the others", if there is one.
        exclusive: whether one behaviour goes on at a time.
        macro_f1: mean F1 over the behaviours that occur, **without** the background.
        macro_f1_with_background: the same, the background counted as a behaviour; NaN where
            there is none.
        mean_average_precision: mean over the behaviours that occur, without the background.
        macro_bout_f1: intersection over union -> mean F1 per bout, without the background.
        edit_score: segmental edit score, 0 to 1, mean over pairs that have bouts.
        confusion: frames by true (row) and predicted (column) class; None if not exclusive.
        top_label_ece: calibration error of the highest probability; NaN if not exclusive.
        top_label_reliability: its curve; empty if not exclusive.
        recordings: F1 of each recording.
        scored_frames: frames in which anything was looked for.
        unobserved_frames: frames in which nothing was, which were not scored.
        groups: what the intervals resample.
        bootstrap: number of draws behind an interval.
        seed: of the draws.
        notes: what the reader of the figures must know, one sentence each.
        decoding: what the decoding does to frames and to bouts; None where nobody measured it.
        uncertainty: how far probabilities and sets can be trusted; likewise.
        labs: F1 of each lab; empty where there is one.
        pairs: how many were scored, animals with themselves among them where these count by
            themselves; 0 where nobody counted.
    """

    behaviours: tuple[BehaviourScore, ...]
    background: str | None
    exclusive: bool
    macro_f1: Estimate
    macro_f1_with_background: Estimate
    mean_average_precision: Estimate
    macro_bout_f1: Mapping[str, Estimate]
    edit_score: Estimate
    confusion: tuple[tuple[int, ...], ...] | None
    top_label_ece: Figure
    top_label_reliability: tuple[ReliabilityBin, ...]
    recordings: tuple[RecordingScore, ...]
    scored_frames: int
    unobserved_frames: int
    groups: int
    bootstrap: int
    seed: int
    notes: tuple[str, ...] = ()
    decoding: DecodingEffect | None = None
    uncertainty: Uncertainty | None = None
    labs: tuple[LabScore, ...] = ()
    pairs: int = 0

    @property
    def compared(self) -> str:
        """Whose frames `scored_frames` are, to be said after how many they are."""
        several = self.pairs > len(self.recordings)
        each = " (each pair of animals by itself)" if several else ""
        return f"frames{each} of {count(len(self.recordings), 'recording')}"

    @property
    def left_out(self) -> str:
        """How many frames were not scored, to be said after how many were; '' if none."""
        if not self.unobserved_frames:
            return ""
        frames = f"{self.unobserved_frames:,}"
        return f"; {frames} were left out (nobody looked, or the model had no example)"

    @property
    def mean_over_labs(self) -> float:
        """Mean macro F1 of the labs, each of which weighs the same; NaN where there is one."""
        return float(mean_defined(np.array([each.macro_f1 for each in self.labs])))

    def __getitem__(self, behaviour: str) -> BehaviourScore:
        for score in self.behaviours:
            if score.behaviour == behaviour:
                return score
        raise KeyError(behaviour)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values: lists, dictionaries, and None for what is undefined."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Evaluation:
        """The inverse of `to_dict`."""
        return from_plain(cls, values)
