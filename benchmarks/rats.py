"""What the benchmarks on real recordings of two rats share: the data, and the cells of a table.

The recordings have two streams of labels. S1 says `aggression`, `social` or `nonsocial`, the
background; S2 says which of seven kinds of aggression. The lead-in and lead-out of a trial, `base`
in S1, were not observed in either. Ten of the 42 recordings are `val`; who is, comes with the data.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from data import DATA
from nuzzle.config import Config
from nuzzle.evaluation.evaluate import headline
from nuzzle.evaluation.figures import Estimate
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.evaluation.trainings import Trainings, macro_figures
from nuzzle.io.init_manifest import init_manifest
from nuzzle.io.splits import Splitting
from nuzzle.manifest import Manifest
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.benchmark import Spread
from nuzzle.workflow.folds import ModelFolds, partition
from nuzzle.workflow.learn import learn
from nuzzle.workflow.scored import score_recording

#: What holds for all models: three keypoints that are often found, ten frames a second.
COMMON = ("prepare.keypoints=[top, body, tail]", "prepare.centre=[body]", "prepare.fps=10")
#: Width of the Gaussian that probabilities are averaged with before the decision, s.
SMOOTH_S = 0.8
#: How the labels of each stream are read.
STREAMS: dict[str, dict[str, Any]] = {
    "S1": {"background": "nonsocial", "not_observed": ("base",)},
    "S2": {"background": "base", "not_observed": ("S1:base",)},
}
#: The stream to learn beside another.
OTHER = {"S1": "S2", "S2": "S1"}
FIGURES = ("macro F1", "mean AP", "bout F1 at 0.5")


def add_data_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, default=DATA / "rat_dyads", help="folder of the recordings"
    )
    parser.add_argument("--stream", choices=list(STREAMS), default="S1", help="labels to learn")


def manifest_of(data: Path, stream: str, *, all_rows: bool = False) -> Manifest:
    """The recordings that have labels in a stream, or all, with the split that comes with them."""
    manifest, _ = init_manifest(
        poses=[data / "poses" / "*.csv"],
        labels=[data / "labels" / "*.txt"],
        common={"stream": stream, "directed": False, "fps": 20.0, **STREAMS[stream]},
        splitting=Splitting(data / "recordings.csv"),
    )
    return replace(manifest, entries=tuple(e for e in manifest if e.labels or all_rows))


def on_val(
    train: list[Recording], val: Sequence[Recording], space: LabelSpace, config: Config
) -> tuple[list[ScoredPair], float]:
    """Truth and prediction of `val` by a model of `train`; seconds of its training."""
    with tempfile.TemporaryDirectory() as folder:
        split = {"train": train, "val": list[Recording]()}
        bundle = learn(split, space, config, Path(folder) / "work", lambda _: None)
    pairs = [pair for each in val for pair in score_recording(bundle, each).pairs]
    return pairs, bundle.training["seconds"]


def out_of_fold(
    train: list[Recording], folds: int, space: LabelSpace, config: Config
) -> tuple[list[ScoredPair], float]:
    """Truth and prediction of `train` by cross-validation; seconds of all trainings."""
    with tempfile.TemporaryDirectory() as folder:
        parts = partition(train, "group", folds, config)
        models = ModelFolds(parts, space, config, Path(folder), lambda _: None, None)
        pairs = models.out_of_fold()
        return pairs, sum(models.bundle(n).training["seconds"] for n in range(len(parts)))


def figures_of(evaluation: Evaluation) -> dict[str, Estimate]:
    """The `FIGURES`: of all behaviours but the background, frames or bouts pooled."""
    found = (
        evaluation.macro_f1,
        evaluation.mean_average_precision,
        evaluation.macro_bout_f1["0.5"],
    )
    return dict(zip(FIGURES, found, strict=True))


def over_seeds(trainings: Trainings) -> list[Spread]:
    """The `FIGURES` of a model: mean and standard deviation over seeds, and the interval."""
    each = zip(*map(headline, trainings), strict=True)
    return [Spread.of(*both) for both in zip(each, macro_figures(trainings), strict=True)]
