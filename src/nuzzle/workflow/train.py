"""Training: from a manifest to a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nuzzle.config import Config
from nuzzle.errors import DivergedError
from nuzzle.inference.bundle import Bundle
from nuzzle.manifest import Entry, Manifest
from nuzzle.progress import Progress, Say, log
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.auxiliary import match_auxiliary
from nuzzle.workflow.calibration import calibrate_bundle, judge
from nuzzle.workflow.checks import check_splits, fit_space, read, say_other_splits
from nuzzle.workflow.crossval import cross_validate
from nuzzle.workflow.learn import check_models, learn
from nuzzle.workflow.scored import score_recording
from nuzzle.workflow.work import remove, work_folder


def train(
    manifest: Manifest | str | Path,
    out: str | Path,
    config: Config | None = None,
    *,
    auxiliary: Manifest | str | Path | None = None,
    overwrite: bool = False,
    fresh: bool = False,
    drawn: bool = False,
    jobs: int = 1,
    say: Say = log,
    progress: Progress | None = None,
) -> Bundle:
    """Train a model on a manifest's `train` recordings, and score it on those of `val`.

    With early stopping `val` also says which epoch is kept, and its figures flatter. The members of
    an ensemble are combined by cross-validation inside of `train`. A run that was killed continues
    when it is run again; its checkpoints lie beside `out` until then, in a folder ``OUT.work``.

    Args:
        manifest: recordings with labels and splits.
        out, config: the bundle to write; of the training, all defaults if None.
        auxiliary: rows of other labels of recordings of the same names, to learn beside.
        overwrite, fresh: replace the bundle; begin a run anew that was not finished.
        drawn: whether `val` was drawn for whoever asks, who then is not told to change it.
        jobs: how many trainings of an ensemble at a time, each on its share of the cores.
        say, progress: are told what is going on, and after each epoch.

    Returns:
        The bundle that was written, with its validation figures.

    Raises:
        InputError, TrainingError, LeakageError: what is wrong and how to mend it.
        DivergedError: the loss is not a number; the message says what was kept.
        OutputError: `out` exists and `overwrite` is false, or cannot be written.
    """
    config, out = config or Config(), Path(out)
    check_models(config)
    manifest = manifest if isinstance(manifest, Manifest) else Manifest.load(manifest)
    manifest.check_leakage()
    say_other_splits(manifest, say)
    chosen = {split: manifest.select(split) for split in ("train", "val")}
    beside = match_auxiliary(chosen["train"], auxiliary)
    entries = [*manifest, *beside.values()]
    with work_folder(out, config, entries, overwrite=overwrite, fresh=fresh, say=say) as work:
        space, recordings = _read(chosen, beside, config, say, drawn=drawn)
        bundle = _learn(recordings, space, config, out, work, jobs, say, progress)
        bundle = _judged(bundle, recordings["val"], say)
        bundle.save(out, overwrite=overwrite)
    return bundle


def _read(
    chosen: Mapping[str, Manifest],
    auxiliary: Mapping[str, Entry],
    config: Config,
    say: Say,
    *,
    drawn: bool,
) -> tuple[LabelSpace, dict[str, list[Recording]]]:
    """The behaviours, and the recordings of each split that have a part in the training."""
    recordings = {split: read(split, part, auxiliary, say) for split, part in chosen.items()}
    space = fit_space(recordings["train"], config)
    return space, check_splits(recordings, space, config, say, drawn=drawn)


def _learn(
    recordings: dict[str, list[Recording]],
    space: LabelSpace,
    config: Config,
    out: Path,
    work: Path,
    jobs: int,
    say: Say,
    progress: Progress | None,
) -> Bundle:
    """A model; where its training goes wrong, what it was before lies beside `out`."""
    if config.is_ensemble:
        return _learn_together(recordings, space, config, work, jobs, say, progress)
    if jobs > 1:
        say(f"one model is one training: it is not divided among {jobs} jobs")
    try:
        return learn(recordings, space, config, work, say, progress)
    except DivergedError as error:
        kept = "No epoch was finished, so there is no model."
        if error.best is not None:
            path = out.with_name(f"{out.stem}.partial{out.suffix}")
            _judged(error.best, recordings["val"], say).save(path, overwrite=True)
            epoch = error.best.training["best_epoch"]
            loss = error.best.training["history"][epoch - 1].get("val_loss")
            judged = "" if loss is None else f" with a loss of {loss:.3g} on val"
            kept = f"The model before that, of epoch {epoch}{judged}, is kept: {path}"
        remove(work)
        raise DivergedError(f"{error} {kept}", error.best) from None


def _learn_together(
    recordings: dict[str, list[Recording]],
    space: LabelSpace,
    config: Config,
    work: Path,
    jobs: int,
    say: Say,
    progress: Progress | None,
) -> Bundle:
    """An ensemble, combined, decoded and calibrated by cross-validation inside of `train`."""
    train, folds = recordings["train"], config.ensemble.folds
    learned = cross_validate(
        train, space, config, work, "group", folds, jobs, "both", say, progress
    )
    bundle, validated = learned.bundle, [each.name for each in recordings["val"]]
    return replace(bundle, training={**bundle.training, "validation_recordings": validated})


def _judged(bundle: Bundle, val: list[Recording], say: Say) -> Bundle:
    """The bundle with its figures on `val`, where it is also calibrated if it was not before."""
    say("scoring val")
    raw = [pair for each in val for pair in score_recording(bundle, each).raw]
    if bundle.calibration is None:
        bundle = calibrate_bundle(bundle, raw, say)
    return replace(bundle, metrics=judge(bundle, raw).evaluation.to_dict())
