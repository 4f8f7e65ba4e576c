"""Cross-validation: every labelled recording is predicted by a model that has not seen it."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nuzzle.config import Config
from nuzzle.decoding.tune import Tuned, tune_decoder
from nuzzle.errors import InputError
from nuzzle.evaluation.decisions import DecodingEffect
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.io.load import load_manifest
from nuzzle.manifest import Entry, Manifest
from nuzzle.recording import Recording
from nuzzle.training.fit import Progress
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.auxiliary import check_auxiliary, match_auxiliary
from nuzzle.workflow.calibration import calibrate_bundle, judge
from nuzzle.workflow.samples import Say
from nuzzle.workflow.scored import score_recording
from nuzzle.workflow.train import learn, work_folder

#: What must not stand on both sides of a fold.
By = Literal["group", "recording", "lab"]
#: What the decoding is tuned for: F1 per frame, per bout, or the mean of both.
Objective = Literal["frames", "bouts", "both"]


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What cross-validation says.

    Attributes:
        bundle: trained on all recordings, with the tuned decoding if that helps.
        evaluation: out-of-fold predictions, decided as the config says; each group of recordings is
            calibrated as fitted on the others.
        tuned: the decoding, and what it is worth on recordings that had no part in its choice.
        folds: recordings of each fold.
    """

    bundle: Bundle
    evaluation: Evaluation
    tuned: Tuned
    folds: tuple[tuple[str, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "evaluation": self.evaluation.to_dict(),
            "decoding": self.tuned.to_dict(),
            "folds": [list(fold) for fold in self.folds],
        }


def crossval(
    manifest: Manifest | str | Path,
    out: str | Path,
    config: Config | None = None,
    *,
    auxiliary: Manifest | str | Path | None = None,
    by: By = "group",
    folds: int = 5,
    objective: Objective = "both",
    overwrite: bool = False,
    fresh: bool = False,
    say: Say = lambda sentence: None,
    progress: Progress | None = None,
) -> CrossValidation:
    """Score a kind of model on all recordings, tune its decoding, and train it on all of them.

    Each fold is predicted by a model that was trained on the others, the next one of which was
    used to stop early. A run that was killed continues with the first fold that is not done.

    Args:
        manifest: recordings with labels; its splits play no part.
        out: the bundle to write.
        config: of the training.
        auxiliary: rows of other labels of recordings of the same names, to learn beside.
        by: what stays together: animals or sessions, recordings, or labs.
        folds: how many parts; fewer where there are fewer groups. At least 3.
        objective: what the decoding is tuned for.
        overwrite: whether an existing bundle may be replaced.
        fresh: throw away an unfinished run instead of continuing it.
        say: is told what is going on.
        progress: is told after each epoch.

    Raises:
        InputError, OutputError: there are too few groups; `out` exists or cannot be written.
    """
    config = config or Config()
    manifest = manifest if isinstance(manifest, Manifest) else Manifest.load(manifest)
    beside = match_auxiliary(manifest, auxiliary)
    entries = [*manifest, *beside.values()]
    work = work_folder(out := Path(out), config, entries, overwrite=overwrite, fresh=fresh, say=say)
    recordings = _labelled(manifest, beside)
    parts = partition(recordings, by, folds, config.training.seed)
    space = LabelSpace.fit(recordings, config.labels)
    run = Folds(parts, space, config, work, say, progress)
    pairs = [pair for number in range(len(parts)) for pair in run.predict(number)]
    tuned = _tune(pairs, objective, config)
    bundle, evaluation = _refit(run, pairs, tuned)
    bundle.save(out, overwrite=overwrite)
    shutil.rmtree(work)
    return CrossValidation(bundle, evaluation, tuned, run.names)


def _labelled(manifest: Manifest, auxiliary: Mapping[str, Entry]) -> list[Recording]:
    recordings = [each for each in load_manifest(manifest, auxiliary) if each.labels is not None]
    check_auxiliary(recordings, auxiliary)
    return recordings


def _tune(pairs: Sequence[ScoredPair], objective: Objective, config: Config) -> Tuned:
    seed, calibration = config.training.seed, config.calibration.method
    return tune_decoder(pairs, objective, seed=seed, calibration=calibration)


def _refit(run: Folds, pairs: Sequence[ScoredPair], tuned: Tuned) -> tuple[Bundle, Evaluation]:
    """The bundle of all recordings, and what its kind is worth out of fold."""
    bundle = calibrate_bundle(run.refit(), pairs, "the predictions out of fold", run.say)
    evaluation = replace(judge(bundle, pairs), decoding=DecodingEffect(tuned.before, tuned.nested))
    decoding = tuned.decoder.to_dict() if tuned.helps else bundle.decoding
    return replace(bundle, decoding=decoding, metrics=evaluation.to_dict()), evaluation


def partition(
    recordings: Sequence[Recording], by: By, folds: int, seed: int
) -> list[list[Recording]]:
    """Divide recordings so that no group stands in two parts; parts are about equally long.

    Raises:
        InputError: there are fewer than three groups.
    """
    keys: dict[By, Callable[[Recording], str]] = {
        "group": lambda each: each.group or each.name,
        "recording": lambda each: each.name,
        "lab": lambda each: each.lab,
    }
    groups: dict[str, list[Recording]] = {}
    for recording in recordings:
        groups.setdefault(keys[by](recording), []).append(recording)
    if min(len(groups), folds) < 3:
        raise InputError(
            f"Cross-validation needs three parts: to train on, to stop early on, to predict. There "
            f"are {len(groups)} different values of {by!r} with labels, and {folds} folds were "
            "asked for. Label more, or choose another --by."
        )
    order = np.random.default_rng(seed).permutation(sorted(groups))
    parts: list[list[Recording]] = [[] for _ in range(min(folds, len(groups)))]
    for name in sorted(order, key=lambda name: -sum(each.n_frames for each in groups[name])):
        shortest = min(parts, key=lambda part: sum(each.n_frames for each in part))
        shortest.extend(groups[name])
    return parts


@dataclass(frozen=True, eq=False)
class Folds:
    """The models of all folds; each is kept in `work`, so that none is trained twice."""

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

    def bundle(self, number: int) -> Bundle:
        """The model that has not seen part `number`."""
        path = self.work / f"fold-{number}.nuzzle"
        if path.exists():
            return Bundle.load(path)
        self.say(f"fold {number + 1} of {len(self.parts)}")
        stop = (number + 1) % len(self.parts)
        train = [
            each
            for other, part in enumerate(self.parts)
            if other not in (number, stop)
            for each in part
        ]
        bundle = self._learn({"train": train, "val": self.parts[stop]}, f"fold-{number}")
        bundle.save(path)
        return bundle

    def predict(self, number: int) -> list[ScoredPair]:
        """Predictions of part `number` by the model that has not seen it."""
        bundle = self.bundle(number)
        return [pair for each in self.parts[number] for pair in score_recording(bundle, each).pairs]

    def refit(self) -> Bundle:
        """A model trained on all recordings, for as long as was best in the folds."""
        best = [self.bundle(n).training["best_epoch"] for n in range(len(self.parts))]
        epochs = max(1, round(statistics.median(best)))
        self.say(f"training on all recordings for {epochs} epochs")
        training = self.config.training.model_copy(update={"epochs": epochs})
        config = self.config.model_copy(update={"training": training})
        everything = {"train": [each for part in self.parts for each in part], "val": []}
        return self._learn(everything, "all", config)

    def _learn(
        self, recordings: dict[str, list[Recording]], name: str, config: Config | None = None
    ) -> Bundle:
        work = self.work / name
        bundle = learn(recordings, self.space, config or self.config, work, self.say, self.progress)
        shutil.rmtree(work, ignore_errors=True)  # trees leave none
        return bundle
