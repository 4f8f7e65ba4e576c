import matplotlib.pyplot as plt
import numpy as np
import pytest

from nuzzle.outputs.charts_explain import bodies, column_bars, label_places, save
from nuzzle.skeleton import Skeleton


def test_labels_of_a_side_do_not_cover_each_other():
    right = np.array([0.2, 0.1, -0.1, 0.0])
    forward = np.array([0.05, 0.0, 0.05, 1.0])
    # A label takes 0.07 of the length: the first moves above the second; the third is elsewhere.
    assert label_places(right, forward)[:, 1] == pytest.approx([0.07, 0.0, 0.05, 1.0])


def test_a_label_that_moves_moves_the_next():
    places = label_places(np.zeros(4), np.array([10.0, 0.0, 0.0, 1.0]))
    assert places[:, 1] == pytest.approx([10.0, 0.0, 0.7, 1.4])


def test_of_points_about_as_high_the_outer_one_keeps_its_height():
    places = label_places(np.array([0.1, 0.4, 0.0]), np.array([0.0, 0.02, 1.0]))
    assert places[:, 1] == pytest.approx([0.09, 0.02, 1.0])


def test_a_name_is_drawn_as_it_is_written(tmp_path):
    """Two dollar signs would make it mathematics, here such as cannot be read."""
    rows = [{"column": "p$^$q", "family": "x$_$", "mean_abs_shap": 1.0}]
    figure = column_bars(rows, "m$x_$&nt")
    assert save(figure, tmp_path / "bars.png").stat().st_size > 0
    assert not figure.axes[0].title.get_parse_math()


def test_labels_stand_beside_all_points():
    """By two heights of a label, 0.14 of the length."""
    right = np.array([0.3, 0.0, -0.2])
    places = label_places(right, np.array([0.0, 0.5, 1.0]))
    assert places[:, 0] == pytest.approx([0.3 + 0.14, 0.3 + 0.14, -0.2 - 0.14])


def test_keypoints_on_one_line_have_room():
    line = np.stack([np.array([0.0, 1.0, 2.0]), np.zeros(3)], axis=1)
    skeleton = Skeleton(("nose", "body", "tail"), "nose", "tail", ("body",))
    figure = bodies(np.full((2, 3), 1 / 6), np.stack([line, line]), skeleton, ["a", "b"], "sniff")
    for axes in figure.axes[:2]:
        low, high = axes.get_xlim()
        assert high - low == pytest.approx(0.6 * 2.0) and low == pytest.approx(-high)
    plt.close(figure)
