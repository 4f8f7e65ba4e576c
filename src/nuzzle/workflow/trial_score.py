"""What a configuration is worth: the score of one trial of a search."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nuzzle.config import Config
from nuzzle.errors import TrainingError
from nuzzle.evaluation.evaluate import Headline, headline
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.manifest import Manifest
from nuzzle.progress import Say
from nuzzle.recording import Recording
from nuzzle.workflow.checks import check_splits, fit_space, labelled, read, warn_of_names
from nuzzle.workflow.folds import By, ModelFolds, partition
from nuzzle.workflow.learn import learn
from nuzzle.workflow.scored import score_recording
from nuzzle.workflow.unused import warn_of_unused

#: What is made as large as possible: macro F1, mean average precision, macro bout F1 at an
#: intersection over union of 0.5, or the mean of the three; the background left out.
Metric = Literal["f1", "ap", "bouts", "mean"]
On = Literal["val", "crossval"]
#: Told how good a trial is so far, and after which step; it may raise to end the trial.
Report = Callable[[float, int], None]


@dataclass(frozen=True)
class Scoring:
    """How trials are scored.

    Attributes:
        on: ``val``, or ``crossval`` inside of ``train``.
        folds: of the cross-validation.
        by: what stays together in a fold.
        metric: what is made as large as possible.
    """

    on: On = "val"
    folds: int = 3
    by: By = "group"
    metric: Metric = "f1"


class Figures(Headline):
    """How good the predictions of a trial are."""

    def value(self, metric: Metric) -> float:
        """The figure that counts."""
        if metric == "mean":
            return (self.f1 + self.ap + self.bouts) / 3
        return float(getattr(self, metric))


class TrialScore:
    """Trains with a configuration, and scores what comes out. Recordings are read once.

    Probabilities are scored as the model gives them. `nuzzle train` calibrates them on `val`, so
    that its figures for the same configuration differ.

    Args:
        manifest: recordings with labels and splits.
        config: says what is labelled.
        scoring: how.
        say: is told what cannot be learned or judged, once.

    Raises:
        InputError, LeakageError: what is wrong with the manifest, and how to mend it.
    """

    def __init__(self, manifest: Manifest, config: Config, scoring: Scoring, say: Say) -> None:
        self.scoring = scoring
        self.said: set[str] = set()
        self.say = say
        if scoring.on == "val":
            manifest.check_leakage()
        splits = ("train", "val") if scoring.on == "val" else ("train",)
        chosen = {split: manifest.select(split) for split in splits}
        if scoring.on == "crossval":
            chosen["train"].with_groups().check_apart(scoring.by)
        recordings = {split: read(split, part, {}, say) for split, part in chosen.items()}
        self.space = fit_space(recordings["train"], config)
        self.parts: list[list[Recording]] = []
        if scoring.on == "val":
            self.recordings = check_splits(recordings, self.space, config, say)
        else:
            train = labelled(recordings["train"])
            warn_of_names(train, say)
            warn_of_unused(train, [], self.space, config, say)
            self.recordings = {"train": train}
            self.parts = partition(train, scoring.by, scoring.folds, config)

    def __call__(self, config: Config, work: Path, report: Report) -> Figures:
        """Train and score.

        Args:
            config: of the trial.
            work: folder of its checkpoints; a killed trial continues from there. It is left.
            report: is told the score so far: with cross-validation after each fold, of those that
                there are; on `val` after each epoch where macro F1 counts, as others are not known.

        Raises:
            NuzzleError: the training failed, or nothing could be scored.
        """
        score = self._on_val if self.scoring.on == "val" else self._crossval
        figures = score(config, work, report)
        if math.isnan(figures.value(self.scoring.metric)):
            raise TrainingError("None of the behaviours occurs in what was scored.")
        return figures

    def _on_val(self, config: Config, work: Path, report: Report) -> Figures:
        def progress(epoch: int, epochs: int, metrics: dict[str, float]) -> None:
            if self.scoring.metric == "f1":
                report(metrics["val_macro_f1"], epoch)

        bundle = learn(self.recordings, self.space, config, work, self._warn, progress)
        val = self.recordings["val"]
        return Figures(*headline([p for each in val for p in score_recording(bundle, each).pairs]))

    def _crossval(self, config: Config, work: Path, report: Report) -> Figures:
        folds = ModelFolds(self.parts, self.space, config, work, self._warn, None, self.scoring.by)
        folds.check()
        pairs: list[ScoredPair] = []
        for number in range(len(self.parts)):
            pairs += folds.predict(number)
            figures = Figures(*headline(pairs))
            report(figures.value(self.scoring.metric), number + 1)
        return figures

    def _warn(self, sentence: str) -> None:
        """Pass warnings on, each once: what else a training says, hundreds would repeat."""
        if sentence.startswith("warning") and sentence not in self.said:
            self.said.add(sentence)
            self.say(sentence)
