"""Training: from a manifest to a bundle."""

from __future__ import annotations

import hashlib
import platform
import shutil
import time
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
from nuzzle.errors import ConfigError, OutputError
from nuzzle.files import write_text
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.classifier import Classifier, SequenceClassifier, WindowClassifier
from nuzzle.inference.trees import TreeClassifier
from nuzzle.io.load import load_entry
from nuzzle.labels import mask_to_intervals
from nuzzle.manifest import Manifest
from nuzzle.models import ARCHITECTURES
from nuzzle.recording import Recording
from nuzzle.training.fit import Progress, fit, model_arguments
from nuzzle.training.labs import looked_for
from nuzzle.training.targets import LabelSpace
from nuzzle.training.trees import fit_trees
from nuzzle.training.windows import Sample
from nuzzle.workflow.calibration import calibrate_bundle, judge
from nuzzle.workflow.samples import Say, check_positives, fit_space, prepare_samples
from nuzzle.workflow.scored import score_recording


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
    """Train a model on a manifest's `train` recordings, stopping early on `val`.

    A run that was killed continues from its last epoch when the same command runs again; its
    checkpoints lie beside `out`, in a folder with ``.work`` added to its name, until it is done.

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
    config = config or Config()
    if config.model.name == "graph" and config.features != "nodes":
        raise ConfigError(f"The graph needs the features 'nodes'; got {config.features!r}.")
    manifest = manifest if isinstance(manifest, Manifest) else Manifest.load(manifest)
    manifest.check_leakage()
    chosen = {split: manifest.select(split) for split in ("train", "val")}
    work = work_folder(
        out := Path(out), config, manifest, overwrite=overwrite, fresh=fresh, say=say
    )
    recordings = {split: _load(part, say) for split, part in chosen.items()}
    space = fit_space(recordings["train"], config, say)
    bundle = learn(recordings, space, config, work, say, progress)
    say("scoring val")
    raw = [pair for each in recordings["val"] for pair in score_recording(bundle, each).raw]
    bundle = calibrate_bundle(bundle, raw, "val", say)
    bundle = bundle.with_metrics(judge(bundle, raw).to_dict())
    bundle.save(out, overwrite=overwrite)
    shutil.rmtree(work)
    return bundle


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
    """
    say(f"behaviours: {', '.join(space.names)}")
    frontend, samples = prepare_samples(recordings, space, config)
    check_positives(space, samples, say)
    classifier, how = _fit(config, space, samples, work, say, progress)
    return Bundle(
        classifier=classifier,
        frontend=frontend,
        space=space,
        config=config,
        decoding=_decoder(config, space).to_dict(),
        training={**_trained_on(recordings, space, samples), **how},
        provenance=_provenance(),
    )


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


def _fit(
    config: Config,
    space: LabelSpace,
    samples: dict[str, list[Sample]],
    work: Path,
    say: Say,
    progress: Progress | None,
) -> tuple[Classifier, dict[str, Any]]:
    """A trained classifier, and how its training went."""
    name = config.model.name
    if name == "trees":
        began = time.perf_counter()
        boosters = fit_trees(config, space, samples["train"], lambda what: say(f"trees of {what}"))
        took = round(time.perf_counter() - began, 1)
        trees = TreeClassifier(boosters, space.exclusive)
        return trees, {"best_epoch": config.training.epochs, "history": [], "seconds": took}
    trained = fit(config, space, samples["train"], samples["val"], work, progress)
    say(f"best epoch: {trained.best_epoch}, after {trained.seconds:.0f} s")
    kind = WindowClassifier if ARCHITECTURES[name].shape == "window" else SequenceClassifier
    arguments = model_arguments(config, samples["train"][0], space)
    network = kind(trained.model, name, arguments, config.training.window, space.exclusive)
    return network, {
        "best_epoch": trained.best_epoch,
        "history": trained.history,
        "seconds": round(trained.seconds, 1),
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
        "labs": looked_for(recordings["train"], space.names),
        "unlearned": list(space.absent(recordings["train"])),
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
    out: Path, config: Config, manifest: Manifest, *, overwrite: bool, fresh: bool, say: Say
) -> Path:
    """Folder of a run's checkpoints, beside its bundle.

    Raises:
        OutputError: the bundle exists and `overwrite` is false, or the folder holds an unfinished
            run with another config or manifest.
    """
    if out.exists() and not overwrite:
        raise OutputError(f"{out} exists already. Choose another name, or pass --overwrite.")
    work = out.with_name(out.name + ".work")
    described = config.to_yaml() + repr([fingerprint(entry) for entry in manifest])
    mark = hashlib.sha256(described.encode()).hexdigest()
    note = work / "run.txt"
    if fresh and work.exists():
        shutil.rmtree(work)
    # A run that was refused before its first epoch has left nothing but its note.
    begun = work.exists() and any(path != note for path in work.iterdir())
    if begun and note.exists() and note.read_text("utf-8") != mark:
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
