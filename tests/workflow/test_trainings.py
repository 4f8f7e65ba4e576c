"""Several trainings at a time, and what becomes of them."""

import os
from concurrent.futures import BrokenExecutor

import joblib
import numpy as np
import pytest

from nuzzle.config import Config
from nuzzle.errors import DivergedError, InputError, TrainingError
from nuzzle.inference.predict import predict_recording
from nuzzle.io.load import load_manifest
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow import trainings
from nuzzle.workflow.ensemble import folds_of
from nuzzle.workflow.trainings import Training, train_ahead

TREES = Config.load(
    None, ["model.name=trees", "training.epochs=3", "labels.behaviours=[investigation]"]
)


@pytest.fixture(scope="module")
def recordings(manifest):
    return list(load_manifest(manifest.select("train")))


@pytest.fixture
def training_of(recordings, tmp_path):
    def make(name, config=TREES, member=""):
        space = LabelSpace.fit(recordings, config.labels)
        split = {"train": recordings, "val": []}
        return Training(f"fold {name}", split, space, config, tmp_path / f"{name}.nuzzle", member)

    return make


@pytest.fixture
def here_alone(monkeypatch):
    """No training in this process."""

    def learn(*_):
        raise AssertionError("trained here")

    monkeypatch.setattr(trainings, "learn", learn)


def test_others_train_what_this_would_have_trained(training_of, recordings, tmp_path, here_alone):
    said = []
    several = [
        training_of("a", member="trees"),
        training_of("b", TREES.with_values({"training.seed": 1})),
    ]
    train_ahead(several, 2, said.append)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nuzzle", "b.nuzzle"]
    assert said[0].startswith("2 trainings, 2 at a time")
    assert [s for s in said if "done" in s][1:] == [
        "1 of 2 trainings done",
        "2 of 2 trainings done",
    ]
    assert "trees: fold a" in said and "fold b" in said
    assert said.index("trees: behaviours: investigation, other") == said.index("trees: fold a") + 1
    train_ahead(several, 2, lambda _: pytest.fail("there is nothing to train"))
    first = several[0].bundle(lambda _: pytest.fail("it is there"))
    assert first.training["recordings"] == [each.name for each in recordings]


def test_a_model_is_the_same_wherever_it_was_trained(training_of, recordings):
    elsewhere, other, here = (training_of(name) for name in ("elsewhere", "other", "here"))
    train_ahead([elsewhere, other], 2, lambda _: None)
    said = []
    bundles = [each.bundle(said.append) for each in (elsewhere, here)]
    assert said[0] == "fold here"
    first, second = (predict_recording(each, recordings[0])[0][1] for each in bundles)
    np.testing.assert_allclose(first, second, atol=1e-6)


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_training_or_one_job_begins_nothing(training_of, tmp_path, jobs):
    train_ahead([training_of("a"), training_of("b")][: 3 - jobs], jobs, pytest.fail)
    assert not list(tmp_path.iterdir())


def test_there_is_no_job_to_do_it(training_of):
    with pytest.raises(InputError, match="not 0: --jobs"):
        train_ahead([training_of("a"), training_of("b")], 0, print)


def test_what_diverges_elsewhere_is_named_here(training_of, tmp_path):
    steep = {"model.name": "tcn", "model.options": {"channels": 4}, "training.epochs": 3}
    wild = TREES.with_values(steep | {"training.learning_rate": 1e25})
    with pytest.raises(DivergedError, match=r"^member tcn: fold b: .* in epoch \d"):
        train_ahead([training_of("a"), training_of("b", wild, "tcn")], 2, lambda _: None)
    assert not (tmp_path / "b.nuzzle").exists()


def test_a_process_that_was_killed_is_told_in_words(training_of, monkeypatch):
    def killed(_):
        raise BrokenExecutor("A worker process managed by the executor was terminated")
        yield

    monkeypatch.setattr(joblib, "Parallel", lambda *_, **__: killed)
    with pytest.raises(TrainingError, match=r"One of 2 .* no memory left.*fewer --jobs"):
        train_ahead([training_of("a"), training_of("b")], 2, lambda _: None)


def test_all_models_of_an_ensemble_can_be_trained_elsewhere(recordings, tmp_path, here_alone):
    trees = "{model: {name: trees}, training: {epochs: 3}}"
    changes = ["model.name=ensemble", f"ensemble.members=[{trees}, {trees}]"]
    config = Config.load(None, [*changes, "labels.behaviours=[investigation]"])
    space, parts = LabelSpace.fit(recordings, config.labels), [recordings[:1], recordings[1:]]
    said = []
    run = folds_of(parts, space, config, tmp_path, said.append, None, jobs=2)
    assert {pair.recording for pair in run.out_of_fold()} == {each.name for each in recordings}
    assert len(run.refit().members) == 2
    assert [s.partition(";")[0] for s in said if "at a time" in s] == [
        "4 trainings, 2 at a time",
        "2 trainings, 2 at a time",
    ]


def test_a_process_ends_with_the_one_that_it_works_for(monkeypatch):
    alive, ended = iter([7, 7, 1]), []
    monkeypatch.setattr(trainings, "_LOOK_S", 0.0)
    monkeypatch.setattr(os, "getppid", lambda: next(alive))
    monkeypatch.setattr(os, "_exit", ended.append)
    trainings._end_with(7)
    assert ended == [1] and not list(alive)
