import numpy as np
import pytest

from nuzzle.simulate.difficulty import DIFFICULTIES, Difficulty
from nuzzle.simulate.tracker import track

STILL = Difficulty(0, 1, 0, 0, noise_px=2.0, dropped_per_minute=0.0, swaps_per_minute=0.0)


def still(n_frames=20_000, gap_px=500.0):
    """Two bodies that do not move, `gap_px` apart."""
    points = np.zeros((n_frames, 2, 7, 2), dtype=np.float32)
    points[..., 0] = 100.0 + np.linspace(0, 60, 7)
    points[:, 1, :, 0] += gap_px
    points[..., 1] = 200.0
    return points


def test_noise_has_the_size_asked_for_and_is_correlated_in_time():
    points = still()
    position, _ = track(points, 30.0, STILL, np.random.default_rng(0))
    error = position - points.transpose(0, 3, 2, 1)
    assert error.std() == pytest.approx(2.0, rel=0.1)
    flat = error.reshape(len(error), -1)
    correlation = (flat[1:] * flat[:-1]).mean() / flat.var()
    assert 0.3 < correlation < 0.7


def test_confidence_falls_with_the_error():
    points = still()
    position, confidence = track(points, 30.0, STILL, np.random.default_rng(1))
    error = np.hypot(*np.moveaxis(position - points.transpose(0, 3, 2, 1), 1, 0))
    assert confidence.min() >= 0
    assert confidence.max() <= 1
    assert confidence[error > 4].mean() < confidence[error < 1].mean()


def test_bodies_that_overlap_are_tracked_worse():
    apart, _ = track(still(), 30.0, STILL, np.random.default_rng(2))
    together, _ = track(still(gap_px=5.0), 30.0, STILL, np.random.default_rng(2))
    assert together.std(axis=0).mean() > 1.5 * apart.std(axis=0).mean()


def test_lost_points_are_missing_in_runs_without_confidence():
    level = Difficulty(0, 1, 0, 0, 1.0, dropped_per_minute=60.0, swaps_per_minute=0.0)
    position, confidence = track(still(), 30.0, level, np.random.default_rng(3))
    missing = np.isnan(position).any(axis=1)
    assert 0.0 < missing.mean() < 0.2
    np.testing.assert_array_equal(missing, np.isnan(position).all(axis=1))
    assert (confidence[missing] == 0).all()
    again = missing[1:][missing[:-1]].mean()
    assert again > 0.6


def test_identities_are_exchanged_in_short_runs_and_only_when_close():
    level = Difficulty(0, 1, 0, 0, 0.1, dropped_per_minute=0.0, swaps_per_minute=20.0)
    points = still(gap_px=80.0)
    points[:10_000, 1, :, 0] += 500.0
    position, _ = track(points, 30.0, level, np.random.default_rng(4))
    swapped = position[:, 0, 0, 0] > 150.0
    assert not swapped[:9_990].any()
    assert 0.0 < swapped[10_000:].mean() < 0.5


def test_levels_get_harder():
    easy, normal, hard = (DIFFICULTIES[name] for name in ("easy", "normal", "hard"))
    assert easy.noise_px < normal.noise_px < hard.noise_px
    assert easy.lookalikes < normal.lookalikes < hard.lookalikes
    assert easy.linger_gap_cm > normal.linger_gap_cm > hard.linger_gap_cm
