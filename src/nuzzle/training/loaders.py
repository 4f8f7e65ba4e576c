"""Batches for training and for validation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch.utils.data import DataLoader

from nuzzle.config import Config
from nuzzle.errors import TrainingError
from nuzzle.models import ARCHITECTURES
from nuzzle.training.rendering import RenderedPieces, Renderer
from nuzzle.training.samples import Sample
from nuzzle.training.windows import EpochSampler, Pieces, StretchDataset, WindowDataset

#: An epoch has so many batches: a short recording, whose stretches would fill a single one, is gone
#: over several times, each time with other shifts, so that its model takes enough steps to learn.
_LEAST_BATCHES = 4


def loaders(
    config: Config, train: Sequence[Sample], val: Sequence[Sample], render: Renderer | None = None
) -> tuple[DataLoader[Any], DataLoader[Any] | None]:
    """Batches of what the model's shape learns from: windows with one label, stretches with many.

    Args:
        config: of the training.
        train: to learn from.
        val: to judge by; may be empty.
        render: changes the poses of `train` anew each epoch; None for nothing.

    Raises:
        TrainingError: none of the frames was observed.
    """
    settings = config.training
    cut = partial(_pieces, config, shifted=True)
    training = cut(train) if render is None else RenderedPieces(train, render, cut)
    _check("training", training)
    count = training.epoch_length
    if settings.epoch_windows is not None:
        count = min(count, settings.epoch_windows)
    elif count <= (_LEAST_BATCHES - 1) * settings.batch_size:
        count = _LEAST_BATCHES * settings.batch_size
    sampler = EpochSampler(training, count, settings.seed)
    batches = _loader(training, settings.batch_size, sampler)
    if not val:
        return batches, None
    validation = _pieces(config, val, shifted=False)
    _check("validation", validation)
    return batches, _loader(validation, 4 * settings.batch_size)


def _pieces(config: Config, samples: Sequence[Sample], *, shifted: bool) -> Pieces:
    """What the model's shape learns from, shifted at random, or is judged by, as it is."""
    window = config.training.window
    if ARCHITECTURES[config.model.name].shape == "sequence":
        return StretchDataset(samples, window, shifted=shifted)
    if shifted:
        return WindowDataset(samples, window, jitter=config.augmentation.jitter_frames)
    return WindowDataset(samples, window, stride=config.training.val_stride)


def _check(name: str, pieces: Pieces | RenderedPieces) -> None:
    if not len(pieces):
        raise TrainingError(f"No frame of the {name} recordings was observed.")


def _loader(
    pieces: Pieces | RenderedPieces, batch_size: int, sampler: EpochSampler | None = None
) -> DataLoader[Any]:
    # Batches are one gather from memory: worker processes would only copy them about. The generator
    # is the loader's own: from the global one it would draw a number before some epochs and not
    # before others, and a resumed run would drop other units out.
    return DataLoader(
        pieces,
        batch_size,
        sampler=sampler,
        collate_fn=lambda batch: batch,
        generator=torch.Generator(),
    )
