"""Running a training: progress, checkpoints, early stopping, resuming."""

from __future__ import annotations

import logging
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
)
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import nn

from nuzzle.config import Config
from nuzzle.errors import ConfigError, DivergedError
from nuzzle.features.frontend import Frontend
from nuzzle.models import ARCHITECTURES, build_model
from nuzzle.models.device import best_device
from nuzzle.models.graph import node_layout
from nuzzle.progress import Progress
from nuzzle.training.checkpoints import BestCheckpoint, WholeCheckpoints, unfinished
from nuzzle.training.loaders import loaders
from nuzzle.training.losses import (
    FocalLoss,
    JointLoss,
    inverse_frequency,
    logit_adjustment,
    presence_weights,
)
from nuzzle.training.module import LitClassifier
from nuzzle.training.rendering import Renderer
from nuzzle.training.samples import Sample
from nuzzle.training.targets import LabelSpace, Targets

#: Of checkpoints.
_KEEP: dict[str, Any] = {"enable_version_counter": False, "save_on_train_epoch_end": True}


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished training.

    Attributes:
        model: with the weights of the epoch that is kept, in evaluation mode, on the device that it
            learned on.
        best_epoch: which epoch that is, counted from 1: the last one without early stopping.
        history: one entry an epoch: losses and macro F1.
        seconds: how long this run took.
    """

    model: nn.Module
    best_epoch: int
    history: list[dict[str, float]]
    seconds: float


def fit(
    config: Config,
    space: LabelSpace,
    train: Sequence[Sample],
    val: Sequence[Sample],
    work: Path,
    progress: Progress | None = None,
    *,
    auxiliary: LabelSpace | None = None,
    frontend: Frontend | None = None,
) -> Trained:
    """Train the configured model.

    Args:
        config: of the training.
        space: the behaviours.
        train: pairs to learn from.
        val: pairs to score after each epoch, and to stop early on if the config says so.
        work: folder of the checkpoints; a killed run continues from there.
        progress: is told after each epoch.
        auxiliary: behaviours learned beside; targets of `train` have their columns last.
        frontend: what computed the features; needed where poses are augmented.

    Raises:
        TrainingError: there is nothing to learn from, or an unfinished run is damaged.
        DivergedError: the loss is not a number; it carries the best weights so far, if any.
    """
    began = time.perf_counter()
    spaces = [space] if auxiliary is None else [space, auxiliary]
    render = Renderer.plan(config, frontend, spaces)
    training, validation = loaders(config, train, val, render)
    choose = config.training.early_stopping and validation is not None
    choosing = _choosing(config, work, best_by(val, space)) if choose else []
    with torch.random.fork_rng(), _quiet_lightning():
        torch.manual_seed(config.training.seed)
        lit = _module(config, space, auxiliary, train)
        trainer = _trainer(config, work, progress, choosing)
        kept = work / ("best.ckpt" if choose else "last.ckpt")
        try:
            trainer.fit(lit, training, validation, ckpt_path=unfinished(work / "last.ckpt"))
        except DivergedError as error:
            best = _trained(lit, kept, began) if kept.exists() else None
            raise DivergedError(str(error), best) from None
        except SystemExit as stop:
            _pass_on(stop)
            raise
    return _trained(lit, kept, began)


def _pass_on(stop: SystemExit) -> None:
    """Do what a signal asked for; Lightning ends as if all were well, or says nothing."""
    if isinstance(stop, SIGTERMException):
        signal.raise_signal(signal.SIGTERM)
    if isinstance(stop.__context__, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise KeyboardInterrupt from None


def _trained(lit: LitClassifier, kept: Path, began: float) -> Trained:
    """What a checkpoint holds."""
    checkpoint = torch.load(kept, map_location="cpu", weights_only=False)
    lit.load_state_dict(checkpoint["state_dict"])
    return Trained(
        model=lit.model.to(best_device()).eval(),
        best_epoch=int(checkpoint["epoch"]) + 1,
        history=lit.history,
        seconds=time.perf_counter() - began,
    )


def _module(
    config: Config, space: LabelSpace, auxiliary: LabelSpace | None, train: Sequence[Sample]
) -> LitClassifier:
    arguments = model_arguments(config, train[0], space, auxiliary)
    model = build_model(config.model.name, **arguments)
    return LitClassifier(model, config, space, _joint_loss(config, space, auxiliary, train))


def best_by(val: Sequence[Sample], space: LabelSpace) -> Literal["val_macro_f1", "val_loss"]:
    """What says which epoch is best: macro F1; where none of the behaviours occurs, the loss."""
    names = np.array(space.names)
    shown = np.sum([each.targets.of(slice(len(names))).counts for each in val], axis=0)
    return "val_macro_f1" if shown[names != space.background].any() else "val_loss"


def _choosing(config: Config, work: Path, monitor: str) -> list[Callback]:
    """Keeps the best epoch, and stops when none has been better for long."""
    mode = "min" if monitor == "val_loss" else "max"
    return [
        BestCheckpoint(work, "best", monitor=monitor, mode=mode, **_KEEP),
        _StaysStopped(monitor, patience=config.training.patience, mode=mode),
    ]


def _trainer(
    config: Config, work: Path, progress: Progress | None, choosing: Sequence[Callback]
) -> lightning.Trainer:
    """Lightning's loop on one device, with checkpoints of the last epoch.

    On several it would start the whole program anew for each, which a cross-validation and other
    runs of many trainings do not survive; and a network of this size fills none.
    """
    settings = config.training
    decay = settings.weight_averaging
    return lightning.Trainer(
        max_epochs=settings.epochs,
        gradient_clip_val=settings.gradient_clip or None,
        callbacks=[
            *choosing,
            *([EMAWeightAveraging(decay=decay)] if decay else []),
            ModelCheckpoint(work, "last", **_KEEP),
            _Reporter(progress, settings.epochs),
        ],
        accelerator=best_device().type,
        devices=1,
        plugins=[WholeCheckpoints()],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=work,
    )


def model_arguments(
    config: Config, sample: Sample, space: LabelSpace, auxiliary: LabelSpace | None = None
) -> dict[str, Any]:
    """What the configured model is built with, for input like that of `sample`.

    Raises:
        ConfigError: `model.options` say what follows from the recordings or the configuration.
    """
    groups = [len(each.names) for each in (space, auxiliary) if each is not None]
    known: dict[str, Callable[[], Any]] = {
        "window_size": lambda: config.training.window,
        "groups": lambda: groups,
        "exclusive": lambda: space.exclusive,
        "nodes": lambda: node_layout(sample.features.shape[1]),
    }
    takes = ARCHITECTURES[config.model.name].takes
    arguments: dict[str, Any] = {
        "input_dim": sample.width,
        "num_classes": sum(groups),
        **{name: known[name]() for name in takes},
    }
    if given := sorted(arguments.keys() & config.model.options.keys()):
        raise ConfigError(
            f"model.options: {', '.join(given)} cannot be chosen: it follows from the features, "
            "the labels and training.window. Leave it out."
        )
    return {**arguments, **config.model.options}


def _joint_loss(
    config: Config, space: LabelSpace, auxiliary: LabelSpace | None, train: Sequence[Sample]
) -> JointLoss:
    n = len(space.names)
    main = _loss(config, space, [sample.targets.of(slice(n)) for sample in train])
    if auxiliary is None:
        return JointLoss(main, n)
    beside = _loss(config, auxiliary, [sample.targets.of(slice(n, None)) for sample in train])
    return JointLoss(main, n, beside, config.loss.auxiliary)


def _loss(config: Config, space: LabelSpace, targets: Sequence[Targets]) -> FocalLoss:
    counts = torch.from_numpy(np.sum([each.counts for each in targets], axis=0))
    alpha = adjustment = None
    if config.loss.logit_adjustment and space.exclusive:  # both would count rare classes twice
        looked_for = torch.from_numpy(np.sum([each.looked_for_counts for each in targets], axis=0))
        adjustment = logit_adjustment(counts, looked_for, config.loss.logit_adjustment)
    elif config.loss.alpha_power and space.exclusive:
        alpha = inverse_frequency(counts, config.loss.alpha_power)
    elif config.loss.alpha_power:
        looked_for = torch.from_numpy(np.sum([each.observed.sum(0) for each in targets], axis=0))
        alpha = presence_weights(counts, looked_for, config.loss.alpha_power)
    return FocalLoss(
        space.exclusive,
        config.loss.gamma,
        alpha,
        adjustment,
        space.background_column,
        config.loss.kinds,
    )


class _StaysStopped(EarlyStopping):
    """Early stopping that has stopped a run stops it again where it goes on after a kill.

    Lightning forgets it: a run that was killed before its bundle was written would train longer.
    """

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """After a checkpoint is restored."""
        trainer.should_stop |= self.wait_count >= self.patience


class _Reporter(Callback):
    """Tells `progress` after each epoch."""

    def __init__(self, progress: Progress | None, epochs: int) -> None:
        self.progress = progress
        self.epochs = epochs

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """After the validation of the epoch."""
        if self.progress is not None:
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
