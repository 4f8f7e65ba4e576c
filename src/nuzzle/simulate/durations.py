"""How long behaviours last and what follows what: figures fitted to real labels.

Fitted by ``benchmarks/fit_simulator.py`` to

- CalMS21 task 1, train and test, the resident's labels of 89 sequences, 769,845 frames (Sun et
  al. 2021, "The Multi-Agent Behavior Dataset: Mouse Dyadic Social Interactions"), and
- the recordings ``CalMS21_task1`` of the MABe 2025 challenge (Kaggle), 101 recordings, 30 fps.

Durations are log-normal, cut at their 0.5 % and 99.5 % quantiles. A transition is the probability
of the next state *given that it was looked for* in the recording; what cannot occur in a session
is left out and the rest scaled up to one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

BACKGROUND = "other"
_Key = TypeVar("_Key")
SNIFFS = ("sniffbody", "sniffface", "sniffgenital")


class Duration(NamedTuple):
    """A log-normal duration, cut at both ends.

    Attributes:
        median_s: median, s.
        sigma: standard deviation of its natural logarithm.
        shortest_s: lower cut, s.
        longest_s: upper cut, s.
    """

    median_s: float
    sigma: float
    shortest_s: float
    longest_s: float

    def draw(self, normal: Callable[[], float]) -> float:
        """One duration in seconds, from a source of standard normal numbers."""
        while True:
            seconds = self.median_s * math.exp(self.sigma * normal())
            if self.shortest_s <= seconds <= self.longest_s:
                return seconds


class Dice:
    """Random numbers one at a time, drawn from a generator by the thousand (calls are dear)."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._uniform: list[float] = []
        self._normal: list[float] = []

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        if not self._uniform:
            self._uniform = self._rng.random(4096).tolist()
        return low + (high - low) * self._uniform.pop()

    def normal(self) -> float:
        if not self._normal:
            self._normal = self._rng.standard_normal(4096).tolist()
        return self._normal.pop()

    def pick(self, weights: Mapping[_Key, float]) -> _Key:
        """A key, with a probability proportional to its weight."""
        left = self.uniform(0.0, sum(weights.values()))
        for name, weight in weights.items():
            left -= weight
            if left < 0:
                return name
        return [*weights][-1]


@dataclass(frozen=True)
class Process:
    """A semi-Markov process over behaviours and the background.

    Attributes:
        durations: of each state.
        transitions: state -> next state -> probability.
        sessions: what was looked for (or occurred) in a recording, and in how many it was; the
            first few together hold every behaviour.
        occasional: behaviours that occur only in sessions that name them.
    """

    durations: Mapping[str, Duration]
    transitions: Mapping[str, Mapping[str, float]]
    sessions: Mapping[tuple[str, ...], int]
    occasional: frozenset[str]

    @property
    def behaviours(self) -> tuple[str, ...]:
        """Every name that labels can have, the background left out, in alphabetical order."""
        return tuple(sorted(set(self.durations) - {BACKGROUND}))

    def run(self, dice: Dice, session: Collection[str]) -> Iterator[tuple[str, float]]:
        """Endless bouts (behaviour, seconds), the background's included, which comes first.

        Args:
            dice: the randomness.
            session: what may occur of the `occasional` behaviours; the others always may.
        """
        impossible = self.occasional - set(session)
        rows = {
            state: {name: odds for name, odds in row.items() if name not in impossible}
            for state, row in self.transitions.items()
        }
        state = BACKGROUND
        while True:
            yield state, self.durations[state].draw(dice.normal)
            state = dice.pick(rows[state])

    def session(self, index: int, dice: Dice) -> tuple[str, ...]:
        """What the `index`-th recording of a set shows: first each kind needed, then by chance."""
        return [*self.sessions][index] if index < 3 else dice.pick(self.sessions)


CALMS21 = Process(
    durations={
        "attack": Duration(1.209, 1.011, 0.133, 10.135),  # 448 bouts
        "investigation": Duration(1.122, 1.177, 0.100, 25.100),  # 2865 bouts
        "mount": Duration(2.272, 1.024, 0.167, 31.814),  # 468 bouts
        "other": Duration(3.119, 1.260, 0.033, 49.288),  # 2472 bouts
    },
    transitions={
        "attack": {"investigation": 0.317, "mount": 0.0337, "other": 0.6763},
        "investigation": {"attack": 0.4323, "mount": 0.2743, "other": 0.7065},
        "mount": {"attack": 0.2273, "investigation": 0.547, "other": 0.4423},
        "other": {"attack": 0.08, "investigation": 0.9691, "mount": 0.0113},
    },
    sessions={
        ("attack", "investigation", "mount"): 6,
        ("investigation", "mount"): 49,
        ("attack", "investigation"): 17,
        ("investigation",): 17,
    },
    occasional=frozenset({"attack", "mount"}),
)

