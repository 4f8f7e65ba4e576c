"""From labelled recordings to what a model learns from: model input and targets of every pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch

from nuzzle.config import Config
from nuzzle.errors import TrainingError
from nuzzle.features.frontend import Frontend
from nuzzle.features.normalise import Normaliser
from nuzzle.labels import Labels
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace, View
from nuzzle.training.windows import Sample
from nuzzle.workflow.auxiliary import auxiliary_targets

#: Told what is going on, one sentence at a time.
Say = Callable[[str], None]


def prepare_samples(
    recordings: dict[str, list[Recording]],
    space: LabelSpace,
    config: Config,
    auxiliary: LabelSpace | None = None,
) -> tuple[Frontend, dict[str, list[Sample]]]:
    """Model input and targets of every labelled pair; statistics come from `train` only.

    Where the model takes features as they are, there are no statistics.

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
    samples: dict[str, list[Sample]] = {}
    for split, part in recordings.items():
        beside, keep_poses = None, False
        if split == "train":
            beside, keep_poses = auxiliary, bool(config.augmentation.of_poses)
        samples[split] = [
            sample
            for recording in part
            for sample in _samples(frontend, recording, space, beside, keep_poses=keep_poses)
        ]
    if not samples["train"]:
        raise TrainingError("No training recording has labels. Check the manifest's column labels.")
    if frontend.normalise:
        raw = (sample.features for sample in samples["train"])
        normaliser = Normaliser.fit(raw, frontend.feature_set.flags)
        frontend = frontend.with_normaliser(normaliser)
    for of_split in samples.values():
        for at, each in enumerate(of_split):  # one by one: features may fill much of the memory
            of_split[at] = replace(each, features=frontend.model_input(each.features))
    return frontend, samples


def _samples(
    frontend: Frontend,
    recording: Recording,
    space: LabelSpace,
    auxiliary: LabelSpace | None,
    *,
    keep_poses: bool,
) -> Iterator[Sample]:
    """Features, not yet normalised, and targets of every view of a recording.

    Of a pair that auxiliary labels alone name nothing is observed of `space`.
    """
    if recording.labels is None and auxiliary is None:
        return
    prepared = frontend.prepare(recording)
    labels, symmetric = prepared.labels, frontend.feature_set.symmetric
    mine, others = _views(prepared, space, auxiliary, symmetric=symmetric)
    for view in [*mine, *others]:
        raw = frontend.raw(prepared, view.pair)
        if labels is None or view in others:
            targets = space.nothing(prepared.n_frames)
        else:
            targets = space.targets(labels, view.labelled)
        if auxiliary is not None:
            targets = targets.beside(auxiliary_targets(auxiliary, prepared, view.labelled))
        poses = torch.from_numpy(prepared.pair_position(view.pair)) if keep_poses else None
        lab = frontend.lab_code(recording.lab)
        yield Sample(recording.name, view.pair, raw, targets, lab, poses)


def _views(
    prepared: Recording, space: LabelSpace, auxiliary: LabelSpace | None, *, symmetric: bool
) -> tuple[list[View], list[View]]:
    """The views of pairs that the labels name, and of those that auxiliary labels alone name."""

    def views(labels: Labels | None) -> list[View]:
        pairs = () if labels is None else labels.pairs
        return list(space.views(pairs, prepared.individuals, symmetric=symmetric))

    mine = views(prepared.labels)
    if auxiliary is None:
        return mine, []
    named = {view.pair for view in mine}
    if not auxiliary.directed:
        named |= {pair.reversed for pair in named}
    return mine, [view for view in views(prepared.auxiliary) if view.pair not in named]
