"""Intervals by resampling whole recordings, never frames.

Neighbouring frames are nearly copies of each other; an interval over frames would be far too
narrow. Groups (animals, sessions) are drawn with replacement, and a draw is a vector of weights:
how often each group is in it. Every figure here is a function of sums over groups, so one matrix
product gives the sums of all draws.

Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap (percentile interval).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation.figures import Estimate

Floats = NDArray[np.float64]


def sums_over_groups(counts: NDArray[Any], group: NDArray[np.int64], n_groups: int) -> NDArray[Any]:
    """Counts `(pair, ...)` summed over the pairs of each group, `(group, ...)`.

    Args:
        counts: of each pair.
        group: the number of each pair's group, `(pair,)`.
        n_groups: how many there are.
    """
    total = np.zeros((n_groups, *counts.shape[1:]), dtype=counts.dtype)
    np.add.at(total, group, counts)
    return total


def draw_weights(n_groups: int, n_draws: int, rng: np.random.Generator) -> Floats | None:
    """How often each group is in each draw.

    Args:
        n_groups: groups to draw from.
        n_draws: number of draws.
        rng: source of randomness.

    Returns:
        `(draw, group)`, each row adding up to `n_groups`; None where there is nothing to resample
        (a single group, or no draws).
    """
    if n_groups < 2 or n_draws < 1:
        return None
    counts = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_draws)
    return counts.astype(np.float64)


def estimate(
    statistic: Callable[..., Floats], counts: Sequence[NDArray[Any]], weights: Floats | None
) -> NDArray[Any]:
    """A statistic of counts summed over groups, with its 95 % interval.

    Args:
        statistic: takes one array for each of `counts`, without the leading group dimension or
            with a leading draw dimension in its place; works over the trailing dimensions.
        counts: arrays `(group, ...)`.
        weights: `(draw, group)`, or None for no intervals.

    Returns:
        `Estimate` objects in the shape of the statistic.
    """
    return with_interval(*_with_draws(statistic, counts, weights))


def estimate_mean(
    statistic: Callable[..., Floats], counts: Sequence[NDArray[Any]], weights: Floats | None
) -> NDArray[Any]:
    """As `estimate`, of the mean over the last dimension of the statistic."""
    return with_interval(*mean_of_defined(*_with_draws(statistic, counts, weights)))


def _with_draws(
    statistic: Callable[..., Floats], counts: Sequence[NDArray[Any]], weights: Floats | None
) -> tuple[Floats, Floats | None]:
    value = statistic(*(count.sum(axis=0) for count in counts))
    if weights is None:
        return value, None
    return value, statistic(*(np.tensordot(weights, count, axes=1) for count in counts))


def with_interval(value: NDArray[Any], drawn: NDArray[Any] | None) -> NDArray[Any]:
    """`Estimate` objects from values `(...)` and their draws `(draw, ...)`.

    Draws in which the figure is undefined (NaN) are left out of its interval.
    """
    result = np.empty(value.shape, dtype=object)
    for index in np.ndindex(value.shape):
        low = high = float("nan")
        if drawn is not None and np.isfinite(value[index]):
            samples = drawn[(slice(None), *index)]
            samples = samples[np.isfinite(samples)]
            if len(samples):
                low, high = np.percentile(samples, [2.5, 97.5])
        result[index] = Estimate(float(value[index]), float(low), float(high))
    return result


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """``part / whole``, NaN where `whole` is zero."""
    shape = np.broadcast_shapes(np.shape(part), np.shape(whole))
    undefined = np.full(shape, np.nan)
    np.divide(part, whole, out=undefined, where=np.broadcast_to(whole, shape) != 0)
    return undefined


def mean_defined(values: NDArray[Any]) -> Floats:
    """Mean over the last dimension of what is not NaN; NaN where nothing is."""
    defined = np.isfinite(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1))


def mean_of_defined(value: Floats, drawn: Floats | None) -> tuple[Floats, Floats | None]:
    """Mean over the last dimension of the values that are defined, and the same in each draw.

    A draw in which one of these is undefined has none: its mean would be one of other behaviours.

    Args:
        value: `(..., behaviour)`, NaN where a behaviour has no figure.
        drawn: `(draw, ..., behaviour)`, or None.

    Returns:
        `(...)` and `(draw, ...)`.
    """
    if drawn is None:
        return mean_defined(value), None
    counts = np.isfinite(value)
    return mean_defined(value), ratio(np.where(counts, drawn, 0).sum(axis=-1), counts.sum(axis=-1))
