"""How large and how stretched each body is."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nuzzle.features.traits import Trait


def traits(unit: str) -> tuple[Trait, ...]:
    """Extent, elongation and area of a body."""
    return (
        Trait("extent", unit),
        Trait("elongation", ""),
        Trait("area", f"{unit}^2"),
    )


def compute(points: Tensor, distances: Tensor) -> Tensor:
    """Size and shape of each animal.

    Elongation and area are those of the ellipse with the second moments of the keypoints: 0 for a
    circle, 1 for a line; 4 pi times the root of the determinant of their covariance.

    Args:
        points: `(..., animal, keypoint, 2, time)`.
        distances: inside each body, `(..., animal, pair, time)`.

    Returns:
        `(..., animal, 3, time)`: the largest distance that is known, elongation, area; the last
        two are NaN where a keypoint is missing.
    """
    known = torch.where(distances.isnan(), -torch.inf, distances).amax(dim=-2)
    extent = torch.where(known.isinf(), torch.nan, known)
    x, y = (points - points.mean(dim=-3, keepdim=True)).unbind(dim=-2)
    xx, yy, xy = (x * x).mean(-2), (y * y).mean(-2), (x * y).mean(-2)
    elongation = torch.hypot(xx - yy, 2 * xy) / (xx + yy)
    area = 4 * math.pi * (xx * yy - xy * xy).clamp(min=0).sqrt()
    return torch.stack([extent, elongation, area], dim=-2)
