"""Convolutions and a bidirectional LSTM that label every frame of a sequence in one pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nuzzle.models.base import Architecture, check_counts
from nuzzle.models.blocks import Convolution, FromFirstFrame, between_steps, held, hide, remember


class ConvLSTM(FromFirstFrame):
    """The layers of `TemporalCNNLSTM`, applied to a whole sequence instead of a window a frame.

    Convolutions of 5, 5 and 3 frames; a maximum over every few frames; a bidirectional LSTM on
    these steps. Each frame's label is read from its own convolutions and from the LSTM's steps
    around it, interpolated linearly. Instead of batch statistics each frame is normalised by
    itself. Ordóñez & Roggen 2016, "Deep convolutional and LSTM recurrent neural networks for
    multimodal wearable activity recognition".

    Args:
        input_dim: number of features.
        num_classes: number of behaviours.
        channels: of the three convolutions.
        hidden: of the LSTM, in each direction.
        num_layers: of the LSTM.
        frames_per_step: of the LSTM.
        dropout: between the LSTM's layers and before the label.

    Raises:
        ConfigError: the LSTM has no layer or unit, or no frame a step.
    """

    #: The LSTM remembers: a label depends on the whole sequence.
    receptive_field_frames: int | None = None

    def __init__(
        self,
        input_dim: int,
        num_classes: int,
        channels: tuple[int, int, int] = (64, 64, 96),
        hidden: int = 64,
        num_layers: int = 2,
        frames_per_step: int = 4,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        counts = {"hidden": hidden, "num_layers": num_layers, "frames_per_step": frames_per_step}
        check_counts("conv_lstm", 1, **counts)
        first, second, third = channels
        self.frames_per_step = frames_per_step
        self.conv = nn.ModuleList(
            [
                Convolution(input_dim, first, 5),
                Convolution(first, second, 5),
                Convolution(second, third, 3),
            ]
        )
        self.lstm = nn.LSTM(
            third,
            hidden,
            num_layers=num_layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(third + 2 * hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_classes),
        )

    def _label(self, x: Tensor, mask: Tensor | None) -> Tensor:
        frames = x.transpose(1, 2)
        for convolution in self.conv:
            frames = convolution(frames, mask)
        frames = hide(frames, mask)
        steps = F.max_pool1d(frames, self.frames_per_step, ceil_mode=True)
        remembered = self._remember(steps.transpose(1, 2), mask)
        around = between_steps(remembered, x.shape[1], self.frames_per_step)
        logits: Tensor = self.head(torch.cat([frames.transpose(1, 2), around], dim=-1))
        return logits

    def _remember(self, steps: Tensor, mask: Tensor | None) -> Tensor:
        """The LSTM's output `(batch, step, 2 * hidden)`; past the end, that of the last step."""
        if mask is None:
            output: Tensor = self.lstm(steps)[0]
            return output
        count = ((mask.sum(dim=1) + self.frames_per_step - 1) // self.frames_per_step).clamp(min=1)
        return held(remember(self.lstm, steps, count), count)


CONV_LSTM = Architecture(
    name="conv_lstm",
    build=ConvLSTM,
    shape="sequence",
)
