from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from nuzzle.config import Config
from nuzzle.errors import ConfigError
from nuzzle.labels import Labels, Pair
from nuzzle.recording import Recording
from nuzzle.training.fit import Trained
from nuzzle.training.samples import LabelledPair
from nuzzle.training.targets import LabelSpace, Targets
from nuzzle.workflow.learn import (
    _one_way,
    _warn_of_overfitting,
    check_models,
    configured_decoder,
)


@pytest.mark.parametrize("config", [{"model.name": "trees"}, "study.yaml"])
def test_plain_values_are_no_configuration(config):
    with pytest.raises(ConfigError, match=r"A Config was expected.*Config\.load"):
        check_models(config)


@pytest.mark.parametrize("name", ["cnn_lstm", "conv_lstm"])
def test_windows_that_pooling_leaves_nothing_of_are_refused(name):
    check_models(Config.load(None, [f"model.name={name}", "training.window=8"]))
    short = Config.load(None, [f"model.name={name}", "training.window=7"])
    if name == "conv_lstm":
        check_models(short)
    else:
        with pytest.raises(ConfigError, match=r"windows of 8 frames or more; .* is 7"):
            check_models(short)


def test_labels_of_one_direction_are_known():
    def sample(recording, agent, target, looked=True):
        nothing = Targets(np.zeros((5, 2), bool), np.tile([looked, True], (5, 1)))
        return LabelledPair(recording, Pair(agent, target), nothing)

    one = [sample("day1", "resident", "intruder"), sample("day2", "black", "white")]
    assert _one_way(one, 1) == ["black → white", "resident → intruder"]
    assert _one_way([*one, sample("day3", "white", "black")], 1) != [], "of another recording"
    assert _one_way([*one, sample("day2", "white", "black", looked=False)], 1) != [], "beside"
    assert _one_way([*one, sample("day2", "white", "black")], 1) == []


@pytest.mark.parametrize(
    ("smooth_s", "widths_s"),
    [
        ("bouts", (0.2, 1.0, 0.0)),  # a tenth of 2 s; of 30 s, and never more than 1 s; no bout
        (0.4, (0.4,)),
        (0.0, (0.0,)),
    ],
)
def test_the_smoothing_follows_the_bouts_unless_said(smooth_s, widths_s):
    space = LabelSpace(("bite", "chase", "flee"), None, False, ("bite", "chase", "flee"))
    config = Config.load(None, [f"decoding.smooth_s={smooth_s}"])
    decoder = configured_decoder(config, space, [two_behaviours()])
    assert decoder.smoothing.width_s == pytest.approx(widths_s)


def two_behaviours():
    """10 frames a second: `bite` for 1, 2 and 2 s, `chase` for 30 s, never `flee`."""
    bouts = [("bite", 0, 10), ("bite", 20, 40), ("bite", 50, 70), ("chase", 100, 400)]
    columns = ("agent", "target", "behaviour", "start_frame", "stop_frame")
    seen = [dict(zip(columns, ("a", "b", *bout), strict=True)) for bout in bouts]
    looked = [
        dict(zip(columns, ("a", "b", name, 0, 500), strict=True))
        for name in ("bite", "chase", "flee")
    ]
    recording = Recording.from_arrays(
        "r", np.zeros((500, 2, 1, 2)), keypoints=["nose"], individuals=["a", "b"], fps=10
    )
    return replace(recording, labels=Labels(seen, looked, 500))


@pytest.mark.parametrize(
    ("losses", "kept", "warns"),
    [
        ([0.7, 0.5, 0.6, 1.0], 4, True),
        ([0.7, 0.5, 0.6, 1.0], 3, False),  # early stopping has kept the third
        ([0.7, 0.5, 0.6, 0.99], 4, False),
        ([1.0, 0.7, 0.5, 0.6], 1, False),  # it fell only after the one that is kept
        ([], 4, False),  # there is no val
    ],
)
def test_a_loss_that_has_doubled_since_its_lowest_is_said(losses, kept, warns):
    history = [{"epoch": n, "val_loss": loss} for n, loss in enumerate(losses, 1)]
    said: list[str] = []
    _warn_of_overfitting(Trained(nn.Identity(), kept, history, 1.0), said.append)
    assert len(said) == warns
    if warns:
        assert "lowest in epoch 2 (0.50) and is 1.00 in the one that is kept" in said[0]
