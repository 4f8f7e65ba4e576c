"""Augmentation of windows of normalised features, as in the source document."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nuzzle.config import AugmentationConfig


def noise_and_scale(x: Tensor, config: AugmentationConfig, rng: np.random.Generator) -> Tensor:
    """Scale each window, and add Gaussian noise.

    Args:
        x: `(batch, time, feature)`, normalised.
        config: `noise_std` in standard deviations, `scale` the range of factors.
        rng: source of the random numbers.
    """
    if config.scale is not None:
        x = x * torch.from_numpy(rng.uniform(*config.scale, size=(len(x), 1, 1))).to(x)
    if config.noise_std:
        noise = rng.standard_normal(x.shape, dtype=np.float32)
        x = x + config.noise_std * torch.from_numpy(noise).to(x)
    return x


class Mixed(NamedTuple):
    """A batch blended with a shuffled copy of itself.

    Attributes:
        x: `(batch, time, feature)`, ``share * x + (1 - share) * x[order]``.
        order: `(batch,)`, which sample was blended in.
        share: of the sample itself; the loss is blended with the same share.
    """

    x: Tensor
    order: Tensor
    share: float


def mixup(x: Tensor, alpha: float, rng: np.random.Generator) -> Mixed:
    """Blend samples (Zhang et al. 2018, "mixup: beyond empirical risk minimization").

    Args:
        x: `(batch, time, feature)`.
        alpha: both parameters of the Beta distribution of the share.
        rng: source of the random numbers.
    """
    order = torch.from_numpy(rng.permutation(len(x))).to(x.device)
    share = float(rng.beta(alpha, alpha))
    return Mixed(share * x + (1 - share) * x[order], order, share)


def one_run(inside: Tensor) -> Tensor:
    """From the first frame that exists to the last, `(batch, time)` bool: models take one run.

    What is blended of the end of a recording and the start of another leaves a hole.

    >>> one_run(torch.tensor([[False, True, False, True, False]])).tolist()
    [[False, True, True, True, False]]
    """
    begun = inside.cummax(dim=1).values
    not_over = inside.flip(1).cummax(dim=1).values.flip(1)
    return begun & not_over
