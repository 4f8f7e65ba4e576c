"""Which behaviours a model knows, and their frame-by-frame targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.config import LabelsConfig
from nuzzle.errors import InputError, TrainingError
from nuzzle.labels import Labels, Pair, first_active, mask_to_intervals
from nuzzle.plain import from_plain, to_plain
from nuzzle.recording import Recording
from nuzzle.training.labs import refuse_contradictions


class Targets(NamedTuple):
    """What a model should say of one pair, and where that is known.

    Attributes:
        active: `(time, behaviour)` bool; one-hot where exclusive.
        observed: `(time, behaviour)` bool, what was looked for.
    """

    active: NDArray[np.bool_]
    observed: NDArray[np.bool_]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Frames of each behaviour, where it was looked for, `(behaviour,)`."""
        return np.asarray((self.active & self.observed).sum(axis=0))

    @property
    def looked_for_counts(self) -> NDArray[np.int64]:
        """Frames with any behaviour in which each was looked for, `(behaviour,)`."""
        return np.asarray((self.observed & self.active.any(axis=1, keepdims=True)).sum(axis=0))

    def of(self, columns: slice) -> Targets:
        """Some of the behaviours."""
        return Targets(*(mask[:, columns] for mask in self))

    def beside(self, other: Targets) -> Targets:
        """These, then the columns of others of the same frames."""
        both = zip(self, other, strict=True)
        return Targets(*(np.concatenate(columns, axis=1) for columns in both))


class View(NamedTuple):
    """A pair as a model looks at it, and the pair whose labels say what it should see."""

    pair: Pair
    labelled: Pair


