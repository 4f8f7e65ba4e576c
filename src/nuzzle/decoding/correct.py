"""All that is done to the probabilities of a model, fitted on what it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nuzzle.config import CalibrationConfig
from nuzzle.decoding.adapt import fit_adaptation, thinned
from nuzzle.decoding.calibrate import fit_calibrator
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.probabilities.adaptation import Correction


def fit_correction(
    pairs: Sequence[ScoredPair], settings: CalibrationConfig, *, out_of_fold: bool = False
) -> Correction:
    """What makes probabilities mean what they say, first in general and then in each recording.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        settings: which steps there are.
        out_of_fold: whether they are those of several models, each of some of these recordings.

    Raises:
        InputError: there is nothing to fit, or the pairs differ in their classes.
    """
    correction = Correction(fit_calibrator(pairs, settings.method))
    if not settings.adapt:
        return correction
    calibrated = corrected([thinned(pair) for pair in pairs], correction)
    adaptation = fit_adaptation(calibrated, out_of_fold=out_of_fold)
    return replace(correction, adaptation=adaptation)


def corrected(pairs: Sequence[ScoredPair], correction: Correction) -> list[ScoredPair]:
    """The pairs with corrected probabilities; decisions stay as they are.

    Of exclusive classes those that were not looked for in a recording keep no share.
    """
    return [
        replace(p, probability=correction(p.probability, p.looked_for, p.fps, p.lab, p.present))
        for p in pairs
    ]
