"""Attention among neighbouring frames, with positions that count from frame to frame."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nuzzle.errors import ConfigError
from nuzzle.models.base import Architecture, check_counts
from nuzzle.models.blocks import Convolution, FromFirstFrame, between_steps, held, hide

#: Base of the rotations: their periods run from 2 pi frames to 2 pi base^(1 - 2 / width). Text
#: takes 10,000; a window of a hundred frames would hardly turn the slow ones.
_ROTARY_BASE = 100.0


def rotary_table(frames: int, width: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines that turn channels by an angle growing with the frame.

    Su et al. 2021, "RoFormer: enhanced transformer with rotary position embedding": the product of
    two turned vectors depends on how far apart they are, not on where.

    Returns:
        Two tensors `(frame, width / 2)`.
    """
    # In double precision: after a million frames, single precision has lost the angle.
    turns = torch.arange(width // 2, device=like.device, dtype=torch.float64)
    speed = _ROTARY_BASE ** (-turns / (width // 2))
    angle = torch.arange(frames, device=like.device, dtype=torch.float64).unsqueeze(1) * speed
    return angle.cos().to(like.dtype), angle.sin().to(like.dtype)


def rotate(x: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
    """Turn `(batch, frame, head, width)` by the angles of a `rotary_table`."""
    cos, sin = (each.unsqueeze(1) for each in table)
    one, other = x.chunk(2, dim=-1)
    return torch.cat([one * cos - other * sin, one * sin + other * cos], dim=-1)


class LocalAttention(nn.Module):
    """Attention of every frame to those at most `window` frames away.

    Blocks of `window` frames attend to themselves and both neighbouring blocks, so time and memory
    grow with the length, not with its square. Beltagy et al. 2020, "Longformer: the long-document
    transformer".

    Args:
        channels: in and out.
        heads: that share the channels.
        window: frames to each side.
    """

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.window = window
        self.enter = nn.Linear(channels, 3 * channels, bias=False)
        self.leave = nn.Linear(channels, channels, bias=False)

    def forward(self, x: Tensor, bias: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
        """Attend.

        Args:
            x: `(batch, block * window, channel)`.
            bias: of `neighbours`.
            table: of `rotary_table`.

        Returns:
            `(batch, block * window, channel)`.
        """
        batch, frames, channels = x.shape
        parts = self.enter(x).view(batch, frames, 3 * self.heads, -1)
        turned, value = parts.split([2 * self.heads, self.heads], dim=2)
        query, key = rotate(turned, table).chunk(2, dim=2)
        beside = (0, 0, 0, 0, self.window, self.window)
        out = F.scaled_dot_product_attention(
            self._blocks(query, self.window),
            self._blocks(F.pad(key, beside), 3 * self.window),
            self._blocks(F.pad(value, beside), 3 * self.window),
            attn_mask=bias,
        )
        joined = out.transpose(1, 2).reshape(batch, frames, channels)
        left: Tensor = self.leave(joined)
        return left

    def _blocks(self, x: Tensor, length: int) -> Tensor:
        """`(batch, frame, head, width)` -> `(batch * block, head, length, width)`.

        Blocks begin a window apart. Where they overlap, those of one sequence share their memory.
        """
        blocks = x.unfold(1, length, self.window).movedim(-1, 2)
        return blocks.flatten(0, 1).transpose(1, 2)


def neighbours(exists: Tensor, window: int) -> Tensor:
    """Which frame may attend to which.

    Args:
        exists: `(batch, block * window)` bool.
        window: frames to each side.

    Returns:
        `(batch * block, 1, window, 3 * window)`, 0 or minus infinity, to add to the scores. A frame
        that does not exist attends to itself: the softmax of an empty row would not be a number.
    """
    place = torch.arange(window, device=exists.device).unsqueeze(1) + window
    other = torch.arange(3 * window, device=exists.device)
    near = (place - other).abs() <= window
    itself = place == other
    blocks = exists.reshape(len(exists), -1, window)
    padded = F.pad(blocks, (0, 0, 1, 1))
    keys = torch.cat([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], dim=2).flatten(0, 1)
    allowed = (near & keys.unsqueeze(1)) | itself
    return torch.where(allowed, 0.0, -torch.inf).unsqueeze(1)


class Layer(nn.Module):
    """Attention and two linear layers, each normalised first and added to its input.

    Args:
        channels: in and out.
        heads: of the attention.
        window: frames that the attention reaches to each side.
        dropout: probability.
    """

    def __init__(self, channels: int, heads: int, window: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = LocalAttention(channels, heads, window)
        self.norm = nn.LayerNorm(channels)
        self.feed = nn.Sequential(
            nn.Linear(channels, 2 * channels),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * channels, channels),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor, table: tuple[Tensor, Tensor]) -> Tensor:
        """`(batch, frame, channel)` in and out; the others as of `LocalAttention`."""
        x = x + self.dropout(self.attention(self.attention_norm(x), bias, table))
        fed: Tensor = self.dropout(self.feed(self.norm(x)))
        return x + fed


class LocalTransformer(FromFirstFrame):
    """Two convolutions, then layers of local attention among steps of a few frames.

    Vaswani et al. 2017, "Attention is all you need", with attention in a window and rotary
    positions: a sequence longer than any in training is nothing new. A step is the maximum over its
    frames; what attention adds to the steps is interpolated linearly and added to the frames.

    Args:
        input_dim: number of features.
        num_classes: number of behaviours.
        channels: of every layer; a multiple of twice `heads`.
        num_layers: of attention.
        heads: of each.
        window: steps that a layer's attention reaches to each side.
        frames_per_step: of the attention.
        dropout: in every layer.

    Raises:
        ConfigError: the channels do not divide among the heads, or there is none of something.
    """

    def __init__(
        self,
        input_dim: int,
        num_classes: int,
        channels: int = 64,
        num_layers: int = 3,
        heads: int = 4,
        window: int = 64,
        frames_per_step: int = 1,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        counts = {"channels": channels, "num_layers": num_layers, "heads": heads, "window": window}
        check_counts("transformer", 1, **counts, frames_per_step=frames_per_step)
        if channels % (2 * heads):
            raise ConfigError(
                f"The model 'transformer' turns channels in pairs within each head: channels must "
                f"be a multiple of {2 * heads} for {heads} heads; got {channels}."
            )
        self.window = window
        self.frames_per_step = frames_per_step
        self.head_width = channels // heads
        self.stem = nn.ModuleList(
            [Convolution(input_dim, channels, 5), Convolution(channels, channels, 5)]
        )
        self.layers = nn.ModuleList(
            Layer(channels, heads, window, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, num_classes)
        # Layers reach so many steps, a frame lies between two, and convolutions reach 4 frames
        # further. In whole steps, so that whatever begins that early is cut into the same ones.
        reach = 4 + frames_per_step * (num_layers * window + 1) + frames_per_step // 2 - 1
        reach += -reach % frames_per_step
        self.receptive_field_frames: int | None = 2 * reach + 1

    def _label(self, x: Tensor, mask: Tensor | None) -> Tensor:
        frames = x.transpose(1, 2)
        for convolution in self.stem:
            frames = convolution(frames, mask)
        steps = F.max_pool1d(hide(frames, mask), self.frames_per_step, ceil_mode=True)
        exist = self._steps_exist(mask, steps)
        added = held(self._attend(steps.transpose(1, 2), exist), exist.sum(dim=1).clamp(min=1))
        around = between_steps(added, x.shape[1], self.frames_per_step)
        logits: Tensor = self.head(self.norm(frames.transpose(1, 2) + around))
        return logits

    def _steps_exist(self, mask: Tensor | None, steps: Tensor) -> Tensor:
        """Which steps hold a frame that exists, `(batch, step)` bool."""
        batch, _, length = steps.shape
        if mask is None:
            return steps.new_ones((batch, length), dtype=torch.bool)
        whole = F.pad(mask, (0, length * self.frames_per_step - mask.shape[1]))
        return whole.view(batch, length, self.frames_per_step).any(dim=-1)

    def _attend(self, steps: Tensor, exist: Tensor) -> Tensor:
        """What the layers add to `(batch, step, channel)`."""
        length = steps.shape[1]
        rest = -length % self.window
        steps = hidden = F.pad(steps, (0, 0, 0, rest))
        bias = neighbours(F.pad(exist, (0, rest)), self.window).to(hidden.dtype)
        table = rotary_table(length + rest, self.head_width, hidden)
        for layer in self.layers:
            hidden = layer(hidden, bias, table)
        return (hidden - steps)[:, :length]


TRANSFORMER = Architecture(
    name="transformer",
    build=LocalTransformer,
    shape="sequence",
)
