"""The size of CalMS21's first task, simulated: how long a model takes to train and to evaluate.

Writes 70 recordings to train on (507,000 frames) and 19 to test on (262,000 frames), in CalMS21's
files; draws a fifth of the former to be `val`; trains the default sequence model on the rest
and scores the test. In the same run the windowed `cnn_lstm` is trained on a part and labels a part,
and its times are scaled up to all frames. Times include reading, features and scoring. Scores on
simulated mice say nothing about real ones.

    python benchmarks/standard.py [--share 0.1] [--model conv_lstm] [--set training.epochs=5]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from nuzzle.config import Config
from nuzzle.inference.predict import predict_recording
from nuzzle.io.calms21 import manifest_from_calms21
from nuzzle.io.calms21_write import write_calms21
from nuzzle.io.load import load_entry
from nuzzle.io.splits import split_by_group
from nuzzle.manifest import Manifest
from nuzzle.recording import Recording
from nuzzle.simulate.recordings import CALMS21_CODES, simulate_recording
from nuzzle.workflow.evaluate import evaluate
from nuzzle.workflow.train import train

#: Recordings and frames of CalMS21's task 1 (Sun et al. 2021).
SIZES = {"train": (70, 507_738), "test": (19, 262_107)}
FPS = 30
#: What the windowed model is given in this run.
PART_WINDOWS, PART_FRAMES = 20_000, 10_000


def recordings(split: str, share: float) -> Iterator[Recording]:
    count, frames = SIZES[split]
    first = 0 if split == "train" else SIZES["train"][0]
    for number in range(first, first + max(3, round(share * count))):
        name = f"task1/{split}/mouse{number + 1:03d}_task1_annotator1"
        yield simulate_recording(name, minutes=frames / count / FPS / 60, seed=number)


def simulated(folder: Path, share: float) -> Manifest:
    began = time.perf_counter()
    files = [
        write_calms21(
            recordings(split, share),
            folder / f"calms21_task1_{split}.json",
            vocabulary=CALMS21_CODES,
        )
        for split in SIZES
    ]
    manifest = split_by_group(manifest_from_calms21(files), 0.2)
    print(f"simulated in {time.perf_counter() - began:.0f} s", flush=True)
    return manifest


def whole(manifest: Manifest, folder: Path, config: Config) -> None:
    """Train and evaluate on everything."""
    name = config.model.name
    began = time.perf_counter()

    def progress(epoch: int, epochs: int, metrics: dict[str, float]) -> None:
        minutes = (time.perf_counter() - began) / 60
        print(
            f"  epoch {epoch}/{epochs}, {minutes:.1f} min: val macro F1 "
            f"{metrics['val_macro_f1']:.3f}",
            flush=True,
        )

    bundle = train(manifest, folder / "mice.nuzzle", config, progress=progress)
    minutes = (time.perf_counter() - began) / 60
    frames = bundle.training["frames"]
    print(
        f"{name}: trained on {frames:,} frames in {minutes:.1f} min, val macro F1 "
        f"{bundle.metrics['macro_f1']['value']:.3f}",
        flush=True,
    )
    began = time.perf_counter()
    result = evaluate(bundle, manifest, "test")
    print(
        f"{name}: evaluated {result.scored_frames:,} frames in "
        f"{time.perf_counter() - began:.0f} s, macro F1 {result.macro_f1}, mean AP "
        f"{result.mean_average_precision}",
        flush=True,
    )


def windowed(manifest: Manifest, folder: Path) -> None:
    """One epoch of the windowed model on a part, and its speed on a part."""
    part = tuple(manifest.select("train"))[:6] + tuple(manifest.select("val"))[:1]
    changes = ["training.epochs=1", f"training.epoch_windows={PART_WINDOWS}"]
    config = Config.load(None, ["model.name=cnn_lstm", "training.val_stride=30", *changes])
    bundle = train(Manifest(part), folder / "windows.nuzzle", config)
    minutes = bundle.training["seconds"] / 60
    scaled = minutes * SIZES["train"][1] * 0.8 / PART_WINDOWS
    recording = load_entry(manifest.select("test").entries[0])
    recording = recording.slice(0, min(PART_FRAMES, recording.n_frames))
    began = time.perf_counter()
    predict_recording(bundle, recording, recording.labels.pairs)
    speed = recording.n_frames / (time.perf_counter() - began)
    print(
        f"cnn_lstm: {PART_WINDOWS:,} windows in {minutes:.1f} min, so an epoch of all in about "
        f"{scaled:.0f} min; {speed:,.0f} frames/s, so the test in about "
        f"{SIZES['test'][1] / speed:.0f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--share", type=float, default=1.0, help="of the recordings")
    parser.add_argument("--model", default="conv_lstm")
    parser.add_argument("--set", dest="changes", nargs="*", default=[])
    arguments = parser.parse_args()
    config = Config.load(None, [f"model.name={arguments.model}", *arguments.changes])
    print(f"{torch.get_num_threads()} thread(s), {arguments.share:.0%} of the recordings")
    with tempfile.TemporaryDirectory() as folder:
        manifest = simulated(Path(folder), arguments.share)
        windowed(manifest, Path(folder))
        whole(manifest, Path(folder), config)


if __name__ == "__main__":
    main()
