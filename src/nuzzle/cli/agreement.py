"""`nuzzle agreement`: how far annotators agree on one recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nuzzle.cli.console import JsonTarget, check_positive, emit_json, out, print_table, shown
from nuzzle.cli.label_options import BEHAVIOURS, INDIVIDUALS, UNDIRECTED, NotObserved
from nuzzle.cli.pose_options import renaming
from nuzzle.errors import InputError

if TYPE_CHECKING:
    from nuzzle.evaluation.agreement import Agreement


_Item = Annotated[
    list[str] | None,
    typer.Option(
        help="Sequence in each file that holds many, such as observations of BORIS; give it once "
        "a file, in order: all.boris all.boris --item cage1_anna --item cage1_ben."
    ),
]

_Fps = Annotated[float | None, typer.Option(help="Frames per second, for labels in seconds.")]
_Length = Annotated[
    int | None,
    typer.Option(help="Length of the recording; by default the end of the last label in any file."),
]
_Background = Annotated[str, typer.Option(help='The label that means "none of the others".')]
_Stream = Annotated[str, typer.Option(help="Which of several parallel streams.")]
_Undirected = Annotated[bool, typer.Option("--undirected", help=UNDIRECTED)]
_Individuals = Annotated[list[str] | None, typer.Option(help=INDIVIDUALS)]
_Behaviours = Annotated[list[str] | None, typer.Option(help=BEHAVIOURS)]
_Same = Annotated[
    bool,
    typer.Option(
        "--same-behaviours",
        help="Everybody looked for every behaviour that is named in any of the files.",
    ),
]


def agreement(
    labels: Annotated[
        list[Path], typer.Argument(help="Label files of one recording, one an annotator.")
    ],
    item: _Item = None,
    fps: _Fps = None,
    n_frames: _Length = None,
    background: _Background = "",
    stream: _Stream = "",
    not_observed: NotObserved = None,
    undirected: _Undirected = False,
    individuals: _Individuals = None,
    behaviours: _Behaviours = None,
    same_behaviours: _Same = False,
    json: JsonTarget = None,
) -> None:
    """Compare annotators: Cohen's kappa and F1, per frame and per bout."""
    from nuzzle.io.registry import LabelOptions
    from nuzzle.workflow.agreement import compare_files

    _check_ranges(fps, n_frames)
    options = LabelOptions(
        fps=fps,
        n_frames=n_frames,
        background=background,
        stream=stream,
        not_observed=tuple(not_observed or ()),
        directed=not undirected,
        rename_individuals=renaming("--individuals", individuals),
    )
    figures = []
    for name, other, result in compare_files(
        labels,
        options,
        items=item or (),
        behaviours=renaming("--behaviours", behaviours),
        same_behaviours=same_behaviours,
    ):
        _print_agreement(result, name, other)
        figures.append({"first": name, "second": other, **result.to_dict()})
    emit_json({"comparisons": figures}, json)


def _check_ranges(fps: float | None, n_frames: int | None) -> None:
    """Raises InputError for a frame rate or a length that cannot be."""
    check_positive("--fps", fps)
    if n_frames is not None and n_frames < 1:
        raise InputError(f"--n-frames is a whole number from 1; got {n_frames}.")


def _print_agreement(result: Agreement, first: str, second: str) -> None:
    rows = [
        (
            each.behaviour,
            each.kappa,
            each.f1,
            each.bout_f1,
            each.first_frames,
            each.second_frames,
            each.first_bouts,
            each.second_bouts,
        )
        for each in result.behaviours
    ]
    print_table(
        ("behaviour", "kappa", "F1", "bout F1", "frames 1", "frames 2", "bouts 1", "bouts 2"),
        rows,
        title=f"1: {first}\n2: {second}",
    )
    console = out()
    console.print(
        f"Macro F1 {shown(result.macro_f1)} per frame, {shown(result.macro_bout_f1)} per bout"
        + (f"; kappa over all classes {result.kappa:.3f}" if result.kappa == result.kappa else "")
        + f". {result.compared_frames:,} frames that both looked at."
    )
    console.print(
        "Kappa: agreement beyond chance, 1 is full; F1: as if one annotator were the truth, "
        "whichever it is; bout F1: bouts that overlap by half are the same.",
        style="dim",
    )
    for note in result.notes:
        console.print(f"Note: {note}")
    console.print()
