import pytest

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
