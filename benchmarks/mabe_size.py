"""MABe 2025 at its full size: the competition's own table and labels, with simulated tracking.

Takes `train.csv` and the annotations of your copy of the data: labs, frame rates, lengths, animals,
keypoints, what was looked for, bouts. The tracking files, which are larger than all else, are
simulated in their layout: mice wander about, and an agent stays beside its target while a bout goes
on. Then `nuzzle benchmark mabe2025` is run on the tree, and its time, peak of memory and room on
the disk are printed. The score says nothing about real mice.

    python benchmarks/mabe_size.py [--data DIR] [--share 0.1] [--labs NAME ...] [--folds N]
        [--model trees] [--set KEY=VALUE ...] [--folder DIR]
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data import DATA
from nuzzle.config import Config
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.predict import predict_raw
from nuzzle.io.load import load_entry
from nuzzle.io.mabe import manifest_from_mabe
from nuzzle.io.mabe_labels import read_bouts
from nuzzle.io.mabe_table import Video, videos
from nuzzle.manifest import Entry
from nuzzle.workflow.benchmark_mabe import benchmark_mabe

ARENA_CM = 40.0
BODY_CM = 8.0
#: How long an agent takes to come to its target, s.
COMING_S = 1.0
#: Share of points that the tracker does not find.
MISSING = 0.05


def tree(data: Path, root: Path, share: float, labs: list[str]) -> int:
    """Write a share of each lab's recordings, three at least; how many frames these are."""
    table = pd.read_csv(data / "train.csv", dtype={"video_id": str})
    known = videos((data, "train"))
    chosen = [
        part.head(max(3, round(share * len(part))))
        for lab, part in table.groupby("lab_id", sort=False)
        if not labs or lab in labs
    ]
    kept = pd.concat(chosen).assign(tracking_method="simulated")
    frames = 0
    for number, name in enumerate(kept["video_id"]):
        video = known[name]
        place = Path(video.lab_id) / f"{name}.parquet"
        annotation = data / "train_annotation" / place
        frames += write_tracking(video, annotation, root / "train_tracking" / place, number)
        if annotation.is_file():
            copy = root / "train_annotation" / place
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(annotation, copy)
    kept.to_csv(root / "train.csv", index=False)
    return frames


