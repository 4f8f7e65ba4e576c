import json

import numpy as np
import pytest

from nuzzle.config import CalibrationConfig
from nuzzle.evaluation.conformal import Conformal
from nuzzle.inference.calibration import Calibration
from nuzzle.probabilities.adaptation import Adaptation, Correction
from nuzzle.probabilities.calibrators import Temperature

PROBABILITY = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]])
LOOKED_FOR = np.ones(3, dtype=bool)
SHARES = {"": np.array([0.2, 0.3, 0.5])}
ADAPTATION = Adaptation(True, SHARES, SHARES, np.full(3, 10.0), 60.0)


def calibration(method="temperature", **fitted):
    settings = CalibrationConfig(method=method, adapt=False, coverage=0.8)
    return Calibration(settings, "val", ("day1", "day2"), ("mouse1",), **fitted)


def again(known):
    """As a bundle reads it."""
    return Calibration.from_dict(json.loads(json.dumps(known.to_dict())))


@pytest.mark.parametrize(
    ("method", "correction"),
    [
        ("temperature", Correction(Temperature(True, 2.0))),
        ("temperature", Correction(Temperature(True, 2.0), ADAPTATION)),
        ("none", Correction(Temperature(True), ADAPTATION)),
    ],
)
def test_what_was_fitted_comes_back(method, correction):
    known = calibration(method, correction=correction, note="few")
    read = again(known)
    assert (read.settings, read.fitted_on, read.note) == (known.settings, "val", "few")
    assert (read.recordings, read.groups) == (known.recordings, known.groups)
    assert read.is_fitted and read.conformal is None
    expected = correction(PROBABILITY, LOOKED_FOR, 10.0)
    assert read.correction(PROBABILITY, LOOKED_FOR, 10.0) == pytest.approx(expected)
    assert read.correction.adaptation is not None or correction.adaptation is None


def test_sets_come_back():
    conformal = Conformal(True, 0.2, (0.75,), 7)
    read = again(calibration(conformal=conformal))
    assert read.is_fitted and read.conformal == conformal and read.correction is None


def test_a_note_alone_is_nothing_fitted():
    assert not again(calibration(note="There is one group of recordings.")).is_fitted
