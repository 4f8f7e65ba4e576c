"""What it is worth to trees that more frames of a rare behaviour are drawn than of others.

Of a million frames 300 show the rare behaviour, and a tenth a common one; three features tell them
from the rest, but not surely. Trees learn from 100,000 frames: drawn at random, whatever they show,
and with all of the rare ones, which weigh less, as nuzzle does. Average precision on a second
million of frames, and how often the rare behaviour is said on average beside how often it is true.

    python benchmarks/rare_rows.py [--seeds 0 1 2]
"""

from __future__ import annotations

import argparse
from unittest.mock import patch

import numpy as np
import torch
from sklearn.metrics import average_precision_score

from nuzzle.config import Config
from nuzzle.inference.trees import TreeClassifier
from nuzzle.labels import Pair
from nuzzle.training import trees
from nuzzle.training.samples import Sample
from nuzzle.training.targets import LabelSpace, Targets

N_FRAMES, ROWS, TREES = 1_000_000, 100_000, 60
SPACE = LabelSpace(("rare", "common", "other"), "other", True, ("rare", "common"))


def simulated(seed: int) -> Sample:
    """20 rare bouts of 15 frames, 333 common ones of 300, and features of each frame."""
    rng = np.random.default_rng(seed)
    active = np.zeros((N_FRAMES, 3), dtype=bool)
    for column, bouts, length in ((0, 20, 15), (1, 333, 300)):
        for start in rng.integers(0, N_FRAMES - length, bouts):
            active[start : start + length, column] = True
    active[:, 1] &= ~active[:, 0]
    active[:, 2] = ~active[:, :2].any(axis=1)
    x = rng.standard_normal((N_FRAMES, 8)).astype(np.float32)
    x[:, :2] += 2.5 * active[:, [0]]
    x[:, 2] += 2 * active[:, 1]
    targets = Targets(active, np.ones_like(active))
    return Sample("simulated", Pair("a", "b"), targets, features=torch.from_numpy(x))


def tried(enough: int, seed: int, alpha: str) -> tuple[float, float, float]:
    """Average precision of the rare behaviour, how often it is said, and how often it is true."""
    config = Config.load(
        None,
        [
            "model.name=trees",
            f"training.epochs={TREES}",
            f"training.epoch_windows={ROWS}",
            f"training.seed={seed}",
            f"loss.alpha={alpha}",
        ],
    )
    train, new = simulated(2 * seed), simulated(2 * seed + 1)
    with patch.object(trees, "_ENOUGH_ROWS", enough):
        boosters = trees.fit_trees(
            config, SPACE, [train], lambda pair: pair.features, lambda _: None
        )
    said = TreeClassifier(boosters, exclusive=True).probabilities(new.features)[:, 0].numpy()
    true = new.targets.active[:, 0]
    return float(average_precision_score(true, said)), float(said.mean()), float(true.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    seeds = parser.parse_args().seeds
    print(f"{'class weights':24}{'drawn':22}{'AP of the rare, by seed':26}{'said':>9}{'true':>9}")
    for alpha in ("none", "sqrt_inverse_frequency"):
        for drawn, enough in (("at random", 0), ("and all rare ones", trees._ENOUGH_ROWS)):
            found = np.array([tried(enough, seed, alpha) for seed in seeds])
            ap = " ".join(f"{each:.3f}" for each in found[:, 0])
            said, true = found[:, 1:].mean(axis=0)
            print(f"{alpha:24}{drawn:22}{ap:26}{said:9.5f}{true:9.5f}", flush=True)


if __name__ == "__main__":
    main()
