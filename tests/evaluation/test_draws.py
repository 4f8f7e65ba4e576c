"""The draws that `benchmarks/ablation.py` compares ways of training by."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from nuzzle.evaluation import ScoredPair, evaluate
from nuzzle.labels import Pair

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "draws.py"


@pytest.fixture(scope="module")
def drawn_figures():
    spec = importlib.util.spec_from_file_location("draws", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.drawn_figures


def pair_of(number, rng):
    """A recording in bouts of 10 frames, predicted with errors; the end is not observed."""
    classes = np.repeat(rng.integers(0, 3, 20), 10)
    truth = classes[:, None] == np.arange(3)
    probability = rng.dirichlet([1, 1, 1], 200).astype(np.float32) + truth * rng.uniform(0, 1)
    probability = (probability / probability.sum(axis=1, keepdims=True)).astype(np.float32)
    observed = np.broadcast_to(np.arange(200)[:, None] < 180, (200, 3))
    predicted = (probability.argmax(axis=1)[:, None] == np.arange(3)) & observed
    return ScoredPair(
        recording=f"r{number}", group="", pair=Pair("a", "b"), fps=10.0,
        behaviours=("attack", "groom", "other"), background="other", exclusive=True,
        truth=truth & observed, observed=observed, predicted=predicted, probability=probability,
    )  # fmt: skip


def test_draws_spread_as_the_intervals_of_the_evaluation_say(drawn_figures):
    rng = np.random.default_rng(1)
    pairs = [pair_of(number, rng) for number in range(6)]
    units = [pair.recording for pair in pairs]
    said = evaluate(pairs, bootstrap=300, seed=4)
    figures = (said.macro_f1, said.mean_average_precision, said.macro_bout_f1["0.5"])
    for drawn, figure in zip(drawn_figures(pairs, units, 300, 4), figures, strict=True):
        assert figure.low < figure.high
        np.testing.assert_allclose(np.percentile(drawn, [2.5, 97.5]), [figure.low, figure.high])


def test_a_recording_that_is_not_scored_leaves_the_draws_of_the_others_alone(drawn_figures):
    rng = np.random.default_rng(2)
    pairs = [pair_of(number, rng) for number in range(4)]
    units = [pair.recording for pair in pairs]
    # Where only r0 is scored, every draw that holds it says the same; the others say nothing.
    f1, precision, _ = drawn_figures(pairs[:1], units, 200, 0)
    alone = evaluate(pairs[:1], bootstrap=0)
    held = np.isfinite(f1)
    assert 0 < held.sum() < 200
    np.testing.assert_allclose(f1[held], alone.macro_f1.value)
    np.testing.assert_array_equal(held, np.isfinite(precision))
    np.testing.assert_allclose(precision[held], alone.mean_average_precision.value)
