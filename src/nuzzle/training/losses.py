"""Losses on frames of which some behaviours may not have been looked for.

Targets and masks are `(..., behaviour)`: a one-hot row (exclusive labels) or any number of ones
(multi-label), and whether each behaviour was looked for. A behaviour that nobody looked for takes
no part: in the exclusive case its logit leaves the softmax, otherwise its term is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

#: A larger difference of log probabilities costs no more, so that true onsets stay affordable.
_LIMIT = 4.0


def inverse_frequency(counts: Tensor, power: float = 1.0) -> Tensor:
    """Weights inversely proportional to how often each class occurs, with mean 1 over true entries.

    Args:
        counts: frames of each behaviour, `(behaviour,)`.
        power: of the frequency; 0.5 for weights inversely proportional to its square root, which
            favour rare classes less.

    Returns:
        `(behaviour,)`; 0 for a class that never occurs.
    """
    counts = counts.double()
    present = counts > 0
    weights = torch.zeros_like(counts)
    weights[present] = counts[present] ** -power
    weights[present] *= counts.sum() / (weights @ counts)
    return weights.float()


def presence_weights(counts: Tensor, looked_for: Tensor, power: float = 1.0) -> Tensor:
    """The `inverse_frequency` of what goes on and of what does not, for each behaviour by itself.

    Args:
        counts: frames of each behaviour, `(behaviour,)`.
        looked_for: frames in which each was looked for, `(behaviour,)`.
        power: of the frequency.

    Returns:
        `(2, behaviour)`: of its frames, and of the others.
    """
    both = torch.stack([counts, looked_for - counts], dim=1)
    return torch.stack([inverse_frequency(each, power) for each in both], dim=1)


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


@dataclass(frozen=True, eq=False)
class FocalLoss:
    """Focal loss; with `gamma` 0 it is the (weighted) cross-entropy.

    Lin et al. 2017, "Focal loss for dense object detection": easy frames count less.

    Attributes:
        exclusive: softmax over the classes, or a sigmoid each.
        gamma: how much less an easy frame counts.
        alpha: class weights; all 1 if None. `(behaviour,)` where exclusive, else `(2, behaviour)`,
            of frames that show a behaviour and of those that do not.
        adjustment: `(behaviour,)`, added to the logits (`logit_adjustment`); none if None.
        background: column of the background, if there is one.
        kinds: weight of a second loss, over the frames with another class than the background and
            among these classes alone: which behaviour it is, if it is one. With `alpha` it weighs
            more than that, as the weights of rare classes do.
    """

    exclusive: bool
    gamma: float = 2.0
    alpha: Tensor | None = None
    adjustment: Tensor | None = None
    background: int | None = None
    kinds: float = 0.0

    def __call__(self, logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
        """Mean loss over frames with a known class, or (multi-label) over all that was looked for.

        It is 0 where there is nothing to learn from.

        Args:
            logits: `(..., behaviour)`.
            targets: `(..., behaviour)`, 0 or 1, float.
            mask: `(..., behaviour)` bool, what was looked for.
        """
        if self.adjustment is not None:
            logits = logits + self.adjustment.to(logits)
        loss = self._mean(logits, targets, mask)
        if not self.kinds or self.background is None:
            return loss
        foreground = mask.clone()
        foreground[..., self.background] = False
        foreground &= foreground.sum(-1, keepdim=True) > 1  # one alone is not told from others
        return loss + self.kinds * self._mean(logits, targets, foreground)

    def _mean(self, logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
        each = self._exclusive if self.exclusive else self._multi_label
        loss, weight = each(logits, targets * mask, mask)
        return loss.sum() / weight.sum().clamp(min=1)

    def _exclusive(self, logits: Tensor, targets: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        known = targets.sum(-1) > 0
        # A frame without any class keeps its logits: an all-masked softmax would be NaN.
        usable = mask | ~known.unsqueeze(-1)
        lowest = torch.finfo(logits.dtype).min
        log_p = logits.masked_fill(~usable, lowest).log_softmax(-1)
        per_class = -self._ease(1 - log_p.exp()) * log_p
        weight = targets if self.alpha is None else targets * self.alpha.to(logits)
        return (weight * per_class).sum(-1), known

    def _multi_label(self, logits: Tensor, targets: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        plain = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        p = logits.sigmoid()
        missed = targets * (1 - p) + (1 - targets) * p
        loss = self._ease(missed) * plain * mask
        if self.alpha is not None:
            present, absent = self.alpha.to(logits)
            loss = loss * (targets * present + (1 - targets) * absent)
        return loss, mask

    def _ease(self, missed: Tensor) -> Tensor:
        """How much each frame counts by the probability that its truth lacks.

        It is kept above zero, where the gradient of a power below 1 is infinite.
        """
        return missed.clamp(min=torch.finfo(missed.dtype).tiny) ** self.gamma


@dataclass(frozen=True, eq=False)
class JointLoss:
    """The loss of a model's behaviours and that of the auxiliary ones that it learns beside them.

    Each is a mean over what was looked for of its own, so frames without auxiliary labels take
    nothing from those that have some.

    Attributes:
        main: of the first columns, the model's behaviours.
        count: how many these are.
        auxiliary: of the columns after them; None where there are none.
        weight: of the auxiliary loss.
    """

    main: FocalLoss
    count: int
    auxiliary: FocalLoss | None = None
    weight: float = 1.0

    def __call__(self, logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
        """The sum of both; arguments as of `FocalLoss`, with the columns of both."""
        n = self.count
        loss = self.main(logits[..., :n], targets[..., :n], mask[..., :n])
        if self.auxiliary is None:
            return loss
        beside = self.auxiliary(logits[..., n:], targets[..., n:], mask[..., n:])
        return loss + self.weight * beside


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
