"""Training: from a manifest to a bundle."""

from __future__ import annotations

import hashlib
import platform
import shutil
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightning
import torch

import nuzzle
from nuzzle.config import Config
from nuzzle.decoding.bouts_rules import BoutRules
from nuzzle.decoding.decoder import Decoder
from nuzzle.decoding.smoothing import Smoothing
from nuzzle.errors import ConfigError, DivergedError, OutputError
from nuzzle.features.frontend import Frontend
from nuzzle.files import write_text
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.classifier import Classifier, SequenceClassifier, WindowClassifier
from nuzzle.inference.trees import TreeClassifier
from nuzzle.io.load import load_manifest
from nuzzle.labels import mask_to_intervals
from nuzzle.manifest import Entry, Manifest
from nuzzle.models import ARCHITECTURES
from nuzzle.recording import Recording
from nuzzle.training.fit import Progress, fit, model_arguments
from nuzzle.training.targets import LabelSpace
from nuzzle.training.trees import fit_trees
from nuzzle.training.windows import Sample
from nuzzle.workflow.auxiliary import auxiliary_space, check_auxiliary, match_auxiliary
from nuzzle.workflow.calibration import calibrate_bundle, judge
from nuzzle.workflow.samples import Say, check_positives, prepare_samples
from nuzzle.workflow.scored import score_recording


def train(
    manifest: Manifest | str | Path,
    out: str | Path,
    config: Config | None = None,
    *,
    auxiliary: Manifest | str | Path | None = None,
    overwrite: bool = False,
    fresh: bool = False,
    say: Say = lambda sentence: None,
    progress: Progress | None = None,
) -> Bundle:
    """Train a model on a manifest's `train` recordings, stopping early on `val`.

    A run that was killed continues from its last epoch when the same command runs again; its
    checkpoints lie beside `out`, in a folder with ``.work`` added to its name, until it is done.

    Args:
        manifest: recordings with labels and splits.
        out: the bundle to write.
        config: of the training; all defaults if None.
        auxiliary: rows of other labels of recordings of the same names, to learn beside.
        overwrite: whether an existing bundle may be replaced.
        fresh: throw away the checkpoints of an unfinished run instead of continuing it.
        say: is told what is going on.
        progress: is told after each epoch.

    Returns:
        The bundle that was written, with its validation figures.

    Raises:
        InputError, TrainingError, LeakageError: what is wrong and how to mend it.
        DivergedError: the loss is not a number; the message names the best bundle before that.
        OutputError: `out` exists and `overwrite` is false, or cannot be written.
    """
    config = config or Config()
    if config.model.name == "graph" and config.features != "nodes":
        raise ConfigError(f"The graph needs the features 'nodes'; got {config.features!r}.")
    manifest = manifest if isinstance(manifest, Manifest) else Manifest.load(manifest)
    manifest.check_leakage()
    chosen = {split: manifest.select(split) for split in ("train", "val")}
    beside = match_auxiliary(chosen["train"], auxiliary)
    entries = [*manifest, *beside.values()]
    work = work_folder(out := Path(out), config, entries, overwrite=overwrite, fresh=fresh, say=say)
    recordings = {split: _load(part, beside, say) for split, part in chosen.items()}
    check_auxiliary(recordings["train"], beside)
    space = LabelSpace.fit(recordings["train"], config.labels)
    bundle = _learn_and_judge(recordings, space, config, out, work, say, progress)
    bundle.save(out, overwrite=overwrite)
    shutil.rmtree(work)
    return bundle


def _learn_and_judge(
    recordings: dict[str, list[Recording]],
    space: LabelSpace,
    config: Config,
    out: Path,
    work: Path,
    say: Say,
    progress: Progress | None,
) -> Bundle:
    """A bundle with figures; where training goes wrong, the best one before lies beside `out`."""
    try:
        bundle = learn(recordings, space, config, work, say, progress)
    except DivergedError as error:
        kept = "No epoch was finished, so there is no model."
        if error.best is not None:
            path = out.with_name(f"{out.stem}.partial{out.suffix}")
            _judged(error.best, recordings["val"], say).save(path, overwrite=True)
            epoch = error.best.training["best_epoch"]
            kept = f"The best model before that, of epoch {epoch}, works like any other: {path}"
        shutil.rmtree(work)
        raise DivergedError(f"{error} {kept}", error.best) from None
    return _judged(bundle, recordings["val"], say)


