import numpy as np
import pytest

from nuzzle.evaluation.evaluate import evaluate
from nuzzle.evaluation.trainings import macro_figures


def test_of_one_training_they_are_those_of_the_evaluation(attacks):
    pairs = attacks("aaaa......", "aa........", "a..a......", "aaaaaaaa..")
    said = evaluate(pairs, bootstrap=500, seed=3)
    figures = (said.macro_f1, said.mean_average_precision, said.macro_bout_f1["0.5"])
    found = macro_figures([pairs], bootstrap=500, seed=3)
    for each, one in zip(found, figures, strict=True):
        np.testing.assert_allclose(
            (each.value, each.low, each.high), (one.value, one.low, one.high), atol=1e-9
        )
    assert found.f1.low < found.f1.high


def test_intervals_hold_how_trainings_differ(attacks):
    """Recordings that are all alike leave nothing else to differ."""
    good, bad = (attacks(*[each] * 3) for each in ("aaaaa.....", ".........."))
    f1 = macro_figures([good, bad]).f1
    # Draws are of both alike, of one of each, or of both bad ones.
    assert (f1.value, f1.low, f1.high) == (0.5, 0, 1)
    three = macro_figures([good, good, bad]).f1
    assert three.value == pytest.approx(2 / 3)


def test_without_draws_there_is_no_interval(attacks):
    f1 = macro_figures([attacks("aaaaa.....")], bootstrap=0).f1
    assert f1.value == 1
    assert np.isnan(f1.low)
