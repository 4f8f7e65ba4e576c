import numpy as np

from nuzzle.decoding.argmax import argmax

PROBABILITY = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.4, 0.4, 0.2]])


def test_the_largest_is_chosen_and_the_first_of_equals():
    assert argmax(PROBABILITY).argmax(axis=1).tolist() == [1, 0, 0]
    assert (argmax(PROBABILITY).sum(axis=1) == 1).all()


def test_what_was_not_looked_for_cannot_be_chosen():
    observed = np.array([[True, False, True], [False, False, False], [False, True, True]])
    assert argmax(PROBABILITY, observed).argmax(axis=1).tolist() == [2, 0, 1]


def test_missing_probabilities_choose_nothing():
    probability = np.array([[np.nan, np.nan], [np.nan, 0.1]])
    assert argmax(probability).tolist() == [[False, False], [False, True]]
