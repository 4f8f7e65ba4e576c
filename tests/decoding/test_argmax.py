import numpy as np

from nuzzle.decoding.argmax import argmax

PROBABILITY = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.4, 0.4, 0.2]])


def test_the_largest_is_chosen_and_the_first_of_equals():
    assert argmax(PROBABILITY).argmax(axis=1).tolist() == [1, 0, 0]
    assert (argmax(PROBABILITY).sum(axis=1) == 1).all()


def test_missing_probabilities_are_not_chosen():
    probability = np.array([[np.nan, np.nan], [np.nan, 0.1]])
    assert argmax(probability).tolist() == [[False, False], [False, True]]
