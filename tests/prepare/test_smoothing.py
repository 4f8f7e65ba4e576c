from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import savgol_filter

from nuzzle.errors import ConfigError
from nuzzle.prepare import smoothing
from nuzzle.prepare.base import Step
from nuzzle.prepare.smoothing import GaussianFilter, MedianFilter, SavitzkyGolay
from nuzzle.recording import Recording

NAN = np.nan
Build = Callable[..., Recording]
Read = Callable[[Recording], list[float]]
FILTERS = [
    MedianFilter(window_frames=5),
    GaussianFilter(sigma_frames=1.5),
    SavitzkyGolay(window_frames=7),
]


@pytest.mark.parametrize("step", FILTERS, ids=lambda step: step.name)
def test_missing_stays_missing_and_spoils_nothing(step: Step, recording_of: Build) -> None:
    x = np.full(40, 7.0)
    x[[0, 5, 6, 20, 21, 22, 23, 24, 25, 26, 27, 30]] = NAN
    smooth = step(recording_of(x))
    np.testing.assert_array_equal(smooth.present[:, 0, 0], np.isfinite(x))
    np.testing.assert_allclose(smooth.position[np.isfinite(x), 0, 0, 0], 7, rtol=1e-6)
    assert len(smooth.history) == 1


@pytest.mark.parametrize("step", FILTERS, ids=lambda step: step.name)
def test_no_change_reaches_further_than_the_support(step: Step, recording_of: Build) -> None:
    x = np.random.default_rng(0).normal(size=61)
    other = x.copy()
    other[30] += 100
    support = step.support_frames(30.0)
    assert support is not None
    difference = step(recording_of(other)).position - step(recording_of(x)).position
    touched = np.flatnonzero(np.abs(difference[:, 0, 0, 0]) > 1e-6)
    assert touched.min() >= 30 - support and touched.max() <= 30 + support


@pytest.mark.parametrize("step", FILTERS, ids=lambda step: step.name)
def test_blocks_leave_no_seams(
    step: Step, recording_of: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(1).normal(size=50)
    x[[9, 10, 31]] = NAN
    whole = step(recording_of(x)).position
    monkeypatch.setattr(smoothing, "_BLOCK", 11)
    np.testing.assert_allclose(step(recording_of(x)).position, whole, atol=1e-6)


def test_median_removes_a_jump(recording_of: Build, x_of: Read) -> None:
    smooth = MedianFilter(window_frames=3)(recording_of([0, 1, 90, 3, 4, NAN, 6]))
    # Windows by hand: (0,1) (0,1,90) (1,90,3) (90,3,4) (3,4) - (6)
    np.testing.assert_allclose(x_of(smooth), [0.5, 1, 3, 4, 3.5, NAN, 6])


def test_gaussian_is_a_weighted_mean(recording_of: Build, x_of: Read) -> None:
    smooth = GaussianFilter(sigma_frames=1)(recording_of([0, 0, 0, 1, 0, 0, 0]))
    weights = np.exp(-0.5 * np.arange(-3, 4) ** 2)
    assert x_of(smooth)[3] == pytest.approx(1 / weights.sum(), rel=1e-5)
    assert x_of(smooth)[2] == pytest.approx(weights[4] / weights[1:].sum(), rel=1e-5)


def test_savitzky_golay_keeps_polynomials_of_its_order_beside_gaps(recording_of: Build) -> None:
    t = np.arange(60.0)
    x = 3 + 0.5 * t - 0.02 * t**2
    x[[11, 12, 13, 30, 32, 59]] = NAN
    smooth = SavitzkyGolay(window_frames=9, order=2)(recording_of(x))
    np.testing.assert_allclose(smooth.position[:, 0, 0, 0], x, atol=2e-5)


def test_savitzky_golay_is_scipys_where_the_window_is_complete(recording_of: Build) -> None:
    x = np.random.default_rng(2).normal(size=80).astype(np.float32)
    smooth = SavitzkyGolay(window_frames=11, order=3)(recording_of(x)).position[:, 0, 0, 0]
    np.testing.assert_allclose(smooth[5:-5], savgol_filter(x, 11, 3)[5:-5], atol=1e-5)
    # At the end the window is cut off: here a polynomial through its first 8 frames.
    expected = np.polynomial.Polynomial.fit(np.arange(8), x[:8], 3)(2)
    assert smooth[2] == pytest.approx(expected, abs=1e-5)


def test_savitzky_golay_leaves_a_lonely_point_alone(recording_of: Build, x_of: Read) -> None:
    x = [NAN, NAN, 5, 6, NAN, NAN]
    smooth = SavitzkyGolay(window_frames=5, order=2)(recording_of(x))
    np.testing.assert_array_equal(x_of(smooth), x)


def test_a_window_in_seconds_is_the_longest_odd_one(recording_of: Build) -> None:
    # 0.2 s at 30 fps are 6 frames, so the window has 5: two on each side.
    assert MedianFilter(window_s=0.2).support_frames(30.0) == 2
    assert GaussianFilter(sigma_s=0.1).support_frames(30.0) == 9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MedianFilter(), "window"),
        (lambda: GaussianFilter(sigma_s=0), "positive"),
        (lambda: SavitzkyGolay(window_frames=5, order=9), "order"),
        (lambda: SavitzkyGolay(window_frames=1).support_frames(30.0), "too short"),
        (lambda: GaussianFilter(sigma_s=0.1).support_frames(None), "frame rate"),
    ],
)
def test_impossible_values_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
