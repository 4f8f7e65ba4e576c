import json
from dataclasses import replace

import numpy as np
import pytest

from nuzzle.decoding import tune as module
from nuzzle.decoding.decoder import Decoder
from nuzzle.decoding.thresholds import Thresholds
from nuzzle.decoding.tune import tune_decoder
from nuzzle.decoding.tuned import Reached, objectives_of
from nuzzle.errors import InputError
from nuzzle.probabilities.calibrators import among


def _tuned(pairs, objective="both", **options):
    names = [pairs[0].behaviours[column] for column in pairs[0].foreground] if pairs else []
    return tune_decoder(pairs, objectives_of(objective, names), **options)


def bouts(rng, n_frames, n, mean_frames=40):
    """Classes in bouts of about `mean_frames`, one-hot `(time, class)`."""
    classes = rng.integers(n, size=n_frames)
    return np.eye(n, dtype=bool)[classes.repeat(rng.poisson(mean_frames, n_frames) + 5)[:n_frames]]


def noisy(rng, truth, nats=1.5):
    """Probabilities with noise that is new in every frame, so that averaging helps."""
    logits = truth * nats + rng.normal(size=truth.shape)
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.fixture
def recordings(scored):
    def make(n_recordings=4, n_frames=1000, n=3, seed=0, guess=noisy, **more):
        rng = np.random.default_rng(seed)
        pairs = []
        for index in range(n_recordings):
            truth = bouts(rng, n_frames, n)
            pairs.append(scored(truth, guess(rng, truth), recording=f"r{index}", **more))
        return pairs

    return make


def test_noise_of_every_frame_is_decoded_away(recordings):
    tuned = _tuned(recordings(), "both")
    assert tuned.helps
    assert tuned.nested.macro_frame_f1 > tuned.before.macro_frame_f1 + 0.15
    assert tuned.nested.macro_bout_f1 > tuned.before.macro_bout_f1 + 0.4
    assert tuned.decoder.viterbi is not None
    assert (tuned.groups, tuned.folds) == (4, 4)


def test_what_is_configured_is_kept_where_it_is_as_good(recordings):
    """Decided already as by the decoder that is found, there is nothing to gain."""
    pairs = recordings()
    decoder = _tuned(pairs, "both").decoder
    again = _tuned(pairs, "both", configured={pair.recording: decoder for pair in pairs})
    assert again.configured.macro_frame_f1 > again.before.macro_frame_f1 + 0.15
    assert not again.helps
    assert set(again.decoders.values()) == {decoder}


def test_what_is_configured_decides_on_calibrated_probabilities(scored, monkeypatch):
    """The model says the opposite of what is true, which the calibration turns round."""
    truth = np.arange(200)[:, None] < 100
    said = np.where(truth, 0.1, 0.9)
    pairs = [scored(truth, said, recording=name, exclusive=False) for name in ("r0", "r1")]
    monkeypatch.setattr(module, "fit_correction", lambda *_, **__: None)
    monkeypatch.setattr(
        module,
        "corrected",
        lambda pairs, _: [replace(pair, probability=1 - pair.probability) for pair in pairs],
    )
    half = Decoder(("b0",), False)
    tuned = _tuned(pairs, configured={pair.recording: half for pair in pairs})
    assert tuned.before.macro_frame_f1 == tuned.configured.macro_frame_f1 == 1.0


def test_pure_noise_gains_nothing_where_it_was_not_tuned(recordings):
    """Two classes without background, guessed by coin: no decoder has more than one half."""

    def coin(rng, truth):
        return rng.dirichlet(np.ones(2), len(truth))

    gains = []
    for seed in range(2):
        pairs = recordings(12, 300, 2, seed=seed, guess=coin, background=None)
        tuned = _tuned(pairs, "frames")
        in_sample = tuned.in_sample.macro_frame_f1 - tuned.before.macro_frame_f1
        assert in_sample >= 0
        assert tuned.gain <= in_sample
        gains.append(tuned.gain)
    assert np.mean(gains) < 0.015


