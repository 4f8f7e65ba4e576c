"""What calibration and prediction sets are worth on recordings that had no part in fitting them.

Each group of recordings is left out in turn: its probabilities are calibrated, and its sets made,
as fitted on the other groups. Final values are fitted on all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.config import CalibrationConfig
from nuzzle.decoding.calibrate import any_occurs
from nuzzle.decoding.correct import corrected, fit_correction
from nuzzle.errors import InputError
from nuzzle.evaluation.conformal import Conformal, fit_conformal
from nuzzle.evaluation.scored import ScoredPair, counted_once, groups_of
from nuzzle.probabilities.adaptation import Correction

#: With more groups than this, several are left out at once.
MOST_PARTS = 20
#: With fewer, not even two frames in three can be promised.
LEAST_GROUPS = 5


class Fitted(NamedTuple):
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
        coverage: that was promised of the sets.
    """

    pairs: list[ScoredPair]
    sets: list[NDArray[np.bool_]] | None
    coverage: float | None


def promised(groups: int, asked: float) -> float | None:
    """The coverage that can be promised after so many groups, so that sets still say something.

    One more group, of which nothing is known, has a share of ``1 / (groups + 1)`` in what may be
    missed. It may take half of it: if it takes all, a set holds what no frame of any group missed.

    Args:
        groups: to calibrate on.
        asked: coverage that is wanted.

    Returns:
        What was asked, or less, in hundredths; None with fewer than `LEAST_GROUPS`.

    >>> promised(32, 0.9), promised(10, 0.9), promised(4, 0.9)
    (0.9, 0.81, None)
    """
    if groups < LEAST_GROUPS:
        return None
    most = 1 - 2 / (groups + 1) + 1e-9
    return asked if asked <= most else math.floor(100 * most) / 100


def groups_needed(coverage: float) -> int:
    """How many groups such a promise needs.

    >>> groups_needed(0.9), groups_needed(0.5)
    (19, 5)
    """
    return max(LEAST_GROUPS, math.ceil(2 / (1 - coverage) - 1 - 1e-9))


def fit_calibration(
    pairs: Sequence[ScoredPair], settings: CalibrationConfig, *, out_of_fold: bool = False
) -> Fitted:
    """Fit on all pairs.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        settings: of the calibration.
        out_of_fold: whether they are those of several models, each of some of these recordings.

    Raises:
        InputError: there is nothing to fit, or the pairs differ in their classes.
    """
    if not any_occurs(pairs):
        raise InputError("No behaviour occurs in these recordings: nothing can be calibrated.")
    promise = promised(len(groups_of(pairs)), settings.coverage)
    return _fit(pairs, settings, promise, out_of_fold)


def leave_out(
    pairs: Sequence[ScoredPair],
    settings: CalibrationConfig,
    *,
    out_of_fold: bool = False,
) -> LeftOut:
    """Calibrate each group as fitted on the others; of at least two groups.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        settings: of the calibration.
        out_of_fold: whether they are those of several models, each of some of these recordings.

    Raises:
        InputError: there is nothing to fit on, or the pairs differ in their classes.
    """
    units = groups_of(pairs)
    promise = promised(len(units), settings.coverage)  # also to the others, where one is left out
    shuffled = np.random.default_rng(0).permutation(units)
    out: dict[int, ScoredPair] = {}
    sets: dict[int, NDArray[np.bool_]] = {}
    for part in np.array_split(shuffled, min(MOST_PARTS, len(units))):
        inside = [pair for pair in pairs if pair.resampling_unit not in part]
        fitted = _fit(inside, settings, promise, out_of_fold)
        for index, pair in enumerate(pairs):
            if pair.resampling_unit in part:
                (out[index],) = corrected([pair], fitted.correction)
                if fitted.conformal is not None:
                    sets[index] = fitted.conformal.sets(out[index].probability)
    order = range(len(pairs))
    return LeftOut([out[i] for i in order], [sets[i] for i in order] if promise else None, promise)


def _fit(
    pairs: Sequence[ScoredPair],
    settings: CalibrationConfig,
    promise: float | None,
    out_of_fold: bool,
) -> Fitted:
    correction = fit_correction(pairs, settings, out_of_fold=out_of_fold)
    if promise is None:
        return Fitted(correction, None)
    once = counted_once(corrected(pairs, correction))  # as where the coverage is measured
    return Fitted(correction, fit_conformal(once, 1 - promise))
