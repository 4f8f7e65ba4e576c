from types import SimpleNamespace

import pytest

from nuzzle.config import Config
from nuzzle.workflow import trial_score as module
from nuzzle.workflow.trial_score import Scoring, TrialScore


@pytest.mark.parametrize(
    ("metric", "told"), [("f1", [(0.1, 1), (0.2, 2)]), ("ap", []), ("mean", [])]
)
def test_trials_for_other_figures_than_f1_are_not_ended_by_it(
    manifest, tmp_path, monkeypatch, metric, told
):
    """On `val`, only macro F1 is known after an epoch."""

    def learn(recordings, space, config, work, say, progress):
        for epoch in (1, 2):
            progress(epoch, 2, {"val_macro_f1": epoch / 10})

    monkeypatch.setattr(module, "learn", learn)
    monkeypatch.setattr(module, "score_recording", lambda *_: SimpleNamespace(pairs=[]))
    monkeypatch.setattr(module, "headline", lambda pairs: (0.2, 0.3, 0.4))
    reported = []
    score = TrialScore(manifest, Config(), Scoring(metric=metric), lambda _: None)
    score(Config(), tmp_path, lambda value, step: reported.append((value, step)))
    assert reported == told