def test_perfect_predictions_are_left_alone(recordings):
    tuned = _tuned(recordings(guess=lambda rng, truth: truth * 0.98 + 0.01), "both")
    assert tuned.decoder == Decoder(("b0", "b1", "b2"), True, "b2")
    assert tuned.before == tuned.nested == tuned.in_sample
    assert tuned.gain == 0
    assert not tuned.helps


def test_a_behaviour_that_is_said_too_rarely_gets_a_lower_threshold(scored):
    rng = np.random.default_rng(0)
    pairs = []
    for index in range(4):
        truth = rng.random(2000) < 0.3
        p = np.clip(np.where(truth, 0.3, 0.1) + 0.03 * rng.standard_normal(2000), 0.01, 0.99)
        pairs.append(
            scored(
                np.stack([truth, ~truth], axis=1),
                np.stack([p, 1 - p], axis=1),
                recording=f"r{index}",
            )
        )
    tuned = _tuned(pairs, "frames")
    assert tuned.decoder.thresholds.values[0] == 0.2
    assert tuned.before.macro_frame_f1 < 0.01
    assert tuned.nested.macro_frame_f1 > 0.98


def test_behaviours_at_once(recordings):
    tuned = _tuned(recordings(n_frames=600, n=2, exclusive=False), "bouts", folds=2)
    assert set(tuned.nested.bout_f1) == {"b0", "b1"}
    assert tuned.nested.macro_bout_f1 > tuned.before.macro_bout_f1 + 0.3


def test_every_behaviour_can_have_its_objective(recordings):
    tuned = _tuned(recordings(3, 400), {"b0": "frames", "b1": "bouts"}, folds=2)
    assert tuned.objective == {"b0": "frames", "b1": "bouts"}
    expected = (
        tuned.nested.frame_f1["b0"]
        - tuned.before.frame_f1["b0"]
        + tuned.nested.bout_f1["b1"]
        - tuned.before.bout_f1["b1"]
    ) / 2
    assert tuned.gain == pytest.approx(expected)


def test_a_behaviour_without_an_objective_has_both():
    assert objectives_of({"b1": "frames"}, ("b0", "b1")) == {"b0": "both", "b1": "frames"}


def test_recordings_of_one_group_are_never_on_both_sides(recordings):
    """Two recordings of one animal, two of another: two parts, however many are asked for."""
    pairs = [*recordings(2, group="a"), *recordings(2, seed=1, group="b")]
    tuned = _tuned(pairs, folds=5)
    assert (tuned.groups, tuned.folds) == (2, 2)


def test_the_same_seed_gives_the_same_result_and_another_does_not(recordings):
    first, second = (_tuned(recordings(3, 400), folds=2, seed=3) for _ in range(2))
    assert first == second
    assert _tuned(recordings(3, 400), folds=2, seed=2).nested != first.nested
    again = Decoder.from_dict(json.loads(json.dumps(first.to_dict()))["decoder"])
    assert again == first.decoder


def test_what_cannot_be_tuned_is_refused(recordings):
    with pytest.raises(InputError, match="at least 2 folds and 2 groups"):
        _tuned(recordings(1))
    with pytest.raises(InputError, match="objective is one of"):
        _tuned(recordings(2), "accuracy")
    with pytest.raises(InputError, match="objective is one of"):
        _tuned(recordings(2), {"b9": "frames"})
    with pytest.raises(InputError, match="nothing to score"):
        _tuned([])


def of_lab(lab, rng, scored, high, low, n=4):
    """Recordings whose behaviour is said with `high` where it goes on and `low` elsewhere."""
    pairs = []
    for index in range(n):
        truth = rng.random(400) < 0.3
        p = np.clip(np.where(truth, high, low) + 0.02 * rng.standard_normal(400), 0.01, 0.99)
        pair = scored(truth[:, None], p[:, None], recording=f"{lab}{index}", exclusive=False)
        pairs.append(replace(pair, lab=lab))
    return pairs


