import json

import numpy as np
import pytest
from scipy.special import softmax

from nuzzle.decoding.calibrate import (
    Isotonic,
    Temperature,
    calibration_error,
    calibrator_from_dict,
    fit_isotonic,
    fit_temperature,
)
from nuzzle.errors import InputError


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
    fitted = fit_temperature(overconfident(factor, exclusive=exclusive))
    assert fitted.calibrator.temperature == pytest.approx(factor, rel=0.03)
    assert fitted.ece_after < 0.012
    if factor != 1:
        assert fitted.ece_before > 0.05


@pytest.mark.parametrize("exclusive", [True, False])
def test_curves_mend_it_too(overconfident, exclusive):
    fitted = fit_isotonic(overconfident(3.0, exclusive=exclusive))
    assert fitted.ece_before > 0.05
    assert fitted.ece_after < 0.02


def test_a_temperature_by_hand():
    said = np.array([[0.8, 0.2], [np.nan, np.nan]])
    hot = Temperature(exclusive=True, temperature=2.0)(said)
    assert hot[0] == pytest.approx([2 / 3, 1 / 3])  # roots: 2 to 1
    assert np.isnan(hot[1]).all()
    alone = Temperature(exclusive=False, temperature=2.0)(said)
    assert alone[0] == pytest.approx([2 / 3, 1 / 3])


def test_the_most_probable_class_stays():
    said = np.random.default_rng(0).dirichlet(np.ones(4), 1000).astype(np.float32)
    for temperature in (0.3, 5.0):
        mended = Temperature(True, temperature)(said)
        assert mended.dtype == np.float32
        assert mended.sum(axis=1) == pytest.approx(1, abs=1e-5)
        assert (mended.argmax(axis=1) == said.argmax(axis=1)).all()
    assert Temperature(True)(said) is said


def test_a_curve_by_hand():
    curve = Isotonic(False, ((0.0, 0.5, 1.0),), ((0.0, 0.2, 1.0),))
    assert curve(np.array([[0.25], [0.75], [np.nan]]))[:, 0] == pytest.approx(
        [0.1, 0.6, np.nan], nan_ok=True
    )
    both = Isotonic(True, ((0.0, 1.0), (0.0, 1.0)), ((0.1, 0.1), (0.1, 0.3)))
    assert both(np.array([[0.0, 1.0]]))[0] == pytest.approx([0.25, 0.75])


def test_pooled_frequencies_of_three_levels(scored):
    """Levels 0.2, 0.4, 0.6 with 1 of 4, 0 of 4 and 4 of 4: the first two violate the order."""
    said = np.repeat([0.2, 0.4, 0.6], 4)[:, None]
    truth = np.array([1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1], dtype=bool)[:, None]
    fitted = fit_isotonic([scored(truth, said, exclusive=False)])
    assert np.isnan(fitted.ece_after)  # a single group
    mended = fitted.calibrator(np.array([[0.2], [0.3], [0.4], [0.6]], dtype=np.float32))
    assert mended[:, 0] == pytest.approx([1 / 8, 1 / 8, 1 / 8, 13 / 14], abs=1e-4)


def test_a_behaviour_without_examples_stays_as_it_is(scored):
    truth = np.zeros((20, 2), dtype=bool)
    truth[:10, 1] = True
    said = np.stack([np.full(20, 0.3), np.linspace(0.9, 0.1, 20)], axis=1)
    curve = fit_isotonic([scored(truth, said, exclusive=False)]).calibrator
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
        fit_temperature([scored(truth, each, observed=observed)]).calibrator
        for each in (said, wrong_where_nobody_looked)
    ]
    assert fits[0] == fits[1]


def test_a_class_that_nobody_looked_for_is_no_answer(scored):
    truth = np.eye(3, dtype=bool)[np.zeros(100, dtype=int)]
    said = np.tile([0.1, 0.1, 0.8], (100, 1))
    observed = np.ones_like(truth)
    observed[:, 2] = False  # so that the first two are left, at even odds
    assert calibration_error([scored(truth, said, observed=observed)]) == pytest.approx(0.9)
    fitted = fit_temperature([scored(truth, said, observed=observed)])
    assert np.isfinite(fitted.calibrator.temperature)


def test_round_trips_through_json(overconfident):
    for fit in (fit_temperature, fit_isotonic):
        calibrator = fit(overconfident(2.0, n_recordings=2, n_frames=300)).calibrator
        assert calibrator_from_dict(json.loads(json.dumps(calibrator.to_dict()))) == calibrator


def test_what_cannot_be_fitted_is_refused(scored):
    nothing = scored(np.zeros((5, 2), dtype=bool), np.full((5, 2), 0.5), exclusive=False)
    with pytest.raises(InputError, match="nothing can be calibrated"):
        fit_temperature([nothing])
    with pytest.raises(InputError, match="above 0"):
        Temperature(True, 0.0)
    with pytest.raises(InputError, match="kind"):
        calibrator_from_dict({"kind": "beta"})
    with pytest.raises(InputError, match="curves of 1"):
        Isotonic(True, ((0.0, 1.0),), ((0.0, 1.0),))(np.zeros((4, 2)))
