"""Probabilities of a whole recording."""

from types import SimpleNamespace

import numpy as np

from nuzzle.inference import predict
from nuzzle.labels import Pair
from nuzzle.probabilities.combiners import Stacked


def test_members_are_combined_over_all_that_is_wanted(monkeypatch):
    """A recording is scored on a behaviour that its lab did not look for in training."""
    pair = Pair("a", "b")
    said = np.array([[0.2, 0.7], [0.2, 0.1]], np.float32)
    stacked = Stacked(False, (1.0,), np.array([[1.0, 1.0]]), np.zeros(2))
    monkeypatch.setattr(predict, "predict_members", lambda *_: [{pair: said}])
    bundle = SimpleNamespace(combiner=stacked, looked_for=lambda lab: np.array([True, False]))
    recording = SimpleNamespace(lab="L")
    ((_, some),) = predict.predict_raw(bundle, recording, ())
    ((_, every),) = predict.predict_raw(bundle, recording, (), wanted=np.array([True, True]))
    np.testing.assert_allclose(every, said, rtol=1e-5)
    np.testing.assert_allclose(some[:, 0], said[:, 0], rtol=1e-5)
    assert some[0, 1] == some[1, 1]
