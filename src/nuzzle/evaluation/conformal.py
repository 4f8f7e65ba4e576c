"""Sets of behaviours that hold the true one as often as promised; where that is not one, unsure.

Neighbouring frames are nearly copies of each other, so a quantile over frames promises more than
it can keep. Here recordings (or groups of them: animals, sessions) are what is exchangeable: each
weighs the same, however long, and one more, of which nothing is known, stands for the new one.

The promise: of a new group like these, a frame drawn at random has its true behaviour in its set
with a probability of at least the coverage. It is an average over new groups (a single recording
may do worse), over frames (a rare behaviour may do worse), and over calibrations (with few groups
the coverage of one calibration varies). It does not hold for recordings of another kind (lab,
camera, strain), nor where the calibration recordings had a part in the training. With k groups
no coverage above k / (k + 1) can be promised: the sets then hold everything.

Sources: Dunn, Wasserman & Ramdas (2022), Distribution-Free Prediction Sets for Two-Layer
Hierarchical Models; Lee, Barber & Willett (2023), Distribution-Free Inference with Hierarchical
Data (the weights used here). Scores: Sadinle, Lei & Wasserman (2019), Least Ambiguous Set-Valued
Classifiers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator

from nuzzle.errors import InputError
from nuzzle.evaluation.bootstrap import Floats
from nuzzle.evaluation.scored import ScoredPair, check_comparable
from nuzzle.plain import from_plain, to_plain

#: A nonconformity; infinity is None as a plain value.
Quantile = Annotated[float, BeforeValidator(lambda value: math.inf if value is None else value)]

#: Sums of float32 probabilities are known to about this.
_TOLERANCE = 1e-6


def nonconformity(probability: NDArray[Any]) -> Floats:
    """How little each class fits each frame: one minus its probability.

    Args:
        probability: of any shape.

    Returns:
        The same shape; NaN where there is no probability.
    """
    return 1 - probability.astype(np.float64)


def prediction_sets(probability: NDArray[Any], quantile: float) -> NDArray[np.bool_]:
    """The classes that may be going on in each frame.

    Args:
        probability: `(time, class)`, adding up to one; NaN fits nothing.
        quantile: the largest nonconformity in a set; infinity puts every class into it.

    Returns:
        `(time, class)` bool; a set may be empty where nothing fits.

    >>> prediction_sets(np.array([[0.6, 0.3, 0.1]]), quantile=0.75).tolist()
    [[True, True, False]]
    """
    return np.asarray(nonconformity(probability) <= quantile + _TOLERANCE)


def unsure(
    sets: NDArray[np.bool_], decided: NDArray[np.bool_], exclusive: bool
) -> NDArray[np.bool_]:
    """Where a set is not the decided answer and nothing else, `(time, behaviour)` bool.

    Args:
        sets: `(question, time, answer)`, as `Conformal.sets` gives them. The one question of
            exclusive classes counts for all of them.
        decided: `(time, behaviour)`.
        exclusive: whether exactly one class holds in a frame.
    """
    answers = np.stack(_questions(decided, exclusive))
    return np.array(np.broadcast_to((sets != answers).any(axis=2).T, decided.shape))


def group_quantile(scores: Mapping[str, Floats], alpha: float) -> float:
    """The quantile of scores in which every group weighs the same, and one more is infinite.

    Args:
        scores: group -> `(frame,)` nonconformity of the true class.
        alpha: share of frames that may be missed, between 0 and 1.

    Returns:
        The least score that a share of ``1 - alpha`` of the weight does not exceed; infinity where
        there are too few groups: fewer than ``1 / alpha - 1``.
    """
    groups = [each for each in scores.values() if len(each)]
    if not groups:
        return math.inf
    values = np.concatenate(groups)
    weights = np.concatenate([np.full(len(each), 1 / len(each)) for each in groups])
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / (len(groups) + 1)
    first = int(np.searchsorted(reached, 1 - alpha - 1e-9))
    return float(values[order[first]]) if first < len(values) else math.inf


@dataclass(frozen=True)
class Conformal:
    """Prediction sets with a promised coverage.

    Attributes:
        exclusive: whether exactly one class holds in a frame. If not, each behaviour by itself is
            a question with two answers.
        alpha: share of frames that may be missed.
        quantiles: one where exclusive, else one a behaviour; infinite where nothing can be
            promised.
        groups: how many it was calibrated on.
    """

    exclusive: bool
    alpha: float
    quantiles: tuple[Quantile, ...]
    groups: int

    @property
    def coverage(self) -> float:
        """What is promised: the share of frames that are not missed."""
        return round(1 - self.alpha, 9)

    def sets(self, probability: NDArray[Any]) -> NDArray[np.bool_]:
        """The sets of each frame, `(question, time, answer)` bool.

        Exclusive classes are one question, and its answers the classes. Otherwise every behaviour
        is a question with the answers *going on* and *not*.

        Args:
            probability: `(time, behaviour)`.
        """
        questions = _questions(probability, self.exclusive)
        return np.stack(
            [
                prediction_sets(each, quantile)
                for each, quantile in zip(questions, self.quantiles, strict=True)
            ]
        )

    def unsure(self, probability: NDArray[Any], decided: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where it is not sure of what was decided, both `(time, behaviour)`; see `unsure`."""
        return unsure(self.sets(probability), decided, self.exclusive)

    def to_dict(self) -> dict[str, Any]:
        """Plain values; None for an infinite quantile."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Conformal:
        """The inverse of `to_dict`."""
        return from_plain(cls, values)


def fit_conformal(pairs: Sequence[ScoredPair], alpha: float = 0.1) -> Conformal:
    """Calibrate prediction sets.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        alpha: share of frames that may be missed, between 0 and 1.

    Raises:
        InputError: there is nothing to calibrate on, the pairs differ in their classes, or `alpha`
            is no share.
    """
    check_comparable(pairs)
    if not 0 < alpha < 1:
        raise InputError(f"alpha, a share of frames, lies between 0 and 1; got {alpha}.")
    scores = _true_scores(pairs)
    quantiles = tuple(group_quantile(each, alpha) for each in scores)
    n_groups = max(sum(len(each) > 0 for each in groups.values()) for groups in scores)
    return Conformal(pairs[0].exclusive, alpha, quantiles, n_groups)


def _questions(probability: NDArray[Any], exclusive: bool) -> list[NDArray[Any]]:
    """Probabilities of, or decisions on, each question's answers, `(time, answer)`."""
    if exclusive:
        return [probability]
    return [np.stack([each, 1 - each], axis=1) for each in probability.T]


def _of_the_truth(pair: ScoredPair) -> Iterator[tuple[int, NDArray[Any]]]:
    """Questions that are answered, and the probability of the true answer in those frames."""
    if pair.exclusive:
        yield 0, pair.probability[pair.truth & pair.observed]
        return
    for question in np.flatnonzero(pair.looked_for).tolist():
        known = pair.observed[:, question]
        probability = pair.probability[known, question]
        yield question, np.where(pair.truth[known, question], probability, 1 - probability)


def _true_scores(pairs: Sequence[ScoredPair]) -> list[dict[str, Floats]]:
    """For each question, group -> nonconformity of the true answer, `(frame,)`."""
    n_questions = 1 if pairs[0].exclusive else len(pairs[0].behaviours)
    parts: list[dict[str, list[Floats]]] = [{} for _ in range(n_questions)]
    for pair in pairs:
        for question, probability in _of_the_truth(pair):
            mine = parts[question].setdefault(pair.resampling_unit, [])
            mine.append(nonconformity(probability))
    return [{name: np.concatenate(each) for name, each in part.items()} for part in parts]
