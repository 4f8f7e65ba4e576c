import numpy as np
import pytest

from nuzzle.simulate.bodies import keypoints, spline
from nuzzle.simulate.steering import Arena
from nuzzle.skeleton import MOUSE7_KEYPOINTS


def test_a_spline_follows_a_line_exactly():
    knots = 3.0 + 2.0 * np.arange(12.0)[:, None]
    times = np.arange(2, 20) / 20.0  # before the second knot it leaves its rest
    np.testing.assert_allclose(spline(knots, times)[:, 0], 3.0 + 20.0 * times)


def test_a_spline_stays_within_its_control_points_and_their_steps():
    knots = np.random.default_rng(0).uniform(-1, 1, (50, 3))
    values = spline(knots, np.arange(0, 4.5, 0.01))
    assert abs(values).max() <= 1.0
    steepest = abs(np.diff(knots, axis=0)).max() * 10.0
    assert (abs(np.diff(values, axis=0)) / 0.01).max() <= steepest + 1e-9


def test_a_straight_body_that_looks_right_has_its_left_ear_above_in_the_image():
    knots = np.zeros((8, 2, 6))
    knots[..., :2] = 20.0
    points = keypoints(knots, np.array([0.1]), (1.0, 1.0), Arena(50, 50))[0, 0]
    nose, ear_left, ear_right, neck, hip_left, hip_right, tail_base = points
    assert len(MOUSE7_KEYPOINTS) == 7
    assert nose[0] - tail_base[0] == pytest.approx(8.5)
    assert nose[1] == neck[1] == tail_base[1] == pytest.approx(20.0)
    assert ear_left[1] < 20.0 < ear_right[1]
    assert hip_left[1] < 20.0 < hip_right[1]


def test_a_body_at_a_wall_is_shifted_as_a_whole():
    knots = np.zeros((8, 2, 6))
    knots[..., 0], knots[..., 1] = 1.0, 10.0
    points = keypoints(knots, np.array([0.1]), (1.0, 1.0), Arena(50, 20))[0, 0]
    assert points[6, 0] == pytest.approx(0.0)
    assert points[0, 0] == pytest.approx(8.5)
