"""What a bundle says of pairs in which different behaviours were looked for."""

from types import SimpleNamespace

import numpy as np
import pytest

from nuzzle.decoding.decoder import Decoder
from nuzzle.inference.predict import Probable
from nuzzle.labels import Labels, Pair
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow import scored as scored_module
from nuzzle.workflow.scored import score_recording


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
