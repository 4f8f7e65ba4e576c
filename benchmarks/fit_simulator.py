"""Fit the simulator's semi-Markov tables to real labels, and print them as Python.

    python benchmarks/fit_simulator.py [DATA] > table.py

DATA is the folder of the real labels (`$NUZZLE_DATA`, or ``../shared/data`` beside the
repository). It holds ``calms21_task1_labels/mice_{train,test}_annotations.csv`` (vassi's bout
tables, 0-based, inclusive stop) and ``mabe2025/`` (Kaggle's ``train.csv`` and annotations).
What it prints belongs in ``src/nuzzle/simulate/durations.py``.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from data import DATA

FPS = 30.0
BACKGROUND = "other"
#: Where actions of MABe overlap, the first of these is the state of the process.
PRIORITY = (
    "attack",
    "intromit",
    "mount",
    "genitalgroom",
    "sniffgenital",
    "sniffface",
    "sniffbody",
    "approach",
)


class Sequence(NamedTuple):
    """One recording: what was looked for, and its states as (name, frames) in order."""

    listed: tuple[str, ...]
    states: list[tuple[str, int]]


def states_of_frames(frames: np.ndarray, names: tuple[str, ...]) -> list[tuple[str, int]]:
    edges = np.flatnonzero(np.diff(frames)) + 1
    bounds = [0, *edges.tolist(), len(frames)]
    return [(names[frames[start]], stop - start) for start, stop in pairwise(bounds)]


def close_gaps(frames: np.ndarray) -> np.ndarray:
    """Give gaps of one or two frames to the bout before: they come of how bouts were stored."""
    edges = np.flatnonzero(np.diff(frames)) + 1
    bounds = [0, *edges.tolist(), len(frames)]
    closed = frames.copy()
    for start, stop in pairwise(bounds):
        if frames[start] == 0 and start > 0 and stop - start <= 2:
            closed[start:stop] = closed[start - 1]
    return closed


def read_calms21(data: Path) -> list[Sequence]:
    """Task 1, train and test: the resident's label in every frame."""
    names = (BACKGROUND, "attack", "investigation", "mount")
    sequences = []
    for split in ("train", "test"):
        table = pd.read_csv(data / "calms21_task1_labels" / f"mice_{split}_annotations.csv")
        for _, rows in table[table["actor"] == "resident"].groupby("group"):
            frames = np.zeros(int(rows["stop"].max()) + 1, dtype=int)
            for row in rows.itertuples():
                name = BACKGROUND if row.category == "none" else row.category
                frames[row.start : row.stop + 1] = names.index(name)
            present = tuple(name for name in names[1:] if (frames == names.index(name)).any())
            sequences.append(Sequence(present, states_of_frames(frames, names)))
    return sequences


def read_mabe(data: Path) -> tuple[list[Sequence], dict[str, list[int]], Counter]:
    """CalMS21_task1: the finely labelled recordings' states, all bouts, all lists."""
    root = data / "mabe2025"
    table = pd.read_csv(root / "train.csv")
    names = (BACKGROUND, *PRIORITY)
    sequences: list[Sequence] = []
    durations: dict[str, list[int]] = defaultdict(list)
    lists: Counter = Counter()
    for row in table[table["lab_id"] == "CalMS21_task1"].itertuples():
        entries = json.loads(row.behaviors_labeled)
        listed = tuple(sorted(entry.strip("'\" ").split(",")[2] for entry in entries))
        lists[listed] += 1
        path = root / "train_annotation" / row.lab_id / f"{row.video_id}.parquet"
        if not path.exists():
            continue
        bouts = pd.read_parquet(path)
        bouts = bouts[bouts["stop_frame"] > bouts["start_frame"]]
        for bout in bouts.itertuples():
            durations[bout.action].append(bout.stop_frame - bout.start_frame)
        if "sniffbody" in listed:
            frames = np.zeros(round(row.video_duration_sec * FPS), dtype=int)
            for name in reversed(PRIORITY):
                for bout in bouts[bouts["action"] == name].itertuples():
                    frames[bout.start_frame : bout.stop_frame] = names.index(name)
            frames = close_gaps(frames)
            sequences.append(Sequence(listed, states_of_frames(frames, names)))
    return sequences, durations, lists


def transitions(sequences: list[Sequence]) -> dict[str, dict[str, float]]:
    """P(next | state, next was looked for): the process renormalises over what can occur."""
    counts: Counter = Counter()
    exits: Counter = Counter()
    names = sorted({name for sequence in sequences for name, _ in sequence.states})
    for sequence in sequences:
        for (first, _), (second, _) in pairwise(sequence.states):
            counts[first, second] += 1
            for name in (*sequence.listed, BACKGROUND):
                exits[first, name] += 1
    return {
        first: {
            second: round(counts[first, second] / exits[first, second], 4)
            for second in names
            if counts[first, second]
        }
        for first in names
    }


def log_normal(frames: list[int]) -> str:
    """`Duration(median, sigma, shortest, longest)` of bouts; seconds."""
    seconds = np.asarray(frames) / FPS
    logs = np.log(seconds)
    shortest, longest = np.quantile(seconds, [0.005, 0.995])
    return (
        f"Duration({np.exp(logs.mean()):.3f}, {logs.std():.3f}, {shortest:.3f}, {longest:.3f})"
        f",  # {len(frames)} bouts"
    )


def show(title: str, durations: dict[str, list[int]], sequences: list[Sequence]) -> None:
    print(f"# {title}: durations")
    for name in sorted(durations):
        print(f'    "{name}": {log_normal(durations[name])}')
    print(f"# {title}: transitions")
    for name, row in transitions(sequences).items():
        print(f'    "{name}": {json.dumps(row)},')
    total: Counter = Counter()
    for sequence in sequences:
        for name, frames in sequence.states:
            total[name] += frames
    whole = sum(total.values())
    print(f"# {title}: share of frames", {n: round(f / whole, 4) for n, f in total.items()})


def inner_durations(sequences: list[Sequence]) -> dict[str, list[int]]:
    """Bouts by state; a recording's first and last are cut off by its ends and left out."""
    durations: dict[str, list[int]] = defaultdict(list)
    for sequence in sequences:
        for name, frames in sequence.states[1:-1]:
            durations[name].append(frames)
    return durations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help="folder of the labels")
    data = parser.parse_args().data
    calms21 = read_calms21(data)
    show("calms21", inner_durations(calms21), calms21)
    print("# calms21: sessions", Counter(sequence.listed for sequence in calms21))
    mabe, durations, lists = read_mabe(data)
    gaps = {BACKGROUND: inner_durations(mabe)[BACKGROUND]}
    show("mabe", {**durations, **gaps}, mabe)
    print("# mabe: sessions")
    for listed, count in lists.most_common():
        print(f'    ("{" ".join(listed)}", {count}),')


if __name__ == "__main__":
    main()
