"""What an annotator makes of the bouts: late, early, and now and then mistaken."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from nuzzle.labels import Labels, Pair, bout_table, span_row
from nuzzle.simulate.difficulty import Difficulty
from nuzzle.simulate.durations import BACKGROUND, SNIFFS, Process

#: From one contact to the next the animals need this long to take their places.
_SETTLING_S = 0.15
_SELF = frozenset({"genitalgroom"})
Bouts = list[tuple[str, int, int]]


def annotate(
    played: Sequence[tuple[str, float]],
    n_frames: int,
    fps: float,
    level: Difficulty,
    rng: np.random.Generator,
) -> Bouts:
    """Label bouts (behaviour, start, stop) in frames; the background has none.

    Args:
        played: behaviour and stop in seconds, each starting where the last stopped.
        n_frames: of the recording.
        fps: of the recording.
        level: jitter and mistakes.
        rng: the randomness.
    """
    names = np.array([name for name, _ in played])
    stops = np.array([stop for _, stop in played])
    inner = names[:-1] != names[1:]
    contact = ~np.isin(names, (BACKGROUND, "approach"))
    stops[:-1] += _SETTLING_S * (inner & contact[:-1] & contact[1:])
    stops[:-1] += inner * rng.normal(0.0, level.label_jitter_s, len(stops) - 1)
    edges = np.clip(np.rint(stops * fps), 0, n_frames).astype(np.int64)
    edges[-1] = n_frames
    edges = np.minimum.accumulate(edges[::-1])[::-1]
    bouts: Bouts = []
    start = 0
    for name, stop in zip(names.tolist(), edges.tolist(), strict=True):
        if stop > start and bouts and bouts[-1][0] == name:
            bouts[-1] = (name, bouts[-1][1], stop)
        elif stop > start:
            bouts.append((name, start, stop))
        start = stop
    return [bout for bout in _mistaken(bouts, level, rng) if bout[0] != BACKGROUND]


def _mistaken(bouts: Bouts, level: Difficulty, rng: np.random.Generator) -> Bouts:
    """Let some sniffs pass, and take some kinds of sniff for others."""
    missed = rng.random(len(bouts)) < level.missed
    other = rng.integers(0, 2 * len(SNIFFS), len(bouts))
    result: Bouts = []
    for (name, start, stop), wrong, draw in zip(bouts, missed, other, strict=True):
        if wrong and (name == "investigation" or name in SNIFFS):
            finer = name in SNIFFS and draw < len(SNIFFS)
            name = SNIFFS[draw] if finer else BACKGROUND
        result.append((name, start, stop))
    return result


def exclusive_labels(bouts: Bouts, pair: Pair, process: Process, n_frames: int) -> Labels:
    """One behaviour a frame, all of the process's looked for everywhere."""
    return Labels(
        bouts=_table(bouts, pair),
        observed=_table([(name, 0, n_frames) for name in process.behaviours], pair),
        n_frames=n_frames,
        exclusive=True,
        background=BACKGROUND,
    )


def listed_labels(bouts: Bouts, pair: Pair, listed: Collection[str], n_frames: int) -> Labels:
    """Labels of what was looked for; ``sniff`` stands for the sniffs that are not listed."""
    coarse = {name: "sniff" for name in SNIFFS if name not in listed}
    named = [(coarse.get(name, name), start, stop) for name, start, stop in bouts]
    kept: Bouts = []
    for name, start, stop in named:
        if kept and kept[-1][0] == name and kept[-1][2] == start:
            kept[-1] = (name, kept[-1][1], stop)
        elif name in listed:
            kept.append((name, start, stop))
    return Labels(
        bouts=_table(kept, pair),
        observed=_table([(name, 0, n_frames) for name in sorted(listed)], pair),
        n_frames=n_frames,
        background=BACKGROUND,
    )


def _table(bouts: Bouts, pair: Pair) -> pd.DataFrame:
    """Bouts as a table; what is done to oneself has the agent as its target."""
    own, by = Pair(pair.agent, pair.agent), {"annotator": "simulated", "source": "simulated"}
    return bout_table(
        span_row(own if name in _SELF else pair, name, start, stop, **by)
        for name, start, stop in bouts
    )
