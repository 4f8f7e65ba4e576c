"""Tables on the screen that several commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nuzzle.cli.console import out

if TYPE_CHECKING:
    from nuzzle.evaluation.result import Evaluation
    from nuzzle.outputs.results import Results


def print_evaluation(result: Evaluation, split: str) -> None:
    """A table of each behaviour's scores, and what the figures mean."""
    from rich.table import Table

    table = Table(title=f"Scores on {split!r}, per frame unless said otherwise")
    for column, justify in (
        ("behaviour", "left"),
        ("F1 [95 % interval]", "left"),
        ("precision", "right"),
        ("recall", "right"),
        ("AP", "right"),
        ("bout F1", "right"),
        ("frames", "right"),
        ("bouts", "right"),
    ):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for score in result.behaviours:
        background = score.behaviour == result.background
        table.add_row(
            score.behaviour + (" (background)" if background else ""),
            str(score.f1),
            *(f"{figure.value:.3f}" for figure in (score.precision, score.recall)),
            f"{score.average_precision.value:.3f}",
            f"{score.bout_f1['0.5'].value:.3f}",
            f"{score.true_frames:,}",
            f"{score.true_bouts:,}",
            style="dim" if background else "",
        )
    console = out()
    console.print(table)
    console.print(
        f"Macro F1 {result.macro_f1} (background left out"
        + (f"; {result.macro_f1_with_background} with it)" if result.background else ")"),
        highlight=False,
    )
    console.print(
        f"Scored: {result.scored_frames:,} frames of {len(result.recordings)} recordings; "
        f"{result.unobserved_frames:,} frames were not observed and not scored. Precision: how "
        "much of what was said is true; recall: how much of what is true was said; F1: their "
        "harmonic mean; AP: how well the probability ranks frames; bout F1: a bout counts where "
        "it overlaps a true one by half.",
        highlight=False,
        style="dim",
    )
    for note in result.notes:
        console.print(f"Note: {note}", highlight=False)


def print_time_budget(results: Results) -> None:
    """How long each animal did what."""
    from rich.table import Table

    table = Table(title="Time budget")
    for column in ("recording", "agent", "target", "behaviour", "bouts", "seconds", "% of time"):
        table.add_column(column, justify="left" if column in ("recording",) else "right")
    rows = results.time_budget.head(40)
    for row in rows.itertuples():
        table.add_row(
            str(row.recording),
            str(row.agent),
            str(row.target),
            str(row.behaviour),
            f"{row.bouts}",
            f"{row.seconds:.1f}",
            f"{row.percent:.1f}",
        )
    console = out()
    console.print(table)
    more = len(results.time_budget) - len(rows)
    if more > 0:
        console.print(f"{more} more rows are in {results.directory / 'time_budget.csv'}.")
