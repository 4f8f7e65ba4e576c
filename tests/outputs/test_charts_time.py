import pandas as pd
import pytest

from nuzzle.outputs.charts_time import Bar, bout_durations, time_bars

COLOURS = {"attack": "#123456"}


def test_the_pair_is_read_whatever_the_length_of_the_name():
    name = "a_recording_with_a_name_of_more_than_forty_letters"
    drawn = str(
        time_bars([Bar(name, "", {"attack": 10.0}, " · black → white")], ["attack"], COLOURS)
    )
    assert "… · black → white" in drawn
    assert f"{name} · black → white</title>" in drawn


@pytest.mark.parametrize(("durations", "filled"), [([2.0], True), ([0.2, 2.0, 20.0], False)])
def test_the_dot_of_a_single_bout_is_not_hollow(durations, filled):
    bouts = pd.DataFrame({"behaviour": "attack", "duration_s": durations})
    drawn = str(bout_durations(bouts, None, ["attack"], COLOURS))
    (dot,) = [part for part in drawn.split("<") if part.startswith("circle")]
    assert ('fill="#123456"' in dot) == filled
    assert ('class="median"' in dot) != filled
