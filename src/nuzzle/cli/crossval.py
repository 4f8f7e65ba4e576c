"""`nuzzle crossval`: figures from all recordings, and a model trained on all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nuzzle.cli import console
from nuzzle.cli.console import (
    JsonTarget,
    as_typed,
    emit_json,
    print_results,
    print_table,
    say,
)
from nuzzle.cli.figures import print_evaluation, print_members
from nuzzle.cli.training_options import (
    Auxiliary,
    By,
    Changes,
    ConfigFile,
    Epochs,
    Fresh,
    Jobs,
    Model,
    Overwrite,
    Seed,
    settings_of,
)
from nuzzle.errors import InputError, listed

if TYPE_CHECKING:
    from nuzzle.decoding.tuned import Objective
    from nuzzle.workflow.crossval import CrossValidation


_Manifest = Annotated[Path, typer.Argument(help="Manifest with labels.")]
_Out = Annotated[Path, typer.Option("--out", help="The bundle to write.")]
_Results = Annotated[
    Path | None,
    typer.Option(
        help="Folder for the labels that each recording was given by the model that had not seen "
        "it, as `nuzzle evaluate` writes them; `nuzzle report` shows them."
    ),
]
_Split = Annotated[
    str, typer.Option(help="The split whose recordings take part; all of them by default.")
]
_Folds = Annotated[int, typer.Option(help="How many parts.")]
_For = Annotated[
    list[str] | None,
    typer.Option(
        "--objective",
        help="What the decoding is tuned for: frames, bouts or both, the default; or for some "
        "behaviours, as attack=bouts,mount=frames, and both for the others. Repeatable.",
    ),
]


def crossval(
    manifest: _Manifest,
    out: _Out,
    model: Model = "",
    config: ConfigFile = None,
    changes: Changes = None,
    auxiliary: Auxiliary = None,
    epochs: Epochs = None,
    seed: Seed = None,
    split: _Split = "",
    folds: _Folds = 5,
    by: By = "group",
    jobs: Jobs = 1,
    objective: _For = None,
    overwrite: Overwrite = False,
    fresh: Fresh = False,
    results: _Results = None,
    json: JsonTarget = None,
) -> None:
    """Score a model on recordings by cross-validation, then train it on all of them."""
    from nuzzle.workflow.crossval import crossval as run

    settings = settings_of(config, changes, model=model, epochs=epochs, seed=seed)
    result = run(
        manifest,
        out,
        settings,
        auxiliary=auxiliary,
        by=by,
        folds=folds,
        jobs=jobs,
        objective=_objective(",".join(objective or ["both"])),
        split=split,
        overwrite=overwrite,
        fresh=fresh,
        results=results,
        command=as_typed(),
        say=say,
    )
    print_evaluation(result.evaluation, "out of fold")
    print_members(result.bundle.training)
    _print_decoding(result)
    console.out().print(f"Bundle, trained on all these recordings: {out}")
    if results is not None:
        print_results(results)
    emit_json(result.to_dict(), json)


def _objective(said: str) -> Any:
    """One word for all, or behaviour -> word; what they may be is checked with the behaviours."""
    parts = said.split(",")
    if len(parts) == 1 and "=" not in said:
        return said
    if alone := [each for each in parts if "=" not in each]:
        raise InputError(
            "--objective is one word, or behaviours with a word each (attack=bouts,mount=frames); "
            f"got {alone[0]!r} among others."
        )
    pairs = [each.rpartition("=")[::2] for each in parts]
    counts = Counter(name.strip() for name, _ in pairs)
    if twice := [name for name, times in counts.items() if times > 1]:
        raise InputError(f"--objective names {listed(twice)} twice: once is enough.")
    return {name.strip(): word.strip() for name, word in pairs}


def _aim(objective: Mapping[str, Objective]) -> str:
    """What a decoding is tuned for, in words."""
    if len(words := set(objective.values())) == 1:
        both = "the mean of macro frame F1 and macro bout F1"
        return {"frames": "macro frame F1", "bouts": "macro bout F1", "both": both}[words.pop()]
    return f"what it is tuned for ({', '.join(f'{k} by {v}' for k, v in objective.items())})"


def _print_decoding(result: CrossValidation) -> None:
    """What the decoding does to frames and to bouts, side by side."""
    tuned = result.tuned
    print_table(
        ("", "macro frame F1", "macro bout F1"),
        [
            (name, each.macro_frame_f1, each.macro_bout_f1)
            for name, each in (
                ("each frame by itself", tuned.before),
                ("as configured", tuned.configured),
                ("smoothing, thresholds, paths and rules", tuned.searched),
                ("whole bouts", tuned.whole),
                ("of these two, the one that was better elsewhere", tuned.nested),
            )
            if each is not None
        ],
        title="Decoding, on recordings that were not used to choose it",
    )
    kind = "frames" if tuned.decoder.whole_bouts is None else "whole bouts"
    used = "used by the bundle" if tuned.helps else "no better than as configured, and not used"
    aim = _aim(tuned.objective)
    gain = f" It changes {aim} by {tuned.gain:+.3f}." if isfinite(tuned.gain) else ""
    console.out().print(f"The tuned decoding of {kind} is {used}.{gain}")
    if tuned.labs:
        print_table(
            ("lab", "frame F1, common", "its own", "bout F1, common", "its own", "used"),
            [
                (
                    lab,
                    each.common.macro_frame_f1,
                    each.nested.macro_frame_f1,
                    each.common.macro_bout_f1,
                    each.nested.macro_bout_f1,
                    "its own" if each.helps else "common",
                )
                for lab, each in tuned.labs.items()
            ],
            title="Decoding of each lab, on recordings that were not used to choose it",
        )
