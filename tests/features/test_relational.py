"""The relational features, against bodies in analytic motion."""

import math

import pytest
import torch

from nuzzle.features import base
from nuzzle.features.base import half_frames
from nuzzle.features.registry import feature_class
from nuzzle.features.relational import Relational, RelationalSymmetric
from nuzzle.skeleton import MOUSE7, Skeleton

FPS = 20.0
N_FRAMES = 120
RAT3 = Skeleton(("top", "body", "tail"), "top", "tail", ("top", "body", "tail"))
# Along the heading (forward, right); the mean is the origin.
BODY = {"top": (4.0, 0.0), "body": (0.0, 0.0), "tail": (-4.0, 0.0)}
BOTH = pytest.mark.parametrize("kind", [Relational, RelationalSymmetric])
SKELETONS = pytest.mark.parametrize("skeleton", [RAT3, MOUSE7], ids=["3", "7"])


def body(x, y, angle):
    """A body whose centre is at (x, y), heading along `angle`; all `(time,)`."""
    forward = torch.stack([angle.cos(), angle.sin()], -1)
    right = torch.stack([-angle.sin(), angle.cos()], -1)
    centre = torch.stack([x, y], -1)
    return torch.stack([centre + a * forward + b * right for a, b in BODY.values()], dim=1)


def compute(agent, target, kind=Relational):
    features = kind(RAT3, FPS, "cm")
    values = features(torch.stack([agent, target], dim=1).float())
    return {column.name: values[:, i] for i, column in enumerate(features.columns)}


def wander(skeleton, seed=0, missing=0.0):
    """Two bodies whose keypoints drift at random."""
    generator = torch.Generator().manual_seed(seed)
    shape = (N_FRAMES, 2, len(skeleton.keypoints), 2)
    poses = torch.randn(shape, generator=generator).cumsum(0) + 10 * torch.randn(
        shape[1:], generator=generator
    )
    poses[torch.rand(shape[:3], generator=generator) < missing] = torch.nan
    return poses


def is_close(values, expected, within=1e-3):
    torch.testing.assert_close(
        values, torch.as_tensor(expected).float().expand_as(values), rtol=within, atol=within
    )


@pytest.fixture
def time_s():
    return torch.arange(N_FRAMES, dtype=torch.float64) / FPS


@pytest.fixture
def walk(time_s):
    """The agent walks along y, away from x, at 5 cm/s; the target stands 30 cm ahead, heading
    along x, which is to the left of the agent."""
    zero = torch.zeros_like(time_s)
    agent = body(zero, 5 * time_s, zero + math.pi / 2)
    return compute(agent, body(zero, zero + 30, zero))


@SKELETONS
@BOTH
def test_names_are_unique_and_every_column_has_one(kind, skeleton):
    features = kind(skeleton, FPS, "cm")
    names = [column.name for column in features.columns]
    assert len(names) == len(set(names))
    assert features(wander(skeleton)).shape == (N_FRAMES, len(names))


def test_units():
    units = dict(Relational(RAT3, FPS, "bl").columns)
    assert units["agent_other_top_forward"] == units["centre_to_centre"] == "bl"
    assert units["agent_speed_0.5s"] == units["closing_2s"] == "bl/s"
    assert units["agent_area"] == "bl^2"
    assert units["target_turn_1s"] == "rad/s"
    assert units["relative_heading_cos"] == units["agent_top_missing"] == ""


def test_egocentric_keypoints(walk, time_s):
    is_close(walk["agent_own_top_forward"], 4)
    is_close(walk["agent_own_top_right"], 0)
    is_close(walk["agent_own_tail_forward"], -4)
    # y points down: who walks along y has x to the left.
    is_close(walk["agent_other_top_forward"], 30 - 5 * time_s)
    is_close(walk["agent_other_top_right"], -4)
    is_close(walk["target_other_body_forward"], 0)
    is_close(walk["target_other_body_right"], 5 * time_s - 30)


def test_distances(walk, time_s):
    apart = 30 - 5 * time_s
    is_close(walk["agent_top_to_own_tail"], 8)
    is_close(walk["centre_to_centre"], apart.abs())
    is_close(walk["agent_top_to_target_body"], (apart - 4).abs())
    is_close(walk["agent_body_to_target_top"], (apart**2 + 16).sqrt())
    is_close(walk["closest_keypoints"][:50], (apart - 4)[:50])


