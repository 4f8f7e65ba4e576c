"""Choosing a decoder on predictions for recordings that the model was not trained on.

A search on predictions flatters its own score. So the gain that is reported is nested: every
group of recordings is decoded by a decoder that was chosen on the other groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.base import per_behaviour
from nuzzle.decoding.bouts_rules import BoutRules
from nuzzle.decoding.calibrate import Method, calibrated, fit_calibrator
from nuzzle.decoding.decoder import Decoder
from nuzzle.decoding.smoothing import Smoothing
from nuzzle.decoding.thresholds import Thresholds
from nuzzle.decoding.tuned import (
    MIN_GAIN,
    Objective,
    Tuned,
    TunedLab,
    frame_weights,
    objective_value,
    value_of,
)
from nuzzle.decoding.viterbi import Viterbi
from nuzzle.errors import InputError
from nuzzle.evaluation.decisions import Truth
from nuzzle.evaluation.scored import ScoredPair, check_comparable

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
#: The search looks at about so many frames a second; scores are of all frames.
SEARCH_FPS = 10.0
#: A lab may have a decoder of its own from so many groups on: of fewer it would learn chance.
LAB_GROUPS = 4


def tune_decoder(
    pairs: Sequence[ScoredPair],
    objective: Objective | Mapping[str, Objective] = "both",
    *,
    folds: int = 4,
    seed: int = 0,
    calibration: Method = "none",
) -> Tuned:
    """Choose smoothing, thresholds, costs of switching and rules for bouts of each behaviour.

    Smoothing and costs are first tried together for all behaviours, then every setting of one
    behaviour after the other, twice. A setting is changed only where the gain is larger than its
    standard error over groups: what a few recordings alone ask for, others pay for. Where there
    are several labs, the same is then tried for each.

    Args:
        pairs: **out-of-fold** predictions: of models that were not trained on the recording. Those
            on training recordings are too clean, and lead to decoders that trust them too much.
        objective: what is maximised: F1 per frame, per bout (at an intersection over union of
            0.5), or the mean of both; one for all, or behaviour -> objective.
        folds: parts that the groups are divided into for the nested figure.
        seed: of the division.
        calibration: of the probabilities, before anything else. It is fitted where the decoder is
            chosen: on the other groups for the nested figure, on all for the decoder itself.

    Raises:
        InputError: there is nothing to score, the pairs differ in their classes, they are of a
            single group, or the objective is unknown.
    """
    check_comparable(pairs)
    objectives = _objectives(objective, pairs[0])
    part_of, n_groups = _parts(pairs, folds, seed)
    n_parts = int(part_of.max()) + 1
    start = Decoder(pairs[0].behaviours, pairs[0].exclusive, pairs[0].background)
    left = _left_out(pairs, part_of, start, objectives, calibration)
    mended = calibrated(pairs, fit_calibrator(pairs, calibration))
    decoder = _search(mended, start, objectives)
    truth = Truth(pairs)
    return Tuned(
        decoder,
        objectives,
        before=truth.score([each.raw for each in left]),
        nested=truth.score([each.common for each in left]),
        in_sample=truth.score(_decode(decoder, mended)),
        folds=n_parts,
        groups=n_groups,
        labs={
            lab: _tuned_lab([(mended[n], left[n]) for n in mine], decoder, objectives)
            for lab, mine in _large_labs(pairs).items()
        },
    )


class _Decisions(NamedTuple):
    """What is decided on a pair, `(time, behaviour)` each.

    Attributes:
        raw: each frame by itself.
        common: by the decoder chosen on the other parts.
        own: by that chosen on the other parts of the pair's lab; as `common` where it has none.
    """

    raw: NDArray[np.bool_]
    common: NDArray[np.bool_]
    own: NDArray[np.bool_]


def _large_labs(pairs: Sequence[ScoredPair]) -> dict[str, list[int]]:
    """Lab -> its pairs, of those with groups enough; none where there is one lab."""
    labs: dict[str, list[int]] = {}
    for index, pair in enumerate(pairs):
        labs.setdefault(pair.lab, []).append(index)
    return {
        lab: mine
        for lab, mine in sorted(labs.items())
        if lab
        and len(labs) > 1
        and len({pairs[index].resampling_unit for index in mine}) >= LAB_GROUPS
    }


def _tuned_lab(
    mine: Sequence[tuple[ScoredPair, _Decisions]],
    common: Decoder,
    objectives: Mapping[str, Objective],
) -> TunedLab:
    """Choose a lab's decoder, and compare it with the common one."""
    pairs = [pair for pair, _ in mine]
    truth = Truth(pairs)
    raw, shared, own = (truth.score(each) for each in zip(*(said for _, said in mine), strict=True))
    best = max(raw, shared, key=lambda score: value_of(score, objectives))
    gain = value_of(own, objectives) - value_of(best, objectives)
    return TunedLab(_search(pairs, common, objectives), best, own, gain)


