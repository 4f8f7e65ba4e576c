"""The engineered features, against bodies in analytic motion."""

import math

import pytest
import torch

from nuzzle.errors import InputError
from nuzzle.features import base
from nuzzle.features.engineered import Engineered
from nuzzle.skeleton import MOUSE7, Skeleton

FPS = 25.0
# A rigid body along its heading (forward, left), nose first; the mean of the points is its centre.
BODY = {
    "nose": (4.0, 0.0),
    "ear_left": (3.0, 1.0),
    "ear_right": (3.0, -1.0),
    "neck": (1.0, 0.0),
    "hip_left": (-3.0, 1.0),
    "hip_right": (-3.0, -1.0),
    "tail_base": (-5.0, 0.0),
}


def body(x, y, angle):
    """A body whose centre is at (x, y), heading along `angle`; all `(time,)`."""
    forward = torch.stack([angle.cos(), angle.sin()], -1)
    left = torch.stack([-angle.sin(), angle.cos()], -1)
    centre = torch.stack([x, y], -1)
    points = [centre + a * forward + b * left for a, b in BODY.values()]
    return torch.stack(points, dim=1)


def compute(agent, target, skeleton=MOUSE7):
    features = Engineered(skeleton, FPS, "cm")
    values = features(torch.stack([agent, target], dim=1).float())
    return {column.name: values[:, i] for i, column in enumerate(features.columns)}, values


@pytest.fixture
def time_s():
    return torch.arange(50, dtype=torch.float64) / FPS


@pytest.fixture
def walk(time_s):
    """The agent walks along x at 10 cm/s towards a target that stands 40 cm away, facing it."""
    zero = torch.zeros_like(time_s)
    agent = body(10 * time_s, zero, zero)
    target = body(zero + 40, zero, zero + math.pi)
    return compute(agent, target)


def test_there_are_48_columns_in_the_documented_blocks():
    names = [column.name for column in Engineered(MOUSE7, FPS).columns]
    assert len(names) == len(set(names)) == 48
    assert names[0] == "agent_nose_x"
    assert names[13] == "agent_tail_base_y"
    assert names[14] == "target_nose_x"
    assert names[28] == "distance_centre_to_centre"
    assert names[32] == "agent_centre_vx"
    assert names[38] == "agent_centre_acceleration"
    assert names[40] == "approach_rate_centre"
    assert names[42] == "agent_heading_sin"
    assert names[46] == "agent_facing_angle"


def test_any_skeleton_gives_4k_plus_20():
    skeleton = Skeleton(("top", "body", "tail"), "top", "tail", ("body",))
    assert len(Engineered(skeleton, FPS).columns) == 4 * 3 + 20


def test_units_follow_the_poses():
    units = dict(Engineered(MOUSE7, FPS, "px").columns)
    assert units["agent_nose_x"] == "px"
    assert units["agent_centre_speed"] == "px/s"
    assert units["agent_centre_acceleration"] == "px/s^2"
    assert units["agent_heading_sin"] == ""
    assert units["agent_facing_angle"] == "rad"


def test_keypoints_come_agent_first(walk):
    _, values = walk
    assert values[0, :2].tolist() == pytest.approx([4.0, 0.0])
    assert values[0, 14:16].tolist() == pytest.approx([36.0, 0.0])


def test_distances(walk, time_s):
    named, _ = walk
    apart = (40 - 10 * time_s).float()
    torch.testing.assert_close(named["distance_centre_to_centre"], apart)
    torch.testing.assert_close(named["distance_nose_to_nose"], (apart - 8).abs())
    torch.testing.assert_close(named["distance_agent_nose_to_target_centre"], apart - 4)
    torch.testing.assert_close(named["distance_target_nose_to_agent_centre"], apart - 4)


def test_uniform_motion_has_its_velocity_and_no_acceleration(walk):
    named, _ = walk
    ten = torch.full((50,), 10.0)
    close = {"rtol": 0, "atol": 2e-3}
    torch.testing.assert_close(named["agent_centre_vx"], ten, **close)
    torch.testing.assert_close(named["agent_centre_vy"], 0 * ten, **close)
    torch.testing.assert_close(named["agent_centre_speed"], ten, **close)
    torch.testing.assert_close(named["target_centre_speed"], 0 * ten, **close)
    torch.testing.assert_close(named["agent_centre_acceleration"], 0 * ten, rtol=0, atol=0.05)


def test_closing_in_is_a_positive_approach_rate(walk):
    named, _ = walk
    ten = torch.full((50,), 10.0)
    torch.testing.assert_close(named["approach_rate_centre"], ten, rtol=0, atol=2e-3)
    torch.testing.assert_close(named["approach_rate_nose"][:40], ten[:40], rtol=0, atol=2e-3)


def test_face_to_face(walk):
    named, _ = walk
    assert named["agent_facing_angle"].abs().max() < 1e-5
    assert named["target_facing_angle"].abs().max() < 1e-5
    assert named["agent_heading_cos"].tolist() == pytest.approx([1.0] * 50)
    assert named["target_heading_cos"].tolist() == pytest.approx([-1.0] * 50)


