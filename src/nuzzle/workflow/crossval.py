"""Cross-validation: every labelled recording is predicted by a model that has not seen it."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nuzzle.config import Config
from nuzzle.decoding.tune import tune_decoder
from nuzzle.decoding.tuned import Tuned
from nuzzle.errors import InputError, TrainingError
from nuzzle.evaluation.decisions import DecodingEffect
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.features.frontend import Frontend
from nuzzle.inference.bundle import Bundle
from nuzzle.io.load import load_manifest
from nuzzle.manifest import Manifest
from nuzzle.recording import Recording
from nuzzle.training.fit import Progress
from nuzzle.training.labs import warn_of_differences
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.calibration import calibrate_bundle, judge
from nuzzle.workflow.samples import Say
from nuzzle.workflow.scored import score_recording, targets_of
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
    by: By = "group",
    folds: int = 5,
    objective: Objective = "both",
    overwrite: bool = False,
    fresh: bool = False,
    say: Say = lambda sentence: None,
    progress: Progress | None = None,
) -> CrossValidation:
    """Score a kind of model on all recordings, tune its decoding, and train it on all of them.

    Each fold is predicted by a model that was trained on the others. The next one (by lab: a fifth
    of each lab's groups) was used to stop early. What a fold's model had no example of is left out
    of its scores. A run that was killed continues with the first fold that is not done.

    Args:
        manifest: recordings with labels; its splits play no part.
        out: the bundle to write.
        config: of the training.
        by: what stays together: animals or sessions, recordings, or labs.
        folds: how many parts; fewer where there are fewer groups. At least 3, of labs 2.
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
    work = work_folder(
        out := Path(out), config, manifest, overwrite=overwrite, fresh=fresh, say=say
    )
    recordings = [each for each in load_manifest(manifest) if each.labels is not None]
    parts = partition(recordings, by, folds, config.training.seed)
    run = Folds(parts, LabelSpace.fit(recordings, config.labels), config, work, say, progress, by)
    pairs = run.predict_all()
    tuned = tune_decoder(
        pairs, objective, seed=config.training.seed, calibration=config.calibration.method
    )
    bundle, evaluation = _refit(run, pairs, tuned)
    bundle.save(out, overwrite=overwrite)
    shutil.rmtree(work)
    return CrossValidation(bundle, evaluation, tuned, run.names)


def _refit(run: Folds, pairs: Sequence[ScoredPair], tuned: Tuned) -> tuple[Bundle, Evaluation]:
    """The bundle of all recordings, and what its kind is worth out of fold."""
    bundle = calibrate_bundle(run.refit(), pairs, "the predictions out of fold", run.say)
    evaluation = replace(judge(bundle, pairs), decoding=DecodingEffect(tuned.before, tuned.nested))
    decoding = tuned.decoder.to_dict() if tuned.helps else bundle.decoding
    own = {lab: each.decoder.to_dict() for lab, each in tuned.labs.items() if each.helps}
    metrics = evaluation.to_dict()
    return replace(bundle, decoding=decoding, decoders=own, metrics=metrics), evaluation


def partition(
    recordings: Sequence[Recording], by: By, folds: int, seed: int
) -> list[list[Recording]]:
    """Divide recordings so that no group stands in two parts; parts are about equally long.

    Raises:
        InputError: there are fewer than three groups, or two labs.
    """
    keys: dict[By, Callable[[Recording], str]] = {
        "group": lambda each: each.group or each.name,
        "recording": lambda each: each.name,
        "lab": lambda each: each.lab,
    }
    groups: dict[str, list[Recording]] = {}
    for recording in recordings:
        groups.setdefault(keys[by](recording), []).append(recording)
    needed = 2 if by == "lab" else 3
    if min(len(groups), folds) < needed:
        stop = "" if by == "lab" else "to stop early on, "
        raise InputError(
            f"Cross-validation needs {needed} parts: to train on, {stop}to predict. There are "
            f"{len(groups)} different values of {by!r} with labels, and {folds} folds were asked "
            "for. Label more, or choose another --by."
        )
    order = np.random.default_rng(seed).permutation(sorted(groups))
    parts: list[list[Recording]] = [[] for _ in range(min(folds, len(groups)))]
    for name in sorted(order, key=lambda name: -sum(each.n_frames for each in groups[name])):
        shortest = min(parts, key=lambda part: sum(each.n_frames for each in part))
        shortest.extend(groups[name])
    return parts


def hold_out(recordings: Sequence[Recording], seed: int) -> dict[str, list[Recording]]:
    """`train`, and `val` with a fifth of the groups of each lab that has several.

    A whole lab would be much to stop early on. Groups are drawn at random, of those whose
    behaviours others show as well. What is held out has its lab hidden, like that of recordings of
    a lab that the model does not know.

    Raises:
        InputError: no lab has two groups.
    """
    shown: dict[tuple[str, str], set[str]] = {}
    for each in recordings:
        bouts = () if each.labels is None else each.labels.bouts["behaviour"]
        shown.setdefault(_lab_and_group(each), set()).update(bouts)
    rng = np.random.default_rng(seed)
    held = set[tuple[str, str]]()

    def lost(group: tuple[str, str]) -> int:
        others = [names for name, names in shown.items() if name not in held and name != group]
        return len(shown[group].difference(*others))

    for lab in sorted({lab for lab, _ in shown}):
        mine = sorted(group for group in shown if group[0] == lab)
        order = [mine[index] for index in rng.permutation(len(mine))]
        for _ in range(max(1, round(len(mine) / 5)) if len(mine) > 1 else 0):
            held.add(min((group for group in order if group not in held), key=lost))
    if not held:
        raise InputError(
            "None of the labs has two groups of recordings (animals or sessions), one to train on "
            f"and one to stop early on: {sorted({lab for lab, _ in shown})}. Label more."
        )
    split: dict[str, list[Recording]] = {"train": [], "val": []}
    for each in recordings:
        if _lab_and_group(each) in held:
            split["val"].append(replace(each, lab=""))
        else:
            split["train"].append(each)
    return split


def _lab_and_group(recording: Recording) -> tuple[str, str]:
    return recording.lab, recording.group or recording.name


@dataclass(frozen=True, eq=False)
class Folds:
    """The models of all folds; each is kept in `work`, so that none is trained twice."""

    parts: list[list[Recording]]
    space: LabelSpace
    config: Config
    work: Path
    say: Say
    progress: Progress | None
    by: By = "group"

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """The recordings of each part."""
        return tuple(tuple(each.name for each in part) for part in self.parts)

    @property
    def recordings(self) -> list[Recording]:
        """Those of all parts."""
        return [each for part in self.parts for each in part]

    @cached_property
    def settled(self) -> Config:
        """The configuration with what follows from the recordings, the same in every fold.

        So each fold's model can read the recordings that it has not seen.

        Raises:
            InputError: the recordings do not fit together.
        """
        plan = Frontend.plan(self.recordings, self.config, directed=self.space.directed)
        chosen = {"keypoints": list(plan.skeleton.keypoints), "fps": plan.fps, "unit": plan.unit}
        return self.config.with_values({f"prepare.{key}": value for key, value in chosen.items()})

    def check(self) -> None:
        """Say before training what labs disagree about, and what a fold's model cannot learn.

        Raises:
            InputError: the recordings do not fit together.
            TrainingError: a model would learn nothing.
        """
        _ = self.settled
        warn_of_differences(self.recordings, self.say)
        for number, part in enumerate(self.parts):
            absent = set(self.space.absent(self._split(number)["train"]))
            lost = sorted(absent - set(self.space.absent(part)))
            what = {each.lab if self.by == "lab" else each.name for each in part}
            fold = f"fold {number + 1} ({', '.join(sorted(what)[:5])})"
            if absent == set(self.space.behaviours):
                raise TrainingError(
                    f"The recordings that the model of {fold} would learn from show none of the "
                    "behaviours. Label more of them, or choose another --by, or fewer --folds."
                )
            if lost:
                self.say(
                    f"warning: {', '.join(lost)} occurs in {fold}, and not in the recordings that "
                    "its model learns from: it is left out of the scores there. Label it in "
                    "others, or leave it out of labels.behaviours"
                )

    def _split(self, number: int) -> dict[str, list[Recording]]:
        """What the model that has not seen part `number` learns from, and stops early on."""
        last = number if self.by == "lab" else (number + 1) % len(self.parts)
        others = [part for n, part in enumerate(self.parts) if n not in (number, last)]
        rest = [each for part in others for each in part]
        if self.by == "lab":
            return hold_out(rest, self.config.training.seed)
        return {"train": rest, "val": self.parts[last]}

    def bundle(self, number: int) -> Bundle:
        """The model that has not seen part `number`."""
        path = self.work / f"fold-{number}.nuzzle"
        if path.exists():
            return Bundle.load(path)
        self.say(f"fold {number + 1} of {len(self.parts)}")
        bundle = self._learn(self._split(number), f"fold-{number}")
        bundle.save(path)
        return bundle

    def predict(self, number: int) -> list[ScoredPair]:
        """Predictions of part `number` by the model that has not seen it.

        By lab, their group is the lab: what is tuned, calibrated or resampled shall not know it
        from its other animals.
        """
        bundle = self.bundle(number)
        scored = [each for each in self.parts[number] if targets_of(bundle, each)]
        pairs = [pair for each in scored for pair in score_recording(bundle, each).pairs]
        return [replace(pair, group=pair.lab) for pair in pairs] if self.by == "lab" else pairs

    def predict_all(self) -> list[ScoredPair]:
        """Predictions of all parts; what cannot be learned is said before."""
        self.check()
        return [pair for number in range(len(self.parts)) for pair in self.predict(number)]

    def refit(self) -> Bundle:
        """A model trained on all recordings, for as long as was best in the folds."""
        best = [self.bundle(n).training["best_epoch"] for n in range(len(self.parts))]
        epochs = max(1, round(statistics.median(best)))
        self.say(f"training on all recordings for {epochs} epochs")
        config = self.settled.with_values({"training.epochs": epochs})
        return self._learn({"train": self.recordings, "val": []}, "all", config)

    def _learn(
        self, recordings: dict[str, list[Recording]], name: str, config: Config | None = None
    ) -> Bundle:
        work = self.work / name
        config = config or self.settled
        bundle = learn(recordings, self.space, config, work, self.say, self.progress)
        shutil.rmtree(work, ignore_errors=True)  # trees leave none
        return bundle
