"""Which frames a model looked at, for the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.classifier import WindowClassifier
from nuzzle.labels import mask_to_intervals
from nuzzle.prepare.rate import FrameMap
from nuzzle.workflow.scored import Scored

#: How many bouts of each behaviour the report shows the attention of.
_ATTENTION_BOUTS = 3


def attention_of(bundle: Bundle, scored: Scored) -> list[dict[str, Any]]:
    """Attention weights at the middle of the longest correctly found bouts of one recording.

    Args:
        bundle: a trained model; empty if it has no attention, or is an ensemble.
        scored: its predictions beside the labels.
    """
    classifier = bundle.members[0].classifier
    if bundle.combiner is not None or not isinstance(classifier, WindowClassifier):
        return []
    (prepared,) = scored.prepared
    fps = prepared.require_fps()
    to_prepared = FrameMap.of(scored.recording, fps).new_of_old
    out = []
    for pair in scored.pairs:
        found = _found(pair)
        if not found:
            continue
        frames = [(start + stop) // 2 for _, start, stop in found]
        at = torch.from_numpy(to_prepared[frames])
        weights = classifier.attention(bundle.frontend(prepared, pair.pair), at)
        step = classifier.window / weights.shape[1]
        middle = (np.arange(weights.shape[1]) + 0.5) * step - classifier.window // 2
        for (behaviour, start, stop), frame, mine in zip(found, frames, weights, strict=True):
            out.append(
                {
                    "recording": pair.recording,
                    "agent": pair.pair.agent,
                    "target": pair.pair.target,
                    "behaviour": behaviour,
                    "frame": scored.recording.start_frame + frame,
                    "frames": stop - start,
                    "offset_s": [round(float(each) / fps, 4) for each in middle],
                    "weight": [round(float(each), 6) for each in mine],
                }
            )
    return out


def _found(pair: ScoredPair) -> list[tuple[str, int, int]]:
    """Behaviour, start and stop of the longest bouts of each behaviour that were found."""
    out = []
    for column, behaviour in enumerate(pair.behaviours):
        if behaviour != pair.background:
            bouts = mask_to_intervals(pair.truth[:, column] & pair.predicted[:, column])
            longest = bouts[np.argsort(bouts[:, 0] - bouts[:, 1])][:_ATTENTION_BOUTS]
            out += [(behaviour, start, stop) for start, stop in longest.tolist()]
    return out


def longest_bouts(attention: Sequence[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """The longest bouts of each behaviour over all recordings."""
    chosen: list[dict[str, Any]] = []
    for behaviour in sorted({each["behaviour"] for each in attention}):
        mine = [each for each in attention if each["behaviour"] == behaviour]
        chosen += sorted(mine, key=lambda each: -int(each["frames"]))[:_ATTENTION_BOUTS]
    return chosen or None
