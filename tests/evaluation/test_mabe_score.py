import numpy as np
import pandas as pd
import pytest

from nuzzle.errors import InputError
from nuzzle.evaluation.mabe_score import COLUMNS, mabe_score

EVERYTHING = {
    ("mouse1", "mouse2", "attack"),
    ("mouse1", "mouse2", "mount"),
    ("mouse2", "mouse1", "attack"),
    ("mouse1", "mouse3", "attack"),
    ("mouse1", "self", "rear"),
}


def rows(*lines):
    """``"v1 mouse1 mouse2 attack 0 10"`` -> a row."""
    table = pd.DataFrame([line.split() for line in lines], columns=list(COLUMNS))
    return table.astype({"start_frame": np.int64, "stop_frame": np.int64})


def score(truth, submission, whitelist=None, lab_of=None):
    videos = set(truth["video_id"])
    return mabe_score(
        truth,
        submission,
        whitelist or dict.fromkeys(videos, EVERYTHING),
        lab_of or dict.fromkeys(videos, "lab"),
    )


ATTACK = rows("v1 mouse1 mouse2 attack 0 10")


def test_perfect_attack_is_one_and_a_stray_mount_frame_makes_it_a_half():
    assert score(ATTACK, ATTACK).score == 1.0
    stray = rows("v1 mouse1 mouse2 attack 0 10", "v1 mouse1 mouse2 mount 10 11")
    assert score(ATTACK, stray).score == 0.5


def test_frames_of_a_key_are_the_union_of_its_rows():
    truth = rows("v1 mouse1 mouse2 attack 0 6", "v1 mouse1 mouse2 attack 4 10")
    counts = score(truth, rows("v1 mouse1 mouse2 attack 5 20")).per_action["lab"]["attack"]
    assert (counts.true_positive, counts.false_positive, counts.false_negative) == (5, 10, 5)
    assert counts.f == pytest.approx(2 * 5 / (2 * 5 + 5 + 10))


def test_repeated_frames_count_once():
    doubled = rows("v1 mouse1 mouse2 attack 0 10", "v1 mouse1 mouse2 attack 5 12")
    counts = score(ATTACK, doubled).per_action["lab"]["attack"]
    assert (counts.true_positive, counts.false_positive) == (10, 2)


def test_two_actions_on_one_frame_are_an_error_that_says_where():
    both = rows("v1 mouse1 mouse2 attack 0 10", "v1 mouse1 mouse2 mount 9 12")
    with pytest.raises(
        InputError, match=r"v1, mouse1 to mouse2: both 'attack' and 'mount'.*frame 9"
    ):
        score(ATTACK, both)


def test_different_targets_on_one_frame_are_allowed():
    both = rows("v1 mouse1 mouse2 attack 0 10", "v1 mouse1 mouse3 attack 0 10")
    assert score(both, both).score == 1.0


def test_a_second_action_that_nobody_looked_for_is_dropped_silently():
    both = rows("v1 mouse1 mouse2 attack 0 10", "v1 mouse1 mouse2 chase 0 10")
    result = score(ATTACK, both)
    assert result.score == 1.0
    assert result.rows_not_looked_for == 1


def test_the_whitelist_is_matched_exactly():
    whitelist = {"v1": {("mouse1", "mouse2", "attack'")}}
    result = score(ATTACK, ATTACK, whitelist)
    assert result.score == 0.0
    assert result.rows_not_looked_for == 1


def test_recordings_without_truth_are_ignored():
    more = pd.concat([ATTACK, rows("v9 mouse1 mouse2 attack 0 500")])
    result = score(ATTACK, more)
    assert result.score == 1.0
    assert result.rows_not_scored == 1


def test_a_key_that_was_never_predicted_is_missed_in_full():
    truth = rows("v1 mouse1 mouse2 attack 0 10", "v1 mouse2 mouse1 attack 50 60")
    counts = score(truth, ATTACK).per_action["lab"]["attack"]
    assert (counts.true_positive, counts.false_negative) == (10, 10)
    assert counts.f == pytest.approx(2 / 3)


