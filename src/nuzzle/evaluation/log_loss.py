"""How surprised a model is by the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nuzzle.evaluation.scored import ScoredPair, check_comparable, counted_once
from nuzzle.probabilities.calibrators import Floats, log_odds, log_probability


def log_loss(pairs: Sequence[ScoredPair]) -> float:
    """Mean negative log probability of the truth, in natural logarithms; 0 is best.

    Where exclusive, of the true class among those that were looked for, over frames that have one;
    else of every behaviour in every frame in which it was looked for. NaN where there is none.

    Raises:
        InputError: there is nothing to score, or the pairs differ in their classes.
    """
    check_comparable(pairs)
    each = np.concatenate([surprise(pair) for pair in counted_once(pairs)])
    return float(each.mean()) if each.size else float("nan")


def surprise(pair: ScoredPair) -> Floats:
    """What `log_loss` is the mean of, for one pair."""
    if not pair.exclusive:
        odds = log_odds(pair.probability[pair.observed])
        return np.logaddexp(0.0, np.where(pair.truth[pair.observed], -odds, odds))
    known = (pair.truth & pair.observed).any(axis=1)
    logs = np.where(pair.observed, log_probability(pair.probability), -np.inf)[known]
    return np.asarray(np.logaddexp.reduce(logs, axis=1) - logs[pair.truth[known]])
