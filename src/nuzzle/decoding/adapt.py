"""Finding how freely probabilities may be adapted to how common behaviours are in a recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.cautious import most_cautious
from nuzzle.evaluation.bootstrap import mean_defined, ratio
from nuzzle.evaluation.log_loss import surprise
from nuzzle.evaluation.scored import ScoredPair, group_numbers, groups_of
from nuzzle.probabilities.adaptation import Adaptation
from nuzzle.probabilities.calibrators import Floats

#: Seconds of recording that may count as one independent look, from the most cautious on.
LOOKS_S = (240.0, 120.0, 60.0, 30.0)
#: Fewer groups do not show how much recordings differ.
LEAST_GROUPS = 5
#: What is learned from: neighbouring frames are nearly copies.
_FRAMES_PER_S = 2.0
#: Independent looks that a usual share weighs, of any behaviour.
_STRENGTHS = (0.5, 1e4)


def fit_adaptation(pairs: Sequence[ScoredPair], *, out_of_fold: bool = False) -> Adaptation | None:
    """The adaptation under which the truth is most probable; None where none helps.

    Of those that cannot be told from the best, the most cautious.

    Args:
        pairs: calibrated predictions for recordings that the model was not trained on; enough of
            each recording is what `thinned` leaves.
        out_of_fold: whether they are those of several models, each of some of these recordings.
            Such models say what is rare more rarely than it is, and than a model of all of them
            will say it. So shares are drawn to those that are true, as such a model's will be, and
            whatever is fitted afterwards suits that. Where nobody looked, what is said stands for
            what is true: a recording's own shares will be those of all of its frames.
    """
    groups = groups_of(pairs)
    if len(groups) < LEAST_GROUPS:
        return None
    exclusive, said, strength = pairs[0].exclusive, _mean_shares(pairs, _said), _strength(pairs)
    usual = _usual(pairs, said) if out_of_fold else said
    choices = [Adaptation(exclusive, said, usual, strength, look_s) for look_s in LOOKS_S]
    total = np.zeros((len(groups), 1 + len(choices)))
    for number, pair in zip(group_numbers(pairs, groups), pairs, strict=True):
        tried = [pair, *(_adapted(pair, choice) for choice in choices)]
        total[number] += [surprise(each).sum() for each in tried]
    return (None, *choices)[most_cautious(total)]


def _usual(pairs: Sequence[ScoredPair], said: Mapping[str, Floats]) -> Mapping[str, Floats]:
    """The true shares; of what is never true, as it is said.

    In the only group that shows a behaviour, that is not scored out of fold. A model of all
    recordings has learned it all the same.
    """
    true, usual = (_mean_shares(pairs, share) for share in (_true, _true_or_said))
    return {lab: np.where(true[lab] > 0, usual[lab], said[lab]) for lab in said}


def after_refit(adaptation: Adaptation) -> Adaptation:
    """That of a model of all recordings, which on average says about what was true there.

    It says it at most twice as often as the models of a part of them, and at least half as often.

    Args:
        adaptation: fitted on predictions out of fold.
    """
    said = {
        lab: np.clip(adaptation.usual[lab], shares / 2, shares * 2)
        for lab, shares in adaptation.said.items()
    }
    return replace(adaptation, said=said)


def _adapted(pair: ScoredPair, adaptation: Adaptation) -> ScoredPair:
    probability = adaptation(pair.probability, pair.looked_for, pair.fps, pair.lab, pair.present)
    return replace(pair, probability=probability)


def thinned(pair: ScoredPair) -> ScoredPair:
    """A part of the frames.

    Single ones: means over time, as the search for a decoder takes, would be other ones.
    """
    step = max(1, round(pair.fps / _FRAMES_PER_S))
    arrays = ("truth", "observed", "predicted", "probability")
    fewer = {name: getattr(pair, name)[::step] for name in arrays}
    present = None if pair.present is None else pair.present[::step]
    return replace(pair, fps=pair.fps / step, present=present, **fewer)


def _mean_shares(
    pairs: Sequence[ScoredPair], share: Callable[[ScoredPair], Floats]
) -> Mapping[str, Floats]:
    """The mean share of each behaviour in the recordings of each lab, and of all under ''.

    0 where it was not looked for.
    """
    labs = {lab: [p for p in pairs if p.lab == lab] for lab in {pair.lab for pair in pairs}}
    return {
        lab: np.nan_to_num(mean_defined(np.stack([share(pair) for pair in mine]).T))
        for lab, mine in (labs | {"": list(pairs)}).items()
    }


def _strength(pairs: Sequence[ScoredPair]) -> Floats:
    """How many independent looks the usual share of each behaviour weighs, `(behaviour,)`.

    If a recording's true share came of so many looks at animals that are all alike, recordings
    would differ as they do. That labs differ says nothing of it.
    """
    labs = np.array([pair.lab for pair in pairs])
    shares = np.stack([_true(pair) for pair in pairs])
    usual = np.stack([mean_defined(shares[labs == lab].T) for lab in labs])
    freedom = max(1, len(pairs) - len(set(labs))) / len(pairs)
    variance = mean_defined(((shares - usual) ** 2).T) / freedom
    looks = ratio(mean_defined((usual * (1 - usual)).T), variance) - 1
    return np.clip(np.nan_to_num(looks, nan=_STRENGTHS[1]), *_STRENGTHS)


def _said(pair: ScoredPair) -> Floats:
    """The mean probability of each behaviour, `(behaviour,)`; NaN of what was not looked for."""
    return _mean_where_present(pair, pair.probability)


def _true_or_said(pair: ScoredPair) -> Floats:
    """The same with the truth in the frames in which it was looked for."""
    return _mean_where_present(pair, np.where(pair.observed, pair.truth, pair.probability))


def _mean_where_present(pair: ScoredPair, values: NDArray[Any]) -> Floats:
    """The mean over frames with both animals; NaN of what was not looked for."""
    seen = values if pair.present is None else values[pair.present]
    return np.where(pair.looked_for, mean_defined(seen.T), np.nan)


def _true(pair: ScoredPair) -> Floats:
    """The share of each behaviour, `(behaviour,)`, in the frames in which it was looked for."""
    return mean_defined(np.where(pair.observed, pair.truth, np.nan).T)
