"""Every model on real recordings of two rats: accuracy, size, time to train, speed.

Trains each on the 32 `train` recordings of `rat_dyads` (stream S1) and scores the 10 of `val`, all
in one run on one machine. `val` says when `cnn_lstm` stops, so its figures flatter a little; seeds
differ by about .02 in F1, recordings by far more: read the intervals.

    python benchmarks/models.py [--data DIR] [--models NAME ...] [--seed N]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from nuzzle.config import Config
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.classifier import NetworkClassifier
from nuzzle.inference.predict import predict_recording
from nuzzle.io.init_manifest import init_manifest
from nuzzle.io.load import load_entry
from nuzzle.io.splits import Splitting
from nuzzle.models import ARCHITECTURES, count_parameters
from nuzzle.workflow.train import train

REPO = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("NUZZLE_DATA", REPO.parent / "shared" / "data")) / "rat_dyads"
#: What holds for all: three keypoints that are often found, ten frames a second.
COMMON = [
    "prepare.keypoints=[top, body, tail]",
    "prepare.centre=[body]",
    "prepare.fps=10",
    "decoding.smooth_s=0.8",
]
#: Stretches of 45 s.
_SEQUENCE = ["training.window=448", "training.epochs=16"]
#: What a model needs besides: fewer windows of the slow one.
OWN = {
    "cnn_lstm": [
        "prepare.max_gap_s=1",
        "loss.alpha=none",
        "training.epochs=5",
        "training.epoch_windows=24000",
        "training.val_stride=5",
    ],
    "conv_lstm": _SEQUENCE,
    "tcn": _SEQUENCE,
    "transformer": _SEQUENCE,
    "graph": _SEQUENCE,
    "trees": [],
    "ensemble": _SEQUENCE,
}


def manifest_of(data: Path):
    """Stream S1 of all recordings, with the split that comes with them."""
    return init_manifest(
        poses=[data / "poses" / "*.csv"],
        labels=[data / "labels" / "*.txt"],
        common={
            "stream": "S1",
            "background": "nonsocial",
            "not_observed": ("base",),
            "directed": False,
            "fps": 20.0,
        },
        splitting=Splitting(data / "recordings.csv"),
    )[0]


def speed(bundle: Bundle, manifest) -> float:
    """Frames a second of a whole recording in one pass, features included."""
    recording = load_entry(manifest.select("val").entries[0])
    predict_recording(bundle, recording, recording.labels.pairs)
    began = time.perf_counter()
    predict_recording(bundle, recording, recording.labels.pairs)
    return recording.n_frames / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--models", nargs="*", default=[*ARCHITECTURES, "trees", "ensemble"])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    manifest = manifest_of(arguments.data)
    heads = ("macro F1", "AP", "bout F1 at 0.5", "parameters", "training s", "frames/s")
    print(
        f"{'model':12}{heads[0]:22}{heads[1]:22}{heads[2]:22}"
        + "".join(f"{h:>12}" for h in heads[3:])
    )
    for name in arguments.models:
        changes = [f"model.name={name}", f"training.seed={arguments.seed}", *COMMON, *OWN[name]]
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            bundle = train(manifest, Path(folder) / "rats.nuzzle", Config.load(None, changes))
            seconds = time.perf_counter() - began
        networks = [each.classifier for each in bundle.members]
        size = sum(
            count_parameters(each.model) for each in networks if isinstance(each, NetworkClassifier)
        )
        metrics = bundle.metrics
        cells = (
            metrics["macro_f1"],
            metrics["mean_average_precision"],
            metrics["macro_bout_f1"]["0.5"],
        )
        print(
            f"{name:12}"
            + "".join(f"{c['value']:.3f} [{c['low']:.3f}, {c['high']:.3f}]  " for c in cells)
            + f"{size or '':>12}{seconds:12.0f}{speed(bundle, manifest):12,.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