_MABE_SESSIONS = {
    "approach genitalgroom intromit mount sniffbody sniffface sniffgenital": 5,
    "approach attack sniffbody sniffface sniffgenital": 11,
    "attack mount sniff": 4,
    "mount sniff sniffgenital": 11,
    "approach mount sniffbody sniffface sniffgenital": 10,
    "attack sniff": 10,
    "approach genitalgroom mount sniffbody sniffface sniffgenital": 9,
    "sniff sniffgenital": 6,
    "approach sniffbody sniffface sniffgenital": 5,
    "mount sniff": 5,
    "sniffbody sniffface sniffgenital": 4,
    "approach attack sniffbody sniffgenital": 3,
    "approach sniffbody sniffface": 2,
    "approach attack sniffbody sniffface": 2,
    "genitalgroom mount sniffbody sniffface sniffgenital": 2,
    "intromit mount sniff sniffgenital": 2,
    "approach intromit mount sniffbody sniffface sniffgenital": 2,
    "approach genitalgroom mount sniffbody sniffface": 1,
    "attack sniffbody sniffface sniffgenital": 1,
    "mount sniffbody sniffface sniffgenital": 1,
    "approach intromit mount sniffbody sniffgenital": 1,
    "sniff sniffface sniffgenital": 1,
    "approach attack sniffbody": 1,
    "attack sniff sniffgenital": 1,
    "mount sniff sniffface sniffgenital": 1,
}

#: ``sniff`` is not a state: in recordings that list it, it stands for the sniffs they do not list.
MABE = Process(
    durations={
        "approach": Duration(0.532, 0.648, 0.091, 2.635),  # 349 bouts
        "attack": Duration(1.256, 1.057, 0.100, 11.505),  # 557 bouts
        "genitalgroom": Duration(2.644, 1.010, 0.299, 16.224),  # 50 bouts
        "intromit": Duration(7.911, 0.868, 0.500, 35.803),  # 37 bouts
        "mount": Duration(2.072, 0.951, 0.133, 31.440),  # 481 bouts
        "other": Duration(2.748, 1.228, 0.167, 51.566),  # 1228 bouts
        "sniffbody": Duration(0.697, 0.901, 0.067, 7.697),  # 1524 bouts
        "sniffface": Duration(0.656, 0.993, 0.100, 10.796),  # 639 bouts
        "sniffgenital": Duration(1.019, 1.111, 0.067, 9.859),  # 1020 bouts
    },
    transitions={
        "approach": {
            "attack": 0.0862,
            "other": 0.0229,
            "sniffbody": 0.6361,
            "sniffface": 0.2725,
            "sniffgenital": 0.0531,
        },
        "attack": {
            "approach": 0.0219,
            "other": 0.6687,
            "sniffbody": 0.3063,
            "sniffgenital": 0.007,
        },
        "genitalgroom": {"other": 0.98, "sniffbody": 0.02},
        "intromit": {"mount": 0.0556, "other": 0.7778, "sniffbody": 0.1667},
        "mount": {
            "genitalgroom": 0.0083,
            "intromit": 0.209,
            "other": 0.4586,
            "sniffbody": 0.442,
            "sniffface": 0.0168,
        },
        "other": {
            "approach": 0.3228,
            "attack": 0.1324,
            "genitalgroom": 0.1365,
            "intromit": 0.022,
            "mount": 0.0059,
            "sniffbody": 0.4425,
            "sniffface": 0.1722,
            "sniffgenital": 0.0507,
        },
        "sniffbody": {
            "approach": 0.0025,
            "attack": 0.2421,
            "mount": 0.1978,
            "other": 0.3979,
            "sniffface": 0.1919,
            "sniffgenital": 0.2544,
        },
        "sniffface": {"attack": 0.0391, "mount": 0.037, "other": 0.4368, "sniffbody": 0.5346},
        "sniffgenital": {
            "approach": 0.0186,
            "attack": 0.0769,
            "mount": 0.0074,
            "other": 0.3501,
            "sniffbody": 0.6149,
            "sniffface": 0.0022,
        },
    },
    sessions={tuple(names.split()): count for names, count in _MABE_SESSIONS.items()},
    occasional=frozenset({"attack", "genitalgroom", "intromit", "mount"}),
)

PROCESSES: Mapping[str, Process] = {"calms21": CALMS21, "mabe": MABE}
