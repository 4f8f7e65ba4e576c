"""`nuzzle explain`: what the decisions of a bundle rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nuzzle.cli import console
from nuzzle.cli.console import JsonTarget, emit_json, print_table, say
from nuzzle.cli.pose_options import Bundle, Files, Fps, PxPerCm
from nuzzle.errors import InputError

_Out = Annotated[Path, typer.Option("--out", help="Folder for pictures, figures and the page.")]
_Member = Annotated[
    str, typer.Option(help="Which model of an ensemble; the one that weighs most by default.")
]
_Split = Annotated[
    str,
    typer.Option(help="The split of a manifest whose recordings are used; all of them by default."),
]
_Behaviours = Annotated[
    list[str] | None,
    typer.Option("--behaviour", help="A behaviour to explain; all but the background by default."),
]
_Frames = Annotated[
    list[str] | None,
    typer.Option(help="Frames of the video to explain, as 120,480, not the longest bouts."),
]
_Pair = Annotated[
    str,
    typer.Option(help="Of whom, as 'm1->m2'; by default whoever shows the behaviour most."),
]
_Bouts = Annotated[int, typer.Option(min=1, help="How many bouts of each behaviour to explain.")]
_Repeats = Annotated[
    int, typer.Option(min=0, help="How often each family of features is shifted; 0 leaves it out.")
]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an explanation in --out.")]


def explain(
    bundle: Bundle,
    files: Files,
    out: _Out,
    member: _Member = "",
    split: _Split = "",
    behaviour: _Behaviours = None,
    frames: _Frames = None,
    pair: _Pair = "",
    bouts: _Bouts = 3,
    repeats: _Repeats = 5,
    fps: Fps = None,
    px_per_cm: PxPerCm = None,
    overwrite: _Overwrite = False,
    json: JsonTarget = None,
) -> None:
    """Say what a model's decisions rest on: keypoints, moments, families of features."""
    from nuzzle.workflow.explain import explain as run

    said = ",".join(frames or ())
    try:
        chosen = [int(frame) for frame in said.split(",") if frame.strip()]
    except ValueError:
        raise InputError(f"--frames takes whole numbers, as 120,480; got {said!r}.") from None
    summary = run(
        bundle,
        files,
        out,
        member=member,
        split=split,
        behaviours=behaviour or (),
        frames=chosen,
        pair=pair,
        bouts=bouts,
        repeats=repeats,
        common={"fps": fps, "px_per_cm": px_per_cm},
        overwrite=overwrite,
        say=say,
    )
    _show_families(summary)
    console.out().print(f"Explanation: {out / 'index.html'}")
    emit_json(summary, json)


def _show_families(summary: dict[str, Any]) -> None:
    rows = [row for row in summary["importance"] or () if row["behaviour"] == "macro"]
    if any(row["f1"] > 0 for row in rows):  # it cannot fall below
        rows.sort(key=lambda row: -row["f1_drop"])
        print_table(
            ("family of features", "columns", "drop of macro F1", "least", "largest"),
            [
                (
                    row["family"],
                    row["columns"],
                    *(f"{row[key]:.3f}" for key in ("f1_drop", "f1_drop_low", "f1_drop_high")),
                )
                for row in rows
            ],
        )
