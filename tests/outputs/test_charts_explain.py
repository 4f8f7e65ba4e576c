from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import font_manager

from nuzzle.outputs.charts_explain import bodies, column_bars, family_bars, label_places, save
from nuzzle.outputs.explain_page import ExplanationFolder
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
    assert save(figure, tmp_path / "bars.png")
    assert (tmp_path / "bars.png").stat().st_size > 0
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


def of_families(*behaviours):
    """Two families each; `distances` counts more."""
    rows = [
        {"behaviour": name, "family": family, "f1": 0.5, "f1_drop": drop, "f1_drop_low": 0.0,
         "f1_drop_high": 0.3}
        for name in ("macro", *behaviours) for family, drop in (("distances", 0.2), ("speeds", 0.1))
    ]  # fmt: skip
    return family_bars(rows, ["macro", *behaviours])


def test_panels_of_many_behaviours_stand_in_rows_of_four():
    figure = of_families(*(f"b{number}" for number in range(5)))
    shown = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title() for axes in shown][:2] == ["all (macro)\nF1 0.50", "b0\nF1 0.50"]
    places = [axes.get_subplotspec() for axes in shown]
    assert [(at.rowspan.start, at.colspan.start) for at in places] == [
        (0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1),
    ]  # fmt: skip
    assert figure.get_size_inches()[0] < 12, "8 letters of 9 points are to be read on a page"
    named = [[text.get_text() for text in axes.get_yticklabels()] for axes in shown]
    assert [bool("".join(names)) for names in named] == [True, False, False, False, True, False]


def test_titles_of_panels_do_not_meet():
    figure = of_families("W" * 90, "A_LONG_NAME_OF_MANY_CAPITALS", "x" * 90)
    figure.draw_without_rendering()
    spans = [axes.title.get_window_extent() for axes in figure.axes]
    assert all(one.x1 < other.x0 for one, other in pairwise(spans))


def test_letters_that_no_font_has_are_said_once_and_nothing_is_printed(tmp_path, monkeypatch):
    """Warnings are errors here."""
    monkeypatch.setattr(font_manager.fontManager, "get_font_names", lambda: ["DejaVu Sans"])
    folder = ExplanationFolder(tmp_path)
    for number in range(2):
        rows = [{"column": "speed", "family": "speeds", "mean_abs_shap": 1.0}]
        folder.picture("", f"shap-{number}", column_bars(rows, "攻撃"), "")
    (note,) = folder.notes
    assert "boxes" in note and "Noto Sans CJK" in note


def test_a_font_that_has_the_letters_stands_behind_the_usual_one(monkeypatch):
    monkeypatch.setattr(
        font_manager.fontManager, "get_font_names", lambda: ["IPAGothic", "Noto Sans CJK JP"]
    )
    rows = [{"column": "speed", "family": "speeds", "mean_abs_shap": 1.0}]
    fonts = column_bars(rows, "攻撃").axes[0].title.get_fontfamily()
    assert fonts[-2:] == ["Noto Sans CJK JP", "IPAGothic"] and len(fonts) == 3


def test_a_picture_opens_at_full_size(tmp_path):
    folder = ExplanationFolder(tmp_path)
    folder.picture("Families", "families", of_families("attack"), "How far F1 falls")
    folder.finish({"model": "tcn", "recordings": [], "nuzzle": "1"})
    page = (tmp_path / "index.html").read_text("utf-8")
    assert '<a href="families.png"' in page.split("<figure>")[1]
