from dataclasses import replace

import numpy as np
import pytest

from nuzzle.decoding.adapt import (
    _mean_shares,
    _said,
    _strength,
    after_refit,
    fit_adaptation,
    thinned,
)
from nuzzle.decoding.correct import corrected
from nuzzle.evaluation.log_loss import log_loss
from nuzzle.probabilities.adaptation import Adaptation, Correction
from nuzzle.probabilities.calibrators import Temperature


@pytest.fixture
def bells(scored):
    """Recordings of 600 s in which a behaviour has some shares; the model expects `usual`.

    It lasts for seconds, and the model sees two bells, at -1 and 1.
    """

    def make(shares, usual=0.2, seed=0, exclusive=True):
        rng = np.random.default_rng(seed)
        pairs = []
        for index, share in enumerate(shares):
            truth = np.repeat(rng.permutation(300) < 300 * share, 20)
            odds = 2 * rng.normal(np.where(truth, 1.0, -1.0))
            p = 1 / (1 + np.exp(-odds) * (1 - usual) / usual)
            both = np.stack([truth, ~truth], axis=1)
            said = np.stack([p, 1 - p], axis=1)
            pairs.append(scored(both, said, recording=f"r{index}", exclusive=exclusive))
        return pairs

    return make


@pytest.mark.parametrize("exclusive", [True, False])
def test_recordings_that_differ_are_adapted_to(bells, exclusive):
    shares = [0.0, 0.01, 0.02, 0.05, 0.1, 0.3, 0.4, 0.5, 0.6]
    found = fit_adaptation(bells(shares, exclusive=exclusive))
    assert found is not None
    np.testing.assert_allclose(found.usual[""].sum(), 1, atol=0.01)
    fresh = bells(shares, seed=1, exclusive=exclusive)
    adapted = corrected(fresh, Correction(Temperature(exclusive), found))
    assert log_loss(adapted) < 0.95 * log_loss(fresh)


def test_recordings_that_are_alike_are_left_alone(bells):
    assert fit_adaptation(bells([0.2] * 12)) is None


def test_few_groups_do_not_show_how_recordings_differ(bells):
    assert fit_adaptation(bells([0.0, 0.1, 0.4, 0.6])) is None


def test_what_the_usual_share_weighs_by_hand(scored):
    """Shares 0, 0, 0.2, 0.2, 0.2, 0.6: mean 0.2, variance 0.048: 0.2 * 0.8 / 0.048 - 1 = 7/3."""
    pairs = []
    for index, share in enumerate([0.0, 0.0, 0.2, 0.2, 0.2, 0.6]):
        truth = np.arange(100) < 100 * share
        both = np.stack([truth, ~truth], axis=1)
        pairs.append(scored(both, np.full((100, 2), 0.5), recording=f"r{index}"))
    np.testing.assert_allclose(_strength(pairs), [7 / 3, 7 / 3])


def test_that_labs_differ_is_not_that_recordings_differ(scored):
    pairs = []
    for index, (lab, share) in enumerate([("a", 0.1), ("a", 0.1), ("b", 0.5), ("b", 0.5)]):
        truth = np.arange(100) < 100 * share
        both = np.stack([truth, ~truth], axis=1)
        said = np.full((100, 2), (share, 1 - share))
        pairs.append(replace(scored(both, said, recording=f"r{index}"), lab=lab))
    assert (_strength(pairs) > 1000).all()
    usual = _mean_shares(pairs, _said)
    assert set(usual) == {"", "a", "b"}
    assert [usual[lab][0] for lab in ("a", "b", "")] == pytest.approx([0.1, 0.5, 0.3])


