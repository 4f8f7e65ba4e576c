"""Finding the calibration of probabilities, on recordings that the model was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from nuzzle.evaluation.scored import ScoredPair, check_comparable, counted_once, pooled
from nuzzle.probabilities.calibrators import (
    FLOOR,
    Calibrator,
    Floats,
    Isotonic,
    Temperature,
    log_odds,
    log_probability,
)

Method = Literal["temperature", "isotonic", "none"]

#: Temperatures outside of this say that something else is wrong.
_TEMPERATURES = (0.05, 20.0)
#: One number needs no more frames than this: neighbours are nearly copies of each other.
_ENOUGH_FRAMES = 100_000


def fit_calibrator(pairs: Sequence[ScoredPair], method: Method = "temperature") -> Calibrator:
    """What makes probabilities mean what they say.

    What an animal does to itself counts once, not with each of the others.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        method: ``temperature``: the one under which the truth is most probable; ``isotonic``: a
            curve for each behaviour, by isotonic regression; ``none``, and where no behaviour
            occurs: a temperature of 1.

    Raises:
        InputError: there are no pairs, or they differ in their classes.
    """
    check_comparable(pairs)
    pairs = counted_once(pairs)
    if method == "none" or not any_occurs(pairs):
        return Temperature(pairs[0].exclusive)
    return _temperature(pairs) if method == "temperature" else _isotonic(pairs)


def any_occurs(pairs: Sequence[ScoredPair]) -> bool:
    """Whether any behaviour, the background among them, occurs in any frame."""
    return any(bool((pair.truth & pair.observed).any()) for pair in pairs)


def _temperature(pairs: Sequence[ScoredPair]) -> Temperature:
    exclusive = pairs[0].exclusive
    ahead = _among_classes(pairs) if exclusive else _yes_or_no(pairs)

    def surprise(log_temperature: float) -> float:
        odds = np.exp(ahead / np.exp(log_temperature))
        return float(np.log1p(odds.sum(axis=0)).mean())

    found = minimize_scalar(surprise, bounds=np.log(_TEMPERATURES), method="bounded")
    return Temperature(exclusive, float(np.exp(found.x)))


def _among_classes(pairs: Sequence[ScoredPair]) -> Floats:
    """Log odds `(class, frame)` of each class against the true one, where there is one.

    A class that was not looked for cannot be what a frame is.
    """
    scored = [(pair, (pair.truth & pair.observed).any(axis=1)) for pair in pairs]
    probability, observed, truth = (
        _enough([getattr(pair, name)[mask] for pair, mask in scored])
        for name in ("probability", "observed", "truth")
    )
    logits = np.where(observed, log_probability(probability), -np.inf).T
    true = truth.argmax(axis=1), np.arange(len(truth))
    ahead = np.ascontiguousarray(logits - logits[true])
    ahead[true] = -np.inf
    return ahead


def _yes_or_no(pairs: Sequence[ScoredPair]) -> Floats:
    """Log odds `(1, frame)` of what is wrong, of behaviours one after the other."""
    columns = [pooled(pairs, column) for column in range(len(pairs[0].behaviours))]
    probability, truth = (_enough(each) for each in zip(*columns, strict=True))
    odds = log_odds(probability)
    return np.where(truth, -odds, odds)[None]


def _enough(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """About `_ENOUGH_FRAMES`, evenly spread over all of the parts."""
    joined = np.concatenate(parts)
    return joined[:: max(1, len(joined) // _ENOUGH_FRAMES)]


def _isotonic(pairs: Sequence[ScoredPair]) -> Isotonic:
    from sklearn.isotonic import IsotonicRegression  # a second to import

    before, after = list[tuple[float, ...]](), list[tuple[float, ...]]()
    for column in range(len(pairs[0].behaviours)):
        probability, truth = pooled(pairs, column)
        if not truth.any() or truth.all():  # nothing to learn from
            before.append((0.0, 1.0))
            after.append((FLOOR, 1.0))
            continue
        # Rule of succession: what was never seen in n frames is not impossible.
        least = 1 / (len(truth) + 2)
        regression = IsotonicRegression(y_min=least, y_max=1 - least)
        curve = regression.fit(probability.astype(np.float64), truth)
        before.append(tuple(map(float, curve.X_thresholds_)))
        after.append(tuple(map(float, curve.y_thresholds_)))
    return Isotonic(pairs[0].exclusive, tuple(before), tuple(after))
