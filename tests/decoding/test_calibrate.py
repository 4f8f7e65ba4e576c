from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from nuzzle.config import CalibrationConfig
from nuzzle.decoding.calibrate import fit_calibrator
from nuzzle.decoding.correct import corrected
from nuzzle.decoding.leave_out import fit_calibration, groups_needed, leave_out, promised
from nuzzle.errors import InputError
from nuzzle.evaluation.calibration import calibration_error
from nuzzle.evaluation.uncertainty import score_sets
from nuzzle.labels import Pair
from nuzzle.probabilities.adaptation import Correction
from nuzzle.probabilities.calibrators import among


@pytest.fixture
def overconfident(scored):
    """Recordings whose logits are `factor` times those that the truth was drawn from."""

    def make(factor, *, exclusive=True, n_recordings=5, n_frames=6000):
        rng = np.random.default_rng(0)
        pairs = []
        for index in range(n_recordings):
            logits = rng.normal(scale=1.5, size=(n_frames, 3))
            if exclusive:
                classes = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
                truth = np.eye(3, dtype=bool)[classes]
                said = softmax(factor * logits, axis=1)
            else:
                truth = rng.random(logits.shape) < 1 / (1 + np.exp(-logits))
                said = 1 / (1 + np.exp(-factor * logits))
            pairs.append(scored(truth, said, recording=f"r{index}", exclusive=exclusive))
        return pairs

    return make


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_is_recovered(overconfident, factor, exclusive):
    pairs = overconfident(factor, exclusive=exclusive)
    assert fit_calibrator(pairs).temperature == pytest.approx(factor, rel=0.03)
    assert calibration_error(leave_out(pairs, CalibrationConfig(adapt=False)).pairs) < 0.012
    if factor != 1:
        assert calibration_error(pairs) > 0.05


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_what_an_animal_does_to_itself_counts_once(overconfident, method):
    """It is too sure of the first behaviour, its own, which each of its three pairs shows."""
    sure, right = overconfident(3.0, exclusive=False)[0], overconfident(1.0, exclusive=False)[0]
    said = np.where([True, False, False], sure.probability, right.probability)
    own = sure.behaviours[:1]
    pairs = [
        replace(sure, pair=Pair("a", other), probability=said, own=own) for other in ("b", "c", "d")
    ]
    once = [pairs[0], *(replace(p, observed=p.observed & [False, True, True]) for p in pairs[1:])]
    found = fit_calibrator(pairs, method).to_dict()
    assert found == fit_calibrator([replace(p, own=()) for p in once], method).to_dict()
    if method == "temperature":
        thrice = fit_calibrator([replace(p, own=()) for p in pairs])
        assert 1 < found["temperature"] < thrice.temperature


def test_sets_count_once_what_an_animal_does_to_itself(overconfident):
    """Pairs that say nothing new, as the others were not looked for there, change no set."""
    clear, dim = (
        [
            replace(pair, pair=Pair(agent, "b"), own=pair.behaviours[:1])
            for pair in overconfident(factor, exclusive=False, n_recordings=6)
        ]
        for agent, factor in (("a", 1.0), ("e", 0.2))
    )
    again = [
        replace(pair, pair=Pair("a", other), observed=pair.observed & [True, False, False])
        for pair in clear
        for other in ("c", "d")
    ]
    settings = CalibrationConfig(method="none", adapt=False)
    once, often = (
        fit_calibration([*clear, *dim, *more], settings).conformal for more in ([], again)
    )
    assert once == often
    unnamed = [replace(pair, own=()) for pair in (*clear, *dim, *again)]
    assert fit_calibration(unnamed, settings).conformal != once


@pytest.mark.parametrize("exclusive", [True, False])
def test_curves_mend_it_too(overconfident, exclusive):
    pairs = overconfident(3.0, exclusive=exclusive)
    assert calibration_error(pairs) > 0.05
    settings = CalibrationConfig(method="isotonic", adapt=False)
    assert calibration_error(leave_out(pairs, settings).pairs) < 0.02


def test_few_groups_are_promised_less():
    """One group that is to come has a share of 1 / (k + 1), which is half of what may be missed."""
    known = {4: None, 5: 0.66, 9: 0.8, 10: 0.81, 18: 0.89, 19: 0.9, 40: 0.9}
    assert {k: promised(k, 0.9) for k in known} == known
    assert promised(10, 0.5) == 0.5
    for coverage in (0.3, 0.8, 0.9, 0.95, 0.97):
        enough = groups_needed(coverage)
        assert promised(enough, coverage) == coverage
        assert promised(enough - 1, coverage) != coverage


@pytest.mark.parametrize("groups", [4, 5, 10])
def test_a_promise_of_few_groups_is_kept_and_says_something(overconfident, groups):
    left = leave_out(
        pairs := overconfident(1.0, n_recordings=groups, n_frames=600),
        CalibrationConfig(coverage=0.9),
    )
    assert left.coverage == promised(groups, 0.9)
    assert (left.sets is None) == (groups < 5)
    if left.sets is not None:
        measured = score_sets(pairs, left.sets, 0.9)
        assert measured.coverage.value > left.coverage
        assert measured.sure.value > 0.25


