"""Stages of dilated convolutions: one predicts, the others refine what the one before said."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nuzzle.errors import ConfigError
from nuzzle.models.base import Architecture, check_counts
from nuzzle.models.blocks import ChannelNorm, DilatedLayer, hide


class DualDilatedLayer(nn.Module):
    """Two dilated convolutions, one widening and one narrowing from layer to layer, fused.

    Args:
        channels: in and out.
        dilations: frames, of the two.
        dropout: probability.
    """

    def __init__(self, channels: int, dilations: tuple[int, int], dropout: float) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.dilated = nn.ModuleList(
            nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
            for dilation in dilations
        )
        self.fuse = nn.Conv1d(2 * channels, channels, 1)
        self.out = nn.Conv1d(channels, channels, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """`(batch, channel, time)` and `(batch, time)` in, `(batch, channel, time)` out."""
        before = hide(self.norm(x), mask)
        both = torch.cat([convolution(before) for convolution in self.dilated], dim=1)
        out: Tensor = self.dropout(self.out(F.relu(self.fuse(both))))
        return x + out


class Stage(nn.Module):
    """A way in, layers, a way out.

    Args:
        inputs: channels in.
        outputs: channels out.
        layers: `(batch, channel, time)` and a mask in, the same shape out.
        channels: of the layers.
    """

    def __init__(self, inputs: int, outputs: int, layers: list[nn.Module], channels: int) -> None:
        super().__init__()
        self.enter = nn.Conv1d(inputs, channels, 1)
        self.layers = nn.ModuleList(layers)
        self.leave = nn.Conv1d(channels, outputs, 1)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """`(batch, inputs, time)` and `(batch, time)` in, `(batch, outputs, time)` out."""
        x = self.enter(x)
        for layer in self.layers:
            x = layer(x, mask)
        logits: Tensor = self.leave(x)
        return logits


class MultiStageTCN(nn.Module):
    """MS-TCN++: labels every frame, then mends the labels by those around them.

    Li, Abu Farha, Liu, Cheng & Gall 2020, "MS-TCN++: multi-stage temporal convolutional network for
    action segmentation". Smaller than published, with a norm before every layer, a second 1 x 1
    convolution in the dual layers, and the mean of the stages' losses instead of their sum.

    Args:
        input_dim: number of features.
        num_classes: number of behaviours.
        channels: of every layer.
        num_layers: of the stage that predicts; its dilations are ``2^l`` and ``2^(L - 1 - l)``.
        refinements: stages after it.
        refinement_layers: of each; dilations ``2^l``.
        exclusive: whether a stage passes on a softmax of its logits, or a sigmoid of each.
        dropout: in every layer.
        groups: sizes of groups of classes with a softmax each, where `exclusive`; all classes are
            one group by default.

    Raises:
        ConfigError: there is no layer, or the groups do not make the classes.
    """

    def __init__(
        self,
        input_dim: int,
        num_classes: int,
        channels: int = 48,
        num_layers: int = 8,
        refinements: int = 1,
        refinement_layers: int = 7,
        exclusive: bool = True,
        dropout: float = 0.3,
        groups: Sequence[int] = (),
    ) -> None:
        super().__init__()
        check_counts("tcn", 1, channels=channels, num_layers=num_layers)
        check_counts("tcn", 0, refinements=refinements, refinement_layers=refinement_layers)
        self.exclusive = exclusive
        self.groups = list(groups) or [num_classes]
        if sum(self.groups) != num_classes:
            raise ConfigError(f"groups add up to the {num_classes} classes; got {self.groups}.")
        pairs = [(2**i, 2 ** (num_layers - 1 - i)) for i in range(num_layers)]
        dual: list[nn.Module] = [DualDilatedLayer(channels, pair, dropout) for pair in pairs]
        self.predict = Stage(input_dim, num_classes, dual, channels)
        self.refine = nn.ModuleList()
        for _ in range(refinements):
            single: list[nn.Module] = [
                DilatedLayer(channels, 2**i, dropout) for i in range(refinement_layers)
            ]
            self.refine.append(Stage(num_classes, num_classes, single, channels))
        reach = sum(max(pair) for pair in pairs) + refinements * (2**refinement_layers - 1)
        self.receptive_field_frames: int | None = 2 * reach + 1

    def stages(self, x: Tensor, mask: Tensor | None = None) -> list[Tensor]:
        """Logits of every stage, for a loss on each.

        Args:
            x: `(batch, time, feature)`, normalised.
            mask: `(batch, time)` bool, false for frames that do not exist.

        Returns:
            `(batch, time, behaviour)` for each stage, the final one last.
        """
        logits = [self.predict(hide(x.transpose(1, 2), mask), mask)]
        for stage in self.refine:
            logits.append(stage(hide(self._said(logits[-1]), mask), mask))
        return [each.transpose(1, 2) for each in logits]

    def _said(self, logits: Tensor) -> Tensor:
        """Probabilities `(batch, behaviour, time)`; those of a group add up to 1."""
        if not self.exclusive:
            return logits.sigmoid()
        parts = torch.split(logits, self.groups, dim=1)
        return torch.cat([part.softmax(dim=1) for part in parts], dim=1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits of the last stage, `(batch, time, behaviour)`; arguments as of `stages`."""
        return self.stages(x, mask)[-1]


TCN = Architecture(
    name="tcn",
    build=MultiStageTCN,
    shape="sequence",
    takes=("groups", "exclusive"),
)
