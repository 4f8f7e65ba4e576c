"""Every model goes the whole road by its name."""

import pytest

from nuzzle.config import Config
from nuzzle.errors import ConfigError
from nuzzle.inference.bundle import Bundle
from nuzzle.manifest import Manifest
from nuzzle.models import ARCHITECTURES
from nuzzle.workflow.evaluate import evaluate
from nuzzle.workflow.train import train

SEQUENCE_MODELS = sorted(n for n, each in ARCHITECTURES.items() if each.shape == "sequence")


@pytest.mark.parametrize("name", [*SEQUENCE_MODELS, "trees"])
def test_train_and_evaluate(name, manifest, tmp_path):
    config = Config.load(None, [f"model.name={name}", "training.epochs=1", "training.window=128"])
    few = Manifest((*manifest.entries[1:3], manifest.entries[3]))
    path = tmp_path / "model.nuzzle"
    trained = train(few, path, config)
    wanted = {"graph": "nodes", "trees": "windowed"}.get(name, "relational")
    assert trained.config.features == wanted
    result = evaluate(Bundle.load(path), few, "val")
    assert result.macro_f1.value == pytest.approx(trained.metrics["macro_f1"]["value"], abs=1e-6)


def test_the_graph_needs_nodes(manifest, tmp_path):
    config = Config.load(None, ["model.name=graph", "features=engineered48"])
    with pytest.raises(ConfigError, match="'nodes'"):
        train(manifest, tmp_path / "model.nuzzle", config)


def test_presets_give_way_to_what_is_asked_for():
    config = Config.load(None, ["model.name=tcn", "loss.smoothness=0.3", "training.window=64"])
    assert config.loss.smoothness == 0.3
    assert config.loss.alpha == "sqrt_inverse_frequency", "the rest of the preset stays"
    assert config.training.window == 64
    assert config.training.schedule == "cycle"


def test_an_unknown_model_is_refused_before_anything_is_read(manifest, tmp_path):
    config = Config.load(None, ["model.name=tcm"])
    with pytest.raises(ConfigError, match=r"no model 'tcm'; there are .*'tcn'"):
        train(manifest, tmp_path / "model.nuzzle", config)
    assert not (tmp_path / "model.nuzzle.work").exists()
