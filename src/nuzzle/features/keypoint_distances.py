"""Distances between all pairs of keypoints, within each animal and between the two."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor

from nuzzle.features.geometry import length
from nuzzle.features.traits import Trait
from nuzzle.skeleton import Skeleton


def within_traits(skeleton: Skeleton, unit: str) -> tuple[Trait, ...]:
    """K (K - 1) / 2 distances inside a body."""
    return tuple(
        Trait(f"{one}_to_own_{other}", unit) for one, other in combinations(skeleton.keypoints, 2)
    )


def between_trait(one: str, other: str, skeleton: Skeleton, unit: str) -> Trait:
    """The distance from `one` of the agent to `other` of the target."""
    noses = one == other == skeleton.nose
    return Trait(f"{one}_to_other_{other}", unit, summary="spread" if noses else "mean")


def within(points: Tensor) -> Tensor:
    """`(..., animal, keypoint, 2, time)` -> `(..., animal, K (K - 1) / 2, time)`."""
    one, other = zip(*combinations(range(points.shape[-3]), 2), strict=True)
    return length(points[..., list(one), :, :] - points[..., list(other), :, :])


def between(points: Tensor) -> Tensor:
    """Distances from every keypoint of the agent to every one of the target.

    Args:
        points: `(..., animal, keypoint, 2, time)`.

    Returns:
        `(..., keypoint of the agent, keypoint of the target, time)`.
    """
    agent, target = points.unbind(dim=-4)
    return length(agent.unsqueeze(-3) - target.unsqueeze(-4))


def closest(distances: Tensor) -> Tensor:
    """The smallest of the distances `(..., keypoint, keypoint, time)` that are known.

    Returns:
        `(..., time)`; NaN where none is known.
    """
    known = torch.where(distances.isnan(), torch.inf, distances).amin(dim=(-3, -2))
    return torch.where(known.isinf(), torch.nan, known)
