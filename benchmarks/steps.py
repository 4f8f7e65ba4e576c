"""What each step after a model is worth: calibration, adaptation to the recording, decoding.

Scores a bundle on a split that had no part in it, first with the model's own probabilities, then
with one step more in every row. Frames are decided by themselves until the last row; in brackets
95 % intervals over recordings.

    nuzzle crossval s1.csv --split train --config benchmarks/rats.yaml --out s1.nuzzle
    python benchmarks/steps.py s1.nuzzle s1.csv [--split val]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nuzzle.decoding.correct import corrected
from nuzzle.decoding.decoder import Decoder
from nuzzle.evaluation.calibration import calibration_error
from nuzzle.evaluation.evaluate import evaluate
from nuzzle.evaluation.log_loss import log_loss
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.io.load import load_entry
from nuzzle.manifest import Manifest
from nuzzle.probabilities.adaptation import Correction
from nuzzle.probabilities.calibrators import Temperature
from nuzzle.workflow.scored import score_recording
from rats import FIGURES, figures_of


def row(name: str, pairs: Sequence[ScoredPair]) -> str:
    figures = [str(each) for each in figures_of(evaluate(pairs)).values()]
    figures += [f"{log_loss(pairs):.3f}", f"{calibration_error(pairs):.3f}"]
    return " | ".join([f"{name:12}", *figures])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--split", default="val")
    arguments = parser.parse_args()
    bundle, manifest = Bundle.load(arguments.bundle), Manifest.load(arguments.manifest)
    chosen = [each for each in manifest.select(arguments.split) if each.labels]
    scored = [score_recording(bundle, load_entry(each)) for each in chosen]
    raw = [pair for each in scored for pair in each.raw]
    space, correction = bundle.space, bundle.correction
    by_itself = Decoder(space.names, space.exclusive, space.background)
    print(" | ".join([f"{'':12}", *FIGURES, "log loss", "ECE"]))
    steps = {
        "model": Correction(Temperature(space.exclusive)),
        "calibrated": Correction(correction.calibrator),
        "adapted": correction,
    }
    for name, step in steps.items():
        pairs = corrected(raw, step)
        said = zip(pairs, by_itself.decode_pairs(pairs), strict=True)
        print(row(name, [replace(pair, predicted=each) for pair, each in said]), flush=True)
    print(row("decoded", [pair for each in scored for pair in each.pairs]))


if __name__ == "__main__":
    main()