@pytest.mark.parametrize("exclusive", [True, False])
def test_what_is_never_true_out_of_fold_is_left_as_it_is_said(bells, exclusive):
    """The only group that shows it is not scored for it; a model of all has learned it."""
    pairs = []
    for pair in bells([0.2, 0.25, 0.3, 0.35, 0.4, 0.1, 0.6], exclusive=exclusive):
        rare = np.full((pair.n_frames, 1), 0.01)
        pairs.append(
            replace(
                pair,
                behaviours=("rare", *pair.behaviours),
                probability=np.hstack([rare, pair.probability * (0.99 if exclusive else 1)]),
                **{
                    name: np.hstack([mask[:, :1] & False, mask])
                    for name in ("truth", "predicted")
                    for mask in [getattr(pair, name)]
                },
                observed=np.hstack([pair.observed[:, :1], pair.observed]),
            )
        )
    adaptation = after_refit(fit_adaptation(pairs, out_of_fold=True))
    new = pairs[0].probability.copy()
    new[900:1000] = [0.97, 0.02, 0.01]
    said = adaptation(new, np.ones(3, bool), pairs[0].fps)
    assert said[900:1000, 0].min() > 0.9


def test_models_of_some_recordings_say_what_is_rare_more_rarely(bells):
    """What is fitted on their predictions shall suit a model of all, which says what is true."""
    pairs = bells([0.2, 0.25, 0.3, 0.35, 0.4, 0.3], usual=0.1)
    found = fit_adaptation(pairs, out_of_fold=True)
    assert found.said[""][0] < 0.23
    assert found.usual[""] == pytest.approx([0.3, 0.7])
    drawn, stays = (
        corrected(pairs, Correction(Temperature(True), each))
        for each in (found, replace(found, usual=found.said))
    )
    assert log_loss(drawn) < 0.97 * log_loss(stays)
    final = after_refit(found)
    assert final.usual == found.usual
    np.testing.assert_array_equal(final.said[""], found.usual[""])
    assert final.look_s == found.look_s


def test_of_frames_that_nobody_looked_at_what_is_said_is_usual(bells):
    """In half of each recording nobody looked, and 0.02 is said; in the rest 0.3 is true."""
    pairs = []
    for pair in bells([0.2, 0.25, 0.3, 0.35, 0.4, 0.3], usual=0.1):
        twice = {name: np.concatenate([getattr(pair, name)] * 2) for name in ("truth", "predicted")}
        before = np.full_like(pair.probability, (0.02, 0.98))
        probability = np.concatenate([before, pair.probability])
        looked = np.repeat([False, True], pair.n_frames)[:, np.newaxis] | np.zeros(2, bool)
        pairs.append(replace(pair, probability=probability, observed=looked, **twice))
    found = fit_adaptation(pairs, out_of_fold=True)
    assert found.usual[""] == pytest.approx([0.16, 0.84], rel=1e-4)


def test_frames_without_one_of_the_animals_say_nothing_of_usual_shares(bells):
    pairs = bells([0.0, 0.01, 0.1, 0.3, 0.5, 0.6])
    seen = np.repeat([True, False], pairs[0].n_frames // 2)
    with_gap = fit_adaptation([replace(pair, present=seen) for pair in pairs])
    expected = np.mean([pair.probability[seen].mean(axis=0) for pair in pairs], axis=0)
    assert with_gap.said[""] == pytest.approx(expected)
    kept = [thinned(replace(pair, present=seen)) for pair in pairs]
    assert all(pair.present.tolist() == [True] * 600 + [False] * 600 for pair in kept)


def test_a_final_model_says_no_more_than_twice_and_no_less_than_half_as_often():
    said, true = np.array([0.1, 0.1, 0.2, 0.6]), np.array([0.0, 0.15, 0.8, 0.05])
    found = Adaptation(True, {"": said, "b": said}, {"": true, "b": true}, np.ones(4), 1.0)
    for lab in ("", "b"):
        assert after_refit(found).said[lab] == pytest.approx([0.05, 0.15, 0.4, 0.3])
        assert after_refit(found).usual[lab] is true


def test_one_model_stays_with_what_it_says(bells):
    found = fit_adaptation(bells([0.0, 0.02, 0.1, 0.3, 0.4, 0.5], usual=0.1))
    assert found.usual == found.said
    assert found.usual[""][0] < 0.18
