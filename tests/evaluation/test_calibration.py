import numpy as np
import pytest

from nuzzle.evaluation.calibration import (
    expected_calibration_error,
    reliability_curve,
    top_label,
)


def test_two_bins_by_hand():
    probability = np.array([0.2, 0.4, 0.9, 1.0])
    truth = np.array([False, True, True, True])
    low, high = reliability_curve(probability, truth, n_bins=2)
    assert (low.low, low.high, low.n_frames) == (0.0, 0.5, 2)
    assert (low.mean_probability, low.frequency) == (pytest.approx(0.3), 0.5)
    assert (high.n_frames, high.mean_probability, high.frequency) == (2, pytest.approx(0.95), 1.0)
    assert expected_calibration_error((low, high)) == pytest.approx((2 * 0.2 + 2 * 0.05) / 4)


def test_true_probabilities_are_calibrated():
    rng = np.random.default_rng(0)
    probability = rng.random(200_000)
    curve = reliability_curve(probability, rng.random(200_000) < probability)
    assert expected_calibration_error(curve) < 0.01


def test_empty_bins_are_undefined_and_weigh_nothing():
    curve = reliability_curve(np.array([0.95]), np.array([True]), n_bins=10)
    assert np.isnan(curve[0].frequency)
    assert expected_calibration_error(curve) == pytest.approx(0.05)
    assert np.isnan(expected_calibration_error(reliability_curve(np.zeros(0), np.zeros(0, bool))))


def test_top_label_by_hand(scored):
    probability = [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]]
    best, correct = top_label(scored("aa.", "am.", probability=probability, unobserved=[2]))
    assert best.tolist() == pytest.approx([0.6, 0.7])
    assert correct.tolist() == [True, False]
