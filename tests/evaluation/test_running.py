import numpy as np

from nuzzle.evaluation.running import RunningTotal


def test_sums_and_means_by_hand():
    total = RunningTotal(np.array([1.0, 3.0, np.nan, 8.0]))
    start, stop = np.array([0, 1, 2, 0]), np.array([2, 4, 3, 4])
    np.testing.assert_array_equal(total.sums(start, stop), [4, 11, 0, 12])
    np.testing.assert_array_equal(total.means(start, stop), [2, 5.5, np.nan, 4])


def test_beyond_the_ends_there_is_nothing():
    total = RunningTotal(np.array([2.0, 4.0]))
    start, stop = np.array([-3, 1, 5]), np.array([1, 9, 7])
    np.testing.assert_array_equal(total.sums(start, stop), [2, 4, 0])
    np.testing.assert_array_equal(total.means(start, stop), [2, 4, np.nan])


def test_frames_of_a_mask_are_counted():
    mask = np.array([True, True, False, True])
    assert RunningTotal(mask).sums(np.array([0, 2]), np.array([3, 4])).tolist() == [2, 1]
