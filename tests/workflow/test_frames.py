from dataclasses import replace

import numpy as np

from nuzzle.labels import Pair
from nuzzle.outputs.frames import PairFrames
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.frames import separate_own

NAMES = ("groom", "other", "sniff")
SPACE = LabelSpace(NAMES, "other", True, ("groom", "sniff"), own=("groom",))
GROOM, OTHER, SNIFF = np.eye(3, dtype=bool)


def test_grooming_stands_by_itself():
    said = np.array([SNIFF, GROOM, OTHER])
    pair = PairFrames(Pair("a", "b"), said.astype(np.float32), said, said, np.ones((3, 3), bool))
    towards, own = separate_own(SPACE, [pair])
    assert towards.pair == Pair("a", "b")
    assert towards.predicted.tolist() == np.array([SNIFF, OTHER, OTHER]).tolist()
    assert np.isnan(towards.probability[:, 0]).all()
    assert own.pair == Pair("a", "a")
    assert own.predicted.tolist() == np.array([OTHER, GROOM, OTHER]).tolist()
    assert own.truth.tolist() == own.predicted.tolist()
    assert np.isnan(own.probability[:, 2]).all()


def test_one_own_pair_for_each_agent():
    def frames(pair, row):
        return PairFrames(pair, np.full((1, 3), 1 / 3, np.float32), np.array([row]))

    pairs = [
        frames(Pair("a", "b"), SNIFF),
        frames(Pair("a", "c"), GROOM),
        frames(Pair("b", "a"), OTHER),
    ]
    out = separate_own(SPACE, pairs)
    assert [one.pair for one in out[3:]] == [Pair("a", "a"), Pair("b", "b")]
    assert out[3].predicted.tolist() == [GROOM.tolist()], "seen in one of its pairs is seen"
    assert out[4].predicted.tolist() == [OTHER.tolist()]


def test_nothing_to_do_without_own_behaviours():
    space = LabelSpace(("other", "sniff"), "other", True, ("sniff",))
    pair = PairFrames(Pair("a", "b"), np.zeros((2, 2), np.float32), np.ones((2, 2), bool))
    assert separate_own(space, [pair]) == [pair]


def seen(*columns):
    return np.tile(np.isin(NAMES, columns), (3, 1))


def test_who_was_not_looked_at_has_no_pair():
    said = np.array([SNIFF, OTHER, OTHER])
    p = said.astype(np.float32)
    for observed, who in (
        (seen("other", "sniff"), Pair("a", "b")),
        (seen("groom", "other"), Pair("a", "a")),
    ):
        (only,) = separate_own(SPACE, [PairFrames(Pair("a", "b"), p, said, said, observed)])
        assert only.pair == who
    p[:, 0] = np.nan
    (only,) = separate_own(SPACE, [PairFrames(Pair("a", "b"), p, said)])
    assert only.pair == Pair("a", "b"), "and nothing is known of a lab that does not groom"


def test_frames_in_which_nobody_looked_are_not_background():
    said = np.array([SNIFF, GROOM, OTHER])
    observed = np.ones((3, 3), bool)
    observed[2, 0] = False
    pair = PairFrames(Pair("a", "b"), said.astype(np.float32), said, said, observed)
    towards, own = separate_own(SPACE, [pair])
    assert own.observed.tolist() == (observed & [True, True, False] & [[1], [1], [0]]).tolist()
    assert towards.observed.all(axis=0).tolist() == [False, True, True]


def test_certainty_is_that_of_the_agent_by_itself():
    p = np.array([[0.05, 0.05, 0.9], [0.9, 0.05, 0.05], [0.3, 0.4, 0.3]], np.float32)
    said = p.argmax(1)[:, None] == np.arange(3)
    unsure = np.ones((3, 3), bool)
    towards, own = separate_own(SPACE, [PairFrames(Pair("a", "b"), p, said, unsure=unsure)])
    np.testing.assert_allclose(own.certainty(exclusive=True), [0.95, 0.9, 0.7], rtol=1e-6)
    np.testing.assert_allclose(towards.certainty(exclusive=True), [0.9, 0.95, 0.7], rtol=1e-6)
    assert own.unsure.any(axis=1).tolist() == [False, True, False], "only where it grooms"
    assert towards.unsure.any(axis=1).all()


def test_what_a_lost_target_hides_is_known_from_another_pair():
    p = np.array([[0.7, 0.2, 0.1]] * 2, np.float32)
    lost = np.stack([p[0], np.full(3, np.nan, np.float32)])
    said = np.array([GROOM, GROOM])
    pairs = [PairFrames(Pair("a", "b"), lost, said), PairFrames(Pair("a", "c"), p, said)]
    *_, own = separate_own(SPACE, pairs)
    np.testing.assert_allclose(own.probability[:, 0], [0.7, 0.7])


def test_pairs_that_differ_in_what_an_agent_does_to_itself_leave_the_likeliest():
    space = LabelSpace(("groom", "other", "rear"), "other", True, ("groom", "rear"))
    space = replace(space, own=("groom", "rear"))
    p = np.array([[0.3, 0.2, 0.5]] * 3, np.float32)
    groom, other, rear = np.eye(3, dtype=bool)
    pairs = [
        PairFrames(Pair("a", "b"), p, np.array([groom, groom, other])),
        PairFrames(Pair("a", "c"), p, np.array([other, rear, other])),
    ]
    (own,) = [one for one in separate_own(space, pairs) if one.pair == Pair("a", "a")]
    assert own.predicted.tolist() == np.array([groom, rear, other]).tolist()
