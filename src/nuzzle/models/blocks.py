"""Parts that sequence models share. Inside, sequences are `(batch, channel, time)`."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def hide(x: Tensor, mask: Tensor | None) -> Tensor:
    """Zeros where frames do not exist, as if the sequence were padded there by the convolution.

    Args:
        x: `(batch, channel, time)`.
        mask: `(batch, time)` bool; None where every frame exists.

    Returns:
        `(batch, channel, time)`. What stood there does not matter, not even if it is not a number.
    """
    return x if mask is None else x.masked_fill(~mask.unsqueeze(1), 0.0)


class ChannelNorm(nn.Module):
    """Divides each frame by the root mean square of its channels, then scales each channel.

    Frames do not share statistics, so padding and the other sequences of a batch have no effect.
    Zhang & Sennrich 2019, "Root mean square layer normalization".

    Args:
        channels: number of channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """`(..., channel, time)` in and out."""
        return x * torch.rsqrt(x.square().mean(dim=-2, keepdim=True) + 1e-6) * self.scale


class Convolution(nn.Module):
    """Convolution over existing frames, as many out as in, then ReLU.

    Args:
        inputs: channels in.
        outputs: channels out.
        kernel_size: frames, odd.
    """

    def __init__(self, inputs: int, outputs: int, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel_size, padding=kernel_size // 2)
        self.norm = ChannelNorm(outputs)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """`(batch, inputs, time)` and `(batch, time)` in, `(batch, outputs, time)` out."""
        return F.relu(self.norm(self.conv(hide(x, mask))))


class DilatedLayer(nn.Module):
    """Dilated convolution of 3 frames, ReLU, convolution of one frame, added to the input.

    Farha & Gall 2019, "MS-TCN: multi-stage temporal convolutional network for action
    segmentation"; normalised first, which they do without.

    Args:
        channels: in and out.
        dilation: frames between the three; also how far the layer sees to each side.
        dropout: probability.
    """

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.dilated = nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.out = nn.Conv1d(channels, channels, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """`(batch, channel, time)` and `(batch, time)` in, `(batch, channel, time)` out."""
        changed = F.relu(self.dilated(hide(self.norm(x), mask)))
        out: Tensor = self.dropout(self.out(changed))
        return x + out
