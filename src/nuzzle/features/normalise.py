"""Scaling features to mean 0 and standard deviation 1, with the training recordings' statistics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

#: Frames that are summed at once, so that memory does not grow with the recordings.
_PART_FRAMES = 16_384
#: Shares are not scaled up more than by ten: a point that is hardly ever missing in training is
#: missing for long where a cable hides it, which must not be a number of a size never met.
LEAST_SHARE_STD = 0.1


@dataclass(frozen=True, eq=False)
class Normaliser:
    """Statistics of the training frames.

    Attributes:
        mean: `(feature,)`.
        std: `(feature,)`; 1 where a feature never changed or was never there. Flags, which stay as
            they are, have mean 0 and standard deviation 1.
    """

    mean: Tensor
    std: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Normalised features `(..., feature)`; a missing value becomes 0, the training mean."""
        return (features - self.mean).div_(self.std).nan_to_num_(nan=0.0)

    @classmethod
    def fit(
        cls, blocks: Iterable[Tensor], flags: Sequence[int] = (), shares: Sequence[int] = ()
    ) -> Normaliser:
        """Statistics over blocks of `(time, feature)`; missing values do not count.

        Args:
            blocks: of the training recordings.
            flags: features that are not scaled.
            shares: features between 0 and 1, which are not scaled up much.
        """
        sums = []
        for part in (part for block in blocks for part in torch.split(block, _PART_FRAMES)):
            values = part.double()
            there = torch.isfinite(values)
            filled = torch.where(there, values, 0.0)
            sums.append(torch.stack([there.sum(0), filled.sum(0), (filled**2).sum(0)]))
        count, total, squares = torch.stack(sums).sum(0)
        enough = count.clamp(min=1)
        mean = total / enough
        std = (squares / enough - mean**2).clamp(min=0).sqrt()
        std = torch.where(std > 1e-6 * (1 + mean.abs()), std, 1.0)
        std[list(shares)] = std[list(shares)].clamp(min=LEAST_SHARE_STD)
        # Scaled, a flag that is always or never set in training would be 0 either way.
        mean[list(flags)], std[list(flags)] = 0.0, 1.0
        return cls(mean.float(), std.float())

    def to_dict(self) -> dict[str, list[float]]:
        """Plain values."""
        return {"mean": self.mean.tolist(), "std": self.std.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Normaliser:
        """The inverse of `to_dict`."""
        return cls(torch.tensor(values["mean"]), torch.tensor(values["std"]))