def _objectives(
    objective: Objective | Mapping[str, Objective], pair: ScoredPair
) -> dict[str, Objective]:
    names = [name for name in pair.behaviours if name != pair.background]
    chosen = dict.fromkeys(names, objective) if isinstance(objective, str) else dict(objective)
    if set(chosen) != set(names) or not set(chosen.values()) <= set(get_args(Objective)):
        raise InputError(
            f"The objective is one of {list(get_args(Objective))}, for all or for each of {names}; "
            f"got {objective!r}."
        )
    return {name: chosen[name] for name in names}


def _parts(pairs: Sequence[ScoredPair], folds: int, seed: int) -> tuple[NDArray[np.int64], int]:
    """The part that each pair is in, `(pair,)`, and the number of groups."""
    groups = sorted({pair.resampling_unit for pair in pairs})
    if len(groups) < 2 or folds < 2:
        raise InputError(
            f"A decoder is tuned on some groups of recordings and tried on others: at least 2 "
            f"folds and 2 groups are needed; got {folds} folds and the groups {groups}. Give "
            "recordings of more animals or sessions, or leave the decoder as it is."
        )
    order = np.random.default_rng(seed).permutation(len(groups))
    part = dict(zip(groups, order % min(folds, len(groups)), strict=True))
    return np.array([part[pair.resampling_unit] for pair in pairs]), len(groups)


def _left_out(
    pairs: Sequence[ScoredPair],
    part_of: NDArray[np.int64],
    start: Decoder,
    objectives: Mapping[str, Objective],
    calibration: Method,
) -> list[_Decisions]:
    """Decisions on each pair, by decoders that were chosen on the other parts.

    All see probabilities that were calibrated on the other parts.
    """
    labs = _large_labs(pairs)
    raw, common, own = (dict[int, NDArray[np.bool_]]() for _ in range(3))
    for part in range(int(part_of.max()) + 1):
        outside = [index for index, mine in enumerate(part_of) if mine == part]
        calibrator = fit_calibrator(
            [pair for pair, mine in zip(pairs, part_of, strict=True) if mine != part], calibration
        )
        mended = calibrated(pairs, calibrator)
        inside = [pair for pair, mine in zip(mended, part_of, strict=True) if mine != part]
        decoder = _search(inside, start, objectives)
        held = [mended[index] for index in outside]
        raw |= zip(outside, _decode(start, held), strict=True)
        common |= zip(outside, _decode(decoder, held), strict=True)
        for lab in labs:
            theirs = [index for index in outside if pairs[index].lab == lab]
            known = [pair for pair in inside if pair.lab == lab]
            if theirs and known:
                chosen = _search(known, decoder, objectives)
                held = [mended[index] for index in theirs]
                own |= zip(theirs, _decode(chosen, held), strict=True)
    return [_Decisions(raw[n], common[n], own.get(n, common[n])) for n in range(len(pairs))]


def _decode(decoder: Decoder, pairs: Sequence[ScoredPair]) -> list[NDArray[np.bool_]]:
    return decoder.decode(
        [pair.probability for pair in pairs],
        [pair.fps for pair in pairs],
        [pair.observed for pair in pairs],
    )


