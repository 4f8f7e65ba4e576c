"""Where every keypoint is."""

from __future__ import annotations

from torch import Tensor

from nuzzle.features.base import Column
from nuzzle.skeleton import Skeleton


def columns(skeleton: Skeleton, unit: str) -> tuple[Column, ...]:
    """x and y of every keypoint, agent first: 4 columns a keypoint."""
    return tuple(
        Column(f"{animal}_{keypoint}_{axis}", unit)
        for animal in ("agent", "target")
        for keypoint in skeleton.keypoints
        for axis in "xy"
    )


def compute(points: Tensor) -> Tensor:
    """`(..., animal, keypoint, 2, time)` -> `(..., 4 * keypoint, time)`."""
    return points.flatten(-4, -2)
