"""Which values of the configuration a search may try, as plain data."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from nuzzle.config import Config
from nuzzle.errors import ConfigError
from nuzzle.files import existing_file
from nuzzle.models import MODELS
from nuzzle.yaml_text import read_file

if TYPE_CHECKING:
    import random

    import optuna

#: These say what is asked, not how to find it: trials that differ in them cannot be compared.
_FIXED = ("labels", "model.name", "calibration", "training.seed")
_OPTIONS = "model.options."


@dataclass(frozen=True)
class Range:
    """Numbers between two ends, both included; whole numbers if both ends are integers.

    Attributes:
        low: the least.
        high: the greatest.
        log: whether steps are factors; for values that spread over several powers of ten.
    """

    low: float
    high: float
    log: bool = False

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that stand for all of them in a check."""
        return (self.low, self.high)

    def holds(self, value: Any) -> bool:
        """Whether `value` can be tried."""
        return isinstance(value, (int, float)) and self.low <= value <= self.high

    @property
    def size(self) -> float:
        """How many values there are; infinite where they need not be whole."""
        return self.high - self.low + 1 if self._whole else math.inf

    def stored(self, index: int) -> Any:
        """The value of this number, from 0 on, as a trial stores it; of whole numbers."""
        return self.low + index

    @property
    def _whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def suggest(self, trial: optuna.Trial, key: str) -> Any:
        """The value that a trial shall try."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(key, self.low, self.high, log=self.log)
        return trial.suggest_float(key, self.low, self.high, log=self.log)

    def said(self, value: Any) -> Any:
        """How a trial stores `value`."""
        return value

    def to_plain(self) -> Any:
        """What a YAML file holds."""
        return {"low": self.low, "high": self.high, "log": self.log}

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Choice:
    """One of a few values, in no order."""

    values: tuple[Any, ...]

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that stand for all of them in a check."""
        return self.values

    def holds(self, value: Any) -> bool:
        """Whether `value` can be tried."""
        return value in self.values

    @property
    def size(self) -> float:
        """How many different values there are."""
        return len(self._known)

    def stored(self, index: int) -> Any:
        """The value of this number, from 0 on, as a trial stores it."""
        return [*self._known][index]

    @property
    def _known(self) -> dict[Any, Any]:
        """The values, by how a trial stores them."""
        return {self.said(value): value for value in self.values}

    def suggest(self, trial: optuna.Trial, key: str) -> Any:
        """The value that a trial shall try."""
        known = self._known
        return known[trial.suggest_categorical(key, list(known))]

    def said(self, value: Any) -> Any:
        """How a trial stores `value`: lists as their text."""
        return json.dumps(value) if isinstance(value, (list, dict)) else value

    def to_plain(self) -> Any:
        """What a YAML file holds."""
        return list(self.values)

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


Space = Mapping[str, Range | Choice]

_SMOOTHING = Choice(("bouts", 0.0, 0.2, 0.5, 1.0))
_SEQUENCE: Space = {
    "training.learning_rate": Range(3e-4, 1e-2, log=True),
    "training.weight_decay": Range(1e-4, 1e-1, log=True),
    "training.window": Choice((256, 512, 1024)),
    "training.batch_size": Choice((8, 16, 32)),
    "loss.gamma": Choice((0.0, 1.0, 2.0)),
    "loss.alpha": Choice(("none", "sqrt_inverse_frequency")),
    "model.options.dropout": Range(0.1, 0.5),
    "decoding.smooth_s": _SMOOTHING,
}
#: What is searched where nobody says otherwise.
SPACES: Mapping[str, Space] = {
    "cnn_lstm": {
        "training.learning_rate": Range(1e-4, 3e-3, log=True),
        "training.window": Choice((30, 60, 90)),
        "loss.gamma": Choice((0.0, 1.0, 2.0)),
        "loss.alpha": Choice(("inverse_frequency", "none")),
        "augmentation.noise_std": Range(0.0, 0.1),
        "augmentation.mixup_alpha": Choice((0.0, 0.2, 0.4)),
        "decoding.smooth_s": _SMOOTHING,
    },
    "conv_lstm": {**_SEQUENCE, "model.options.hidden": Choice((32, 64, 128))},
    "tcn": {
        **_SEQUENCE,
        "model.options.channels": Choice((32, 48, 64)),
        "loss.smoothness": Range(0.0, 0.3),
    },
    "transformer": {**_SEQUENCE, "model.options.num_layers": Range(2, 4)},
    "graph": _SEQUENCE,
    "trees": {
        "training.epochs": Range(100, 600),
        "model.options.learning_rate": Range(0.02, 0.2, log=True),
        "model.options.num_leaves": Range(7, 63, log=True),
        "model.options.min_data_in_leaf": Range(20, 500, log=True),
        "model.options.feature_fraction": Range(0.05, 0.5),
        "decoding.smooth_s": _SMOOTHING,
    },
}


