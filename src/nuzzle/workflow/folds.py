"""Parts of the recordings, and the models that have not seen one of them."""

from __future__ import annotations

import statistics
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np

from nuzzle.config import Config
from nuzzle.copies import Seen
from nuzzle.decoding.decoder import Decoder
from nuzzle.errors import InputError, LeakageError, TrainingError, count, listed
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.features.frontend import Frontend
from nuzzle.inference.bundle import Bundle
from nuzzle.progress import Progress, Say
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.learn import configured_decoder
from nuzzle.workflow.scored import score_recording, targets_of
from nuzzle.workflow.trainings import Training, train_ahead

#: What must not stand on both sides of a fold.
By = Literal["group", "recording", "lab"]
#: What recordings that name no lab are called together.
_WITHOUT_LAB = "recordings without a lab"


def partition(
    recordings: Sequence[Recording], by: By, folds: int, config: Config
) -> list[list[Recording]]:
    """Divide recordings so that no group stands in two parts; parts are about equally long.

    A behaviour that several groups show is seldom all in one part: then no model could learn it
    and be judged on it.

    Args:
        recordings: to divide.
        by: what a group is.
        folds: how many parts; fewer where there are fewer groups.
        config: of the trainings; its seed says which groups come together.

    Raises:
        InputError: there are fewer groups than a cross-validation needs.
        LeakageError: by lab, copies of the same poses are in several.
    """
    first = {name: names[0] for names in Seen(recordings).together for name in names}
    keys: dict[By, Callable[[Recording], str]] = {
        "group": lambda each: each.leak_group,
        # Copies of the same poses are one.
        "recording": lambda each: first[each.name],
        "lab": lambda each: each.lab,
    }
    groups: dict[str, list[Recording]] = {}
    for recording in recordings:
        groups.setdefault(keys[by](recording), []).append(recording)
    if by == "lab":
        _refuse_copies_in_labs(recordings)
    stops_early = any(each.training.early_stopping for each in config.members().values())
    least = 3 if stops_early and by != "lab" else 2
    if min(len(groups), folds) < least:
        uses = ["to predict", "to train on", "to stop early on"][:least]
        raise InputError(
            f"Cross-validation needs {least} parts: {', '.join(uses)}. The recordings with labels "
            f"have {count(len(groups), 'value')} of {by!r} ({listed(sorted(groups)) or 'none'}), "
            f"for {count(folds, 'fold')}. Label more, or choose other parts: --by and --folds of "
            "`nuzzle crossval`, ensemble.folds where an ensemble is trained. One recording can be "
            "divided by time for a single model, not for an ensemble: `nuzzle init "
            "--train-frames 0.6`, then `nuzzle train`."
        )
    order = np.random.default_rng(config.training.seed).permutation(sorted(groups)).tolist()
    return _spread({name: groups[name] for name in order}, min(folds, len(groups)))


def _spread(groups: Mapping[str, Sequence[Recording]], folds: int) -> list[list[Recording]]:
    """The longest first, each to the shortest part in which it does not hide a behaviour."""
    length = {name: sum(each.n_frames for each in groups[name]) for name in groups}
    shown = {name: _marked(groups[name]) for name in groups}
    everywhere = Counter(chain.from_iterable(shown.values()))
    parts: list[list[str]] = [[] for _ in range(folds)]
    within = [Counter[str]() for _ in parts]
    lengths = [0 for _ in parts]

    def lost(name: str, inside: Counter[str]) -> int:
        """How many behaviours nobody but this part would show, of which the group is not alone."""
        return sum(0 < inside[each] == everywhere[each] - 1 for each in shown[name])

    for name in sorted(groups, key=lambda name: -length[name]):
        least = min(range(folds), key=lambda n: (lost(name, within[n]), lengths[n]))
        parts[least].append(name)
        within[least].update(shown[name])
        lengths[least] += length[name]
    return [[each for name in part for each in groups[name]] for part in parts]


def _marked(recordings: Iterable[Recording]) -> set[str]:
    """What has a bout in any of the recordings, whatever the model is of."""
    labelled = (each.labels.bouts["behaviour"] for each in recordings if each.labels is not None)
    return set[str]().union(*labelled)


def _refuse_copies_in_labs(recordings: Sequence[Recording]) -> None:
    """Raise where a lab would be predicted by a model that has learned from its very poses."""
    named = {each.name: each for each in recordings}
    for first, *others in Seen(recordings).together:
        same = named[first]
        for each in (named[name] for name in others if named[name].lab != same.lab):
            raise LeakageError(
                f"{same.name!r} of lab {same.lab!r} and {each.name!r} of lab {each.lab!r} have the "
                "very same poses: each lab would be predicted by a model that has seen them. Leave "
                "one of them out, or give both the same lab."
            )


