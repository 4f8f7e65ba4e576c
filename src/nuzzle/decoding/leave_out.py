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

from nuzzle.decoding.calibrate import Method, calibrated, fit_calibrator
from nuzzle.evaluation.conformal import Conformal, fit_conformal
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.calibrators import Calibrator

#: With more groups than this, several are left out at once.
MOST_PARTS = 20


class Calibration(NamedTuple):
    """What makes probabilities mean what they say, and sets of what may be going on.

    Attributes:
        calibrator: of probabilities.
        conformal: of calibrated probabilities; None where too few groups allow no promise.
    """

    calibrator: Calibrator
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


def fit_calibration(pairs: Sequence[ScoredPair], method: Method, coverage: float) -> Calibration:
    """Fit on all pairs.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        method: of the calibration.
        coverage: share of frames whose set shall hold the truth, between 0 and 1.

    Raises:
        InputError: there is nothing to fit, or the pairs differ in their classes.
    """
    calibrator = fit_calibrator(pairs, method)
    if len(_units(pairs)) < groups_needed(coverage):
        return Calibration(calibrator, None)
    return Calibration(calibrator, fit_conformal(calibrated(pairs, calibrator), 1 - coverage))


def leave_out(
    pairs: Sequence[ScoredPair], method: Method, coverage: float, *, seed: int = 0
) -> LeftOut:
    """Calibrate each group as fitted on the others; of at least two groups.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        method: of the calibration.
        coverage: share of frames whose set shall hold the truth, between 0 and 1.
        seed: of what is left out together, where there are many groups.

    Raises:
        InputError: there is nothing to fit on, or the pairs differ in their classes.
    """
    units = _units(pairs)
    enough = len(units) >= groups_needed(coverage)
    shuffled = np.random.default_rng(seed).permutation(units)
    out: dict[int, ScoredPair] = {}
    sets: dict[int, NDArray[np.bool_]] = {}
    for part in np.array_split(shuffled, min(MOST_PARTS, len(units))):
        inside = [pair for pair in pairs if pair.resampling_unit not in part]
        calibrator = fit_calibrator(inside, method)
        conformal = None
        if enough:
            conformal = fit_conformal(calibrated(inside, calibrator), 1 - coverage)
        for index, pair in enumerate(pairs):
            if pair.resampling_unit in part:
                (out[index],) = calibrated([pair], calibrator)
                if conformal is not None:
                    sets[index] = conformal.sets(out[index].probability)
    order = range(len(pairs))
    return LeftOut([out[i] for i in order], [sets[i] for i in order] if enough else None)


def _units(pairs: Sequence[ScoredPair]) -> list[str]:
    return sorted({pair.resampling_unit for pair in pairs})
