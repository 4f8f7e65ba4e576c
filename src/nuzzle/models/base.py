"""What every model is, and building those that are networks."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import nn

from nuzzle.errors import ConfigError, nearest


class Model(ABC):
    """What `nuzzle train --model NAME` can train.

    Attributes:
        learns_by_epoch: whether it goes over its recordings again and again: it can follow `val`,
            learn auxiliary behaviours beside its own, and see the poses changed each time.
        name: on the command line.
        features: the only feature set that it reads; None for any.
    """

    learns_by_epoch: ClassVar[bool]

    name: str
    features: str | None

    @abstractmethod
    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuse `model.options` before anything is read, as far as that can be known.

        Raises:
            ConfigError: names the first that it does not know.
            MissingDependencyError: what it is made with is not installed.
        """

    @abstractmethod
    def default(self, option: str) -> Any:
        """What one of `model.options` is where nothing is said; None if that is not known."""


@dataclass(frozen=True)
class Architecture(Model):
    """A network.

    Attributes:
        name: on the command line.
        build: ``build(input_dim=..., num_classes=..., **options)``.
        shape: ``window`` models label the centre frame of a window,
            `(batch, window, feature) -> (batch, behaviour)`, and with `return_attention` also give
            the weights of their steps, `(batch, step)`; ``sequence`` models label every frame,
            `(batch, time, feature) -> (batch, time, behaviour)`. Both take a `mask`
            `(batch, time)` of frames that exist; what the others hold has no effect. A sequence
            model has `receptive_field_frames`: how many frames a label depends on, its own in the
            middle; None where that is the whole sequence.
        takes: what `build` is told besides, which follows from the recordings, the features and the
            configuration: the `window_size`; the `groups` of behaviours that are learned at once,
            and whether the first is `exclusive`; what makes the `nodes` of its features.
        features: the only feature set that it reads; None for any.
    """

    learns_by_epoch: ClassVar[bool] = True

    name: str
    build: Callable[..., nn.Module]
    shape: Literal["window", "sequence"]
    takes: tuple[Literal["window_size", "groups", "exclusive", "nodes"], ...] = ()
    features: str | None = None

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuse names that `build` does not know, and values of another kind than its defaults."""
        parameters = inspect.signature(self.build).parameters
        free = {
            name: parameter.default
            for name, parameter in parameters.items()
            if name not in ("input_dim", "num_classes", *self.takes)
        }
        for name, value in options.items():
            if name in free:
                _check_kind(self.name, name, value, free[name])
            elif name not in parameters:
                raise unknown_option(self.name, name, free)

    def default(self, option: str) -> Any:
        """What `build` takes where nothing is said."""
        parameter = inspect.signature(self.build).parameters.get(option)
        return None if parameter is None else parameter.default


def unknown_option(model: str, name: object, known: Iterable[str]) -> ConfigError:
    """The error that a model has no such option, with the nearest that it has."""
    names = sorted(known)
    near = nearest(name, names)
    hint = f"did you mean {near!r}?" if near else f"known are {names}"
    return ConfigError(f"The model {model!r} has no option {name!r}; {hint}")


def _check_kind(model: str, name: str, value: object, default: object) -> None:
    """Refuse a value that is not of the kind of a model's default."""
    if isinstance(default, tuple) and default:
        values = value if isinstance(value, (list, tuple)) else ()
        wrong = any(type(each) is not int or each < 1 for each in values)
        if wrong or len(values) != len(default):
            raise ConfigError(
                f"The model {model!r}: {name} must be {len(default)} whole numbers, 1 or more, "
                f"such as {list(default)}; got {value!r}."
            )
    elif type(default) is int:
        check_counts(model, 0, **{name: value})
    elif type(default) is float and (
        isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value)
    ):
        raise ConfigError(
            f"The model {model!r}: {name} must be a number, such as {default}; got {value!r}."
        )


def check_counts(model: str, least: int, **counts: object) -> None:
    """Refuse arguments of a model that are no whole numbers, or too small.

    Raises:
        ConfigError: names the first of them.
    """
    for name, value in counts.items():
        if type(value) is not int or value < least:
            raise ConfigError(
                f"The model {model!r}: {name} must be a whole number, "
                f"{least} or more; got {value!r}."
            )


def count_parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
