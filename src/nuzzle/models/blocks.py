"""Parts that sequence models share. Inside, sequences are `(batch, channel, time)`."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


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


class FromFirstFrame(nn.Module, ABC):
    """A network that counts steps from the first frame of each sequence, wherever that is."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits of every frame.

        Args:
            x: `(batch, time, feature)`, normalised.
            mask: `(batch, time)` bool. The frames that exist are one run without a break, with
                padding before it, after it, or both.

        Returns:
            `(batch, time, behaviour)`.
        """
        if mask is None or bool(mask.all()):
            return self._label(x, None)
        start = mask.int().argmax(dim=1)
        logits = self._label(_turned(x, start), _turned(mask.unsqueeze(-1), start).squeeze(-1))
        return _turned(logits, -start)

    @abstractmethod
    def _label(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Logits of sequences that start with their first frame."""


def remember(lstm: nn.LSTM, steps: Tensor, count: Tensor) -> Tensor:
    """What a bidirectional LSTM says of sequences of different lengths, each as if it were alone.

    On a GPU sequences are packed. On a CPU that is several times as slow in training (the gradient
    of each step is a tensor as long as all of them), so each direction runs by itself there, the
    backward one from each sequence's own last step.

    Args:
        lstm: bidirectional, with `batch_first`.
        steps: `(batch, step, channel)`.
        count: `(batch,)`, steps of each sequence, at least 1; what follows them is padding.

    Returns:
        `(batch, step, 2 * hidden)`; padding is whatever it is.
    """
    if steps.device.type != "cpu":
        packed = pack_padded_sequence(steps, count.cpu(), batch_first=True, enforce_sorted=False)
        output, _ = pad_packed_sequence(
            lstm(packed)[0], batch_first=True, total_length=steps.shape[1]
        )
        return output
    rest = steps.new_zeros(1, len(steps), lstm.hidden_size)
    weights = map(tuple[Tensor, ...], lstm.all_weights)
    for layer, (ahead, back) in enumerate(zip(weights, weights, strict=True)):
        if layer:
            steps = F.dropout(steps, lstm.dropout, lstm.training)
        one, other = (
            torch.lstm(each, (rest, rest), weight, True, 1, 0.0, lstm.training, False, True)[0]
            for each, weight in ((steps, ahead), (_backward(steps, count), back))
        )
        steps = torch.cat([one, _backward(other, count)], dim=-1)
    return steps


def _backward(steps: Tensor, count: Tensor) -> Tensor:
    """The first `count` steps of each sequence in opposite order, padding behind them."""
    return _turned(steps.flip(1), steps.shape[1] - count)


def _turned(x: Tensor, by: Tensor) -> Tensor:
    """`(batch, time, feature)` with each sequence turned towards the start by some frames."""
    time = torch.arange(x.shape[1], device=x.device)
    at = (time + by.unsqueeze(1)) % x.shape[1]
    return x.gather(1, at.unsqueeze(-1).expand_as(x))


def between_steps(steps: Tensor, frames: int, frames_per_step: int) -> Tensor:
    """`(batch, step, channel)` at every frame, `(batch, frame, channel)`.

    A step stands for the middle of its frames; before the first and after the last middle the
    value stays.
    """
    if frames_per_step == 1:
        return steps
    length = steps.shape[1] * frames_per_step
    wide = F.interpolate(steps.transpose(1, 2), length, mode="linear", align_corners=False)
    return wide.transpose(1, 2)[:, :frames]


def held(steps: Tensor, count: Tensor) -> Tensor:
    """Steps `(batch, step, channel)`; after the first `count` `(batch,)` the last of these goes on.

    A sequence's last frames lie after its last step's middle: alone, they would take it unchanged,
    so in a batch `between_steps` must not see what follows.
    """
    step = torch.arange(steps.shape[1], device=steps.device)
    at = torch.minimum(step, count.to(steps.device).unsqueeze(1) - 1)
    return steps.gather(1, at.unsqueeze(-1).expand_as(steps))
