"""Parts of the recordings, and the models that have not seen one of them."""

from __future__ import annotations

import shutil
import statistics
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from nuzzle.config import Config
from nuzzle.errors import DivergedError, InputError
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.recording import Recording
from nuzzle.training.fit import Progress
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.learn import learn
from nuzzle.workflow.samples import Say
from nuzzle.workflow.scored import score_recording

#: What must not stand on both sides of a fold.
By = Literal["group", "recording", "lab"]


def least_parts(config: Config) -> int:
    """How many parts a cross-validation needs: one to predict, one to train on, and one to stop
    early on where the config asks for that.
    """
    return 3 if any(each.training.early_stopping for each in config.members().values()) else 2


def partition(
    recordings: Sequence[Recording], by: By, folds: int, config: Config
) -> list[list[Recording]]:
    """Divide recordings so that no group stands in two parts; parts are about equally long.

    Args:
        recordings: to divide.
        by: what a group is.
        folds: how many parts; fewer where there are fewer groups.
        config: of the trainings; its seed says which groups come together.

    Raises:
        InputError: there are fewer groups than a cross-validation needs.
    """
    keys: dict[By, Callable[[Recording], str]] = {
        "group": lambda each: each.group or each.name,
        "recording": lambda each: each.name,
        "lab": lambda each: each.lab,
    }
    groups: dict[str, list[Recording]] = {}
    for recording in recordings:
        groups.setdefault(keys[by](recording), []).append(recording)
    least = least_parts(config)
    if min(len(groups), folds) < least:
        uses = ["to predict", "to train on", "to stop early on"][:least]
        raise InputError(
            f"Cross-validation needs {least} parts: {', '.join(uses)}. There are {len(groups)} "
            f"different values of {by!r} with labels, and {folds} folds were asked for. Label "
            "more, or choose another --by."
        )
    order = np.random.default_rng(config.training.seed).permutation(sorted(groups))
    parts: list[list[Recording]] = [[] for _ in range(min(folds, len(groups)))]
    for name in sorted(order, key=lambda name: -sum(each.n_frames for each in groups[name])):
        shortest = min(parts, key=lambda part: sum(each.n_frames for each in part))
        shortest.extend(groups[name])
    return parts


@dataclass(frozen=True, eq=False)
class Folds(ABC):
    """The models of all folds; each is kept in `work`, so that none is trained twice.

    Attributes:
        parts: of the recordings.
        space: the behaviours.
        config: of the trainings.
        work: folder.
        say: is told what is going on.
        progress: is told after each epoch.
    """

    parts: list[list[Recording]]
    space: LabelSpace
    config: Config
    work: Path
    say: Say
    progress: Progress | None

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """The recordings of each part."""
        return tuple(tuple(each.name for each in part) for part in self.parts)

    @abstractmethod
    def out_of_fold(self) -> list[ScoredPair]:
        """Predictions of all recordings, each of what has not seen it."""

    @abstractmethod
    def refit(self) -> Bundle:
        """What is trained on all recordings."""


class ModelFolds(Folds):
    """Those of one model."""

    def bundle(self, number: int) -> Bundle:
        """The model that has not seen part `number`."""
        path = self.work / f"fold-{number}.nuzzle"
        if path.exists():
            return Bundle.load(path)
        others = [part for other, part in enumerate(self.parts) if other != number]
        val: list[Recording] = []
        if self.config.training.early_stopping:
            val = others.pop(number % len(others))  # the next one
        train = [each for part in others for each in part]
        what = f"fold {number + 1} of {len(self.parts)}"
        bundle = self._learn(what, {"train": train, "val": val}, f"fold-{number}")
        bundle.save(path)
        return bundle

    def predict(self, number: int) -> list[ScoredPair]:
        """Predictions of part `number` by the model that has not seen it."""
        bundle = self.bundle(number)
        return [pair for each in self.parts[number] for pair in score_recording(bundle, each).pairs]

    def out_of_fold(self) -> list[ScoredPair]:
        """Predictions of all recordings, each by the model that has not seen it."""
        return [pair for number in range(len(self.parts)) for pair in self.predict(number)]

    def refit(self) -> Bundle:
        """A model trained on all recordings, for as many epochs as were best in the folds."""
        path = self.work / "all.nuzzle"
        if path.exists():
            return Bundle.load(path)
        best = [self.bundle(n).training["best_epoch"] for n in range(len(self.parts))]
        epochs = max(1, round(statistics.median(best)))
        training = self.config.training.model_copy(update={"epochs": epochs})
        config = self.config.model_copy(update={"training": training})
        everything = {"train": [each for part in self.parts for each in part], "val": []}
        what = f"training on all recordings for {epochs} epochs"
        bundle = self._learn(what, everything, "all", config)
        bundle.save(path)
        return bundle

    def _learn(
        self,
        what: str,
        recordings: dict[str, list[Recording]],
        name: str,
        config: Config | None = None,
    ) -> Bundle:
        self.say(what)
        config, work = config or self.config, self.work / name
        with naming(what):
            bundle = learn(recordings, self.space, config, work, self.say, self.progress)
        shutil.rmtree(work, ignore_errors=True)  # trees leave none
        return bundle


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Say in which training a loss became infinite.

    Raises:
        DivergedError: the same, with the name in front.
    """
    try:
        yield
    except DivergedError as error:
        raise DivergedError(f"{what}: {error}", error.best) from None