def write_tracking(video: Video, annotation: Path, path: Path, seed: int) -> int:
    """The simulated tracking file of a recording; its frames."""
    fps, length = video.fps or 30.0, video.duration_s or 60.0
    mice, n_frames = video.mice or ("mouse1", "mouse2"), round(length * fps)
    rng = np.random.default_rng(seed)
    centres = np.stack([wander(rng, n_frames, fps) for _ in mice])
    if annotation.is_file():
        stay_beside(centres, mice, read_bouts(annotation), fps)
    points = bodies(rng, centres, len(video.keypoints)) * (video.px_per_cm or 10.0)
    found = rng.random(points.shape[:3]) >= MISSING
    found[:, :, -1] = True  # the length is that of the last row
    mouse, part, frame = (each.astype(np.int32) for each in np.nonzero(found))
    x, y = points[found].T.astype(np.float32)
    names = pa.DictionaryArray.from_arrays(part, list(video.keypoints)).cast(pa.string())
    columns = {
        "video_frame": frame,
        "mouse_id": np.array([int(name.removeprefix("mouse")) for name in mice], np.int8)[mouse],
        "bodypart": names,
        "x": x,
        "y": y,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return n_frames


def wander(rng: np.random.Generator, n_frames: int, fps: float) -> np.ndarray:
    """A smooth path about the arena, `(time, 2)`, cm: waves of some periods."""
    seconds = np.arange(n_frames)[:, None, None] / fps
    periods = rng.uniform(5, 60, (2, 4))
    waves = np.sin(2 * np.pi * (seconds / periods + rng.random((2, 4))))
    return ARENA_CM * (0.5 + 0.1 * waves.sum(axis=-1))


def stay_beside(
    centres: np.ndarray, mice: tuple[str, ...], bouts: pd.DataFrame, fps: float
) -> None:
    """Move each agent, in place, to where its target is while a bout goes on."""
    width = max(1, round(COMING_S * fps))
    for (agent, target), mine in bouts.groupby(["agent", "target"]):
        if agent == target or not {agent, target} <= {*mice}:
            continue
        busy = np.zeros(centres.shape[1])
        for start, stop in mine[["start_frame", "stop_frame"]].itertuples(index=False):
            busy[start:stop] = 1.0
        near = np.convolve(busy, np.full(width, 1 / width), "same")[:, None]
        one, other = (centres[mice.index(name)] for name in (agent, target))
        one += near * (other + BODY_CM / 3 - one)


def bodies(rng: np.random.Generator, centres: np.ndarray, n_keypoints: int) -> np.ndarray:
    """Keypoints from nose to tail along the way that each mouse goes.

    Args:
        rng: of the tracker's noise.
        centres: `(mouse, time, 2)`, cm.
        n_keypoints: how many.

    Returns:
        `(mouse, keypoint, time, 2)`, cm.
    """
    way = np.gradient(centres, axis=1)
    way /= np.linalg.norm(way, axis=-1, keepdims=True) + 1e-9
    along = np.linspace(BODY_CM / 2, -BODY_CM / 2, n_keypoints)[None, :, None, None]
    points = centres[:, None] + along * way[:, None]
    return points + rng.normal(0, 0.1, points.shape)


def size_of(folder: Path) -> float:
    """GB of all files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9


def asked(root: Path, out: Path) -> tuple[float, float]:
    """Seconds to label the shortest recording of each lab, asked for everything and as it is."""
    bundle = Bundle.load(out / "folds" / "fold-0.nuzzle")
    shortest: dict[str, Entry] = {}
    for entry in sorted(manifest_from_mabe(root), key=lambda each: each.poses.stat().st_size):
        shortest.setdefault(entry.lab, entry)
    took = [0.0, 0.0]
    for entry in shortest.values():
        recording = load_entry(entry)
        prepared, pairs = bundle.prepare(recording), recording.pairs[:1]
        for which, wanted in enumerate((None, bundle.looked_for(recording.lab))):
            began = time.perf_counter()
            predict_raw(bundle, recording, prepared, pairs, wanted)
            took[which] += time.perf_counter() - began
    return took[0], took[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=DATA / "mabe2025", help="folder of train.csv")
    parser.add_argument("--share", type=float, default=1.0, help="of the recordings of each lab")
    parser.add_argument("--labs", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--model", default="trees")
    parser.add_argument("--set", dest="changes", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--folder", type=Path, help="keep the tree and the results here")
    arguments = parser.parse_args()
    changes = ["prepare.missing_keypoints=allow", *arguments.changes]
    config = Config.load(None, [f"model.name={arguments.model}", *changes])
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        root, began = folder / "tree", time.perf_counter()
        if not (root / "train.csv").exists():
            frames = tree(arguments.data, root, arguments.share, arguments.labs)
            took = time.perf_counter() - began
            print(f"simulated {frames:,} frames, {size_of(root):.1f} GB, in {took:.0f} s")
        began = time.perf_counter()

        def say(sentence: str) -> None:
            print(f"{(time.perf_counter() - began) / 60:6.1f} min  {sentence}", flush=True)

        result = benchmark_mabe(root, folder / "out", config, folds=arguments.folds, say=say)
        took = (time.perf_counter() - began) / 60
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        behaviours = sum(len(actions) for actions in result.score.per_action.values())
        print(
            f"{arguments.model}: {sum(map(len, result.folds))} recordings of "
            f"{len(result.score.per_lab)} labs, {behaviours} behaviours of a lab, "
            f"{arguments.folds} folds in {took:.0f} min; peak {peak:.1f} GB; results "
            f"{size_of(folder / 'out'):.2f} GB; score {result.score.score:.3f}"
        )
        everything, asking = asked(root, folder / "out")
        print(
            f"one pair of one recording of each lab: {everything:.1f} s asked for all behaviours, "
            f"{asking:.1f} s for those that its lab looked for"
        )


if __name__ == "__main__":
    main()
