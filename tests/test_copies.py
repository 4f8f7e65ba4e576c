import itertools
import json
from dataclasses import replace

import numpy as np

from nuzzle.copies import Seen
from nuzzle.recording import Recording


def recording(name, position):
    return Recording.from_arrays(
        name, position, keypoints=["nose"], individuals=["a", "b"], fps=10.0, source=f"{name}.csv"
    )


POSES = np.random.default_rng(0).normal(size=(100, 2, 1, 2))
VIDEO, COPY = recording("video", POSES), recording("copy", POSES)
EARLY, LATE = VIDEO.slice(0, 50), VIDEO.slice(50, 100)


def test_copies_of_a_video_and_of_frames_of_it_are_known():
    seen = Seen([recording("other", POSES + 1), EARLY])
    assert seen.find(COPY) == seen.find(COPY.slice(49, 80)) == "video"
    assert seen.find(COPY.slice(10, 20)) == "video"
    assert seen.find(COPY.slice(50, 80)) is None  # other frames of the video


def test_a_file_that_was_trimmed_is_known_where_it_is_just_that_part():
    assert Seen([EARLY]).find(recording("trimmed", POSES[:50])) == "video"


def test_those_that_share_frames_with_each_other_or_with_a_third_are_together():
    """In whatever order they come: the whole copy holds the frames of both parts."""
    early, late = replace(EARLY, name="early"), replace(LATE, name="late")
    new = recording("new", POSES * 2)
    for order in itertools.permutations([early, late, COPY, new]):
        sets = Seen(order).together
        assert sorted(map(sorted, sets)) == [["copy", "early", "late"], ["new"]]
    assert sorted(map(sorted, Seen([early, late]).together)) == [["early"], ["late"]]


def test_it_survives_a_bundle():
    values = json.loads(json.dumps({"frames": 3, **Seen([EARLY]).to_dict()}))
    seen = Seen.from_dict(values)
    assert seen.find(COPY.slice(49, 80)) == "video" and seen.find(COPY.slice(50, 80)) is None
    assert Seen.from_dict({}).find(EARLY) is None