def test_pooled_frequencies_of_three_levels(scored):
    """Levels 0.2, 0.4, 0.6 with 1 of 4, 0 of 4 and 4 of 4: the first two violate the order."""
    said = np.repeat([0.2, 0.4, 0.6], 4)[:, None]
    truth = np.array([1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1], dtype=bool)[:, None]
    curve = fit_calibrator([scored(truth, said, exclusive=False)], "isotonic")
    mended = curve(np.array([[0.2], [0.3], [0.4], [0.6]], dtype=np.float32))
    assert mended[:, 0] == pytest.approx([1 / 8, 1 / 8, 1 / 8, 13 / 14], abs=1e-4)


def test_a_behaviour_without_examples_stays_as_it_is(scored):
    truth = np.zeros((20, 2), dtype=bool)
    truth[:10, 1] = True
    said = np.stack([np.full(20, 0.3), np.linspace(0.9, 0.1, 20)], axis=1)
    curve = fit_calibrator([scored(truth, said, exclusive=False)], "isotonic")
    assert curve(said)[:, 0] == pytest.approx(0.3, abs=1e-5)


def test_only_what_was_looked_for_counts(scored):
    rng = np.random.default_rng(0)
    truth = np.eye(3, dtype=bool)[rng.integers(3, size=4000)]
    said = np.where(truth, 0.8, 0.1)
    observed = np.ones_like(truth)
    observed[2000:] = False
    wrong_where_nobody_looked = said.copy()
    wrong_where_nobody_looked[2000:] = np.roll(said[2000:], 1, axis=1)
    fits = [
        fit_calibrator([scored(truth, each, observed=observed)])
        for each in (said, wrong_where_nobody_looked)
    ]
    assert fits[0] == fits[1]


def test_a_class_that_nobody_looked_for_is_no_answer(scored):
    truth = np.eye(3, dtype=bool)[np.zeros(100, dtype=int)]
    said = np.tile([0.1, 0.1, 0.8], (100, 1))
    observed = np.ones_like(truth)
    observed[:, 2] = False  # so that the first two are left, at even odds
    assert calibration_error([scored(truth, said, observed=observed)]) == pytest.approx(0.9)
    fitted = fit_calibrator([scored(truth, said, observed=observed)])
    assert np.isfinite(fitted.temperature)


def test_no_calibration_changes_nothing(overconfident):
    pairs = overconfident(3.0, n_recordings=1, n_frames=10)
    (same,) = corrected(pairs, Correction(fit_calibrator(pairs, "none")))
    assert same.probability is pairs[0].probability


def test_what_cannot_be_fitted_is_refused(scored):
    nothing = scored(np.zeros((5, 2), dtype=bool), np.full((5, 2), 0.5), exclusive=False)
    with pytest.raises(InputError, match="nothing can be calibrated"):
        fit_calibration([nothing], CalibrationConfig())


def test_a_behaviour_that_one_group_alone_shows_is_calibrated_on_the_others_by_nothing(scored):
    rng = np.random.default_rng(0)
    pairs = []
    for index in range(6):
        truth = np.zeros((600, 1), dtype=bool)
        truth[100:200] = index == 0
        said = np.clip(np.where(truth, 0.8, 0.1) + 0.05 * rng.normal(size=truth.shape), 0, 1)
        pairs.append(scored(truth, said, recording=f"r{index}", exclusive=False))
    settings = CalibrationConfig(adapt=False)
    (alone, *others) = leave_out(pairs, settings).pairs
    assert fit_calibrator(pairs[1:]).temperature == 1.0
    np.testing.assert_allclose(alone.probability, pairs[0].probability, atol=1e-6)
    fitted = fit_calibration(pairs[:5], settings).correction
    (same,) = corrected(pairs[5:], fitted)
    np.testing.assert_allclose(others[-1].probability, same.probability, atol=1e-6)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
@pytest.mark.parametrize("exclusive", [True, False])
def test_what_a_lab_did_not_look_for_has_no_part_in_the_fit(overconfident, method, exclusive):
    """Nobody looked for the first class in the last recordings: what is said of it is nonsense."""
    pairs = overconfident(3.0, exclusive=exclusive, n_recordings=4, n_frames=2000)
    fits = []
    for nonsense in (0.01, 0.5):
        changed = list(pairs[:2])
        for pair in pairs[2:]:
            looked = np.ones_like(pair.observed)
            looked[:, 0] = False
            if exclusive:  # frames of the first class are of no class that was looked for
                looked[pair.truth[:, 0]] = False
            said = pair.probability.copy()
            if exclusive:
                rest = said[:, 1:] / said[:, 1:].sum(axis=1, keepdims=True)
                said[:, 1:] = (1 - nonsense) * rest
            said[:, 0] = nonsense
            one = replace(pair, observed=looked, probability=said)
            if exclusive:  # as predictions come to be scored
                one = replace(one, probability=among(said, one.looked_for))
            changed.append(one)
        fits.append(fit_calibrator(changed, method))
        for one in corrected(changed, Correction(fits[-1]))[2:] if exclusive else ():
            assert (one.probability[:, 0] == 0).all()
            np.testing.assert_allclose(one.probability.sum(axis=1), 1, atol=1e-5)
    probe = np.random.default_rng(1).dirichlet(np.ones(3), 50)
    np.testing.assert_allclose(fits[0](probe), fits[1](probe), atol=1e-3)
