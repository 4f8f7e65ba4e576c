"""`nuzzle compare`: which of two models is better on the same recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nuzzle.cli.console import JsonTarget, emit_json, out, print_table
from nuzzle.cli.figures import drawn_from, short
from nuzzle.errors import count

if TYPE_CHECKING:
    from nuzzle.evaluation.comparison import Compared, Comparison

_First = Annotated[
    list[Path],
    typer.Argument(
        help="What `nuzzle evaluate --out` or `nuzzle crossval --results` wrote of a model; "
        "several folders are trainings of the same model with other seeds."
    ),
]
_With = Annotated[
    list[Path],
    typer.Option("--with", help="The same of the other model; once for each of its trainings."),
]


def compare(first: _First, second: _With, json: JsonTarget = None) -> None:
    """Compare two models on the same recordings: differences with their intervals."""
    from nuzzle.workflow.compare import compare as run

    result = run(first, second)
    _print(result, first, second)
    sides = {"first": list(map(str, first)), "second": list(map(str, second))}
    emit_json({**sides, **result.to_dict()}, json)


def _print(result: Comparison, first: list[Path], second: list[Path]) -> None:
    whole = {
        "macro F1": (result.macro_f1, "f1"),
        "mean AP": (result.mean_average_precision, "average_precision"),
        "macro bout F1": (result.macro_bout_f1, "bout_f1"),
    }
    rows = []
    for name, (overall, figure) in whole.items():
        rows.append((name, *_cells(overall)))
        rows += [
            (f"  {each.behaviour}", *_cells(getattr(each, figure))) for each in result.behaviours
        ]
    title = "\n".join(
        f"{number}: {', '.join(map(str, folders))}"
        for number, folders in enumerate((first, second), 1)
    )
    print_table(("", "1", "2", "2 - 1"), rows, title=title)
    console = out()
    for name, (overall, _) in whole.items():
        console.print(_verdict(name, result.ahead(overall)))
    console.print(_recordings(result))
    console.print(
        f"{result.frames:,} frames of {count(len(result.recordings), 'recording')}, the same for "
        f"both{_in_brackets(result)}. AP: average precision, how well the probability ranks "
        "frames; bout F1: a bout counts where it overlaps a true one by half.",
        style="dim",
    )
    for note in result.notes:
        console.print(f"Note: {note}")


def _in_brackets(result: Comparison) -> str:
    """What the brackets hold, where there is any."""
    if result.groups == 1:
        return ""
    over = drawn_from(result.groups, len(result.recordings))
    said = f". In brackets: 95 % intervals over {over}, drawn alike for both"
    if max(result.trainings) == 1:
        return said
    first, second = result.trainings
    return (
        f"{said}, and over trainings ({first} of 1, {second} of 2); figures are means over "
        "trainings"
    )


def _cells(each: Compared) -> tuple[str, str, str]:
    return short(each.first), short(each.second), each.difference.signed


def _verdict(name: str, ahead: int) -> str:
    if ahead:
        return f"{name}: {ahead} is ahead; the interval of the difference leaves out zero."
    return f"{name}: which is ahead cannot be told from these recordings."


def _recordings(result: Comparison) -> str:
    """In how many recordings each is ahead."""
    known = [each for each in result.recordings if each.first == each.first]
    higher = sum(each.second > each.first for each in known)
    lower = sum(each.second < each.first for each in known)
    return f"By recording, 2 has the higher macro F1 in {higher} of {len(known)}, 1 in {lower}."
