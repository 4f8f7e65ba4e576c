from dataclasses import replace

import numpy as np
import pytest

from nuzzle.evaluation import evaluate
from nuzzle.evaluation.decisions import Counts, Truth


def test_by_hand(scored):
    pair = scored("aaaa..aa..", "aaa...a.a.")
    score = Truth([pair]).score([pair.predicted])
    # 4 of 5 frames predicted are true, 6 are true.
    assert score.frame_f1["attack"] == pytest.approx(2 * 4 / (5 + 6))
    # Bouts: 3 of 4 frames match; 1 of 2 frames matches; one more is none.
    assert score.bout_f1["attack"] == pytest.approx(2 * 2 / (3 + 2))
    assert np.isnan(score.frame_f1["mount"])
    assert score.macro_frame_f1 == score.frame_f1["attack"]
    assert set(score.frame_f1) == {"attack", "mount"}
    assert score.to_dict()["bout_f1"] == {"attack": pytest.approx(0.8), "mount": None}


def test_no_bout_runs_from_one_recording_into_the_next(scored):
    pairs = [scored("..aa", "..aa"), scored("aa..", "....", recording="two")]
    score = Truth(pairs).score([pair.predicted for pair in pairs])
    assert score.bout_f1["attack"] == pytest.approx(2 / 3)


def test_the_figures_are_those_of_the_evaluation(scored):
    rng = np.random.default_rng(0)
    pairs = []
    for name in ("one", "two"):
        truth = "".join(rng.choice(list("am."), size=60).repeat(5))
        said = "".join(rng.choice([a, a, b]) for a, b in zip(truth, truth[::-1], strict=True))
        pairs.append(scored(truth, said, recording=name, unobserved=range(100, 130)))
    quick = Truth(pairs).score([pair.predicted for pair in pairs])
    full = evaluate(pairs, bootstrap=0)
    assert quick.macro_frame_f1 == pytest.approx(full.macro_f1.value)
    assert quick.macro_bout_f1 == pytest.approx(full.macro_bout_f1["0.5"].value)
    for name in ("attack", "mount"):
        assert quick.frame_f1[name] == pytest.approx(full[name].f1.value)
        assert quick.bout_f1[name] == pytest.approx(full[name].bout_f1["0.5"].value)


def test_counts_of_groups_add_up(scored):
    pairs = [
        scored("..aa", "..aa", recording="one", group="cage"),
        scored("aaa.", "a.a.", recording="two", group="cage"),
        scored("a..a", ".aaa", recording="three", group="other"),
    ]
    truth = Truth(pairs)
    counts = truth.counts([pair.predicted for pair in pairs])
    assert truth.groups == ["cage", "other"]
    attack = [each[:, 0].tolist() for each in counts]
    # Of "two", neither piece of one frame covers half of the bout of three.
    assert attack == [[4, 1], [4, 3], [5, 2], [1, 0], [3, 1], [2, 2]]
    frames, bouts = counts.total.f1
    assert (frames[0], bouts[0]) == (pytest.approx(10 / 14), pytest.approx(2 / 8))
    frames, bouts = counts.all_but_one.f1
    assert frames[:, 0].tolist() == pytest.approx([2 / 5, 8 / 9])
    assert bouts[:, 0].tolist() == pytest.approx([0, 2 / 5])


def test_counts_of_behaviours_by_themselves_are_those_of_all(scored):
    pairs = [
        replace(scored(truth, said, recording=truth), exclusive=False)
        for truth, said in (("aa..mm", "a..mmm"), ("m..aaa", "m..a.."))
    ]
    together = Truth(pairs).counts([pair.predicted for pair in pairs])
    apart = []
    for column in pairs[0].foreground:
        alone = [pair.only([column]) for pair in pairs]
        apart.append(Truth(alone).counts([pair.predicted for pair in alone]))
    assert all(map(np.array_equal, Counts.beside(apart), together))
    assert [each.tolist() for each in together[:3]] == [
        [[1, 2], [1, 1]],
        [[1, 3], [1, 1]],
        [[2, 2], [3, 1]],
    ]
