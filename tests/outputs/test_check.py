import numpy as np
import pandas as pd
import pytest

from nuzzle.labels import Pair
from nuzzle.outputs.check import doubtful_stretches, longest_first
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import RecordingEntry, Run

PAIR = Pair("a", "b")
ENTRY = RecordingEntry("cage1", n_frames=10, fps=10.0, start_frame=100)
WHEN = ["start_frame", "stop_frame", "duration_s"]
WHAT = ["says", "mean_probability", "second", "second_probability"]


def test_a_stretch_is_doubtful_and_of_one_decision():
    run = Run("prediction", ("attack", "mount", "other"), "other")
    p = np.tile(np.array([0.05, 0.05, 0.9], np.float32), (10, 1))
    p[2:5] = [0.5, 0.1, 0.4]
    p[5:7] = [0.4, 0.15, 0.45]
    p[9] = np.nan
    said = np.zeros((10, 3), bool)
    said[2:6, 0] = True  # decided over its edge
    said[[0, 1, 6, 7, 8], 2] = True
    table = doubtful_stretches(ENTRY, [PairFrames(PAIR, p, said)], run)
    assert table[WHEN].to_numpy().tolist() == [[102, 106, 0.4], [106, 107, 0.1]]
    attack, other = table[WHAT].to_numpy().tolist()
    assert attack == ["attack", pytest.approx(0.475), "other", pytest.approx(0.4125)]
    assert other == ["other", pytest.approx(0.45), "attack", pytest.approx(0.4)]
    assert table[["recording", "agent", "target"]].to_numpy().tolist() == [["cage1", "a", "b"]] * 2
    assert table["start_s"].tolist() == [10.2, 10.6]


def test_behaviours_at_once_are_asked_one_by_one():
    run = Run("prediction", ("attack", "mount"), exclusive=False)
    p = np.full((10, 2), 0.1, np.float32)
    p[0:2, 0] = 0.55
    p[5:8, 1] = 0.45
    p[:, 0][4:] = np.nan
    table = doubtful_stretches(ENTRY, [PairFrames(PAIR, p, p > 0.5)], run)
    assert table[WHEN].to_numpy().tolist() == [[100, 102, 0.2], [105, 108, 0.3]]
    first, second = table[WHAT].to_numpy().tolist()
    assert first == ["attack", pytest.approx(0.55), "not attack", pytest.approx(0.45)]
    assert second == ["not mount", pytest.approx(0.55), "mount", pytest.approx(0.45)]


def test_what_was_not_looked_for_is_no_other_answer():
    run = Run("prediction", ("attack", "mount", "other"), "other")
    p = np.tile(np.array([np.nan, 0.55, 0.45], np.float32), (10, 1))
    said = np.tile([False, True, False], (10, 1))
    (row,) = doubtful_stretches(ENTRY, [PairFrames(PAIR, p, said)], run)[WHAT].to_numpy().tolist()
    assert row == ["mount", pytest.approx(0.55), "other", pytest.approx(0.45)]


def test_the_longest_comes_first_and_of_those_the_most_doubtful():
    def table(name, rows):
        frame = pd.DataFrame(rows, columns=["duration_s", "mean_probability"])
        return frame.assign(recording=name)

    both = longest_first([table("x", [(1.0, 0.5), (2.0, 0.5)]), table("y", [(1.0, 0.4)])])
    assert both["recording"].tolist() == ["x", "y", "x"]
    assert both["duration_s"].tolist() == [2.0, 1.0, 1.0]
    assert len(longest_first([])) == 0
