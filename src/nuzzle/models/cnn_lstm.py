"""Convolutions, a bidirectional LSTM and attention over a window of 60 frames.

The model of nuzzle's source document: a CNN-LSTM for the CalMS21 part of the MABe 2025 challenge.
"""

from __future__ import annotations

from typing import Literal, overload

import torch
from torch import Tensor, nn

from nuzzle.models.base import Architecture

#: Frames of a window that it can learn from. Of fewer, pooling leaves one step, and one window of
#: that has no variance.
LEAST_WINDOW = 8


class TemporalCNNLSTM(nn.Module):
    """Labels the centre frame of a window.

    Conv1d 48->64 k5, BatchNorm, ReLU, MaxPool; 64->128 k5, the same; 128->256 k3, BatchNorm, ReLU;
    bidirectional LSTM 256->128, 2 layers; attention; Linear 256->128, ReLU, dropout; 128->64, ReLU,
    dropout; 64->7.

    Args:
        input_dim: number of features.
        num_classes: number of behaviours.
        window_size: frames in a window; 60 is the documented number. It learns from 8 or more.
        dropout: in the LSTM, between its layers, and in the classifier.
    """

    def __init__(
        self,
        input_dim: int = 48,
        num_classes: int = 7,
        window_size: int = 60,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.window_size = window_size
        self.conv = nn.Sequential(
            nn.Conv1d(input_dim, 64, kernel_size=5, padding=2),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(64, 128, kernel_size=5, padding=2),
            nn.BatchNorm1d(128),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(128, 256, kernel_size=3, padding=1),
            nn.BatchNorm1d(256),
            nn.ReLU(),
        )
        self.lstm = nn.LSTM(
            256, 128, num_layers=2, batch_first=True, bidirectional=True, dropout=dropout
        )
        self.score = nn.Linear(256, 1)
        self.classifier = nn.Sequential(
            nn.Linear(256, 128),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(128, 64),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(64, num_classes),
        )

    @overload
    def forward(
        self, x: Tensor, mask: Tensor | None = None, *, return_attention: Literal[False] = False
    ) -> Tensor: ...

    @overload
    def forward(
        self, x: Tensor, mask: Tensor | None = None, *, return_attention: Literal[True]
    ) -> tuple[Tensor, Tensor]: ...

    def forward(
        self, x: Tensor, mask: Tensor | None = None, *, return_attention: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Logits of the centre frame.

        Args:
            x: `(batch, window, feature)`, normalised.
            mask: `(batch, window)` bool, false for frames before or after the recording.
            return_attention: whether to return the attention weights too.

        Returns:
            `(batch, behaviour)` logits; with `return_attention` also `(batch, step)` weights that
            add up to 1. A step is 4 frames, because of the two poolings.
        """
        if mask is not None:
            x = x.masked_fill(~mask.unsqueeze(-1), 0.0)
        hidden, _ = self.lstm(self.conv(x.transpose(1, 2)).transpose(1, 2))
        scores = self.score(hidden).squeeze(-1)
        if mask is not None:
            steps = scores.shape[1]
            inside = mask[:, : steps * 4].reshape(-1, steps, 4).any(dim=-1)
            scores = scores.masked_fill(~inside, torch.finfo(scores.dtype).min)
        weights = scores.softmax(dim=1)
        logits: Tensor = self.classifier((weights.unsqueeze(-1) * hidden).sum(dim=1))
        return (logits, weights) if return_attention else logits


CNN_LSTM = Architecture(
    name="cnn_lstm",
    build=TemporalCNNLSTM,
    shape="window",
    takes=("window_size",),
)
