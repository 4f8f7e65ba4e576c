"""Predictions of recordings beside their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nuzzle.errors import InputError
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.predict import probable
from nuzzle.labels import Labels, Pair
from nuzzle.recording import Recording
from nuzzle.training.targets import Targets


class Scored(NamedTuple):
    """The predictions of one recording beside its labels.

    Attributes:
        recording: as it was read.
        prepared: the copies that the bundle's members looked at.
        pairs: what the bundle says.
        raw: the same with the probabilities that the model gave before calibration.
    """

    recording: Recording
    prepared: tuple[Recording, ...]
    pairs: list[ScoredPair]
    raw: list[ScoredPair]

    @property
    def history(self) -> tuple[str, ...]:
        """The preparation steps, those of all members."""
        return history_of(self.prepared)


def history_of(prepared: Sequence[Recording]) -> tuple[str, ...]:
    """The steps that made prepared copies of a recording, each once."""
    return tuple(dict.fromkeys(step for each in prepared for step in each.history))


def score_recording(bundle: Bundle, recording: Recording) -> Scored:
    """Predictions of one recording's labelled pairs, beside the labels.

    Raises:
        InputError: the recording has no labels that the model could be scored on.
    """
    labels, to_score = _to_score(bundle, recording)
    space, fps, out, raw = bundle.space, recording.require_fps(), [], []
    decoder, prepared = bundle.decoder_of(recording.lab), bundle.prepare(recording)
    masks = {pair: np.asarray(each.observed.any(axis=0)) for pair, each in to_score.items()}
    for pair, said, probability, seen in probable(bundle, recording, prepared, labels.pairs, masks):
        targets = to_score[pair]
        one = ScoredPair(
            recording=recording.name,
            group=recording.group,
            pair=pair,
            fps=fps,
            behaviours=space.names,
            background=space.background,
            exclusive=space.exclusive,
            truth=targets.active,
            observed=targets.observed,
            predicted=decoder(np.where(masks[pair], probability, np.nan), fps),
            probability=probability,
            lab=recording.lab,
            own=space.own,
            present=seen,
        )
        out.append(one)
        raw.append(replace(one, probability=said))
    return Scored(recording, prepared, out, raw)


def _to_score(bundle: Bundle, recording: Recording) -> tuple[Labels, dict[Pair, Targets]]:
    """The labels, and what the model can be scored on; raises where that is nothing."""
    labels = recording.labels
    if labels is None:
        raise InputError(
            f"recording {recording.name!r} has no labels. Fill the manifest's column labels."
        )
    bundle.space.check_meaning(recording.name, labels)
    to_score = targets_of(bundle, recording)
    if not to_score:
        raise InputError(
            f"recording {recording.name!r}: nobody looked for any of "
            f"{list(bundle.space.behaviours)}; its labels are of "
            f"{list(labels.behaviours)}. The column behaviours of the manifest can "
            "rename them (old=new)."
        )
    return labels, to_score


def targets_of(bundle: Bundle, recording: Recording) -> dict[Pair, Targets]:
    """What there is to score: the targets of each pair in which anything was looked for.

    What the model had no example of, as in a fold without one, is left out.
    """
    space, labels = bundle.space, recording.labels
    if labels is None:
        return {}
    pairs = {view.labelled for view in space.views(labels.pairs, recording.in_sight)}
    found = {pair: space.targets(labels, pair) for pair in pairs}
    if unlearned := bundle.training.get("unlearned"):
        found = {pair: space.leave_out(each, unlearned) for pair, each in found.items()}
    return {pair: each for pair, each in found.items() if each.observed.any()}
