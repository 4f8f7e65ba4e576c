import numpy as np
import pytest

from nuzzle.evaluation.bootstrap import (
    draw_weights,
    estimate,
    mean_defined,
    mean_of_defined,
    ratio,
    with_interval,
)


def test_a_draw_has_as_many_groups_as_there_are():
    weights = draw_weights(7, 50, np.random.default_rng(0))
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


@pytest.mark.parametrize(("groups", "draws"), [(1, 100), (5, 0)])
def test_no_draws_where_nothing_can_be_resampled(groups, draws):
    assert draw_weights(groups, draws, np.random.default_rng(0)) is None


def test_interval_of_a_mean_is_that_of_theory():
    # 400 groups of one frame with a share of 0.5: standard error 0.025.
    hits = np.tile([0.0, 1.0], 200)
    weights = draw_weights(400, 4000, np.random.default_rng(1))
    figure = estimate(ratio, [hits, np.ones(400)], weights).item()
    assert figure.value == 0.5
    assert figure.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.004)
    assert figure.high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.004)


def test_equal_groups_leave_no_doubt():
    weights = draw_weights(3, 100, np.random.default_rng(0))
    figure = estimate(ratio, [np.full(3, 2.0), np.full(3, 4.0)], weights).item()
    assert (figure.value, figure.low, figure.high) == (0.5, 0.5, 0.5)


def test_undefined_draws_are_left_out():
    drawn = np.array([[np.nan, 1.0], [0.5, 2.0], [0.5, 3.0]])
    one, two = with_interval(np.array([0.5, np.nan]), drawn)
    assert (one.low, one.high) == (0.5, 0.5)
    assert np.isnan([two.value, two.low, two.high]).all()


def test_mean_and_ratio_where_undefined():
    np.testing.assert_array_equal(ratio(np.array([1, 1]), np.array([2, 0])), [0.5, np.nan])
    means = mean_defined(np.array([[1.0, np.nan, 3.0], [np.nan] * 3]))
    np.testing.assert_array_equal(means, [2.0, np.nan])


def test_the_mean_of_a_draw_is_of_the_same_figures():
    value = np.array([1.0, 3.0, np.nan])
    drawn = np.array([[1.0, 2.0, 9.0], [1.0, np.nan, np.nan]])
    mean, means = mean_of_defined(value, drawn)
    assert mean == 2.0
    np.testing.assert_array_equal(means, [1.5, np.nan])
    assert mean_of_defined(value, None) == (2.0, None)
