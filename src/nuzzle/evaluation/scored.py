"""What is scored: truth and prediction of one pair of animals in one recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nuzzle.errors import InputError, ValidationError
from nuzzle.labels import Pair


@dataclass(frozen=True, eq=False)
class ScoredPair:
    """Truth and prediction of one pair of one recording, frame by frame.

    Attributes:
        recording: name.
        group: animal or session; empty means that the recording is a group of its own.
        pair: agent and target.
        fps: frames per second.
        behaviours: names of the columns; with the background where labels are exclusive.
        background: name of the class "none of the others", if there is one.
        exclusive: whether one behaviour goes on at a time.
        truth: `(time, behaviour)` bool.
        observed: `(time, behaviour)` bool; a behaviour is scored only where it was looked for.
        predicted: `(time, behaviour)` bool.
        probability: `(time, behaviour)` float32, 0 to 1.
        lab: who recorded it; empty if unknown.
        own: behaviours directed at the agent itself, which all of its pairs show alike.
        present: `(time,)` bool, where neither animal has been out of sight for long; None for
            everywhere.
    """

    recording: str
    group: str
    pair: Pair
    fps: float
    behaviours: tuple[str, ...]
    background: str | None
    exclusive: bool
    truth: NDArray[np.bool_]
    observed: NDArray[np.bool_]
    predicted: NDArray[np.bool_]
    probability: NDArray[np.float32]
    lab: str = ""
    own: tuple[str, ...] = ()
    present: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        problems = _shape_problems(self) or _value_problems(self)
        if problems:
            raise ValidationError(f"{self.recording!r}, {self.pair}, to be scored", problems)

    @property
    def n_frames(self) -> int:
        return len(self.truth)

    @property
    def looked_for(self) -> NDArray[np.bool_]:
        """What was looked for in any frame, `(behaviour,)`."""
        return np.asarray(self.observed.any(axis=0))

    @property
    def to_decide(self) -> NDArray[np.float32]:
        """What there is to decide on, `(time, behaviour)`: NaN for what nobody looked for.

        As of a new recording, of which it is known what is looked for, but not frame by frame.
        """
        return np.where(self.looked_for, self.probability, np.float32(np.nan))

    @property
    def foreground(self) -> list[int]:
        """Columns of the behaviours; all but the background."""
        return [c for c, name in enumerate(self.behaviours) if name != self.background]

    def only(self, columns: Sequence[int]) -> ScoredPair:
        """Some of the behaviours, each by itself."""
        names = ("truth", "observed", "predicted", "probability")
        mine = {name: getattr(self, name)[:, columns] for name in names}
        behaviours = tuple(self.behaviours[column] for column in columns)
        return replace(self, behaviours=behaviours, background=None, exclusive=False, **mine)

    @property
    def resampling_unit(self) -> str:
        """What the bootstrap draws: the group, or the recording where it has none."""
        return self.group or self.recording


def groups_of(pairs: Iterable[ScoredPair]) -> list[str]:
    """What the bootstrap draws from, in alphabetical order."""
    return sorted({pair.resampling_unit for pair in pairs})


def group_numbers(pairs: Iterable[ScoredPair], groups: Iterable[str]) -> NDArray[np.int64]:
    """Which of the groups each pair is of, `(pair,)`."""
    number = {name: n for n, name in enumerate(groups)}
    return np.array([number[pair.resampling_unit] for pair in pairs], dtype=np.int64)


def pooled(
    pairs: Sequence[ScoredPair], column: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Probability and truth of a behaviour in all frames in which it was looked for."""
    columns = [(pair, pair.observed[:, column]) for pair in pairs]
    probability = np.concatenate([pair.probability[mask, column] for pair, mask in columns])
    return probability, np.concatenate([pair.truth[mask, column] for pair, mask in columns])


def counted_once(pairs: Sequence[ScoredPair]) -> list[ScoredPair]:
    """The same, but what an animal does to itself is observed in the first of its pairs alone.

    So it counts once, however many others there are. For figures of what is probable, which all of
    its pairs share, and of sets of it; what was decided is told by `nuzzle.evaluation.own`.
    """
    known = set[tuple[str, str]]()
    out = []
    for pair in pairs:
        agent = (pair.recording, pair.pair.agent)
        again = np.isin(pair.behaviours, pair.own) & (agent in known)
        known.add(agent)
        out.append(replace(pair, observed=pair.observed & ~again) if again.any() else pair)
    return out


def check_comparable(pairs: Sequence[ScoredPair]) -> None:
    """Raise an `InputError` unless all pairs were scored for the same classes.

    Raises:
        InputError: there are no pairs, or they differ in behaviours, background or kind.
    """
    if not pairs:
        raise InputError("There is nothing to score: give at least one recording with labels.")
    first = pairs[0]
    wanted = (first.behaviours, first.background, first.exclusive)
    for pair in pairs[1:]:
        if (pair.behaviours, pair.background, pair.exclusive) != wanted:
            raise InputError(
                f"All recordings are scored for the same classes. {first.recording!r} has "
                f"{list(first.behaviours)} (background {first.background!r}, exclusive "
                f"{first.exclusive}); {pair.recording!r} has {list(pair.behaviours)} (background "
                f"{pair.background!r}, exclusive {pair.exclusive})."
            )


def _shape_problems(pair: ScoredPair) -> list[str]:
    problems = []
    shape = (len(pair.truth), len(pair.behaviours))
    for name in ("truth", "observed", "predicted", "probability"):
        array = getattr(pair, name)
        if array.shape != shape:
            problems.append(f"{name} has the shape (time, behaviour) = {shape}; got {array.shape}")
        elif name != "probability" and array.dtype != np.bool_:
            problems.append(f"{name} is true or false; got {array.dtype}")
    if pair.background is not None and pair.background not in pair.behaviours:
        problems.append(
            f"the background {pair.background!r} is not among the classes {list(pair.behaviours)}"
        )
    if not (np.isfinite(pair.fps) and pair.fps > 0):
        problems.append(f"fps is a positive number of frames per second; got {pair.fps}")
    return problems


def _value_problems(pair: ScoredPair) -> list[str]:
    problems = []
    scored = pair.probability[pair.observed]
    wrong = int((~((scored >= 0) & (scored <= 1))).sum())  # NaN is neither
    if wrong:
        problems.append(f"{wrong} probabilities of observed frames are not between 0 and 1")
    if pair.exclusive:
        for name in ("truth", "predicted"):
            several = np.flatnonzero((getattr(pair, name) & pair.observed).sum(axis=1) > 1)
            if len(several):
                problems.append(
                    f"{name} is declared exclusive and has several classes in {len(several)} "
                    f"frames, the first is frame {several[0]}"
                )
    return problems
