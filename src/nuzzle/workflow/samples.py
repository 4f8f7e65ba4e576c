"""From labelled recordings to what a model learns from: model input and targets of every pair."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from nuzzle.config import Config
from nuzzle.errors import TrainingError
from nuzzle.features.frontend import Frontend
from nuzzle.features.normalise import Normaliser
from nuzzle.labels import Labels
from nuzzle.recording import Recording
from nuzzle.training.samples import LabelledPair, Sample
from nuzzle.training.targets import LabelSpace, View
from nuzzle.workflow.auxiliary import auxiliary_targets


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
    return frontend, pairs


def measure(
    frontend: Frontend, pairs: dict[str, list[LabelledPair]]
) -> tuple[Frontend, dict[str, list[Sample]]]:
    """A network's input of labelled pairs, and the frontend with statistics of `train`."""
    features = {
        split: [frontend.feature_set(each.require_poses()) for each in part]
        for split, part in pairs.items()
    }
    normaliser = Normaliser.fit(features["train"], frontend.feature_set.flags)
    frontend = frontend.with_normaliser(normaliser)
    return frontend, {
        split: [
            # Raw ones go as they are used: features may fill much of the memory.
            each.with_features(frontend.model_input(features[split].pop(0)))
            for each in part
        ]
        for split, part in pairs.items()
    }


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
        return list(space.views(pairs, prepared.individuals, symmetric=symmetric))

    mine = views(prepared.labels)
    if auxiliary is None:
        return mine, []
    named = {view.pair for view in mine}
    if not auxiliary.directed:
        named |= {pair.reversed for pair in named}
    return mine, [view for view in views(prepared.auxiliary) if view.pair not in named]
