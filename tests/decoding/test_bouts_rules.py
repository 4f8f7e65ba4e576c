import math

import numpy as np
import pytest

from nuzzle.decoding.bouts_rules import BoutRules
from nuzzle.errors import InputError

LETTERS = "ab."


def mask(text):
    """``a``, ``b``, background ``.``; a blank is a frame without any class."""
    return np.array([[letter == each for each in LETTERS] for letter in text])


def text(decision):
    assert (decision.sum(axis=1) <= 1).all()
    return "".join(LETTERS[row.argmax()] if row.any() else " " for row in decision)


def exclusive(before, *, min_bout_s=(0.0,), max_gap_s=(0.0,), background=2, fps=10.0):
    rules = BoutRules(min_bout_s, max_gap_s)
    return text(rules(mask(before), fps, exclusive=True, background=background))


def test_short_bouts_become_background():
    assert exclusive("..aaa..a..bb.", min_bout_s=(0.3,)) == "..aaa........"


def test_a_bout_of_exactly_the_minimum_stays():
    assert exclusive(".aaa.aa.", min_bout_s=(0.1,), fps=30.0) == ".aaa....".replace(" ", ".")


def test_rates_of_ntsc_count_as_those_they_stand_for():
    for fps in (30.0, 29.97):
        assert exclusive(".aa......aa.", max_gap_s=(0.2,), fps=fps) == ".aaaaaaaaaa."


def test_each_behaviour_has_its_minimum():
    assert exclusive(".aa.bb.", min_bout_s=(0.3, 0.2, 0.0)) == "....bb."


def test_an_interruption_by_something_short_is_undone():
    assert exclusive("aaabaaa", min_bout_s=(0.2,)) == "aaaaaaa"
    assert exclusive("aaab...", min_bout_s=(0.2,)) == "aaa...."
    assert exclusive("aaab.b.aaa", min_bout_s=(0.2,)) == "aaa....aaa"


def test_several_short_ones_in_a_row_are_one_hole():
    assert exclusive("aaababbbb", min_bout_s=(0.2,)) == "aaa..bbbb"
    assert exclusive("aaababaaa", min_bout_s=(0.2,)) == "aaaaaaaaa"


def test_short_background_between_bouts_of_one_behaviour_is_closed():
    assert exclusive("aa.aa..aa.bb", max_gap_s=(0.1,)) == "aaaaa..aa.bb"


def test_gaps_are_closed_before_short_bouts_are_dropped():
    assert exclusive(".a.a.a.", min_bout_s=(0.4,), max_gap_s=(0.1,)) == ".aaaaa."


def test_background_has_no_minimum():
    assert exclusive("aaa.bbb", min_bout_s=(0.2,)) == "aaa.bbb"


def test_nothing_is_closed_over_frames_without_a_class():
    assert exclusive("aa aa", max_gap_s=(1.0,)) == "aa aa"
    assert exclusive("aa b aa", min_bout_s=(0.2,)) == "aa . aa"


def test_without_background_the_class_before_takes_over():
    assert exclusive("aaabaaa", min_bout_s=(0.2,), background=None) == "aaaaaaa"
    assert exclusive("baaab", min_bout_s=(0.2,), background=None) == "aaaaa"
    assert exclusive("aaab.bb", min_bout_s=(0.2,), background=None) == "aaaaabb"
    assert exclusive("ab", min_bout_s=(0.2,), background=None) == "ab"  # nothing else to be had


def test_at_once_each_behaviour_goes_by_itself():
    decision = np.array([[1, 0], [0, 1], [1, 0], [1, 1], [0, 0], [0, 0], [1, 0]], dtype=bool)
    after = BoutRules((0.2,), (0.1, 0.0))(decision, 10.0, exclusive=False)
    assert after[:, 0].tolist() == [True, True, True, True, False, False, False]
    assert not after[:, 1].any()


def test_no_rules_change_nothing():
    decision = mask("a.b.a")
    assert BoutRules()(decision, 10.0, exclusive=True, background=2) is decision


def test_no_frames():
    nothing = np.zeros((0, 3), dtype=bool)
    for kind in (True, False):
        assert BoutRules((1.0,), (1.0,))(nothing, 10.0, exclusive=kind).shape == (0, 3)


def test_applying_rules_to_a_single_behaviour_twice_changes_nothing_more():
    rng = np.random.default_rng(0)
    rules = BoutRules((0.3,), (0.2,))
    once = rules(rng.random((500, 2)) < 0.5, 10.0, exclusive=False)
    assert (rules(once, 10.0, exclusive=False) == once).all()


def test_support():
    assert BoutRules((0.5, 1.0), (0.2,)).support_s(exclusive=False) == pytest.approx(1.2)
    assert BoutRules((0.0,), (0.2,)).support_s(exclusive=True) == pytest.approx(0.2)
    assert BoutRules((0.5,)).support_s(exclusive=True) == math.inf


@pytest.mark.parametrize("field", ["min_bout_s", "max_gap_s"])
def test_negative_durations_are_refused(field):
    with pytest.raises(InputError, match="seconds, zero or more"):
        BoutRules(**{field: (-1.0,)})
