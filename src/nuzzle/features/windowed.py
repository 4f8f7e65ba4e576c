"""Relational features with statistics over longer windows, for models that see one frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import ClassVar

import torch
from torch import Tensor

from nuzzle.features import window_stats
from nuzzle.features.base import Column, FeatureSet, half_frames
from nuzzle.features.relational import Relational, RelationalSymmetric


@dataclass(frozen=True)
class Windowed(FeatureSet):
    """All columns of `Relational`, then statistics over centred windows.

    The mean of all but single coordinates and flags; of the traits that vary most between
    behaviours also the standard deviation and, over short windows, the extremes.

    Attributes:
        inner_set: the features of the frame itself.
        windows_s: lengths of the windows of means and standard deviations, s.
        extremes_s: lengths of the windows of extremes, s: over longer ones they are those of the
            recording.
    """

    unscaled_unit: ClassVar[str] = "bl"
    inner_set: ClassVar[type[Relational]] = Relational
    windows_s: ClassVar[tuple[float, ...]] = (1.0, 3.0, 10.0, 30.0)
    extremes_s: ClassVar[tuple[float, ...]] = (1.0, 3.0)

    @cached_property
    def inner(self) -> Relational:
        """The features of the frame itself."""
        return self.inner_set(self.skeleton, self.fps, self.unit)

    @cached_property
    def half_windows(self) -> tuple[int, ...]:
        """Half of each of the windows, frames."""
        return half_frames(self.windows_s, self.fps)

    @cached_property
    def half_extremes(self) -> tuple[int, ...]:
        """Half of each window of extremes, frames."""
        return half_frames(self.extremes_s, self.fps)

    @cached_property
    def averaged(self) -> tuple[int, ...]:
        """Which columns of `inner` have a mean."""
        return tuple(i for i, t in enumerate(self.inner.traits) if t.summary != "none")

    @cached_property
    def spread(self) -> tuple[int, ...]:
        """Which columns of `inner` have a standard deviation and extremes."""
        return tuple(i for i, t in enumerate(self.inner.traits) if t.summary == "spread")

    @property
    def support_frames(self) -> tuple[int, int]:
        """That of the inner features, and half of the longest window, on each side."""
        before, after = self.inner.support_frames
        return (before + max(self.half_windows), after + max(self.half_windows))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Those of `inner`, then mean, sd, min and max, for each its windows, short ones first."""
        return (
            *self.inner.columns,
            *self._columns("mean", self.averaged, self.half_windows),
            *self._columns("sd", self.spread, self.half_windows),
            *self._columns("min", self.spread, self.half_extremes),
            *self._columns("max", self.spread, self.half_extremes),
        )

    def _columns(
        self, statistic: str, chosen: tuple[int, ...], halves: tuple[int, ...]
    ) -> list[Column]:
        named = [self.inner.columns[i] for i in chosen]
        return [
            Column(f"{name}_{statistic}_over_{2 * half / self.fps:.3g}s", unit)
            for half in halves
            for name, unit in named
        ]

    @property
    def shares(self) -> tuple[int, ...]:
        """Those of `inner`, and their statistics."""
        windows, extremes = len(self.half_windows), len(self.half_extremes)
        parts = [self.averaged] * windows + [self.spread] * (windows + 2 * extremes)
        of = chain(range(len(self.inner.columns)), *parts)
        shares = {*self.inner.shares}
        return tuple(column for column, inner in enumerate(of) if inner in shares)

    def blocks(self, points: Tensor) -> list[Tensor]:
        """The inner features and the statistics, in the order of `columns`."""
        values = torch.cat(self.inner.blocks(points), dim=-2)
        spread = values[..., list(self.spread), :]
        return [
            values,
            *window_stats.means(values[..., list(self.averaged), :], self.half_windows),
            *window_stats.deviations(spread, self.half_windows),
            *window_stats.least(spread, self.half_extremes),
            *window_stats.largest(spread, self.half_extremes),
        ]


@dataclass(frozen=True)
class WindowedSymmetric(Windowed):
    """The same whichever animal comes first; see `RelationalSymmetric`."""

    symmetric: ClassVar[bool] = True
    inner_set: ClassVar[type[Relational]] = RelationalSymmetric


@dataclass(frozen=True)
class WindowedAll(Windowed):
    """All four statistics of every column of `Relational`, over windows of up to 10 s.

    Trees need more recordings to learn from so many columns than from those of `Windowed`, but they
    err elsewhere: a second view for an ensemble.
    """

    windows_s: ClassVar[tuple[float, ...]] = (1.0, 3.0, 10.0)
    extremes_s: ClassVar[tuple[float, ...]] = (1.0, 3.0, 10.0)

    @cached_property
    def averaged(self) -> tuple[int, ...]:
        """All columns of `inner` have a mean."""
        return tuple(range(len(self.inner.columns)))

    @property
    def spread(self) -> tuple[int, ...]:
        """All columns of `inner` have a standard deviation and extremes."""
        return self.averaged


@dataclass(frozen=True)
class WindowedAllSymmetric(WindowedAll):
    """The same whichever animal comes first; see `RelationalSymmetric`."""

    symmetric: ClassVar[bool] = True
    inner_set: ClassVar[type[Relational]] = RelationalSymmetric
