"""The search for a decoder: settings of smoothing, thresholds, paths and rules, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.base import per_behaviour
from nuzzle.decoding.bouts_rules import BoutRules
from nuzzle.decoding.coarse import coarse
from nuzzle.decoding.decoder import Decoder
from nuzzle.decoding.smoothing import Smoothing
from nuzzle.decoding.thresholds import Thresholds
from nuzzle.decoding.tuned import Objective, Reached, frame_weights
from nuzzle.decoding.viterbi import Viterbi
from nuzzle.evaluation.decisions import Counts, Truth
from nuzzle.evaluation.scored import ScoredPair

#: What is tried. A cost of 0 for all decides on each frame by itself.
WIDTHS_S = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)
COSTS_S = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MIN_BOUTS_S = (0.0, 0.2, 0.5, 1.0, 2.0)
MAX_GAPS_S = (0.0, 0.2, 0.5, 1.0)
GRIDS = {
    "width_s": WIDTHS_S,
    "cost_s": COSTS_S,
    "threshold": THRESHOLDS,
    "min_bout_s": MIN_BOUTS_S,
    "max_gap_s": MAX_GAPS_S,
}
#: These do nothing for the background: only its odds to the others matter, and its bouts are gaps.
_FOREGROUND_ONLY = ("threshold", "min_bout_s", "max_gap_s")


def search(
    pairs: Sequence[ScoredPair], start: Decoder, objectives: Mapping[str, Objective]
) -> Decoder:
    """The best decoder that is found for these pairs.

    Smoothing and costs are first tried together for all behaviours, then every setting of one
    behaviour after the other, twice. A setting is changed only where the gain is larger than its
    standard error over groups, and then as little as cannot be told from the best: what a few
    recordings alone ask for, others pay for.

    Args:
        pairs: what was said, and the truth.
        start: what the search begins with.
        objectives: behaviour -> what is maximised for it.
    """
    trial = _Trial([coarse(pair) for pair in pairs], objectives)
    best = trial.of(start)
    best = trial.best_of([_assemble(start, each) for each in _together()], best)
    for whole_grid in (True, False):
        before = best
        for column in range(len(start.behaviours)):
            for name, grid in GRIDS.items():
                is_background = start.behaviours[column] == start.background
                if is_background and name in _FOREGROUND_ONLY:
                    continue
                now = _settings(best.decoder)[name][column]
                others = _others(grid, now, whole_grid)
                candidates = [_assemble(best.decoder, {name: each}, column) for each in others]
                best = trial.best_of(candidates, best)
        if best is before:
            break
    return best.decoder


class _Tried(NamedTuple):
    """A decoder, and the objective that it reaches."""

    decoder: Decoder
    reached: Reached


class _Trial:
    """Scores decoders on coarse time."""

    def __init__(self, pairs: Sequence[ScoredPair], objectives: Mapping[str, Objective]) -> None:
        first = pairs[0]
        names = [first.behaviours[column] for column in first.foreground]
        self.weights = frame_weights(objectives, names)
        self.counts = (_Counted if first.exclusive else _CountedApart)(pairs)

    def of(self, decoder: Decoder) -> _Tried:
        return _Tried(decoder, Reached.of(self.counts.of(decoder), self.weights))

    def best_of(self, candidates: Sequence[Decoder], now: _Tried) -> _Tried:
        """The first that cannot be told from the best, of those whose gain is no chance.

        Args:
            candidates: the most cautious first.
            now: the present one, which stays if none is better.
        """
        tried = [self.of(candidate) for candidate in candidates]
        better = [each for each in tried if each.reached.surely_better(now.reached)]
        best = max(better, key=lambda each: each.reached.value, default=now).reached
        return next((each for each in better if not best.surely_better(each.reached)), now)


class _Counted:
    """Counts what decoders say that is true.

    Every behaviour is smoothed once for each width, and decoders that differ in nothing but their
    rules one after the other are decided once.
    """

    def __init__(self, pairs: Sequence[ScoredPair]) -> None:
        self.truth = Truth(pairs)
        self.probabilities = [pair.to_decide for pair in pairs]
        self.fps = [pair.fps for pair in pairs]
        self._smooth: dict[float, list[NDArray[Any]]] = {}
        self._steps: tuple[Any, ...] = ()
        self._decided: list[NDArray[np.bool_]] = []

    def of(self, decoder: Decoder) -> Counts:
        steps = decoder.smoothing, decoder.thresholds, decoder.viterbi
        if steps != self._steps:
            smooth = self._smoothed(decoder.smoothing)
            self._steps = steps
            self._decided = decoder.decide(smooth, self.fps)
        return self.truth.counts(decoder.ruled(self._decided, self.fps))

    def _smoothed(self, smoothing: Smoothing) -> list[NDArray[Any]]:
        n = len(self.truth.names)
        widths = per_behaviour(smoothing.width_s, n, "widths").tolist()
        for width in set(widths) - set(self._smooth):
            each = Smoothing((width,))
            self._smooth[width] = [
                each(said, rate) for said, rate in zip(self.probabilities, self.fps, strict=True)
            ]
        return [
            np.stack(
                [self._smooth[width][index][:, column] for column, width in enumerate(widths)]
            ).T
            for index in range(len(self.probabilities))
        ]


class _CountedApart:
    """The same for behaviours that may go on at once: each by itself, once for its settings."""

    def __init__(self, pairs: Sequence[ScoredPair]) -> None:
        self._one = {
            column: _Counted([pair.only([column]) for pair in pairs])
            for column in pairs[0].foreground
        }
        self._known: dict[tuple[int, Decoder], Counts] = {}

    def of(self, decoder: Decoder) -> Counts:
        return Counts.beside([self._of_one(decoder, column) for column in self._one])

    def _of_one(self, decoder: Decoder, column: int) -> Counts:
        alone = _alone(decoder, column)
        if (column, alone) not in self._known:
            self._known[column, alone] = self._one[column].of(alone)
        return self._known[column, alone]


def _together() -> list[dict[str, float]]:
    """Every other width with every other cost, for all behaviours at once; the narrowest first."""
    widths = (0.0, *WIDTHS_S[1::2])
    return [{"width_s": width, "cost_s": cost} for width in widths for cost in COSTS_S[::2]]


def _others(grid: Sequence[float], now: float, whole_grid: bool) -> list[float]:
    """The other values of a grid, or only the neighbours of the present one; the nearest first."""
    at = grid.index(now)
    others = [n for n in range(len(grid)) if n != at and (whole_grid or abs(n - at) == 1)]
    return [grid[n] for n in sorted(others, key=lambda n: abs(n - at))]


def _settings(decoder: Decoder) -> dict[str, list[float]]:
    """The settings of a decoder, one value a behaviour each."""
    path = decoder.viterbi or Viterbi()
    values = {
        "width_s": decoder.smoothing.width_s,
        "cost_s": path.cost_s,
        "threshold": decoder.thresholds.values,
        "min_bout_s": decoder.rules.min_bout_s,
        "max_gap_s": decoder.rules.max_gap_s,
    }
    n = len(decoder.behaviours)
    return {name: per_behaviour(each, n, name).tolist() for name, each in values.items()}


def _alone(decoder: Decoder, column: int) -> Decoder:
    """What decides one of several behaviours that may go on at once."""
    mine = {name: values[column] for name, values in _settings(decoder).items()}
    return _assemble(Decoder((decoder.behaviours[column],), exclusive=False), mine)


def _assemble(decoder: Decoder, changes: Mapping[str, float], column: int | None = None) -> Decoder:
    """The decoder with settings of one behaviour, or of all, changed."""
    settings = _settings(decoder)
    for name, value in changes.items():
        for each in range(len(decoder.behaviours)) if column is None else [column]:
            settings[name][each] = value
    final = {name: tuple(values) for name, values in settings.items()}
    return replace(
        decoder,
        smoothing=Smoothing(final["width_s"]),
        thresholds=Thresholds(final["threshold"]),
        viterbi=Viterbi(final["cost_s"]) if any(final["cost_s"]) else None,
        rules=BoutRules(final["min_bout_s"], final["max_gap_s"]),
    )
