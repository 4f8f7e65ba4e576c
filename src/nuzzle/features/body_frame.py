"""Each animal's own frame of reference: where the keypoints of both animals are, seen from it.

The origin is the animal's centre, the first axis points forward, the second to its right (y points
down in images). Egocentric coordinates as in MARS (Segalin et al., 2021).
"""

from __future__ import annotations

import torch
from torch import Tensor

from nuzzle.features.geometry import length, mean_of_present
from nuzzle.features.traits import Trait
from nuzzle.skeleton import Skeleton

BEARING = (
    Trait("bearing_sin", "", odd=True),
    Trait("bearing_cos", ""),
)


def keypoint_traits(skeleton: Skeleton, unit: str) -> tuple[Trait, ...]:
    """Forward and right coordinate of each of the own and the other's keypoints."""
    return tuple(
        Trait(f"{whose}_{keypoint}_{axis}", unit, odd=axis == "right", summary="none")
        for whose in ("own", "other")
        for keypoint in skeleton.keypoints
        for axis in ("forward", "right")
    )


def forward(points: Tensor, skeleton: Skeleton) -> Tensor:
    """Unit vector from tail base to nose.

    Where one of the two is missing, the mean of the centre keypoints between them stands in: a
    tracker that loses the nose often still knows which way the body points.

    Args:
        points: `(..., animal, keypoint, 2, time)`.
        skeleton: says which keypoints are nose, tail base and centre.

    Returns:
        `(..., animal, 2, time)`; NaN where fewer than two of these are there or they coincide.
    """
    nose = points[..., skeleton.nose_index, :, :]
    tail = points[..., skeleton.tail_base_index, :, :]
    ends = {skeleton.nose_index, skeleton.tail_base_index}
    between = [index for index in skeleton.centre_indices if index not in ends]
    if between:
        middle = mean_of_present(points[..., between, :, :])
        axis = torch.where(nose.isnan(), middle, nose) - torch.where(tail.isnan(), middle, tail)
    else:
        axis = nose - tail
    return axis / length(axis).unsqueeze(-2)


def seen_from(vectors: Tensor, axis: Tensor) -> Tensor:
    """Vectors in the frame of a body.

    Args:
        vectors: `(..., 2, time)`.
        axis: the body's unit vector forward, `(..., 2, time)`, or what expands to it.

    Returns:
        `(..., 2, time)`: how far forward, how far to the right.
    """
    # Each vector with an axis of its own: through a shared one, a missing vector would take the
    # gradient of all others along, which `integrated_gradients` silences node by node.
    axis = axis.expand_as(vectors)
    x, y = vectors[..., 0, :], vectors[..., 1, :]
    ahead, aside = axis[..., 0, :], axis[..., 1, :]
    return torch.stack([x * ahead + y * aside, y * ahead - x * aside], dim=-2)


def keypoints(points: Tensor, centres: Tensor, axes: Tensor) -> Tensor:
    """All keypoints in the frame of each animal, its own first.

    Args:
        points: `(..., animal, keypoint, 2, time)`.
        centres: `(..., animal, 2, time)`.
        axes: unit vectors forward, `(..., animal, 2, time)`.

    Returns:
        `(..., animal, 4 * keypoint, time)`.
    """
    both = torch.stack([points, points.flip(-4)], dim=-4)
    origin, axis = (each[..., None, None, :, :] for each in (centres, axes))
    return seen_from(both - origin, axis).flatten(-4, -2)


def bearing(to_other: Tensor, axes: Tensor) -> Tensor:
    """Sine and cosine of the angle from an animal's heading to the direction of the other.

    Args:
        to_other: unit vectors from each centre to the other's, `(..., animal, 2, time)`.
        axes: unit vectors forward, `(..., animal, 2, time)`.

    Returns:
        `(..., animal, 2, time)`; the sine is positive where the other is to the right.
    """
    return seen_from(to_other, axes).flip(-2)
