"""What a feature set is: named columns with units, computed from the poses of a pair.

Poses come as a tensor `(..., time, animal, keypoint, 2)`: agent first, then target; missing points
are NaN. Inside, blocks are computed on `(..., animal, keypoint, 2, time)`, so that each operation
runs along contiguous time; `FeatureSet.__call__` turns the tensor once on the way in and once on
the way out.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from nuzzle.errors import InputError
from nuzzle.prepare.base import nominal_fps
from nuzzle.skeleton import Skeleton

#: The support of a feature that needs all frames.
WHOLE_RECORDING = (sys.maxsize, sys.maxsize)
#: Frames computed at a time: few enough for intermediate results to stay in the cache.
_CHUNK_FRAMES = 8192


def half_frames(lengths_s: Iterable[float], fps: float) -> tuple[int, ...]:
    """Half of each length in whole frames, at least one; lengths that come out equal count once.

    At 29.97 frames per second they are those at 30.

    >>> half_frames((0.1, 0.25, 1.0), fps=10.0)
    (1, 5)
    """
    rate = nominal_fps(fps)
    return tuple(dict.fromkeys(max(1, int(length * rate / 2 + 0.5)) for length in lengths_s))


class Column(NamedTuple):
    """One feature's name and unit ('' for a pure number)."""

    name: str
    unit: str


@dataclass(frozen=True)
class FeatureSet(ABC):
    """Features of an ordered pair.

    Attributes:
        skeleton: which keypoints come, and their roles.
        fps: frames per second of the poses.
        unit: of the poses: ``cm``, ``px`` or ``bl`` (body lengths).
        symmetric: whether both orders of the animals give the same.
        unscaled_unit: the unit to use where the scale of the recordings is unknown.
    """

    symmetric: ClassVar[bool] = False
    unscaled_unit: ClassVar[str] = "px"

    skeleton: Skeleton
    fps: float
    unit: str = "cm"

    @property
    @abstractmethod
    def support_frames(self) -> tuple[int, int]:
        """How many frames before and after a frame its features depend on.

        `WHOLE_RECORDING` where that has no bound.
        """

    @cached_property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """Names and units, in the order of the last dimension."""

    @property
    def flags(self) -> tuple[int, ...]:
        """Columns that say yes or no, 1 or -1; they are not normalised."""
        return ()

    @property
    def shares(self) -> tuple[int, ...]:
        """Columns of shares, 0 to 1, which may hardly ever be more than 0 in training."""
        return ()

    @abstractmethod
    def blocks(self, points: Tensor) -> list[Tensor]:
        """Blocks `(..., feature, time)` from points `(..., animal, keypoint, 2, time)`."""

    def __call__(self, poses: Tensor) -> Tensor:
        """Compute the features.

        Args:
            poses: `(..., time, 2 animals, keypoint, 2)`; NaN is missing.

        Returns:
            `(..., time, feature)`, float32; NaN where a feature needs a missing point.

        Raises:
            InputError: the shape does not fit the skeleton.
        """
        expected = (2, len(self.skeleton.keypoints), 2)
        if poses.ndim < 4 or tuple(poses.shape[-3:]) != expected:
            raise InputError(
                f"poses have the shape (..., time, {', '.join(map(str, expected))}) for the "
                f"keypoints {list(self.skeleton.keypoints)}; got {tuple(poses.shape)}."
            )
        length = poses.shape[-4]
        if length <= _CHUNK_FRAMES:
            return self._block(poses)
        before, after = self.support_frames
        out = poses.new_empty((*poses.shape[:-3], len(self.columns)))
        for start in range(0, length, _CHUNK_FRAMES):
            stop = min(start + _CHUNK_FRAMES, length)
            low, high = max(0, start - before), min(length, stop + after)
            block = self._block(poses[..., low:high, :, :, :])
            out[..., start:stop, :] = block[..., start - low : stop - low, :]
        return out

    def _block(self, poses: Tensor) -> Tensor:
        points = poses.movedim(-4, -1).contiguous()
        return torch.cat(self.blocks(points), dim=-2).transpose(-1, -2)
