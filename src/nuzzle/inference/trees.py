"""Gradient-boosted trees behind the classifier interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor

from nuzzle.inference.classifier import Classifier, Wanted
from nuzzle.models.trees import lightgbm

#: After the last tree of LightGBM's text.
_END = "\nend of trees\n"


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

    def probabilities(self, features: Tensor, wanted: Wanted = None) -> Tensor:
        """One frame at a time; the trees of what is not wanted are not asked."""
        x = features.numpy()
        if self.background is not None:
            some, which = (booster.predict(x) for booster in self.boosters)
            together = np.insert(some[:, None] * which, self.background, 1 - some, axis=1)
        elif self.exclusive and (wanted is None or wanted.all()):
            together = self.boosters[0].predict(x)
        else:
            columns = range(len(self._each))
            chosen = [each for each in columns if wanted is None or wanted[each]]
            said = np.array([self._each[column].predict(x) for column in chosen]).T
            together = np.full((len(x), len(self._each)), 0.0 if self.exclusive else np.nan)
            together[:, chosen] = softmax(said, axis=1) if self.exclusive else said
        return torch.from_numpy(together.astype(np.float32))

    @cached_property
    def _each(self) -> Sequence[Any]:
        """A booster for each behaviour: of exclusive ones it says the score before the softmax."""
        return one_a_class(self.boosters[0]) if self.exclusive else self.boosters

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
        if not all(_END in text for text in texts):
            raise ValueError("the trees have no end")  # LightGBM ends the process over such a text
        boosters = [package.Booster(model_str=text) for text in texts]
        return cls(boosters, bool(values["exclusive"]), values["background"])


def one_a_class(booster: Any) -> list[Any]:
    """The trees of each class of a booster of several, as a booster that says its raw score.

    LightGBM asks the trees of all classes or of none, and its text holds them in turn.
    """
    package, count = lightgbm(), booster.num_model_per_iteration()
    trees, end, rest = booster.model_to_string().partition(_END)
    head, *trees = trees.split("\nTree=")
    own = ("num_class=", "num_tree_per_iteration=", "objective=", "tree_sizes=")
    common = [line for line in head.splitlines() if not line.startswith(own)]
    common[2:2] = ["num_class=1", "num_tree_per_iteration=1"]
    out = []
    for column in range(count):
        mine = [tree.partition("\n")[2] for tree in trees[column::count]]
        numbered = [f"Tree={number}\n{tree}" for number, tree in enumerate(mine)]
        text = "\n".join(["\n".join(common), "", *numbered])
        out.append(package.Booster(model_str=f"{text}{end}{rest}"))
    return out
