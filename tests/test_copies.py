import json

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


def test_all_that_share_frames_go_by_the_name_of_the_first():
    seen = Seen()
    recordings = [LATE, COPY.slice(40, 60), COPY.slice(0, 30), recording("new", POSES * 2)]
    assert [seen.add(each) for each in recordings] == ["video", "video", "copy", "new"]


def test_it_survives_a_bundle():
    values = json.loads(json.dumps({"frames": 3, **Seen([EARLY]).to_dict()}))
    seen = Seen.from_dict(values)
    assert seen.find(COPY.slice(49, 80)) == "video" and seen.find(COPY.slice(50, 80)) is None
    assert Seen.from_dict({}).find(EARLY) is None