class _Tried(NamedTuple):
    """A decoder, and the objective that it reaches.

    Attributes:
        decoder: what was tried.
        value: on all groups.
        all_but_one: without each group in turn, `(group,)`.
    """

    decoder: Decoder
    value: float
    all_but_one: NDArray[np.float64]

    def surely_better(self, other: _Tried) -> bool:
        """Whether the gain passes `MIN_GAIN` and its own standard error over groups.

        The standard error is the jackknife's: Efron & Tibshirani (1993), chapter 11.
        """
        gain = self.value - other.value
        without = np.nan_to_num(self.all_but_one - other.all_but_one)
        n = len(without)
        error = float(np.sqrt((n - 1) * without.var())) if n > 1 else 0.0
        return gain > max(MIN_GAIN, error)


class _Trial:
    """Scores decoders on coarse time; smooths every behaviour once for each width."""

    def __init__(self, pairs: Sequence[ScoredPair], objectives: Mapping[str, Objective]) -> None:
        self.pairs = [coarse(pair) for pair in pairs]
        self.truth = Truth(self.pairs)
        names = [self.truth.names[column] for column in self.truth.foreground]
        self.weights = frame_weights(objectives, names)
        self.fps = [pair.fps for pair in self.pairs]
        self.observed = [pair.observed for pair in self.pairs]
        self._smooth: dict[float, list[NDArray[Any]]] = {}

    def of(self, decoder: Decoder) -> _Tried:
        decisions = decoder.decide(self._smoothed(decoder.smoothing), self.fps, self.observed)
        counts = self.truth.counts(decisions)
        return _Tried(
            decoder,
            float(objective_value(*counts.total.f1, self.weights)),
            objective_value(*counts.all_but_one.f1, self.weights),
        )

    def best_of(self, candidates: Iterable[Decoder], now: _Tried) -> _Tried:
        """The one that gains most of those whose gain is no chance; the present one if none."""
        tried = [self.of(candidate) for candidate in candidates]
        better = [each for each in tried if each.surely_better(now)]
        return max(better, key=lambda each: each.value, default=now)

    def _smoothed(self, smoothing: Smoothing) -> list[NDArray[Any]]:
        n = len(self.truth.names)
        widths = per_behaviour(smoothing.width_s, n, "widths").tolist()
        for width in set(widths) - set(self._smooth):
            each = Smoothing((width,))
            self._smooth[width] = [each(pair.probability, pair.fps) for pair in self.pairs]
        return [
            np.stack(
                [self._smooth[width][index][:, column] for column, width in enumerate(widths)]
            ).T
            for index in range(len(self.pairs))
        ]


def coarse(pair: ScoredPair, fps: float = SEARCH_FPS) -> ScoredPair:
    """The pair at about `fps`: mean probabilities, and truth at the middle of each step.

    Frames at the end that do not fill a step are left out.
    """
    step = round(pair.fps / fps)
    if step < 2 or pair.n_frames < step:
        return pair
    n_steps = pair.n_frames // step
    middle = np.arange(n_steps) * step + step // 2
    parts = pair.probability[: n_steps * step].reshape(n_steps, step, -1)
    known = np.isfinite(parts).sum(axis=1)
    mean = np.full(known.shape, np.nan, dtype=np.float32)
    np.divide(np.nansum(parts, axis=1), known, out=mean, where=known > 0)
    return replace(
        pair,
        fps=pair.fps / step,
        truth=pair.truth[middle],
        observed=pair.observed[middle] & (known > 0),
        predicted=pair.predicted[middle],
        probability=mean,
    )


def _search(
    pairs: Sequence[ScoredPair], start: Decoder, objectives: Mapping[str, Objective]
) -> Decoder:
    trial = _Trial(pairs, objectives)
    best = trial.of(start)
    together = ({"width_s": width, "cost_s": cost} for width, cost in _together())
    best = trial.best_of([_assemble(start, each) for each in together], best)
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


def _together() -> Iterator[tuple[float, float]]:
    """Every other width with every other cost, for all behaviours at once."""
    return ((width, cost) for width in (0.0, *WIDTHS_S[1::2]) for cost in COSTS_S[::2])


def _others(grid: Sequence[float], now: float, whole_grid: bool) -> list[float]:
    """The other values of a grid, or only the neighbours of the present one."""
    at = grid.index(now)
    near = grid if whole_grid else grid[max(0, at - 1) : at + 2]
    return [value for value in near if value != now]


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
