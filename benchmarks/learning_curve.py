"""How many recordings to label: models of one, two, four... recordings of two rats.

Draws recordings of `train` (`rats.py` says what they are), the same ones for each model, and each
number holds those of the smaller ones. Scores all of `val`, on which nothing is chosen. The first
recording of a draw shows each behaviour for half a minute at least, as whoever labels a single one
would choose it. Figures are means over draws, ± the standard deviation over draws, which differ in
their recordings and their seeds.

    python benchmarks/learning_curve.py [--data DIR] [--stream S1|S2] [--models NAME ...]
        [--recordings N ...] [--draws N]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from nuzzle.config import Config
from nuzzle.evaluation import evaluate
from nuzzle.io.load import load_manifest
from nuzzle.models import MODELS
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.benchmark import Spread
from rats import COMMON, FIGURES, SMOOTH_S, add_data_options, figures_of, manifest_of, on_val

#: What the first recording of a draw shows of each behaviour at least, s.
SHOWN_S = 30


def drawn(recordings: Sequence[Recording], space: LabelSpace, draw: int) -> list[Recording]:
    """All recordings in the order of a draw, the first one with each behaviour."""
    order = [recordings[n] for n in np.random.default_rng(draw).permutation(len(recordings))]
    first = next((each for each in order if shows_all(each, space)), None)
    if first is None:
        raise SystemExit(f"No recording shows each of {list(space.names)} for {SHOWN_S} s.")
    return [first, *(each for each in order if each is not first)]


def shows_all(recording: Recording, space: LabelSpace) -> bool:
    (pair,) = recording.labels.pairs
    shown = space.targets(recording.labels, pair).active.sum(axis=0)
    return bool((shown >= SHOWN_S * recording.fps).all())


def main() -> None:
    names = [*MODELS]
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add_data_options(parser)
    parser.add_argument("--models", nargs="+", choices=names, default=["conv_lstm", "trees"])
    parser.add_argument("--recordings", nargs="+", type=int, default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--draws", type=int, default=4)
    arguments = parser.parse_args()
    manifest = manifest_of(arguments.data, arguments.stream)
    train, val = (list(load_manifest(manifest.select(split))) for split in ("train", "val"))
    space = LabelSpace.fit(train, Config().labels)
    orders = [drawn(train, space, draw) for draw in range(arguments.draws)]
    print("recordings", "model".ljust(12), *(each.ljust(16) for each in FIGURES), sep="  ")
    for count in arguments.recordings:
        for name in arguments.models:
            found = []
            for draw, order in enumerate(orders):
                changes = (f"model.name={name}", f"decoding.smooth_s={SMOOTH_S}")
                config = Config.load(None, [*COMMON, *changes, f"training.seed={draw}"])
                pairs, _ = on_val(order[:count], val, space, config)
                found.append(figures_of(evaluate(pairs, bootstrap=0)))
            cells = [str(Spread.of(each[figure].value for each in found)) for figure in FIGURES]
            row = [
                f"{min(count, len(train))}".rjust(10),
                name.ljust(12),
                *(cell.ljust(16) for cell in cells),
            ]
            print(*row, sep="  ", flush=True)


if __name__ == "__main__":
    main()
