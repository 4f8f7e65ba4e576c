"""Relational features with statistics over longer windows, for models that see one frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from nuzzle.features.base import Column, FeatureSet
from nuzzle.features.relational import Relational, RelationalSymmetric
from nuzzle.features.window_stats import NAMES, half_windows, window_stats

#: Lengths of the windows, s.
WINDOWS_S = (0.5, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Windowed(FeatureSet):
    """All columns of `Relational`, then statistics of some of them over centred windows."""

    unscaled_unit: ClassVar[str] = "bl"
    inner_set: ClassVar[type[Relational]] = Relational

    @cached_property
    def inner(self) -> Relational:
        """The features of the frame itself."""
        return self.inner_set(self.skeleton, self.fps, self.unit)

    @cached_property
    def half_windows(self) -> tuple[int, ...]:
        """Half of each window, frames."""
        return half_windows(WINDOWS_S, self.fps)

    @cached_property
    def summarised(self) -> tuple[int, ...]:
        """Which columns of `inner` have statistics."""
        return tuple(i for i, trait in enumerate(self.inner.traits) if trait.summarised)

    @property
    def support_frames(self) -> tuple[int, int]:
        """That of the inner features, and half of the longest window, on each side."""
        before, after = self.inner.support_frames
        return (before + max(self.half_windows), after + max(self.half_windows))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Those of `inner`, then for each window mean, sd, min and max of the summarised ones."""
        chosen = [self.inner.columns[i] for i in self.summarised]
        return (
            *self.inner.columns,
            *(
                Column(f"{column.name}_{name}_{2 * half / self.fps:.3g}s", column.unit)
                for half in self.half_windows
                for name in NAMES
                for column in chosen
            ),
        )

    def families(self, points: Tensor) -> list[Tensor]:
        """The inner features and the statistics, in the order of `columns`."""
        values = torch.cat(self.inner.families(points), dim=-2)
        chosen = values[..., list(self.summarised), :]
        return [values, window_stats(chosen, self.half_windows)]


@dataclass(frozen=True)
class WindowedSymmetric(Windowed):
    """The same whichever animal comes first; see `RelationalSymmetric`."""

    symmetric: ClassVar[bool] = True
    inner_set: ClassVar[type[Relational]] = RelationalSymmetric
