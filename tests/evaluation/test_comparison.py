from dataclasses import replace

import numpy as np
import pytest

from nuzzle.evaluation.comparison import compare


def test_figures_and_differences_by_hand(attacks):
    # F1 of attack, 2 tp / (2 tp + fp + fn): 2 * 5 / (10 + 5) and 2 * 10 / 20.
    first = attacks("aaaaa.....", "..........")
    second = attacks("aaaaa.....", "aaaaa.....")
    said = compare([first], [second], bootstrap=0)
    attack, mount = said.behaviours
    assert attack.behaviour == "attack"
    assert attack.f1.first.value == pytest.approx(2 / 3)
    assert attack.f1.second.value == 1
    assert attack.f1.difference.value == pytest.approx(1 / 3)
    # One of two true bouts was found: 2 * 1 / (1 + 2).
    assert attack.bout_f1.difference.value == pytest.approx(1 / 3)
    assert np.isnan(mount.f1.difference.value)
    assert said.macro_f1.difference.value == attack.f1.difference.value  # mount does not occur
    assert [(each.first, each.second) for each in said.recordings] == [(1, 1), (0, 1)]
    assert (said.groups, said.frames, said.trainings) == (2, 20, (1, 1))


def test_a_draw_is_the_same_of_both(attacks):
    """Recordings differ by far more than the models, of which one is ahead in each of them."""
    first = attacks("aaaa......", ".........a", "a.........", "aaa.......", "aa........")
    second = attacks("aaaaa.....", "a.........", "aa........", "aaaa......", "aaa.......")
    said = compare([first], [second])
    macro = said.macro_f1
    assert macro.first.high > macro.second.low  # by themselves their intervals overlap
    assert macro.difference.low > 0
    assert said.ahead(macro) == 2
    back = compare([second], [first])
    assert back.ahead(back.macro_f1) == 1
    same = compare([first], [first])
    assert (same.macro_f1.difference.low, same.macro_f1.difference.high) == (0, 0)
    assert same.ahead(same.macro_f1) == 0


def test_of_few_groups_nobody_is_said_to_be_ahead(attacks):
    first, second = (attacks(*[each] * 4) for each in ("..........", "aaaaa....."))
    said = compare([first], [second])
    assert said.macro_f1.difference.low == 1
    assert said.ahead(said.macro_f1) == 0


def test_trainings_are_averaged_and_drawn_too(attacks):
    good = attacks("aaaaa.....", "aaaaa.....")
    bad = attacks("..........", "..........")
    half = attacks("aaaaa.....", "..........")
    said = compare([good, bad], [half]).macro_f1
    assert said.first.value == 0.5
    # Draws of the trainings: both good, both bad, one of each; whatever the recordings.
    assert (said.first.low, said.first.high) == (0, 1)


def test_groups_are_drawn_as_a_whole(attacks):
    pairs = [replace(each, group="g") for each in attacks("aaaaa.....", "aaa.......")]
    said = compare([pairs], [pairs])
    assert said.groups == 1
    assert np.isnan(said.macro_f1.difference.low)


def test_nobody_is_ahead_by_a_behaviour_that_few_groups_show(scored):
    """Draws without it have no figure, so its interval cannot tell."""
    truths = ["mmmmm....."] * 6 + ["aaaaam...."]

    def recordings(attack):
        said = ["mmmmm....."] * 6 + [attack]
        both = zip(truths, said, strict=True)
        return [scored(*each, recording=f"r{number}") for number, each in enumerate(both)]

    said = compare([recordings(".....m....")], [recordings("aaaaam....")])
    assert [each.groups for each in said.behaviours] == [1, 7]
    assert said.macro_f1.difference.low > 0
    assert said.rare == ["attack"]
    assert said.ahead(said.macro_f1) == 0
