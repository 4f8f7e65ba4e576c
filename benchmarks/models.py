"""Every model on real recordings of two rats: accuracy, size, time to train, speed.

Trains each on the 32 `train` recordings (`rats.py` says what they are) and scores the 10 of `val`,
all in one run on one machine. The networks learn the other stream of labels beside, unless
`--no-auxiliary` says not to. Nothing is chosen or calibrated on `val`, but for `cnn_lstm`, whose
source document stops it there: its figures flatter a little.

Figures are means over seeds, ± the standard deviation over seeds; in brackets the 95 % interval
over recordings and seeds. Recordings differ by far more than seeds: read the
intervals. `training s` is the time up to the epoch that is kept, or of an ensemble all that it
takes with its inner cross-validation; `frames/s` is the speed of a whole recording in one pass,
features included. Beside each stands how many times as quick as `cnn_lstm` that is, where that was
trained in the same run. Below are differences to one model (`--against`), of the same recordings:
draws of recordings are the same for both, and seeds are drawn as well.

    python benchmarks/models.py [--data DIR] [--stream S1|S2] [--no-auxiliary]
        [--models NAME ...] [--seeds N ...] [--against NAME] [--set KEY=VALUE ...]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from nuzzle.config import Config
from nuzzle.evaluation.comparison import compare
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.classifier import NetworkClassifier
from nuzzle.inference.predict import predict_recording
from nuzzle.io.load import load_entry
from nuzzle.manifest import Manifest
from nuzzle.models import MODELS, count_parameters
from nuzzle.recording import Recording
from nuzzle.workflow.scored import score_recording
from nuzzle.workflow.train import train
from rats import (
    COMMON,
    FIGURES,
    OTHER,
    SMOOTH_S,
    add_data_options,
    manifest_of,
    over_seeds,
)

#: What the others are compared with.
REFERENCE = "cnn_lstm"
#: A calibration would be fitted on `val`.
UNCALIBRATED = ("calibration.method=none", "calibration.adapt=false")
#: The presets, a little shorter, and with smaller steps for all but the quickest.
_SEQUENCE = ("training.epochs=16",)
_SLOWER = (*_SEQUENCE, "training.learning_rate=0.001")
#: Few stretches in a batch, at other speeds each time.
_FEW = ("training.window=448", "training.batch_size=4", "augmentation.time_stretch=[0.7, 1.4]")
#: What a model needs besides: fewer windows of the slow one.
OWN: dict[str, tuple[str, ...]] = {
    "cnn_lstm": (
        "prepare.max_gap_s=1",
        "loss.alpha=none",
        "training.epochs=5",
        "training.epoch_windows=24000",
        "training.val_stride=5",
    ),
    "conv_lstm": _SEQUENCE,
    "tcn": (*_SLOWER, *_FEW),
    "transformer": _SLOWER,
    "graph": (*_SLOWER, *_FEW),
    "trees": (),
    "ensemble": ("ensemble.folds=2",),  # their figures are not used: weights are equal
}
#: Where the members of the most accurate ensemble stand.
FILES = {"ensemble": Path(__file__).with_name("rats.yaml")}


@dataclass(frozen=True)
class Result:
    """One training: what it said of `val`, and what it costs."""

    pairs: list[ScoredPair]
    parameters: int
    size_mb: float
    training_s: float
    frames_per_s: float


def result_of(
    manifest: Manifest, auxiliary: Manifest | None, config: Config, val: Sequence[Recording]
) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rats.nuzzle"
        began = time.perf_counter()
        bundle = train(manifest, path, config, auxiliary=auxiliary)
        seconds, size = time.perf_counter() - began, path.stat().st_size
        frames_per_s = speed(Bundle.load(path), val[0])
    classifiers = [each.classifier for each in bundle.members]
    networks = [each for each in classifiers if isinstance(each, NetworkClassifier)]
    return Result(
        [pair for each in val for pair in score_recording(bundle, each).pairs],
        sum(count_parameters(each.model) for each in networks),
        size / 1e6,
        seconds_to_kept(bundle) if len(bundle.members) == 1 else seconds,
        frames_per_s,
    )


def seconds_to_kept(bundle: Bundle) -> float:
    """Time of the training up to the epoch that is kept; epochs take about the same time each."""
    training = bundle.training
    trained = len(training["history"]) or training["best_epoch"]  # trees have no history
    return float(training["seconds"] * training["best_epoch"] / trained)


def speed(bundle: Bundle, recording: Recording, times: int = 3) -> float:
    """Frames a second of a whole recording in one pass, features included; median of some."""
    pairs = recording.labels.pairs
    predict_recording(bundle, recording, pairs)
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        predict_recording(bundle, recording, pairs)
        seconds.append(time.perf_counter() - began)
    return recording.n_frames / statistics.median(seconds)


def row(name: str, results: Sequence[Result], reference: Sequence[Result]) -> list[str]:
    """The cells of a model: figures, then costs, each with its ratio to the reference."""
    figures = [str(spread) for spread in over_seeds([each.pairs for each in results])]
    training = statistics.fmean(each.training_s for each in results)
    frames = statistics.fmean(each.frames_per_s for each in results)
    ratios = ["", ""]
    if reference:
        other = statistics.fmean(each.training_s for each in reference)
        slow = statistics.fmean(each.frames_per_s for each in reference)
        ratios = [f"{other / training:.1f} x", f"{frames / slow:.1f} x"]
    parameters = f"{results[0].parameters:,}" if results[0].parameters else "–"
    size = f"{statistics.fmean(each.size_mb for each in results):.1f}"
    costs = [f"{training:.0f}", ratios[0], f"{frames:,.0f}", ratios[1]]
    return [name, *figures, parameters, size, *costs]


def print_row(cells: Sequence[str]) -> None:
    widths = (12, 32, 32, 32)
    left = "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False))
    print(left + "".join(cell.rjust(12) for cell in cells[len(widths) :]), flush=True)


def print_differences(done: Mapping[str, Sequence[Result]], against: str) -> None:
    """The gain of each model over one of them, with its interval."""
    if against not in done or len(done) == 1:
        return
    print(f"\nDifference to {against}")
    print_row(["model", *FIGURES])
    said = {name: [each.pairs for each in results] for name, results in done.items()}
    for name in [name for name in done if name != against]:
        found = compare(said[against], said[name])
        macros = (found.macro_f1, found.mean_average_precision, found.macro_bout_f1)
        print_row([name, *(each.difference.signed for each in macros)])


def main() -> None:
    names = [*MODELS, "ensemble"]
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add_data_options(parser)
    parser.add_argument("--no-auxiliary", action="store_true", help="learn one stream alone")
    parser.add_argument("--models", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--against", choices=names, default="conv_lstm", metavar="NAME")
    parser.add_argument("--set", dest="changes", nargs="+", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    manifest = manifest_of(arguments.data, arguments.stream)
    other = OTHER[arguments.stream]
    auxiliary = None if arguments.no_auxiliary else manifest_of(arguments.data, other)
    val = [load_entry(entry) for entry in manifest.select("val")]
    print(
        f"{arguments.stream}, {'alone' if auxiliary is None else f'{other} learned beside'}: "
        + ", ".join(f"{count} recordings {split}" for split, count in manifest.splits.items())
        + f"; seeds {', '.join(map(str, arguments.seeds))}; {torch.get_num_threads()} thread(s)"
    )
    costs = ("parameters", "MB", "training s", "quicker", "frames/s", "quicker")
    print_row(["model", *FIGURES, *costs])
    done: dict[str, list[Result]] = {}
    for name in sorted(arguments.models, key=lambda name: name != REFERENCE):
        repaired = (*COMMON, "prepare.repair_identity=true")
        common = (f"model.name={name}", *repaired, f"decoding.smooth_s={SMOOTH_S}")
        results = []
        for seed in arguments.seeds:
            last = (*UNCALIBRATED, f"training.seed={seed}", *arguments.changes)
            config = Config.load(FILES.get(name), [*common, *OWN[name], *last])
            results.append(result_of(manifest, auxiliary, config, val))
        done[name] = results
        print_row(row(name, results, done.get(REFERENCE, ())))
    print_differences(done, arguments.against)


if __name__ == "__main__":
    main()
