import numpy as np
import pytest

from nuzzle.evaluation import evaluate
from nuzzle.evaluation.decisions import Truth
from nuzzle.evaluation.own import OwnApart, one_at_a_time
from nuzzle.labels import Pair
from nuzzle.outputs.results import PairFrames
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.frames import separate_own


def test_it_counts_once_however_many_others_there_are(scored):
    """Three mounts, here of oneself, that each pair of the agent shows; one attack of each pair."""
    pairs = [
        scored("ammm.", "amm..", pair=Pair("black", other), own=("mount",)) for other in "wxy"
    ] + [scored("a....", "a....", pair=Pair("w", "black"), own=("mount",))]
    found = {each.behaviour: each for each in evaluate(pairs, bootstrap=0).behaviours}
    assert found["mount"].true_frames == 3 and found["attack"].true_frames == 4
    assert (found["mount"].observed_frames, found["attack"].observed_frames) == (10, 20)
    assert found["mount"].recall.value == pytest.approx(2 / 3)
    counts = Truth(pairs).counts([pair.predicted for pair in pairs]).total
    assert counts.frames_true.tolist() == [4, 3] and counts.bouts_true.tolist() == [4, 1]
    looked_for = [pair.looked_for.tolist() for pair in OwnApart(pairs).pairs]
    assert looked_for == [[True, False, True]] * 3 + [[True] * 3, [False, True, False]]


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
    (own,) = [one for one in written if one.pair == Pair("black", "black")]
    assert own.predicted[:, 1].sum() == 4 and own.truth[:, 1].sum() == 4


def test_of_two_behaviours_at_once_the_likelier_stays():
    probability = np.array([[0.6, 0.4], [0.4, 0.6], [0.9, 0.1]], np.float32)
    predicted = np.array([[True, True], [True, True], [False, True]])
    kept = one_at_a_time(predicted, probability)
    assert kept.tolist() == [[True, False], [False, True], [False, True]]
