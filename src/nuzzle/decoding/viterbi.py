"""Hidden Markov decoding: a behaviour begins where the evidence pays for the switch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.base import Floats, check_durations, per_behaviour
from nuzzle.decoding.paths import best_path_with_durations, best_paths
from nuzzle.errors import InputError

#: What a class that was not looked for weighs, nats: more than any evidence.
_CLOSED = -1e6


@dataclass(frozen=True)
class Viterbi:
    """The best sequence of behaviours given what every frame says.

    Neighbouring frames say nearly the same, so evidence is counted by time, not by frame: a
    behaviour that is better by 1 nat (a ratio of probabilities of 2.7) for 2 s pays for a switch
    that costs 2. So a cost means the same at every frame rate.

    Behaviours that exclude each other are the states of one chain; others are each a chain of two
    states, in which to begin and to end cost the same. It looks at the whole recording.

    Attributes:
        cost_s: of switching to a behaviour, nat seconds; one for all or one a behaviour.
        transition_cost_s: of switching from (row) to (column) instead, for exclusive classes;
            `learn_transition_costs` makes it.
        min_duration_s: shortest bout, s; one for all or one a behaviour. Bouts at the ends of the
            recording may be shorter.
    """

    cost_s: tuple[float, ...] = (0.0,)
    transition_cost_s: tuple[tuple[float, ...], ...] = ()
    min_duration_s: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        check_durations(self.cost_s, "costs of switching")
        check_durations(self.min_duration_s, "minimum durations")
        if self.transition_cost_s and any(self.cost_s):
            raise InputError("Give costs of switching by behaviour or by transition, not both.")

    @property
    def support_s(self) -> float:
        """How far a frame is looked for on each side: without end."""
        return math.inf

    def __call__(
        self,
        evidence: NDArray[Any],
        fps: float,
        observed: NDArray[np.bool_] | None = None,
        *,
        exclusive: bool,
    ) -> NDArray[np.bool_]:
        """Which behaviours go on.

        Args:
            evidence: `(time, behaviour)`, nats, as `Thresholds.evidence` gives it; NaN where
                nothing is known, which the path crosses.
            fps: frames per second.
            observed: `(time, behaviour)`; of exclusive classes, those that were not looked for
                cannot be chosen, except in frames in which nothing was. Everywhere by default.
            exclusive: whether exactly one class holds in a frame.

        Returns:
            `(time, behaviour)` bool; none in a frame in which nothing is known.

        Raises:
            InputError: costs or durations do not fit the number of behaviours.
        """
        return self.decode([evidence], [fps], [observed], exclusive=exclusive)[0]

    def decode(
        self,
        evidence: Sequence[NDArray[Any]],
        fps: Sequence[float],
        observed: Sequence[NDArray[np.bool_] | None],
        *,
        exclusive: bool,
    ) -> list[NDArray[np.bool_]]:
        """The same for several recordings at once, which is faster than one by one."""
        known = [np.isfinite(each) for each in evidence]
        n = evidence[0].shape[1] if evidence else 0
        if exclusive:
            scores = [
                _scores(said, seen, looked) / rate
                for said, seen, looked, rate in zip(evidence, known, observed, fps, strict=True)
            ]
            paths = self._paths(scores, fps, self._costs(n), self._durations(n))
            return [
                (path[:, None] == np.arange(n)) & seen.any(axis=1, keepdims=True)
                for path, seen in zip(paths, known, strict=True)
            ]
        columns = []
        durations = self._durations(n)
        if self.transition_cost_s:
            raise InputError("Costs by transition are of behaviours that exclude each other.")
        for column, cost in enumerate(per_behaviour(self.cost_s, n, "costs of switching")):
            scores = [
                np.nan_to_num(said[:, [column, column]] * (0, 1 / rate))
                for said, rate in zip(evidence, fps, strict=True)
            ]
            shortest = np.array([0.0, durations[column]])
            columns.append(self._paths(scores, fps, cost * (1 - np.eye(2)), shortest))
        return [
            np.stack([path == 1 for path in each], axis=1) & seen
            for *each, seen in zip(*columns, known, strict=True)
        ]

    def _paths(
        self, scores: Sequence[Floats], fps: Sequence[float], cost: Floats, shortest_s: Floats
    ) -> list[NDArray[np.int64]]:
        if not shortest_s.any():
            return best_paths(scores, cost)
        return [
            best_path_with_durations(
                score, cost, np.maximum(1, np.ceil(shortest_s * rate - 1e-9)).astype(int).tolist()
            )
            for score, rate in zip(scores, fps, strict=True)
        ]

    def _costs(self, n: int) -> Floats:
        if self.transition_cost_s:
            costs = np.asarray(self.transition_cost_s, dtype=np.float64)
            if costs.shape != (n, n):
                raise InputError(
                    f"There are {n} classes; the costs by transition have the shape {costs.shape}."
                )
            return costs
        costs = per_behaviour(self.cost_s, n, "costs of switching")
        return np.asarray(np.tile(costs, (n, 1)) * (1 - np.eye(n)))

    def _durations(self, n: int) -> Floats:
        return per_behaviour(self.min_duration_s, n, "minimum durations")

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "cost_s": list(self.cost_s),
            "transition_cost_s": [list(row) for row in self.transition_cost_s],
            "min_duration_s": list(self.min_duration_s),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Viterbi:
        """The inverse of `to_dict`."""
        return cls(
            tuple(values["cost_s"]),
            tuple(tuple(row) for row in values["transition_cost_s"]),
            tuple(values["min_duration_s"]),
        )


def learn_transition_costs(
    truths: Sequence[NDArray[np.bool_]], fps: Sequence[float], evidence_s: float = 1.0
) -> tuple[tuple[float, ...], ...]:
    """Costs of switching from how often each behaviour follows each other one.

    The chain is looked at every `evidence_s`, the time after which frames say something new. Over
    it a switch has the probability ``p`` and to stay ``q``; the switch costs ``log(q / p)`` times
    `evidence_s`. Every transition is counted once more than it was seen, shared out evenly.

    Args:
        truths: `(time, class)` bool, one-hot; frames without a class are not observed, and no
            transition is counted across them.
        fps: frames per second of each.
        evidence_s: how long neighbouring frames say the same, s.

    Returns:
        `(class, class)`, nat seconds, for `Viterbi.transition_cost_s`.
    """
    n = truths[0].shape[1]
    switches, seconds = np.full((n, n), 1 / max(n - 1, 1)), np.zeros(n)
    for truth, rate in zip(truths, fps, strict=True):
        classes = np.where(truth.any(axis=1), truth.argmax(axis=1), -1)
        before, after = classes[:-1], classes[1:]
        counted = (before >= 0) & (after >= 0) & (before != after)
        np.add.at(switches, (before[counted], after[counted]), 1)
        seconds += truth.sum(axis=0) / rate
    rates = switches / np.maximum(seconds, evidence_s)[:, None]
    np.fill_diagonal(rates, 0.0)
    leaving = 1 - np.exp(-rates.sum(axis=1, keepdims=True) * evidence_s)
    switch = leaving * rates / rates.sum(axis=1, keepdims=True).clip(min=1e-12)
    with np.errstate(divide="ignore"):
        costs = evidence_s * np.maximum(0.0, np.log(1 - leaving) - np.log(switch))
    np.fill_diagonal(costs, 0.0)
    return tuple(tuple(float(cost) for cost in row) for row in costs)


def _scores(
    evidence: NDArray[Any], known: NDArray[np.bool_], observed: NDArray[np.bool_] | None
) -> Floats:
    """Evidence without NaN: classes that cannot be chosen are closed, where any can."""
    open_ = known
    if observed is not None:
        looked = observed | ~observed.any(axis=1, keepdims=True)
        open_ = known & looked
    closed = ~open_ & open_.any(axis=1, keepdims=True)
    return np.where(closed, _CLOSED, np.where(known, evidence, 0.0))
