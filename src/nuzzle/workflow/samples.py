"""From labelled recordings to what a model learns from: model input and targets of every pair."""

from __future__ import annotations

from collections.abc import Callable

from nuzzle.config import Config
from nuzzle.errors import TrainingError
from nuzzle.features.frontend import Frontend
from nuzzle.features.normalise import Normaliser
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
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

    Args:
        recordings: split -> recordings; `train` must be there.
        space: the behaviours.
        config: of the training.
        auxiliary: behaviours whose columns are added to the targets of `train`.
    """
    frontend = Frontend.plan(recordings["train"], config, directed=space.directed)
    symmetric = frontend.feature_set.symmetric
    samples: dict[str, list[Sample]] = {split: [] for split in recordings}
    for split, part in recordings.items():
        for recording in part:
            prepared = frontend.prepare(recording)
            labels = prepared.labels
            if labels is None:
                continue
            for view in space.views(labels.pairs, prepared.individuals, symmetric=symmetric):
                raw = frontend.raw(prepared, view.pair)
                targets = space.targets(labels, view.labelled)
                if auxiliary is not None and split == "train":
                    beside = auxiliary_targets(auxiliary, prepared, view.labelled)
                    targets = targets.beside(beside)
                samples[split].append(Sample(recording.name, view.pair, raw, targets))
    if not samples["train"]:
        raise TrainingError("No training recording has labels. Check the manifest's column labels.")
    normaliser = Normaliser.fit(sample.features for sample in samples["train"])
    frontend = frontend.with_normaliser(normaliser)
    normal = {
        split: [
            Sample(each.recording, each.pair, frontend.model_input(each.features), each.targets)
            for each in part
        ]
        for split, part in samples.items()
    }
    return frontend, normal


def check_positives(space: LabelSpace, samples: dict[str, list[Sample]], say: Say) -> None:
    """Say before training what cannot be learned or judged.

    Raises:
        TrainingError: a behaviour has no frame in `train`.
    """
    for split, what in (("train", "learned"), ("val", "judged")):
        for column, name in enumerate(space.names if samples[split] else ()):
            frames = sum(int(each.targets.active[:, column].sum()) for each in samples[split])
            if not frames and split == "train" and name != space.background:
                raise TrainingError(
                    f"{name!r} has no frame in train once overlapping labels are resolved, so it "
                    "cannot be learned. Label some, put it first in labels.priority, or leave it "
                    "out of labels.behaviours."
                )
            if not frames:
                say(f"warning: {name!r} has no frame in {split}, so it cannot be {what} there")
