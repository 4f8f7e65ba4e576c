"""Tables on the screen that several commands print."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nuzzle.cli.console import out, print_table
from nuzzle.errors import count

if TYPE_CHECKING:
    from nuzzle.evaluation.figures import Estimate
    from nuzzle.evaluation.result import Evaluation
    from nuzzle.outputs.index import Results

#: Rows of the time budget that fit a screen; the rest is in the file.
_SHOWN_ROWS = 40


def print_evaluation(result: Evaluation, split: str) -> None:
    """A table of each behaviour's scores, and what the figures mean."""
    print_table(
        ("behaviour", "F1", "prec.", "recall", "AP", "bout F1", "frames", "bouts"),
        [
            (
                score.behaviour + (" *" if score.behaviour == result.background else ""),
                short(score.f1),
                score.precision.value,
                score.recall.value,
                score.average_precision.value,
                score.bout_f1["0.5"].value,
                score.true_frames,
                score.true_bouts,
            )
            for score in result.behaviours
        ],
        title=f"Scores on {split!r}, per frame unless said otherwise",
    )
    console = out()
    if result.background:
        console.print("* the background: none of the others", style="dim")
        with_it = f"; {result.macro_f1_with_background} with it"
    else:
        with_it = ""
    console.print(f"Macro F1 {result.macro_f1} (the background left out{with_it})")
    console.print(
        f"{result.scored_frames:,} {result.compared} were scored{result.left_out}. Precision: how "
        "much of what was said is true; recall: how much of what is true was said; F1: their "
        "harmonic mean; AP: how well the probability ranks frames; bout F1: a bout counts where it "
        "overlaps a true one by half"
        f"{_in_brackets(result)}.",
        style="dim",
    )
    if result.uncertainty is not None and result.uncertainty.in_words:
        console.print(result.uncertainty.in_words)
    if result.labs:
        _print_labs(result)
    for note in result.notes:
        console.print(f"Note: {note}")


def _in_brackets(result: Evaluation) -> str:
    """What the brackets hold, where there is any."""
    overall = (result.macro_f1, result.macro_f1_with_background)
    if all(math.isnan(each.low) for each in (*overall, *(s.f1 for s in result.behaviours))):
        return ""
    over = drawn_from(result.groups, len(result.recordings))
    return f"; in brackets: 95 % intervals over {over}"


def drawn_from(groups: int, recordings: int) -> str:
    """What an interval resamples, in words."""
    return "recordings" if groups == recordings else f"{count(groups, 'group')} of recordings"


def print_members(training: Mapping[str, Any]) -> None:
    """What the members of an ensemble are worth, alone and together."""
    rows = training.get("comparison") or ()
    if not rows:
        return
    print_table(
        ("", "macro F1", "mean AP", "bout F1", "log loss"),
        [tuple(row[key] for key in ("name", "f1", "ap", "bout_f1", "log_loss")) for row in rows],
        title="Members alone and combined, out of fold, each frame by itself",
    )
    out().print(
        "Each group of recordings is combined as learned from the others; less log loss is better.",
        style="dim",
    )


def _print_labs(result: Evaluation) -> None:
    """A row a lab: macro F1, and the F1 of what occurs there."""
    from nuzzle.evaluation.figures import Estimate

    print_table(
        ("lab", "macro F1", "F1", "recordings", "frames"),
        [
            (
                each.lab or "(none given)",
                each.macro_f1,
                ", ".join(
                    f"{name} {f1:.2f}"
                    for name, f1 in each.f1.items()
                    if f1 == f1 and name != result.background
                ),
                each.recordings,
                each.scored_frames,
            )
            for each in result.labs
        ],
        title="Lab by lab, frames pooled",
    )
    judged = sum(each.macro_f1 == each.macro_f1 for each in result.labs)
    some = f" ({judged} of {len(result.labs)})" if judged < len(result.labs) else ""
    out().print(f"Macro F1, mean over labs{some}: {Estimate(result.mean_over_labs)}")


def short(figure: Estimate) -> str:
    """A figure and its interval, short enough for a column."""
    if figure.low != figure.low:
        return str(figure)
    return f"{figure.value:.3f} [{figure.low:.2f}, {figure.high:.2f}]"


def print_time_budget(results: Results) -> None:
    """How long each animal did what."""
    counted = ["behaviour", "bouts", "seconds", "percent"]
    budget = results.time_budget[["recording", "agent", "target", *counted]]
    rows = budget.round(1).values.tolist()
    shown, last = [], ""
    for name, *middle, seconds, percent in rows[:_SHOWN_ROWS]:
        # A long name takes several lines: once is enough.
        once = "" if name == last else name
        shown.append((once, *middle, f"{seconds:.1f}", f"{percent:.1f}"))
        last = name
    print_table(["recording", *results.run.roles, *counted], shown, title="Time budget")
    if len(rows) > _SHOWN_ROWS:
        more = len(rows) - _SHOWN_ROWS
        where = results.directory / "time_budget.csv"
        out().print(f"{more} more rows are in {where}.")
