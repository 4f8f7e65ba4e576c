"""How far a model's word can be trusted: fitted for a bundle, and measured where it is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from nuzzle.config import CalibrationConfig
from nuzzle.decoding.adapt import after_refit
from nuzzle.decoding.correct import corrected
from nuzzle.decoding.decoder import Decoder, decode_each
from nuzzle.decoding.leave_out import (
    LEAST_GROUPS,
    LeftOut,
    fit_calibration,
    groups_needed,
    leave_out,
    promised,
)
from nuzzle.errors import InputError
from nuzzle.evaluation.decisions import DecodingEffect, Truth
from nuzzle.evaluation.evaluate import evaluate as score
from nuzzle.evaluation.own import Masks
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.scored import ScoredPair, groups_of
from nuzzle.evaluation.uncertainty import How, measure_uncertainty
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.calibration import Calibration
from nuzzle.progress import Say, log

#: What a bundle's calibration was fitted on: predictions of models of some of the recordings.
_OUT_OF_FOLD = "the predictions out of fold"


def calibrate_bundle(
    bundle: Bundle,
    raw: Sequence[ScoredPair],
    say: Say = log,
    *,
    out_of_fold: bool = False,
) -> Bundle:
    """The bundle with a calibrator and conformal sets, or with the reason why it has none.

    Args:
        bundle: a trained model.
        raw: its own probabilities of recordings of `val`, that it was not trained on.
        say: is told what is done beside, and what cannot be done.
        out_of_fold: `raw` are those of models that were trained in the same way, of recordings
            that the bundle has learned from and they have not.
    """
    fitted_on = _OUT_OF_FOLD if out_of_fold else "val"
    settings = bundle.config.calibration
    groups = groups_of(raw)
    calibration = Calibration(
        settings,
        fitted_on,
        recordings=tuple(sorted({pair.recording for pair in raw})),
        groups=tuple(groups),
        note=_too_few(len(groups), settings, fitted_on),
    )
    if len(groups) > 1:
        try:
            calibration = _fitted(calibration, raw, out_of_fold)
        except InputError as error:
            calibration = replace(calibration, note=str(error))
    if calibration.correction and calibration.correction.adaptation:
        say("probabilities are adapted to how common each behaviour is in a recording")
    if calibration.note:
        say(calibration.note)
    return replace(bundle, calibration=calibration)


def _fitted(calibration: Calibration, raw: Sequence[ScoredPair], out_of_fold: bool) -> Calibration:
    """With what can be fitted.

    Raises:
        InputError: there is nothing to fit.
    """
    settings = calibration.settings
    correction, conformal = fit_calibration(raw, settings, out_of_fold=out_of_fold)
    adaptation = correction.adaptation
    if adaptation is not None and out_of_fold:
        correction = replace(correction, adaptation=after_refit(adaptation))
    does_nothing = settings.method == "none" and adaptation is None
    return replace(
        calibration, correction=None if does_nothing else correction, conformal=conformal
    )


def _too_few(groups: int, settings: CalibrationConfig, where: str) -> str:
    """What cannot be promised with so few groups; '' if enough."""
    if groups < 2:
        return (
            f"There is one group of recordings in {where}: what a calibration is worth cannot be "
            "tried on another, so there is none. Label recordings of more animals or sessions."
        )
    promise = promised(groups, settings.coverage)
    if promise == settings.coverage:
        return ""
    few = f"there are {groups} groups of recordings (animals or sessions) in {where}"
    if promise is None:
        return (
            f"No frame is marked as unsure: {few}, and at least {LEAST_GROUPS} are needed. "
            "Label more."
        )
    return (
        f"Frames are marked as unsure at a coverage of {promise:g} instead of "
        f"{settings.coverage:g}: {few}, and {settings.coverage:g} needs "
        f"{groups_needed(settings.coverage)}."
    )


class Judgement(NamedTuple):
    """What a bundle says of some recordings, and what that is worth.

    Attributes:
        evaluation: the figures.
        pairs: calibrated and decided, as they were scored.
        sets: of each pair, what may be going on, as of `LeftOut`; None where there are none.
    """

    evaluation: Evaluation
    pairs: list[ScoredPair]
    sets: Sequence[Masks] | None


def judge(
    bundle: Bundle,
    raw: Sequence[ScoredPair],
    *,
    decoders: Mapping[str, Decoder] | None = None,
) -> Judgement:
    """Score a bundle, its calibration, its sets and its decoding.

    Where the calibration was fitted on one of these recordings or its group, each group is
    calibrated as fitted on the others instead; and so are all figures.

    Args:
        bundle: a trained model.
        raw: its own probabilities beside the truth.
        decoders: recording -> what decides in place of the bundle, which has seen it.
    """
    held, how = _held_out(bundle, raw)
    if decoders is None:
        chosen = [bundle.decoder_of(pair.lab) for pair in held.pairs]
    else:
        chosen = [decoders[pair.recording] for pair in held.pairs]
    decisions = decode_each(chosen, held.pairs)
    pairs = [replace(p, predicted=said) for p, said in zip(held.pairs, decisions, strict=True)]
    truth, space = Truth(pairs), bundle.space
    by_itself = Decoder(space.names, space.exclusive, space.background)
    result = replace(
        score(pairs),
        decoding=DecodingEffect(truth.score(by_itself.decode_pairs(pairs)), truth.score(decisions)),
    )
    if bundle.calibration is None:
        return Judgement(result, pairs, None)
    uncertainty = measure_uncertainty(raw, pairs, held.sets, promised=held.coverage, how=how)
    return Judgement(replace(result, uncertainty=uncertainty), pairs, held.sets)


def _held_out(bundle: Bundle, raw: Sequence[ScoredPair]) -> tuple[LeftOut, How]:
    """Calibrated predictions, and whether these recordings had a part in the calibration."""
    fitted, conformal = bundle.calibration, bundle.conformal
    known = {*fitted.recordings, *fitted.groups} if fitted else set()
    seen = any(pair.recording in known or pair.resampling_unit in known for pair in raw)
    if fitted and fitted.is_fitted and seen and len(groups_of(raw)) > 1:
        out_of_fold = fitted.fitted_on == _OUT_OF_FOLD
        return leave_out(raw, fitted.settings, out_of_fold=out_of_fold), "left out in turn"
    pairs = corrected(raw, bundle.correction)
    how: How = "fitted on them" if seen else "held out"
    if conformal is None:
        return LeftOut(pairs, None, None), how
    sets = [conformal.sets(pair.probability) for pair in pairs]
    return LeftOut(pairs, sets, conformal.coverage), how
