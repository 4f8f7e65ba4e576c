import numpy as np
import pytest

from nuzzle.decoding.argmax import argmax
from nuzzle.decoding.thresholds import Thresholds
from nuzzle.errors import InputError


def chosen(decision):
    return [np.flatnonzero(row).tolist() for row in decision]


def test_one_half_is_argmax_and_the_plain_threshold():
    probability = np.random.default_rng(0).dirichlet(np.ones(3), 500).astype(np.float32)
    same = Thresholds()(probability, exclusive=True)
    assert (same == argmax(probability)).all()
    assert (Thresholds()(probability, exclusive=False) == (probability >= 0.5)).all()


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_wrong_number_of_thresholds(exclusive):
    with pytest.raises(InputError, match="3 behaviours; give one of the thresholds"):
        Thresholds((0.5, 0.5))(np.full((1, 3), 0.4), exclusive=exclusive)


def test_of_two_classes_the_first_passes_its_threshold():
    probability = np.array([[0.25, 0.75], [0.31, 0.69], [0.29, 0.71], [0.9, 0.1]])
    decision = Thresholds((0.3, 0.5))(probability, exclusive=True)
    assert chosen(decision) == [[1], [0], [1], [0]]


def test_of_three_classes_by_hand():
    # Weights (1 - t) / t: 4, 1, 1.
    probability = np.array([[0.15, 0.55, 0.3], [0.13, 0.57, 0.3]])
    decision = Thresholds((0.2, 0.5, 0.5))(probability, exclusive=True)
    assert chosen(decision) == [[0], [1]]  # 0.60 > 0.55; 0.52 < 0.57


def test_several_at_once_have_thresholds_of_their_own():
    probability = np.array([[0.3, 0.6], [0.1, 0.8], [np.nan, 0.7]])
    decision = Thresholds((0.3, 0.7))(probability, exclusive=False)
    assert chosen(decision) == [[0], [1], [1]]


@pytest.mark.parametrize("exclusive", [True, False])
def test_evidence_decides_as_the_thresholds_do(exclusive):
    probability = np.random.default_rng(0).dirichlet(np.ones(3), 500)
    thresholds = Thresholds((0.2, 0.6, 0.4))
    evidence = thresholds.evidence(probability, exclusive=exclusive)
    decision = thresholds(probability, exclusive=exclusive)
    if exclusive:
        assert (evidence.argmax(axis=1) == decision.argmax(axis=1)).all()
    else:
        assert ((evidence > 0) == decision).all()


def test_certainty_weighs_a_finite_amount():
    evidence = Thresholds().evidence(np.array([[0.0, 1.0, np.nan]]), exclusive=False)
    assert np.isfinite(evidence[0, :2]).all()
    assert np.isnan(evidence[0, 2])


@pytest.mark.parametrize("values", [(0.0,), (1.0,), (0.5, float("nan")), ()])
def test_impossible_thresholds_are_refused(values):
    with pytest.raises(InputError, match="between 0 and 1"):
        Thresholds(values)
