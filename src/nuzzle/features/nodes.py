"""Keypoints as nodes of a graph: where each is, how it moves, whether it is there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from nuzzle.features import body_frame, geometry
from nuzzle.features.base import Column, FeatureSet


@dataclass(frozen=True)
class Nodes(FeatureSet):
    """Five channels for each keypoint of both animals, in the agent's frame of reference.

    Forward and right coordinate, forward and right velocity, and presence: 1 where the keypoint has
    a place in the agent's frame, -1 where it has none, because it is missing or the agent's heading
    is. Velocities are those in the arena, turned into the agent's frame: an agent that walks ahead
    moves forward. The columns run over animals, keypoints, channels, so that they reshape to
    `(2, keypoint, 5)`; presence is never missing.
    """

    unscaled_unit: ClassVar[str] = "bl"

    @property
    def support_frames(self) -> tuple[int, int]:
        """A velocity needs one frame on each side."""
        return (1, 1)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Names and units of the 10 K columns."""
        channels = (
            ("forward", self.unit),
            ("right", self.unit),
            ("forward_velocity", f"{self.unit}/s"),
            ("right_velocity", f"{self.unit}/s"),
            ("present", ""),
        )
        return tuple(
            Column(f"{animal}_{keypoint}_{name}", unit)
            for animal in ("agent", "target")
            for keypoint in self.skeleton.keypoints
            for name, unit in channels
        )

    @property
    def flags(self) -> tuple[int, ...]:
        """Presence, the last of the five channels."""
        return tuple(range(4, len(self.columns), 5))

    def blocks(self, points: Tensor) -> list[Tensor]:
        """One block, in the order of `columns`."""
        origin = geometry.centre(points, self.skeleton)[..., :1, None, :, :]
        axis = body_frame.forward(points, self.skeleton)[..., :1, None, :, :]
        place = body_frame.seen_from(points - origin, axis)
        velocity = body_frame.seen_from(geometry.rate(points, self.fps), axis)
        there = torch.isfinite(place).all(dim=-2, keepdim=True)
        present = torch.where(there, 1.0, -1.0).to(points.dtype)
        return [torch.cat([place, velocity, present], dim=-2).flatten(-4, -2)]
