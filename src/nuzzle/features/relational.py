"""Relational features: how two animals stand and move relative to each other, for any skeleton.

Nothing depends on where in the arena the animals are or which way north is. `Relational` measures
from the side of each animal, agent first; `RelationalSymmetric` forgets which animal is which, for
labels without direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from nuzzle.features import body_frame, geometry, keypoint_distances, lags, missing, shape
from nuzzle.features.base import Column, FeatureSet, half_frames
from nuzzle.features.traits import Trait

#: Lags of speeds and turns, s.
LAGS_S = (0.1, 0.25, 0.5, 1.0, 2.0)


class Parts(NamedTuple):
    """What is measured, before it is laid out in columns.

    Attributes:
        each: blocks `(..., animal, feature, time)`, from the side of each animal.
        between: distances `(..., keypoint of the agent, keypoint of the target, time)`.
        shared: `(..., feature, time)`, of the pair; what is odd changes sign with the order.
    """

    each: list[Tensor]
    between: Tensor
    shared: Tensor


@dataclass(frozen=True)
class Relational(FeatureSet):
    """Egocentric keypoints, distances, angles, motion over lags, size and missing points.

    A column changes sign under reflection exactly where its `traits` entry is odd; keypoints called
    left and right change places as well.
    """

    unscaled_unit: ClassVar[str] = "bl"

    @cached_property
    def half_lags(self) -> tuple[int, ...]:
        """Half of each lag, frames."""
        return half_frames(LAGS_S, self.fps)

    @property
    def support_frames(self) -> tuple[int, int]:
        """Half of the longest lag on each side."""
        return (max(self.half_lags), max(self.half_lags))

    @cached_property
    def _each(self) -> tuple[tuple[Trait, ...], ...]:
        """Traits of the blocks of `Parts.each`."""
        return (
            body_frame.keypoint_traits(self.skeleton, self.unit),
            body_frame.BEARING,
            keypoint_distances.within_traits(self.skeleton, self.unit),
            lags.traits(self.half_lags, self.fps, self.unit),
            lags.keypoint_speed_traits(self.skeleton, self.half_lags, self.fps, self.unit),
            shape.traits(self.unit),
            missing.traits(self.skeleton),
        )

    @cached_property
    def _shared(self) -> tuple[Trait, ...]:
        """Traits of `Parts.shared`."""
        return (
            Trait("centre_to_centre", self.unit, summary="spread"),
            Trait("closest_keypoints", self.unit, summary="spread"),
            Trait("relative_heading_sin", "", odd=True),
            Trait("relative_heading_cos", ""),
            *lags.closing_traits(self.half_lags, self.fps, self.unit),
        )

    def _between(self, one: str, other: str) -> Trait:
        return keypoint_distances.between_trait(one, other, self.skeleton, self.unit)

    @cached_property
    def traits(self) -> tuple[Trait, ...]:
        """What each column measures, named as the column is."""
        names = self.skeleton.keypoints
        return (
            *(
                trait._replace(name=f"{animal}_{trait.name}")
                for block in self._each
                for animal in ("agent", "target")
                for trait in block
            ),
            *(
                self._between(one, other)._replace(name=f"agent_{one}_to_target_{other}")
                for one in names
                for other in names
            ),
            *self._shared,
        )

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Names and units; K * K + K (K - 1) + 10 K + 16 columns, and 2 K + 11 for each lag."""
        return tuple(Column(trait.name, trait.unit) for trait in self.traits)

    @property
    def shares(self) -> tuple[int, ...]:
        """What is missing."""
        return tuple(i for i, trait in enumerate(self.traits) if trait.share)

    def measure(self, points: Tensor) -> Parts:
        """Everything, from points `(..., animal, keypoint, 2, time)`."""
        centres = geometry.centre(points, self.skeleton)
        axes = body_frame.forward(points, self.skeleton)
        apart = centres.flip(-3) - centres
        distance = geometry.length(apart[..., 0, :, :])
        to_other = apart / distance[..., None, None, :]
        within = keypoint_distances.within(points)
        between = keypoint_distances.between(points)
        moved = lags.displacements(points, self.half_lags)
        of_centre = [each[..., list(self.skeleton.centre_indices), :, :] for each in moved]
        rates = lags.motion(of_centre, axes, to_other, self.half_lags, self.fps)
        relative = body_frame.seen_from(axes[..., 1, :, :], axes[..., 0, :, :]).flip(-2)
        pair = torch.stack([distance, keypoint_distances.closest(between)], dim=-2)
        return Parts(
            each=[
                body_frame.keypoints(points, centres, axes),
                body_frame.bearing(to_other, axes),
                within,
                rates,
                lags.keypoint_speeds(moved, self.half_lags, self.fps),
                shape.compute(points, within),
                missing.compute(points),
            ],
            between=between,
            shared=torch.cat([pair, relative, lags.closing(rates)], dim=-2),
        )

    def blocks(self, points: Tensor) -> list[Tensor]:
        """The blocks, in the order of `columns`."""
        parts = self.measure(points)
        each = [block.flatten(-3, -2) for block in parts.each]
        return [*each, parts.between.flatten(-3, -2), parts.shared]


@dataclass(frozen=True)
class RelationalSymmetric(Relational):
    """The same whichever animal comes first: the larger and the smaller of both sides.

    What changes sign under reflection counts by its size, so the features are the same for a
    mirrored pair as well, but for keypoints called left and right. Where one side is unknown, the
    other stands for both: while one animal hides below the other, the upper one is still seen.
    """

    symmetric: ClassVar[bool] = True

    @cached_property
    def traits(self) -> tuple[Trait, ...]:
        """What each column measures, named as the column is."""
        names = self.skeleton.keypoints
        each = [trait for block in self._each for trait in _even(block)]
        apart = [self._between(one, other) for one, other in combinations(names, 2)]
        return (
            *_both(each),
            *(self._between(name, name) for name in names),
            *_both(apart),
            *_even(self._shared),
        )

    def blocks(self, points: Tensor) -> list[Tensor]:
        """The blocks, in the order of `columns`."""
        parts = self.measure(points)
        each = [_sizes(block, traits) for block, traits in zip(parts.each, self._each, strict=True)]
        one, other = torch.cat(each, dim=-2).unbind(dim=-3)
        upper, lower = zip(*combinations(range(len(self.skeleton.keypoints)), 2), strict=True)
        forth = parts.between[..., list(upper), list(lower), :]
        back = parts.between[..., list(lower), list(upper), :]
        same = parts.between.diagonal(dim1=-3, dim2=-2).transpose(-1, -2)
        return [
            torch.fmax(one, other),
            torch.fmin(one, other),
            same,
            torch.fmax(forth, back),
            torch.fmin(forth, back),
            _sizes(parts.shared, self._shared),
        ]


def _both(traits: list[Trait]) -> list[Trait]:
    return [
        trait._replace(name=f"{trait.name}_{which}") for which in ("max", "min") for trait in traits
    ]


def _even(traits: tuple[Trait, ...]) -> list[Trait]:
    """Traits after `_sizes`."""
    return [
        trait._replace(name=f"{trait.name}_size", odd=False) if trait.odd else trait
        for trait in traits
    ]


def _sizes(values: Tensor, traits: tuple[Trait, ...]) -> Tensor:
    """`(..., feature, time)` without the sign of what is odd."""
    odd = torch.tensor([trait.odd for trait in traits], device=values.device).unsqueeze(-1)
    return torch.where(odd, values.abs(), values)
