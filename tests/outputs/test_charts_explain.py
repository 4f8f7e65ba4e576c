import numpy as np
import pytest

from nuzzle.outputs.charts_explain import label_heights


def test_labels_of_a_side_do_not_cover_each_other():
    right = np.array([0.2, 0.1, -0.1, 0.0])
    forward = np.array([0.05, 0.0, 0.05, 1.0])
    # A label takes 0.07 of the length: the first moves above the second; the third is elsewhere.
    assert label_heights(right, forward) == pytest.approx([0.07, 0.0, 0.05, 1.0])


def test_a_label_that_moves_moves_the_next():
    heights = label_heights(np.zeros(4), np.array([10.0, 0.0, 0.0, 1.0]))
    assert heights == pytest.approx([10.0, 0.0, 0.7, 1.4])
