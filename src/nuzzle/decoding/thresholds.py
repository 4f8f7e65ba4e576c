"""How sure the classifier must be of each behaviour before it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.argmax import argmax
from nuzzle.decoding.base import Floats, per_behaviour
from nuzzle.errors import InputError
from nuzzle.probabilities.calibrators import log_odds, log_probability


@dataclass(frozen=True)
class Thresholds:
    """A threshold for each behaviour.

    Behaviours that may go on at once are each compared with their own threshold. Of behaviours
    that exclude each other the one with the largest ``p (1 - threshold) / threshold`` is chosen:
    of two, it is the one that passes its threshold while the other's is one half. One half for
    all is the most probable class.

    Attributes:
        values: one for all or one a behaviour, between 0 and 1.
    """

    values: tuple[float, ...] = (0.5,)

    def __post_init__(self) -> None:
        wrong = [value for value in self.values if not 0 < value < 1]
        if wrong or not self.values:
            raise InputError(f"Thresholds lie between 0 and 1; got {wrong or 'none'}.")

    def __call__(self, probability: NDArray[Any], *, exclusive: bool) -> NDArray[np.bool_]:
        """What goes on in each frame by itself.

        Args:
            probability: `(time, behaviour)`; NaN is never chosen.
            exclusive: whether exactly one class holds in a frame.

        Returns:
            `(time, behaviour)` bool.
        """
        limits = per_behaviour(self.values, probability.shape[1], "thresholds")
        if not exclusive:
            return np.asarray(probability >= limits)  # NaN reaches none
        if np.ptp(limits) == 0:  # the same weight for all: exactly the most probable class
            return argmax(probability)
        return argmax(probability * ((1 - limits) / limits))

    def evidence(self, probability: NDArray[Any], *, exclusive: bool) -> Floats:
        """What each frame says for each behaviour, `(time, behaviour)`, nats.

        Exclusive classes: their log probability, less the log odds of their threshold. Others:
        their log odds, less those of their threshold; above 0 they go on.
        """
        limits = per_behaviour(self.values, probability.shape[1], "thresholds")
        said = log_probability(probability) if exclusive else log_odds(probability)
        return said - log_odds(limits)
