"""Arguments and options that the commands which look at poses have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Bundle = Annotated[Path, typer.Argument(help="A bundle made by `nuzzle train`.")]
Files = Annotated[list[Path], typer.Argument(help="Pose files, or manifests.")]
Fps = Annotated[
    float | None,
    typer.Option(help="Frames per second of pose files, whatever they say, and of rows without."),
]
PxPerCm = Annotated[
    float | None,
    typer.Option(help="Pixels in a centimetre of pose files, and of rows without."),
]
