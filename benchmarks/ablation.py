"""What each choice in a recipe is worth on real recordings of two rats, one at a time.

A base recipe is trained, and then again with one lever pulled. Recordings of `train` are predicted
by cross-validation within it, so that `val` stays untouched (`--on val` trains on all of `train`
and scores `val` instead). A gain is the difference to the base, and in brackets its 95 % interval
over recordings, drawn alike for both. That interval does not know how seeds differ: from one seed
it is too narrow. Give several, and look at `± sd` as well.

A finished run is a line of `--keep`, and is not done again: a killed script goes on where it was,
and the table can be printed (`--table`) while another process is at work.

    python benchmarks/ablation.py [--recipe conv_lstm|trees] [--stream S1|S2] [--levers NAME ...]
        [--seeds N ...] [--folds N] [--on val] [--keep FILE] [--table]
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nuzzle.config import Config
from nuzzle.errors import NuzzleError
from nuzzle.evaluation import evaluate
from nuzzle.evaluation.bootstrap import draw_weights
from nuzzle.evaluation.draws import drawn_figures, mean_over_behaviours
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.features.base import Column
from nuzzle.features.registry import FEATURE_SETS
from nuzzle.features.relational import RelationalSymmetric
from nuzzle.io.load import load_manifest
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.auxiliary import match_auxiliary
from nuzzle.workflow.benchmark import Spread
from nuzzle.workflow.checks import labelled
from rats import (
    COMMON,
    FIGURES,
    OTHER,
    SMOOTH_S,
    add_data_options,
    figures_of,
    manifest_of,
    on_val,
    out_of_fold,
)

Run = dict[str, Any]


@dataclass(frozen=True)
class Lever:
    """One choice.

    Attributes:
        changes: to the configuration of what it is compared with.
        over: name of the lever that it is compared with and built on.
        auxiliary: whether the other stream is learned beside.
        ordered: whether the animals stay in the tracker's order, instead of no order.
        twice: whether the other stream is learned only of recordings that have both.
    """

    changes: tuple[str, ...] = ()
    over: str = "base"
    auxiliary: bool = False
    ordered: bool = False
    twice: bool = False


class Bodies(RelationalSymmetric):
    """Relational features without the speed of each keypoint: only bodies as a whole move."""

    @cached_property
    def _kept(self) -> list[int]:
        speeds = tuple(f"{keypoint}_speed_" for keypoint in self.skeleton.keypoints)
        return [i for i, each in enumerate(self.traits) if not each.name.startswith(speeds)]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        columns = super().columns
        return tuple(columns[i] for i in self._kept)

    def blocks(self, points: Tensor) -> list[Tensor]:
        return [torch.cat(super().blocks(points), dim=-2)[..., self._kept, :]]


_BODIES = "relational_bodies"
FEATURE_SETS[_BODIES] = Bodies
#: The base recipes; what is not said is the model's preset.
RECIPES = {
    "conv_lstm": (
        "model.name=conv_lstm",
        "model.options.frames_per_step=8",
        "training.window=448",
        "training.batch_size=4",
        "training.epochs=8",
        "loss.alpha=none",
        f"decoding.smooth_s={SMOOTH_S}",
    ),
    "trees": ("model.name=trees", f"decoding.smooth_s={SMOOTH_S}"),
}
#: Those of the tail beside those of `COMMON`.
_ALL_POINTS = ("prepare.keypoints=[top, body, tail, tail-m, tail-e]",)
#: Two folds leave trees about 100,000 frames at 10 a second, which is what the preset draws.
_TREES = {
    "relational": Lever(("features=relational",)),
    "windowed_all": Lever(("features=windowed_all",)),
    "windowed_relative": Lever(("features=windowed_relative",)),
    "kinds": Lever(("loss.kinds=1",)),
    "all_points": Lever(_ALL_POINTS),
    "repair_identity": Lever(("prepare.repair_identity=true",)),
    "gap_0": Lever(("prepare.max_gap_s=0",)),
    "gap_5": Lever(("prepare.max_gap_s=5",)),
    "rows_25000": Lever(("training.epoch_windows=25000",)),
    "rows_50000": Lever(("training.epoch_windows=50000",)),
    "rate_20_all_rows": Lever(("prepare.fps=20", "training.epoch_windows=null")),
    "rounds_100": Lever(("training.epochs=100",)),
    "rounds_600": Lever(("training.epochs=600",)),
    "kinds_100": Lever(("loss.kinds=1",), "rounds_100"),
    "ordered": Lever(ordered=True),
    "unit_px": Lever(("prepare.unit=px",)),
    "smooth_poses": Lever(("prepare.smooth_s=0.25",)),
    "decoding_0": Lever(("decoding.smooth_s=0",)),
    "decoding_1.6": Lever(("decoding.smooth_s=1.6",)),
    "decoding_bouts": Lever(("decoding.smooth_s=bouts",)),
}
#: Each augmentation by itself; relational features do not change by rotation and swap.
_AUGMENTATION = {
    "reflection": Lever(("augmentation.reflection=true",)),
    "pose_scale": Lever(("augmentation.pose_scale=[0.9, 1.1]",)),
    "time_stretch": Lever(("augmentation.time_stretch=[0.8, 1.25]",)),
    "keypoint_dropout": Lever(("augmentation.keypoint_dropout=0.1",)),
    "pose_jitter": Lever(("augmentation.pose_jitter_bl=0.01",)),
    "noise": Lever(("augmentation.noise_std=0.1",)),
    "mixup": Lever(("augmentation.mixup_alpha=0.2",)),
    "scale": Lever(("augmentation.scale=[0.95, 1.05]",)),
    "engineered48": Lever(("features=engineered48",)),
    "rotation_48": Lever(("augmentation.rotation=true",), "engineered48"),
    "reflection_48": Lever(("augmentation.reflection=true",), "engineered48"),
    "swap_48": Lever(("augmentation.swap=true",), "engineered48"),
}
#: Where the length of a stretch or the frame rate changes, the other keys keep the seconds of a
#: stretch, or the number of steps, as they were.
_NETWORK = {
    "windowed": Lever(("features=windowed",)),
    "repair_identity": Lever(("prepare.repair_identity=true",)),
    "epochs_16": Lever(("training.epochs=16",)),
    "auxiliary": Lever(auxiliary=True),
    "gap_0": Lever(("prepare.max_gap_s=0",)),
    "gap_5": Lever(("prepare.max_gap_s=5",)),
    **_AUGMENTATION,
    "alpha_sqrt": Lever(("loss.alpha=sqrt_inverse_frequency",)),
    "alpha_inverse": Lever(("loss.alpha=inverse_frequency",)),
    "gamma_2": Lever(("loss.gamma=2",)),
    "smoothness": Lever(("loss.smoothness=0.15",)),
    "kinds": Lever(("loss.kinds=1",)),
    "logit_adjustment": Lever(("loss.logit_adjustment=0.5",)),
    "weight_averaging": Lever(("training.weight_averaging=0.99",)),
    "batch_16": Lever(("training.batch_size=16",)),
    "window_128": Lever(("training.window=128", "training.batch_size=14")),
    "window_896": Lever(("training.window=896", "training.batch_size=2")),
    "rate_5": Lever(("prepare.fps=5", "training.window=224")),
    "rate_20": Lever(("prepare.fps=20", "training.window=896")),
    "ordered": Lever(ordered=True),
    "unit_px": Lever(("prepare.unit=px",)),
    "unit_bl_48": Lever(("prepare.unit=bl",), "engineered48"),
    "smooth_poses": Lever(("prepare.smooth_s=0.25",)),
    "decoding_0": Lever(("decoding.smooth_s=0",)),
    "decoding_1.6": Lever(("decoding.smooth_s=1.6",)),
    "decoding_bouts": Lever(("decoding.smooth_s=bouts",)),
}
#: What the levers are worth where the training is longer and steadier: other gains than in a short
#: one.
_STEADY = {
    "steady": Lever(
        (
            "model.options.frames_per_step=4",
            "training.window=512",
            "training.batch_size=16",
            "training.epochs=16",
        )
    ),
    "steady_windowed": Lever(("features=windowed",), "steady"),
    "steady_repair_identity": Lever(("prepare.repair_identity=true",), "steady"),
    "steady_auxiliary": Lever(over="steady", auxiliary=True),
    **{
        f"steady_{name}": replace(
            lever, over="steady_auxiliary" if lever.over == "base" else f"steady_{lever.over}"
        )
        for name, lever in _AUGMENTATION.items()
    },
    "steady_labelled_twice": Lever(over="steady_kinds", twice=True),
    "steady_all_points": Lever(_ALL_POINTS, "steady_auxiliary"),
    "steady_bodies": Lever((f"features={_BODIES}",), "steady_all_points"),
    "steady_tail_in_centre": Lever(
        ("prepare.centre=[top, body, tail, tail-m, tail-e]",), "steady_all_points"
    ),
    "steady_gap_10": Lever(("prepare.max_gap_s=10",), "steady_all_points"),
    "steady_every_frame": Lever(("model.options.frames_per_step=1",), "steady_all_points"),
    "steady_alpha_sqrt": Lever(("loss.alpha=sqrt_inverse_frequency",), "steady_all_points"),
    "steady_batch_8": Lever(("training.batch_size=8",), "steady_all_points"),
    "steady_kinds": Lever(("loss.kinds=1",), "steady_auxiliary"),
    "steady_wide": Lever(
        (
            "model.options.channels=[128, 128, 128]",
            "model.options.hidden=128",
            "model.options.num_layers=1",
        ),
        "steady",
    ),
    "steady_one_layer": Lever(
        ("model.options.num_layers=1", "model.options.hidden=128"),
        "steady_auxiliary",
    ),
    "steady_one_layer_96": Lever(
        ("model.options.num_layers=1", "model.options.hidden=96"),
        "steady_auxiliary",
    ),
    "steady_any_gradient": Lever(("training.gradient_clip=0",), "steady_auxiliary"),
    "steady_together": Lever(
        ("features=windowed", "prepare.repair_identity=true"), "steady_auxiliary"
    ),
}
LEVERS = {
    "conv_lstm": {"base": Lever(over=""), **_NETWORK, **_STEADY},
    "trees": {"base": Lever(over=""), **_TREES},
}


def chain(levers: Mapping[str, Lever], name: str) -> list[str]:
    """The lever, after what it is built on."""
    return [*chain(levers, levers[name].over), name] if name else []


def described(arguments: argparse.Namespace, name: str, seed: int) -> Run:
    """All that a run depends on."""
    levers = LEVERS[arguments.recipe]
    built = [levers[each] for each in chain(levers, name)]
    own = [change for each in built for change in each.changes]
    return {
        "lever": name,
        "seed": seed,
        "stream": arguments.stream,
        "on": arguments.on,
        "folds": arguments.folds if arguments.on == "train" else None,
        "changes": [*COMMON, *RECIPES[arguments.recipe], *own, f"training.seed={seed}"],
        "auxiliary": any(each.auxiliary for each in built),
        "ordered": any(each.ordered for each in built),
        **({"twice": True} if any(each.twice for each in built) else {}),
    }


def load(arguments: argparse.Namespace) -> dict[str, list[Recording]]:
    """The recordings, with the other stream as auxiliary labels of `train`."""
    manifest = manifest_of(arguments.data, arguments.stream, all_rows=True)
    other = manifest_of(arguments.data, OTHER[arguments.stream])
    train = manifest.select("train")
    val = manifest.select("val") if arguments.on == "val" else ()
    return {
        "train": labelled(load_manifest(train, match_auxiliary(train, other))),
        "val": labelled(load_manifest(val)),
    }


def predictions(run: Run, recordings: dict[str, list[Recording]]) -> tuple[list[ScoredPair], float]:
    """Truth and prediction of recordings that the models have not seen; seconds of training."""
    config = Config.load(None, run["changes"])
    train = recordings["train"]
    if not run["auxiliary"]:
        train = [replace(each, auxiliary=None) for each in train]
    if run.get("twice"):
        train = [each if each.labels else replace(each, auxiliary=None) for each in train]
    space = LabelSpace.fit(train, config.labels)
    space = replace(space, directed=space.directed or run["ordered"])
    if run["on"] == "val":
        return on_val(train, recordings["val"], space, config)
    return out_of_fold(train, run["folds"], space, config)


def finished(run: Run, recordings: dict[str, list[Recording]]) -> Run:
    """The run with its figures, and the same in every draw of recordings."""
    pairs, seconds = predictions(run, recordings)
    values = figures_of(evaluate(pairs, bootstrap=0))
    units = sorted(each.leak_group for each in recordings[run["on"]] if each.labels)
    weights = draw_weights(len(units), 1000, np.random.default_rng(0))
    drawn = [mean_over_behaviours(each)[1:] for each in drawn_figures(pairs, units, weights)]
    return {
        "run": run,
        "seconds": round(seconds, 1),
        "figures": {name: round(values[name].value, 5) for name in FIGURES},
        "draws": {name: d.round(5).tolist() for name, d in zip(FIGURES, drawn, strict=True)},
    }


def kept(path: Path) -> list[Run]:
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def do(arguments: argparse.Namespace, names: Sequence[str]) -> None:
    """Do what is not in the file yet; what fails is said, and the others go on."""
    before = [each["run"] for each in kept(arguments.keep)]
    wanted = [described(arguments, name, seed) for seed in arguments.seeds for name in names]
    missing = [run for run in wanted if run not in before]
    recordings = load(arguments) if missing else {}
    for number, run in enumerate(missing, 1):
        print(f"{number} of {len(missing)}: {run['lever']}, seed {run['seed']}", flush=True)
        try:
            line = json.dumps(finished(run, recordings))
        except NuzzleError as error:
            print(f"  left out: {error}", flush=True)
            continue
        with arguments.keep.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def compared(mine: Sequence[Run], base: Sequence[Run], figure: str) -> str:
    """The gain of some runs over those of the same seeds: mean, sd over seeds, interval."""
    pairs = list(zip(mine, base, strict=True))
    gains = [one["figures"][figure] - other["figures"][figure] for one, other in pairs]
    drawn = np.mean(
        [np.subtract(one["draws"][figure], other["draws"][figure]) for one, other in pairs], axis=0
    )
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    spread = f" ± {statistics.stdev(gains):.3f}" if len(gains) > 1 else ""
    return f"{statistics.fmean(gains):+.3f}{spread} [{low:+.3f}, {high:+.3f}]"


def rows(arguments: argparse.Namespace, names: Sequence[str]) -> Iterator[list[str]]:
    """A row for each lever of which a seed is done, here and of what it is compared with."""
    levers, found = LEVERS[arguments.recipe], kept(arguments.keep)

    def done(name: str) -> dict[int, Run]:
        wanted = {seed: described(arguments, name, seed) for seed in arguments.seeds}
        return {s: each for s, run in wanted.items() for each in found if each["run"] == run}

    for name in names:
        mine, base = done(name), done(levers[name].over or name)
        seeds = [seed for seed in arguments.seeds if seed in mine and seed in base]
        if not seeds:
            continue
        cells = [name, levers[name].over, str(len(seeds))]
        for figure in FIGURES:
            cells.append(str(Spread.of(mine[seed]["figures"][figure] for seed in seeds)))
            both = [mine[seed] for seed in seeds], [base[seed] for seed in seeds]
            cells.append(compared(*both, figure) if levers[name].over else "")
        yield [*cells, f"{statistics.fmean(mine[seed]['seconds'] for seed in seeds):.0f}"]


def print_table(arguments: argparse.Namespace, names: Sequence[str]) -> None:
    where = {
        "train": f"cross-validated in train, {arguments.folds} folds",
        "val": "trained on train, scored on val",
    }[arguments.on]
    print(f"\n{arguments.recipe}, {arguments.stream}, {where}")
    heads = ["lever", "over", "seeds"]
    heads += [cell for figure in FIGURES for cell in (figure, "gain")]
    table = [[*heads, "training s"], *rows(arguments, names)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add_data_options(parser)
    parser.add_argument("--recipe", choices=list(RECIPES), default="conv_lstm")
    parser.add_argument("--levers", nargs="+", metavar="NAME", help="all by default")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--on", choices=["train", "val"], default="train")
    parser.add_argument("--keep", type=Path, default=Path("ablation.jsonl"))
    parser.add_argument("--table", action="store_true", help="train nothing, print what is kept")
    arguments = parser.parse_args()
    levers = LEVERS[arguments.recipe]
    if unknown := set(arguments.levers or ()) - set(levers):
        parser.error(f"--levers: there is no {sorted(unknown)}; there are {list(levers)}")
    chosen = arguments.levers or list(levers)
    names = list(dict.fromkeys(each for name in chosen for each in chain(levers, name)))
    if not arguments.table:
        do(arguments, names)
    print_table(arguments, names)


if __name__ == "__main__":
    main()
