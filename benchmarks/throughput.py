"""Speed of each part of the road, in frames per second, beside a plain way of doing the same.

Prints medians of several runs and their ratio. Everything is made up or simulated on the spot; the
tracker's csv is a real one where `rat_dyads` is at hand.

    python benchmarks/throughput.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from data import DATA
from nuzzle.config import Config
from nuzzle.decoding import search as searching
from nuzzle.decoding.decoder import Decoder
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.features.engineered import Engineered
from nuzzle.inference.classifier import WindowClassifier
from nuzzle.io.calms21 import iter_recordings
from nuzzle.io.calms21_write import write_calms21
from nuzzle.io.load import read_poses
from nuzzle.io.trackers import movement_loader
from nuzzle.labels import Pair
from nuzzle.models import TemporalCNNLSTM
from nuzzle.models.blocks import remember
from nuzzle.prepare.identity import RepairIdentity
from nuzzle.recording import Recording
from nuzzle.simulate.recordings import simulate_recording
from nuzzle.skeleton import MOUSE7
from nuzzle.training.fit import fit
from nuzzle.training.samples import Sample
from nuzzle.training.targets import LabelSpace, Targets


def median_s(action: Callable[[], object], runs: int = 3) -> float:
    """Median duration of `action`, after one run to warm up."""
    action()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def row(what: str, frames: int, seconds: float, other: str = "", other_rate: float = 0.0) -> None:
    rate = frames / seconds
    versus = f"{rate / other_rate:8.1f} x  {other} ({other_rate:,.0f})" if other else ""
    print(f"{what:34}{rate:14,.0f}  {versus}", flush=True)


def naive_features(poses: np.ndarray, fps: float) -> np.ndarray:
    """The distances, speeds and angles of the features, one frame at a time."""
    out = []
    for t in range(1, len(poses) - 1):
        centres = poses[t].mean(axis=1)
        before, after = poses[t - 1].mean(axis=1), poses[t + 1].mean(axis=1)
        velocity = (after - before) * fps / 2
        heading = poses[t, :, 0] - poses[t, :, 6]
        apart = centres[1] - centres[0]
        noses = poses[t, 0, 0] - poses[t, 1, 0]
        values = [*poses[t].ravel(), math.hypot(*apart), math.hypot(*noses)]
        for animal in (0, 1):
            values += [*velocity[animal], math.hypot(*velocity[animal])]
            values += [math.atan2(heading[animal, 1], heading[animal, 0])]
        out.append(values)
    return np.array(out)


def features(frames: int) -> None:
    poses = torch.rand(frames, 2, 7, 2) * 50
    compute = Engineered(MOUSE7, 30.0)
    few = poses[:3000].numpy()
    naive = len(few) / median_s(lambda: naive_features(few, 30.0))
    row("engineered48 features", frames, median_s(lambda: compute(poses)), "a loop in numpy", naive)


def identity(frames: int) -> None:
    one = simulate_recording("s", minutes=frames / 1800, seed=0, difficulty="hard")
    row("identity repair", one.n_frames, median_s(lambda: RepairIdentity()(one)))


def simulation(minutes: float) -> None:
    frames = int(minutes * 60 * 30)
    row(
        "simulation, labels included",
        frames,
        median_s(lambda: simulate_recording("s", minutes=minutes, seed=0)),
    )


def reading() -> None:
    files = sorted((DATA / "rat_dyads" / "poses").glob("*.csv"))
    if not files:
        print("DeepLabCut csv: left out, rat_dyads is not here")
        return
    frames = read_poses(files[0]).n_frames
    movement = movement_loader()
    plain = frames / median_s(lambda: movement.from_dlc_file(files[0]))
    seconds = median_s(lambda: read_poses(files[0]))
    row("reading a DeepLabCut csv", frames, seconds, "movement", plain)


def window_inference(frames: int) -> None:
    model = TemporalCNNLSTM(48, 7).eval()
    x = torch.randn(frames, 48)
    whole = WindowClassifier(model, "cnn_lstm", {}, 60, exclusive=True)

    def one_by_one() -> None:
        with torch.inference_mode():
            for start in range(200):
                model(x[start : start + 60].unsqueeze(0))

    seconds = median_s(lambda: whole.probabilities(x))
    row("cnn_lstm inference", frames, seconds, "one window a call", 200 / median_s(one_by_one))


def training(windows: int) -> None:
    rng = np.random.default_rng(0)
    active = np.eye(7, dtype=bool)[rng.integers(0, 7, windows)]
    x = torch.randn(windows, 48)
    sample = Sample("r", Pair("a", "b"), Targets(active, np.ones_like(active)), features=x)
    small = replace(
        sample, targets=Targets(*(mask[:64] for mask in sample.targets)), features=x[:64]
    )
    names = tuple("abcdefg")
    space = LabelSpace(names, "g", exclusive=True, priority=names[:-1])
    config = Config.parse({"training": {"epochs": 2}})
    with tempfile.TemporaryDirectory() as folder:
        stamps: list[float] = []

        def stamp(*_: object) -> None:
            stamps.append(time.perf_counter())

        fit(config, space, [sample], [small], Path(folder), stamp)
    row("cnn_lstm training, windows", windows, stamps[1] - stamps[0])


def padded_lstm(batches: int) -> None:
    """Forward and backward through an LSTM on sequences of 512 steps, one of which is shorter."""
    lstm = nn.LSTM(128, 128, batch_first=True, bidirectional=True)
    steps, count = torch.randn(8, 512, 128, requires_grad=True), torch.tensor([256, *[512] * 7])

    def packed() -> None:
        some = pack_padded_sequence(steps, count, batch_first=True, enforce_sorted=False)
        pad_packed_sequence(lstm(some)[0], batch_first=True)[0].sum().backward()

    def repeated(once: Callable[[], None]) -> float:
        return median_s(lambda: [once() for _ in range(batches)])

    frames = batches * int(count.sum())
    other = frames / repeated(packed)
    seconds = repeated(lambda: remember(lstm, steps, count).sum().backward())
    row("LSTM training, padded sequences", frames, seconds, "packed sequences", other)


def decoder_search(behaviours: int, frames: int) -> None:
    """The search for a decoder of behaviours that may go on at once, in two recordings."""
    rng = np.random.default_rng(0)
    names = tuple(f"behaviour {number}" for number in range(behaviours))
    pairs = []
    for recording in ("one", "two"):
        active = rng.random((frames // 40, behaviours)).repeat(40, axis=0) < 0.1
        said = 1 / (1 + np.exp(rng.normal(size=active.shape) + np.where(active, -1.0, 2.0)))
        truth = Targets(active, np.ones_like(active))
        pairs.append(
            ScoredPair(
                recording, "", Pair("a", "b"), 10.0, names, None, False, *truth, said > 0.5, said
            )
        )
    start, objectives = Decoder(names, exclusive=False), dict.fromkeys(names, "both")

    def all_at_once() -> None:
        with patch.object(searching, "_CountedApart", searching._Counted):
            searching.search(pairs, start, objectives)

    other = 2 * frames / median_s(all_at_once, runs=1)
    seconds = median_s(lambda: searching.search(pairs, start, objectives), runs=1)
    row("search for a decoder", 2 * frames, seconds, "all behaviours anew", other)


def peak_mb(code: str) -> float:
    """Peak memory of a fresh Python that runs `code`, MB."""
    tail = "\nprint(open('/proc/self/status').read())"
    done = subprocess.run(
        [sys.executable, "-c", code + tail], capture_output=True, text=True, check=True
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("VmHWM")]
    return float(line.split()[1]) / 1024


def streaming(frames: int) -> None:
    """Peak memory and speed of reading a CalMS21 JSON of `frames` frames, a sequence at a time."""
    each = 20_000
    one = simulate_recording("s", minutes=each / 1800, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calms21.json"
        write_calms21(
            (renamed(one, f"mouse{number:03d}_task1") for number in range(frames // each)), path
        )
        size = path.stat().st_size / 1e6
        seconds = median_s(lambda: sum(r.n_frames for r in iter_recordings(path)), runs=1)
        plain = frames / median_s(lambda: json.loads(path.read_bytes()), runs=1)
        row(f"reading CalMS21 JSON ({size:.0f} MB)", frames, seconds, "json.load of it all", plain)
        load = "from nuzzle.io.calms21 import iter_recordings\n"
        ours = peak_mb(f"{load}for r in iter_recordings({str(path)!r}): pass")
        start = peak_mb(load)
        theirs = peak_mb(f"import json\njson.load(open({str(path)!r}))")
    print(
        f"peak memory: {ours:.0f} MB ({start:.0f} MB of it imports), json.load {theirs:.0f} MB: "
        f"{theirs / ours:.1f} x"
    )


def renamed(recording: Recording, name: str) -> Recording:
    return replace(recording, name=name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    scale = 10 if parser.parse_args().quick else 1
    print(f"{torch.get_num_threads()} threads; medians\n{'':34}{'frames/s':>14}  beside")
    features(1_000_000 // scale)
    identity(500_000 // scale)
    reading()
    simulation(20 / scale)
    window_inference(10_000 // scale)
    training(6_400 // scale)
    padded_lstm(10 // scale)
    decoder_search(12, 20_000 // scale)
    streaming(500_000 // scale)


if __name__ == "__main__":
    main()
