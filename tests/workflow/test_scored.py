"""What a bundle says of pairs in which different behaviours were looked for."""

from types import SimpleNamespace

import numpy as np
import pytest

from nuzzle.inference import predict
from nuzzle.labels import Pair
from nuzzle.probabilities.combiners import Stacked
from nuzzle.recording import Recording
from nuzzle.workflow.scored import probable


def test_members_are_combined_for_each_pair_as_where_it_was_learned(monkeypatch):
    """The regression takes the third behaviour for the first, and hears of it in one pair only."""
    slopes = np.array([np.eye(3)])
    slopes[0, 2, 0] = 5.0
    said = np.array([[0.4, 0.1, 0.5]], np.float32)
    one, other = Pair("a", "b"), Pair("a", "c")
    monkeypatch.setattr(predict, "predict_members", lambda *_: [{one: said, other: said}])
    bundle = SimpleNamespace(
        combiner=Stacked(True, (1.0,), slopes, np.zeros(3)),
        looked_for=lambda lab: np.ones(3, bool),
        space=SimpleNamespace(exclusive=True),
        correction=lambda p, *_: p,
    )
    recording = Recording.from_arrays(
        "r", np.zeros((1, 2, 1, 3)), keypoints=["nose"], individuals=["a", "b", "c"], fps=1.0
    )
    looked_for = {one: np.array([True, True, False]), other: np.ones(3, bool)}
    found = {each.pair: each.raw[0] for each in probable(bundle, recording, (), (), looked_for)}
    assert found[one] == pytest.approx([0.8, 0.2, 0])
    assert found[other][0] / found[other][1] > 50
