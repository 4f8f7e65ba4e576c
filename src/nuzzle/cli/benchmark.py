"""`nuzzle benchmark`: figures on the field's public data, scored as their makers do."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nuzzle.cli.console import JsonTarget
from nuzzle.cli.training_options import Changes, ConfigFile, Model, Together, settings_of
from nuzzle.errors import InputError

if TYPE_CHECKING:
    from nuzzle.config import Config
    from nuzzle.workflow.benchmark_calms21 import Calms21Benchmark
    from nuzzle.workflow.benchmark_mabe import MabeBenchmark


_SIMULATED = "These files are simulated: the figures say nothing about real mice."


class _Name(StrEnum):
    CALMS21 = "calms21"
    MABE2025 = "mabe2025"


_NameArgument = Annotated[_Name, typer.Argument(metavar="NAME", help="calms21 or mabe2025.")]
_Data = Annotated[Path, typer.Option("--data", help="Folder with the official files.")]
_Out = Annotated[Path, typer.Option("--out", help="Folder for models and scores.")]
_Task = Annotated[int | None, typer.Option(min=1, max=3, help="Task of calms21; 1 by default.")]
_Seeds = Annotated[
    int | None, typer.Option(min=1, help="How many trainings of calms21; 3 by default.")
]
_Labs = Annotated[list[str] | None, typer.Option(help="Lab of mabe2025. May be repeated.")]
_Folds = Annotated[
    int | None, typer.Option(help="Parts of the cross-validation of mabe2025; 5 by default.")
]
_By = Annotated[
    Together | None,
    typer.Option("--by", help="What stays together in a fold of mabe2025; group by default."),
]
_Fresh = Annotated[bool, typer.Option("--fresh", help="Throw away an earlier run in --out.")]


def benchmark(
    name: _NameArgument,
    data: _Data,
    out: _Out,
    model: Model = "",
    config: ConfigFile = None,
    changes: Changes = None,
    task: _Task = None,
    seeds: _Seeds = None,
    labs: _Labs = None,
    folds: _Folds = None,
    by: _By = None,
    fresh: _Fresh = False,
    json: JsonTarget = None,
) -> None:
    """Train and score on CalMS21 or MABe 2025, as their makers score; your copy of the data."""
    from nuzzle.cli.console import emit_json

    settings = settings_of(config, changes, model)
    if name is _Name.CALMS21:
        _refuse(name, labs=labs, folds=folds, by=by)
        figures = _calms21(task or 1, data, out, settings, seeds or 3, fresh)
    else:
        _refuse(name, task=task, seeds=seeds)
        together, parts = (by or Together.GROUP).value, 5 if folds is None else folds
        figures = _mabe2025(data, out, settings, tuple(labs or ()), together, parts, fresh)
    emit_json(figures, json)


def _refuse(name: _Name, **options: object) -> None:
    """Raises InputError where options of the other benchmark are given."""
    if given := [f"--{option}" for option, value in options.items() if value is not None]:
        raise InputError(f"The benchmark {name.value} has no {', '.join(given)}. Leave it out.")


def _calms21(
    task: int, data: Path, out: Path, config: Config, seeds: int, fresh: bool
) -> dict[str, Any]:
    from nuzzle.cli.console import out as console
    from nuzzle.cli.console import say
    from nuzzle.workflow.benchmark_calms21 import benchmark_calms21

    result = benchmark_calms21(task, data, out, config, seeds=seeds, fresh=fresh, say=say)
    _print_calms21(result, config.model.name)
    console().print(f"Bundles and scores: {out}")
    return result.to_dict()


def _print_calms21(result: Calms21Benchmark, model: str) -> None:
    from nuzzle.cli.console import out, print_table

    rows = [(name, str(f1), str(ap)) for name, (f1, ap) in result.parts.items()]
    if len(rows) > 1:
        rows.append(("mean", str(result.f1), str(result.ap)))
    title = f"CalMS21, task {result.task}, official test part, {model}"
    print_table(("", "macro F1", "mean AP"), rows, title=title)
    out().print(
        "Mean ± standard deviation over seeds, then the 95 % interval over videos; frames pooled, "
        "'other' left out.",
        style="dim",
    )
    if result.simulated:
        out().print(_SIMULATED)
    if result.baselines:
        print_table(
            ("published", "source", "F1", "AP"),
            [(each.method, each.source, each.f1, each.ap) for each in result.baselines],
        )


def _mabe2025(
    data: Path,
    out: Path,
    config: Config,
    labs: tuple[str, ...],
    by: Any,
    folds: int,
    fresh: bool,
) -> dict[str, Any]:
    from nuzzle.cli.console import say
    from nuzzle.workflow.benchmark_mabe import benchmark_mabe

    result = benchmark_mabe(data, out, config, labs=labs, by=by, folds=folds, fresh=fresh, say=say)
    _print_mabe(result, out)
    return result.to_dict()


def _print_mabe(result: MabeBenchmark, where: Path) -> None:
    from nuzzle.cli.console import out, print_table

    print_table(
        ("lab", "action", "F", "true frames"),
        [
            (lab, action, each.f, each.true_positive + each.false_negative)
            for lab, actions in result.score.per_action.items()
            for action, each in actions.items()
        ],
        title="MABe 2025, predicted out of fold",
    )
    out().print(f"Score of the competition: {result.score.score:.3f}, the mean over labs")
    if result.simulated:
        out().print(_SIMULATED)
    out().print(f"Predicted bouts: {where / 'out_of_fold.csv'}")
    if result.submission is None:
        out().print("There is no test.csv with these labs, so nothing to submit.")
    else:
        out().print(f"To submit: {result.submission}")