def test_frames_are_pooled_over_recordings_before_the_ratio():
    truth = rows("v1 mouse1 mouse2 attack 0 10", "v2 mouse1 mouse2 attack 0 90")
    result = score(truth, rows("v2 mouse1 mouse2 attack 0 90"))
    assert result.score == pytest.approx(180 / 190)


def test_labs_weigh_the_same_whatever_their_size():
    truth = rows(
        "v1 mouse1 mouse2 attack 0 10",
        "v2 mouse1 mouse2 attack 0 9000",
        "v2 mouse1 self rear 0 9000",
    )
    submission = rows("v1 mouse1 mouse2 attack 0 10", "v2 mouse1 self rear 0 9000")
    result = score(truth, submission, lab_of={"v1": "small", "v2": "large"})
    assert result.per_lab == {"large": 0.5, "small": 1.0}
    assert result.score == 0.75


def test_a_true_action_outside_the_whitelist_is_still_missed():
    truth = rows("v1 mouse1 mouse2 attack 0 10", "v1 mouse1 mouse2 bite 20 30")
    assert score(truth, ATTACK).score == 0.5


def test_empty_rows_have_no_frames_but_their_action_occurs():
    backwards = rows("v1 mouse1 mouse2 attack 0 10", "v1 mouse1 mouse2 mount 30 20")
    result = score(backwards, ATTACK)
    assert result.per_action["lab"]["mount"].false_negative == 0
    assert result.score == 0.5
    empty = rows("v1 mouse1 mouse2 attack 0 10", "v1 mouse1 mouse2 mount 5 5")
    assert score(ATTACK, empty).score == 0.5


def test_a_predicted_row_that_stops_before_its_start_is_an_error():
    wrong = rows("v1 mouse1 mouse2 attack 0 10", "v1 mouse1 mouse2 attack 30 20")
    with pytest.raises(InputError, match=r"row 1 .* frame 20, before its start at frame 30"):
        score(ATTACK, wrong)


def test_no_prediction_scores_nothing():
    assert score(ATTACK, ATTACK.iloc[:0]).score == 0.0


def test_recall_weighs_more_with_a_larger_beta():
    half = rows("v1 mouse1 mouse2 attack 0 5")
    result = mabe_score(ATTACK, half, {"v1": EVERYTHING}, {"v1": "lab"}, beta=2)
    assert result.score == pytest.approx(5 * 5 / (5 * 5 + 4 * 5))


def test_problems_are_said():
    with pytest.raises(InputError, match="truth has no rows"):
        score(ATTACK.iloc[:0], ATTACK)
    with pytest.raises(InputError, match=r"submission needs the columns.*'action'.* missing"):
        score(ATTACK, ATTACK.drop(columns="action"))
    with pytest.raises(InputError, match="lab of the recordings"):
        mabe_score(ATTACK, ATTACK, {"v1": EVERYTHING}, {"v2": "lab"})
    with pytest.raises(InputError, match="not whole numbers"):
        score(ATTACK, ATTACK.assign(start_frame=np.nan))


def test_random_intervals_equal_counting_frame_by_frame():
    rng = np.random.default_rng(3)

    def random_rows(stops):
        starts = rng.integers(0, 300, 40)
        return rows(
            *(f"v1 mouse1 mouse2 attack {s} {s + n}" for s, n in zip(starts, stops, strict=True))
        )

    truth, submission = random_rows(rng.integers(0, 12, 40)), random_rows(rng.integers(0, 12, 40))

    def frames(table):
        return {f for s, e in table[["start_frame", "stop_frame"]].to_numpy() for f in range(s, e)}

    true, predicted = frames(truth), frames(submission)
    counts = score(truth, submission).per_action["lab"]["attack"]
    assert counts.true_positive == len(true & predicted)
    assert counts.false_positive == len(predicted - true)
    assert counts.false_negative == len(true - predicted)
