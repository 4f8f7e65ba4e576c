"""Calibrators: they make a model's probabilities match observed frequencies.

Fitted in `decoding`.

Sources: Guo et al. (2017), On Calibration of Modern Neural Networks (temperature); Zadrozny &
Elkan (2002), Transforming Classifier Scores into Accurate Multiclass Probability Estimates
(isotonic regression).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from nuzzle.errors import InputError
from nuzzle.plain import from_plain

Floats = NDArray[np.float64]

#: Probabilities below this, or above one minus this, say no more than it does: a network that is
#: certain of one frame must not outweigh a second of moderate evidence.
FLOOR = 1e-6


def log_probability(probability: NDArray[Any]) -> Floats:
    """``log p``, of at least `FLOOR`; NaN stays NaN."""
    return np.asarray(np.log(np.clip(probability.astype(np.float64), FLOOR, 1.0)))


def log_odds(probability: NDArray[Any]) -> Floats:
    """``log(p / (1 - p))``, of p between `FLOOR` and one minus it; NaN stays NaN."""
    clipped = np.clip(probability.astype(np.float64), FLOOR, 1 - FLOOR)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def among(probability: NDArray[Any], looked_for: NDArray[np.bool_]) -> NDArray[Any]:
    """Probabilities of exclusive classes, given that it is one of those that were looked for.

    Args:
        probability: `(time, behaviour)`, adding up to one.
        looked_for: `(behaviour,)`, in any frame of the recording; not frame by frame, which nobody
            knows of a new recording.

    Returns:
        The same shape; 0 for the others. Where nothing was looked for, `probability` as it is.

    >>> among(np.array([[0.6, 0.3, 0.1]]), np.array([False, True, True])).round(2).tolist()
    [[0.0, 0.75, 0.25]]
    """
    if looked_for.all() or not looked_for.any():
        return probability
    kept = np.where(looked_for, np.maximum(probability, FLOOR), 0.0)  # NaN stays NaN
    return np.asarray((kept / kept.sum(axis=1, keepdims=True)).astype(probability.dtype))


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
        return {"kind": "temperature", **asdict(self)}


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
        mended = np.reshape([np.interp(p, x, y) for p, x, y in curves], probability.T.shape).T
        if self.exclusive:
            mended /= mended.sum(axis=1, keepdims=True)  # each is above 0
        return mended.astype(probability.dtype)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"kind": "isotonic", **asdict(self)}


Calibrator = Temperature | Isotonic


def calibrator_from_dict(values: Mapping[str, Any]) -> Calibrator:
    """The inverse of `Temperature.to_dict` and `Isotonic.to_dict`.

    Raises:
        InputError: the kind of calibration is unknown, or what it needs is not there.
    """
    kinds: dict[object, type[Calibrator]] = {"temperature": Temperature, "isotonic": Isotonic}
    given = dict(values)
    name = given.pop("kind", None)
    if name not in kinds:
        raise InputError(f"A calibration is of the kind 'temperature' or 'isotonic'; got {name!r}.")
    return from_plain(kinds[name], given)
