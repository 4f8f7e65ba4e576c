"""From labelled recordings to what a model learns from: model input and targets of every pair."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor

from nuzzle.config import Config
from nuzzle.errors import OutputError, TrainingError
from nuzzle.features.frontend import Frontend
from nuzzle.features.normalise import Normaliser
from nuzzle.files import writable_folder
from nuzzle.labels import Labels
from nuzzle.prepare.bodies import Bodies, measure_body
from nuzzle.progress import Say, log
from nuzzle.recording import Recording
from nuzzle.training.samples import LabelledPair, Sample
from nuzzle.training.targets import LabelSpace, View
from nuzzle.workflow.auxiliary import auxiliary_targets
from nuzzle.workflow.work import FEATURES

#: Features that fill more than this lie on the disk while they are learned from.
_MOST_BYTES = 4 * 2**30
#: What the disk must have left beside them, for checkpoints.
_SPARE_BYTES = 2**28


def label_pairs(
    recordings: dict[str, list[Recording]],
    space: LabelSpace,
    config: Config,
    auxiliary: LabelSpace | None = None,
) -> tuple[Frontend, dict[str, list[LabelledPair]]]:
    """Every labelled pair with its prepared poses and its targets; a frontend without statistics.

    Args:
        recordings: split -> recordings; `train` must be there.
        space: the behaviours.
        config: of the training.
        auxiliary: behaviours whose columns are added to the targets of `train`.
    """
    known = [
        each
        for each in recordings["train"]
        if each.labels is not None and set(each.labels.behaviours) & set(space.names)
    ]
    frontend = Frontend.plan(known or recordings["train"], config, directed=space.directed)
    pairs = {
        split: [
            pair
            for recording in part
            for pair in _label(frontend, recording, space, auxiliary if split == "train" else None)
        ]
        for split, part in recordings.items()
    }
    if not pairs["train"]:
        raise TrainingError("No training recording has labels. Check the manifest's column labels.")
    bodies = Bodies.of(
        measure_body(each.require_poses().numpy(), frontend.skeleton, frontend.fps)
        for each in pairs["train"]
    )
    return replace(frontend, bodies=bodies), pairs


def measure(
    frontend: Frontend,
    pairs: dict[str, list[LabelledPair]],
    work: Path | None = None,
    say: Say = log,
) -> tuple[Frontend, dict[str, list[Sample]]]:
    """A network's input of labelled pairs, and the frontend with statistics of `train`.

    Args:
        frontend: without statistics.
        pairs: split -> pairs; `train` must be there.
        work: folder for features that would fill too much of the memory: there they are read as
            they are needed. None to keep all in memory.
        say: is told where they are.

    Raises:
        OutputError: the disk has no room for them.
    """
    frames = sum(len(each.require_poses()) for part in pairs.values() for each in part)
    size = 4 * frames * len(frontend.feature_set.columns)
    folder = None if work is None or size <= _MOST_BYTES else _room(work, size, say)
    features = {
        split: [
            _kept(frontend.feature_set(each.require_poses()), folder, f"{split}-{number}")
            for number, each in enumerate(part)
        ]
        for split, part in pairs.items()
    }
    of_set = frontend.feature_set
    normaliser = Normaliser.fit(features["train"], of_set.flags, of_set.shares)
    frontend = replace(frontend, normaliser=normaliser)
    for raw in chain.from_iterable(features.values()):
        raw.copy_(normaliser(raw))
    return frontend, {
        split: [
            each.with_features(found) for each, found in zip(part, features[split], strict=True)
        ]
        for split, part in pairs.items()
    }


def _room(work: Path, size: int, say: Say) -> Path:
    """An empty folder for so many bytes.

    Raises:
        OutputError: the disk has fewer.
    """
    shutil.rmtree(work / FEATURES, ignore_errors=True)  # of a run that was killed
    folder = writable_folder(work / FEATURES)
    fill = f"the features of these recordings fill {size / 2**30:,.1f} GB"
    if size + _SPARE_BYTES > (free := shutil.disk_usage(folder).free):
        raise OutputError(
            f"{folder}: {fill}, and the disk has {free / 2**30:,.1f} GB left. Choose --out on a "
            "larger one, a lower prepare.fps, fewer prepare.keypoints or fewer recordings."
        )
    say(f"{fill}: while the model learns they lie in {folder}")
    return folder


def _kept(features: Tensor, folder: Path | None, name: str) -> Tensor:
    """The same, in a file of the folder where there is one.

    Raises:
        OutputError: the disk is full. A mapped file that outgrows it would end the program, so its
            room is taken first.
    """
    if folder is None:
        return features
    path, count = folder / name, features.numel()
    try:
        with path.open("wb") as taken:
            if count and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(taken.fileno(), 0, features.nbytes)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error
    file = torch.from_file(str(path), shared=True, size=count, dtype=features.dtype)
    return file.view_as(features).copy_(features)


def _label(
    frontend: Frontend, recording: Recording, space: LabelSpace, auxiliary: LabelSpace | None
) -> Iterator[LabelledPair]:
    """Every view of a recording. Of a pair that auxiliary labels alone name nothing is observed."""
    if recording.labels is None and auxiliary is None:
        return
    prepared = frontend.prepare(recording)
    labels, symmetric = prepared.labels, frontend.feature_set.symmetric
    mine, others = _views(prepared, space, auxiliary, symmetric=symmetric)
    for view in [*mine, *others]:
        if labels is None or view in others:
            targets = space.nothing(prepared.n_frames)
        else:
            targets = space.targets(labels, view.labelled)
        if auxiliary is not None:
            targets = targets.beside(auxiliary_targets(auxiliary, prepared, view.labelled))
        poses = torch.from_numpy(prepared.pair_position(view.pair))
        yield LabelledPair(
            recording.name, view.pair, targets, frontend.lab_code(recording.lab), poses
        )


def _views(
    prepared: Recording, space: LabelSpace, auxiliary: LabelSpace | None, *, symmetric: bool
) -> tuple[list[View], list[View]]:
    """The views of pairs that the labels name, and of those that auxiliary labels alone name."""

    def views(labels: Labels | None) -> list[View]:
        pairs = () if labels is None else labels.pairs
        return list(space.views(pairs, prepared.in_sight, symmetric=symmetric))

    mine = views(prepared.labels)
    if auxiliary is None:
        return mine, []
    named = {view.pair for view in mine}
    if not auxiliary.directed:
        named |= {pair.reversed for pair in named}
    return mine, [view for view in views(prepared.auxiliary) if view.pair not in named]