def test_headings_and_bearings(walk):
    is_close(walk["relative_heading_sin"], -1)
    is_close(walk["relative_heading_cos"], 0)
    is_close(walk["agent_bearing_cos"], 1)
    is_close(walk["target_bearing_sin"], -1)
    is_close(walk["target_bearing_cos"], 0)


@pytest.mark.parametrize("lag", ["0.1s", "0.3s", "0.5s", "1s", "2s"])
def test_uniform_motion_is_the_same_at_all_lags(walk, lag):
    is_close(walk[f"agent_forward_{lag}"], 5)
    is_close(walk[f"agent_rightward_{lag}"], 0)
    is_close(walk[f"agent_speed_{lag}"], 5)
    is_close(walk[f"agent_approach_{lag}"], 5)
    is_close(walk[f"target_speed_{lag}"], 0)
    is_close(walk[f"closing_{lag}"], 5)
    is_close(walk[f"agent_turn_{lag}"], 0)


def test_turning_on_a_circle(time_s):
    radius, omega = 10.0, 1.5
    angle = omega * time_s
    agent = body(radius * angle.cos(), radius * angle.sin(), angle + math.pi / 2)
    zero = torch.zeros_like(time_s)
    named = compute(agent, body(zero, zero, zero))
    is_close(named["agent_turn_0.5s"], omega)
    # A displacement over a lag is the chord of the arc.
    chord = 2 * radius * math.sin(omega * 0.5 / 2) / 0.5
    is_close(named["agent_speed_0.5s"][5:-5], chord)
    is_close(named["agent_forward_0.5s"][5:-5], chord)
    is_close(named["agent_approach_0.5s"][5:-5], 0)
    is_close(named["agent_bearing_sin"], 1)  # from y towards -x is a turn to the right


@BOTH
def test_a_keypoint_moves_while_the_body_stays(kind, time_s):
    zero = torch.zeros_like(time_s)
    agent, target = body(zero, zero, zero), body(zero + 30, zero, zero)
    agent[:, 0, 1] += 6 * time_s  # the head goes aside at 6 cm/s
    agent[70:, 2] = torch.nan
    named = compute(agent, target, kind)
    symmetric = kind is RelationalSymmetric
    moving, still = ("{}_max", "{}_min") if symmetric else ("agent_{}", "target_{}")
    is_close(named[moving.format("top_speed_1s")], 6)
    is_close(named[still.format("top_speed_1s")], 0)
    is_close(named[moving.format("body_speed_1s")], 0)
    tail = named[moving.format("tail_speed_1s")]
    is_close(tail[:60], 0)
    # Half a lag before it is lost, nobody knows how far the tail will have moved.
    lost = 0.0 if symmetric else math.nan  # the other's stands in for it
    torch.testing.assert_close(tail[60:], torch.full((N_FRAMES - 60,), lost), equal_nan=True)


def test_shape(time_s):
    zero = torch.zeros_like(time_s)
    agent = body(zero, zero, zero)
    agent[:, 1] = torch.tensor([0.0, 3.0], dtype=agent.dtype)
    named = compute(agent, body(zero + 30, zero, zero))
    is_close(named["agent_extent"], 8)
    # Variances 32/3 along and 2 across the body: 4 pi sqrt(64/3), (32/3 - 2) / (32/3 + 2).
    is_close(named["agent_area"], 4 * math.pi * math.sqrt(64 / 3))
    is_close(named["agent_elongation"], 26 / 38)
    is_close(named["target_area"], 0, within=0.01)
    is_close(named["target_elongation"], 1)


def test_lags_are_in_seconds():
    assert half_frames((0.1, 0.25, 0.5, 1.0, 2.0), 60.0) == (3, 8, 15, 30, 60)
    assert half_frames((0.1, 0.25, 0.5, 1.0, 2.0), 10.0) == (1, 3, 5, 10)
    assert half_frames((0.1, 4 / 30, 20.0), 29.97) == (2, 300), "as at 30"
    assert half_frames((1.0, 2.0), 1000.0) == (500, 1000), "which no video slows"
    assert Relational(RAT3, 60.0).support_frames == (60, 60)
    assert "agent_speed_0.533s" in dict(Relational(RAT3, 30.0).columns)


