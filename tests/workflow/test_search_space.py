import math
import random
from itertools import product

import pytest

from nuzzle.config import Config
from nuzzle.errors import ConfigError
from nuzzle.models import ARCHITECTURES
from nuzzle.presets import PRESETS
from nuzzle.workflow.search_space import (
    SPACES,
    Choice,
    Range,
    fixed_by,
    load_space,
    size_of,
    space_yaml,
    starting_point,
    untried,
)


@pytest.mark.parametrize("model", [*ARCHITECTURES, "trees"])
def test_every_model_has_a_space_that_holds_its_defaults(model):
    config = Config.load(None, [f"model.name={model}"])
    space = load_space(None, config)
    assert set(starting_point(space, config)) == set(space)
    assert set(SPACES) >= {*PRESETS, model}


@pytest.mark.parametrize("model", SPACES)
def test_every_value_of_a_space_builds(model):
    """Options at either end make a model, not an error in every trial."""
    if model == "trees":
        return
    told = {"nodes": (2, 7, 5)} if model == "graph" else {}
    for key, dimension in SPACES[model].items():
        for value in dimension.ends if key.startswith("model.options.") else ():
            option = key.removeprefix("model.options.")
            ARCHITECTURES[model].build(input_dim=70, num_classes=3, **told, **{option: value})


def test_a_space_goes_to_yaml_and_back(tmp_path):
    config = Config.load(None, ["model.name=tcn"])
    path = tmp_path / "space.yaml"
    path.write_text(space_yaml(SPACES["tcn"]))
    assert load_space(path, config) == SPACES["tcn"]


def test_numbers_as_people_write_them(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(
        "training.learning_rate: {low: 1e-4, high: 1e-2, log: true}\n"
        "training.epochs: {low: 5, high: 20}\n"
        "augmentation.scale: [null, [0.9, 1.1]]\n"
    )
    space = load_space(path, Config())
    assert space["training.learning_rate"] == Range(1e-4, 1e-2, log=True)
    assert space["training.epochs"] == Range(5, 20)
    assert space["augmentation.scale"] == Choice((None, [0.9, 1.1]))


def test_ends_are_of_the_kind_of_their_key(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(
        "training.epoch_windows: {low: 1e3, high: 1e4, log: true}\n"
        "decoding.smooth_s: {low: 0, high: 1}\n"
        "model.options.feature_fraction: {low: 0, high: 1}\n"
        "model.options.num_leaves: {low: 7.0, high: 63.0}\n"
        "model.options.max_depth: {low: 3, high: 8}\n"
    )
    space = load_space(path, Config.load(None, ["model.name=trees"]))
    kinds = {key: {type(end) for end in each.ends} for key, each in space.items()}
    assert [*kinds.values()] == [{int}, {float}, {float}, {int}, {int}]
    assert space["training.epoch_windows"] == Range(1000, 10000, log=True)


@pytest.mark.parametrize(
    "line",
    ["{low: 2, high: 1}", "{low: 0, high: 1, log: true}", "{low: a, high: b}", "3", "[]"],
)
def test_what_is_not_a_dimension(tmp_path, line):
    path = tmp_path / "space.yaml"
    path.write_text(f"loss.gamma: {line}\n")
    with pytest.raises(ConfigError, match=r"space.yaml: loss.gamma: expected a list of values"):
        load_space(path, Config())


def test_what_the_configuration_has_outside_of_the_models_own_space_is_not_searched(tmp_path):
    config = Config.load(None, ["model.name=trees", "training.epochs=10"])
    assert fixed_by(config) == {"training.epochs": 10}
    space = load_space(None, config)
    assert set(SPACES["trees"]) - set(space) == {"training.epochs"}
    path = tmp_path / "space.yaml"
    path.write_text("training.epochs: {low: 100, high: 200}\n")
    assert set(load_space(path, config)) == {"training.epochs"}, "a file names its keys itself"


def test_a_configuration_that_fixes_all(monkeypatch):
    monkeypatch.setitem(SPACES, "trees", {"training.epochs": Range(100, 600)})
    config = Config.load(None, ["model.name=trees", "training.epochs=10"])
    with pytest.raises(ConfigError, match="nothing is left to try"):
        load_space(None, config)


def test_dimensions_in_words():
    assert str(Range(0.02, 0.2, log=True)) == "0.02 to 0.2"
    assert str(Choice(("bouts", 0.5))) == "bouts, 0.5"


def test_values_outside_of_the_space_are_drawn():
    config = Config.load(None, ["model.name=tcn", "training.window=100"])
    start = starting_point(SPACES["tcn"], config)
    assert "training.window" not in start
    assert start["model.options.dropout"] == 0.3


def test_how_many_configurations_there_are():
    space = {"a": Range(2, 4), "b": Choice((4, 8, 8)), "c": Choice(("x",))}
    assert size_of(space) == 3 * 2 * 1
    assert size_of({**space, "d": Range(0.0, 1.0)}) == math.inf


def test_what_no_trial_has_had_is_found_wherever_it_is():
    space = {"a": Range(2, 4), "b": Choice((None, [0.9, 1.1])), "c": Choice(("x", "y"))}
    every = set(product((2, 3, 4), (None, "[0.9, 1.1]"), ("x", "y")))
    for left in every:
        for seed in range(3):
            found = untried(space, every - {left}, random.Random(seed))
            assert tuple(found.items()) == tuple(zip("abc", left, strict=True))
    drawn = {tuple(untried(space, set(), random.Random(n)).values()) for n in range(200)}
    assert drawn == every, "any of them may come first"
