"""Learning which stretches of a recording are whole bouts, from predictions and the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.base import Floats
from nuzzle.decoding.coarse import coarse
from nuzzle.decoding.proposals import Ints, best_overlap, propose, traits
from nuzzle.decoding.tuned import Objective
from nuzzle.decoding.whole_bouts import Odds, WholeBouts, Worth
from nuzzle.evaluation.bouts import SAME_BOUT_IOU
from nuzzle.evaluation.decisions import Counts, Truth
from nuzzle.evaluation.running import RunningTotal
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.labels import mask_to_intervals

#: What the frames of a behaviour weigh against its bouts, of which probabilities are less sure.
FRAMES_WEIGH: Mapping[Objective, float] = {"bouts": 1.0, "both": 3.0, "frames": 10.0}
#: More stretches say nothing new.
_ENOUGH_STRETCHES = 100_000
#: What pays depends on the F1 that is reached, and that on what pays: Dinkelbach (1967), On
#: Nonlinear Fractional Programming, finds both in a few rounds.
_ROUNDS = 5


def fit_whole_bouts(
    pairs: Sequence[ScoredPair], objectives: Mapping[str, Objective]
) -> WholeBouts | None:
    """How probably a stretch, and each of its frames, is a bout, and what that is worth.

    Args:
        pairs: predictions for recordings that the model was not trained on.
        objectives: behaviour -> what is maximised for it.

    Returns:
        None where there is nothing to learn: nothing was looked for, no stretch is a bout, or all
        are; where one of exclusive behaviours always goes on, so that none is what is left between
        bouts; and where bouts are not what is maximised.
    """
    first = pairs[0]
    if (first.exclusive and first.background is None) or set(objectives.values()) == {"frames"}:
        return None
    pairs = [coarse(pair) for pair in pairs]
    truth = Truth(pairs)
    if not any(pair.looked_for[truth.foreground].any() for pair in pairs):
        return None
    stretches = _Stretches.of(pairs, truth.foreground)
    match = stretches.overlap >= SAME_BOUT_IOU
    if match.all() or not match.any():
        return None
    odds = (
        _regression(stretches, truth.foreground, match, np.ones(len(match))),
        _regression(stretches, truth.foreground, stretches.share_true, stretches.frames),
    )
    background = None if first.background is None else truth.names.index(first.background)
    weights = [FRAMES_WEIGH[objectives[truth.names[column]]] for column in truth.foreground]
    reached = truth.counts([pair.predicted for pair in pairs]).total
    whole = WholeBouts(*odds, _worth(reached, truth.foreground, weights))
    probabilities = [pair.to_decide for pair in pairs]
    proposed = [whole.propose(p, pair.fps) for p, pair in zip(probabilities, pairs, strict=True)]
    for _ in range(_ROUNDS):
        said = [
            whole.decide(each, p, background=background)
            for each, p in zip(proposed, probabilities, strict=True)
        ]
        reached = truth.counts(said).total
        whole = replace(whole, worth=_worth(reached, truth.foreground, weights))
    found = zip(truth.foreground, reached.frames_both, strict=True)
    kept = {column for column, both in found if both}
    return replace(whole, worth={c: each for c, each in whole.worth.items() if c in kept})


def _worth(reached: Counts, columns: Sequence[int], weights: Sequence[float]) -> dict[int, Worth]:
    """What bouts are worth where so much is reached; of each behaviour that there is."""
    frame_f1, bout_f1 = np.nan_to_num(reached.f1)
    return {
        column: Worth(
            bout=1 / int(reached.bouts_true[n]),
            bout_f1=float(bout_f1[n]),
            frame=weights[n] / int(reached.frames_true[n]),
            frame_f1=float(frame_f1[n]),
        )
        for n, column in enumerate(columns)
        if reached.bouts_true[n]
    }


class _Stretches(NamedTuple):
    """What is learned from.

    Attributes:
        traits: `(stretch, trait)`.
        column: `(stretch,)` of the behaviour.
        frames: `(stretch,)` how long it is.
        share_true: `(stretch,)` of these frames.
        overlap: `(stretch,)` intersection over union with the true bout that is most like it.
    """

    traits: Floats
    column: Ints
    frames: Ints
    share_true: Floats
    overlap: Floats

    @classmethod
    def of(cls, pairs: Sequence[ScoredPair], columns: Sequence[int]) -> _Stretches:
        """Those of all pairs, evenly thinned where they are many."""
        shown = [(pair, column) for pair in pairs for column in columns if pair.looked_for[column]]
        found = [_known(*each) for each in shown]
        before = np.cumsum([0, *map(len, found)])
        step = 1 + int(before[-1]) // _ENOUGH_STRETCHES
        parts = [
            cls._of_one(*each, stretches[-first % step :: step])
            for each, stretches, first in zip(shown, found, before[:-1].tolist(), strict=True)
        ]
        return cls(*map(np.concatenate, zip(*parts, strict=True)))

    @classmethod
    def _of_one(cls, pair: ScoredPair, column: int, stretches: Ints) -> _Stretches:
        truth = pair.truth[:, column]
        frames = stretches[:, 1] - stretches[:, 0]
        return cls(
            traits(_said(pair, column), stretches, pair.fps),
            np.full(len(stretches), column),
            frames,
            RunningTotal(truth).sums(*stretches.T) / frames,
            best_overlap(stretches, mask_to_intervals(truth)),
        )


def _said(pair: ScoredPair, column: int) -> Floats:
    """The probability of one behaviour, `(time,)`."""
    return pair.probability[:, column].astype(np.float64)


def _known(pair: ScoredPair, column: int) -> Ints:
    """Stretches that do not reach into frames in which a behaviour was not looked for."""
    found = propose(_said(pair, column), pair.fps)
    hidden = RunningTotal(~pair.observed[:, column]).sums(*found.T)
    return np.asarray(found[hidden == 0])


def _regression(
    stretches: _Stretches, columns: Sequence[int], share: NDArray[Any], weight: NDArray[Any]
) -> Odds:
    """Learn the share of each stretch that is so; all behaviours have the same coefficients."""
    from sklearn.linear_model import LogisticRegression  # a second to import

    centre = stretches.traits.mean(axis=0)
    scale = np.maximum(stretches.traits.std(axis=0), 1e-9)
    own = stretches.column[:, None] == np.array(columns)
    x = np.concatenate([(stretches.traits - centre) / scale, own], axis=1)
    weight = weight / weight.mean()
    found = LogisticRegression(max_iter=1000).fit(
        np.concatenate([x, x]),
        np.repeat([True, False], len(x)),
        np.concatenate([share * weight, (1 - share) * weight]),
    )
    slopes, of_columns = np.split(found.coef_[0], [len(centre)])
    slopes = slopes / scale
    intercepts = found.intercept_[0] + of_columns - slopes @ centre
    return Odds(tuple(slopes.tolist()), dict(zip(columns, intercepts.tolist(), strict=True)))
