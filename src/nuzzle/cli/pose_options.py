"""Arguments and options that the commands which look at poses have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from nuzzle.cells import parse_mapping
from nuzzle.errors import InputError

Bundle = Annotated[Path, typer.Argument(help="A bundle made by `nuzzle train`.")]
Files = Annotated[list[Path], typer.Argument(help="Pose files or manifests; also quoted patterns.")]
Fps = Annotated[
    float | None,
    typer.Option(help="Frames per second of pose files, whatever they say, and of rows without."),
]
PxPerCm = Annotated[
    float | None,
    typer.Option(help="Pixels in a centimetre of pose files, and of rows without."),
]


def renaming(option: str, said: Sequence[str] | None) -> dict[str, str]:
    """What is to be called otherwise, old -> new, by an option that may be given several times.

    Raises:
        InputError: it is not of the form old=new.
    """
    try:
        return parse_mapping(";".join(said or ()))
    except ValueError as error:
        raise InputError(f"{option}: {error}.") from error
