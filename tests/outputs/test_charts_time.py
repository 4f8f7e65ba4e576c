import re

import pandas as pd
import pytest

from nuzzle.outputs.charts_time import Bar, bout_durations, time_bars

COLOURS = {"attack": "#123456"}


def drawn_bar(*bar):
    return str(time_bars([Bar(*bar)], ["attack"], COLOURS))


def test_the_pair_is_read_whatever_the_length_of_the_name():
    name = "a_recording_with_a_name_of_more_than_forty_letters"
    drawn = drawn_bar(name, "", {"attack": 10.0}, " · black → white")
    assert ">a_recording_with_a_n…_than_forty_letters · black → white<" in drawn, "56 letters"
    assert f"{name} · black → white</title>" in drawn


@pytest.mark.parametrize(
    "pair", ["", " · black → white", " · the_resident_mouse → the_intruder_mouse"]
)
@pytest.mark.parametrize("name", ["m1", "WWWWWWWW" * 8, "mouse001_task1_annotator1" * 3])
def test_nothing_that_stands_beside_a_bar_is_cut_off(name, pair):
    """The text ends left of its bar, and is no wider than what there is: 11.5 px letters."""
    drawn = drawn_bar(name, "nuzzle", {"attack": 10.0}, pair)
    (label,) = re.findall(r'<text x="([\d.]+)"[^>]*><title>[^<]*</title>([^<]*)</text>', drawn)[:1]
    assert len(label[1]) <= 56
    assert float(label[0]) >= sum(9.2 if each in "mwW" else 6.9 for each in label[1])


def test_long_names_that_differ_in_their_middle_are_told_apart():
    names = [f"mouse_of_2024_cage{n}_DLC_resnet50_shuffle1_filtered_by_hand" for n in range(3)]
    bars = [Bar(name, "", {"attack": 10.0}, " · resident → intruder") for name in names]
    drawn = str(time_bars(bars, ["attack"], COLOURS))
    for number in range(3):
        assert f">mouse_of_2024_cage{number}_DLC" in drawn


def test_bars_without_names_take_little_room():
    boxes = re.findall(r'<rect[^>]* x="([\d.]+)"', drawn_bar("", "", {"attack": 10.0}))
    assert boxes == ["10"]


@pytest.mark.parametrize(("durations", "filled"), [([2.0], True), ([0.2, 2.0, 20.0], False)])
def test_the_dot_of_a_single_bout_is_not_hollow(durations, filled):
    bouts = pd.DataFrame({"behaviour": "attack", "duration_s": durations})
    drawn = str(bout_durations(bouts, None, ["attack"], COLOURS))
    (dot,) = [part for part in drawn.split("<") if part.startswith("circle")]
    assert ('fill="#123456"' in dot) == filled
    assert ('class="median"' in dot) != filled
