"""How far apart the two animals are."""

from __future__ import annotations

import torch
from torch import Tensor

from nuzzle.features.base import Column
from nuzzle.features.geometry import length

NAMES = (
    "centre_to_centre",
    "nose_to_nose",
    "agent_nose_to_target_centre",
    "target_nose_to_agent_centre",
)


def columns(unit: str) -> tuple[Column, ...]:
    """Four distances between the animals."""
    return tuple(Column(f"distance_{name}", unit) for name in NAMES)


def compute(centres: Tensor, noses: Tensor) -> Tensor:
    """Distances between the animals.

    Args:
        centres: `(..., animal, 2, time)`.
        noses: `(..., animal, 2, time)`.

    Returns:
        `(..., 4, time)`, in the order of `NAMES`.
    """
    agent, target = 0, 1

    def between(one: Tensor, other: Tensor) -> Tensor:
        return length(one - other)

    return torch.stack(
        [
            between(centres[..., agent, :, :], centres[..., target, :, :]),
            between(noses[..., agent, :, :], noses[..., target, :, :]),
            between(noses[..., agent, :, :], centres[..., target, :, :]),
            between(noses[..., target, :, :], centres[..., agent, :, :]),
        ],
        dim=-2,
    )
