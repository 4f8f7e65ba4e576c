import sys

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from nuzzle.evaluation.frames import (
    average_precision,
    average_precision_draws,
    confusion_counts,
    count_frames,
    f1,
    precision,
    recall,
)


def test_counts_by_hand(scored):
    # Frame 5 is not observed; frames 0-4: truth a a a . m, predicted a . a a m.
    counts = count_frames(scored("aaa.ma", "a.aamm", unobserved=[5]))
    assert counts.true_positive.tolist() == [2, 1, 0]
    assert counts.false_positive.tolist() == [1, 0, 1]
    assert counts.false_negative.tolist() == [1, 0, 1]
    assert counts.observed.tolist() == [5, 5, 5]


def test_ratios_and_where_they_are_undefined():
    tp, fp, fn = np.array([2, 0, 0]), np.array([2, 3, 0]), np.array([0, 0, 4])
    np.testing.assert_array_equal(precision(tp, fp, fn), [0.5, 0.0, np.nan])
    np.testing.assert_array_equal(recall(tp, fp, fn), [1.0, np.nan, 0.0])
    np.testing.assert_allclose(f1(tp, fp, fn), [2 / 3, np.nan, 0.0])


def test_confusion_has_truth_in_rows(scored):
    counts = confusion_counts(scored("aaa.ma", "a.aamm", unobserved=[5]))
    assert counts.tolist() == [[2, 0, 1], [0, 1, 0], [1, 0, 0]]


def test_average_precision_by_hand():
    # Ranked: positive (1/1), negative, positive (2/3): (1 + 2/3) / 2.
    truth = np.array([True, False, True, False])
    assert average_precision(truth, np.array([0.9, 0.8, 0.7, 0.1])) == pytest.approx(5 / 6)
    assert np.isnan(average_precision(~truth & truth, np.zeros(4)))


@pytest.mark.parametrize("decimals", [0, 1, 9])
@pytest.mark.parametrize("share", [0.01, 0.5, 1.0])
def test_average_precision_is_that_of_others(decimals, share):
    """With many ties, some and none; a few positives, half, and all."""
    rng = np.random.default_rng(0)
    probability = rng.random(300).round(decimals).astype(np.float32)
    truth = (probability + rng.normal(size=300)).argsort().argsort() >= 300 * (1 - share)
    assert truth.mean() == pytest.approx(share)
    expected = average_precision_score(truth, probability)
    assert average_precision(truth, probability) == pytest.approx(expected, rel=1e-12)
    one = average_precision_score(truth[:1], probability[:1]) if truth[0] else np.nan
    assert average_precision(truth[:1], probability[:1]) == pytest.approx(one, nan_ok=True)


def test_average_precision_does_without_a_second_of_import(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    assert average_precision(np.array([True]), np.array([0.5])) == 1


@pytest.fixture
def noisy():
    rng = np.random.default_rng(4)
    truth = rng.random(6000) < 0.1
    probability = np.clip(0.3 + 0.2 * truth + 0.15 * rng.normal(size=6000), 0, 1)
    return truth, probability.astype(np.float32), rng.integers(0, 3, 6000)


@pytest.mark.parametrize("decimals", [1, 7])
@pytest.mark.parametrize("weights", [(1, 1, 1), (2, 0, 1), (0, 0, 3)])
def test_draws_equal_the_reference_on_repeated_groups(noisy, weights, decimals):
    truth, probability, group = noisy
    probability = probability.round(decimals)
    frames = np.concatenate(
        [np.flatnonzero(group == g) for g, n in enumerate(weights) for _ in range(n)]
    )
    drawn = average_precision_draws(truth, probability, group, np.array([weights], dtype=float))
    expected = average_precision_score(truth[frames], probability[frames])
    assert drawn[0] == pytest.approx(expected, abs=1e-12)


def test_coarse_thresholds_stay_close_to_the_reference(noisy):
    truth, probability, group = noisy
    drawn = average_precision_draws(truth, probability, group, np.ones((1, 3)), max_thresholds=128)
    assert drawn[0] == pytest.approx(average_precision_score(truth, probability), abs=1 / 256)


def test_draws_without_a_positive_are_undefined():
    truth, group = np.array([True, False, False]), np.array([0, 0, 1])
    weights = np.array([[0.0, 2.0], [2.0, 0.0]])
    drawn = average_precision_draws(truth, np.array([0.9, 0.1, 0.5]), group, weights)
    np.testing.assert_array_equal(drawn, [np.nan, 1.0])
    none = average_precision_draws(truth & ~truth, np.zeros(3), group, weights)
    assert np.isnan(none).all()
