"""Where the animals point, and whether they face each other."""

from __future__ import annotations

import torch
from torch import Tensor

from nuzzle.features.base import Column
from nuzzle.features.geometry import length

COLUMNS = tuple(
    Column(f"{animal}_heading_{name}", "")
    for animal in ("agent", "target")
    for name in ("sin", "cos")
)
FACING_COLUMNS = tuple(Column(f"{animal}_facing_angle", "rad") for animal in ("agent", "target"))


def direction(headings: Tensor) -> Tensor:
    """Sine and cosine of each heading.

    Args:
        headings: `(..., animal, 2, time)`, any length.

    Returns:
        `(..., 4, time)`. The angle is measured from the x axis towards the y axis, which points
        down in images. A body without length has no heading.
    """
    unit = headings / length(headings).unsqueeze(-2)
    return unit.flip(-2).flatten(-3, -2)


def facing(headings: Tensor, centres: Tensor) -> Tensor:
    """Angle between each animal's heading and the direction to the other's centre.

    Args:
        headings: `(..., animal, 2, time)`, any length.
        centres: `(..., animal, 2, time)`.

    Returns:
        `(..., 2, time)`, rad, 0 (facing the other) to pi (facing away); NaN where a body has no
        length, or both are in one place.
    """
    to_other = centres.flip(-3) - centres
    cross = headings[..., 0, :] * to_other[..., 1, :] - headings[..., 1, :] * to_other[..., 0, :]
    dot = (headings * to_other).sum(dim=-2)
    nowhere = (cross == 0) & (dot == 0)
    return torch.atan2(cross.abs(), dot).masked_fill(nowhere, torch.nan)
