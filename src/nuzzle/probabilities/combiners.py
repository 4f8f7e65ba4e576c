"""Combiners: they merge the probabilities of several models into one; fitted in `decoding`.

Both work on logarithms: of probabilities, centred within a frame, where exactly one behaviour
holds; of odds where any number may. So a model that is sure weighs more than one that is not.

Sources: Genest & Zidek (1986), Combining Probability Distributions (the logarithmic pool); Wolpert
(1992), Stacked Generalization.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from nuzzle.errors import InputError
from nuzzle.probabilities.calibrators import Floats, among, log_odds, log_probability


def evidence(
    probability: NDArray[Any], exclusive: bool, looked_for: NDArray[np.bool_] | None = None
) -> Floats:
    """Logarithms of a model's probabilities.

    Args:
        probability: `(time, behaviour)`.
        exclusive: whether the behaviours of a frame add up to one.
        looked_for: `(behaviour,)`; what was not is 0, and has no part in the mean that is
            subtracted. All by default.

    Returns:
        `(time, behaviour)`: log probabilities less their mean in the frame where exclusive, which
        changes nothing in their softmax; else log odds.
    """
    looked = np.ones(probability.shape[1], bool) if looked_for is None else looked_for
    if not exclusive:
        return np.where(looked, log_odds(probability), 0.0)
    logs = np.where(looked, log_probability(probability), 0.0)
    mean = logs.sum(axis=1) / max(int(looked.sum()), 1)
    return np.where(looked, logs - mean[:, np.newaxis], 0.0)


@dataclass(frozen=True)
class WeightedAverage:
    """The weighted average of log probabilities, or of log odds.

    Attributes:
        exclusive: whether the behaviours of a frame add up to one.
        weights: of each member, none negative; they add up to one.
    """

    exclusive: bool
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if min(self.weights, default=-1) < 0 or abs(sum(self.weights) - 1) > 1e-6:
            raise InputError(f"Weights are not negative and add up to 1; got {self.weights}.")

    @classmethod
    def equal(cls, exclusive: bool, members: int) -> WeightedAverage:
        """Every member weighs the same."""
        return cls(exclusive, (1 / members,) * members)

    def scores(self, x: Floats) -> Floats:
        """Logits `(time, behaviour)` of the members' `(member, time, behaviour)` evidence."""
        return np.tensordot(self.weights, x, axes=1)

    def __call__(
        self, said: Sequence[NDArray[Any]], looked_for: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float32]:
        """One probability of those of each member, `(time, behaviour)`.

        What was looked for, `(behaviour,)`, makes no difference between the others.
        """
        return _combined(self, said, None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"kind": "weighted", "exclusive": self.exclusive, "weights": list(self.weights)}


@dataclass(frozen=True, eq=False)
class Stacked:
    """A logistic regression on the members' log probabilities, or log odds.

    It knows which behaviours a member takes for one another. Where any number of behaviours may
    hold, each is judged by what is said of it alone.

    Attributes:
        exclusive: whether the behaviours of a frame add up to one.
        weights: of each member in the weighted average that the regression was drawn to.
        slopes: `(member, behaviour said, behaviour)` where exclusive; else `(member, behaviour)`.
        intercepts: `(behaviour,)`.
    """

    exclusive: bool
    weights: tuple[float, ...]
    slopes: Floats
    intercepts: Floats

    def scores(self, x: Floats) -> Floats:
        """Logits `(time, behaviour)` of the members' `(member, time, behaviour)` evidence."""
        how = "mtk,mkb->tb" if self.exclusive else "mtb,mb->tb"
        scores: Floats = self.intercepts + np.einsum(how, x, self.slopes, optimize=True)
        return scores

    def __call__(
        self, said: Sequence[NDArray[Any]], looked_for: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float32]:
        """One probability of those of each member, `(time, behaviour)`.

        Args:
            said: by each member.
            looked_for: `(behaviour,)`; what is said of others has no part, as where it was fitted,
                and exclusive ones get no share. All by default.
        """
        return _combined(self, said, looked_for)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": "stacked",
            "exclusive": self.exclusive,
            "weights": list(self.weights),
            "slopes": self.slopes.tolist(),
            "intercepts": self.intercepts.tolist(),
        }


Combiner = WeightedAverage | Stacked


def combiner_from_dict(values: Mapping[str, Any]) -> Combiner:
    """The inverse of `to_dict`.

    Raises:
        InputError: the kind is unknown.
    """
    exclusive, weights = bool(values["exclusive"]), tuple(map(float, values["weights"]))
    if values["kind"] == "weighted":
        return WeightedAverage(exclusive, weights)
    if values["kind"] == "stacked":
        return Stacked(
            exclusive, weights, np.array(values["slopes"]), np.array(values["intercepts"])
        )
    raise InputError(f"Members are combined 'weighted' or 'stacked'; got {values['kind']!r}.")


def _combined(
    combiner: Combiner, said: Sequence[NDArray[Any]], looked_for: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    x = np.stack([evidence(each, combiner.exclusive, looked_for) for each in said])
    scores = combiner.scores(x)
    if not combiner.exclusive:
        return np.asarray(expit(scores), np.float32)
    probability = np.asarray(softmax(scores, axis=1), np.float32)
    return probability if looked_for is None else among(probability, looked_for)