def _judged(bundle: Bundle, val: list[Recording], say: Say) -> Bundle:
    """The bundle, calibrated and scored on the validation recordings."""
    say("scoring val")
    raw = [pair for each in val for pair in score_recording(bundle, each).raw]
    bundle = calibrate_bundle(bundle, raw, "val", say)
    return bundle.with_metrics(judge(bundle, raw).to_dict())


def learn(
    recordings: dict[str, list[Recording]],
    space: LabelSpace,
    config: Config,
    work: Path,
    say: Say,
    progress: Progress | None = None,
) -> Bundle:
    """Train on recordings in memory.

    Args:
        recordings: `train`, and `val` to stop early on, which may be empty.
        space: the behaviours.
        config: of the training.
        work: folder of the checkpoints.
        say: is told what is going on.
        progress: is told after each epoch.

    Returns:
        A bundle without figures.

    Raises:
        DivergedError: the loss is not a number; it carries the best bundle so far, if any.
    """
    say(f"behaviours: {', '.join(space.names)}")
    auxiliary = _auxiliary(recordings["train"], space, config, say)
    frontend, samples = prepare_samples(recordings, space, config, auxiliary)
    check_positives(space, samples, say)
    classifier, how = _fit(config, space, auxiliary, frontend, samples, work, say, progress)
    bundle = Bundle(
        classifier=classifier,
        frontend=frontend,
        space=space,
        config=config,
        decoding=_decoder(config, space).to_dict(),
        training={**_trained_on(recordings, space, samples), **how},
        provenance=_provenance(),
    )
    if how.get("stopped"):
        raise DivergedError(how["stopped"], bundle)
    return bundle


def _load(manifest: Manifest, auxiliary: Mapping[str, Entry], say: Say) -> list[Recording]:
    recordings = []
    for recording in load_manifest(manifest, auxiliary):
        for labels in (recording.labels, recording.auxiliary):
            for note in labels.notes if labels else ():
                say(f"{recording.name}: {note}")
        recordings.append(recording)
    frames = sum(recording.n_frames for recording in recordings)
    say(f"{manifest.entries[0].split}: {len(recordings)} recordings, {frames:,} frames")
    return recordings


def _auxiliary(
    train: list[Recording], space: LabelSpace, config: Config, say: Say
) -> LabelSpace | None:
    """What a network learns beside its behaviours; None for nothing."""
    auxiliary = auxiliary_space(train, space, config)
    if auxiliary is None:
        return None
    if config.model.name == "trees":
        say("trees take no part in auxiliary labels: they share nothing between behaviours")
        return None
    having = sum(each.auxiliary is not None and len(each.auxiliary.observed) > 0 for each in train)
    say(f"learned beside: {', '.join(auxiliary.names)}, labelled in {having} of {len(train)}")
    return auxiliary


