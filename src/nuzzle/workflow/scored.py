"""Predictions of recordings beside their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from nuzzle.decoding.decoder import Decoder
from nuzzle.errors import InputError
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.predict import predict_raw
from nuzzle.recording import Recording


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
    if recording.labels is None:
        raise InputError(
            f"recording {recording.name!r} has no labels. Fill the manifest's column labels."
        )
    space, fps = bundle.space, recording.require_fps()
    decoder, calibrator = Decoder.from_dict(bundle.decoding), bundle.calibrator
    out, raw = [], []
    prepared = bundle.prepare(recording)
    for pair, said in predict_raw(bundle, recording, prepared, recording.labels.pairs):
        targets = space.targets(recording.labels, pair)
        if not targets.observed.any():
            continue
        probability = calibrator(said)
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
            predicted=decoder(probability, fps, targets.observed),
            probability=probability,
        )
        out.append(one)
        raw.append(replace(one, probability=said))
    if not out:
        raise InputError(
            f"recording {recording.name!r}: nobody looked for any of {list(space.behaviours)}; its "
            f"labels are of {list(recording.labels.behaviours)}. The column behaviours of the "
            "manifest can rename them (old=new)."
        )
    return Scored(recording, prepared, out, raw)
