"""What a bundle says of pairs in which different behaviours were looked for."""

from types import SimpleNamespace

import numpy as np
import pytest

from nuzzle.decoding.decoder import Decoder
from nuzzle.inference import predict
from nuzzle.labels import Labels, Pair
from nuzzle.probabilities.combiners import Stacked
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow import scored as scored_module
from nuzzle.workflow.scored import Probable, probable, score_recording


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


def test_a_decision_does_not_know_in_which_frames_what_was_looked_for(monkeypatch):
    """Attack was looked for in the first half, mounting in the second; it is said: both alike."""
    space = LabelSpace(
        ("attack", "mount", "other"), "other", exclusive=True, priority=("attack", "mount")
    )
    said = np.tile(np.array([0.5, 0.4, 0.1], np.float32), (10, 1))
    pair = Pair("a", "b")
    observed = np.zeros((10, 3), bool)
    observed[:5, 0] = observed[5:, 1] = observed[:, 2] = True
    labels = Labels.from_frames(
        pair,
        observed[:, :2],
        ("attack", "mount"),
        observed=observed[:, :2],
        exclusive=True,
        background="other",
    )
    recording = Recording.from_arrays(
        "r",
        np.zeros((10, 2, 1, 2)),
        keypoints=["nose"],
        individuals=["a", "b"],
        fps=1.0,
        labels=labels,
    )
    monkeypatch.setattr(
        scored_module, "probable", lambda *_: [Probable(pair, said, said, np.ones(10, bool))]
    )
    bundle = SimpleNamespace(
        space=space,
        training={},
        decoder_of=lambda lab: Decoder(space.names, exclusive=True, background="other"),
        prepare=lambda recording: (recording,),
    )
    (one,) = score_recording(bundle, recording).pairs
    assert one.predicted[:, 0].all(), "as of a new recording"
    assert one.observed[:, :2].tolist() == observed[:, :2].tolist()
