import json
import math

import numpy as np
import pytest

from nuzzle.errors import InputError
from nuzzle.evaluation import ScoredPair
from nuzzle.evaluation.conformal import (
    Conformal,
    fit_conformal,
    group_quantile,
    nonconformity,
    prediction_sets,
    unsure,
)
from nuzzle.evaluation.uncertainty import score_sets
from nuzzle.labels import Pair


def recordings(rng, n, n_frames=300, *, exclusive=True, spread=1.0):
    """Recordings in which frames depend on each other: each has a difficulty of its own."""
    pairs = []
    for index in range(n):
        truth = np.eye(3, dtype=bool)[rng.integers(3, size=n_frames // 10).repeat(10)]
        skill = np.exp(spread * rng.normal())
        logits = skill * truth + rng.normal(size=truth.shape)
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        if not exclusive:
            p = 1 / (1 + np.exp(0.5 * skill - logits))
        pairs.append(
            ScoredPair(
                f"r{index}",
                "",
                Pair("a", "b"),
                30.0,
                ("x", "y", "z"),
                "z" if exclusive else None,
                exclusive,
                truth,
                np.ones_like(truth),
                truth,
                p.astype(np.float32),
            )
        )
    return pairs


def measured_on(conformal, pairs):
    return score_sets(pairs, [conformal.sets(pair.probability) for pair in pairs], 0.9)


def test_scores_and_sets_by_hand():
    said = np.array([[0.2, 0.7, 0.1]])
    assert nonconformity(said)[0] == pytest.approx([0.8, 0.3, 0.9])
    assert prediction_sets(said, 0.8).tolist() == [[True, True, False]]
    assert prediction_sets(said, 0.2).tolist() == [[False, False, False]]
    assert prediction_sets(said, math.inf).all()
    assert not prediction_sets(np.full((1, 3), np.nan), 0.9).any()


def test_unsure_is_none_or_several_or_another_than_was_decided():
    sets = np.array([[[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0]]], dtype=bool)
    decided = np.tile(np.array([True, False, False]), (4, 1))
    assert unsure(sets, decided, True).tolist() == [
        [each] * 3 for each in (False, True, True, True)
    ]


def test_quantile_by_hand():
    """Groups weigh 1/4 each, however long; 1/4 is the unknown group's, at infinity."""
    scores = {
        "long": np.array([0.1, 0.2, 0.3, 0.4]),  # 1/16 each
        "short": np.array([0.5]),  # 1/4
        "middle": np.array([0.6, 0.7]),  # 1/8 each
    }
    assert group_quantile(scores, 1 - 1 / 16) == 0.1
    assert group_quantile(scores, 0.75) == 0.4
    assert group_quantile(scores, 0.5) == 0.5
    assert group_quantile(scores, 0.375) == 0.6
    assert group_quantile(scores, 0.25) == 0.7
    assert group_quantile(scores, 0.24) == math.inf
    assert group_quantile({}, 0.5) == math.inf


def test_one_recording_a_group_of_one_frame_is_the_textbook():
    """With single frames it is split conformal: the ceil((n + 1)(1 - alpha)) smallest score."""
    rng = np.random.default_rng(0)
    scores = rng.random(99)
    groups = {str(index): score[None] for index, score in enumerate(scores)}
    assert group_quantile(groups, 0.1) == np.sort(scores)[89]


@pytest.mark.parametrize("exclusive", [True, False])
def test_coverage_on_new_dependent_recordings(exclusive):
    """Mean over calibrations of the coverage on new recordings: at least what was promised."""
    rng = np.random.default_rng(0)
    coverages = []
    for _ in range(12):
        fitted = fit_conformal(recordings(rng, 30, exclusive=exclusive), 0.2)
        measured = measured_on(fitted, recordings(rng, 60, exclusive=exclusive))
        coverages.append(measured.coverage.value)
    assert 0.8 - 0.015 < np.mean(coverages) < 0.8 + 2 / 31 + 0.015


def test_a_quantile_over_frames_would_promise_too_much():
    """The reason for weighing recordings: long easy ones must not drown short hard ones."""
    rng = np.random.default_rng(0)
    shortfall = []
    for _ in range(20):
        easy, hard = recordings(rng, 10, 600, spread=0), recordings(rng, 10, 60, spread=0)
        easy = [
            ScoredPair(
                **{**vars(pair), "recording": f"e{i}", "probability": pair.truth * 0.98 + 0.01}
            )
            for i, pair in enumerate(easy)
        ]
        fitted = fit_conformal([*easy, *hard], 0.2)
        pooled = np.concatenate([nonconformity(p.probability)[p.truth] for p in (*easy, *hard)])
        naive = Conformal(True, 0.2, (float(np.quantile(pooled, 0.8)),), 20)
        both = [measured_on(each, [*easy, *hard]).coverage.value for each in (fitted, naive)]
        shortfall.append(both)
    ours, naive_coverage = np.mean(shortfall, axis=0)
    assert ours >= 0.8
    assert naive_coverage < 0.7


def test_few_groups_promise_nothing():
    rng = np.random.default_rng(0)
    fitted = fit_conformal(recordings(rng, 8), 0.1)  # 8 < 1 / 0.1 - 1
    assert fitted.quantiles == (math.inf,)
    assert fitted.groups == 8
    measured = measured_on(fitted, recordings(rng, 2))
    assert (measured.coverage.value, measured.sure.value) == (1, 0)


def test_measured_by_hand(scored):
    said = [[0.8, 0.1, 0.1], [0.45, 0.45, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]
    pair = scored("amma", "aama", probability=said, unobserved=[3])
    conformal = Conformal(True, 0.1, (0.6,), 20)
    measured = measured_on(conformal, [pair])
    # Sets: {attack}, {attack, mount}, {other} where mount was decided; the last is not scored.
    assert measured.coverage.value == pytest.approx(2 / 3)
    assert measured.sure.value == pytest.approx(1 / 3)
    shares = {name: each.value for name, each in measured.by_behaviour.items()}
    assert shares == {"attack": 1.0, "mount": 0.5, "other": pytest.approx(np.nan, nan_ok=True)}
    marked = conformal.unsure(pair.probability, pair.predicted)
    assert marked.tolist() == [[each] * 3 for each in (False, True, True, False)]


def test_behaviours_at_once_are_questions_of_their_own():
    conformal = Conformal(False, 0.1, (0.3, 0.6), 20)
    said = np.array([[0.8, 0.5], [0.5, 0.9]])
    # Sets of the first: {on}, {on, off}; of the second: {}, {on}.
    assert conformal.unsure(said, said > 0.4).tolist() == [[False, True], [True, False]]
    assert conformal.unsure(said, said > 0.85).tolist() == [[True, True], [True, False]]


def test_round_trip_through_json():
    for quantiles in ((0.5,), (math.inf,)):
        conformal = Conformal(True, 0.1, quantiles, 12)
        assert Conformal.from_dict(json.loads(json.dumps(conformal.to_dict()))) == conformal


def test_what_cannot_be_done_is_refused(scored):
    pair = scored("aa", "aa")
    for alpha in (0.0, 1.0):
        with pytest.raises(InputError, match="lies between 0 and 1"):
            fit_conformal([pair], alpha)
    with pytest.raises(InputError, match="Nothing was observed"):
        measured_on(Conformal(True, 0.1, (0.5,), 9), [scored("aa", "aa", unobserved=[0, 1])])
