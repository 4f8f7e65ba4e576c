"""How the animals move, and how fast they close in on each other."""

from __future__ import annotations

import torch
from torch import Tensor

from nuzzle.features.base import Column
from nuzzle.features.geometry import length, rate


def velocity_columns(unit: str) -> tuple[Column, ...]:
    """vx, vy and speed of each centre."""
    return tuple(
        Column(f"{animal}_centre_{name}", f"{unit}/s")
        for animal in ("agent", "target")
        for name in ("vx", "vy", "speed")
    )


def acceleration_columns(unit: str) -> tuple[Column, ...]:
    """Magnitude of each centre's acceleration."""
    return tuple(
        Column(f"{animal}_centre_acceleration", f"{unit}/s^2") for animal in ("agent", "target")
    )


def approach_columns(unit: str) -> tuple[Column, ...]:
    """Closing speed of the centres and of the noses; positive when closing in."""
    return tuple(Column(f"approach_rate_{name}", f"{unit}/s") for name in ("centre", "nose"))


def velocity(centre_velocity: Tensor) -> Tensor:
    """`(..., animal, 2, time)` velocities -> vx, vy, speed of each animal, `(..., 6, time)`."""
    speed = length(centre_velocity).unsqueeze(-2)
    return torch.cat([centre_velocity, speed], dim=-2).flatten(-3, -2)


def acceleration(centre_velocity: Tensor, fps: float) -> Tensor:
    """`(..., animal, 2, time)` velocities -> magnitudes `(..., 2, time)`."""
    return length(rate(centre_velocity, fps))


def approach(distances: Tensor, fps: float) -> Tensor:
    """Minus the rate of change of `(..., 2, time)` distances: positive when closing in."""
    return -rate(distances, fps)
