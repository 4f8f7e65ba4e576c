from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, softmax

from nuzzle.decoding import combine
from nuzzle.decoding.combine import combined, combined_left_out, fit_combiner
from nuzzle.errors import InputError
from nuzzle.evaluation.log_loss import log_loss
from nuzzle.probabilities.combiners import WeightedAverage


@pytest.fixture
def said(scored):
    """What members say of recordings whose truth was drawn from the weighted sum of their logits.

    A member of weight 0 says something that has nothing to do with the truth.
    """

    def make(weights, *, exclusive=True, recordings=4, frames=2500, change=lambda p: p):
        rng = np.random.default_rng(0)
        members = [[] for _ in weights]
        for number in range(recordings):
            logits = rng.normal(scale=2, size=(len(weights), frames, 3))
            score = np.tensordot(weights, logits, 1)
            if exclusive:
                truth = np.eye(3, dtype=bool)[(score + rng.gumbel(size=score.shape)).argmax(1)]
                probability = softmax(logits, axis=2)
            else:
                truth = rng.random(score.shape) < expit(score)
                probability = expit(logits)
            for member, one in zip(members, probability, strict=True):
                name = f"r{number}"
                member.append(scored(truth, change(one), recording=name, exclusive=exclusive))
        return members

    return make


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.7, 0.3), (1.0, 0.0), (0.2, 0.5, 0.3)])
def test_weights_are_recovered(said, weights, exclusive):
    members = said(weights, exclusive=exclusive, recordings=25, frames=400)
    found = fit_combiner(members, "weighted")
    assert found.weights == pytest.approx(weights, abs=0.05)
    assert sum(found.weights) == pytest.approx(1)


def test_weights_of_few_groups_are_drawn_to_equal_ones(said):
    """The same frames, called those of one group, of three and of many."""
    few = said((0.9, 0.1), recordings=12, frames=300)

    def heaviest(groups):
        named = [
            [replace(pair, group=f"g{n % groups}") for n, pair in enumerate(member)]
            for member in few
        ]
        return fit_combiner(named, "weighted").weights[0]

    assert 0.5 < heaviest(1) < heaviest(3) < heaviest(12)


def test_equal_weights_learn_nothing(said):
    assert fit_combiner(said((1.0, 0.0)), "equal").weights == (0.5, 0.5)


def test_two_good_members_are_better_than_one(said):
    members = said((0.5, 0.5))
    alone = [log_loss(each) for each in members]
    assert log_loss(combined_left_out(members, "weighted")) < min(alone) - 0.1


def test_stacking_mends_a_member_that_swaps_two_classes(said):
    straight = said((1.0,), frames=800)
    swapped = said((1.0,), frames=800, change=lambda p: p[:, [1, 0, 2]])
    assert log_loss(swapped[0]) > log_loss(straight[0]) + 1
    mended = combined_left_out(swapped, "stacked")
    assert log_loss(mended) == pytest.approx(log_loss(straight[0]), abs=0.02)
    assert log_loss(combined_left_out(swapped, "weighted")) == pytest.approx(log_loss(swapped[0]))
    (slopes,) = fit_combiner(swapped, "stacked").slopes
    assert slopes.argmax(axis=0).tolist() == [1, 0, 2]


def test_stacking_of_single_behaviours_mends_their_odds(said):
    """Log odds that are half of what they should be; of one behaviour the wrong way round."""
    straight = said((1.0,), exclusive=False)
    halved = said(
        (1.0,), exclusive=False, change=lambda p: expit(np.log(p / (1 - p)) * [0.5, 0.5, -0.5])
    )
    found = fit_combiner(halved, "stacked")
    # Drawn a little to the average, whose slopes are 1.
    assert found.slopes[0] == pytest.approx([2, 2, -2], abs=0.3)
    assert log_loss(combined_left_out(halved, "stacked")) == pytest.approx(
        log_loss(straight[0]), abs=0.01
    )


def test_a_regression_that_gains_nothing_is_left_out(said):
    few = said((0.5, 0.5), recordings=4, frames=25)
    assert isinstance(fit_combiner(few, "stacked"), WeightedAverage)


@pytest.mark.parametrize("method", ["weighted", "stacked"])
@pytest.mark.parametrize("exclusive", [True, False])
def test_what_was_not_looked_for_has_no_effect(said, exclusive, method):
    members = said((0.8, 0.2), exclusive=exclusive, frames=300)
    looked = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1], [1, 1, 1]], dtype=bool)
    masks = [np.tile(each, (300, 1)) for each in looked]

    def masked(noise):
        out = []
        for member in members:
            changed = []
            for pair, mask in zip(member, masks, strict=True):
                other = np.where(mask, pair.probability, noise.random(mask.shape))
                changed.append(replace(pair, probability=other.astype(np.float32), observed=mask))
            out.append(changed)
        return out

    given = [masked(np.random.default_rng(seed)) for seed in (2, 3)]
    one, other = (fit_combiner(each, method) for each in given)
    assert one.to_dict() == other.to_dict()
    first, second = (combined(each, one)[0].probability[:, :2] for each in given)
    if exclusive:  # shared out among those that were looked for
        first, second = (each / each.sum(axis=1, keepdims=True) for each in (first, second))
    np.testing.assert_allclose(first, second, rtol=1e-4)


@pytest.mark.parametrize("method", ["weighted", "stacked"])
def test_a_group_has_no_part_in_how_it_is_combined(said, method):
    members = said((0.8, 0.2), frames=400)
    lied = [
        [replace(each[0], truth=np.roll(each[0].truth, 1, axis=1)), *each[1:]] for each in members
    ]
    true, false = (combined_left_out(each, method) for each in (members, lied))
    assert (true[0].probability == false[0].probability).all()
    assert any(
        (a.probability != b.probability).any() for a, b in zip(true[1:], false[1:], strict=True)
    )
    for pair in true:
        assert (pair.predicted.argmax(axis=1) == pair.probability.argmax(axis=1)).all()


def test_a_single_group_weighs_all_the_same(said):
    alone = said((1.0, 0.0), recordings=1)
    pairs = combined_left_out(alone, "stacked")
    equal = combined(alone, WeightedAverage.equal(True, 2))
    assert (pairs[0].probability == equal[0].probability).all()


def test_a_group_of_which_nothing_is_known_is_combined_all_the_same(said):
    unknown = [
        [replace(each[0], truth=np.zeros_like(each[0].truth)), *each[1:]]
        for each in said((0.7, 0.3), recordings=3, frames=500)
    ]
    first, *_ = combined_left_out(unknown, "weighted")
    weighted = fit_combiner([each[1:] for each in unknown], "weighted")
    assert first.recording == "r0"
    assert (first.probability == weighted([each[0].probability for each in unknown])).all()


def test_many_frames_are_thinned(said, monkeypatch):
    monkeypatch.setattr(combine, "_ENOUGH_FRAMES", 2000)
    found = fit_combiner(said((0.7, 0.3)), "weighted")
    assert found.weights == pytest.approx((0.7, 0.3), abs=0.08)
    assert found.weights == fit_combiner(said((0.7, 0.3)), "weighted").weights


def test_members_must_say_something_of_the_same_pairs(said):
    first, second = said((0.5, 0.5), recordings=2, frames=10)
    with pytest.raises(InputError, match="same pairs"):
        fit_combiner([first, second[::-1]], "weighted")
    with pytest.raises(InputError, match="no member"):
        fit_combiner([], "weighted")