def load_space(path: str | Path | None, config: Config) -> Space:
    """The search space of a YAML file, or the model's own.

    A file maps keys of the configuration to ``{low: 1e-4, high: 1e-2, log: true}`` or to a list of
    values. Between two ends, keys that are whole numbers get whole numbers.

    Args:
        path: the file; None for the space in `SPACES`, without what the configuration fixes.
        config: what a trial starts from.

    Raises:
        ConfigError: the file is not of that form, or a value of it cannot be; lists all problems.
    """
    if config.is_ensemble:
        raise ConfigError(
            "An ensemble is not searched as a whole. Search each of its models by itself, as "
            "`nuzzle tune --model tcn`, and write what is found into ensemble.members."
        )
    if path is None:
        if config.model.name not in SPACES:
            raise ConfigError(
                f"There is no search space for the model {config.model.name!r}; there are "
                f"{sorted(SPACES)}. Write one, and pass it with --space."
            )
        space, source = SPACES[config.model.name], f"the space of {config.model.name!r}"
        space = {key: each for key, each in space.items() if key not in fixed_by(config)}
    else:
        space, source = _read(existing_file(path, "search space"), config), str(path)
    _check(space, config, source)
    return space


def fixed_by(config: Config) -> dict[str, Any]:
    """Keys of the model's own space that no trial changes, and their values.

    All defaults lie in `SPACES`: whoever writes a value outside of it means to have that one.
    """
    space = SPACES[config.model.name]
    return {
        key: value for key, each in space.items() if not each.holds(value := _current(config, key))
    }


def _read(path: Path, config: Config) -> Space:
    values = read_file(path)
    if not isinstance(values, dict) or not values:
        raise ConfigError(f"{path}: a search space is a list of `section.key: values` lines.")
    return {str(key): _dimension(str(key), value, path, config) for key, value in values.items()}


def _dimension(key: str, value: Any, path: Path, config: Config) -> Range | Choice:
    if isinstance(value, list) and value:
        return Choice(tuple(value))
    if isinstance(value, dict) and {"low", "high"} <= set(value) <= {"low", "high", "log"}:
        # YAML 1.1 takes 1e-4 for a text: it wants 1.0e-4.
        low, high = (_number(value[end]) for end in ("low", "high"))
        if low is not None and high is not None and low < high:
            log = value.get("log", False)
            if isinstance(log, bool) and (low > 0 or not log):
                return Range(*_of_kind(key, low, high, config), log)
    raise ConfigError(
        f"{path}: {key}: expected a list of values, or {{low: 0.001, high: 0.1, log: true}} with "
        f"low below high, and above 0 with log; got {value!r}."
    )


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _of_kind(key: str, low: float, high: float, config: Config) -> tuple[float, float]:
    """Two ends as whole numbers where the key takes no others, however they are written."""
    if not (float(low).is_integer() and float(high).is_integer()):
        return low, high
    if key.startswith(_OPTIONS):
        usual = MODELS[config.model.name].default(key.removeprefix(_OPTIONS))
        whole = isinstance(low if usual is None else usual, int)
    else:
        whole = not _takes(config, key, low + 0.5)
    return (int(low), int(high)) if whole else (float(low), float(high))


def _takes(config: Config, key: str, value: Any) -> bool:
    try:
        config.with_values({key: value})
    except ConfigError:
        return False
    return True


def _check(space: Space, config: Config, source: str) -> None:
    """Raise a `ConfigError` that lists every key and value that no trial could have."""
    problems = [] if space else ["the configuration fixes all of it, so nothing is left to try"]
    for key, dimension in space.items():
        if any(key == fixed or key.startswith(f"{fixed}.") for fixed in _FIXED):
            problems.append(f"{key} must be the same in all trials; set it with --set")
            continue
        for value in dimension.ends:
            try:
                config.with_values({key: value}, source)
            except ConfigError as error:
                problems.append(str(error).removeprefix(f"{source}: "))
    if problems:
        raise ConfigError(f"{source}: " + "; ".join(problems))


def starting_point(space: Space, config: Config) -> dict[str, Any]:
    """What the configuration itself has at the keys of the space, as a trial stores it.

    A value outside the space is left out, and then drawn.
    """
    found = {key: _current(config, key) for key in space}
    return {key: space[key].said(value) for key, value in found.items() if space[key].holds(value)}


def _current(config: Config, key: str) -> Any:
    value: Any = config.to_dict()
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    name, option = config.model.name, key.removeprefix(_OPTIONS)
    if value is not None or option == key:
        return value
    return MODELS[name].default(option)


def suggested(space: Space, trial: optuna.Trial) -> dict[str, Any]:
    """The values of the configuration that a trial shall try, or has tried."""
    return {key: dimension.suggest(trial, key) for key, dimension in space.items()}


def size_of(space: Space) -> float:
    """How many configurations there are; infinite with any range of numbers that are not whole."""
    sizes = [dimension.size for dimension in space.values()]
    return math.inf if math.inf in sizes else math.prod(sizes)


def untried(space: Space, tried: Set[tuple[Any, ...]], draw: random.Random) -> dict[str, Any]:
    """A configuration that no trial has had, drawn from a space of finite size.

    Args:
        space: what may be tried.
        tried: what trials had: their stored values, in the order of the keys of `space`; not all
            configurations.
        draw: where the first number comes from.

    Returns:
        Key -> value, as a trial stores it.
    """
    number = int(size_of(space))
    first = draw.randrange(number)
    values: dict[str, Any] = {}
    for index in range(first, first + number):
        rest = index % number
        for key, dimension in space.items():
            rest, mine = divmod(rest, int(dimension.size))
            values[key] = dimension.stored(mine)
        if tuple(values.values()) not in tried:
            break
    return values


def space_yaml(space: Space) -> str:
    """The space as the YAML file that `load_space` reads."""
    plain = {key: dimension.to_plain() for key, dimension in space.items()}
    text: str = yaml.safe_dump(plain, sort_keys=False, default_flow_style=None)
    return text
