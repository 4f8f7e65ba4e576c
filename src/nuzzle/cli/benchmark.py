"""`nuzzle benchmark`: figures on the field's public data, scored as their makers do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from nuzzle.cli import console
from nuzzle.cli.console import JsonTarget, emit_json, print_table, say
from nuzzle.cli.training_options import Changes, ConfigFile, Model, Together, settings_of
from nuzzle.errors import InputError

if TYPE_CHECKING:
    from nuzzle.config import Config
    from nuzzle.workflow.benchmark_calms21 import Calms21Benchmark
    from nuzzle.workflow.benchmark_mabe import MabeBenchmark


_SIMULATED = "These files are simulated: the figures say nothing about real mice."

_Name = Literal["calms21", "mabe2025"]

#: Options that a benchmark does not have.
_OF_THE_OTHER = {"mabe2025": ("task", "seeds"), "calms21": ("labs", "folds", "by", "jobs")}

_NameArgument = Annotated[_Name, typer.Argument(metavar="NAME", help="Which.")]
_Data = Annotated[Path, typer.Option("--data", help="Folder with the official files.")]
_Out = Annotated[Path, typer.Option("--out", help="Folder for models and scores.")]
_Task = Annotated[int, typer.Option(min=1, max=3, help="Task of calms21.")]
_Seeds = Annotated[int, typer.Option(min=1, help="How many trainings of calms21.")]
_Labs = Annotated[list[str] | None, typer.Option(help="Lab of mabe2025. May be repeated.")]
_Folds = Annotated[int, typer.Option(help="Parts of the cross-validation of mabe2025.")]
_By = Annotated[Together, typer.Option("--by", help="What stays together in a fold of mabe2025.")]
_Jobs = Annotated[int, typer.Option(min=1, help="How many trainings of mabe2025 at a time.")]
_Fresh = Annotated[bool, typer.Option("--fresh", help="Throw away an earlier run in --out.")]


def benchmark(
    ctx: typer.Context,
    name: _NameArgument,
    data: _Data,
    out: _Out,
    model: Model = "",
    config: ConfigFile = None,
    changes: Changes = None,
    task: _Task = 1,
    seeds: _Seeds = 3,
    labs: _Labs = None,
    folds: _Folds = 5,
    by: _By = "group",
    jobs: _Jobs = 1,
    fresh: _Fresh = False,
    json: JsonTarget = None,
) -> None:
    """Train and score on CalMS21 or MABe 2025, as their makers score; your copy of the data."""
    _refuse_others(name, ctx)
    settings = settings_of(config, changes, model=model)
    if name == "calms21":
        figures = _calms21(task, data, out, settings, seeds, fresh)
    else:
        figures = _mabe2025(data, out, settings, tuple(labs or ()), by, folds, jobs, fresh)
    emit_json(figures, json)
    if figures.get("failed"):
        raise typer.Exit(1)


def _refuse_others(name: _Name, ctx: typer.Context) -> None:
    """Raises InputError where an option of the other benchmark is given."""
    sources = {each: ctx.get_parameter_source(each) for each in _OF_THE_OTHER[name]}
    given = [f"--{each}" for each, of in sources.items() if of and of.name == "COMMANDLINE"]
    if given:
        raise InputError(f"The benchmark {name} has no {', '.join(given)}. Leave it out.")


def _calms21(
    task: int, data: Path, out: Path, config: Config, seeds: int, fresh: bool
) -> dict[str, Any]:
    from nuzzle.workflow.benchmark_calms21 import benchmark_calms21

    result = benchmark_calms21(task, data, out, config, seeds=seeds, fresh=fresh, say=say)
    _print_calms21(result, config.model.name)
    console.out().print(f"Bundles and scores: {out}")
    return result.to_dict()


def _print_calms21(result: Calms21Benchmark, model: str) -> None:
    rows = [(name, str(f1), str(ap)) for name, (f1, ap) in result.parts.items()]
    if len(rows) > 1:
        rows.append(("mean", str(result.f1), str(result.ap)))
    title = f"CalMS21, task {result.task}, official test part, {model}"
    print_table(("", "macro F1", "mean AP"), rows, title=title)
    console.out().print(
        "Mean ± standard deviation over seeds, then the 95 % interval over videos and seeds; "
        "frames pooled, 'other' left out.",
        style="dim",
    )
    for note in result.notes:
        console.out().print(f"Note: {note}")
    for name, reason in result.failed.items():
        console.out().print(f"No figures of {name}, which is left out of the means: {reason}")
    if result.simulated:
        console.out().print(_SIMULATED)
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
    by: Together,
    folds: int,
    jobs: int,
    fresh: bool,
) -> dict[str, Any]:
    from nuzzle.workflow.benchmark_mabe import benchmark_mabe

    result = benchmark_mabe(
        data, out, config, labs=labs, by=by, folds=folds, jobs=jobs, fresh=fresh, say=say
    )
    _print_mabe(result, out)
    return result.to_dict()


def _print_mabe(result: MabeBenchmark, where: Path) -> None:
    print_table(
        ("lab", "action", "F", "true frames"),
        [
            (lab, action, each.f, each.true_positive + each.false_negative)
            for lab, actions in result.score.per_action.items()
            for action, each in actions.items()
        ],
        title="MABe 2025, predicted out of fold",
    )
    console.out().print(f"Score of the competition: {result.score.score:.3f}, the mean over labs")
    for note in result.notes:
        console.out().print(f"Note: {note}")
    if result.simulated:
        console.out().print(_SIMULATED)
    console.out().print(f"Predicted bouts: {where / 'out_of_fold.csv'}")
    if result.submission is None:
        console.out().print(
            "No submission: there is no test recording of these labs that can be labelled."
        )
    else:
        console.out().print(f"To submit: {result.submission}")
