import json
from dataclasses import replace

import numpy as np
import pytest

from nuzzle.inference.card import probability_steps
from nuzzle.probabilities.adaptation import Adaptation, Correction
from nuzzle.probabilities.calibrators import Isotonic, Temperature

BOTH = np.ones(2, dtype=bool)


def adaptation(exclusive=True, strength=(10.0, 10.0), look_s=10.0, **labs):
    said = {"": np.array([0.2, 0.8]), **{lab: np.array(shares) for lab, shares in labs.items()}}
    return Adaptation(exclusive, said, said, np.array(strength), look_s)


@pytest.fixture
def clear_and_doubtful():
    """100 s at 10 a second: 400 frames sure of the first, 400 of the second, 200 say nothing."""
    return np.repeat([[1.0, 0.0], [0.0, 1.0], [0.2, 0.8]], [400, 400, 200], axis=0)


def test_by_hand(clear_and_doubtful):
    """10 looks, and a usual share that weighs 10: 20 q = 10 (0.4 + 0.2 q) + 10 * 0.2, q = 1/3."""
    for exclusive in (True, False):
        out = adaptation(exclusive)(clear_and_doubtful, BOTH, 10.0)
        np.testing.assert_array_equal(out[:800], clear_and_doubtful[:800])
        assert out[-1, 0] == pytest.approx(1 / 3, abs=1e-4)
    # Each by itself, the second may be usual: 20 q = 10 (0.4 + 0.2 q) + 10 * 0.8, q = 2/3.
    assert out[-1, 1] == pytest.approx(2 / 3, abs=1e-4)


def test_a_share_that_never_changes_and_a_moment_change_nothing(clear_and_doubtful):
    stiff = adaptation(strength=(1e4, 1e4))
    np.testing.assert_allclose(
        stiff(clear_and_doubtful, BOTH, 10.0), clear_and_doubtful, atol=0.001
    )
    short = adaptation()(clear_and_doubtful, BOTH, 1e5)  # 10 ms
    np.testing.assert_allclose(short, clear_and_doubtful, atol=0.001)


def test_frames_without_one_of_the_animals_do_not_count(clear_and_doubtful):
    """What is guessed of an animal out of sight says nothing of the rest of the recording."""
    gone = np.tile([0.01, 0.99], (3000, 1))
    whole = np.concatenate([gone, clear_and_doubtful])
    seen = np.repeat([False, True], [3000, 1000])
    out = adaptation()(whole, BOTH, 10.0, present=seen)
    np.testing.assert_array_equal(out[seen], adaptation()(clear_and_doubtful, BOTH, 10.0))
    np.testing.assert_array_equal(adaptation()(gone, BOTH, 10.0, present=seen[:3000]), gone)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("usual", [0.0, 1e-4])
def test_what_a_lab_never_showed_is_not_made_of_doubt(exclusive, usual):
    """Against a share of nothing, a probability of 0.1 in each frame would count as proof."""
    doubtful = np.tile([0.1, 0.9], (1000, 1))
    out = adaptation(exclusive, b=[usual, 1 - usual])(doubtful, BOTH, 10.0, "b")
    assert out[:, 0] == pytest.approx(0.1, abs=0.01)


def test_a_recording_in_which_a_behaviour_is_common():
    """Two bells at -1 and 1: what a model used to a share of 0.1 makes of one of 0.4."""
    rng = np.random.default_rng(0)
    truth = rng.random(20_000) < 0.4
    odds = 2 * rng.normal(np.where(truth, 1, -1))

    def posterior(share):
        p = 1 / (1 + np.exp(-odds) * (1 - share) / share)
        return np.stack([p, 1 - p], axis=1)

    said = {"": np.array([0.1, 0.9])}
    free = Adaptation(True, said, said, np.ones(2), 0.1)
    out = free(posterior(0.1), BOTH, 10.0)
    np.testing.assert_allclose(out, posterior(0.4), atol=0.03)
    assert np.abs(posterior(0.1) - posterior(0.4)).max() > 0.4


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_model_that_says_less_than_is_usual(clear_and_doubtful, exclusive):
    """It says 0.2 on average, and 0.5 is usual: 20 q = 10 (0.4 + 0.2 q) + 10 * 0.5, q = 1/2."""
    says_less = replace(adaptation(exclusive), usual={"": np.array([0.5, 0.5])})
    assert says_less(clear_and_doubtful, BOTH, 10.0)[-1, 0] == pytest.approx(0.5, abs=1e-4)
    again = Adaptation.from_dict(json.loads(json.dumps(says_less.to_dict())))
    np.testing.assert_array_equal(
        again(clear_and_doubtful, BOTH, 10.0), says_less(clear_and_doubtful, BOTH, 10.0)
    )


