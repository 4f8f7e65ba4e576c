"""What a network makes of points that were hardly ever missing when it learned, and now often are.

A cable hides an ear for seconds at a time, in a recording that comes after those that the network
learned from. Networks are trained twice on simulated, well tracked mice: with the columns of what
is missing scaled by their standard deviation whatever it is, as any other feature is, and scaled up
tenfold at most, as nuzzle does.
Two recordings are then labelled as they are, and with an ear and a hip hidden for 5 s at a time,
a fifth of the time in all. Macro F1, and the share of right frames among the hidden ones.

    python benchmarks/hidden_points.py [--models conv_lstm tcn] [--seeds 0 1 2]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np

from nuzzle.config import Config
from nuzzle.evaluation.evaluate import headline
from nuzzle.features import normalise
from nuzzle.inference.bundle import Bundle
from nuzzle.recording import Recording
from nuzzle.simulate.recordings import simulate_recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.learn import learn
from nuzzle.workflow.scored import score_recording

HIDDEN, SPAN_S, SHARE = ("ear_right", "hip_left"), 5.0, 0.2
N_TRAIN, N_NEW, MINUTES, EPOCHS = 6, 2, 4.0, 12


def hidden(recording: Recording) -> tuple[Recording, np.ndarray]:
    """The recording without these points in some spans, and which frames these are."""
    span = round(SPAN_S * recording.require_fps())
    spans = np.random.default_rng(0).random(1 + recording.n_frames // span) < SHARE
    where = spans.repeat(span)[: recording.n_frames]
    position = recording.position.copy()
    for name in HIDDEN:
        position[where, :, recording.keypoints.index(name)] = np.nan
    return recording.with_position(position, "hidden points"), where


def trained(model: str, seed: int, least: float, train: list[Recording]) -> Bundle:
    """A network whose columns of what is missing are not scaled up more than by 1 / `least`."""
    config = Config.load(
        None, [f"model.name={model}", f"training.epochs={EPOCHS}", f"training.seed={seed}"]
    )
    space = LabelSpace.fit(train, config.labels)
    split = {"train": train, "val": list[Recording]()}
    with tempfile.TemporaryDirectory() as folder, patch.object(normalise, "LEAST_SHARE_STD", least):
        return learn(split, space, config, Path(folder), lambda _: None)


def figures(bundle: Bundle, new: list[Recording]) -> tuple[float, float, float]:
    """Macro F1 as they are, with hidden points, and the share of right frames where they are."""
    clean = [pair for each in new for pair in score_recording(bundle, each).pairs]
    covered, right = [], []
    for recording, where in map(hidden, new):
        pairs = score_recording(bundle, recording).pairs
        covered += pairs
        right += [(each.predicted == each.truth).all(axis=1)[where] for each in pairs]
    return headline(clean).f1, headline(covered).f1, float(np.concatenate(right).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--models", nargs="+", default=["conv_lstm", "tcn"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    arguments = parser.parse_args()
    made = [
        simulate_recording(f"mice{n}", minutes=MINUTES, seed=n, difficulty="easy")
        for n in range(N_TRAIN + N_NEW)
    ]
    train, new = made[:N_TRAIN], made[N_TRAIN:]
    heads = ("as they are", "points hidden", "right where so")
    print("model       seed  at most ", *(f"{head:>17}" for head in heads))
    for model in arguments.models:
        for seed in arguments.seeds:
            for name, least in (("any", 0.0), ("tenfold", normalise.LEAST_SHARE_STD)):
                found = figures(trained(model, seed, least, train), new)
                cells = (f"{each:17.3f}" for each in found)
                print(f"{model:11} {seed:4}  {name:8}", *cells, flush=True)


if __name__ == "__main__":
    main()
