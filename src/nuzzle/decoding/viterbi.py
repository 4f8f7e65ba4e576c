"""Hidden Markov decoding: a behaviour begins where the evidence pays for the switch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.base import Floats, check_durations, per_behaviour
from nuzzle.decoding.paths import best_paths

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
    """

    cost_s: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        check_durations(self.cost_s, "costs of switching")

    @property
    def support_s(self) -> float:
        """How far a frame is looked for on each side: without end."""
        return math.inf

    def decode(
        self,
        evidence: Sequence[NDArray[Any]],
        fps: Sequence[float],
        *,
        exclusive: bool,
    ) -> list[NDArray[np.bool_]]:
        """Which behaviours go on, of several recordings at once, which is faster than one by one.

        Args:
            evidence: `(time, behaviour)` of each, nats, as `Thresholds.evidence` gives it; NaN
                where nothing is known, which the path crosses.
            fps: frames per second of each.
            exclusive: whether exactly one class holds in a frame.

        Returns:
            `(time, behaviour)` bool of each; none in a frame in which nothing is known.

        Raises:
            InputError: the costs do not fit the number of behaviours.
        """
        known = [np.isfinite(each) for each in evidence]
        n = evidence[0].shape[1] if evidence else 0
        costs = per_behaviour(self.cost_s, n, "costs of switching")
        if exclusive:
            scores = [
                _scores(said, seen) / rate
                for said, seen, rate in zip(evidence, known, fps, strict=True)
            ]
            return [
                (path[:, None] == np.arange(n)) & seen.any(axis=1, keepdims=True)
                for path, seen in zip(best_paths(scores, costs), known, strict=True)
            ]
        columns = []
        for column, cost in enumerate(costs):
            scores = [
                np.nan_to_num(said[:, [column, column]] * (0, 1 / rate))
                for said, rate in zip(evidence, fps, strict=True)
            ]
            columns.append(best_paths(scores, np.array([cost, cost])))
        return [
            np.stack([path == 1 for path in each], axis=1) & seen
            for *each, seen in zip(*columns, known, strict=True)
        ]


def _scores(evidence: NDArray[Any], known: NDArray[np.bool_]) -> Floats:
    """Evidence without NaN: classes of which nothing is known are closed, where others are."""
    closed = ~known & known.any(axis=1, keepdims=True)
    return np.where(closed, _CLOSED, np.where(known, evidence, 0.0))
