import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from nuzzle.evaluation import Evaluation, ScoredPair, evaluate
from nuzzle.evaluation.decisions import DecodingEffect, Truth
from nuzzle.evaluation.evaluate import headline
from nuzzle.evaluation.uncertainty import measure_uncertainty
from nuzzle.labels import Pair


def random_pair(name: str, seed: int, n_frames: int = 600, group: str = "") -> ScoredPair:
    """Three classes in runs of ten frames, probabilities that lean to the truth."""
    rng = np.random.default_rng(seed)
    classes = np.repeat(rng.integers(0, 3, n_frames // 10), 10)
    truth = np.eye(3, dtype=bool)[classes]
    odds = np.exp(rng.normal(size=(n_frames, 3)) + truth)
    probability = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return ScoredPair(
        name,
        group,
        Pair("black", "white"),
        30.0,
        ("attack", "mount", "other"),
        "other",
        True,
        truth,
        np.ones_like(truth),
        np.eye(3, dtype=bool)[probability.argmax(axis=1)],
        probability,
    )


@pytest.fixture(scope="module")
def pairs():
    return [random_pair(f"recording{seed}", seed) for seed in range(6)]


@pytest.fixture(scope="module")
def evaluation(pairs):
    return evaluate(pairs, bootstrap=200)


def test_frame_scores_equal_the_reference(pairs, evaluation):
    truth = np.concatenate([pair.truth for pair in pairs]).argmax(axis=1)
    predicted = np.concatenate([pair.predicted for pair in pairs]).argmax(axis=1)
    expected = f1_score(truth, predicted, average=None)
    np.testing.assert_allclose([each.f1.value for each in evaluation.behaviours], expected)
    assert evaluation.macro_f1.value == pytest.approx(expected[:2].mean())
    assert evaluation.macro_f1_with_background.value == pytest.approx(expected.mean())
    assert np.array_equal(evaluation.confusion, confusion_matrix(truth, predicted))


def test_macros_by_hand(scored):
    # attack: tp 1, fn 1, fp 0: 2/3. mount: perfect: 1. other: tp 1, fp 1: 2/3.
    result = evaluate([scored("aam.", "a.m.")])
    assert result["attack"].f1.value == pytest.approx(2 / 3)
    assert result["attack"].precision.value == 1.0
    assert result["attack"].recall.value == 0.5
    assert result.macro_f1.value == pytest.approx(5 / 6)
    assert result.macro_f1_with_background.value == pytest.approx(7 / 9)
    assert result.macro_bout_f1["0.5"].value == 1.0
    assert result["attack"].bout_count_ratio.value == 1.0
    assert (result["attack"].true_frames, result["attack"].true_bouts) == (2, 1)
    assert (result.scored_frames, result.unobserved_frames) == (4, 0)


def test_the_headline_is_that_of_the_whole_evaluation(pairs, evaluation):
    whole = evaluation.macro_f1, evaluation.mean_average_precision, evaluation.macro_bout_f1["0.5"]
    assert headline(pairs) == tuple(figure.value for figure in whole)


def test_intervals_hold_the_value(evaluation):
    for score in evaluation.behaviours:
        for figure in (score.precision, score.recall, score.f1, score.average_precision):
            assert figure.low < figure.value < figure.high
    for figure in (
        evaluation.macro_f1,
        evaluation.mean_average_precision,
        evaluation.macro_bout_f1["0.1"],
        evaluation.edit_score,
    ):
        assert figure.low < figure.value < figure.high


def test_draws_without_a_behaviour_are_not_averages_of_the_others(scored):
    # attack: 2 tp, 2 fn in each: 2/3. mount, in one group of three: missed, 0.
    pairs = [
        scored(truth, "aa......", recording=truth) for truth in ("aaaa....", "aaaa.mm.", ".aaaa...")
    ]
    pairs[2] = scored(".aaaa...", ".aa.....", recording="three")
    result = evaluate(pairs)
    for figure in (result.macro_f1, result.mean_average_precision, result.macro_bout_f1["0.5"]):
        assert figure.low <= figure.value <= figure.high
    assert result.macro_f1.value == pytest.approx(1 / 3)
    assert (result.macro_f1.low, result.macro_f1.high) == pytest.approx((1 / 3, 1 / 3))
    assert result.macro_bout_f1["0.5"].high == pytest.approx(0.5)
    assert [note for note in result.notes if "one group of recordings only: mount." in note]
    assert not any("'attack'" in note for note in result.notes)


def test_same_seed_same_figures(pairs, evaluation):
    assert evaluate(pairs, bootstrap=200).to_dict() == evaluation.to_dict()
    other = evaluate(pairs, bootstrap=200, seed=1)
    assert other.macro_f1.value == evaluation.macro_f1.value
    assert other.macro_f1.low != evaluation.macro_f1.low


def test_unobserved_frames_have_no_effect(pairs):
    half = pairs[0]
    observed = half.observed.copy()
    observed[300:] = False
    nonsense = half.predicted.copy()
    nonsense[300:] = ~nonsense[300:]
    noise = half.probability.copy()
    noise[300:] = np.nan
    one = evaluate([replace(half, observed=observed)])
    two = evaluate([replace(half, observed=observed, predicted=nonsense, probability=noise)])
    assert one.to_dict() == two.to_dict()
    assert (one.scored_frames, one.unobserved_frames) == (300, 300)


def test_a_behaviour_that_does_not_occur_is_left_out_and_said(scored):
    result = evaluate([scored("aa..", "aam.")])
    assert np.isnan(result["mount"].f1.value)
    assert np.isnan(result["mount"].average_precision.value)
    assert result["mount"].precision.value == 0.0
    assert result.macro_f1.value == result["attack"].f1.value == 1.0
    assert any("Without a frame in what is scored" in note for note in result.notes)
    assert result.to_dict()["behaviours"][1]["f1"] == {"value": None, "low": None, "high": None}


def test_a_behaviour_that_nobody_looked_for_is_said(scored):
    pair = scored("aa..", "aa..")
    pair.observed[:, 1] = False
    (note,) = (note for note in evaluate([pair]).notes if note.startswith("Not looked for"))
    assert note.endswith("left out of the macro averages: mount.")


def test_one_group_has_no_interval_and_a_note(scored):
    result = evaluate(
        [scored("aa.", "a..", recording=name, group="mouse7") for name in ("one", "two")]
    )
    assert result.groups == 1
    assert np.isnan(result.macro_f1.low)
    assert any("one group" in note for note in result.notes)


def test_pairs_of_a_recording_are_resampled_together(scored):
    both = [
        scored("aa.", "a..", recording="one"),
        scored("aa.", "aa.", recording="one", pair=Pair("white", "black")),
        scored("a..", "a..", recording="two"),
    ]
    result = evaluate(both)
    assert result.groups == 2
    assert any("only 2 groups" in note for note in result.notes)
    assert [each.recording for each in result.recordings] == ["one", "two"]
    assert result.recordings[0].f1["attack"] == pytest.approx(6 / 7)
    assert result["attack"].recordings == 2


def test_overlapping_behaviours_have_no_confusion_matrix(scored):
    result = evaluate([scored("aam.", "aam.", exclusive=False, background=None)])
    assert result.confusion is None
    assert np.isnan(result.top_label_ece)
    assert np.isnan(result.macro_f1_with_background.value)
    assert result.macro_f1.value == 1.0


def test_edges_in_seconds(scored):
    result = evaluate([scored("..aaaaaa..", "...aaaaaaa", fps=20)])
    assert result["attack"].onset_error_s == pytest.approx(0.05)
    assert result["attack"].offset_error_s == pytest.approx(0.10)
    assert np.isnan(result["mount"].onset_error_s)


def test_json_there_and_back(evaluation, scored):
    for result in (evaluation, evaluate([scored("aa..", "am..")])):
        values = result.to_dict()
        text = json.dumps(values, allow_nan=False)
        assert Evaluation.from_dict(json.loads(text)).to_dict() == values


def test_what_is_undefined_comes_back_as_such(scored):
    pairs = [scored("aa..", "aa.."), scored("aa..", "a...", recording="two")]
    truth = Truth(pairs)
    sure = measure_uncertainty(pairs, pairs, None, promised=None, how="held out")
    result = replace(
        evaluate(pairs, bootstrap=0),
        decoding=DecodingEffect(*(truth.score([p.truth for p in pairs]),) * 2),
        uncertainty=replace(sure, ece_after=np.nan),
    )
    again = Evaluation.from_dict(json.loads(json.dumps(result.to_dict())))
    assert repr(again) == repr(result)  # NaN is not equal to itself
    assert np.isnan(again["mount"].onset_error_s)
    assert again.decoding.raw.frame_f1["attack"] == 1.0
    assert np.isnan(again.decoding.raw.frame_f1["mount"])
    assert np.isnan(again.uncertainty.ece_after)


def test_unknown_behaviour(evaluation):
    with pytest.raises(KeyError):
        evaluation["groom"]


def test_scores_of_each_lab_by_hand(scored):
    """North: attack 2 of 2 and one too many, mount missed. South: attack found."""
    pairs = [
        replace(scored("aa.m", "aaa.", recording="r1"), lab="north"),
        replace(scored("a...", "a...", recording="r2"), lab="south"),
        replace(scored("....", "....", recording="r3"), lab="south"),
    ]
    result = evaluate(pairs, bootstrap=0)
    north, south = result.labs
    assert (north.lab, north.recordings, north.scored_frames) == ("north", 1, 4)
    assert north.f1["attack"] == pytest.approx(0.8)
    assert north.f1["mount"] == 0.0
    assert north.macro_f1 == pytest.approx(0.4)
    assert (south.recordings, south.macro_f1) == (2, 1.0)
    assert np.isnan(south.f1["mount"]), "does not occur there, and has no part in its mean"
    assert result.mean_over_labs == pytest.approx(0.7)
    again = Evaluation.from_dict(json.loads(json.dumps(result.to_dict())))
    assert again.labs[0] == north
    assert again.mean_over_labs == pytest.approx(0.7)


def test_one_lab_has_no_scores_of_its_own(scored):
    result = evaluate([replace(scored("aa.m", "aaa."), lab="north")], bootstrap=0)
    assert result.labs == ()
    assert np.isnan(result.mean_over_labs)


@pytest.mark.parametrize("exclusive", [True, False])
def test_what_a_lab_did_not_look_for_is_not_scored(scored, exclusive):
    """South did not look for mount: what is said of it there counts nowhere."""
    north = replace(scored("am.", "am.", recording="r1", exclusive=exclusive), lab="north")
    figures = []
    for said in ("aa.", "am."):
        south = scored("aa.", said, recording="r2", exclusive=exclusive)
        south.observed[:, 1] = False
        figures.append(evaluate([north, replace(south, lab="south")], bootstrap=0))
    for result in figures:
        assert result["mount"].f1.value == 1.0
        assert result["mount"].observed_frames == 3
        assert np.isnan(result.labs[1].f1["mount"])
    assert figures[0]["attack"].f1.value == 1.0
    assert figures[1]["attack"].f1.value == pytest.approx(0.8), "and the attack is missed"
