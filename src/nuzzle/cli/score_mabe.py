"""`nuzzle score-mabe`: the MABe 2025 competition's score of a submission."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nuzzle.cli.console import JsonTarget, emit_json, out, print_table
from nuzzle.errors import listed

if TYPE_CHECKING:
    from nuzzle.evaluation.mabe_score import MabeScore


def score_mabe(
    truth: Annotated[
        Path,
        typer.Argument(help="Folder with train.csv and train_annotation/, or a solution csv."),
    ],
    submission: Annotated[Path, typer.Argument(help="Submission csv.")],
    actions: Annotated[bool, typer.Option("--actions", help="Show every action.")] = False,
    json: JsonTarget = None,
) -> None:
    """Score a submission as the MABe 2025 competition does."""
    from nuzzle.evaluation.mabe_score import mabe_score
    from nuzzle.io.mabe_labels import nothing_seen
    from nuzzle.io.submission import read_solution, read_submission

    solution, submitted = read_solution(truth), read_submission(submission)
    result = mabe_score(solution.bouts, submitted, solution.looked_for, solution.lab)
    notes = nothing_seen(truth) if truth.is_dir() else ()
    strangers = submitted["video_id"][~submitted["video_id"].isin(solution.bouts["video_id"])]
    _print_score(result, actions, list(dict.fromkeys(strangers)))
    for note in notes:
        out().print(f"Note: {note}")
    emit_json({**result.to_dict(), "notes": notes}, json)


def _print_score(result: MabeScore, actions: bool, strangers: Sequence[str]) -> None:
    if actions:
        rows = [
            (lab, name, each.f, each.true_positive, each.false_positive, each.false_negative)
            for lab, scores in result.per_action.items()
            for name, each in scores.items()
        ]
        print_table(
            ("lab", "action", "F", "frames hit", "frames false", "frames missed"),
            rows,
            title="Actions",
        )
        out().print()
    print_table(
        ("lab", "actions", "F"),
        [(lab, len(result.per_action[lab]), f) for lab, f in result.per_lab.items()],
        title="Labs: mean over the actions that are true, or were predicted",
    )
    out().print()
    out().print(f"Score, the mean over labs: {result.score:.4f}")
    for n_rows, why in (
        (
            result.rows_not_looked_for,
            "behaviors_labeled of their recording does not list them, letter for letter "
            "(mouse1, mouse2, attack; mouse1, self, rear)",
        ),
        (
            result.rows_not_scored,
            f"their recording has no truth, letter for letter: video_id is {listed(strangers)}",
        ),
    ):
        if n_rows:
            out().print(f"Rows left out because {why}: {n_rows:,}")
