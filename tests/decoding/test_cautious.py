import numpy as np

from nuzzle.decoding.cautious import most_cautious


def test_what_groups_do_not_tell_from_the_best():
    """The third is best. The second loses 1, -1 and 3 to it: 3 in sum, and the error of that is
    sqrt(3) * 2 = 3.46. The first loses 5, 4 and 6: 15, and the error is sqrt(3) * 1."""
    best = np.array([10.0, 20.0, 30.0])
    second, first = best + np.array([1, -1, 3]), best + np.array([5, 4, 6])
    assert most_cautious(np.stack([first, second, best], axis=1)) == 1
    assert most_cautious(np.stack([first, best, second], axis=1)) == 1
    assert most_cautious(np.stack([best, second, first], axis=1)) == 0


def test_where_nothing_differs_the_most_cautious():
    assert most_cautious(np.ones((4, 3))) == 0
