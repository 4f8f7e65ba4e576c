"""Probabilities that mean what they say, fitted on recordings that the model was not trained on.

Sources: Guo et al. (2017), On Calibration of Modern Neural Networks (temperature); Zadrozny &
Elkan (2002), Transforming Classifier Scores into Accurate Multiclass Probability Estimates
(isotonic regression).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from nuzzle.decoding.base import FLOOR, Floats, log_odds, log_probability
from nuzzle.errors import InputError
from nuzzle.evaluation.bootstrap import mean_defined
from nuzzle.evaluation.calibration import (
    expected_calibration_error,
    reliability_curve,
    top_label,
)
from nuzzle.evaluation.scored import ScoredPair, check_comparable

#: Temperatures outside of this say that something else is wrong.
_TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class Temperature:
    """Log probabilities divided by one number: above 1 less sure, below 1 more so.

    The order of exclusive classes in a frame, and so the most probable one, stays as it is.

    Attributes:
        exclusive: whether the probabilities of a frame add up to one.
        temperature: above 0.
    """

    exclusive: bool
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.temperature) and self.temperature > 0):
            raise InputError(f"A temperature is a number above 0; got {self.temperature}.")

    def __call__(self, probability: NDArray[Any]) -> NDArray[Any]:
        """Calibrated probabilities, `(time, behaviour)`; NaN stays NaN."""
        if self.temperature == 1.0:
            return probability
        if self.exclusive:
            hot = np.exp(log_softmax(log_probability(probability) / self.temperature, axis=1))
        else:
            hot = 1 / (1 + np.exp(-log_odds(probability) / self.temperature))
        return np.asarray(hot.astype(probability.dtype))

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": "temperature",
            "exclusive": self.exclusive,
            "temperature": self.temperature,
        }


@dataclass(frozen=True)
class Isotonic:
    """A rising curve for each behaviour, straight between its points.

    It can mend what no temperature can, and needs more recordings. Exclusive classes are scaled to
    add up to one afterwards.

    Attributes:
        exclusive: whether the probabilities of a frame add up to one.
        before: for each behaviour, rising probabilities of the model.
        after: for each behaviour, what they become.
    """

    exclusive: bool
    before: tuple[tuple[float, ...], ...]
    after: tuple[tuple[float, ...], ...]

    def __call__(self, probability: NDArray[Any]) -> NDArray[Any]:
        """Calibrated probabilities, `(time, behaviour)`; NaN stays NaN.

        Raises:
            InputError: the number of behaviours is not that of the curves.
        """
        if probability.shape[1] != len(self.before):
            raise InputError(
                f"There are calibration curves of {len(self.before)} behaviours, and probabilities "
                f"of {probability.shape[1]}."
            )
        curves = zip(probability.T.astype(np.float64), self.before, self.after, strict=True)
        mended = np.stack([np.interp(p, x, y) for p, x, y in curves], axis=1)
        if self.exclusive:
            mended /= mended.sum(axis=1, keepdims=True)  # each is above 0
        return mended.astype(probability.dtype)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": "isotonic",
            "exclusive": self.exclusive,
            "before": [list(points) for points in self.before],
            "after": [list(points) for points in self.after],
        }


Calibrator = Temperature | Isotonic


def calibrator_from_dict(values: Mapping[str, Any]) -> Calibrator:
    """The inverse of `Temperature.to_dict` and `Isotonic.to_dict`.

    Raises:
        InputError: the kind of calibration is unknown.
    """
    if values.get("kind") == "temperature":
        return Temperature(bool(values["exclusive"]), float(values["temperature"]))
    if values.get("kind") == "isotonic":
        before, after = (tuple(map(tuple, values[name])) for name in ("before", "after"))
        return Isotonic(bool(values["exclusive"]), before, after)
    raise InputError(
        f"A calibration is of the kind 'temperature' or 'isotonic'; got {values.get('kind')!r}."
    )


@dataclass(frozen=True)
class Calibrated:
    """A calibration, and what it does to the expected calibration error.

    Attributes:
        calibrator: fitted on all recordings.
        ece_before: of the probabilities as they are: of the most probable class where exclusive,
            else the mean over behaviours.
        ece_after: of recordings that had no part in the fit: each group is calibrated as fitted
            on the others. NaN where there is a single group.
    """

    calibrator: Calibrator
    ece_before: float
    ece_after: float


def fit_temperature(pairs: Sequence[ScoredPair], *, folds: int = 5, seed: int = 0) -> Calibrated:
    """The temperature under which the truth is most probable.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        folds: parts that the groups are divided into for the error after calibration.
        seed: of the division.

    Raises:
        InputError: there is nothing to fit, or the pairs differ in their classes.
    """
    return _fit(pairs, _temperature, folds, seed)


def fit_isotonic(pairs: Sequence[ScoredPair], *, folds: int = 5, seed: int = 0) -> Calibrated:
    """A curve for each behaviour, by isotonic regression.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        folds: parts that the groups are divided into for the error after calibration.
        seed: of the division.

    Raises:
        InputError: there is nothing to fit, or the pairs differ in their classes.
    """
    return _fit(pairs, _isotonic, folds, seed)


def calibration_error(pairs: Sequence[ScoredPair]) -> float:
    """Expected calibration error: of the most probable class where exclusive, else the mean.

    The mean is over behaviours that somebody looked for.
    """
    if pairs[0].exclusive:
        tops = [top_label(pair) for pair in pairs]
        columns = [tuple(np.concatenate(each) for each in zip(*tops, strict=True))]
    else:
        columns = [_pooled(pairs, column) for column in range(len(pairs[0].behaviours))]
    errors = [expected_calibration_error(reliability_curve(p, so)) for p, so in columns]
    return float(mean_defined(np.array(errors)))


def _fit(
    pairs: Sequence[ScoredPair],
    fit: Callable[[Sequence[ScoredPair]], Calibrator],
    folds: int,
    seed: int,
) -> Calibrated:
    check_comparable(pairs)
    if not any((pair.truth & pair.observed).any() for pair in pairs):
        raise InputError("No behaviour occurs in these recordings: nothing can be calibrated.")
    units = sorted({pair.resampling_unit for pair in pairs})
    after = []
    shuffled = np.random.default_rng(seed).permutation(units)
    for chosen in np.array_split(shuffled, min(folds, len(units))) if len(units) > 1 else ():
        inside = [pair for pair in pairs if pair.resampling_unit not in chosen]
        calibrate = fit(inside)
        after += [
            replace(pair, probability=calibrate(pair.probability))
            for pair in pairs
            if pair.resampling_unit in chosen
        ]
    return Calibrated(
        fit(pairs),
        calibration_error(pairs),
        calibration_error(after) if after else float("nan"),
    )


def _pooled(pairs: Sequence[ScoredPair], column: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Probability and truth of a behaviour in all frames in which it was looked for."""
    seen = [pair.observed[:, column] for pair in pairs]
    columns = list(zip(pairs, seen, strict=True))
    probability = np.concatenate([pair.probability[mask, column] for pair, mask in columns])
    truth = np.concatenate([pair.truth[mask, column] for pair, mask in columns])
    return probability.astype(np.float64), truth


