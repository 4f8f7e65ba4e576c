"""`nuzzle predict`: label recordings with a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nuzzle.cli.console import JsonTarget, as_typed, emit_json, out, print_results, say
from nuzzle.cli.figures import print_time_budget
from nuzzle.cli.pose_options import Bundle, Files, Fps, PxPerCm, renaming

if TYPE_CHECKING:
    from nuzzle.outputs.index import Results

_Out = Annotated[Path, typer.Option("--out", help="Folder for the results.")]
_Lab = Annotated[
    str,
    typer.Option(
        help="Who recorded, if the model was trained on that lab; of pose files, and rows without."
    ),
]
_Keypoints = Annotated[
    list[str] | None,
    typer.Option(
        help="What keypoints are called, where a file has them: old=new;old=new. Repeatable."
    ),
]
_PoseFormat = Annotated[
    str, typer.Option(help="Name of the reader, where it cannot be told from the file.")
]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results in --out.")]
_Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")]


def predict(
    bundle: Bundle,
    files: Files,
    out: _Out,
    fps: Fps = None,
    px_per_cm: PxPerCm = None,
    lab: _Lab = "",
    keypoints: _Keypoints = None,
    pose_format: _PoseFormat = "",
    overwrite: _Overwrite = False,
    resume: _Resume = False,
    json: JsonTarget = None,
) -> None:
    """Label recordings: probabilities, bouts, a time budget. Exits with 1 if one has no result."""
    from nuzzle.workflow.predict import predict as run

    common = {
        "fps": fps,
        "px_per_cm": px_per_cm,
        "lab": lab,
        "keypoints": renaming("--keypoints", keypoints),
        "pose_format": pose_format,
    }
    results = run(
        bundle,
        files,
        out,
        common=common,
        overwrite=overwrite,
        resume=resume,
        command=as_typed(),
        say=say,
    )
    if results.done:
        print_time_budget(results)
    _print_failed(results)
    if results.done:
        print_results(out)
    emit_json(_summary(results), json)
    if results.failed:
        raise typer.Exit(1)


def _print_failed(results: Results) -> None:
    from rich.text import Text

    for entry in results.failed:
        reason = f" for {entry.name}: {entry.reason}"
        out().print(Text.assemble(("No result", "red"), reason))


def _summary(results: Results) -> dict[str, Any]:
    return {
        "out": str(results.directory),
        "recordings": [
            {"name": each.name, "status": each.status, "reason": each.reason}
            for each in results.recordings
        ],
        "time_budget": results.time_budget.to_dict("records"),
    }
