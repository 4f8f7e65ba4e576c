"""`nuzzle train`: from a manifest to a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nuzzle.cli import console
from nuzzle.cli.console import JsonTarget, emit_json, say
from nuzzle.cli.figures import print_evaluation, print_members
from nuzzle.cli.training_options import (
    Auxiliary,
    Changes,
    ConfigFile,
    Epochs,
    Fresh,
    Model,
    Overwrite,
    Seed,
    needed,
    settings_of,
)

_Manifest = Annotated[Path, typer.Argument(help="Manifest with labels and splits.")]
_Out = Annotated[Path | None, typer.Option("--out", help="The bundle to write; needed.")]
_Jobs = Annotated[int, typer.Option(min=1, help="How many trainings of an ensemble at a time.")]
_ShowConfig = Annotated[
    bool, typer.Option("--show-config", help="Print the whole configuration and stop.")
]


def train(
    manifest: _Manifest,
    out: _Out = None,
    model: Model = "",
    config: ConfigFile = None,
    changes: Changes = None,
    auxiliary: Auxiliary = None,
    epochs: Epochs = None,
    seed: Seed = None,
    jobs: _Jobs = 1,
    overwrite: Overwrite = False,
    fresh: Fresh = False,
    show_config: _ShowConfig = False,
    json: JsonTarget = None,
) -> None:
    """Train a model on the recordings of split `train`, and score it on those of `val`."""
    settings = settings_of(config, changes, model=model, epochs=epochs, seed=seed)
    if show_config:
        console.out().print(settings.to_yaml(), end="")
        return
    out = needed(out, "--show-config")

    from nuzzle.evaluation.result import Evaluation
    from nuzzle.workflow.train import train as run

    bundle = run(
        manifest,
        out,
        settings,
        auxiliary=auxiliary,
        overwrite=overwrite,
        fresh=fresh,
        jobs=jobs,
        say=say,
        progress=_say_epoch,
    )
    if bundle.metrics is not None:
        print_evaluation(Evaluation.from_dict(bundle.metrics), "val")
    print_members(bundle.training)
    console.out().print(f"Bundle: {out}")
    emit_json({"bundle": str(out), "training": bundle.training, "val": bundle.metrics}, json)


def _say_epoch(epoch: int, epochs: int, metrics: dict[str, float]) -> None:
    figures = [f"loss {metrics['train_loss']:.4f}"]
    if "val_loss" in metrics:
        figures.append(f"val loss {metrics['val_loss']:.4f}")
        figures.append(f"val macro F1 {metrics['val_macro_f1']:.3f}")
    say(f"epoch {epoch}/{epochs}: {', '.join(figures)}")
