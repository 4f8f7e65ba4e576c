"""The source document's two commands, and its inference example."""

import contextlib
import io
import pickle
import runpy
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
import torch

from nuzzle.models import TemporalCNNLSTM
from nuzzle.simulate import simulate

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
FEATURES = "data/processed/train_calms21_engineered.pkl"


class Done(NamedTuple):
    code: int
    stderr: str


def run(folder, script, *arguments):
    """As `python scripts/NAME ...` in the folder, without another start of torch."""
    said = io.StringIO()
    with (
        contextlib.chdir(folder),
        mock.patch.object(sys, "argv", [script, *arguments]),
        contextlib.redirect_stderr(said),
        pytest.raises(SystemExit) as ended,
    ):
        runpy.run_path(str(SCRIPTS / script), run_name="__main__")
    return Done(ended.value.code, said.getvalue())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts")
    simulate(folder / "data/raw", format="mabe", recordings=4, minutes=0.5, seed=3)
    return folder


@pytest.fixture(scope="module")
def features(folder):
    done = run(folder, "load_calms21_engineered.py")
    assert done.code == 0, done.stderr
    return pickle.loads((folder / FEATURES).read_bytes())


def test_the_features_are_normalised_and_labelled(features):
    assert features["classes"] == [
        "intromit", "mount", "other", "attack", "sniff_any", "genitalgroom", "approach",
    ]  # fmt: skip
    assert features["vocabulary"]["sniff_any"] == 4
    assert len(features["columns"]) == 48
    stacked = np.concatenate([each["features"] for each in features["train"]])
    assert stacked.shape[1] == 48
    np.testing.assert_allclose(stacked.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(stacked.std(axis=0), 1, atol=0.1)
    for each in features["train"] + features["val"]:
        assert len(each["labels"]) == len(each["features"])
        assert set(np.unique(each["labels"])) <= set(range(-1, 7))
    videos = [{each["video"] for each in features[split]} for split in ("train", "val")]
    assert not videos[0] & videos[1]


def test_the_weights_load_as_in_the_example(folder, features):
    done = run(
        folder, "train_cnn_lstm.py", "--set", "training.epochs=1", "--set",
        "training.epoch_windows=128", "--set", "training.val_stride=20",
    )  # fmt: skip
    assert done.code == 0, done.stderr
    model = TemporalCNNLSTM(input_dim=48, num_classes=7, window_size=60)
    checkpoint = torch.load(folder / "models/cnn_lstm_best.pth", weights_only=True)
    model.load_state_dict(checkpoint["model_state_dict"])
    model.eval()
    window = torch.from_numpy(features["val"][0]["features"][:60]).unsqueeze(0)
    assert model(window).shape == (1, 7)


def test_missing_data_is_told_with_where_to_get_it(tmp_path):
    done = run(tmp_path, "load_calms21_engineered.py")
    assert done.code == 2
    assert "Kaggle" in done.stderr
    assert "nuzzle simulate" in done.stderr
    done = run(tmp_path, "train_cnn_lstm.py")
    assert done.code == 2
    assert "load_calms21_engineered.py" in done.stderr