def _temperature(pairs: Sequence[ScoredPair]) -> Temperature:
    exclusive = pairs[0].exclusive
    if exclusive:
        scored = [(pair, (pair.truth & pair.observed).any(axis=1)) for pair in pairs]
        # A class that was not looked for cannot be what a frame is.
        logits = np.concatenate(
            [
                np.where(pair.observed, log_probability(pair.probability), -np.inf)[mask]
                for pair, mask in scored
            ]
        )
        truth = np.concatenate([pair.truth[mask].argmax(axis=1) for pair, mask in scored])
    else:
        pooled = [_pooled(pairs, column) for column in range(len(pairs[0].behaviours))]
        logits = log_odds(np.concatenate([probability for probability, _ in pooled]))
        truth = np.concatenate([so for _, so in pooled])
    rows = np.arange(len(truth))

    def surprise(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        if exclusive:
            return float(-log_softmax(scaled, axis=1)[rows, truth].mean())
        return float(np.logaddexp(0.0, np.where(truth, -scaled, scaled)).mean())

    found = minimize_scalar(surprise, bounds=np.log(_TEMPERATURES), method="bounded")
    return Temperature(exclusive, float(np.exp(found.x)))


def _isotonic(pairs: Sequence[ScoredPair]) -> Isotonic:
    from sklearn.isotonic import IsotonicRegression  # a second to import

    before, after = list[tuple[float, ...]](), list[tuple[float, ...]]()
    for column in range(len(pairs[0].behaviours)):
        probability, truth = _pooled(pairs, column)
        if not truth.any() or truth.all():  # nothing to learn from
            before.append((0.0, 1.0))
            after.append((FLOOR, 1.0))
            continue
        # Rule of succession: what was never seen in n frames is not impossible.
        least = 1 / (len(truth) + 2)
        curve = IsotonicRegression(y_min=least, y_max=1 - least).fit(probability, truth)
        before.append(tuple(map(float, curve.X_thresholds_)))
        after.append(tuple(map(float, curve.y_thresholds_)))
    return Isotonic(pairs[0].exclusive, tuple(before), tuple(after))
