"""Training pieces whose poses are changed, and whose features are computed anew, each epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch.utils.data import Dataset

from nuzzle.config import Config
from nuzzle.errors import ConfigError
from nuzzle.features.frontend import Frontend
from nuzzle.skeleton import sided
from nuzzle.training.pose_augmentation import PoseAugmentation
from nuzzle.training.samples import Sample
from nuzzle.training.targets import LabelSpace
from nuzzle.training.windows import Batch, Pieces


@dataclass(frozen=True, eq=False)
class Renderer:
    """Makes another sample of a sample.

    Attributes:
        augment: changes its poses.
        frontend: computes what the model takes of them, with the statistics of the true ones.
    """

    augment: PoseAugmentation
    frontend: Frontend

    @classmethod
    def plan(
        cls, config: Config, frontend: Frontend | None, spaces: Sequence[LabelSpace]
    ) -> Renderer | None:
        """What the config asks for; None where poses stay as they are.

        Args:
            config: of the training.
            frontend: what computed the features; None where only these are there.
            spaces: the behaviours that are learned.

        Raises:
            ConfigError: there are no poses to change, or the labels do not allow the change.
        """
        wanted = config.augmentation.of_poses
        if not wanted:
            return None
        if frontend is None:
            keys = ", ".join(f"augmentation.{name}" for name in wanted)
            raise ConfigError(f"{keys}: these change poses, but only features were given.")
        if config.augmentation.swap and any(space.directed or space.own for space in spaces):
            raise ConfigError(
                "augmentation.swap exchanges the animals, and the labels say which of them acts. "
                "Set it to false, or the column directed of the manifest to no."
            )
        sides = sided([name for space in spaces for name in space.names])
        if config.augmentation.reflection and sides:
            raise ConfigError(
                "augmentation.reflection mirrors the animals, and what the labels call "
                f"{', '.join(sides)} would be the other. Set it to false."
            )
        augment = PoseAugmentation(config.augmentation, frontend.skeleton, frontend.fps)
        return cls(augment, frontend)

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """The sample with changed poses; features and targets follow them.

        Raises:
            TrainingError: the sample was made without its poses.
        """
        poses, targets = self.augment(sample.require_poses(), sample.targets, rng)
        features = self.frontend.model_input(self.frontend.feature_set(poses))
        return replace(sample, features=features, targets=targets)


class RenderedPieces(Dataset[Batch]):
    """Pieces that are cut out of changed samples, others each epoch.

    Where time is stretched, an epoch has more pieces or fewer than the next.

    Args:
        samples: the true ones.
        render: changes one.
        cut: makes pieces of samples.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        render: Renderer,
        cut: Callable[[Sequence[Sample]], Pieces],
    ) -> None:
        self.samples = samples
        self.render = render
        self.cut = cut
        self.pieces = cut(samples)

    def start_epoch(self, seed: tuple[int, ...], count: int) -> None:
        """Change everything, as the seed of the epoch says; `count` pieces will be drawn."""
        del self.pieces  # makes room: features may fill much of the memory
        changed = [
            self.render(sample, np.random.default_rng((*seed, 2, number)))
            for number, sample in enumerate(self.samples)
        ]
        self.pieces = self.cut(changed)
        self.pieces.start_epoch(seed, count)

    def __getitems__(self, indices: list[int]) -> Batch:
        """A whole batch; what torch's DataLoader calls."""
        return self.pieces.__getitems__(indices)

    def __len__(self) -> int:
        return len(self.pieces)

    @property
    def epoch_length(self) -> int:
        """As of the pieces."""
        return self.pieces.epoch_length
