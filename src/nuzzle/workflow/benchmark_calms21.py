"""CalMS21's three tasks on the official files, scored as its paper does.

Sun et al. (2021), *The Multi-Agent Behavior Dataset: Mouse Dyadic Social Interactions*. Task 1:
attack, investigation and mount of one annotator. Task 2: the same behaviours as five others saw
them, a model each. Task 3: seven new behaviours, a binary model each. Every figure is on the
official test part: F1 and average precision per frame, frames pooled over videos, the mean over
behaviours without `other`, which is trained.

In tasks 2 and 3 the models learn from their own sequences alone; the paper lets them begin from
task 1's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from nuzzle.config import Config
from nuzzle.errors import InputError, NuzzleError, TrainingError, count, listed
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.trainings import macro_figures
from nuzzle.files import atomic_path
from nuzzle.inference.bundle import Bundle
from nuzzle.io.calms21 import manifest_from_calms21
from nuzzle.io.load import load_manifest
from nuzzle.manifest import Manifest
from nuzzle.outputs.index import are_finished, read_results, write_json
from nuzzle.progress import Say, log
from nuzzle.workflow.benchmark import Spread, claimed
from nuzzle.workflow.compare import in_common, read_said
from nuzzle.workflow.described import describe
from nuzzle.workflow.evaluate import evaluate
from nuzzle.workflow.folds import hold_out
from nuzzle.workflow.learn import check_models
from nuzzle.workflow.train import train

#: What all models of a task are asked for; task 3's files say it.
_BEHAVIOURS = ("attack", "investigation", "mount")
_MADE = ("bundles", "results", "scores.csv", "summary.json")


class Baseline(NamedTuple):
    """A published figure on the test part: macro F1 and mean average precision."""

    method: str
    source: str
    f1: float
    ap: float


_PAPER = "Sun et al. 2021"
#: Of task 1.
BASELINES = (
    Baseline("single-frame network", _PAPER, 0.614, 0.663),
    Baseline("convolution over the past", _PAPER, 0.713, 0.753),
    Baseline("convolution, the official baseline", _PAPER, 0.793, 0.856),
    Baseline("convolution and TREBA features", _PAPER, 0.829, 0.889),
)


@dataclass(frozen=True, eq=False)
class Calms21Benchmark:
    """The figures of a task.

    Attributes:
        task: 1, 2 or 3.
        f1: macro F1; of tasks 2 and 3 the mean over annotators or behaviours.
        ap: mean average precision.
        parts: annotator or behaviour -> its macro F1 and mean average precision.
        scores: a row a part, seed and behaviour: F1 and average precision with their intervals
            over videos.
        simulated: whether the files are; their figures say nothing about real mice.
        notes: what the reader of the figures must know, one sentence each.
        failed: part and seed -> why it has no figures.
    """

    task: int
    f1: Spread
    ap: Spread
    parts: Mapping[str, tuple[Spread, Spread]]
    scores: pd.DataFrame
    simulated: bool
    notes: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def baselines(self) -> tuple[Baseline, ...]:
        """Published figures on the same test part; none for simulated files."""
        return BASELINES if self.task == 1 and not self.simulated else ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "task": self.task,
            "f1": asdict(self.f1),
            "ap": asdict(self.ap),
            "parts": {
                name: {"f1": asdict(f1), "ap": asdict(ap)} for name, (f1, ap) in self.parts.items()
            },
            "simulated": self.simulated,
            "baselines": [each._asdict() for each in self.baselines],
            "notes": list(self.notes),
            "failed": dict(self.failed),
        }


def benchmark_calms21(
    task: int,
    data: str | Path,
    out: str | Path,
    config: Config | None = None,
    *,
    seeds: int = 3,
    fresh: bool = False,
    say: Say = log,
) -> Calms21Benchmark:
    """Train on the official train part, score on the official test part.

    A fifth of the train part's videos is drawn to be `val`, anew for each seed, of those whose
    behaviours others show as well. Every bundle and every score is kept in `out`: a run that was
    killed continues with the first one missing. Where a training fails, the others go on.

    Args:
        task: 1, 2 or 3.
        data: folder that holds ``calms21_task1_train.json`` and ``..._test.json``, at any depth.
        out: folder for bundles, scores and a summary.
        config: of the trainings; all defaults if None.
        seeds: how many trainings, from 0.
        fresh: throw away an earlier run in `out`.
        say: is told what is going on.

    Raises:
        InputError, OutputError: the files are missing; `out` holds something else.
        TrainingError: no training came to its end.
    """
    check_models(config := config or Config())
    out = Path(out)
    manifest = official_manifest(task, data)
    described = describe({"task": task, **config.to_dict()}, manifest)
    if task != 3 and not config.labels.behaviours:
        config = config.with_values({"labels.behaviours": list(_BEHAVIOURS)})
    with claimed(out, described, fresh=fresh, made=_MADE):
        return _score(task, manifest, out, config, seeds, say)


def _score(
    task: int,
    manifest: Manifest,
    out: Path,
    config: Config,
    seeds: int,
    say: Say,
) -> Calms21Benchmark:
    """Every part with every seed, and what they come to."""
    rows: list[dict[str, Any]] = []
    folders: dict[str, list[Path]] = {}
    told: dict[str, list[str]] = {}
    failed: dict[str, str] = {}
    for part in [*_parts(task, manifest, seeds)]:  # what a file lacks comes out before hours
        for seed in range(seeds):
            run = _Run(out, part, seed, config, say)
            try:
                scores = run.scores()
            except NuzzleError as error:
                failed[run.name] = str(error)
                say(f"warning: {run.name}: no figures: {error}")
                continue
            rows += _rows(part.name, seed, scores)
            folders.setdefault(part.name, []).append(run.results)
            for note in scores.notes:
                told.setdefault(note, []).append(part.name)
    if not rows:
        reasons = "\n".join(f"{name}: {reason}" for name, reason in failed.items())
        raise TrainingError(f"There are no figures of task {task}.\n{reasons}")
    done = {folder for some in folders.values() for folder in some}
    found = filter(are_finished, (out / "results").iterdir())
    if others := [each for each in found if each not in done]:
        say(f"{out} also holds {count(len(others), 'result')} of other seeds, which are left out")
    simulated = any(entry.lab.startswith("simulated") for entry in manifest)
    result = _summary(task, pd.DataFrame(rows), folders, simulated)
    result = replace(result, notes=_notes(told, len(result.parts)), failed=failed)
    with atomic_path(out / "scores.csv") as temporary:
        result.scores.to_csv(temporary, index=False)
    write_json(out / "summary.json", result.to_dict())
    return result


def official_manifest(task: int, data: str | Path) -> Manifest:
    """The sequences of a task's two files, split as the files say.

    Raises:
        InputError: there is no such task, or a file is missing or there several times.
    """
    if task not in (1, 2, 3):
        raise InputError(f"CalMS21 has the tasks 1, 2 and 3; got {task}.")
    if not Path(data).is_dir():
        raise InputError(f"There is no folder {data}. It should hold the files of CalMS21.")
    entries = []
    for split in ("train", "test"):
        name = f"calms21_task{task}_{split}.json"
        found = sorted(Path(data).rglob(name))
        if len(found) != 1:
            raise InputError(
                f"One file {name} was expected in {data}; there are {len(found)}. Download the "
                "task from CaltechDATA (https://doi.org/10.22002/D1.1991) and unpack it there."
            )
        for entry in manifest_from_calms21(found):
            entries.append(replace(entry, split=split))
    return Manifest(tuple(entries))


@dataclass(frozen=True, eq=False)
class _Part:
    """What has a model of its own: its name, its rows, and how many models it will have."""

    name: str
    manifest: Manifest
    seeds: int

    @cached_property
    def drawn(self) -> list[Manifest]:
        """By seed, the rows with `val`, which takes no behaviour from `train` that others show."""
        manifest = self.manifest.with_groups()
        recordings = [*load_manifest(manifest.select("train"))]
        return [
            _with_val(manifest, {each.name for each in hold_out(recordings, seed)["val"]})
            for seed in range(self.seeds)
        ]


def _with_val(manifest: Manifest, held: Collection[str]) -> Manifest:
    entries = (replace(e, split="val") if e.recording in held else e for e in manifest)
    return Manifest(tuple(entries), manifest.path)


def _parts(task: int, manifest: Manifest, seeds: int) -> Iterator[_Part]:
    """Each annotator or behaviour; of task 1 there is one."""
    groups = [entry.item.split("/", 1)[0] for entry in manifest]
    for group in sorted(set(groups)):
        chosen = [entry for entry, own in zip(manifest, groups, strict=True) if own == group]
        missing = {"train", "test"} - {entry.split for entry in chosen}
        if missing:
            raise InputError(f"{group!r} has no sequence in {' and '.join(sorted(missing))}.")
        yield _Part("task1" if task == 1 else group, Manifest(tuple(chosen)), seeds)


@dataclass(frozen=True, eq=False)
class _Run:
    """One training and its scores."""

    out: Path
    part: _Part
    seed: int
    config: Config
    say: Say

    def scores(self) -> Evaluation:
        """The scores on the test part, from its folder where they are done."""
        if are_finished(self.results):
            self.say(f"{self.name}: done already")
            return Evaluation.from_dict(read_results(self.results).metrics or {})
        self.say(f"{self.name}: training")
        result = evaluate(self._bundle(), self.part.manifest, "test", self.results, overwrite=True)
        self.say(f"{self.name}: macro F1 {result.macro_f1}, AP {result.mean_average_precision}")
        return result

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.part.name}-seed{self.seed}"

    @property
    def results(self) -> Path:
        """What the model says of the test part."""
        return self.out / "results" / self.name

    def _bundle(self) -> Bundle:
        path = self.out / "bundles" / f"{self.name}.nuzzle"
        if path.exists():
            return Bundle.load(path)
        config = self.config.with_values({"training.seed": self.seed})
        return train(self.part.drawn[self.seed], path, config, drawn=True, say=self.say)


def _rows(part: str, seed: int, result: Evaluation) -> Iterator[dict[str, Any]]:
    figures = {
        "mean": (result.macro_f1, result.mean_average_precision),
        **{
            each.behaviour: (each.f1, each.average_precision)
            for each in result.behaviours
            if each.behaviour != result.background
        },
    }
    for behaviour, (f1, ap) in figures.items():
        row: dict[str, Any] = {"part": part, "seed": seed, "behaviour": behaviour}
        for name, figure in (("f1", f1), ("ap", ap)):
            row |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
        yield row


def _notes(told: Mapping[str, Sequence[str]], n_parts: int) -> tuple[str, ...]:
    """Each note of the scores once, after the parts that it is of where these are not all.

    Args:
        told: note -> the parts of which it was said, those of several seeds several times.
        n_parts: how many there are.
    """
    of = {note: [*dict.fromkeys(parts)] for note, parts in told.items()}
    return tuple(
        note if len(parts) == n_parts else f"{listed(parts)}: {note}" for note, parts in of.items()
    )


def _summary(
    task: int, scores: pd.DataFrame, folders: Mapping[str, Sequence[Path]], simulated: bool
) -> Calms21Benchmark:
    means = scores[scores["behaviour"] == "mean"]
    parts = {
        str(name): _spreads(rows, folders[str(name)])
        for name, rows in means.groupby("part", sort=False)
    }
    if len(parts) == 1:
        f1, ap = next(iter(parts.values()))
    else:
        by_seed = means.groupby("seed")[["f1", "ap"]].mean()
        f1, ap = Spread.of(by_seed["f1"]), Spread.of(by_seed["ap"])
    return Calms21Benchmark(task, f1, ap, parts, scores, simulated)


def _spreads(rows: pd.DataFrame, folders: Sequence[Path]) -> tuple[Spread, Spread]:
    """Macro F1 and mean average precision of a part, over its trainings."""
    pairs, _ = in_common([read_said(folder) for folder in folders])
    f1, ap, _ = macro_figures(pairs)
    return Spread.of(rows["f1"], f1), Spread.of(rows["ap"], ap)
