"""Augmentation of poses: the same behaviour elsewhere in the arena, mirrored, faster, half hidden.

Everything works on the prepared poses of a pair, `(time, 2 animals, keypoint, 2)`, before features
are computed; a missing point stays missing. `nuzzle.training.augmentation` is another thing: it
changes windows of normalised features.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nuzzle.config import AugmentationConfig
from nuzzle.prepare.rate import FrameMap
from nuzzle.skeleton import Skeleton
from nuzzle.training.targets import Targets

#: Shortest and longest time for which a keypoint is dropped, s.
DROPOUT_SPAN_S = (1.0, 10.0)


@dataclass(frozen=True)
class PoseAugmentation:
    """Changes the poses of a pair at random, as configured.

    Attributes:
        config: which changes, and how large.
        skeleton: of the poses.
        fps: of the poses.
    """

    config: AugmentationConfig
    skeleton: Skeleton
    fps: float

    def __call__(
        self, poses: Tensor, targets: Targets, rng: np.random.Generator
    ) -> tuple[Tensor, Targets]:
        """Changed poses, and the targets that go with them.

        Args:
            poses: `(time, 2 animals, keypoint, 2)`.
            targets: of the same frames.
            rng: source of the random numbers.

        Returns:
            Both with another number of frames where time was stretched.
        """
        config = self.config
        if config.time_stretch is not None:
            poses, targets = sped_up(poses, targets, _factor(config.time_stretch, rng))
        if config.keypoint_dropout:
            poses = without_keypoints(poses, config.keypoint_dropout, self.fps, rng)
        if config.reflection and rng.random() < 0.5:
            poses = reflected(poses, self.skeleton)
        if config.rotation:
            poses = rotated(poses, rng.uniform(0, 2 * math.pi))
        if config.pose_scale is not None:
            poses = scaled(poses, _factor(config.pose_scale, rng))
        if config.pose_jitter_bl:
            poses = jittered(poses, config.pose_jitter_bl, self.skeleton, rng)
        if config.swap and rng.random() < 0.5:
            poses = poses.flip(1)
        return poses, targets


def _factor(ends: tuple[float, float], rng: np.random.Generator) -> float:
    """A factor between two ends; halving is as likely as doubling."""
    return math.exp(rng.uniform(math.log(ends[0]), math.log(ends[1])))


def rotated(poses: Tensor, angle_rad: float) -> Tensor:
    """Poses turned about their middle."""
    return _about_middle(poses, lambda points: points * cmath.exp(1j * angle_rad))


def scaled(poses: Tensor, factor: float) -> Tensor:
    """Poses enlarged about their middle."""
    return _about_middle(poses, lambda points: points * factor)


def reflected(poses: Tensor, skeleton: Skeleton) -> Tensor:
    """Poses in a mirror at their middle; keypoints called left and right change places."""
    partners = torch.tensor(skeleton.mirrored)
    mirror = _about_middle(poses, lambda points: -points.conj().resolve_conj())
    return mirror.index_select(2, partners)


def _about_middle(poses: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Poses after a linear change of their points as complex numbers; their mean stays."""
    points = torch.view_as_complex(poses.contiguous())
    middle = torch.view_as_complex(poses.flatten(0, 2).nanmean(0))
    return torch.view_as_real(change(points) + (middle - change(middle)))


def sped_up(poses: Tensor, targets: Targets, factor: float) -> tuple[Tensor, Targets]:
    """Everything happens `factor` times as fast, at the same frame rate.

    As where a recording is resampled: poses lie on the line between two frames, and are missing
    where either end is; a label is that of the nearest frame.
    """
    frames = FrameMap(len(poses), factor, 1.0)
    moved = torch.from_numpy(frames.to_new(poses.numpy()))
    return moved, Targets(*(each[frames.old_of_new] for each in targets))


def without_keypoints(poses: Tensor, share: float, fps: float, rng: np.random.Generator) -> Tensor:
    """Poses in which keypoints are missing for a while.

    Time is cut into spans of `DROPOUT_SPAN_S`; in each, every keypoint of either animal is missing
    with probability `share`.
    """
    length, animals, keypoints, _ = poses.shape
    shortest, longest = (max(1, round(span * fps)) for span in DROPOUT_SPAN_S)
    spans = rng.integers(shortest, longest + 1, size=length // shortest + 1)
    dropped = torch.from_numpy(rng.random((len(spans), animals, keypoints)) < share)
    each_frame = dropped.repeat_interleave(torch.from_numpy(spans), dim=0)[:length]
    return poses.masked_fill(each_frame.unsqueeze(-1), torch.nan)


def jittered(poses: Tensor, std_bl: float, skeleton: Skeleton, rng: np.random.Generator) -> Tensor:
    """Poses with Gaussian noise on every coordinate of every frame.

    Args:
        poses: in any unit.
        std_bl: standard deviation, in lengths of a body: the median distance from nose to tail base
            of these poses. Where no body can be measured there is no noise.
        skeleton: says which keypoints these are.
        rng: source of the random numbers.
    """
    body = poses[:, :, skeleton.nose_index] - poses[:, :, skeleton.tail_base_index]
    length = torch.linalg.vector_norm(body, dim=-1).nanmedian().nan_to_num(nan=0.0)
    noise = torch.from_numpy(rng.standard_normal(poses.shape, dtype=np.float32))
    moved: Tensor = poses + std_bl * length * noise
    return moved
