"""How the memory of a training grows with its recordings.

Trains on few and on more simulated recordings, each time in a process of its own, and prints the
peak memory of both, what an hour of recordings adds, and what its features alone would fill: those
of a pair's two orders, which is what a training would add that holds all of them.

    python benchmarks/memory.py [--recordings 10 30] [--minutes 5] [--models trees conv_lstm]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from nuzzle.config import Config
from nuzzle.features.frontend import Frontend
from nuzzle.io.calms21 import manifest_from_calms21
from nuzzle.io.calms21_write import write_calms21
from nuzzle.io.load import load_manifest
from nuzzle.io.splits import split_by_group
from nuzzle.manifest import Manifest
from nuzzle.simulate.recordings import simulate_recording
from nuzzle.workflow.train import train


def config_of(model: str) -> Config:
    """Little training: memory is that of the recordings and their features."""
    return Config.load(None, [f"model.name={model}", "training.epochs=1"])


def simulated(folder: Path, count: int, minutes: float) -> Path:
    recordings = (simulate_recording(f"mouse{n}", minutes=minutes, seed=n) for n in range(count))
    file = write_calms21(recordings, folder / f"mice{count}.json")
    path = folder / f"study{count}.csv"
    split_by_group(manifest_from_calms21([file]), 0.1).save(path)
    return path


def one_training(study: Path, model: str, folder: Path) -> None:
    """In a process of its own: prints the peak, MB."""
    train(study, folder / f"{study.stem}-{model}.nuzzle", config_of(model))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def peak_mb(study: Path, model: str, folder: Path) -> float:
    command = [sys.executable, __file__, "--one", str(study), model, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def features_mb_per_hour(study: Path, model: str) -> float:
    """Of both orders of a pair."""
    recording = next(iter(load_manifest(Manifest.load(study))))
    frontend = Frontend.plan([recording], config_of(model))
    return 2 * 3600 * frontend.fps * len(frontend.columns) * 4 / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--recordings", nargs=2, type=int, default=[10, 30])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--models", nargs="+", default=["trees", "conv_lstm"])
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        study, model, folder = arguments.one
        one_training(Path(study), model, Path(folder))
        return
    few, many = arguments.recordings
    hours = (many - few) * arguments.minutes / 60
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        studies = [simulated(folder, count, arguments.minutes) for count in (few, many)]
        print(f"| model | {few} recordings | {many} | an hour adds | its features would fill |")
        print("|---|---|---|---|---|")
        for model in arguments.models:
            low, high = (peak_mb(study, model, folder) for study in studies)
            print(
                f"| `{model}` | {low:,.0f} MB | {high:,.0f} MB | {(high - low) / hours:,.0f} MB | "
                f"{features_mb_per_hour(studies[0], model):,.0f} MB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
