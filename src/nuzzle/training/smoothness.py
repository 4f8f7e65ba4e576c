"""A price for labels that jump from frame to frame."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

#: A larger difference of log probabilities costs no more, so that true onsets stay affordable.
_LIMIT = 4.0


def smoothness(logits: Tensor, inside: Tensor, *, exclusive: bool) -> Tensor:
    """Truncated mean squared difference of log probabilities of successive frames.

    Farha & Gall 2019, "MS-TCN: multi-stage temporal convolutional network for action segmentation",
    who add it to the classification loss with weight 0.15. The earlier frame is held fixed.

    Args:
        logits: `(batch, time, behaviour)`.
        inside: `(batch, time)` bool, the frames that exist.
        exclusive: softmax over the classes, or a sigmoid each.

    Returns:
        The mean over behaviours and pairs of successive frames that exist; 0 if there is none.
    """
    log_p = logits.log_softmax(-1) if exclusive else F.logsigmoid(logits)
    jump = (log_p[:, 1:] - log_p[:, :-1].detach()).abs().clamp(max=_LIMIT)
    both = (inside[:, 1:] & inside[:, :-1]).unsqueeze(-1).expand_as(jump)
    return jump.square().masked_fill(~both, 0.0).sum() / both.sum().clamp(min=1)
