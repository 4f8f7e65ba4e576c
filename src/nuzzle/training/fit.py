"""Running a training: progress, checkpoints, early stopping, resuming."""

from __future__ import annotations

import logging
import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader

from nuzzle.config import Config
from nuzzle.errors import TrainingError
from nuzzle.models import ARCHITECTURES, build_model
from nuzzle.models.graph import node_layout
from nuzzle.training.losses import FocalLoss, inverse_frequency
from nuzzle.training.module import LitClassifier
from nuzzle.training.priors import logit_adjustment
from nuzzle.training.targets import LabelSpace
from nuzzle.training.windows import (
    EpochSampler,
    Pieces,
    Sample,
    StretchDataset,
    WindowDataset,
)

#: Told after each epoch: epoch (from 1), of how many, and the metrics.
Progress = Callable[[int, int, dict[str, float]], None]


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished training.

    Attributes:
        model: with the weights of the best epoch, on the CPU, in evaluation mode.
        best_epoch: counted from 1.
        best_score: its validation macro F1; NaN without validation.
        history: one entry an epoch: losses and macro F1.
        seconds: how long this run took.
    """

    model: nn.Module
    best_epoch: int
    best_score: float
    history: list[dict[str, float]]
    seconds: float


def fit(
    config: Config,
    space: LabelSpace,
    train: Sequence[Sample],
    val: Sequence[Sample],
    work: Path,
    progress: Progress | None = None,
) -> Trained:
    """Train the configured model.

    Args:
        config: of the training.
        space: the behaviours.
        train: pairs to learn from.
        val: pairs to stop early on; without any, the last epoch is kept.
        work: folder of the checkpoints; a killed run continues from there.
        progress: is told after each epoch.

    Raises:
        TrainingError: there is nothing to learn from, or the loss is not a number.
    """
    began = time.perf_counter()
    training, validation = _pieces(config, train, val)
    with torch.random.fork_rng(), _quiet_lightning():
        torch.manual_seed(config.training.seed)
        arguments = model_arguments(config, train[0], space)
        model = build_model(ARCHITECTURES, config.model.name, **arguments)
        lit = LitClassifier(model, config, space, _loss(config, space, training), training)
        unfinished = work / "last.ckpt"
        trainer = _trainer(config, work, progress, choose=validation is not None)
        trainer.fit(
            lit,
            _loader(training, config.training.batch_size, config),
            None if validation is None else _loader(validation, 4 * config.training.batch_size),
            ckpt_path=str(unfinished) if unfinished.exists() else None,
        )
        if not trainer.is_global_zero:
            raise SystemExit(0)  # Lightning runs one program a GPU; one of them goes on.
        kept = work / ("last.ckpt" if validation is None else "best.ckpt")
        checkpoint = torch.load(kept, map_location="cpu", weights_only=False)
    lit.load_state_dict(checkpoint["state_dict"])
    return Trained(
        model=lit.model.cpu().eval(),
        best_epoch=int(checkpoint["epoch"]) + 1,
        best_score=max(entry.get("val_macro_f1", math.nan) for entry in lit.history),
        history=lit.history,
        seconds=time.perf_counter() - began,
    )


def _trainer(
    config: Config, work: Path, progress: Progress | None, *, choose: bool
) -> lightning.Trainer:
    """Lightning's loop on any device: checkpoints of the last epoch and, to choose, of the best."""
    settings = config.training
    keep: dict[str, Any] = {"enable_version_counter": False, "save_on_train_epoch_end": True}
    choosing = [
        ModelCheckpoint(work, "best", monitor="val_macro_f1", mode="max", **keep),
        EarlyStopping("val_macro_f1", patience=settings.patience, mode="max"),
    ]
    return lightning.Trainer(
        max_epochs=settings.epochs,
        callbacks=[
            *(choosing if choose else []),
            ModelCheckpoint(work, "last", **keep),
            _Reporter(progress, settings.epochs),
        ],
        accelerator="auto",
        devices="auto",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=work,
    )


def _pieces(
    config: Config, train: Sequence[Sample], val: Sequence[Sample]
) -> tuple[Pieces, Pieces | None]:
    """What the model's shape learns from: windows with one label, or stretches with many.

    Raises:
        TrainingError: none of the frames was observed.
    """
    settings = config.training

    def made(samples: Sequence[Sample], *, augmented: bool) -> Pieces:
        if ARCHITECTURES[config.model.name].shape == "sequence":
            shift = settings.window // 2 if augmented else 0
            return StretchDataset(samples, settings.window, jitter=shift)
        jitter = config.augmentation.jitter_frames if augmented else 0
        stride = 1 if augmented else settings.val_stride
        return WindowDataset(samples, settings.window, stride=stride, jitter=jitter)

    training = made(train, augmented=True)
    validation = made(val, augmented=False) if val else None
    for name, pieces in (("training", training), ("validation", validation)):
        if pieces is not None and not len(pieces):
            raise TrainingError(f"No frame of the {name} recordings was observed.")
    return training, validation


def model_arguments(config: Config, sample: Sample, space: LabelSpace) -> dict[str, Any]:
    """What the configured model is built with, for input like that of `sample`."""
    arguments: dict[str, Any] = {"input_dim": sample.width, "num_classes": len(space.names)}
    if ARCHITECTURES[config.model.name].shape == "window":
        arguments["window_size"] = config.training.window
    if config.model.name == "tcn":
        arguments["exclusive"] = space.exclusive
    if config.model.name == "graph" and len(sample.lab):
        arguments["nodes"] = node_layout(sample.features.shape[1])
    return {**arguments, **config.model.options}


def _loss(config: Config, space: LabelSpace, train: Pieces) -> FocalLoss:
    alpha = None
    if config.loss.alpha == "inverse_frequency":
        alpha = inverse_frequency(train.active, train.observed)
    adjustment = None
    if config.loss.logit_adjustment and space.exclusive:
        adjustment = logit_adjustment(train.active, train.observed, config.loss.logit_adjustment)
    return FocalLoss(space.exclusive, config.loss.gamma, alpha, adjustment)


def _loader(windows: Pieces, batch_size: int, config: Config | None = None) -> Any:
    sampler = None
    if config is not None:
        settings = config.training
        sampler = EpochSampler(len(windows), settings.epoch_windows, settings.seed)
    # Batches are one gather from memory: worker processes would only copy them about.
    return DataLoader(windows, batch_size, sampler=sampler, collate_fn=lambda batch: batch)


class _Reporter(Callback):
    """Tells `progress` after each epoch."""

    def __init__(self, progress: Progress | None, epochs: int) -> None:
        self.progress = progress
        self.epochs = epochs

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """After the validation of the epoch."""
        if self.progress is not None and trainer.is_global_zero:
            metrics = {key: float(value) for key, value in trainer.callback_metrics.items()}
            self.progress(trainer.current_epoch + 1, self.epochs, metrics)


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Leave out Lightning's advice on workers and hardware, which no user asked for."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