@dataclass(frozen=True)
class LabelSpace:
    """The behaviours of a model.

    Attributes:
        names: one a column; with the background where exclusive.
        background: name of the class "none of the others"; None where not exclusive.
        exclusive: whether exactly one class holds in a frame.
        priority: which behaviour wins where labels overlap, most important first.
        own: behaviours directed at the agent itself.
        directed: whether agent and target mean something; if not, both orders of a pair are
            looked at and their probabilities averaged.
    """

    names: tuple[str, ...]
    background: str | None
    exclusive: bool
    priority: tuple[str, ...]
    own: tuple[str, ...] = ()
    directed: bool = True

    @property
    def behaviours(self) -> tuple[str, ...]:
        """The names without the background."""
        return tuple(name for name in self.names if name != self.background)

    @property
    def background_column(self) -> int | None:
        """Where the background is among the names; None where there is none."""
        return None if self.background is None else self.names.index(self.background)

    def views(
        self, pairs: Sequence[Pair], individuals: Sequence[str], *, symmetric: bool = False
    ) -> Iterator[View]:
        """The ordered pairs of different animals to look at.

        A pair of an animal with itself becomes that animal and each of the others.

        Args:
            pairs: pairs with labels, or wanted.
            individuals: the animals of the recording that were ever seen.
            symmetric: whether the features are the same for both orders of a pair, so that one
                order is enough.
        """
        both = not self.directed and not symmetric
        seen: set[Pair] = set()
        for pair in sorted(pairs, key=lambda pair: pair.agent == pair.target):
            others = [name for name in individuals if name != pair.agent]
            wanted = [Pair(pair.agent, other) for other in others]
            for view in [pair] if pair.agent != pair.target else wanted:
                for each in [view, view.reversed] if both else [view]:
                    if each not in seen:
                        seen.add(each)
                        yield View(each, view)

    def check_meaning(self, name: str, labels: Labels) -> None:
        """Refuse labels of a recording of that name which mean something else by the same words.

        Raises:
            InputError: they have a direction and these behaviours have none; they direct at oneself
                what these behaviours direct at another; or the reverse.
        """
        if labels.directed != self.directed:
            has, had = ("have a", "have none") if labels.directed else ("have no", "have one")
            raise InputError(
                f"recording {name!r}: its labels {has} direction (who does it to whom), and those "
                f"that the model learned from {had}. Set the manifest's column directed alike: "
                "`no` where agent and target mean nothing."
            )
        rows = labels.observed
        other = (rows["agent"] == rows["target"]) != rows["behaviour"].isin(self.own)
        for wrong in sorted({*rows.loc[other, "behaviour"]} & {*self.behaviours}):
            here, there = "at another animal", "at oneself"
            if wrong not in self.own:
                here, there = there, here
            raise InputError(
                f"recording {name!r}: {wrong} is directed {here} in the labels, and {there} where "
                "the model learned it. If it is another behaviour, rename it in the manifest's "
                f"column behaviours: {wrong}=NEW, or self:{wrong}=NEW for what is directed at "
                "oneself only."
            )

    def targets(self, labels: Labels, pair: Pair) -> Targets:
        """Targets of a labelled pair.

        In exclusive mode a frame's class is the active behaviour that comes first in `priority`;
        where none is active it is the background, if anything was looked for.
        """
        active, observed = self._seen(labels, pair)
        at = self.background_column
        if at is None:
            return Targets(active, observed)
        active = self._first(active)
        looked = observed.any(axis=1)
        active = np.insert(active, at, looked & ~active.any(axis=1), axis=1)
        return Targets(active, np.insert(observed, at, looked, axis=1))

    def _seen(self, labels: Labels, pair: Pair) -> Targets:
        """What of the behaviours goes on where it was looked for; several may at once."""
        active, observed, _ = labels.frames(pair, self.behaviours)
        return Targets(active & observed, observed)

    def _first(self, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """In exclusive mode the one of the active behaviours that comes first in `priority`."""
        if not self.exclusive:
            return active
        order = [self.behaviours.index(n) for n in self.priority if n != self.background]
        first = active.copy()
        first[:, order] = first_active(active[:, order])
        return first

    def nothing(self, n_frames: int) -> Targets:
        """Targets of frames that nobody looked at."""
        nowhere = np.zeros((n_frames, len(self.names)), dtype=bool)
        return Targets(nowhere, nowhere)

    def absent(self, recordings: Iterable[Recording]) -> tuple[str, ...]:
        """The behaviours that have no frame in these recordings once overlaps are resolved."""
        found = np.zeros(len(self.names), dtype=bool)
        for labels in (each.labels for each in recordings if each.labels is not None):
            for pair in labels.pairs:
                found |= self.targets(labels, pair).active.any(axis=0)
        names = zip(self.names, found, strict=True)
        return tuple(name for name, there in names if not there and name != self.background)

    def hidden(self, recording: Recording) -> dict[str, tuple[int, int]]:
        """The frames of each behaviour in which another one counts, and all of its frames.

        An animal's own behaviours count in each of its pairs.
        """
        if (labels := recording.labels) is None:
            return {}
        counts = np.zeros((2, len(self.behaviours)), dtype=np.int64)
        for view in self.views(labels.pairs, recording.in_sight, symmetric=True):
            active = self._seen(labels, view.labelled).active
            every = active.sum(axis=0)
            counts += every - self._first(active).sum(axis=0), every
        return {
            name: (int(hidden), int(total))
            for name, hidden, total in zip(self.behaviours, *counts, strict=True)
        }

    def median_bouts(self, recordings: Iterable[Recording]) -> tuple[float, ...]:
        """The median duration of the bouts of each class, s; 0 for one without any."""
        durations: list[list[float]] = [[] for _ in self.names]
        for recording in recordings:
            if recording.labels is None:
                continue
            pairs = recording.labels.pairs
            for view in self.views(pairs, recording.in_sight, symmetric=True):
                active = self.targets(recording.labels, view.labelled).active
                for of_it, mask in zip(durations, active.T, strict=True):
                    of_it.extend(np.diff(mask_to_intervals(mask)).ravel() / recording.require_fps())
        return tuple(float(np.median(of_it)) if of_it else 0.0 for of_it in durations)

    def leave_out(self, targets: Targets, names: Sequence[str]) -> Targets:
        """The targets as if nobody had looked for some of the behaviours.

        In exclusive mode a frame of one of them is not observed: it is none of the others.
        """
        gone = np.isin(self.names, names)
        observed = targets.observed & ~gone
        if self.exclusive:
            observed &= ~(targets.active & gone).any(axis=1, keepdims=True)
        return Targets(targets.active & observed, observed)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a bundle."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LabelSpace:
        """The inverse of `to_dict`."""
        return from_plain(cls, values)

    @classmethod
    def fit(cls, recordings: Iterable[Recording], config: LabelsConfig) -> LabelSpace:
        """Find the behaviours of the training recordings.

        Raises:
            TrainingError: nothing is labelled, a wanted behaviour has no bout, or the recordings
                contradict each other.
        """
        recordings = list(recordings)
        refuse_contradictions(recordings, config.behaviours)
        frames: Counter[str] = Counter()
        backgrounds: set[str] = set()
        own: set[str] = set()
        directed: set[bool] = set()
        for recording in recordings:
            if recording.labels is None:
                continue
            frames.update(_frames_of(recording.labels))
            own.update(recording.labels.self_behaviours)
            directed.add(recording.labels.directed)
            if recording.labels.background:
                backgrounds.add(recording.labels.background)
        if len(directed) > 1:
            raise TrainingError(
                "Some label files are directed (agent -> target) and some are not. Set the column "
                "directed of the manifest to the same value in every row."
            )
        background = backgrounds.pop() if len(backgrounds) == 1 else config.background
        names = _class_names(config, frames, background)
        exclusive = config.mode == "exclusive"
        # Where any number of behaviours may go on, one may well be called like the background.
        asked = set() if exclusive else {name for name in config.behaviours if frames[name]}
        behaviours = [name for name in names if name != background or name in asked]
        if not behaviours:
            raise TrainingError(
                f"There is no behaviour to learn: {background!r} is the name of the background. If "
                "it is a behaviour, name the background otherwise, in the column background of "
                "the manifest or with --set labels.background=NAME."
            )
        rarest_first = tuple(sorted(behaviours, key=lambda name: (frames[name], name)))
        return cls(
            names=names if exclusive else tuple(behaviours),
            background=background if exclusive else None,
            exclusive=exclusive,
            priority=config.priority or rarest_first,
            own=tuple(sorted(own & set(behaviours))),
            directed=directed != {False},
        )


def _frames_of(labels: Labels) -> dict[str, int]:
    """How many frames of each behaviour there are, of all pairs, where it was looked for.

    What an animal does to itself stands in all of its pairs, and counts in that with itself.
    """
    names, counts = labels.behaviours, np.zeros(len(labels.behaviours), dtype=int)
    own = np.isin(names, labels.self_behaviours)
    for pair in labels.pairs:
        found = Targets(*labels.frames(pair, names)[:2]).counts
        counts += np.where(own == (pair.agent == pair.target), found, 0)
    return dict(zip(names, counts.tolist(), strict=True))


def _class_names(
    config: LabelsConfig, frames: Mapping[str, int], background: str
) -> tuple[str, ...]:
    """Class names in order, background included."""
    found = sorted(name for name, count in frames.items() if count)
    if not found:
        raise TrainingError(
            "No training recording has a labelled bout. Check the columns labels, stream, "
            "background and split of the manifest; `nuzzle inspect MANIFEST` shows what is read."
        )
    wanted = config.behaviours or tuple(found)
    missing = [name for name in wanted if name not in found and name != background]
    if missing:
        raise TrainingError(
            f"The training recordings have no bout of {missing}; they have {found}. Label some, "
            "move a recording that has them into train, or leave them out of labels.behaviours."
        )
    if set(config.priority) - set(wanted) or (
        config.priority and set(wanted) - {background} - set(config.priority)
    ):
        raise TrainingError(
            f"labels.priority must list each behaviour once: {[*wanted]}; got {[*config.priority]}."
        )
    return tuple(wanted) if background in wanted else (*wanted, background)
