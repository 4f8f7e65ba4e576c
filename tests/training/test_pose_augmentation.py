"""Changed poses, by what they do to features."""

import re

import numpy as np
import pytest
import torch

from nuzzle.config import AugmentationConfig, Config
from nuzzle.errors import ConfigError
from nuzzle.features.engineered import Engineered
from nuzzle.features.relational import Relational
from nuzzle.skeleton import MOUSE7
from nuzzle.training.pose_augmentation import (
    PoseAugmentation,
    jittered,
    reflected,
    rotated,
    scaled,
    sped_up,
    without_keypoints,
)
from nuzzle.training.targets import Targets

FPS = 20.0
FEATURES = Relational(MOUSE7, FPS, "cm")
OFF = {"noise_std": 0, "jitter_frames": 0, "scale": None, "mixup_alpha": 0}


def wander(n_frames=120, missing=0.1):
    """Two bodies whose keypoints drift at random."""
    generator = torch.Generator().manual_seed(0)
    shape = (n_frames, 2, 7, 2)
    start = 10 * torch.randn(shape[1:], generator=generator)
    poses = torch.randn(shape, generator=generator).cumsum(0) + start
    poses[torch.rand(shape[:3], generator=generator) < missing] = torch.nan
    return poses


def nothing(n_frames):
    return Targets(*np.zeros((2, n_frames, 1), bool))


def augmented(poses, seed=0, targets=None, **config):
    """What a configuration makes of poses."""
    augment = PoseAugmentation(AugmentationConfig(**OFF, **config), MOUSE7, FPS)
    return augment(poses, targets or nothing(len(poses)), np.random.default_rng(seed))


def is_close(one, other, tolerance=1e-3):
    torch.testing.assert_close(one, other, rtol=tolerance, atol=2 * tolerance, equal_nan=True)


def test_rotation_leaves_relational_features_alone():
    poses = wander()
    turned = rotated(poses, 2.0)
    assert (turned - poses).abs().nanmedian() > 1
    is_close(FEATURES(turned), FEATURES(poses))
    is_close(turned.flatten(0, 2).nanmean(0), poses.flatten(0, 2).nanmean(0))


def test_a_quarter_turn_by_hand():
    poses = torch.zeros(1, 2, 1, 2)
    poses[0, 0, 0] = torch.tensor([3.0, 1.0])
    poses[0, 1, 0] = torch.tensor([1.0, 1.0])
    # About (2, 1): one to the right of it becomes one below, where y points down.
    is_close(rotated(poses, torch.pi / 2)[0, :, 0], torch.tensor([[2.0, 2.0], [2.0, 0.0]]))


def other_side(column):
    """The column that measures the same on the other side of the body."""
    sides = {"left": "right", "right": "left"}
    twin = re.sub(r"(ear|hip)_(left|right)", lambda m: f"{m[1]}_{sides[m[2]]}", column)
    if any(each.name == twin for each in FEATURES.columns):
        return twin
    animal, distance = twin.split("_", 1)  # within a body, named the other way round
    return f"{animal}_{'_to_own_'.join(reversed(distance.split('_to_own_')))}"


def test_reflection_changes_signs_and_sides():
    poses = wander()
    names = [column.name for column in FEATURES.columns]
    plain, mirror = FEATURES(poses), FEATURES(reflected(poses, MOUSE7))
    signs = torch.tensor([-1.0 if trait.odd else 1.0 for trait in FEATURES.traits])
    assert signs.unique().tolist() == [-1, 1]
    twins = [names.index(other_side(name)) for name in names]
    assert twins != list(range(len(names)))
    is_close(mirror, signs * plain[:, twins])


def test_twice_as_large():
    poses = wander()
    powers = {"": 0, "cm": 1, "cm/s": 1, "cm^2": 2, "rad/s": 0}
    factor = torch.tensor([2.0 ** powers[column.unit] for column in FEATURES.columns])
    is_close(FEATURES(scaled(poses, 2.0)), factor * FEATURES(poses))


def test_twice_as_fast():
    """A body in uniform motion, labelled from frame 8 to 20, and lost in frame 31."""
    along = torch.arange(40.0)[:, None, None] * torch.tensor([0.3, 0.1])
    shape = torch.tensor([[i, i % 3] for i in range(7)]).float()
    poses = (along + shape)[:, None].repeat(1, 2, 1, 1)
    poses[31] = torch.nan
    active = np.zeros((40, 2), bool)
    active[8:20, 0] = True
    observed = np.ones_like(active)
    observed[30:] = False
    moved, targets = sped_up(poses, Targets(active, observed), 2.0)
    assert moved.shape == (20, 2, 7, 2)
    assert np.flatnonzero(targets.active[:, 0]).tolist() == list(range(4, 10))
    assert targets.observed[:, 1].tolist() == [True] * 15 + [False] * 5
    names = [column.name for column in FEATURES.columns]
    speed = names.index("agent_speed_0.5s")
    is_close(FEATURES(moved)[:10, speed], 2 * FEATURES(poses)[:10, speed])
    assert not moved.isnan().any(), "frame 31 falls between new frames"
    slow, _ = sped_up(poses, Targets(active, observed), 0.5)
    assert len(slow) == 80
    lost = slow[:, 0, 0, 0].isnan().nonzero().squeeze(1)
    assert lost.tolist() == [61, 62, 63], "a missing end makes missing"
    is_close(slow[1, 0, 0], poses[:2, 0, 0].mean(0))


