from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from nuzzle.prepare import smoothing
from nuzzle.prepare.smoothing import MedianFilter
from nuzzle.recording import Recording

NAN = np.nan
Build = Callable[..., Recording]
Read = Callable[[Recording], list[float]]
#: 6 frames at 30 fps, so a window of 5.
STEP = MedianFilter(0.2)


def test_missing_stays_missing_and_spoils_nothing(recording_of: Build) -> None:
    x = np.full(40, 7.0)
    x[[0, 5, 6, 20, 21, 22, 23, 24, 25, 26, 27, 30]] = NAN
    smooth = STEP(recording_of(x))
    np.testing.assert_array_equal(smooth.present[:, 0, 0], np.isfinite(x))
    np.testing.assert_allclose(smooth.position[np.isfinite(x), 0, 0, 0], 7, rtol=1e-6)
    assert smooth.history == ("median over 5 frames",)


def test_a_length_is_as_many_frames_at_the_rates_of_ntsc(recording_of: Build) -> None:
    step = MedianFilter(0.1)
    for fps, frames in ((30.0, 3), (29.97, 3), (30000 / 1001, 3), (29.9, 2), (59.94, 6)):
        recording = replace(recording_of(np.arange(10.0)), fps=fps)
        assert step(recording).history == (f"median over {(frames - 1) // 2 * 2 + 1} frames",)


def test_no_change_reaches_further_than_the_window(recording_of: Build) -> None:
    x = np.random.default_rng(0).normal(size=61)
    other = x.copy()
    other[30] += 100
    difference = STEP(recording_of(other)).position - STEP(recording_of(x)).position
    touched = np.flatnonzero(np.abs(difference[:, 0, 0, 0]) > 1e-6)
    assert touched.min() >= 28 and touched.max() <= 32


def test_blocks_leave_no_seams(recording_of: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(1).normal(size=50)
    x[[9, 10, 31]] = NAN
    whole = STEP(recording_of(x)).position
    monkeypatch.setattr(smoothing, "_BLOCK", 11)
    np.testing.assert_allclose(STEP(recording_of(x)).position, whole, atol=1e-6)


def test_long_windows_are_taken_in_short_blocks(
    recording_of: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(1).normal(size=90)
    step = MedianFilter(65.1 / 30)  # 65 frames
    whole = step(recording_of(values))
    lengths = []
    medians = smoothing._medians

    def seen(padded: np.ndarray, half: int) -> np.ndarray:
        lengths.append(len(padded) - 2 * half)
        return medians(padded, half)

    monkeypatch.setattr(smoothing, "_BLOCK", 30)
    monkeypatch.setattr(smoothing, "_medians", seen)
    blocks = step(recording_of(values))
    assert lengths == [10] * 9, "a third of those of short windows"
    np.testing.assert_array_equal(blocks.position, whole.position)


def test_median_removes_a_jump(recording_of: Build, x_of: Read) -> None:
    smooth = MedianFilter(0.1)(recording_of([0, 1, 90, 3, 4, NAN, 6]))
    # Windows by hand: (0,1) (0,1,90) (1,90,3) (90,3,4) (3,4) - (6)
    np.testing.assert_allclose(x_of(smooth), [0.5, 1, 3, 4, 3.5, NAN, 6])


def test_a_window_in_seconds_is_the_longest_odd_one(recording_of: Build) -> None:
    # 0.2 s at 30 fps are 6 frames, so the window has 5: two on each side.
    smooth = MedianFilter(0.2)(recording_of(np.arange(9)))
    assert smooth.history == ("median over 5 frames",)