def hold_out(recordings: Sequence[Recording], seed: int) -> dict[str, list[Recording]]:
    """`train`, and `val` with a fifth of the groups of each lab that has several.

    A whole lab would be much to stop early on. Groups are drawn at random, of those whose labs and
    behaviours others show as well. What is held out has its lab hidden, like that of recordings of
    a lab that the model does not know.

    Raises:
        InputError: no lab has two groups.
    """
    shown: dict[str, set[str]] = {}
    labs: dict[str, set[str]] = {}
    for each in recordings:
        shown.setdefault(each.leak_group, set()).update(_marked([each]))
        labs.setdefault(each.leak_group, set()).add(each.lab)
    # How many groups training would have of each.
    groups_of_lab = Counter(chain.from_iterable(labs.values()))
    groups_showing = Counter(chain.from_iterable(shown.values()))
    rng = np.random.default_rng(seed)
    held = set[str]()

    def lost(group: str) -> tuple[int, int]:
        """How many more labs and behaviours training would know nothing of."""
        return (
            sum(groups_of_lab[lab] == 1 for lab in labs[group]),
            sum(groups_showing[each] == 1 for each in shown[group]),
        )

    for lab, several in sorted(groups_of_lab.items()):
        mine = {group for group in labs if lab in labs[group]}
        order = rng.permutation(sorted(mine)).tolist()
        wanted = max(1, round(several / 5)) if several > 1 else 0
        while len(mine & held) < wanted:
            chosen = min((group for group in order if group not in held), key=lost)
            held.add(chosen)
            groups_of_lab.subtract(labs[chosen])
            groups_showing.subtract(shown[chosen])
    if not held:
        raise InputError(
            "None of the labs has two groups of recordings (animals or sessions), one to train on "
            f"and one to stop early on: {sorted(groups_of_lab)}. Label more."
        )
    split: dict[str, list[Recording]] = {"train": [], "val": []}
    for each in recordings:
        if each.leak_group in held:
            split["val"].append(replace(each, lab=""))
        else:
            split["train"].append(each)
    return split


@dataclass(frozen=True, eq=False)
class Folds(ABC):
    """The models of all folds; each is kept in `work`, so that none is trained twice.

    Attributes:
        parts: of the recordings.
        space: the behaviours.
        config: of the trainings.
        work: folder.
        say: is told what is going on.
        progress: is told after each epoch.
        by: what stays together in a part.
        jobs: how many trainings at a time.
    """

    parts: list[list[Recording]]
    space: LabelSpace
    config: Config
    work: Path
    say: Say
    progress: Progress | None
    by: By = "group"
    jobs: int = 1

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """The recordings of each part."""
        return tuple(tuple(each.name for each in part) for part in self.parts)

    @property
    def recordings(self) -> list[Recording]:
        """Those of all parts."""
        return [each for part in self.parts for each in part]

    @cached_property
    def decoders(self) -> dict[str, Decoder]:
        """By recording, what decides before any tuning; as learned from what its model sees."""
        found: dict[str, Decoder] = {}
        for number, part in enumerate(self.parts):
            decoder = configured_decoder(self.config, self.space, self.learned_from(number))
            found |= {each.name: decoder for each in part}
        return found

    def check(self) -> None:
        """Say before training what a fold cannot learn.

        Raises:
            InputError: the recordings do not fit together.
            TrainingError: a model would learn nothing.
        """
        self.settle()
        for number, part in enumerate(self.parts):
            known = self._shown_in(self.learned_from(number))
            lost = sorted(self._shown_in(part) - known)
            what = {each.lab if self.by == "lab" else each.name for each in part}
            fold = f"fold {number + 1} ({listed(sorted(what))})"
            if not known:
                raise TrainingError(
                    f"The recordings that the model of {fold} would learn from show none of the "
                    "behaviours. Label more of them, or choose another --by, or fewer --folds."
                )
            if lost:
                occurs, it = ("occurs", "it is") if len(lost) == 1 else ("occur", "they are")
                self.say(
                    f"warning: {', '.join(lost)} {occurs} in {fold}, and not in the recordings "
                    f"that its model learns from, so {it} not found there. Label more in others, "
                    "or leave out of labels.behaviours what cannot be learned"
                )

    @cached_property
    def _shown(self) -> dict[str, set[str]]:
        """Recording -> the behaviours that it shows."""
        every = set(self.space.behaviours)
        return {each.name: every.difference(self.space.absent([each])) for each in self.recordings}

    def _shown_in(self, recordings: Iterable[Recording]) -> set[str]:
        """The behaviours that any of these recordings show."""
        return set[str]().union(*(self._shown[each.name] for each in recordings))

    @abstractmethod
    def settle(self) -> None:
        """Find out whether every fold can read the recordings that it has not seen.

        Raises:
            InputError: the recordings do not fit together.
        """

    @abstractmethod
    def learned_from(self, number: int) -> list[Recording]:
        """What is learned from to predict part `number`."""

    @abstractmethod
    def predictions(self) -> Iterator[list[ScoredPair]]:
        """Some recordings after the others, each as predicted by what has not seen it."""

    def out_of_fold(self) -> list[ScoredPair]:
        """Predictions of all recordings, each of what has not seen it."""
        return [pair for some in self.predictions() for pair in some]

    @abstractmethod
    def refit(self) -> Bundle:
        """What is trained on all recordings."""


