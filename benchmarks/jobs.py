"""How much sooner a cross-validation is done that trains several models at a time.

Cross-validates a model on simulated recordings of five minutes, once with one training at a time
(which uses every core as far as one training can) and once with several, and prints how long both
took and what they score: they differ by rounding alone, as trainings on more and fewer threads do.

    python benchmarks/jobs.py [--model NAME] [--jobs N] [--recordings N] [--folds N] [--set K=V ...]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from nuzzle.config import Config
from nuzzle.io.calms21 import manifest_from_calms21
from nuzzle.io.calms21_write import write_calms21
from nuzzle.simulate.recordings import simulate_recording
from nuzzle.workflow.crossval import crossval


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", default="conv_lstm")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--recordings", type=int, default=12)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--set", nargs="+", default=[], dest="changes")
    arguments = parser.parse_args()
    config = Config.load(None, [f"model.name={arguments.model}", *arguments.changes])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recordings = [
            simulate_recording(f"mouse{n}", minutes=5, seed=n) for n in range(arguments.recordings)
        ]
        manifest = manifest_from_calms21([write_calms21(recordings, folder / "calms21.json")])
        took = {}
        for jobs in (1, arguments.jobs):
            began = time.perf_counter()
            bundle = folder / f"{jobs}.nuzzle"
            result = crossval(manifest, bundle, config, folds=arguments.folds, jobs=jobs)
            took[jobs] = time.perf_counter() - began
            f1 = result.evaluation.macro_f1.value
            print(f"{jobs:3} at a time: {took[jobs]:7.1f} s, macro F1 {f1:.3f}", flush=True)
        print(f"{took[1] / took[arguments.jobs]:.2f} times as fast")


if __name__ == "__main__":
    main()
