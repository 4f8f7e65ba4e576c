"""Learning how to combine several models, from what each said of recordings it had not seen.

The weights of an average are those under which the truth is most probable, drawn a little to equal
ones where groups of recordings are few. Stacking (Wolpert 1992) is a logistic regression; it is
drawn to the weighted average, as strongly as is best for groups that are left out. What was not
looked for has no part in either.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from nuzzle.decoding.cautious import most_cautious
from nuzzle.decoding.decoder import Decoder
from nuzzle.errors import InputError
from nuzzle.evaluation.scored import ScoredPair, check_comparable, groups_of
from nuzzle.probabilities.calibrators import Floats
from nuzzle.probabilities.combiners import Combiner, Stacked, WeightedAverage, evidence

Combining = Literal["equal", "weighted", "stacked"]
#: What each member says of the same pairs, in the same order.
Said = Sequence[Sequence[ScoredPair]]

#: How strongly weights are drawn to equal ones, divided by the number of groups. From two or three
#: groups of rats, weights learned without it were worse than equal ones; from eight, it is nothing.
PULL = 0.2
#: How strongly a regression may be drawn to the weighted average; it may also not leave it at all.
STRENGTHS = (1.0, 0.1, 0.01, 0.001)
#: Groups of recordings are left out in as many parts.
PARTS = 5
#: More frames than this say nothing new: neighbours are nearly copies of each other.
_ENOUGH_FRAMES = 30_000


def fit_combiner(said: Said, method: Combining, *, seed: int = 0) -> Combiner:
    """Learn from all pairs.

    Args:
        said: of models that were not trained on the recordings.
        method: ``equal`` learns nothing; where ``stacked`` gains nothing it is ``weighted``.
        seed: of the parts in which groups are left out.

    Raises:
        InputError: the members differ in their pairs, or there are none.
    """
    return _fit(_Frames.of(said), method, seed)


def combined(said: Said, combiner: Combiner) -> list[ScoredPair]:
    """The pairs with the one probability of all members, each frame decided by itself."""
    return [_combined(each, combiner) for each in zip(*said, strict=True)]


def combined_left_out(said: Said, method: Combining, *, seed: int = 0) -> list[ScoredPair]:
    """The same, each group of recordings combined as learned from the others.

    So what these pairs say of a way to combine is not flattered. Of a single group nothing can be
    learned: its members weigh the same.

    Args:
        said: of models that were not trained on the recordings.
        method: how they are combined.
        seed: of the parts in which groups are left out.

    Raises:
        InputError: the members differ in their pairs, or there are none.
    """
    frames = _Frames.of(said)
    out: dict[int, ScoredPair] = {}
    for part in _parts(groups_of(said[0]), seed):
        combiner = _fit(frames.where(~np.isin(frames.group, part)), method, seed)
        for index, each in enumerate(zip(*said, strict=True)):
            if each[0].resampling_unit in part:
                out[index] = _combined(each, combiner)
    return [out[index] for index in range(len(out))]


def _combined(said: Sequence[ScoredPair], combiner: Combiner) -> ScoredPair:
    first = said[0]
    decide = Decoder(first.behaviours, first.exclusive, first.background)
    probability = combiner([each.probability for each in said], first.looked_for)
    combined = replace(first, probability=probability)
    return replace(combined, predicted=decide(combined.to_decide, first.fps))


@dataclass(frozen=True, eq=False)
class _Frames:
    """What is learned from: frames of which something is known.

    Attributes:
        x: `(member, frame, behaviour)`, the `evidence` of each member.
        truth: `(frame, behaviour)` bool.
        observed: `(frame, behaviour)` bool.
        group: `(frame,)`, of which group of recordings.
        exclusive: whether one behaviour holds in a frame.
    """

    x: Floats
    truth: NDArray[np.bool_]
    observed: NDArray[np.bool_]
    group: NDArray[np.str_]
    exclusive: bool

    @classmethod
    def of(cls, said: Said) -> _Frames:
        """Frames of all pairs, evenly thinned where they are many."""
        _check(said)
        first, exclusive = said[0], said[0][0].exclusive
        known = [
            np.flatnonzero(((p.truth & p.observed) if exclusive else p.observed).any(axis=1))
            for p in first
        ]
        step = max(1, sum(map(len, known)) // _ENOUGH_FRAMES)
        chosen = [frames[::step] for frames in known]
        x = [
            np.concatenate(
                [
                    evidence(pair.probability[at], exclusive, pair.looked_for)
                    for pair, at in zip(member, chosen, strict=True)
                ]
            )
            for member in said
        ]
        both = list(zip(first, chosen, strict=True))
        observed = np.concatenate([pair.observed[at] for pair, at in both])
        return cls(
            np.stack(x),
            np.concatenate([pair.truth[at] for pair, at in both]) & observed,
            observed,
            np.concatenate([np.repeat(pair.resampling_unit, len(at)) for pair, at in both]),
            exclusive,
        )

    def __len__(self) -> int:
        return len(self.truth)

    def where(self, mask: NDArray[np.bool_]) -> _Frames:
        """Some of the frames."""
        x, truth, observed = self.x[:, mask], self.truth[mask], self.observed[mask]
        return _Frames(x, truth, observed, self.group[mask], self.exclusive)

    @property
    def answers(self) -> int:
        """How many the mean of `loss` is over: one a frame, or one a behaviour looked for."""
        return len(self) if self.exclusive else int(self.observed.sum())

    def loss(self, scores: Floats) -> tuple[float, Floats]:
        """Mean surprise by the truth under `(frame, behaviour)` scores, and its gradient."""
        n = max(1, self.answers)
        if self.exclusive:
            logs = log_softmax(np.where(self.observed, scores, -np.inf), axis=1)
            return float(-logs[self.truth].sum()) / n, (np.exp(logs) - self.truth) / n
        surprise = np.logaddexp(0.0, np.where(self.truth, -scores, scores))
        slope = np.where(self.observed, expit(scores) - self.truth, 0.0)
        return float(surprise[self.observed].sum()) / n, slope / n


def _check(said: Said) -> None:
    if not said:
        raise InputError("There is no member to combine.")
    names = [[(pair.recording, pair.pair, pair.n_frames) for pair in member] for member in said]
    if any(each != names[0] for each in names):
        raise InputError("Members are combined on the same pairs of the same recordings.")
    check_comparable([pair for member in said for pair in member])


def _parts(groups: Iterable[str], seed: int) -> list[NDArray[np.str_]]:
    """Groups that are left out together."""
    shuffled = np.random.default_rng(seed).permutation(sorted(groups))
    return np.array_split(shuffled, min(PARTS, len(shuffled)))


def _fit(frames: _Frames, method: Combining, seed: int) -> Combiner:
    if method == "equal" or not len(frames):
        return WeightedAverage.equal(frames.exclusive, len(frames.x))
    average = _fit_weights(frames)
    strength = _best_strength(frames, seed) if method == "stacked" else math.inf
    return average if math.isinf(strength) else _fit_stacked(frames, average, strength)


def _fit_weights(frames: _Frames) -> WeightedAverage:
    """The weights under which the truth is most probable; they are a softmax of free numbers."""
    members = len(frames.x)
    pull = PULL / len(np.unique(frames.group))

    def cost(free: Floats) -> tuple[float, Floats]:
        weights = softmax(free)
        loss, slope = frames.loss(np.tensordot(weights, frames.x, axes=1))
        away = weights - 1 / members
        of_weights = np.tensordot(frames.x, slope, axes=2) + 2 * pull * away
        total = loss + pull * float(away @ away)
        return total, weights * (of_weights - weights @ of_weights)

    found = minimize(cost, np.zeros(members), jac=True, method="L-BFGS-B")
    return WeightedAverage(frames.exclusive, tuple(map(float, softmax(found.x))))


def _best_strength(frames: _Frames, seed: int) -> float:
    """How strongly a regression is drawn to the average; infinite for no regression.

    Of those that groups which are left out do not tell from the best, the strongest.
    """
    parts = _parts(set(frames.group.tolist()), seed)
    if len(parts) < 2:
        return math.inf
    surprise = []
    for part in parts:
        inside = frames.where(~np.isin(frames.group, part))
        average = _fit_weights(inside)
        combiners: list[Combiner] = [average]
        combiners += [_fit_stacked(inside, average, each) for each in STRENGTHS]
        for group in part:
            left = frames.where(frames.group == group)
            losses = [left.loss(each.scores(left.x))[0] for each in combiners]
            surprise.append([left.answers * loss for loss in losses])
    return (math.inf, *STRENGTHS)[most_cautious(np.array(surprise))]


def _fit_stacked(frames: _Frames, average: WeightedAverage, strength: float) -> Stacked:
    """The regression at whose start is the average, and that pays for going away from it."""
    n = frames.truth.shape[1]
    same = np.eye(n) if frames.exclusive else np.ones(n)
    start = np.multiply.outer(np.array(average.weights), same)
    how = "mtk,tb->mkb" if frames.exclusive else "mtb,tb->mb"

    def built(changes: Floats) -> Stacked:
        slopes = start + changes[n:].reshape(start.shape)
        return Stacked(frames.exclusive, average.weights, slopes, changes[:n])

    def cost(changes: Floats) -> tuple[float, Floats]:
        loss, slope = frames.loss(built(changes).scores(frames.x))
        of_slopes = np.einsum(how, frames.x, slope, optimize=True)
        steep = np.concatenate([slope.sum(axis=0), of_slopes.ravel()])
        return loss + strength * float(changes @ changes), steep + 2 * strength * changes

    found = minimize(cost, np.zeros(n + start.size), jac=True, method="L-BFGS-B")
    return built(found.x)
