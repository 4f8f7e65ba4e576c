import numpy as np
import pytest

from nuzzle.decoding.coarse import coarse, step_means


def test_coarse_time_by_hand(scored):
    truth = np.zeros((8, 2), dtype=bool)
    truth[4:, 0] = True
    truth[:, 1] = ~truth[:, 0]
    probability = np.stack([np.arange(8) / 10, 1 - np.arange(8) / 10], axis=1)
    pair = scored(truth, probability, fps=30.0)
    third = coarse(pair)
    assert third.fps == 10.0
    assert third.probability[:, 0] == pytest.approx([0.1, 0.4])  # frames 0-2 and 3-5
    assert third.truth[:, 0].tolist() == [False, True]  # frames 1 and 4
    assert coarse(third) is third


def test_truth_between_two_frames_is_neither_late_nor_early(scored):
    # One behaviour lasts 4, 5, 6 and 7 of 10 frames, the other the rest: so do steps, on average.
    kept = []
    for end in range(4, 8):
        truth = np.zeros((10, 2), dtype=bool)
        truth[:end, 0] = True
        truth[end:, 1] = True
        kept.append(coarse(scored(truth, truth.astype(float), fps=20.0)).truth.sum(axis=0) * 2)
    assert np.mean(kept, axis=0).tolist() == [5.5, 4.5]


def test_what_is_not_known_weighs_nothing_in_a_step():
    known = np.array([[0.2], [np.nan], [np.nan], [np.nan], [0.9]])
    assert step_means(known, 2) == pytest.approx(np.array([[0.2], [np.nan]]), nan_ok=True)
