"""`nuzzle evaluate`: a bundle against labelled recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nuzzle.cli.console import JsonTarget, as_typed, emit_json, print_results, say
from nuzzle.cli.figures import print_evaluation
from nuzzle.cli.pose_options import Bundle

_Manifest = Annotated[Path, typer.Argument(help="Manifest with labels and splits.")]
_Split = Annotated[
    str,
    typer.Option(
        help="The split whose recordings are scored: a value of the manifest's column split."
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for frames, bouts and figures, for `nuzzle report`."),
]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results in --out.")]
_AllowSeen = Annotated[
    bool,
    typer.Option("--allow-seen", help="Score recordings that the model was trained on, too."),
]


def evaluate(
    bundle: Bundle,
    manifest: _Manifest,
    split: _Split = "val",
    out: _Out = None,
    overwrite: _Overwrite = False,
    allow_seen: _AllowSeen = False,
    json: JsonTarget = None,
) -> None:
    """Score a bundle on the labelled recordings of a split."""
    from nuzzle.workflow.evaluate import evaluate as run

    result = run(
        bundle,
        manifest,
        split,
        out,
        overwrite=overwrite,
        allow_seen=allow_seen,
        command=as_typed(),
        say=say,
    )
    print_evaluation(result, split)
    if out is not None:
        print_results(out)
    emit_json(result.to_dict(), json)
