"""Cross-validation: every labelled recording is predicted by a model that has not seen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from nuzzle.config import Config
from nuzzle.decoding.tune import tune_decoder
from nuzzle.decoding.tuned import Objective, Tuned, objectives_of
from nuzzle.errors import DivergedError
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.manifest import Entry, Manifest
from nuzzle.outputs.results import ResultsWriter
from nuzzle.progress import Progress, Say, log
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.auxiliary import match_auxiliary
from nuzzle.workflow.calibration import calibrate_bundle, judge
from nuzzle.workflow.checks import read_labelled
from nuzzle.workflow.ensemble import folds_of
from nuzzle.workflow.folds import By, Folds, partition
from nuzzle.workflow.learn import check_models
from nuzzle.workflow.out_of_fold import write_out_of_fold, writing_out_of_fold
from nuzzle.workflow.unused import warn_of_unused
from nuzzle.workflow.work import work_folder


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What cross-validation says.

    Attributes:
        bundle: trained on all recordings, with the tuned decoding if that helps.
        evaluation: out-of-fold predictions, decided as the config says; each group of recordings is
            combined, where there are several members, and calibrated as fitted on the others.
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
            "comparison": self.bundle.training.get("comparison"),
        }


class Learned(NamedTuple):
    """A model of all recordings, and the predictions out of fold that it rests on."""

    bundle: Bundle
    pairs: list[ScoredPair]
    tuned: Tuned
    folds: tuple[tuple[str, ...], ...]


def crossval(
    manifest: Manifest | str | Path,
    out: str | Path,
    config: Config | None = None,
    *,
    auxiliary: Manifest | str | Path | None = None,
    by: By = "group",
    folds: int = 5,
    jobs: int = 1,
    objective: Objective | Mapping[str, Objective] = "both",
    split: str = "",
    overwrite: bool = False,
    fresh: bool = False,
    results: str | Path | None = None,
    command: str = "",
    say: Say = log,
    progress: Progress | None = None,
) -> CrossValidation:
    """Score a kind of model on all recordings, tune its decoding, and train it on all of them.

    Each fold is predicted by a model of the others, and what that had no example of is left out;
    with early stopping, the next one (by lab: a fifth of each lab's groups) only says when to stop.

    Args:
        manifest, split: recordings with labels; only those of a split.
        out, config: the bundle to write; of the training.
        auxiliary: rows of other labels of recordings of the same names, to learn beside.
        by, folds: what stays together: animals or sessions, recordings, or labs; how many parts, 2
            at least, or 3 with early stopping other than by lab.
        jobs: how many trainings at a time, each on its share of the cores.
        objective: what the decoding is tuned for, of all behaviours, or of some by name.
        overwrite, fresh: replace the bundle and results; begin a run anew that was not finished.
        results, command: folder for what is said out of fold, as of `evaluate`; what was typed.
        say, progress: are told what is going on, and when an epoch is over.

    Raises:
        InputError, LeakageError, DivergedError: too few groups; held out, too; an infinite loss.
        OutputError: `out` or `results` exists or cannot be written.
    """
    check_models(config := config or Config())
    out, manifest = Path(out), _chosen(manifest, split, by)
    beside = match_auxiliary(manifest, auxiliary)
    rows, how = [*manifest, *beside.values()], f"{folds} by {by}"
    with work_folder(out, config, rows, how, overwrite=overwrite, fresh=fresh, say=say) as work:
        recordings, space = _read(split, manifest, beside, config, say)
        run = partial(cross_validate, recordings, space, config, work, by, folds, jobs, objective)
        with writing_out_of_fold(results, out, space, command, overwrite=overwrite) as writer:
            result = _judged(run(say, progress), recordings, writer)
        result.bundle.save(out, overwrite=overwrite)
    return result


def _read(
    split: str, manifest: Manifest, auxiliary: Mapping[str, Entry], config: Config, say: Say
) -> tuple[list[Recording], LabelSpace]:
    """The recordings that take part, and their behaviours."""
    recordings = read_labelled(split or "all", manifest, auxiliary, say)
    space = LabelSpace.fit(recordings, config.labels)
    warn_of_unused(recordings, [], space, config, say)
    return recordings, space


def _judged(
    learned: Learned, recordings: Sequence[Recording], writer: ResultsWriter | None
) -> CrossValidation:
    """What its kind is worth out of fold, written where that was asked for."""
    bundle, pairs, tuned, folds = learned
    judged = judge(bundle, pairs, decoders=tuned.decoders)
    bundle = replace(bundle, metrics=judged.evaluation.to_dict())
    if writer is not None:
        write_out_of_fold(writer, bundle, recordings, judged)
    return CrossValidation(bundle, judged.evaluation, tuned, folds)


def _chosen(manifest: Manifest | str | Path, split: str, by: By) -> Manifest:
    """The recordings of a split, or all where none is named."""
    manifest = manifest if isinstance(manifest, Manifest) else Manifest.load(manifest)
    if split:
        manifest.check_leakage(split, sorted({"val", "test"} - {split}))
        manifest = manifest.select(split)
    manifest.with_groups().check_apart(by)
    return manifest


def cross_validate(
    recordings: Sequence[Recording],
    space: LabelSpace,
    config: Config,
    work: Path,
    by: By,
    folds: int,
    jobs: int,
    objective: Objective | Mapping[str, Objective],
    say: Say,
    progress: Progress | None,
) -> Learned:
    """The model alone, of labelled recordings in memory; nothing is written but in `work`."""
    parts = partition(recordings, by, folds, config)
    objectives = objectives_of(objective, space.behaviours)
    run = folds_of(parts, space, config, work, say, progress, by, jobs)
    run.check()
    try:
        pairs = run.out_of_fold()
        tuned = tune_decoder(
            pairs,
            objectives,
            seed=config.training.seed,
            calibration=config.calibration,
            configured=run.decoders,
        )
        bundle = _refit(run, pairs, tuned)
        if never := bundle.decoder.never_said:
            say(
                f"warning: the bundle never says {', '.join(never)}: out of fold, nothing that was "
                "said of it was right. Label more of it, or leave it out of labels.behaviours"
            )
    except DivergedError as error:
        kept = f"What was finished before is kept in {work}."
        raise DivergedError(f"{error} {kept}", error.best) from None
    return Learned(bundle, pairs, tuned, run.names)


def _refit(run: Folds, pairs: Sequence[ScoredPair], tuned: Tuned) -> Bundle:
    """The bundle of all recordings, with the decoding that helps."""
    bundle = calibrate_bundle(run.refit(), pairs, run.say, out_of_fold=True)
    decoder = tuned.decoder if tuned.helps else bundle.decoder
    own = {lab: each.decoder for lab, each in tuned.labs.items() if each.helps}
    return replace(bundle, decoder=decoder, lab_decoders=own)
