"""A price for labels that jump from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Smoothness:
    """Truncated mean squared difference of log probabilities of successive frames.

    Farha & Gall 2019, "MS-TCN: multi-stage temporal convolutional network for action segmentation",
    who add it to the classification loss with weight 0.15. The earlier frame is held fixed. A jump
    larger than `limit` costs no more than one of `limit`, so that true onsets stay affordable.

    Attributes:
        exclusive: softmax over the classes, or a sigmoid each.
        limit: of a difference of log probabilities.
    """

    exclusive: bool
    limit: float = 4.0

    def __call__(self, logits: Tensor, inside: Tensor) -> Tensor:
        """Mean over behaviours and pairs of successive frames that exist; 0 if there is none.

        Args:
            logits: `(batch, time, behaviour)`.
            inside: `(batch, time)` bool, the frames that exist.
        """
        log_p = logits.log_softmax(-1) if self.exclusive else F.logsigmoid(logits)
        jump = (log_p[:, 1:] - log_p[:, :-1].detach()).abs().clamp(max=self.limit)
        both = (inside[:, 1:] & inside[:, :-1]).unsqueeze(-1).expand_as(jump)
        return jump.square().masked_fill(~both, 0.0).sum() / both.sum().clamp(min=1)
