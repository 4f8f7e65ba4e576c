from dataclasses import replace

import numpy as np
import pytest

from nuzzle.evaluation import evaluate
from nuzzle.evaluation.decisions import Truth
from nuzzle.evaluation.own import OwnApart, one_at_a_time
from nuzzle.evaluation.uncertainty import measure_uncertainty
from nuzzle.labels import Pair
from nuzzle.outputs.frames import PairFrames
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.frames import separate_own


def test_it_counts_once_however_many_others_there_are(scored):
    """Three mounts, here of oneself, that each pair of the agent shows; one attack of each pair."""
    pairs = [
        scored("ammm.", "amm..", pair=Pair("black", other), own=("mount",)) for other in "wxy"
    ] + [scored("a....", "a....", pair=Pair("w", "black"), own=("mount",))]
    result = evaluate(pairs, bootstrap=0)
    # Of black by itself: 2 of 3 mounts, and two frames of nothing else.
    assert result.confusion == ((4, 0, 0), (0, 2, 1), (0, 0, 18))
    assert (result.scored_frames, result.unobserved_frames) == (25, 0)
    found = {each.behaviour: each for each in result.behaviours}
    assert found["mount"].true_frames == 3 and found["attack"].true_frames == 4
    assert (found["mount"].observed_frames, found["attack"].observed_frames) == (10, 20)
    assert found["mount"].recall.value == pytest.approx(2 / 3)
    counts = Truth(pairs).counts([pair.predicted for pair in pairs]).total
    assert counts.frames_true.tolist() == [4, 3] and counts.bouts_true.tolist() == [4, 1]
    looked_for = [pair.looked_for.tolist() for pair in OwnApart(pairs).pairs]
    assert looked_for == [[True, False, True]] * 3 + [[True] * 3, [False, True, True]]


@pytest.mark.parametrize("exclusive", [True, False])
def test_what_is_scored_is_what_is_written(scored, exclusive):
    """Attacks on one hide the agent's mounts of itself there: other pairs show and say them."""
    kinds = {"own": ("mount",), "exclusive": exclusive, "background": None}
    kinds |= {"background": "other"} if exclusive else {}
    pairs = [
        scored("aammm...", "aa.m....", pair=Pair("black", "w"), **kinds),
        scored(".mmmm...", "mm.mm...", pair=Pair("black", "x"), **kinds),
    ]
    mount = {each.behaviour: each for each in evaluate(pairs, bootstrap=0).behaviours}["mount"]
    assert (mount.true_frames, mount.predicted_frames) == (4, 4)
    assert mount.precision.value == mount.recall.value == pytest.approx(3 / 4)
    assert (mount.true_bouts, mount.predicted_bouts) == (1, 2)
    counts = Truth(pairs).counts([pair.predicted for pair in pairs]).total
    assert (counts.frames_both[1], counts.frames_said[1], counts.frames_true[1]) == (3, 4, 4)

    names = pairs[0].behaviours
    space = LabelSpace(names, kinds["background"], exclusive, names[:2], own=("mount",))
    written = separate_own(
        space, [PairFrames(p.pair, p.probability, p.predicted, p.truth, p.observed) for p in pairs]
    )
    for one, apart in zip(written, OwnApart(pairs).pairs, strict=True):
        assert one.pair == apart.pair
        for name in ("predicted", "truth", "observed"):
            assert np.array_equal(getattr(one, name), getattr(apart, name)), name
        known = np.isfinite(one.probability)
        np.testing.assert_allclose(one.probability[known], apart.probability[known], atol=1e-6)
    assert written[-1].predicted[:, 1].sum() == 4 and written[-1].truth[:, 1].sum() == 4


def test_where_nobody_looked_for_it_nothing_is_added(scored):
    pairs = [scored("a..", "a..", pair=Pair("black", other), own=("mount",)) for other in "wx"]
    observed = np.tile([True, False, True], (3, 1))
    pairs = [replace(pair, observed=observed) for pair in pairs]
    result = evaluate(pairs, bootstrap=0)
    assert (result.scored_frames, result.unobserved_frames) == (6, 0)
    plain = [scored("a..", "a..", pair=Pair("black", other)) for other in "wx"]
    assert all(one is other for one, other in zip(OwnApart(plain).pairs, plain, strict=True))


def test_what_a_lab_did_not_look_for_may_have_no_probability(scored):
    said = np.array([[0.9, np.nan, 0.1], [0.2, np.nan, 0.6]], np.float32)
    kind = {"own": ("attack",), "exclusive": False, "background": None}
    whole = [scored("aa", "a.", pair=Pair("black", other), **kind) for other in "wx"]
    seen = np.tile([True, False, True], (2, 1))
    pairs = [replace(each, observed=seen, probability=said) for each in whole]
    *_, own = OwnApart(pairs).pairs
    np.testing.assert_allclose(own.probability, said, rtol=1e-5)
    assert evaluate(pairs, bootstrap=0)["attack"].true_frames == 2


def test_rows_that_add_up_to_a_little_more_than_one_are_scored(scored):
    """As those of a softmax in float32 do, where it is sure that nothing is done to oneself."""
    said = np.array([[0.6, 1e-9, 0.4000001]], np.float32)
    pairs = [
        scored("a", "a", pair=Pair("black", other), own=("mount",), probability=said)
        for other in "wx"
    ]
    assert said[0, 0] + said[0, 2] > 1
    *_, own = OwnApart(pairs).pairs
    assert own.probability[0, 2] == 1
    assert evaluate(pairs, bootstrap=0)["attack"].true_frames == 2


def test_sets_are_judged_with_the_pair_that_they_are_of(scored):
    """Sets that are what was decided are sure of everything, right or wrong."""
    pairs = [scored("am..", "a.m.", pair=Pair("black", other), own=("mount",)) for other in "wxy"]
    sets = [pair.predicted[None] for pair in pairs]
    found = measure_uncertainty(pairs, pairs, sets, promised=0.9, how="held out").sets
    assert found.sure.value == 1.0
    assert found.f1["mount"].value == 0.0 and found.f1["attack"].value == 1.0


def test_of_two_behaviours_at_once_the_likelier_stays():
    probability = np.array([[0.6, 0.4], [0.4, 0.6], [0.9, 0.1]], np.float32)
    predicted = np.array([[True, True], [True, True], [False, True]])
    kept = one_at_a_time(predicted, probability)
    assert kept.tolist() == [[True, False], [False, True], [False, True]]
