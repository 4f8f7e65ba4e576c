"""`nuzzle tune`: search the configuration that scores best."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nuzzle.cli import console
from nuzzle.cli.console import JsonTarget, emit_json, print_table, say, to_paste
from nuzzle.cli.training_options import (
    By,
    Changes,
    ConfigFile,
    Epochs,
    Seed,
    SingleModel,
    needed,
    settings_of,
)
from nuzzle.errors import count

if TYPE_CHECKING:
    from nuzzle.workflow.tune import Search


_Manifest = Annotated[Path, typer.Argument(help="Manifest with labels and splits.")]
_Out = Annotated[
    Path | None, typer.Option("--out", help="The YAML file to write, for train --config; needed.")
]
_Trials = Annotated[int, typer.Option(min=1, help="How many trials, over all processes and runs.")]
_On = Annotated[
    Literal["val", "crossval"],
    typer.Option("--on", help="Score on val, or by cross-validation inside of train."),
]
_Folds = Annotated[int, typer.Option(help="Parts of the cross-validation.")]
_Metric = Annotated[
    Literal["f1", "ap", "bouts", "mean"],
    typer.Option(
        "--metric",
        help="Macro F1, mean AP, bout F1 or their mean. On val, F1 alone ends trials early.",
    ),
]
_Space = Annotated[Path | None, typer.Option("--space", help="YAML file of what may be tried.")]
_Fresh = Annotated[bool, typer.Option("--fresh", help="Throw away an earlier search.")]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing YAML file.")]
_ShowSpace = Annotated[
    bool, typer.Option("--show-space", help="Print what may be tried, as YAML, and stop.")
]


def tune(
    manifest: _Manifest,
    out: _Out = None,
    model: SingleModel = "",
    config: ConfigFile = None,
    changes: Changes = None,
    epochs: Epochs = None,
    seed: Seed = None,
    trials: _Trials = 30,
    on: _On = "val",
    metric: _Metric = "f1",
    folds: _Folds = 3,
    by: By = "group",
    space: _Space = None,
    show_space: _ShowSpace = False,
    overwrite: _Overwrite = False,
    fresh: _Fresh = False,
    json: JsonTarget = None,
) -> None:
    """Search the configuration that scores best; several processes may share a search."""
    from nuzzle.workflow.search_space import load_space, space_yaml

    settings = settings_of(config, changes, model=model, epochs=epochs, seed=seed)
    if show_space:
        text = space_yaml(load_space(space, settings))
        console.out().print(text, end="")
        return
    out = needed(out, "--show-space")

    from nuzzle.workflow.trial_score import Scoring
    from nuzzle.workflow.tune import tune as run

    found = run(
        manifest,
        out,
        settings,
        space=space,
        trials=trials,
        scoring=Scoring(on, folds, by, metric),
        overwrite=overwrite,
        fresh=fresh,
        say=say,
    )
    _print_search(found, out, on)
    emit_json(found.to_dict(), json)


def _print_search(found: Search, out: Path, on: str) -> None:
    """The best trials, and what to do next."""
    done = found.trials[found.trials["state"] == "complete"].nlargest(5, "score")
    columns = [done[name] for name in ("trial", "score", "f1", "ap", "bouts", "seconds")]
    print_table(
        ("trial", "score", "macro F1", "mean AP", "bout F1", "seconds"),
        [(*row[:5], round(row[5])) for row in zip(*columns, strict=True)],
        title=f"The best of {count(found.ended, 'trial')}",
    )
    flattered = "val chose it" if on == "val" else "the same folds chose it"
    console.out().print(
        f"The best score flatters: {flattered}. Judge it on recordings that had no part in this.",
        style="dim",
    )
    console.out().print(
        f"Table: {out.with_suffix('.trials.csv')}; picture: {out.with_suffix('.png')}"
    )
    train = to_paste("nuzzle", "train", "MANIFEST", "--config", out, "--out", "BUNDLE")
    console.out().print(f"Train with it: {train}")
