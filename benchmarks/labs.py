"""Several labs in one model, on simulated labs with other keypoints, frame rates and behaviours.

Trains, in one run and on the same recordings: a model of all labs that is told the lab, one that is
not, a model for each lab, and, for each lab, a model of the others. All are scored on recordings
that none of them saw: F1 of each lab, and the score of the MABe 2025 competition, which counts what
a model could not learn as missed. Then a model of one lab's seven keypoints labels the same
recordings with some of the keypoints taken away. Scores on simulated mice say nothing about real
ones.

    python benchmarks/labs.py [--recordings 32] [--minutes 2] [--model conv_lstm] [--seeds 1]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from nuzzle.config import Config
from nuzzle.evaluation.evaluate import evaluate
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.io.load import load_manifest
from nuzzle.io.mabe import manifest_from_mabe
from nuzzle.prepare.skeleton import SelectKeypoints
from nuzzle.recording import Recording
from nuzzle.simulate import simulate
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.benchmark_mabe import bouts_of_scored, score_bouts
from nuzzle.workflow.learn import learn
from nuzzle.workflow.scored import score_recording, targets_of

LABS = 4
#: Of each lab's recordings in turn; `val` stops early.
SPLITS = ("train", "train", "test", "train", "train", "test", "train", "val")
#: So that a model of one lab, with its few stretches, makes steps enough as well.
SHORT = ("training.window=96", "training.batch_size=8", "training.epochs=15")
#: What is left of the seven keypoints, as a sparser tracker would have it.
FEWER = (("nose", "ear_left", "ear_right", "tail_base"), ("ear_left", "ear_right", "tail_base"))

Parts = dict[str, list[Recording]]


def split(recordings: Iterable[Recording]) -> Parts:
    parts: Parts = {"train": [], "val": [], "test": []}
    for number, recording in enumerate(recordings):
        parts[SPLITS[number // LABS % len(SPLITS)]].append(recording)
    return parts


def of_labs(parts: Parts, labs: Sequence[str]) -> Parts:
    return {name: [each for each in some if each.lab in labs] for name, some in parts.items()}


def model_of(parts: Parts, config: Config, folder: Path) -> Bundle:
    space = LabelSpace.fit(parts["train"], config.labels)
    work = Path(tempfile.mkdtemp(dir=folder))
    return learn(
        {"train": parts["train"], "val": parts["val"]}, space, config, work, lambda _: None
    )


def predicted(bundle: Bundle, recordings: Iterable[Recording]) -> list[ScoredPair]:
    scored = [each for each in recordings if targets_of(bundle, each)]
    return [pair for each in scored for pair in score_recording(bundle, each).pairs]


def figures(data: Path, bundles: dict[str, Bundle], parts: Parts) -> dict[str, tuple[float, float]]:
    """Lab -> macro F1 and the competition's score, by the bundle of each lab."""
    found = {}
    for lab, bundle in bundles.items():
        pairs = predicted(bundle, of_labs(parts, [lab])["test"])
        score = score_bouts(data, bouts_of_scored(bundle.space, pairs))
        found[lab] = evaluate(pairs, bootstrap=0).macro_f1.value, score.score
    return found


def ways(parts: Parts, config: Config, folder: Path) -> Iterable[tuple[str, dict[str, Bundle]]]:
    """Each way to train: its name, and the bundle that labels each lab."""
    labs = sorted({each.lab for each in parts["train"]})
    told = model_of(parts, config, folder)
    yield "all labs, told which", dict.fromkeys(labs, told)
    untold = model_of(parts, config.with_values({"labs.embedding": False}), folder)
    yield "all labs, not told", dict.fromkeys(labs, untold)
    yield "a model a lab", {lab: model_of(of_labs(parts, [lab]), config, folder) for lab in labs}
    others = {}
    for left in labs:
        rest = of_labs(parts, [lab for lab in labs if lab != left])
        rest["val"] = [replace(each, lab="") for each in rest["val"]]
        others[left] = model_of(rest, config, folder)
    yield "the other labs only", others


def compare(data: Path, parts: Parts, config: Config, folder: Path, seeds: int) -> None:
    """Print a row a way: macro F1 / the competition's score of each lab, and the mean over labs."""
    rows: dict[str, list[dict[str, tuple[float, float]]]] = {}
    for seed in range(seeds):
        for name, bundles in ways(parts, config.with_values({"training.seed": seed}), folder):
            rows.setdefault(name, []).append(figures(data, bundles, parts))
            for lab, bundle in bundles.items():
                if seed == 0 and bundle.training["unlearned"]:
                    print(
                        f"  {name}, {lab}: no example of {', '.join(bundle.training['unlearned'])}"
                    )
    labs = list(next(iter(rows.values()))[0])
    print(
        f"{'macro F1 / MABe score':24}"
        + "".join(f"{lab.split()[-1]:>16}" for lab in [*labs, "mean"])
    )
    for name, runs in rows.items():
        cells = []
        for part in (0, 1):
            values = [statistics.fmean(run[lab][part] for run in runs) for lab in labs]
            cells.append([*values, statistics.fmean(values)])
        text = "".join(f"{f'{one:.3f} / {two:.3f}':>16}" for one, two in zip(*cells, strict=True))
        print(f"{name:24}{text}", flush=True)


def fewer_keypoints(parts: Parts, config: Config, folder: Path) -> None:
    """Print macro F1 of a model of seven keypoints on recordings that lack some of them."""
    seven = of_labs(parts, [next(e.lab for e in parts["train"] if len(e.keypoints) == 7)])
    ways = {
        "trained on all seven": config,
        "with keypoint dropout": config.with_values({"augmentation.keypoint_dropout": 0.3}),
    }
    print(
        f"\n{'macro F1 of one lab, labelled with':36}{'seven':>8}"
        + "".join(f"{len(k):>8}" for k in FEWER)
    )
    for name, settings in ways.items():
        bundle = model_of(seven, settings, folder)
        cells = [evaluate(predicted(bundle, seven["test"]), bootstrap=0).macro_f1.value]
        for keypoints in FEWER:
            fewer = [SelectKeypoints(keypoints)(each) for each in seven["test"]]
            cells.append(evaluate(predicted(bundle, fewer), bootstrap=0).macro_f1.value)
        print(f"{name:36}" + "".join(f"{cell:8.3f}" for cell in cells), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--recordings", type=int, default=LABS * len(SPLITS))
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--model", default="conv_lstm")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", dest="changes", nargs="*", default=[])
    arguments = parser.parse_args()
    changes = [
        f"model.name={arguments.model}",
        "prepare.missing_keypoints=allow",
        "prepare.fps=10",
        "decoding.smooth_s=0.2",
        *(SHORT if arguments.model != "trees" else ("training.epochs=100",)),
        *arguments.changes,
    ]
    config = Config.load(None, changes)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "tree"
        simulate(
            data,
            format="mabe",
            recordings=arguments.recordings,
            minutes=arguments.minutes,
            seed=0,
            labs=LABS,
        )
        parts = split(load_manifest(manifest_from_mabe(data)))
        print(
            f"{arguments.model}, {LABS} labs, "
            + ", ".join(f"{len(each)} recordings {name}" for name, each in parts.items())
            + f" of {arguments.minutes:g} min, {arguments.seeds} seed(s)"
        )
        compare(data, parts, config, Path(folder), arguments.seeds)
        fewer_keypoints(parts, config, Path(folder))
    print(f"{(time.perf_counter() - began) / 60:.1f} min")


if __name__ == "__main__":
    main()