def test_facing_away_is_pi(time_s):
    zero = torch.zeros_like(time_s)
    named, _ = compute(body(zero, zero, zero + math.pi), body(zero + 20, zero, zero))
    assert named["agent_facing_angle"].tolist() == pytest.approx([math.pi] * 50, abs=1e-5)
    assert named["target_facing_angle"].tolist() == pytest.approx([math.pi] * 50, abs=1e-5)


def test_a_body_without_length_faces_nothing(time_s):
    zero = torch.zeros_like(time_s)
    points = body(zero, zero, zero)
    named, _ = compute(points[:, :1].expand_as(points), body(zero + 20, zero, zero))
    assert named["agent_facing_angle"].isnan().all()
    assert named["target_facing_angle"].tolist() == pytest.approx([math.pi] * 50, abs=1e-5)


def test_circular_motion_has_centripetal_acceleration(time_s):
    radius, omega = 15.0, 2.0
    angle = omega * time_s
    agent = body(radius * angle.cos(), radius * angle.sin(), angle + math.pi / 2)
    zero = torch.zeros_like(time_s)
    named, _ = compute(agent, body(zero, zero, zero))
    inner = slice(2, -2)
    # A central difference of a sinusoid is short by sin(x) / x, twice for the acceleration.
    x = omega / FPS
    shrink = math.sin(x) / x
    speed = torch.full((46,), radius * omega * shrink)
    torch.testing.assert_close(named["agent_centre_speed"][inner], speed, rtol=1e-4, atol=0)
    pull = torch.full((46,), radius * omega**2 * shrink**2)
    torch.testing.assert_close(named["agent_centre_acceleration"][inner], pull, rtol=2e-3, atol=0)
    torch.testing.assert_close(
        named["agent_heading_sin"], (angle + math.pi / 2).sin().float(), rtol=0, atol=1e-5
    )
    # The target at the centre of the circle is always straight to the side.
    assert named["agent_facing_angle"].tolist() == pytest.approx([math.pi / 2] * 50, abs=1e-4)


def test_swapping_the_animals_swaps_the_columns(time_s):
    generator = torch.Generator().manual_seed(0)
    agent, target = torch.rand(2, 50, 7, 2, generator=generator) * 30
    one, _ = compute(agent, target)
    other, _ = compute(target, agent)
    for name, values in one.items():
        if name.startswith("agent_"):
            torch.testing.assert_close(values, other[name.replace("agent_", "target_", 1)])
    torch.testing.assert_close(
        one["distance_agent_nose_to_target_centre"], other["distance_target_nose_to_agent_centre"]
    )


def test_missing_stays_missing(time_s):
    zero = torch.zeros_like(time_s)
    agent, target = body(10 * time_s, zero, zero), body(zero + 40, zero, zero)
    agent[20, 0] = torch.nan  # the nose
    named, values = compute(agent, target)
    assert values[20, :2].isnan().all()
    assert named["distance_nose_to_nose"][20].isnan()
    assert named["agent_heading_sin"][20].isnan()
    assert named["approach_rate_nose"][[19, 21]].isnan().all()
    assert not named["agent_ear_left_x"].isnan().any()
    # The centre is the mean of the points that are there.
    expected = 10 * 20 / FPS - 4 / 6
    assert float(named["distance_centre_to_centre"][20]) == pytest.approx(40 - expected, abs=1e-4)


def test_an_absent_animal_leaves_only_the_other(time_s):
    zero = torch.zeros_like(time_s)
    agent, target = body(10 * time_s, zero, zero), body(zero + 40, zero, zero)
    target[:] = torch.nan
    named, _ = compute(agent, target)
    assert named["distance_centre_to_centre"].isnan().all()
    assert not named["agent_centre_speed"].isnan().any()


def test_chunks_do_not_change_anything(monkeypatch):
    generator = torch.Generator().manual_seed(1)
    poses = torch.rand(100, 2, 7, 2, generator=generator)
    poses[30, 0, 2] = torch.nan
    features = Engineered(MOUSE7, FPS)
    whole = features(poses)
    monkeypatch.setattr(base, "_CHUNK_FRAMES", 17)
    torch.testing.assert_close(features(poses), whole, equal_nan=True)


def test_leading_dimensions_are_kept():
    poses = torch.rand(3, 20, 2, 7, 2)
    features = Engineered(MOUSE7, FPS)
    assert features(poses).shape == (3, 20, 48)
    torch.testing.assert_close(features(poses)[1], features(poses[1]))


def test_a_single_frame_has_no_rates():
    values = Engineered(MOUSE7, FPS)(torch.rand(1, 2, 7, 2))
    assert values[0, 32:42].isnan().all()
    assert not values[0, :32].isnan().any()


def test_another_shape_is_refused():
    with pytest.raises(InputError, match=r"got \(10, 2, 5, 2\)"):
        Engineered(MOUSE7, FPS)(torch.rand(10, 2, 5, 2))


def test_gradients_reach_the_poses():
    poses = torch.rand(20, 2, 7, 2, requires_grad=True)
    Engineered(MOUSE7, FPS)(poses).sum().backward()
    assert poses.grad is not None
    assert (poses.grad.abs().sum(dim=(0, 3)) > 0).all()
