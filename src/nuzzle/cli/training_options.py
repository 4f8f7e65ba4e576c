"""Options that the commands that train have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[str, typer.Option(help="Which model.")]
ConfigFile = Annotated[
    Path | None, typer.Option(help="YAML file with what differs from the defaults.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="One change: section.key=value. May be repeated."),
]
Auxiliary = Annotated[
    Path | None,
    typer.Option("--auxiliary", help="Manifest of other labels to learn beside these."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing bundle.")]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Throw away an unfinished run instead of continuing it.")
]
