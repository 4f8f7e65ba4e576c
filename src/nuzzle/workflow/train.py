"""Training: from a manifest to a bundle."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from nuzzle.config import Config
from nuzzle.inference.bundle import Bundle
from nuzzle.io.load import load_entry
from nuzzle.manifest import Manifest
from nuzzle.recording import Recording
from nuzzle.training.fit import Progress
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.calibration import calibrate_bundle, judge
from nuzzle.workflow.crossval import cross_validate
from nuzzle.workflow.learn import check_models, learn
from nuzzle.workflow.samples import Say
from nuzzle.workflow.scored import score_recording
from nuzzle.workflow.work import work_folder


def train(
    manifest: Manifest | str | Path,
    out: str | Path,
    config: Config | None = None,
    *,
    overwrite: bool = False,
    fresh: bool = False,
    say: Say = lambda sentence: None,
    progress: Progress | None = None,
) -> Bundle:
    """Train a model on a manifest's `train` recordings, and score it on those of `val`.

    With early stopping `val` also says which epoch is kept, and its figures flatter. The members of
    an ensemble are combined by cross-validation inside of `train`. A run that was killed continues
    when the same command runs again; its checkpoints lie beside `out`, in a folder with ``.work``
    added to its name, until it is done.

    Args:
        manifest: recordings with labels and splits.
        out: the bundle to write.
        config: of the training; all defaults if None.
        overwrite: whether an existing bundle may be replaced.
        fresh: throw away the checkpoints of an unfinished run instead of continuing it.
        say: is told what is going on.
        progress: is told after each epoch.

    Returns:
        The bundle that was written, with its validation figures.

    Raises:
        InputError, TrainingError, LeakageError: what is wrong and how to mend it.
        OutputError: `out` exists and `overwrite` is false, or cannot be written.
    """
    config, out = config or Config(), Path(out)
    check_models(config)
    manifest = manifest if isinstance(manifest, Manifest) else Manifest.load(manifest)
    manifest.check_leakage()
    chosen = {split: manifest.select(split) for split in ("train", "val")}
    work = work_folder(out, config, manifest, overwrite=overwrite, fresh=fresh, say=say)
    recordings = {split: _load(part, say) for split, part in chosen.items()}
    bundle = _judged(_learn(recordings, config, work, say, progress), recordings["val"], say)
    bundle.save(out, overwrite=overwrite)
    shutil.rmtree(work)
    return bundle


def _learn(
    recordings: dict[str, list[Recording]],
    config: Config,
    work: Path,
    say: Say,
    progress: Progress | None,
) -> Bundle:
    """A model; or an ensemble, combined, decoded and calibrated by cross-validation in `train`."""
    train = recordings["train"]
    if config.model.name != "ensemble":
        space = LabelSpace.fit(train, config.labels)
        return learn(recordings, space, config, work, say, progress)
    folds = config.ensemble.folds
    bundle = cross_validate(train, config, work, "group", folds, say=say, progress=progress).bundle
    validated = [each.name for each in recordings["val"]]
    return replace(bundle, training={**bundle.training, "validation_recordings": validated})


def _judged(bundle: Bundle, val: list[Recording], say: Say) -> Bundle:
    """The bundle with its figures on `val`, where it is also calibrated if it was not before."""
    say("scoring val")
    raw = [pair for each in val for pair in score_recording(bundle, each).raw]
    if not bundle.calibration:
        bundle = calibrate_bundle(bundle, raw, "val", say)
    return bundle.with_metrics(judge(bundle, raw).to_dict())


def _load(manifest: Manifest, say: Say) -> list[Recording]:
    recordings = []
    for entry in manifest:
        recording = load_entry(entry)
        for note in recording.labels.notes if recording.labels else ():
            say(f"{recording.name}: {note}")
        recordings.append(recording)
    frames = sum(recording.n_frames for recording in recordings)
    say(f"{manifest.entries[0].split}: {len(recordings)} recordings, {frames:,} frames")
    return recordings
