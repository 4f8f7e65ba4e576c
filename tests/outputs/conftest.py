"""Made-up but plausible results: semi-Markov behaviour, and a classifier that is mostly right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nuzzle.evaluation.evaluate import evaluate
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.labels import Pair
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import RecordingEntry, Results, Run
from nuzzle.outputs.results import ResultsWriter
from nuzzle.recording import Recording

BEHAVIOURS = ("attack", "investigation", "mount", "other")
SHARE = {"attack": 0.1, "investigation": 0.35, "mount": 0.08, "other": 0.47}
MEAN_S = {"attack": 1.5, "investigation": 2.5, "mount": 4.0, "other": 5.0}
FPS = 30.0


def sequence(rng: np.random.Generator, n_frames: int, names: Sequence[str]) -> np.ndarray:
    """One class a frame: log-normal durations, the next class by its share of bouts."""
    weight = np.array([SHARE[name] / MEAN_S[name] for name in names])
    classes = np.empty(0, dtype=int)
    last = -1
    while len(classes) < n_frames:
        p = np.where(np.arange(len(names)) == last, 0, weight)
        last = int(rng.choice(len(names), p=p / p.sum()))
        length = max(3, round(FPS * MEAN_S[names[last]] * rng.lognormal(-0.4, 0.9)))
        classes = np.concatenate([classes, np.full(length, last)])
    return classes[:n_frames]


def probabilities(rng: np.random.Generator, truth: np.ndarray, skill: float) -> np.ndarray:
    """Softmax of the smoothed truth plus smooth noise."""
    noise = rng.normal(size=truth.shape)
    kernel = np.ones(9) / 9
    smooth = np.stack(
        [
            skill * np.convolve(one, kernel, "same") + 3.2 * np.convolve(wobble, kernel, "same")
            for one, wobble in zip(truth.T.astype(float), noise.T, strict=True)
        ],
        axis=1,
    )
    odds = np.exp(smooth)
    return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def recording() -> Callable[..., Recording]:
    def make(name: str = "cage1", n_frames: int = 300, **attributes: object) -> Recording:
        return Recording.from_arrays(
            name,
            np.zeros((n_frames, 2, 1, 2), np.float32),
            keypoints=["nose"],
            individuals=["resident", "intruder"],
            fps=FPS,
            source=f"{name}.csv",
            **attributes,
        )

    return make


@pytest.fixture
def made_up(tmp_path: Path, recording: Callable[..., Recording]) -> Callable[..., Results]:
    """Write a results directory of `n` recordings; keyword arguments change what is in it."""

    def make(
        kind: str = "evaluation",
        *,
        n: int = 3,
        n_frames: int = 2400,
        behaviours: Sequence[str] = BEHAVIOURS,
        exclusive: bool = True,
        never: str = "",
        names: Sequence[str] = (),
        attention: bool = True,
        directory: Path | None = None,
        bundle: dict[str, object] | None = None,
    ) -> Results:
        rng = np.random.default_rng(7)
        background = "other" if exclusive and "other" in behaviours else None
        run = Run(
            kind=kind,  # type: ignore[arg-type]
            behaviours=tuple(behaviours),
            background=background,
            exclusive=exclusive,
            command=f"nuzzle {kind} model.nuzzle manifest.csv",
            bundle=BUNDLE if bundle is None else bundle,
            created="2025-03-14T15:09:26+00:00",
        )
        writer = ResultsWriter(directory or tmp_path / kind, run)
        scored = []
        pair = Pair("resident", "intruder")
        for index in range(n):
            name = names[index] if index < len(names) else f"cage{index + 1}"
            drawn = [SHARE_NAMES[i % 4] for i in range(len(behaviours))]
            classes = sequence(rng, n_frames, drawn) if len(behaviours) <= 4 else None
            if classes is None:
                classes = np.repeat(rng.integers(len(behaviours), size=n_frames // 40 + 1), 40)[
                    :n_frames
                ]
            truth = classes[:, None] == np.arange(len(behaviours))
            p = probabilities(rng, truth, rng.uniform(2.0, 5.0))
            if never:
                truth[:, behaviours.index(never)] = False
            predicted = p > 0.4 if not exclusive else p.argmax(1)[:, None] == np.arange(p.shape[1])
            observed = np.ones_like(truth)
            observed[: n_frames // 12] = False
            frames = PairFrames(pair, p, np.asarray(predicted))
            if kind == "evaluation":
                frames = replace(frames, truth=truth & observed, observed=observed)
                group = f"animal{index // 2}"
                scored.append(
                    ScoredPair(
                        name, group, pair, FPS, tuple(behaviours), background, exclusive,
                        truth, observed, predicted, p,
                    )
                )  # fmt: skip
            cut = "2 labelled frames past the end of the poses were left out"
            entry = RecordingEntry.of(
                recording(name, n_frames, group=f"animal{index // 2}", lab="here"),
                history=["gaps up to 10 frames filled"],
                notes=[] if index else [cut],
                seconds=1.0,
            )
            writer.add(entry, [frames])
        writer.fail("cage<99>", "the file is empty (0 bytes)", poses="cage99.csv")
        metrics = evaluate(scored, bootstrap=200).to_dict() if scored else None
        curves = [_curve(name, rng) for name in behaviours for _ in range(3) if name != background]
        return writer.finish(metrics, curves if attention else None)

    return make


SHARE_NAMES = tuple(SHARE)


def _curve(behaviour: str, rng: np.random.Generator) -> dict[str, object]:
    offset = (np.arange(30) - 14.5) / 15
    weight = np.exp(-((offset - rng.normal(0, 0.2)) ** 2) / rng.uniform(0.1, 0.6))
    return {
        "recording": "cage1",
        "agent": "resident",
        "target": "intruder",
        "behaviour": behaviour,
        "frame": 100,
        "offset_s": offset.round(4).tolist(),
        "weight": (weight / weight.sum()).round(6).tolist(),
    }


BUNDLE: dict[str, object] = {
    "format": "nuzzle-bundle",
    "version": 2,
    "members": [
        {
            "name": "cnn_lstm",
            "classifier": {"kind": "window", "name": "cnn_lstm", "arguments": {}, "window": 60},
            "frontend": {
                "skeleton": {"keypoints": ["nose", "ear_left", "ear_right", "neck", "tail_base"]},
                "fps": 30.0,
                "unit": "cm",
                "features": "engineered48",
            },
        }
    ],
    "combiner": None,
    "config": {"training": {"window": 60, "batch_size": 64, "learning_rate": 0.0005}},
    "training": {
        "recordings": [f"train{index}" for index in range(12)],
        "validation_recordings": ["val1", "val2"],
        "groups": [f"animal{index}" for index in range(20, 26)],
        "labs": {"here": ["attack", "investigation", "mount"]},
        "simulated": True,
        "frames": 216000,
        "behaviours": {
            "attack": {"frames": 12000, "bouts": 310},
            "investigation": {"frames": 61000, "bouts": 1420},
            "mount": {"frames": 9000, "bouts": 140},
            "other": {"frames": 134000, "bouts": 1600},
        },
        "best_epoch": 17,
        "seconds": 1234.5,
    },
    "provenance": {"nuzzle": "0.1.0", "torch": "2.13.0", "created": "2025-03-13T10:00:00+00:00"},
}
