"""`nuzzle agreement`: how far annotators agree on one recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nuzzle.cli.console import JsonTarget, check_positive, emit_json, out, print_table, shown
from nuzzle.cli.label_options import NotObserved
from nuzzle.errors import InputError

if TYPE_CHECKING:
    from nuzzle.evaluation.agreement import Agreement
    from nuzzle.io.registry import LabelOptions
    from nuzzle.labels import Labels


_Item = Annotated[
    list[str] | None,
    typer.Option(
        help="Sequence in each file that holds many, such as observations of BORIS; give it once "
        "a file, in order: all.boris all.boris --item cage1_anna --item cage1_ben."
    ),
]


def agreement(
    labels: Annotated[
        list[Path], typer.Argument(help="Label files of one recording, one an annotator.")
    ],
    item: _Item = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames per second, for labels in seconds.")
    ] = None,
    n_frames: Annotated[
        int | None,
        typer.Option(
            help="Length of the recording; by default the end of the last label in any file."
        ),
    ] = None,
    background: Annotated[
        str, typer.Option(help='The label that means "none of the others".')
    ] = "",
    stream: Annotated[str, typer.Option(help="Which of several parallel streams.")] = "",
    not_observed: NotObserved = None,
    same_behaviours: Annotated[
        bool,
        typer.Option(
            "--same-behaviours",
            help="Everybody looked for every behaviour that is named in any of the files.",
        ),
    ] = False,
    json: JsonTarget = None,
) -> None:
    """Compare annotators: Cohen's kappa and F1, per frame and per bout."""
    from nuzzle.io.registry import LabelOptions

    _check_ranges(fps, n_frames)
    options = LabelOptions(
        fps=fps,
        n_frames=n_frames,
        background=background,
        stream=stream,
        not_observed=tuple(not_observed or ()),
    )
    read = _read(labels, item or [], options)
    figures = []
    for name, other, result in _compared(read, same_behaviours=same_behaviours):
        _print_agreement(result, name, other)
        figures.append({"first": name, "second": other, **result.to_dict()})
    emit_json({"comparisons": figures}, json)


def _check_ranges(fps: float | None, n_frames: int | None) -> None:
    """Raises InputError for a frame rate or a length that cannot be."""
    check_positive("--fps", fps)
    if n_frames is not None and n_frames < 1:
        raise InputError(f"--n-frames is a whole number from 1; got {n_frames}.")


def _read(paths: list[Path], items: list[str], options: LabelOptions) -> list[tuple[str, Labels]]:
    from dataclasses import replace

    from nuzzle.evaluation.agreement import check_rates
    from nuzzle.io.cast import NOBODY
    from nuzzle.io.load import read_labels

    if len(paths) < 2:
        raise InputError("Agreement is between annotators: give two or more label files.")
    if items and len(items) != len(paths):
        raise InputError(
            f"There are {len(paths)} label files and {len(items)} items; give one for each file, "
            "in their order, or none."
        )
    each = list(zip(paths, items or [""] * len(paths), strict=True))
    names = [f"{path}, {item}" if item else str(path) for path, item in each]
    read = [read_labels(path, replace(options, item=item)) for path, item in each]
    check_rates(list(zip(names, read, strict=True)))
    # What one file does not say, another may: who is an animal (BORIS), and how long it went on.
    longest = options.n_frames or max(labels.n_frames for labels in read)
    named = [{*labels.bouts["agent"], *labels.bouts["target"]} - {*NOBODY} for labels in read]
    animals = {name: name for names in named for name in sorted(names)}
    for number, ((path, item), labels) in enumerate(zip(each, read, strict=True)):
        n_frames = longest if labels.only_seen else options.n_frames
        if n_frames not in (None, labels.n_frames) or {*animals} - named[number]:
            told = replace(options, item=item, n_frames=n_frames, rename_individuals=animals)
            read[number] = read_labels(path, told)
    return list(zip(names, read, strict=True))


def _compared(
    read: list[tuple[str, Labels]], *, same_behaviours: bool
) -> Iterator[tuple[str, str, Agreement]]:
    """Every two of the files, by their names, with what was noted while they were read."""
    from dataclasses import replace
    from itertools import combinations

    from nuzzle.evaluation.agreement import agreement as compare
    from nuzzle.io.bouts_csv import FOUND_BY_MODEL

    def noted(who: str, labels: Labels) -> list[str]:
        # A model's bouts beside people's are compared on purpose.
        kept = [note for note in labels.notes if not note.startswith(FOUND_BY_MODEL)]
        return [f"{who}: {note}" for note in kept]

    for (name, one), (other_name, other) in combinations(read, 2):
        result = compare(one, other, same_behaviours=same_behaviours)
        told = (*noted(name, one), *noted(other_name, other))
        yield name, other_name, replace(result, notes=(*told, *result.notes))


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
