"""Windowed features, and how each relation compares with the rest of the recording."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from nuzzle.features.base import WHOLE_RECORDING, Column, FeatureSet
from nuzzle.features.windowed import Windowed, WindowedSymmetric


@dataclass(frozen=True)
class WindowedRelative(FeatureSet):
    """All columns of `Windowed`, then each relation relative to its usual value.

    Usual is the median over the recording; the unit is the distance between the values that a tenth
    of the frames stay below and a tenth exceed. It takes away what tells recordings apart rather
    than behaviours: how large the animals are, how well they are tracked. It needs the whole
    recording, so that there is no answer before its end.

    Attributes:
        windowed_set: the features that are compared, and their windows.
    """

    unscaled_unit: ClassVar[str] = "bl"
    windowed_set: ClassVar[type[Windowed]] = Windowed

    @cached_property
    def windowed(self) -> Windowed:
        """The features without comparison."""
        return self.windowed_set(self.skeleton, self.fps, self.unit)

    @property
    def support_frames(self) -> tuple[int, int]:
        """The whole recording."""
        return WHOLE_RECORDING

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Those of `windowed`, then those of its relations, compared."""
        compared = (Column(f"{name}_relative", "") for name, _ in self.windowed.inner.columns)
        return (*self.windowed.columns, *compared)

    @property
    def shares(self) -> tuple[int, ...]:
        """Those of `windowed`, and of its relations, which are larger or smaller than usual."""
        first = len(self.windowed.columns)
        return (*self.windowed.shares, *(first + inner for inner in self.windowed.inner.shares))

    def blocks(self, points: Tensor) -> list[Tensor]:
        """Those of `windowed`, then its relations, compared."""
        blocks = self.windowed.blocks(points)
        return [*blocks, relative(blocks[0])]

    def __call__(self, poses: Tensor) -> Tensor:
        """As that of any set; `poses` are those of the whole recording."""
        windowed = self.windowed(poses)
        inner = windowed[..., : len(self.windowed.inner.columns)]
        compared = relative(inner.transpose(-1, -2)).transpose(-1, -2)
        return torch.cat([windowed, compared], dim=-1)


@dataclass(frozen=True)
class WindowedRelativeSymmetric(WindowedRelative):
    """The same whichever animal comes first; see `RelationalSymmetric`."""

    symmetric: ClassVar[bool] = True
    windowed_set: ClassVar[type[Windowed]] = WindowedSymmetric


def relative(values: Tensor) -> Tensor:
    """Values `(..., time)` less their median over time, over the span of their middle 80 %.

    Where the span is zero the unit stays. NaN is missing.
    """
    ordered = values.sort(dim=-1).values  # what is missing comes last
    last = ((~values.isnan()).sum(dim=-1, keepdim=True) - 1).clamp(min=0)
    low, usual, high = (
        ordered.gather(-1, (share * last + 0.5).long()) for share in (0.1, 0.5, 0.9)
    )
    span = high - low
    return (values - usual) / torch.where(span > 0, span, 1.0)