@BOTH
@pytest.mark.parametrize(("skeleton", "fps"), [(MOUSE7, 30.0), (RAT3, 60.0), (RAT3, 10.0)])
def test_columns_are_as_many_as_said(kind, skeleton, fps):
    features, k = kind(skeleton, fps), len(skeleton.keypoints)
    expected = k * k + k * (k - 1) + 10 * k + 16 + (2 * k + 11) * len(features.half_lags)
    assert len(features.columns) == expected
    if (skeleton, fps) == (MOUSE7, 30.0):
        assert expected == 302


def rotated(poses, angle, shift):
    turn = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return poses @ turn + torch.tensor(shift)


@SKELETONS
@BOTH
def test_place_and_direction_do_not_matter(kind, skeleton):
    poses = wander(skeleton, missing=0.1)
    features = kind(skeleton, FPS)
    moved = features(rotated(poses, 2.0, [30.0, -50.0]))
    torch.testing.assert_close(moved, features(poses), rtol=1e-3, atol=2e-3, equal_nan=True)


def test_a_mirrored_pair_changes_the_signs_of_odd_columns():
    poses = wander(RAT3, missing=0.1)
    features = Relational(RAT3, FPS)
    signs = torch.tensor([-1.0 if trait.odd else 1.0 for trait in features.traits])
    mirrored = features(poses * torch.tensor([-1.0, 1.0]))
    torch.testing.assert_close(mirrored, features(poses) * signs, equal_nan=True)
    symmetric = RelationalSymmetric(RAT3, FPS)
    assert not any(trait.odd for trait in symmetric.traits)
    torch.testing.assert_close(
        symmetric(poses * torch.tensor([-1.0, 1.0])), symmetric(poses), equal_nan=True
    )


def test_mirrored_left_and_right_change_places():
    poses = wander(MOUSE7)
    features = Relational(MOUSE7, FPS)
    mirrored = features(poses[:, :, list(MOUSE7.mirrored)] * torch.tensor([-1.0, 1.0]))
    plain = features(poses)
    names = [column.name for column in features.columns]
    for name, partner in (
        ("agent_other_ear_left_forward", "agent_other_ear_right_forward"),
        ("agent_hip_left_to_target_nose", "agent_hip_right_to_target_nose"),
        ("target_nose_to_own_ear_left", "target_nose_to_own_ear_right"),
    ):
        torch.testing.assert_close(mirrored[:, names.index(name)], plain[:, names.index(partner)])


def test_swapping_the_animals_swaps_the_columns():
    poses = wander(RAT3, missing=0.1)
    one = compute(poses[:, 0], poses[:, 1])
    other = compute(poses[:, 1], poses[:, 0])
    for name, values in one.items():
        if "_to_target_" in name:
            mine, theirs = name.removeprefix("agent_").split("_to_target_")
            twin = other[f"agent_{theirs}_to_target_{mine}"]
        elif name.startswith("agent_"):
            twin = other[name.replace("agent_", "target_", 1)]
        elif name == "relative_heading_sin":
            twin = -other[name]
        elif name.startswith("target_"):
            continue
        else:
            twin = other[name]
        torch.testing.assert_close(values, twin, equal_nan=True)


@SKELETONS
def test_the_symmetric_features_forget_the_order(skeleton):
    poses = wander(skeleton, missing=0.1)
    features = RelationalSymmetric(skeleton, FPS)
    assert features.symmetric and not Relational(skeleton, FPS).symmetric
    torch.testing.assert_close(features(poses), features(poses.flip(1)), equal_nan=True)


def test_symmetric_is_the_larger_and_the_smaller_of_both_sides():
    poses = wander(RAT3)
    plain = compute(poses[:, 0], poses[:, 1])
    both = compute(poses[:, 0], poses[:, 1], RelationalSymmetric)
    for name in ("speed_0.5s", "extent", "bearing_cos", "other_top_forward"):
        sides = torch.stack([plain[f"agent_{name}"], plain[f"target_{name}"]])
        torch.testing.assert_close(both[f"{name}_max"], sides.amax(0))
        torch.testing.assert_close(both[f"{name}_min"], sides.amin(0))
    sides = torch.stack([plain["agent_turn_1s"], plain["target_turn_1s"]]).abs()
    torch.testing.assert_close(both["turn_1s_size_max"], sides.amax(0))
    crossed = torch.stack([plain["agent_top_to_target_tail"], plain["agent_tail_to_target_top"]])
    torch.testing.assert_close(both["top_to_other_tail_max"], crossed.amax(0))
    torch.testing.assert_close(both["top_to_other_top"], plain["agent_top_to_target_top"])
    torch.testing.assert_close(both["closing_1s"], plain["closing_1s"])