def test_a_lab_gets_a_threshold_of_its_own_where_the_common_one_fails(scored):
    """0.3 is yes in the north and no in the south: no common threshold tells."""
    rng = np.random.default_rng(0)
    north, south = of_lab("north", rng, scored, 0.3, 0.1), of_lab("south", rng, scored, 0.6, 0.3)
    tuned = _tuned([*north, *south], "frames")
    assert set(tuned.labs) == {"north", "south"}
    assert tuned.nested.macro_frame_f1 < 0.9
    assert tuned.labs["north"].decoder.thresholds.values == (0.2,)
    assert 0.3 < tuned.labs["south"].decoder.thresholds.values[0] < 0.6
    for lab in tuned.labs.values():
        assert lab.nested.macro_frame_f1 > 0.98
        expected = lab.nested.macro_frame_f1 - lab.common.macro_frame_f1
        assert lab.gain == pytest.approx(expected)
    assert any(lab.helps for lab in tuned.labs.values())
    plain = json.loads(json.dumps(tuned.to_dict()))["labs"]["north"]
    assert Decoder.from_dict(plain["decoder"]) == tuned.labs["north"].decoder


def test_labs_that_agree_keep_the_common_decoder(scored):
    rng = np.random.default_rng(0)
    pairs = [*of_lab("north", rng, scored, 0.3, 0.1), *of_lab("south", rng, scored, 0.3, 0.1)]
    tuned = _tuned(pairs, "frames")
    assert tuned.helps
    assert [lab.helps for lab in tuned.labs.values()] == [False, False]


def test_a_lab_is_compared_with_what_would_decide_it_otherwise(scored):
    """No common threshold tells, so that labs need their own; what is configured is right."""
    rng = np.random.default_rng(0)
    north, south = of_lab("north", rng, scored, 0.3, 0.1), of_lab("south", rng, scored, 0.6, 0.3)
    right = {
        pair.recording: Decoder(pair.behaviours, False, None, thresholds=Thresholds((value,)))
        for pairs, value in ((north, 0.2), (south, 0.45))
        for pair in pairs
    }
    tuned = _tuned([*north, *south], "frames", configured=right)
    assert tuned.configured.macro_frame_f1 > 0.99 and not tuned.helps
    for lab in tuned.labs.values():
        assert lab.common.macro_frame_f1 > 0.99 and not lab.helps
    assert tuned.decoders == right


def test_small_labs_and_single_ones_have_none(scored):
    rng = np.random.default_rng(0)
    large = of_lab("north", rng, scored, 0.3, 0.1)
    assert _tuned(large, "frames").labs == {}
    pairs = [*large, *of_lab("south", rng, scored, 0.6, 0.3, n=3)]
    assert set(_tuned(pairs, "frames").labs) == {"north"}


def test_thresholds_are_not_tuned_on_what_a_lab_did_not_look_for(recordings):
    """The south did not look for `b0`; what is said of it there is nonsense."""
    pairs = [replace(pair, lab="north") for pair in recordings(3, 300)]
    chosen = []
    for nonsense in (0.05, 0.95):
        south = []
        for pair in recordings(3, 300, seed=1):
            looked = np.ones_like(pair.observed)
            looked[:, 0] = False
            looked[pair.truth[:, 0]] = False
            said = pair.probability.copy()
            said[:, 0] = nonsense
            said[:, 1:] *= (1 - nonsense) / said[:, 1:].sum(axis=1, keepdims=True)
            one = replace(pair, recording=f"s{pair.recording}", lab="south", observed=looked)
            south.append(replace(one, probability=among(said, one.looked_for)))
        chosen.append(_tuned([*pairs, *south], "frames", folds=2))
    assert chosen[0].decoder == chosen[1].decoder
    assert chosen[0].nested.macro_frame_f1 == pytest.approx(chosen[1].nested.macro_frame_f1)


def fading(scored):
    """Bouts of 2 s begin and end at once; what is said for 4 s, and fades in and out, is none."""
    pairs = []
    for index in range(8):
        rng = np.random.default_rng(index)
        truth, p = np.zeros(1000, dtype=bool), np.full(1000, 0.05)
        for start in range(20, 1000, 200):
            begin, fade = start + rng.integers(10), start + 60 + rng.integers(20)
            truth[begin : begin + 20] = True
            p[fade - 15 : fade + 55] = 0.25
            p[begin : begin + 20] = p[fade : fade + 40] = 0.5
        p += 0.02 * rng.random(1000)
        either, sure = np.stack([truth, ~truth], axis=1), np.stack([p, 1 - p], axis=1)
        pairs.append(scored(either, sure, recording=f"r{index}"))
    return pairs


