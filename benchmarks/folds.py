"""How many folds: whether models of a part of the recordings decide as the final one will.

Thresholds and temperatures are learned on what models of a part of the recordings say of the rest;
the final model learns from all. The fewer the folds, the smaller that part, the rarer do its models
say what is rare, and the lower lies the threshold that is best for them. Cross-validates `trees` on
recordings of two rats (`rats.py` says what they are) within `train`, and prints for each number of
folds how often the rarest behaviour is said (its mean probability) and is true, its average
precision, and its F1 at several thresholds.

    python benchmarks/folds.py [--data DIR] [--stream S1|S2] [--folds N ...] [--seed N]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from sklearn.metrics import f1_score

from nuzzle.config import Config
from nuzzle.evaluation.frames import average_precision
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.io.load import load_manifest
from nuzzle.training.targets import LabelSpace
from rats import COMMON, add_data_options, manifest_of, out_of_fold

THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)


def rarest(pairs: Sequence[ScoredPair]) -> tuple[str, np.ndarray, np.ndarray]:
    """The rarest behaviour: its name, truth and probability in all observed frames."""
    seen = [pair.observed.any(axis=1) for pair in pairs]
    truth = np.concatenate([pair.truth[mask] for pair, mask in zip(pairs, seen, strict=True)])
    said = np.concatenate([pair.probability[mask] for pair, mask in zip(pairs, seen, strict=True)])
    column = int(truth.sum(axis=0).argmin())
    return pairs[0].behaviours[column], truth[:, column], said[:, column]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add_data_options(parser)
    parser.add_argument("--folds", nargs="+", type=int, default=[2, 5, 10])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    manifest = manifest_of(arguments.data, arguments.stream)
    train = list(load_manifest(manifest.select("train")))
    config = Config.load(None, ["model.name=trees", *COMMON, f"training.seed={arguments.seed}"])
    space = LabelSpace.fit(train, config.labels)
    heads = ("folds", "said", "true", "AP", *(f"F1 {each:g}" for each in THRESHOLDS))
    print("behaviour".ljust(16), *(head.rjust(8) for head in heads))
    for count in arguments.folds:
        name, truth, said = rarest(out_of_fold(train, count, space, config)[0])
        scores = [f1_score(truth, said >= each) for each in THRESHOLDS]
        cells = (said.mean(), truth.mean(), average_precision(truth, said), *scores)
        print(name.ljust(16), f"{count:8}", *(f"{cell:8.3f}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
