import numpy as np
import pytest

from nuzzle.decoding.smoothing import Smoothing, gaussian_mean
from nuzzle.errors import InputError


def column(*values):
    return np.array(values, dtype=np.float64)[:, None]


def test_weights_are_those_of_a_gaussian():
    impulse = np.zeros((41, 1))
    impulse[20] = 1.0
    smooth = Smoothing((0.1,))(impulse, fps=20.0)[:, 0]  # 2 frames
    offset = np.arange(-20, 21)
    expected = np.where(abs(offset) <= 8, np.exp(-(offset**2) / 8), 0.0)
    assert smooth == pytest.approx(expected / expected.sum())


def test_the_width_is_in_seconds_whatever_the_frame_rate():
    time_s = np.arange(0, 10, 0.01)
    fast = np.exp(-((time_s - 5) ** 2) / 2)[:, None]  # standard deviation of 1 s
    smooth = Smoothing((0.5,))
    slow = smooth(fast[::4], fps=25.0)
    assert smooth(fast, fps=100.0)[::4] == pytest.approx(slow, abs=1e-3)
    # Two Gaussians: variances add.
    assert slow.max() == pytest.approx(1 / np.sqrt(1 + 0.25), abs=1e-3)


def test_a_constant_stays_constant_at_ends_and_beside_gaps():
    values = column(*[0.3] * 30)
    values[10:14] = np.nan
    smooth = Smoothing((0.2,))(values, fps=10.0)
    assert np.isnan(smooth[10:14]).all()
    assert smooth[~np.isnan(values)] == pytest.approx(0.3)


def test_each_behaviour_has_its_width_and_zero_changes_nothing():
    rng = np.random.default_rng(0)
    probability = rng.random((50, 2)).astype(np.float32)
    smooth = Smoothing((0.0, 0.3))(probability, fps=10.0)
    assert smooth.dtype == np.float32
    assert (smooth[:, 0] == probability[:, 0]).all()
    assert smooth[:, 1].std() < 0.6 * probability[:, 1].std()
    assert Smoothing()(probability, fps=10.0) is probability


def test_support_is_where_it_ends():
    smoothing = Smoothing((0.1, 0.25))
    assert smoothing.support_s == pytest.approx(1.0)
    impulse = np.zeros(100)
    impulse[50] = 1.0
    reached = np.flatnonzero(gaussian_mean(impulse, 0.25 * 20))
    assert (reached.min(), reached.max()) == (50 - 20, 50 + 20)


def test_no_probability_at_all():
    nothing = np.full((5, 1), np.nan)
    assert np.isnan(Smoothing((1.0,))(nothing, fps=10.0)).all()
    assert Smoothing((1.0,))(np.zeros((0, 1)), fps=10.0).shape == (0, 1)


@pytest.mark.parametrize("width", [-0.1, float("nan"), float("inf")])
def test_impossible_widths_are_refused(width):
    with pytest.raises(InputError, match="widths of the smoothing are seconds"):
        Smoothing((width,))


def test_wrong_number_of_widths_is_refused():
    with pytest.raises(InputError, match="3 behaviours"):
        Smoothing((0.1, 0.2))(np.zeros((4, 3)), fps=10.0)