def test_each_lab_has_its_usual_shares(clear_and_doubtful):
    """Where half is usual, a frame that says one half says nothing: 20 q = 10 (0.4 + 0.2 q) + 5."""
    said = clear_and_doubtful.copy()
    said[800:] = 0.5
    knows = adaptation(ours=[0.5, 0.5])
    assert knows(said, BOTH, 10.0, "ours")[-1, 0] == pytest.approx(0.5, abs=1e-4)
    assert knows(said, BOTH, 10.0, "theirs")[-1, 0] > 0.6


@pytest.mark.parametrize("exclusive", [True, False])
def test_what_was_not_looked_for_and_what_is_missing_stay(clear_and_doubtful, exclusive):
    said = np.insert(clear_and_doubtful, 2, 0.0, axis=1)
    said[:5] = np.nan
    looked = np.array([True, True, False])
    usual, strength = {"": np.array([0.15, 0.6, 0.25])}, np.full(3, 10.0)
    out = Adaptation(exclusive, usual, usual, strength, 10.0)(said, looked, 10.0)
    assert np.isnan(out[:5]).all()
    assert (out[5:, 2] == 0).all()
    assert 0.3 < out[-1, 0] < 0.4
    if exclusive:
        np.testing.assert_allclose(out[5:].sum(axis=1), 1)


@pytest.mark.parametrize("exclusive", [True, False])
def test_where_nothing_is_known_nothing_changes(clear_and_doubtful, exclusive):
    adapt = adaptation(exclusive)
    np.testing.assert_array_equal(adapt(clear_and_doubtful, ~BOTH, 10.0), clear_and_doubtful)
    unknown = np.full_like(clear_and_doubtful, np.nan)
    assert np.isnan(adapt(unknown, BOTH, 10.0)).all()
    assert adapt(unknown[:0], BOTH, 10.0).shape == (0, 2)


def test_round_trip_and_precision(clear_and_doubtful):
    once = adaptation(ours=[0.5, 0.5])
    again = Adaptation.from_dict(json.loads(json.dumps(once.to_dict())))
    said = clear_and_doubtful.astype(np.float32)
    for lab in ("", "ours"):
        out = again(said, BOTH, 10.0, lab)
        np.testing.assert_array_equal(out, once(said, BOTH, 10.0, lab))
        assert out.dtype == np.float32


def test_a_correction_calibrates_first(clear_and_doubtful):
    both = Correction(Temperature(True, 2.0), adaptation())
    calibrated = Temperature(True, 2.0)(clear_and_doubtful)
    np.testing.assert_allclose(
        both(clear_and_doubtful, BOTH, 10.0), adaptation()(calibrated, BOTH, 10.0)
    )
    alone = Correction(Temperature(True, 2.0))(clear_and_doubtful, BOTH, 10.0)
    np.testing.assert_array_equal(alone, calibrated)


@pytest.mark.parametrize(
    "calibrator",
    [Temperature(False, 2.0), Isotonic(False, ((0.0, 1.0),) * 2, ((0.1, 0.9), (0.2, 0.8)))],
)
def test_what_nobody_looked_for_is_not_calibrated(clear_and_doubtful, calibrator):
    correction = Correction(calibrator)
    for looked_for in ([True, False], [False, True]):
        out = correction(clear_and_doubtful, np.array(looked_for), 10.0)
        here = looked_for.index(True)
        np.testing.assert_allclose(out[:, here], calibrator(clear_and_doubtful)[:, here])
        np.testing.assert_array_equal(out[:, 1 - here], clear_and_doubtful[:, 1 - here])
    np.testing.assert_array_equal(correction(clear_and_doubtful, ~BOTH, 10.0), clear_and_doubtful)


def test_what_is_done_to_probabilities_is_said():
    calibration = {
        "calibrator": Temperature(True, 2.0).to_dict(),
        "adaptation": adaptation(look_s=120.0).to_dict(),
        "fitted_on": "val",
    }
    assert probability_steps(calibration) == [
        "calibrated (temperature) on val",
        "adapted to how common each behaviour is in a recording, which must be whole (120 s of it "
        "count as one independent look)",
    ]
    assert (
        probability_steps({})
        == probability_steps({**calibration, **dict.fromkeys(calibration)})
        == []
    )
