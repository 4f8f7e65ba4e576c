"""Options that the commands that train have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nuzzle.errors import ConfigError

if TYPE_CHECKING:
    from nuzzle.config import Config


#: What is never on both sides of a fold.
Together = Literal["group", "recording", "lab"]

_NETWORKS = "cnn_lstm, conv_lstm, tcn, transformer, graph"
_DEFAULT = "cnn_lstm by default, or the one in --config"

Model = Annotated[str, typer.Option(help=f"{_NETWORKS}, trees or ensemble; {_DEFAULT}.")]
SingleModel = Annotated[str, typer.Option(help=f"{_NETWORKS} or trees; {_DEFAULT}.")]
ConfigFile = Annotated[
    Path | None, typer.Option(help="YAML file with what differs from the defaults.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="One change: section.key=value. May be repeated."),
]
Epochs = Annotated[int | None, typer.Option(help="At most this many epochs.")]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random.")]
Auxiliary = Annotated[
    Path | None,
    typer.Option("--auxiliary", help="Manifest of other labels to learn beside these."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing bundle.")]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Throw away an unfinished run instead of continuing it.")
]
Jobs = Annotated[
    int, typer.Option(min=1, help="How many trainings at a time; as many as there are cores pays.")
]
By = Annotated[Together, typer.Option("--by", help="What stays together in a fold.")]


def needed(out: Path | None, otherwise: str) -> Path:
    """The value of `--out`, which only a command that prints and stops goes without."""
    if out is None:
        raise typer.BadParameter(
            f"where to write is needed, but for {otherwise}.", param_hint="--out"
        )
    return out


#: Options of their own, and the keys of the configuration that they set.
_KEYS = {"model": "model.name", "epochs": "training.epochs", "seed": "training.seed"}


def settings_of(
    config: Path | None, changes: Sequence[str] | None, **options: str | int | None
) -> Config:
    """The configuration that `--config`, `--set` and the options of `_KEYS` give together.

    Raises:
        ConfigError: an option and `--set` say different things.
    """
    from nuzzle.config import Config
    from nuzzle.yaml_text import read_change

    given = {name: value for name, value in options.items() if value not in (None, "")}
    for change in changes or []:
        keys, value = read_change(change)
        for name, wanted in given.items():
            if _KEYS[name] == ".".join(keys) and value != wanted:
                raise ConfigError(
                    f"--set {change} and --{name} {wanted} say different things: leave one out."
                )
    return Config.load(
        config, [*(changes or []), *(f"{_KEYS[name]}={value}" for name, value in given.items())]
    )
