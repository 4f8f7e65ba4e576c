from dataclasses import replace

import numpy as np
import pytest

from nuzzle.decoding import fit_whole_bouts as fit_whole_bouts_module
from nuzzle.decoding.coarse import coarse
from nuzzle.decoding.fit_whole_bouts import _Stretches, fit_whole_bouts
from nuzzle.evaluation.decisions import Truth

BOTH = {"b0": "both"}


def flickering(scored, recordings=6, **more):
    """Bouts of 3 s whose probability flickers, and single flickers between them that are none."""
    pairs = []
    for index in range(recordings):
        rng = np.random.default_rng(index)
        truth, p = np.zeros(1000, dtype=bool), np.full(1000, 0.1)
        for start in range(20, 950, 100):
            truth[start : start + 30] = True
            p[start : start + 30] = np.where(rng.random(30) < 0.7, 0.8, 0.3)
            p[start + 60 + rng.integers(20)] = 0.8
        p = np.clip(p + 0.02 * rng.standard_normal(1000), 0.01, 0.99)
        said = np.stack([p, 1 - p], axis=1)
        labels = np.stack([truth, ~truth], axis=1)
        if more.get("exclusive") is False:
            said, labels = said[:, :1], labels[:, :1]
        pairs.append(scored(labels, said, recording=f"r{index}", **more))
    return pairs


def decided(whole, pairs):
    background = None if pairs[0].background is None else 1
    return [whole(p.to_decide, p.fps, background=background) for p in pairs]


@pytest.mark.parametrize("exclusive", [True, False])
def test_bouts_that_flicker_are_said_whole_and_flickers_are_not(scored, exclusive):
    pairs = flickering(scored, exclusive=exclusive)
    whole = fit_whole_bouts(pairs[:4], BOTH)
    truth = Truth(pairs[4:])
    by_frame = truth.score([pair.predicted for pair in pairs[4:]])
    by_bout = truth.score(decided(whole, pairs[4:]))
    assert by_frame.bout_f1["b0"] < 0.2
    assert by_bout.bout_f1["b0"] > 0.95
    assert by_bout.frame_f1["b0"] > 0.95 > by_frame.frame_f1["b0"]


def test_worth_is_what_f1_is_made_of(scored):
    pairs = flickering(scored)
    (worth,) = fit_whole_bouts(pairs, BOTH).worth.values()
    assert worth.bout == pytest.approx(1 / 60)
    assert worth.frame == pytest.approx(3 / 1800)  # frames weigh three times
    assert worth.bout_f1 > 0.8
    (worth,) = fit_whole_bouts(pairs, {"b0": "bouts"}).worth.values()
    assert worth.frame == pytest.approx(1 / 1800)


def test_of_many_stretches_every_so_many_are_learned_from(scored, monkeypatch):
    pairs = [coarse(pair) for pair in flickering(scored, recordings=3)]
    every = _Stretches.of(pairs, [0])
    monkeypatch.setattr(fit_whole_bouts_module, "_ENOUGH_STRETCHES", len(every.frames) // 4 + 1)
    thinned = _Stretches.of(pairs, [0])
    for some, values in zip(thinned, every, strict=True):
        np.testing.assert_array_equal(some, values[::4])


def test_truth_that_nobody_looked_for_teaches_nothing(scored):
    """Half of each recording was not looked at: what truth says there makes no difference."""
    learned = []
    for nonsense in (False, True):
        pairs = []
        for pair in flickering(scored):
            observed, truth = np.ones_like(pair.truth), pair.truth.copy()
            observed[500:] = False
            truth[500:] = (nonsense, not nonsense)
            pairs.append(replace(pair, observed=observed, truth=truth & observed))
        learned.append(fit_whole_bouts(pairs, BOTH))
    assert learned[0] == learned[1]


def test_where_nothing_can_be_learned_there_is_none(scored):
    pairs = flickering(scored)
    assert (
        fit_whole_bouts([replace(pair, background=None) for pair in pairs], BOTH | {"b1": "both"})
        is None
    )
    never = [replace(pair, truth=np.tile([False, True], (1000, 1))) for pair in pairs]
    assert fit_whole_bouts(never, BOTH) is None
    silent = np.tile(np.float32([0.01, 0.99]), (1000, 1))
    assert fit_whole_bouts([replace(pair, probability=silent) for pair in pairs], BOTH) is None


def test_where_nothing_was_looked_for_there_is_nothing_to_learn(scored):
    pairs = [replace(pair, observed=pair.observed & [False, True]) for pair in flickering(scored)]
    assert fit_whole_bouts(pairs, BOTH) is None