@dataclass(frozen=True, eq=False)
class ModelFolds(Folds):
    """Those of one model.

    Attributes:
        member: its name in an ensemble; empty for a model by itself.
    """

    member: str = ""

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

    def settle(self) -> None:
        """Plan the preparation.

        Raises:
            InputError: the recordings do not fit together.
        """
        _ = self.settled

    def learned_from(self, number: int) -> list[Recording]:
        """What the model that has not seen part `number` is trained on."""
        return self._splits[number]["train"]

    @cached_property
    def _splits(self) -> list[dict[str, list[Recording]]]:
        """By part, what the model that has not seen it learns from, and stops early on."""
        return [self._without(number) for number in range(len(self.parts))]

    def _without(self, number: int) -> dict[str, list[Recording]]:
        others = [part for other, part in enumerate(self.parts) if other != number]
        early, val = self.config.training.early_stopping, list[Recording]()
        if early and self.by != "lab":
            val = self._to_stop_on(others, number)
            others = [part for part in others if part is not val]
        rest = [each for part in others for each in part]
        if early and self.by == "lab":
            return hold_out(rest, self.config.training.seed)
        return {"train": rest, "val": val}

    def _to_stop_on(self, others: list[list[Recording]], number: int) -> list[Recording]:
        """The next part after `number` that shows a behaviour, and none that no other does."""

        def lost(part: list[Recording]) -> tuple[int, bool]:
            rest = [each for other in others if other is not part for each in other]
            mine = self._shown_in(part)
            return len(mine - self._shown_in(rest)), not mine

        first = number % len(others)
        return min([*others[first:], *others[:first]], key=lost)

    @cached_property
    def trainings(self) -> list[Training]:
        """By part, that of the model that has not seen it."""
        return [
            self._training(f"fold {number + 1} of {len(self.parts)}", split, f"fold-{number}")
            for number, split in enumerate(self._splits)
        ]

    def bundle(self, number: int) -> Bundle:
        """The model that has not seen part `number`."""
        return self.trainings[number].bundle(self.say, self.progress)

    def predict(self, number: int) -> list[ScoredPair]:
        """Predictions of part `number` by the model that has not seen it.

        By lab, their group is the lab: what is tuned, calibrated or resampled shall not know it
        from its other animals. Recordings without a lab are one.
        """
        bundle = self.bundle(number)
        scored = [each for each in self.parts[number] if targets_of(bundle, each)]
        pairs = [pair for each in scored for pair in score_recording(bundle, each).pairs]
        if self.by != "lab":
            return pairs
        return [replace(pair, group=pair.lab or _WITHOUT_LAB) for pair in pairs]

    def predictions(self) -> Iterator[list[ScoredPair]]:
        """One part after the other."""
        train_ahead(self.trainings, self.jobs, self.say)
        yield from map(self.predict, range(len(self.parts)))

    @cached_property
    def last_training(self) -> Training:
        """That of a model of all recordings, for as many epochs as were best in the folds."""
        best = [self.bundle(n).training["best_epoch"] for n in range(len(self.parts))]
        epochs = max(1, round(statistics.median(best)))
        config = self.settled.with_values({"training.epochs": epochs})
        what = f"training on all recordings for {count(epochs, 'epoch')}"
        return self._training(what, {"train": self.recordings, "val": []}, "all", config)

    def refit(self) -> Bundle:
        """A model trained on all recordings."""
        return self.last_training.bundle(self.say, self.progress)

    def _training(
        self,
        what: str,
        recordings: dict[str, list[Recording]],
        name: str,
        config: Config | None = None,
    ) -> Training:
        path = self.work / f"{name}.nuzzle"
        return Training(what, recordings, self.space, config or self.settled, path, self.member)
