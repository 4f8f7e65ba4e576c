"""What there is to learn from: pairs of recordings, what to say of them, and their features."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from nuzzle.errors import TrainingError
from nuzzle.labels import Pair
from nuzzle.training.targets import Targets


@dataclass(frozen=True, eq=False)
class LabelledPair:
    """One pair of one recording, and what to say of it.

    Attributes:
        recording: its name.
        pair: agent and target.
        targets: what to say, and where that is known; columns of auxiliary behaviours, if any,
            after those of the model.
        lab: the code of its lab, `(lab,)`; empty where the model is not told.
        poses: `(time, 2 animals, keypoint, 2)`, prepared, NaN where missing; None where there are
            features alone.
    """

    recording: str
    pair: Pair
    targets: Targets
    lab: Tensor = field(default_factory=lambda: torch.zeros(0))
    poses: Tensor | None = None

    def require_poses(self) -> Tensor:
        """The poses.

        Raises:
            TrainingError: there are features alone.
        """
        if self.poses is None:
            raise TrainingError(f"The poses of {self.recording!r} were not kept.")
        return self.poses

    def with_features(self, features: Tensor) -> Sample:
        """The same, for a network."""
        return Sample(
            self.recording, self.pair, self.targets, self.lab, self.poses, features=features
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Sample(LabelledPair):
    """A pair that a network can learn from.

    Attributes:
        features: `(time, feature)`, normalised, nothing missing.
    """

    features: Tensor

    @property
    def width(self) -> int:
        """Columns of the model's input: the features, and the labs."""
        return self.features.shape[1] + len(self.lab)
