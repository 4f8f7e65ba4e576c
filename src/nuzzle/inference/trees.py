"""Gradient-boosted trees behind the classifier interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from nuzzle.inference.classifier import Classifier
from nuzzle.models.trees import lightgbm


@dataclass(frozen=True, eq=False)
class TreeClassifier(Classifier):
    """LightGBM boosters on the features of single frames; missing values may stay missing.

    Attributes:
        boosters: one for exclusive behaviours, or two where `background` is given; else one a
            behaviour.
        exclusive: whether the probabilities of a frame add up to one.
        background: column of the background, if there are two boosters: how likely there is any
            behaviour, and which one it is if there is one. None otherwise.
    """

    kind: ClassVar[str] = "trees"

    boosters: Sequence[Any]
    exclusive: bool
    background: int | None = None

    @property
    def support_frames(self) -> tuple[int, int]:
        """The features know the context; trees look at one frame."""
        return (0, 0)

    def probabilities(self, features: Tensor) -> Tensor:
        """One frame at a time."""
        said = [booster.predict(features.numpy()) for booster in self.boosters]
        if self.background is not None:
            some, which = said
            together = np.insert(some[:, None] * which, self.background, 1 - some, axis=1)
        else:
            together = said[0] if self.exclusive else np.stack(said, axis=1)
        return torch.from_numpy(together.astype(np.float32))

    def files(self) -> dict[str, bytes]:
        """LightGBM's own text."""
        return {
            f"trees-{number}.txt": booster.model_to_string().encode()
            for number, booster in enumerate(self.boosters)
        }

    def describe(self) -> dict[str, Any]:
        """How many boosters there are, and what for."""
        return {
            "kind": self.kind,
            "boosters": len(self.boosters),
            "exclusive": self.exclusive,
            "background": self.background,
        }

    @classmethod
    def restore(cls, values: Mapping[str, Any], files: Mapping[str, bytes]) -> Self:
        """The inverse of `describe` and `files`."""
        package = lightgbm()
        texts = [files[f"trees-{number}.txt"].decode() for number in range(values["boosters"])]
        boosters = [package.Booster(model_str=text) for text in texts]
        return cls(boosters, bool(values["exclusive"]), values["background"])
