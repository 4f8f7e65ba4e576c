"""How much of an error lies at the borders of bouts, which people set to some tenths of a second.

Scores a bundle on a split that had no part in it, leaving out the frames within so many seconds of
a change of the true labels; in brackets 95 % intervals over recordings.

    python benchmarks/borders.py s1.nuzzle s1.csv [--split val] [--seconds 0 0.25 0.5 1]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from nuzzle.evaluation.evaluate import evaluate
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.io.load import load_manifest
from nuzzle.manifest import Manifest
from nuzzle.workflow.scored import score_recording


def inside(pair: ScoredPair, seconds: float) -> ScoredPair:
    """Without the frames near a change of what is true."""
    reach = round(seconds * pair.fps)
    near = np.zeros(pair.n_frames, dtype=bool)
    for change in 1 + np.flatnonzero((pair.truth[1:] != pair.truth[:-1]).any(axis=1)):
        near[max(0, change - reach) : change + reach] = True
    return replace(pair, observed=pair.observed & ~near[:, None])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--seconds", nargs="+", type=float, default=[0.0, 0.25, 0.5, 1.0])
    arguments = parser.parse_args()
    bundle, manifest = Bundle.load(arguments.bundle), Manifest.load(arguments.manifest)
    chosen = manifest.select(arguments.split).with_groups()
    pairs = [pair for each in load_manifest(chosen) for pair in score_recording(bundle, each).pairs]
    everything = sum(int(pair.observed.any(axis=1).sum()) for pair in pairs)
    print("left out | frames scored | macro F1 | mean AP")
    for seconds in arguments.seconds:
        found = evaluate([inside(pair, seconds) for pair in pairs])
        share = found.scored_frames / everything
        print(
            f"{seconds:g} s | {share:.0%} | {found.macro_f1} | {found.mean_average_precision}",
            flush=True,
        )


if __name__ == "__main__":
    main()
