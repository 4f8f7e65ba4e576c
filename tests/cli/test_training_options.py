from importlib import import_module

import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app
from nuzzle.cli.training_options import settings_of
from nuzzle.errors import ConfigError


def test_options_are_settings():
    config = settings_of(
        None, ["training.seed=03", "model.name='tcn'"], model="tcn", epochs=7, seed=3
    )
    assert (config.model.name, config.training.epochs, config.training.seed) == ("tcn", 7, 3)
    assert settings_of(None, None, model="", epochs=None).model.name == "cnn_lstm"


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        ("model.name=tcn", {"model": "trees"}, "--set model.name=tcn and --model trees say"),
        ("training.epochs = 3", {"epochs": 4}, "--set training.epochs = 3 and --epochs 4 say"),
    ],
)
def test_what_is_said_twice_and_differently_is_refused(change, options, told):
    with pytest.raises(ConfigError, match=told):
        settings_of(None, [change], **options)


@pytest.mark.parametrize("command", ["train", "crossval", "tune"])
def test_what_trains_takes_epochs_and_seed(command, monkeypatch):
    given = []

    def run(manifest, out, config, **_):
        given.append((config.training.epochs, config.training.seed))
        raise ConfigError("far enough")

    monkeypatch.setattr(import_module(f"nuzzle.workflow.{command}"), command, run)
    options = ["m.csv", "--out", "out", "--epochs", "3", "--seed", "0"]
    done = CliRunner().invoke(build_app(), [command, *options])
    assert "far enough" in done.stderr and given == [(3, 0)]