def test_dropped_keypoints_leave_everything_else_alone():
    poses = wander(20_000, missing=0.0)
    dropped = without_keypoints(poses, 0.2, FPS, np.random.default_rng(0))
    lost = dropped.isnan()
    assert (lost[..., 0] == lost[..., 1]).all()
    assert (dropped[~lost] == poses[~lost]).all()
    assert float(lost.float().mean()) == pytest.approx(0.2, abs=0.02)
    one = torch.cat([torch.zeros(1), lost[:, 0, 2, 0].float(), torch.zeros(1)]).diff()
    starts, stops = (one == 1).nonzero(), (one == -1).nonzero()
    spans = (stops - starts)[1:-1]
    assert spans.min() >= 1 * FPS
    # Neighbouring spans may both be dropped.
    assert spans.float().median() < 10 * FPS
    assert (lost[:, 0, 2] != lost[:, 1, 2]).any() and (lost[:, 0, 2] != lost[:, 0, 3]).any()


def test_jitter_is_in_body_lengths():
    poses = torch.zeros(500, 2, 7, 2)
    poses[:, :, MOUSE7.nose_index, 0] = 8.0  # the nose is 8 cm before the tail base
    poses[:100, 0, 3] = torch.nan
    noise = jittered(poses, 0.05, MOUSE7, np.random.default_rng(0)) - poses
    there = noise[~noise.isnan()]
    assert float(there.std()) == pytest.approx(0.05 * 8, rel=0.02)
    assert (noise.isnan() == poses.isnan()).all()
    poses[:, :, MOUSE7.nose_index] = torch.nan
    still = jittered(poses, 0.05, MOUSE7, np.random.default_rng(0))
    torch.testing.assert_close(still, poses, equal_nan=True)


def test_swapped_animals_are_the_reversed_pair():
    poses = wander()
    swapped = [augmented(poses, seed, swap=True)[0] for seed in range(20)]
    reversed_pair = FEATURES(poses.flip(1))
    count = 0
    for each in swapped:
        if not torch.equal(each.nan_to_num(), poses.nan_to_num()):
            count += 1
            torch.testing.assert_close(FEATURES(each), reversed_pair, equal_nan=True)
    assert 5 <= count <= 15


EVERYTHING = {
    "rotation": True,
    "reflection": True,
    "pose_scale": (0.9, 1.1),
    "time_stretch": (0.8, 1.25),
    "keypoint_dropout": 0.1,
    "pose_jitter_bl": 0.01,
    "swap": True,
}


def test_same_seed_same_result():
    poses, targets = wander(), nothing(120)
    one, two, other = (augmented(poses, seed, targets, **EVERYTHING)[0] for seed in (3, 3, 4))
    torch.testing.assert_close(one, two, rtol=0, atol=0, equal_nan=True)
    assert one.shape != other.shape or not torch.equal(one.nan_to_num(), other.nan_to_num())


def test_ranges_are_kept():
    poses, span = wander(1000, missing=0.0), []
    for seed in range(50):
        moved, _ = augmented(poses, seed, time_stretch=(0.8, 1.25))
        span.append(1000 / len(moved))
    assert 0.8 <= min(span) < 0.85
    assert 1.2 < max(span) <= 1.25
    size = [
        float(augmented(poses, seed, pose_scale=(0.5, 2.0))[0].std() / poses.std())
        for seed in range(50)
    ]
    assert 0.5 <= min(size) < 0.6 and 1.7 < max(size) <= 2.0


def test_engineered_features_see_the_turn():
    poses = wander(missing=0.0)
    features = Engineered(MOUSE7, FPS, "cm")
    names = [column.name for column in features.columns]
    turned, _ = augmented(poses, rotation=True)
    apart = names.index("distance_centre_to_centre")
    is_close(features(turned)[:, apart], features(poses)[:, apart])
    assert (features(turned)[:, 0] - features(poses)[:, 0]).abs().max() > 1


def test_off_is_off():
    poses, targets = wander(), nothing(120)
    same, same_targets = augmented(poses, targets=targets)
    assert same is poses and same_targets is targets
    assert Config().augmentation.of_poses == ()
    assert AugmentationConfig(rotation=True, pose_jitter_bl=0.1).of_poses == (
        "rotation",
        "pose_jitter_bl",
    )
    assert len(AugmentationConfig(**EVERYTHING).of_poses) == len(EVERYTHING)


def test_a_range_the_wrong_way_round():
    with pytest.raises(ConfigError, match=r"augmentation\.time_stretch: .*smaller end .* first"):
        Config.load(None, ["augmentation.time_stretch=[1.25, 0.8]"])
