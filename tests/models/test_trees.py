"""What LightGBM may be told."""

import sys

import pytest

from nuzzle.errors import ConfigError, MissingDependencyError
from nuzzle.models.trees import OPTIONS, TREES, lightgbm


@pytest.mark.parametrize(
    ("option", "hint"),
    [("num_leafs", "mean 'num_leaves'"), ("max_leaves", "did you mean"), ("colour", "known are")],
)
def test_options_that_lightgbm_would_pass_over(option, hint):
    with pytest.raises(ConfigError, match=f"no option '{option}'; .*{hint}"):
        TREES.check_options({option: 3})


@pytest.mark.parametrize(
    ("option", "key"), [("num_iterations", "training.epochs"), ("class_weight", "loss.alpha")]
)
def test_options_that_the_configuration_has_elsewhere(option, key):
    with pytest.raises(ConfigError, match=f"'{option}' from {key}"):
        TREES.check_options({option: 3})


def test_every_option_is_one_of_lightgbms_main_names():
    known = lightgbm().basic._ConfigAliases._get_all_param_aliases()
    assert set(OPTIONS) <= set(known)


def test_without_lightgbm(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingDependencyError, match="pip install lightgbm"):
        TREES.check_options({})