def _fit(
    config: Config,
    space: LabelSpace,
    auxiliary: LabelSpace | None,
    frontend: Frontend,
    samples: dict[str, list[Sample]],
    work: Path,
    say: Say,
    progress: Progress | None,
) -> tuple[Classifier, dict[str, Any]]:
    """A trained classifier, and how its training went."""
    name = config.model.name
    if name == "trees":
        if config.augmentation.of_poses:
            say("trees take no part in the augmentation of poses: each frame is learned once")
        began = time.perf_counter()
        boosters = fit_trees(config, space, samples["train"], lambda what: say(f"trees of {what}"))
        took = round(time.perf_counter() - began, 1)
        trees = TreeClassifier(boosters, space.exclusive)
        return trees, {"best_epoch": config.training.epochs, "history": [], "seconds": took}
    train, val = samples["train"], samples["val"]
    stopped = ""
    try:
        trained = fit(
            config, space, train, val, work, progress, auxiliary=auxiliary, frontend=frontend
        )
    except DivergedError as error:
        if error.best is None:
            raise
        trained, stopped = error.best, str(error)
    say(f"best epoch: {trained.best_epoch}, after {trained.seconds:.0f} s")
    kind = WindowClassifier if ARCHITECTURES[name].shape == "window" else SequenceClassifier
    arguments = model_arguments(config, train[0].features.shape[1], space, auxiliary)
    network = kind(
        trained.model, name, arguments, config.training.window, space.exclusive, len(space.names)
    )
    return network, {
        "best_epoch": trained.best_epoch,
        "history": trained.history,
        "seconds": round(trained.seconds, 1),
        "auxiliary": list(auxiliary.names) if auxiliary is not None else [],
        "stopped": stopped,
    }


def _decoder(config: Config, space: LabelSpace) -> Decoder:
    settings = config.decoding
    return Decoder(
        space.names,
        space.exclusive,
        space.background,
        smoothing=Smoothing((settings.smooth_s,)),
        rules=BoutRules((settings.min_bout_s,), (settings.max_gap_s,)),
    )


def _trained_on(
    recordings: dict[str, list[Recording]],
    space: LabelSpace,
    samples: dict[str, list[Sample]],
) -> dict[str, Any]:
    # Without direction, both orders of a pair may have been learned from; its labels count once.
    once = {
        (each.recording, each.pair if space.directed else frozenset(each.pair)): each
        for each in samples["train"]
    }
    counts = {}
    for column, name in enumerate(space.names):
        masks = [each.targets.active[:, column] for each in once.values()]
        counts[name] = {
            "frames": sum(int(mask.sum()) for mask in masks),
            "bouts": sum(len(mask_to_intervals(mask)) for mask in masks),
        }
    return {
        "recordings": [each.name for each in recordings["train"]],
        "validation_recordings": [each.name for each in recordings["val"]],
        "groups": sorted({each.group or each.name for each in recordings["train"]}),
        "labs": sorted({each.lab for each in recordings["train"]} - {""}),
        "simulated": any(each.simulated for each in recordings["train"]),
        "frames": sum(each.n_frames for each in recordings["train"]),
        "behaviours": counts,
    }


def _provenance() -> dict[str, str]:
    return {
        "nuzzle": nuzzle.__version__,
        "torch": torch.__version__,
        "lightning": lightning.__version__,
        "python": platform.python_version(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def work_folder(
    out: Path, config: Config, entries: Iterable[Entry], *, overwrite: bool, fresh: bool, say: Say
) -> Path:
    """Folder of a run's checkpoints, beside its bundle.

    Args:
        out: the bundle.
        config: of the training.
        entries: all rows that the run depends on.
        overwrite: whether the bundle may exist.
        fresh: throw away an unfinished run.
        say: is told that a run goes on.

    Raises:
        OutputError: the bundle exists and `overwrite` is false, or the folder holds an unfinished
            run with another config or manifest.
    """
    if out.exists() and not overwrite:
        raise OutputError(f"{out} exists already. Choose another name, or pass --overwrite.")
    work = out.with_name(out.name + ".work")
    described = config.to_yaml() + repr([fingerprint(entry) for entry in entries])
    mark = hashlib.sha256(described.encode()).hexdigest()
    note = work / "run.txt"
    if fresh and work.exists():
        shutil.rmtree(work)
    if note.exists() and note.read_text("utf-8") != mark:
        raise OutputError(
            f"{work} holds an unfinished run with another config or manifest. Finish that one, "
            "or pass --fresh to throw it away."
        )
    if (work / "last.ckpt").exists():
        say(f"continuing the unfinished run in {work}")
    write_text(note, mark)
    return work


def fingerprint(entry: Any) -> tuple[Any, ...]:
    """What of a manifest row a training depends on."""
    return (entry, *(p.stat().st_size for p in (entry.poses, entry.labels) if p is not None))
