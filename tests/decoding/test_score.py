import numpy as np
import pytest

from nuzzle.decoding.score import Truth
from nuzzle.evaluation import evaluate


def one_hot(text, letters="ab."):
    return np.array([[letter == each for each in letters] for letter in text])


def test_by_hand(scored):
    truth = one_hot("aaaa..aa..")
    pair = scored(truth, truth * 1.0)
    score = Truth([pair]).score([one_hot("aaa...a.a.")])
    # 4 of 5 frames predicted are true, 6 are true.
    assert score.frame_f1["b0"] == pytest.approx(2 * 4 / (5 + 6))
    # Bouts: 3 of 4 frames match; 1 of 2 frames matches; one more is none.
    assert score.bout_f1["b0"] == pytest.approx(2 * 2 / (3 + 2))
    assert np.isnan(score.frame_f1["b1"])
    assert score.macro_frame_f1 == score.frame_f1["b0"]
    assert set(score.frame_f1) == {"b0", "b1"}
    assert score.to_dict()["bout_f1"] == {"b0": pytest.approx(0.8), "b1": None}


def test_no_bout_runs_from_one_recording_into_the_next(scored):
    truth = one_hot("..aa")
    pairs = [scored(truth, truth * 1.0), scored(truth[::-1], truth[::-1] * 1.0, recording="two")]
    score = Truth(pairs).score([one_hot("..aa"), one_hot("....")])
    assert score.bout_f1["b0"] == pytest.approx(2 / 3)


def test_the_figures_are_those_of_the_evaluation(scored):
    rng = np.random.default_rng(0)
    pairs = []
    for name in ("one", "two"):
        truth = np.eye(3, dtype=bool)[rng.integers(3, size=60).repeat(5)]
        probability = rng.dirichlet(np.ones(3), 300) + truth
        observed = np.ones_like(truth)
        observed[100:130] = False
        pairs.append(scored(truth, probability / 2, recording=name, observed=observed))
    quick = Truth(pairs).score([pair.predicted for pair in pairs])
    full = evaluate(pairs, bootstrap=0)
    assert quick.macro_frame_f1 == pytest.approx(full.macro_f1.value)
    assert quick.macro_bout_f1 == pytest.approx(full.macro_bout_f1["0.5"].value)
    for name in ("b0", "b1"):
        assert quick.frame_f1[name] == pytest.approx(full[name].f1.value)
        assert quick.bout_f1[name] == pytest.approx(full[name].bout_f1["0.5"].value)
