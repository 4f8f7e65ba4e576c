"""The engineered features of the CNN-LSTM for CalMS21: 4 K + 20 columns for K keypoints.

With the seven keypoints of CalMS21 these are the 48 features of `engineered48`, whose order is
part of its contract: keypoints 28, distances 4, velocity 6, acceleration 2, approach rate 2,
orientation 4, facing angle 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from nuzzle.features import distances, geometry, keypoints, motion, orientation
from nuzzle.features.base import Column, FeatureSet


@dataclass(frozen=True)
class Engineered(FeatureSet):
    """Coordinates, distances, motion and orientation of a pair, in image coordinates."""

    @property
    def support_frames(self) -> tuple[int, int]:
        """Acceleration is a rate of a rate: two frames on each side."""
        return (2, 2)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Names and units of the 4 K + 20 columns."""
        return (
            *keypoints.columns(self.skeleton, self.unit),
            *distances.columns(self.unit),
            *motion.velocity_columns(self.unit),
            *motion.acceleration_columns(self.unit),
            *motion.approach_columns(self.unit),
            *orientation.COLUMNS,
            *orientation.FACING_COLUMNS,
        )

    def blocks(self, points: Tensor) -> list[Tensor]:
        """The seven blocks, in the order of `columns`."""
        centres = geometry.centre(points, self.skeleton)
        headings = geometry.heading(points, self.skeleton)
        apart = distances.compute(centres, points[..., self.skeleton.nose_index, :, :])
        velocity = geometry.rate(centres, self.fps)
        return [
            keypoints.compute(points),
            apart,
            motion.velocity(velocity),
            motion.acceleration(velocity, self.fps),
            motion.approach(apart[..., :2, :], self.fps),
            orientation.direction(headings),
            orientation.facing(headings, centres),
        ]
