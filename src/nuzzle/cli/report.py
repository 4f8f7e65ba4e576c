"""`nuzzle report`: one HTML file of a folder of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nuzzle.cli import console
from nuzzle.cli.console import JsonTarget, emit_json


def report(
    directory: Annotated[
        Path, typer.Argument(help="What `nuzzle evaluate` or `nuzzle predict` wrote with --out.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="The report; by default DIRECTORY/report.html.")
    ] = None,
    json: JsonTarget = None,
) -> None:
    """Make one self-contained HTML page of results: figures, tables, explanations."""
    from nuzzle.outputs.report import write_report

    path = write_report(directory, out)
    console.out().print(f"Report: {path}")
    emit_json({"report": path, "results": directory, "bytes": path.stat().st_size}, json)