def test_whole_bouts_are_decided_on_where_that_is_surely_better(scored):
    pairs = fading(scored)
    tuned = _tuned(pairs, "both")
    assert tuned.decoder.whole_bouts is not None
    assert tuned.nested == tuned.whole
    assert tuned.whole.macro_bout_f1 > 0.9
    assert Decoder.from_dict(json.loads(json.dumps(tuned.decoder.to_dict()))) == tuned.decoder
    assert tuned.searched.macro_bout_f1 < 0.7
    frames = _tuned(pairs, "frames")
    assert frames.decoder.whole_bouts is frames.whole is None
    assert frames.nested == frames.searched


def test_where_a_behaviour_does_not_occur_whole_bouts_would_never_say_it(scored):
    """As where one group alone shows it, and is not scored for it."""
    rare = [
        replace(
            pair,
            behaviours=("rare", *pair.behaviours),
            probability=np.pad(pair.probability * 0.99, ((0, 0), (1, 0)), constant_values=0.01),
            **{
                name: np.pad(getattr(pair, name), ((0, 0), (1, 0)))
                for name in ("truth", "observed", "predicted")
            },
        )
        for pair in fading(scored)
    ]
    tuned = _tuned(rare, "both")
    assert tuned.whole is None and tuned.nested.bout_f1["b0"] == tuned.searched.bout_f1["b0"]
    sure = np.tile([0.97, 0.02, 0.01], (100, 1))
    assert tuned.decoder(sure, 10.0)[:, 0].all()


def test_the_way_to_decide_is_chosen_without_the_part_that_it_is_judged_on(scored):
    """Whole bouts are right in the first part, where settings are not, and alike elsewhere."""
    truth = np.zeros((100, 2), dtype=bool)
    truth[:40, 0], truth[40:, 1] = True, True
    pairs = [scored(truth, np.full((100, 2), 0.5), recording=f"r{n}") for n in range(4)]
    decoders = [Decoder(("b0", "b1"), True, "b1")] * 4
    settings = module._Way(decoders, [~truth, truth, truth, truth])
    whole, wrong = (module._Way(decoders, [said] * 4) for said in (truth, ~truth))
    left = module._LeftOut(settings, settings, settings, whole, settings)
    part_of, objectives = np.arange(4), {"b0": "both"}
    found = module._nested(pairs, part_of, objectives, left)
    assert found.decisions[0] is settings.decisions[0], (
        "the others do not know that whole bouts are better"
    )
    better = module._LeftOut(wrong, wrong, wrong, whole, wrong)
    found = module._nested(pairs, part_of, objectives, better)
    assert all(each is truth for each in found.decisions)


def test_a_lab_decides_in_its_own_way_where_its_other_parts_say_so(scored):
    """Its own way is better in the first part of one lab, and in all parts of the other."""
    truth = np.zeros((100, 2), dtype=bool)
    truth[:40, 0], truth[40:, 1] = True, True
    pairs = [scored(truth, np.full((100, 2), 0.5), recording=f"r{n}") for n in range(8)]
    decoders = [Decoder(("b0", "b1"), True, "b1")] * 8
    common = module._Way(decoders, [~truth, *[truth] * 3, *[~truth] * 4])
    own = module._Way(decoders, [truth] * 8)
    first, second = (
        module._better_elsewhere(pairs, np.arange(8) % 4, mine, {"b0": "both"}, own, common)
        for mine in (range(4), range(4, 8))
    )
    assert not first[0], "the others do not know that it is better"
    assert second == [True] * 4


def test_one_group_tells_nothing_of_others():
    better, worse = (Reached(value, np.array([np.nan])) for value in (0.9, 0.1))
    assert not better.surely_better(worse)
    better, worse = (Reached(value, np.array([value, value])) for value in (0.9, 0.1))
    assert better.surely_better(worse)
