import numpy as np
import pytest

from nuzzle.decoding.to_bouts import bout_rows
from nuzzle.errors import InputError
from nuzzle.labels import BOUT_COLUMNS, Pair

NAMES = ("attack", "mount", "other")
PAIR = Pair("black", "white")


def test_bouts_by_hand():
    predicted = np.eye(3, dtype=bool)[[1, 1, 2, 0, 0, 0, 2, 1]]
    probability = np.full((8, 3), 0.1)
    probability[[0, 1], 1] = [0.6, 0.8]
    probability[3:6, 0] = [0.5, 0.7, 0.9]
    probability[7, 1] = 0.4
    table = bout_rows(predicted, probability, NAMES, "other", PAIR, annotator="demo")
    assert list(table.columns) == [*BOUT_COLUMNS, "mean_probability"]
    assert table[["behaviour", "start_frame", "stop_frame"]].to_numpy().tolist() == [
        ["mount", 0, 2],
        ["attack", 3, 6],
        ["mount", 7, 8],
    ]
    assert table["mean_probability"].tolist() == pytest.approx([0.7, 0.7, 0.4])
    assert set(table["source"]) == {"automated"}
    assert set(table["annotator"]) == {"demo"}
    assert set(table["agent"]) == {"black"}
    assert set(table["target"]) == {"white"}


def test_overlapping_behaviours_keep_their_own_probability():
    predicted = np.array([[True, True], [True, False]])
    probability = np.array([[0.9, 0.6], [0.7, 0.2]])
    table = bout_rows(predicted, probability, ("attack", "mount"), None, PAIR)
    assert table["behaviour"].tolist() == ["mount", "attack"]
    assert table["mean_probability"].tolist() == pytest.approx([0.6, 0.8])


def test_no_bout_is_an_empty_table_with_its_columns():
    nothing = np.zeros((4, 3), dtype=bool)
    table = bout_rows(nothing, nothing.astype(float), NAMES, "other", PAIR)
    assert table.empty
    assert list(table.columns) == [*BOUT_COLUMNS, "mean_probability"]


def test_shapes_that_do_not_fit():
    with pytest.raises(InputError, match="with 3 behaviours"):
        bout_rows(np.zeros((4, 2), bool), np.zeros((4, 2)), NAMES, None, PAIR)
