"""What the classifier owes to the very recordings that it is scored on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nuzzle.errors import count
from nuzzle.evaluation.result import Evaluation
from nuzzle.outputs.index import RecordingEntry, Results

#: What was fitted where a calibration is more than a note of why there is none.
_FITTED = ("calibrator", "adaptation", "conformal")

#: A calibration that flatters nobody.
_FAIR = "left out in turn"

_OUT_OF_FOLD = (
    "This is a cross-validation: each recording was labelled by a model that had not seen it. The "
    "classifier in the bundle has learned from all of them."
)


def seen_before(results: Results, evaluation: Evaluation | None) -> list[str]:
    """A sentence for each part that scored recordings had in the making of the classifier."""
    if evaluation is None:
        return []
    if results.run.out_of_fold:
        return [_OUT_OF_FOLD]
    said = flattering(results, evaluation)
    if _how(evaluation) == _FAIR:
        said.append(_calibrated_on(results.run.bundle, results.done, _FAIR))
    return [each for each in said if each]


def flattering(results: Results, evaluation: Evaluation) -> list[str]:
    """A sentence for each of those parts for which the figures flatter."""
    if results.run.out_of_fold:
        return []
    bundle, done, how = results.run.bundle, results.done, _how(evaluation)
    said = [*_trained_on(bundle, done), _stopped_on(bundle, done)]
    if how != _FAIR:
        said.append(_calibrated_on(bundle, done, how))
    return [each for each in said if each]


def _how(evaluation: Evaluation) -> str:
    """How what was calibrated on the scored recordings was measured."""
    return "" if evaluation.uncertainty is None else evaluation.uncertainty.how


def _trained_on(bundle: Mapping[str, Any], done: Sequence[RecordingEntry]) -> list[str]:
    """By name; and by group, which is as much alike as recordings can be."""
    training = bundle.get("training") or {}
    itself = _named(done, training.get("recordings"))
    groups = set(training.get("groups") or ())
    alike = [e for e in done if e not in itself and (e.group or e.name) in groups]
    end = "the figures say nothing about new ones."
    said = []
    if itself:
        said.append(f"The model was trained on {_of(itself, done)}: {end}")
    if alike:
        said.append(
            "The model was trained on other recordings of the animals or sessions of "
            f"{_of(alike, done)}: {end}"
        )
    return said


def _stopped_on(bundle: Mapping[str, Any], done: Sequence[RecordingEntry]) -> str:
    """Only a network by itself stops early on the recordings that it is validated on.

    The members of an ensemble stop on folds of what they are trained on, and trees do not stop:
    neither has a history of its epochs.
    """
    training = bundle.get("training") or {}
    early = ((bundle.get("config") or {}).get("training") or {}).get("early_stopping")
    mine = _named(done, training.get("validation_recordings"))
    if not mine or not early or not training.get("history"):
        return ""
    words = _of(mine, done)
    return (
        f"{words[0].upper()}{words[1:]} also decided when to stop training (epoch "
        f"{training.get('best_epoch')}), so the figures flatter."
    )


def _calibrated_on(bundle: Mapping[str, Any], done: Sequence[RecordingEntry], how: str) -> str:
    """Where each group was left out in turn, all is as of new recordings."""
    calibration = bundle.get("calibration") or {}
    groups = set(calibration.get("groups") or ())
    known = _named(done, calibration.get("recordings"))
    mine = [e for e in done if e in known or (e.group or e.name) in groups]
    if not mine or not any(calibration.get(part) for part in _FITTED):
        return ""
    start = f"The probabilities were calibrated on {_of(mine, done)}"
    if how == _FAIR:
        return (
            f"{start}. Here each group of them is calibrated on the others instead, in the scores "
            "as in ethograms and bouts, so they do not flatter for that; what the model itself "
            "says of them differs a little."
        )
    return f"{start}, so the figures flatter."


def _named(done: Sequence[RecordingEntry], names: Sequence[str] | None) -> list[RecordingEntry]:
    return [each for each in done if each.name in set(names or ())]


def _of(some: Sequence[RecordingEntry], done: Sequence[RecordingEntry]) -> str:
    """How many of the recordings, in words."""
    if len(some) == len(done):
        return "these recordings" if len(done) > 1 else "this recording"
    return f"{len(some):,} of these {count(len(done), 'recording')}"
