"""The nodes of the graph model, against bodies in analytic motion."""

import math

import pytest
import torch

from nuzzle.features.normalise import Normaliser
from nuzzle.features.registry import feature_class
from nuzzle.skeleton import Skeleton

FPS = 20.0
SKELETON = Skeleton(("nose", "middle", "tail_base"), "nose", "tail_base", ("middle",))


@pytest.fixture
def features():
    return feature_class("nodes")(SKELETON, FPS, "cm")


@pytest.fixture
def poses():
    """The agent heads down the image at 10 cm/s; the target stands 6 cm to its left, ahead by 2.

    `(40, 2, 3, 2)`. Down is the y axis; an animal that heads down has the x axis on its left.
    """
    down = 10 * torch.arange(40) / FPS
    agent = torch.stack([torch.stack([0 * down + 3, down + y], -1) for y in (4, 0, -5)], dim=1)
    target = agent + torch.tensor([6.0, 2.0])
    still = target[:1].expand_as(target)
    return torch.stack([agent, still], dim=1)


def nodes(features, poses):
    return features(poses).unflatten(-1, (2, 3, 5))


def test_columns_run_over_animals_keypoints_channels(features):
    names = [column.name for column in features.columns]
    assert names[:5] == [
        "agent_nose_forward",
        "agent_nose_right",
        "agent_nose_forward_velocity",
        "agent_nose_right_velocity",
        "agent_nose_present",
    ]
    assert names[5] == "agent_middle_forward"
    assert names[15] == "target_nose_forward"
    assert len(set(names)) == 30
    assert [column.unit for column in features.columns[:5]] == ["cm", "cm", "cm/s", "cm/s", ""]


def test_places_are_seen_from_the_agent(features, poses):
    first = nodes(features, poses)[0]
    torch.testing.assert_close(first[0, :, 0], torch.tensor([4.0, 0.0, -5.0]))
    torch.testing.assert_close(first[0, :, 1], torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(first[1, :, 0], torch.tensor([6.0, 2.0, -3.0]))
    torch.testing.assert_close(first[1, :, 1], torch.full((3,), -6.0))


def test_velocities_are_those_in_the_arena(features, poses):
    values = nodes(features, poses)
    ten = torch.full((40, 3), 10.0)
    torch.testing.assert_close(values[:, 0, :, 2], ten, rtol=1e-4, atol=0)
    torch.testing.assert_close(values[:, 0, :, 3], 0 * ten, rtol=0, atol=1e-4)
    torch.testing.assert_close(values[:, 1, :, 2:4], torch.zeros(40, 3, 2), rtol=0, atol=1e-4)


def test_place_and_direction_in_the_arena_do_not_matter(features):
    generator = torch.Generator().manual_seed(0)
    poses = 10 * torch.rand(30, 2, 3, 2, generator=generator)
    turn = torch.tensor(
        [[math.cos(0.7), -math.sin(0.7)], [math.sin(0.7), math.cos(0.7)]], dtype=torch.float32
    )
    moved = poses @ turn.T + torch.tensor([50.0, -20.0])
    torch.testing.assert_close(features(moved), features(poses), rtol=1e-3, atol=1e-2)


def test_what_is_missing_has_no_place_and_says_so(features, poses):
    poses[10, 1, 0] = torch.nan
    values = nodes(features, poses)
    assert values[10, 1, 0, :2].isnan().all()
    assert values[10, 1, 0, 4] == -1
    assert values[[9, 11], 1, 0, 2:4].isnan().all()
    assert (values[[9, 11], 1, 0, 4] == 1).all()
    assert not values[10, 1, 1:].isnan().any()
    assert not values[10, 0].isnan().any()


def test_without_the_agent_nothing_has_a_place(features, poses):
    poses[10, 0] = torch.nan
    values = nodes(features, poses)
    assert (values[10, ..., 4] == -1).all()
    assert values[10, ..., :2].isnan().all()


def test_presence_is_not_scaled(features, poses):
    """Whether training had a keypoint now and then, always, or never."""
    poses[::3, 1, 0] = torch.nan
    poses[:, 1, 2] = torch.nan
    raw = features(poses)
    scaled = Normaliser.fit([raw], features.flags)(raw)
    presence = raw.unflatten(-1, (2, 3, 5))[..., 4]
    assert torch.equal(scaled.unflatten(-1, (2, 3, 5))[..., 4], presence)
    assert (presence[:, 0] == 1).all()
    assert (presence[:, 1, 2] == -1).all()
    assert torch.isfinite(scaled).all()


def test_flags_are_the_presence_columns(features):
    found = [features.columns[i].name for i in features.flags]
    assert found == [name for name, _ in features.columns if name.endswith("_present")]
    assert len(found) == 6
