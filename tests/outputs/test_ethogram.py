from __future__ import annotations

import re

import numpy as np

from nuzzle.labels import Pair
from nuzzle.outputs.ethogram import lanes
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.svg import PALETTE, clock, duration, palette, ticks

COLOURS = palette(("mount", "other"), "other")


def one(truth: bool) -> PairFrames:
    said = np.zeros((10, 2), bool)
    said[2:4, 0] = said[7:8, 0] = True
    said[:, 1] = ~said[:, 0]
    p = np.where(said, 0.75, 0.25).astype(np.float32)
    if not truth:
        return PairFrames(Pair("a", "b"), p, said)
    real = np.zeros((10, 2), bool)
    real[3:6, 0] = True
    observed = np.ones((10, 2), bool)
    observed[8:] = False
    return PairFrames(Pair("a", "b"), p, said, real, observed)


def test_a_lane_draws_each_bout_in_frames():
    drawn = lanes(one(True), ("mount", "other"), COLOURS, background="other", exclusive=True)
    assert [lane.kind for lane in drawn] == ["truth", "predicted", "certainty"]
    truth, said, _ = (str(lane.drawing) for lane in drawn)
    assert 'viewBox="0 0 10 1"' in truth
    assert re.findall(r' d="([^"]*)"', truth) == ["M8 0h2v1h-2z", "M3 0h3v1h-3z"]
    assert re.findall(r' d="([^"]*)"', said) == ["M2 0h2v1h-2zM7 0h1v1h-1z"]


def test_certainty_runs_from_chance_to_one():
    *_, lane = lanes(one(False), ("mount", "other"), COLOURS, background="other", exclusive=True)
    # 0.75 is half way from chance, 0.5 of two classes, to 1; the path goes down from the top.
    heights = [float(value) for value in re.findall(r"V(0\.\d+)", str(lane.drawing))]
    assert heights == [0.5] * 10


def test_a_pair_in_which_nothing_happens_still_has_lanes():
    quiet = PairFrames(Pair("a", "b"), np.full((10, 2), 0.5, np.float32), np.zeros((10, 2), bool))
    drawn = lanes(quiet, ("mount", "other"), COLOURS, background="other", exclusive=True)
    assert [lane.label for lane in drawn] == ["nuzzle", "certainty"]


def test_colours_differ_and_repeat_only_when_used_up():
    names = [f"b{index}" for index in range(len(PALETTE) + 1)]
    colours = palette([*names, "other"], "other")
    assert len({colours[name] for name in names[:-1]}) == len(PALETTE)
    assert colours[names[-1]] == colours[names[0]]
    assert colours["other"] not in PALETTE


def test_numbers_for_people():
    assert [clock(0), clock(59.6), clock(3599.9)] == ["0:00", "1:00", "1:00:00"]
    assert [duration(0), duration(59.7), duration(600), duration(7200)] == [
        "0 s", "1 min", "10 min", "2 h",
    ]  # fmt: skip
    assert duration(float("nan")) == "–"
    assert ticks(1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(0) == [0]