def test_missing_stays_missing(time_s):
    zero = torch.zeros_like(time_s)
    agent = body(5 * time_s, zero, zero)
    agent[50, 2] = torch.nan  # the tail
    named = compute(agent, body(zero + 40, zero, zero))
    assert named["agent_tail_missing"].nonzero().flatten().tolist() == [50]
    assert float(named["agent_missing_share"][50]) == pytest.approx(1 / 3)
    assert named["agent_own_tail_forward"][50].isnan()
    assert named["agent_top_to_own_tail"][50].isnan()
    assert named["agent_area"][50].isnan()
    # The head and the body still tell the heading, and how fast it moves, without a jump.
    is_close(named["relative_heading_cos"], 1)
    is_close(named["agent_forward_0.1s"], 5)
    assert not named["closest_keypoints"].isnan().any()
    assert float(named["agent_extent"][50]) == pytest.approx(4)


def test_an_absent_animal_leaves_only_the_other(time_s):
    zero = torch.zeros_like(time_s)
    nobody = torch.full_like(body(zero, zero, zero), torch.nan)
    named = compute(body(5 * time_s, zero, zero), nobody)
    is_close(named["agent_speed_1s"], 5)
    is_close(named["target_missing_share"], 1)
    for name in ("target_speed_1s", "closest_keypoints", "agent_bearing_cos", "target_extent"):
        assert named[name].isnan().all()


def test_where_one_animal_is_hidden_the_other_stands_for_both(time_s):
    zero = torch.zeros_like(time_s)
    seen = body(5 * time_s, zero, zero)
    hidden = torch.full_like(seen, torch.nan)
    for poses in ((seen, hidden), (hidden, seen)):
        named = compute(*poses, RelationalSymmetric)
        is_close(named["speed_1s_max"], 5)
        is_close(named["speed_1s_min"], 5)
        assert named["bearing_cos_max"].isnan().all(), "nothing is known of what needs both"
        is_close(named["missing_share_max"], 1)
        is_close(named["missing_share_min"], 0)


@BOTH
def test_chunks_do_not_change_anything(kind, monkeypatch):
    poses = wander(RAT3, missing=0.2)
    features = kind(RAT3, FPS)
    whole = features(poses)
    monkeypatch.setattr(base, "_CHUNK_FRAMES", 23)
    torch.testing.assert_close(features(poses), whole, equal_nan=True)


@BOTH
def test_nothing_outside_the_support_matters(kind):
    poses = wander(RAT3)
    features = kind(RAT3, FPS)
    before, after = features.support_frames
    changed = poses.clone()
    frame = 60
    changed[: frame - before] += 100 * torch.rand(frame - before, 2, 3, 2)
    changed[frame + after + 1 :] = torch.nan
    torch.testing.assert_close(features(changed)[frame], features(poses)[frame])
    changed[frame + after] += 1
    assert not torch.equal(features(changed)[frame], features(poses)[frame])


@BOTH
def test_a_single_frame_has_no_rates(kind):
    features = kind(MOUSE7, FPS)
    values = features(torch.rand(1, 2, 7, 2))
    rates = torch.tensor(["/s" in column.unit for column in features.columns])
    assert values[0, rates].isnan().all()
    assert not values[0, ~rates].isnan().any()


def test_leading_dimensions_are_kept():
    poses = torch.stack([wander(RAT3, seed) for seed in range(3)])
    features = RelationalSymmetric(RAT3, FPS)
    torch.testing.assert_close(features(poses)[1], features(poses[1]))


@pytest.mark.parametrize("name", ["relational", "relational_symmetric"])
def test_a_skeleton_of_two_points_will_do(name):
    skeleton = Skeleton(("nose", "tail_base"), "nose", "tail_base", ("nose", "tail_base"))
    features = feature_class(name)(skeleton, FPS, "cm")
    assert features(wander(skeleton)).isfinite().all()
