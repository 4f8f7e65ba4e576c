import numpy as np
import pytest

from nuzzle.evaluation.bouts import bout_f1, count_bouts, edit_score, match_bouts


def bouts(*pairs):
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def test_intersection_over_union_by_hand():
    matches = match_bouts(bouts((0, 10), (20, 30)), bouts((5, 15), (20, 30), (40, 41)))
    assert list(zip(matches.true, matches.predicted, matches.iou, strict=True)) == [
        (1, 1, 1.0),
        (0, 0, 5 / 15),
    ]


def test_a_bout_is_matched_once_and_the_better_overlap_wins():
    split = match_bouts(bouts((0, 10)), bouts((0, 3), (4, 10)))
    assert split.predicted.tolist() == [1]
    merged = match_bouts(bouts((0, 3), (4, 10)), bouts((0, 10)))
    assert merged.true.tolist() == [1]
    assert merged.iou.tolist() == [0.6]


def test_touching_bouts_do_not_overlap_and_nothing_matches_nothing():
    assert len(match_bouts(bouts((0, 5)), bouts((5, 9))).iou) == 0
    assert len(match_bouts(bouts(), bouts((5, 9))).iou) == 0
    assert len(match_bouts(bouts((5, 9)), bouts()).iou) == 0


def test_counts_at_each_threshold(scored):
    # attack: true [0, 10), predicted [5, 10): overlap 5 of 10, a match at exactly 0.5.
    # mount: true [12, 20), predicted [18, 20): 2 of 8, a match at 0.1 and at exactly 0.25.
    truth = "aaaaaaaaaa..mmmmmmmm"
    predicted = ".....aaaaa........mm"
    counts = count_bouts(scored(truth, predicted, fps=10))
    assert counts.matched[:2].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert counts.true.tolist() == [1, 1, 1]
    assert counts.predicted.tolist() == [1, 1, 2]
    assert counts.onset_error_s[0].tolist() == [0.5]
    assert counts.offset_error_s[0].tolist() == [0.0]
    assert counts.onset_error_s[1].tolist() == pytest.approx([0.6])
    assert counts.edit_score == 1.0


def test_bouts_are_cut_where_nobody_looked(scored):
    counts = count_bouts(scored("aaaaa", "aaaaa", unobserved=[2]))
    assert counts.true[0] == counts.predicted[0] == counts.matched[0, 2] == 2


def test_bout_f1_by_hand():
    matched = np.array([[3, 2, 1], [0, 0, 0], [0, 0, 0]])
    score = bout_f1(matched, np.array([4, 2, 0]), np.array([6, 0, 5]))
    np.testing.assert_allclose(score[0], [0.6, 0.4, 0.2])
    assert np.isnan(score[1]).all()
    assert score[2].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("true", "predicted", "expected"),
    [
        ("abc", "abc", 1.0),
        ("abc", "", 0.0),
        ("", "a", 0.0),
        ("ab", "ba", 0.0),
        ("abab", "aab", 0.75),
        ("kitten", "sitting", 1 - 3 / 7),
        ("a", "aaaa", 0.25),
    ],
)
def test_edit_score_by_hand(true, predicted, expected):
    codes = [
        np.array([ord(letter) for letter in text], dtype=np.int64) for text in (true, predicted)
    ]
    assert edit_score(*codes) == pytest.approx(expected)


def test_edit_score_of_nothing_is_undefined(scored):
    assert np.isnan(count_bouts(scored("...", "...")).edit_score)


def test_edit_score_takes_bouts_in_time_order_without_the_background(scored):
    # Truth: mount, attack, mount. Prediction: mount, attack. One deletion among three.
    assert count_bouts(scored("m.aa.m", "m.aa..")).edit_score == pytest.approx(2 / 3)
