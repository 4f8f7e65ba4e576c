import numpy as np

from nuzzle.evaluation import ScoredPair, evaluate
from nuzzle.evaluation.bootstrap import draw_weights
from nuzzle.evaluation.draws import drawn_figures, mean_over_behaviours
from nuzzle.labels import Pair


def drawn(pairs, draws, seed):
    """Macro figures of the recordings that are scored, all and in draws of six."""
    units = [f"r{number}" for number in range(6)]
    weights = draw_weights(6, draws, np.random.default_rng(seed))
    return [mean_over_behaviours(each) for each in drawn_figures(pairs, units, weights)]


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


def test_draws_spread_as_the_intervals_of_the_evaluation_say():
    rng = np.random.default_rng(1)
    pairs = [pair_of(number, rng) for number in range(6)]
    said = evaluate(pairs, bootstrap=300, seed=4)
    figures = (said.macro_f1, said.mean_average_precision, said.macro_bout_f1["0.5"])
    for each, figure in zip(drawn(pairs, 300, 4), figures, strict=True):
        assert figure.low < figure.high
        assert each[0] == figure.value
        np.testing.assert_allclose(np.percentile(each[1:], [2.5, 97.5]), [figure.low, figure.high])


def test_a_recording_that_is_not_scored_leaves_the_draws_of_the_others_alone():
    # Where only r0 is scored, every draw that holds it says the same; the others say nothing.
    pairs = [pair_of(0, np.random.default_rng(2))]
    f1, precision, _ = drawn(pairs, 200, 0)
    alone = evaluate(pairs, bootstrap=0)
    held = np.isfinite(f1)
    assert 0 < held.sum() < 200
    np.testing.assert_allclose(f1[held], alone.macro_f1.value)
    np.testing.assert_array_equal(held, np.isfinite(precision))
    np.testing.assert_allclose(precision[held], alone.mean_average_precision.value)


def test_without_draws_there_are_the_figures_alone():
    pairs = [pair_of(0, np.random.default_rng(2))]
    for each in drawn_figures(pairs, ["r0"], None):
        assert each.shape == (1, 2)
