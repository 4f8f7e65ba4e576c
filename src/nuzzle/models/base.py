"""What every architecture is, and the registry of those that can be trained by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from nuzzle.errors import ConfigError


@dataclass(frozen=True)
class Architecture:
    """A model that `nuzzle train --model NAME` can train.

    Attributes:
        name: on the command line.
        build: ``build(input_dim=..., num_classes=..., **options)``.
        shape: ``window`` models label the centre frame of a window,
            `(batch, window, feature) -> (batch, behaviour)`; ``sequence`` models label every frame,
            `(batch, time, feature) -> (batch, time, behaviour)`. Both take a `mask`
            `(batch, time)` of frames that exist; what the others hold has no effect. A sequence
            model has `receptive_field_frames`: how many frames a label depends on, its own in the
            middle; None where that is the whole sequence.
        year: of the publication.
        source: the paper.
        purpose: what it is good for, one sentence.
        takes: what `build` is told besides, which follows from the recordings, the features and the
            configuration: the `window_size`; the `groups` of behaviours that are learned at once,
            and whether the first is `exclusive`; what makes the `nodes` of its features.
        features: the only feature set that it reads; None for any.
    """

    name: str
    build: Callable[..., nn.Module]
    shape: Literal["window", "sequence"]
    year: int
    source: str
    purpose: str
    takes: tuple[Literal["window_size", "groups", "exclusive", "nodes"], ...] = ()
    features: str | None = None


def build_model(
    architectures: Mapping[str, Architecture], name: str, **arguments: Any
) -> nn.Module:
    """Build the model called `name`.

    Raises:
        ConfigError: no such model, or it does not know an argument, or cannot take its value.
    """
    if name not in architectures:
        raise ConfigError(f"There is no model {name!r}; there are {sorted(architectures)}.")
    try:
        return architectures[name].build(**arguments)
    except ConfigError:
        raise
    except (TypeError, ValueError, ZeroDivisionError, RuntimeError) as error:
        raise ConfigError(f"The model {name!r} cannot be built: {error}") from error


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
