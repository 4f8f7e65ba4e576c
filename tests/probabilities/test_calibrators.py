import json

import numpy as np
import pytest

from nuzzle.errors import InputError
from nuzzle.probabilities.calibrators import Isotonic, Temperature, among, calibrator_from_dict


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


def test_round_trips_through_json():
    for each in (Temperature(True, 1.7), Isotonic(False, ((0.0, 1.0),), ((0.1, 0.9),))):
        assert calibrator_from_dict(json.loads(json.dumps(each.to_dict()))) == each


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="above 0"):
        Temperature(True, 0.0)
    with pytest.raises(InputError, match="kind"):
        calibrator_from_dict({"kind": "beta"})
    with pytest.raises(InputError, match="exclusive is 'no', which would be read as False"):
        calibrator_from_dict({"kind": "temperature", "exclusive": "no", "temperature": 1.0})
    with pytest.raises(InputError, match="curves of 1"):
        Isotonic(True, ((0.0, 1.0),), ((0.0, 1.0),))(np.zeros((4, 2)))


def test_classes_that_were_not_looked_for_give_their_share_away():
    said = np.array([[0.5, 0.3, 0.2], [np.nan] * 3, [1.0, 0.0, 0.0]], dtype=np.float32)
    looked = np.array([False, True, True])
    kept = among(said, looked)
    assert kept[0] == pytest.approx([0, 0.6, 0.4])
    assert np.isnan(kept[1, 1:]).all()
    assert kept[2] == pytest.approx([0, 0.5, 0.5]), "nothing is known of either"
    assert kept.dtype == np.float32
    assert among(said, np.ones(3, bool)) is said
    assert among(said, np.zeros(3, bool)) is said
