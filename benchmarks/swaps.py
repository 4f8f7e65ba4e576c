"""How many exchanged identities are mended, beside the plain way of doing it.

Simulated pairs of mice are tracked twice by the same simulated tracker: once without exchanges,
once with three a minute while the animals are close. The plain way gives each track to the animal
whose centre was nearest in the frame before; like nuzzle, it leaves most frames their names. An
exchange counts as mended if every frame of it is; a frame is spoiled if it was right and is
exchanged afterwards.

    python benchmarks/swaps.py [--recordings 8] [--minutes 5]
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nuzzle.labels import mask_to_intervals
from nuzzle.prepare.identity import assignment
from nuzzle.recording import Recording
from nuzzle.simulate.difficulty import DIFFICULTIES
from nuzzle.simulate.durations import PROCESSES
from nuzzle.simulate.recordings import simulate_truth
from nuzzle.simulate.tracker import track
from nuzzle.skeleton import MOUSE7_KEYPOINTS

FPS, PX_PER_CM = 30.0, 18.33
PER_MINUTE = 3.0


def tracked(level: str, minutes: float, seed: int) -> tuple[Recording, NDArray[np.bool_]]:
    """A recording with exchanges, and in which frames they are, `(time,)`."""
    process, difficulty = PROCESSES["calms21"], DIFFICULTIES[level]
    truth = simulate_truth(
        process,
        process.behaviours,
        n_frames=round(minutes * 60 * FPS),
        fps=FPS,
        level=difficulty,
        rng=np.random.default_rng(seed),
    )
    points = (truth.points_cm * PX_PER_CM).astype(np.float32)
    (clean, _), (given, confidence) = (
        track(points, FPS, replace(difficulty, swaps_per_minute=n), np.random.default_rng(seed))
        for n in (0.0, PER_MINUTE)
    )
    same = (clean == given) | np.isnan(clean)
    recording = Recording.from_arrays(
        f"{level}{seed}",
        given,
        keypoints=MOUSE7_KEYPOINTS,
        individuals=("a", "b"),
        confidence=confidence,
        fps=FPS,
    )
    return recording, ~same.all(axis=(1, 2, 3))


def nearest(recording: Recording) -> NDArray[np.bool_]:
    """Where the plain way exchanges the tracks, `(time,)`."""
    with np.errstate(all="ignore"):
        centres = np.nanmean(recording.position, axis=2).transpose(0, 2, 1)  # (time, animal, space)
    exchanged = np.zeros(len(centres), dtype=bool)
    last = centres[0]
    for frame, now in enumerate(centres):
        kept, crossed = (np.nansum(np.hypot(*(each - last).T)) for each in (now, now[::-1]))
        exchanged[frame] = crossed < kept
        mine = now[::-1] if exchanged[frame] else now
        last = np.where(np.isnan(mine), last, mine)
    return ~exchanged if exchanged.mean() > 0.5 else exchanged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--recordings", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=5.0)
    arguments = parser.parse_args()
    ways = {
        "nuzzle": lambda recording: assignment(recording)[:, 0] == 1,
        "nearest centre": nearest,
    }
    print("| tracker | way | exchanges | mended | frames exchanged | left | spoiled |")
    print("|---|---|---|---|---|---|---|")
    for level in DIFFICULTIES:
        made = [tracked(level, arguments.minutes, seed) for seed in range(arguments.recordings)]
        for name, way in ways.items():
            found = np.sum([counts(truth, way(recording)) for recording, truth in made], axis=0)
            print(f"| {level} | {name} | {' | '.join(f'{n:,}' for n in found)} |")


def counts(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> tuple[int, ...]:
    """Exchanges, those mended; frames exchanged, those left, and those spoiled."""
    runs = mask_to_intervals(truth)
    mended = sum(bool(said[start:stop].all()) for start, stop in runs)
    frames = (truth, truth & ~said, said & ~truth)
    return (len(runs), mended, *(int(each.sum()) for each in frames))


if __name__ == "__main__":
    main()
