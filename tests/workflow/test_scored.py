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


@pytest.fixture
def scored(monkeypatch):
    """One pair, scored: of attack, mount and `other` where it is exclusive."""

    def score(said, observed, *, exclusive):
        names = ("attack", "mount", "other")[: said.shape[1]]
        background = "other" if exclusive else None
        space = LabelSpace(names, background, exclusive, priority=("attack", "mount"))
        pair, looked = Pair("a", "b"), observed[:, :2]
        labels = Labels.from_frames(
            pair,
            looked,
            names[:2],
            observed=looked,
            exclusive=exclusive,
            background=background,
        )
        position = np.zeros((len(said), 2, 1, 2))
        recording = Recording.from_arrays(
            "r", position, keypoints=["nose"], individuals=["a", "b"], fps=1.0, labels=labels
        )
        probable = Probable(pair, said, said, np.ones(len(said), bool))
        monkeypatch.setattr(scored_module, "probable", lambda *_: [probable])
        bundle = SimpleNamespace(
            space=space,
            training={},
            decoder_of=lambda lab: Decoder(names, exclusive, background),
            prepare=lambda recording: (recording,),
        )
        (one,) = score_recording(bundle, recording).pairs
        return one

    return score


def test_a_decision_does_not_know_in_which_frames_what_was_looked_for(scored):
    """Attack was looked for in the first half, mounting in the second; it is said: both alike."""
    said = np.tile(np.array([0.5, 0.4, 0.1], np.float32), (10, 1))
    observed = np.ones((10, 3), bool)
    observed[5:, 0] = observed[:5, 1] = False
    one = scored(said, observed, exclusive=True)
    assert one.predicted[:, 0].all(), "as of a new recording"
    assert one.observed.tolist() == observed.tolist()


@pytest.mark.parametrize("exclusive", [True, False])
def test_what_nobody_looked_for_in_a_recording_is_not_decided(scored, exclusive):
    said = np.tile(np.array([0.15, 0.8, 0.05], np.float32), (10, 1))[:, : 2 + exclusive]
    observed = np.ones(said.shape, bool)
    observed[:, 1] = False
    one = scored(said, observed, exclusive=exclusive)
    assert not one.predicted[:, 1].any()
    assert np.isnan(one.to_decide[:, 1]).all()
    assert np.isfinite(one.to_decide[:, 0]).all()
