"""Accuracy of the CNN-LSTM on real recordings of two rats, beside a random forest.

Trains on the 32 `train` recordings (`rats.py` says what they are) and scores the 10 of `val`, which
are used for early stopping only. The random forest sees the same features of single frames, as
SimBA's does.

    python benchmarks/rat_dyads.py [--data DIR] [--stream S1|S2] [--epochs N] [--seed N]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier

from nuzzle.config import Config
from nuzzle.decoding.argmax import argmax
from nuzzle.decoding.decoder import Decoder
from nuzzle.decoding.smoothing import Smoothing
from nuzzle.evaluation import ScoredPair, evaluate
from nuzzle.io.load import load_manifest
from nuzzle.prepare.rate import FrameMap
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.evaluate import score_recording
from nuzzle.workflow.samples import label_pairs, measure
from nuzzle.workflow.train import train
from rats import COMMON, FIGURES, SMOOTH_S, add_data_options, figures_of, manifest_of

#: Every how many-th training frame the forest sees: neighbours are nearly the same.
FOREST_STRIDE = 5


def config(epochs: int, seed: int) -> Config:
    """The documented network; 60 frames at 10 per second, epochs cut to 24,000 windows."""
    own = [
        "prepare.max_gap_s=1",
        "loss.alpha=none",
        f"training.epochs={epochs}",
        "training.patience=3",
        "training.epoch_windows=24000",
        "training.val_stride=5",
        f"training.seed={seed}",
    ]
    return Config.load(None, [*COMMON, *own])


def forest(recordings, settings) -> list[ScoredPair]:
    """Predictions of a random forest on the same features of single frames."""
    space = LabelSpace.fit(recordings["train"], settings.labels)
    frontend, samples = measure(*label_pairs(recordings, space, settings))
    x = torch.cat([each.features[::FOREST_STRIDE] for each in samples["train"]]).numpy()
    active = np.concatenate([each.targets.active[::FOREST_STRIDE] for each in samples["train"]])
    known = active.any(axis=1)
    model = RandomForestClassifier(50, n_jobs=-1, random_state=0, min_samples_leaf=5)
    model.fit(x[known], active[known].argmax(axis=1))
    pairs = []
    for recording in recordings["val"]:
        prepared = frontend.prepare(recording)
        frames = FrameMap.of(recording, prepared.require_fps())
        (pair,) = recording.labels.pairs
        both = [model.predict_proba(frontend(prepared, p).numpy()) for p in (pair, pair.reversed)]
        probability = frames.to_old(np.mean(both, axis=0, dtype=np.float32))
        targets = space.targets(recording.labels, pair)
        pairs.append(
            ScoredPair(
                recording=recording.name,
                group=recording.group,
                pair=pair,
                fps=recording.fps,
                behaviours=space.names,
                background=space.background,
                exclusive=True,
                truth=targets.active,
                observed=targets.observed,
                predicted=argmax(probability),
                probability=probability,
            )
        )
    return pairs


def smoothed(pairs: list[ScoredPair]) -> list[ScoredPair]:
    """The same probabilities, averaged over a moment before the decision."""
    first, smoothing = pairs[0], Smoothing((SMOOTH_S,))
    decoder = Decoder(first.behaviours, True, first.background, smoothing=smoothing)
    return [replace(each, predicted=decoder(each.probability, each.fps)) for each in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add_data_options(parser)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    manifest = manifest_of(arguments.data, arguments.stream)
    settings = config(arguments.epochs, arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        bundle = train(manifest, Path(folder) / "rats.nuzzle", settings, progress=show_epoch)
        minutes = (time.perf_counter() - began) / 60
    recordings = {split: list(load_manifest(manifest.select(split))) for split in ("train", "val")}
    print(
        f"\n{arguments.stream} on val, {len(recordings['val'])} recordings; "
        f"the network took {minutes:.1f} min with its scoring"
    )
    print(f"{'':26}" + "".join(f"{figure:22}" for figure in FIGURES))
    network = [pair for each in recordings["val"] for pair in score_recording(bundle, each).pairs]
    trees = forest(recordings, settings)
    for name, pairs in (("cnn_lstm", network), ("random forest", trees)):
        for how, decided in (("", pairs), (f", smoothed {SMOOTH_S:g} s", smoothed(pairs))):
            figures = figures_of(evaluate(decided))
            print(f"{name + how:26}" + "".join(f"{cell!s:22}" for cell in figures.values()))


def show_epoch(epoch, epochs, metrics) -> None:
    print(f"epoch {epoch}/{epochs}: val macro F1 {metrics['val_macro_f1']:.3f}", flush=True)


if __name__ == "__main__":
    main()
