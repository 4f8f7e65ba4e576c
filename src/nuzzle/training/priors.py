"""What to add to logits because of how common each class is."""

from __future__ import annotations

import torch
from torch import Tensor


def logit_adjustment(counts: Tensor, looked_for: Tensor, tau: float = 1.0) -> Tensor:
    """What to add to the logits in training, so that rare classes are learned with a wider margin.

    Menon et al. 2021, "Long-tail learning via logit adjustment": ``tau * log(prior)``. The loss is
    computed on the logits plus this; labels are predicted from the logits alone, which then rank
    classes by balanced accuracy.

    Args:
        counts: frames of each of exclusive classes, `(behaviour,)`.
        looked_for: frames with a class in which each was looked for, `(behaviour,)`.
        tau: strength; 0 changes nothing.

    Returns:
        `(behaviour,)`. A class that never occurs counts as if it occurred once.
    """
    prior = counts.double().clamp(min=1) / looked_for.double().clamp(min=1)
    return (tau * torch.log(prior)).float()
