import numpy as np
import pytest

from nuzzle.decoding.viterbi import Viterbi
from nuzzle.errors import InputError


def one_hot(text, letters="ab"):
    return np.array([[letter == each for each in letters] for letter in text])


def says(text, nats=1.0):
    """Evidence for the class of each letter; a blank says nothing."""
    return one_hot(text) * nats


def text(decision):
    return "".join("ab"[row.argmax()] if row.any() else " " for row in decision)


def decided(viterbi, evidence, fps, exclusive=True):
    return viterbi.decode([evidence], [fps], exclusive=exclusive)[0]


def test_a_cost_in_nat_seconds():
    # At 10 fps, 3 frames that say 1 nat make 0.3 nat seconds, for two switches of 0.1 or 0.2.
    evidence = says("aaaaabbbaaaaa")
    assert text(decided(Viterbi((0.1,)), evidence, 10.0)) == "aaaaabbbaaaaa"
    assert text(decided(Viterbi((0.2,)), evidence, 10.0)) == "aaaaaaaaaaaaa"


@pytest.mark.parametrize("fps", [10.0, 50.0])
def test_costs_mean_the_same_at_every_frame_rate(fps):
    for length_s, kept in ((0.3, False), (0.5, True)):
        text_ = "a" * int(fps) + "b" * round(length_s * fps) + "a" * int(fps)
        decision = decided(Viterbi((0.2,)), says(text_), fps)
        assert decision[:, 1].any() == kept


def test_each_behaviour_has_its_cost():
    evidence = says("aaabaaa")
    # To b and back to a: 0 + 0.05 against the 0.1 of a frame; then 0 + 0.2.
    assert text(decided(Viterbi((0.05, 0.0)), evidence, 10.0)) == "aaabaaa"
    assert text(decided(Viterbi((0.2, 0.0)), evidence, 10.0)) == "aaaaaaa"


def test_behaviours_at_once_are_chains_of_their_own():
    evidence = np.array([[-2, -3], [2, 2], [2, 2], [-1, -3], [2, -3], [2, -3]], dtype=float)
    decision = decided(Viterbi((0.15, 0.25)), evidence, 10.0, exclusive=False)
    # First: 0.8 less the 0.1 of the frame between, and one switch (it never ends) of 0.15.
    assert decision[:, 0].tolist() == [False, True, True, True, True, True]
    # Second: 0.4 for two switches of 0.25.
    assert not decision[:, 1].any()


def test_nothing_is_chosen_where_nothing_is_known_and_the_path_crosses():
    evidence = says("aa   aa")
    evidence[2:5] = np.nan
    assert text(decided(Viterbi((0.1,)), evidence, 10.0)) == "aa   aa"
    both = decided(Viterbi((0.1,)), evidence, 10.0, exclusive=False)
    assert not both[2:5].any()


def test_a_class_without_probability_is_not_chosen():
    evidence = says("aabbaa")
    evidence[2:4, 1] = np.nan
    assert text(decided(Viterbi(), evidence, 10.0)) == "aaaaaa"


def test_as_many_costs_as_behaviours():
    with pytest.raises(InputError, match="costs of switching"):
        decided(Viterbi((1.0, 1.0, 1.0)), says("ab"), 10.0)
