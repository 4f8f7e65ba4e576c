"""Which points the tracker lost: what is missing says something too."""

from __future__ import annotations

import torch
from torch import Tensor

from nuzzle.features.traits import Trait
from nuzzle.skeleton import Skeleton


def traits(skeleton: Skeleton) -> tuple[Trait, ...]:
    """A flag for each keypoint, and the share of keypoints that are missing."""
    names = (*(f"{keypoint}_missing" for keypoint in skeleton.keypoints), "missing_share")
    return tuple(Trait(name, "", summary="none", share=True) for name in names)


def compute(points: Tensor) -> Tensor:
    """`(..., animal, keypoint, 2, time)` -> `(..., animal, keypoint + 1, time)`, 0 to 1."""
    flags = points.isnan().any(dim=-2).to(points.dtype)
    return torch.cat([flags, flags.mean(dim=-2, keepdim=True)], dim=-2)
