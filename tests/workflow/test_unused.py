"""What of labels and keypoints has no part, said before a training."""

from dataclasses import replace

import numpy as np
import pytest

from nuzzle.config import Config, LabelsConfig
from nuzzle.labels import Labels
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.unused import overlapping, warn_of_unused

NAMES = ("agent", "target", "behaviour", "start_frame", "stop_frame", "stream")


def recording(name, *bouts, keypoints=("nose", "neck", "tail_base")):
    """Two mice of 100 frames; bouts are behaviour, start, stop and stream."""
    position = np.zeros((100, 2, len(keypoints), 2), np.float32)
    made = Recording.from_arrays(
        name, position, keypoints=keypoints, individuals=("a", "b"), fps=10.0
    )
    rows = [dict(zip(NAMES, ("a", "b", *each), strict=True)) for each in bouts]
    looked = [{**row, "start_frame": 0, "stop_frame": 100} for row in rows]
    return replace(made, labels=Labels(rows, looked, 100))


def said_of(train, *changes):
    space = LabelSpace.fit(train, LabelsConfig())
    said = []
    warn_of_unused(train, [], space, Config.load(None, ["model.name=tcn", *changes]), said.append)
    return said


def test_frames_under_another_behaviour_are_told_with_the_ways_out():
    """`mount` 0-40 is under the rarer `rear` 20-50 in 20 frames."""
    (told,) = said_of([recording("r", ("mount", 0, 40, ""), ("rear", 20, 50, ""))])
    assert "Frames of all pairs that are lost to others so: mount 20 of 40. " in told
    assert told.endswith("--set labels.mode=multilabel")
    (told,) = said_of([recording("r", ("mount", 0, 40, "S1"), ("rear", 20, 50, "S2"))])
    assert told.endswith("or choose one of the streams S1, S2 (the column stream)")
    apart = [recording("r", ("mount", 0, 40, "S1")), recording("s", ("rear", 20, 50, "S2"))]
    assert said_of(apart) == []


@pytest.mark.parametrize(
    ("hidden", "total", "told"), [(10, 20, False), (11, 20, True), (11, 220, False)]
)
def test_few_frames_and_small_shares_are_not_told(hidden, total, told):
    halves = [{"mount": (hidden, total // 2)}, {"mount": (0, total // 2), "rear": (0, 5)}]
    assert bool([*overlapping(halves)]) == told


def test_keypoints_that_not_all_have_are_told_once_unless_they_were_chosen():
    bout = ("mount", 0, 40, "")
    one = recording("one", bout, keypoints=("nose", "neck", "tail_base", "tail_tip"))
    train = [one, recording("two", bout)]
    (told,) = said_of(train)
    assert "differ in their keypoints: two lacks tail_tip. Learned from are those that all" in told
    assert said_of(train, "prepare.keypoints=[nose, neck, tail_base]") == []
    assert said_of(train, "prepare.keypoints=[nose, neck, tail_base, tail_tip]") == [told]
    assert said_of(train[1:]) == []
    assert said_of([train[1], replace(one, labels=None)]) == []
