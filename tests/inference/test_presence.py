import numpy as np

from nuzzle.inference.presence import LOST_S, lost, present
from nuzzle.labels import Pair
from nuzzle.recording import Recording


def rec(position, fps):
    names = ["a", "b", "c"]
    return Recording.from_arrays("r", position, keypoints=["nose"], individuals=names, fps=fps)


def test_an_animal_is_lost_where_it_has_no_point_for_long():
    position = np.zeros((45, 2, 1, 3))
    position[3:15, ..., 1] = np.nan  # 4 s
    position[20:, ..., 0] = np.nan  # as long as is too long
    recording = rec(position, fps=25 / LOST_S)
    gone = lost(recording)
    assert gone[:, 0].tolist() == [False] * 20 + [True] * 25
    assert not gone[:, 1:].any()
    assert present(recording, Pair("b", "a")).tolist() == [True] * 20 + [False] * 25
    assert present(recording, Pair("b", "c")).all()


def test_an_animal_that_is_never_seen_is_lost_in_the_shortest_recording():
    assert lost(rec(np.full((10, 2, 1, 3), np.nan), fps=10.0)).all()
