"""The Lightning module: one step of training and of validation, for any architecture."""

from __future__ import annotations

import math
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from nuzzle.config import Config
from nuzzle.errors import DivergedError
from nuzzle.models.tcn import MultiStageTCN
from nuzzle.training.augmentation import mixup, noise_and_scale, one_run
from nuzzle.training.labs import hide_lab, with_lab
from nuzzle.training.losses import JointLoss, smoothness
from nuzzle.training.targets import LabelSpace
from nuzzle.training.windows import Batch

#: Share of the steps in which the learning rate of a cycle rises.
RISE = 0.3


class LitClassifier(lightning.LightningModule):
    """Trains a model and follows its macro F1 on the validation frames.

    Args:
        model: takes `(batch, time, feature)` and a mask, returns logits.
        config: of the training.
        space: the model's behaviours; logits and training targets of auxiliary ones come after
            theirs.
        loss: on logits, targets and the mask of what was observed.
    """

    def __init__(
        self, model: nn.Module, config: Config, space: LabelSpace, loss: JointLoss
    ) -> None:
        super().__init__()
        self.model = model
        self.config = config
        self.space = space
        self.loss = loss
        self.rng = np.random.default_rng(config.training.seed)
        self.history: list[dict[str, float]] = []
        self.counts = torch.zeros(3, len(space.names))
        self._drawn = torch.zeros(0, dtype=torch.long)  # the samples of the latest batch

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.model(x, inside)
        return logits

    @property
    def _loader(self) -> Any:
        """Of the batches of an epoch."""
        return self.trainer.train_dataloader

    @property
    def _pieces(self) -> Any:
        """What they are drawn from."""
        return self._loader.dataset

    def on_train_epoch_start(self) -> None:
        """Seed everything random with seed and epoch, so that a resumed run continues alike."""
        seed = (self.config.training.seed, self.current_epoch)
        self.rng = np.random.default_rng(seed)
        self._pieces.start_epoch(seed, len(self._loader.sampler))
        torch.manual_seed(int(self.rng.integers(2**31)))

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Loss of an augmented batch."""
        self._drawn = batch.sample
        settings = self.config.augmentation
        x = noise_and_scale(batch.x, settings, self.rng)
        lab = hide_lab(batch.lab, self.config.labs.dropout, self.rng)
        x = with_lab(x, batch.inside, lab)
        if settings.mixup_alpha and len(x) > 1:
            mixed = mixup(x, settings.mixup_alpha, self.rng)
            inside = one_run(batch.inside | batch.inside[mixed.order])
            stages = self._stages(mixed.x, inside)
            one = self._loss(stages, batch.targets, batch.observed)
            other = self._loss(stages, batch.targets[mixed.order], batch.observed[mixed.order])
            loss = mixed.share * one + (1 - mixed.share) * other
        else:
            inside = batch.inside
            stages = self._stages(x, inside)
            loss = self._loss(stages, batch.targets, batch.observed)
        if self.config.loss.smoothness and stages[0].ndim == 3:
            exclusive = self.space.exclusive
            jumps = [smoothness(self._own(each), inside, exclusive=exclusive) for each in stages]
            loss = loss + self.config.loss.smoothness * torch.stack(jumps).mean()
        if not torch.isfinite(loss):
            raise self._diverged(
                "The loss became infinite or not a number in epoch "
                f"{self.current_epoch + 1}, batch {index + 1}"
            )
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(x))
        return loss

    def _stages(self, x: Tensor, inside: Tensor) -> list[Tensor]:
        """Logits of every stage of a model that has several, so that each learns."""
        if isinstance(self.model, MultiStageTCN):
            return self.model.stages(x, inside)
        return [self(x, inside)]

    def _loss(self, stages: list[Tensor], targets: Tensor, observed: Tensor) -> Tensor:
        return torch.stack([self.loss(logits, targets, observed) for logits in stages]).mean()

    def _own(self, logits: Tensor) -> Tensor:
        """Logits of the model's behaviours, without those learned beside them."""
        return logits[..., : len(self.space.names)]

    def _diverged(self, what: str) -> DivergedError:
        """What went wrong, and the recordings of the latest batch."""
        numbers = {int(number) for number in self._drawn}
        names = sorted({self._pieces.samples[number].recording for number in numbers})
        return DivergedError(
            f"{what}, with pieces of {', '.join(names[:8])}. Try a smaller "
            "training.learning_rate, and look at these recordings' poses."
        )

    def on_validation_epoch_start(self) -> None:
        """Forget the last epoch's counts."""
        # No buffer: averaged weights come with buffers of their own.
        self.counts = torch.zeros(3, len(self.space.names), device=self.device)

    def validation_step(self, batch: Batch, index: int) -> None:
        """Count true positives, false positives and false negatives of each behaviour."""
        logits = self._own(self(with_lab(batch.x, batch.inside, batch.lab), batch.inside))
        loss = self.loss.main(logits, batch.targets, batch.observed)
        said = decide(logits, batch.observed, exclusive=self.space.exclusive)
        true = (batch.targets > 0) & batch.observed
        self.counts += torch.stack(
            [each.flatten(0, -2).sum(0) for each in (said & true, said & ~true, ~said & true)]
        )
        self.log("val_loss", loss, batch_size=len(logits))

    def on_validation_epoch_end(self) -> None:
        """Macro F1 over the behaviours that occur, the background left out."""
        self.log("val_macro_f1", macro_f1(self.counts, self.space))

    def on_train_epoch_end(self) -> None:
        """Keep the epoch's figures; validation comes before this, checkpoints after.

        Raises:
            DivergedError: the last step has spoiled the weights, which must not be kept; or what is
                said of validation frames is not a number.
        """
        if not all(bool(torch.isfinite(weights).all()) for weights in self.parameters()):
            raise self._diverged(
                "Weights became infinite or not a number in the last batch of epoch "
                f"{self.current_epoch + 1}"
            )
        metrics = {key: float(value) for key, value in self.trainer.callback_metrics.items()}
        if not math.isfinite(metrics.get("val_loss", 0.0)):
            raise DivergedError(
                "The loss on val became infinite or not a number in epoch "
                f"{self.current_epoch + 1}. Try a smaller training.learning_rate."
            )
        self.history.append({"epoch": self.current_epoch + 1, **metrics})

    def configure_optimizers(self) -> Any:
        """Adam, as documented; with weight decay and a cycle of the rate where asked for."""
        settings = self.config.training
        optimiser = torch.optim.AdamW(
            self.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        if settings.schedule == "constant":
            return optimiser
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, settings.learning_rate, total_steps=steps, pct_start=RISE
        )
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The history travels with the weights."""
        checkpoint["history"] = self.history

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Continue the history."""
        self.history = list(checkpoint["history"])


def decide(logits: Tensor, observed: Tensor, *, exclusive: bool) -> Tensor:
    """The behaviours that a model says, `(..., behaviour)` bool.

    Exclusive: the likeliest among those that were looked for; otherwise each more likely than not.
    """
    if not exclusive:
        return (logits > 0) & observed
    best = logits.masked_fill(~observed, torch.finfo(logits.dtype).min).argmax(-1, keepdim=True)
    return torch.zeros_like(observed).scatter_(-1, best, True) & observed


def macro_f1(counts: Tensor, space: LabelSpace) -> Tensor:
    """Mean F1 over behaviours that occur; counts are true positives, false positives, misses."""
    hit, false, missed = counts
    occurs = (hit + missed) > 0
    if space.background_column is not None:
        occurs[space.background_column] = False
    f1 = 2 * hit / (2 * hit + false + missed).clamp(min=1)
    return f1[occurs].mean() if bool(occurs.any()) else torch.zeros(())
