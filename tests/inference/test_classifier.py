"""Whole recordings, in pieces or in one."""

import dataclasses

import pytest
import torch

from nuzzle.errors import BundleError
from nuzzle.inference import classifier as classifiers
from nuzzle.inference.bundle import restore_classifier
from nuzzle.inference.classifier import SequenceClassifier, WindowClassifier
from nuzzle.models import ARCHITECTURES


def make(name, window=20):
    torch.manual_seed(0)
    arguments = {"input_dim": 10, "num_classes": 3}
    shape = ARCHITECTURES[name].shape
    if shape == "window":
        arguments["window_size"] = window
    if name == "graph":
        arguments["nodes"] = (2, 1, 5)
    model = ARCHITECTURES[name].build(**arguments).eval()
    kind = WindowClassifier if shape == "window" else SequenceClassifier
    return kind(model, name, arguments, window, exclusive=True)


@pytest.fixture
def features():
    return torch.randn(300, 10, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_frame_gets_probabilities(name, features):
    out = make(name).probabilities(features)
    assert out.shape == (300, 3)
    torch.testing.assert_close(out.sum(1), torch.ones(300))


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_it_survives_a_bundle(name, features):
    one = make(name)
    again = restore_classifier(one.describe(), one.files())
    torch.testing.assert_close(again.probabilities(features), one.probabilities(features))


def test_a_bundle_s_network_labels_on_the_best_device(monkeypatch):
    """`meta` stands for a GPU."""
    one = make("tcn")
    monkeypatch.setattr(classifiers, "best_device", lambda: torch.device("meta"))
    assert restore_classifier(one.describe(), one.files()).device.type == "meta"


@pytest.mark.parametrize("name", ["tcn", "transformer"])
def test_pieces_give_the_same_answer_as_the_whole(name, features, monkeypatch):
    one = make(name)
    whole = one.model(features.unsqueeze(0), torch.ones(1, 300, dtype=torch.bool)).softmax(-1)[0]
    torch.testing.assert_close(one.probabilities(features), whole, rtol=1e-3, atol=1e-4)
    monkeypatch.setattr(classifiers, "_STRETCH_FRAMES", 64)
    torch.testing.assert_close(one.probabilities(features), whole, rtol=1e-3, atol=1e-4)


def test_the_declared_support_is_true(features):
    one = make("cnn_lstm", window=20)
    before, after = one.support_frames
    assert (before, after) == (10, 9)
    changed = features.clone()
    changed[150] += 5
    differs = (one.probabilities(changed) - one.probabilities(features)).abs().sum(1) > 1e-6
    assert differs.nonzero().squeeze(1).min() >= 150 - after
    assert differs.nonzero().squeeze(1).max() <= 150 + before
    assert differs[150]


def test_short_recordings(features):
    for name in ARCHITECTURES:
        assert make(name).probabilities(features[:3]).shape == (3, 3)


def test_a_kind_of_the_future():
    with pytest.raises(BundleError, match="'oracle'"):
        restore_classifier({"kind": "oracle"}, {})


@pytest.mark.parametrize("name", ["cnn_lstm", "conv_lstm"])
def test_what_was_learned_beside_is_not_said(name, features):
    whole = make(name)
    one = dataclasses.replace(whole, num_behaviours=2)
    said = one.probabilities(features)
    assert said.shape == (300, 2)
    torch.testing.assert_close(said.sum(1), torch.ones(300))
    # Two of three classes of one softmax: their odds stay.
    all_three = whole.probabilities(features)
    torch.testing.assert_close(said[:, 0] / said[:, 1], all_three[:, 0] / all_three[:, 1])
    again = restore_classifier(one.describe(), one.files())
    torch.testing.assert_close(again.probabilities(features), said)
