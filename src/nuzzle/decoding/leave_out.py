"""What calibration and prediction sets are worth on recordings that had no part in fitting them.

Each group of recordings is left out in turn: its probabilities are calibrated, and its sets made,
as fitted on the other groups. Final values are fitted on all.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.config import CalibrationConfig
from nuzzle.decoding.correct import corrected, fit_correction
from nuzzle.evaluation.conformal import Conformal, fit_conformal
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.adaptation import Correction

#: With more groups than this, several are left out at once.
MOST_PARTS = 20


class Calibration(NamedTuple):
    """What makes probabilities mean what they say, and sets of what may be going on.

    Attributes:
        correction: of probabilities.
        conformal: of corrected probabilities; None where too few groups allow no promise.
    """

    correction: Correction
    conformal: Conformal | None


class LeftOut(NamedTuple):
    """Predictions calibrated on other recordings.

    Attributes:
        pairs: with calibrated probabilities; decisions are as they were.
        sets: of each pair, `(question, time, answer)` bool; None where no promise can be made.
    """

    pairs: list[ScoredPair]
    sets: list[NDArray[np.bool_]] | None


def groups_needed(coverage: float) -> int:
    """How many groups a promise needs, so that it can also be tried with one of them left out.

    >>> groups_needed(0.9), groups_needed(0.8)
    (10, 5)
    """
    least = 1 / (1 - coverage) - 1 - 1e-9
    return next(n for n in itertools.count(2) if n - math.ceil(n / min(MOST_PARTS, n)) >= least)


def fit_calibration(pairs: Sequence[ScoredPair], settings: CalibrationConfig) -> Calibration:
    """Fit on all pairs.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        settings: of the calibration.

    Raises:
        InputError: there is nothing to fit, or the pairs differ in their classes.
    """
    return _fit(pairs, settings, promise=_enough(_units(pairs), settings))


def leave_out(
    pairs: Sequence[ScoredPair], settings: CalibrationConfig, *, seed: int = 0
) -> LeftOut:
    """Calibrate each group as fitted on the others; of at least two groups.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        settings: of the calibration.
        seed: of what is left out together, where there are many groups.

    Raises:
        InputError: there is nothing to fit on, or the pairs differ in their classes.
    """
    units = _units(pairs)
    enough = _enough(units, settings)
    shuffled = np.random.default_rng(seed).permutation(units)
    out: dict[int, ScoredPair] = {}
    sets: dict[int, NDArray[np.bool_]] = {}
    for part in np.array_split(shuffled, min(MOST_PARTS, len(units))):
        inside = [pair for pair in pairs if pair.resampling_unit not in part]
        fitted = _fit(inside, settings, promise=enough)  # with those that are left out
        for index, pair in enumerate(pairs):
            if pair.resampling_unit in part:
                (out[index],) = corrected([pair], fitted.correction)
                if fitted.conformal is not None:
                    sets[index] = fitted.conformal.sets(out[index].probability)
    order = range(len(pairs))
    return LeftOut([out[i] for i in order], [sets[i] for i in order] if enough else None)


def _fit(pairs: Sequence[ScoredPair], settings: CalibrationConfig, *, promise: bool) -> Calibration:
    correction = fit_correction(pairs, settings)
    if not promise:
        return Calibration(correction, None)
    sets = fit_conformal(corrected(pairs, correction), 1 - settings.coverage)
    return Calibration(correction, sets)


def _enough(units: Sequence[str], settings: CalibrationConfig) -> bool:
    return len(units) >= groups_needed(settings.coverage)


def _units(pairs: Sequence[ScoredPair]) -> list[str]:
    return sorted({pair.resampling_unit for pair in pairs})
