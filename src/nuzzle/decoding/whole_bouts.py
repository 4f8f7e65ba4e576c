"""Deciding on whole bouts: of all stretches that may be one, those that are worth being said.

What a bout is worth follows from what is maximised. F1, twice the matches divided by all that is
said or true, is raised by whatever is a match with a probability above half of the F1 that there
is (Lipton et al. 2014, Optimal Thresholding of Classifiers to Maximize F1 Measure). That holds of
bouts, and of their frames; what both add up to is maximised over stretches that do not overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from nuzzle.decoding.argmax import argmax
from nuzzle.decoding.base import Floats, check_finite
from nuzzle.decoding.coarse import step_length, step_means
from nuzzle.decoding.proposals import Ints, propose, traits
from nuzzle.evaluation.running import RunningTotal


@dataclass(frozen=True)
class Worth:
    """What the bouts of one behaviour are worth.

    Attributes:
        bout: worth of a match.
        bout_f1: F1 of bouts that is reached; a bout pays where it matches with more than half.
        frame: worth of a frame.
        frame_f1: F1 of frames that is reached.
    """

    bout: float
    bout_f1: float
    frame: float
    frame_f1: float

    def __post_init__(self) -> None:
        check_finite(astuple(self), "figures of what a bout is worth")


class Proposed(NamedTuple):
    """Stretches that may be bouts of one behaviour.

    Attributes:
        column: of the behaviour.
        stretches: `(stretch, 2)` starts and stops, steps.
        matches: `(stretch,)` probability that it matches a true bout.
        frames: `(stretch,)` steps of it that are expected to be in true bouts.
    """

    column: int
    stretches: Ints
    matches: Floats
    frames: Floats

    def worth(self, worth: Worth) -> Floats:
        """What each stretch is worth, `(stretch,)`; below 0 it is better left out."""
        start, stop = self.stretches.T
        of_bout = 2 * self.matches - worth.bout_f1
        of_frames = 2 * self.frames - worth.frame_f1 * (stop - start)
        return np.asarray(worth.bout * of_bout + worth.frame * of_frames)


@dataclass(frozen=True)
class Odds:
    """A logistic regression on `traits`.

    Attributes:
        coefficients: of each trait, for all behaviours.
        intercepts: column -> that of its behaviour.
    """

    coefficients: tuple[float, ...]
    intercepts: Mapping[int, float]

    def __post_init__(self) -> None:
        what = "coefficients and intercepts of the odds of a bout"
        check_finite((*self.coefficients, *self.intercepts.values()), what)

    def __call__(self, traits: Floats, column: int) -> Floats:
        """The probability for each stretch of a behaviour, `(stretch,)`."""
        return np.asarray(expit(traits @ np.array(self.coefficients) + self.intercepts[column]))


@dataclass(frozen=True)
class WholeBouts:
    """Chooses bouts that do not overlap, of exclusive behaviours or of each by itself.

    Attributes:
        match: whether a stretch matches a true bout.
        inside: whether a frame of a stretch is in a true bout. What stretches like it had counts
            as much as what is said of its own frames.
        worth: column -> what its bouts are worth; the others are never said.
    """

    match: Odds
    inside: Odds
    worth: Mapping[int, Worth]

    def __call__(
        self,
        probability: NDArray[Any],
        fps: float,
        *,
        background: int | None,
    ) -> NDArray[np.bool_]:
        """Which behaviours go on.

        Args:
            probability: `(time, behaviour)`; NaN where there is none.
            fps: frames per second.
            background: column of what goes on between bouts of exclusive classes; None where
                several may go on at once.

        Returns:
            `(time, behaviour)` bool.
        """
        step = step_length(len(probability), fps)
        proposed = self.propose(step_means(probability, step), fps / step)
        return self.decide(proposed, probability, background=background, step=step)

    def propose(self, probability: NDArray[Any], fps: float) -> list[Proposed]:
        """What may be bouts of each behaviour that is ever said, whatever they are worth."""
        found = []
        for column in self.worth:
            said = probability[:, column].astype(np.float64)
            stretches = propose(said, fps)
            seen = traits(said, stretches, fps)
            inside = self.inside(seen, column) * (stretches[:, 1] - stretches[:, 0])
            frames = (RunningTotal(said).sums(*stretches.T) + inside) / 2
            found.append(Proposed(column, stretches, self.match(seen, column), frames))
        return found

    def decide(
        self,
        proposed: Sequence[Proposed],
        probability: NDArray[Any],
        *,
        background: int | None,
        step: int = 1,
    ) -> NDArray[np.bool_]:
        """What is worth most; as when called.

        Args:
            proposed: of steps of several frames.
            probability: `(time, behaviour)` of every frame.
            background: column of what goes on between bouts of exclusive classes.
            step: frames of a step.
        """
        said = np.where(np.isnan(probability), np.nan, 0.0)
        steps = len(said) // step
        for group in [[each] for each in proposed] if background is None else [proposed]:
            for column, start, stop in self._chosen(group):
                # Frames at the end that do not fill a step are as the last one.
                last = len(said) if stop == steps else stop * step
                said[start * step : last, column] += 1.0
        if background is None:
            return np.asarray(said > 0)
        said[:, background] += 0.5
        return argmax(said)

    def _chosen(self, proposed: Sequence[Proposed]) -> list[tuple[int, int, int]]:
        """The column, start and stop of each bout."""
        if not proposed:
            return []
        column = np.repeat(
            [each.column for each in proposed], [len(each.frames) for each in proposed]
        )
        start, stop = np.concatenate([each.stretches for each in proposed]).T
        worth = np.concatenate([each.worth(self.worth[each.column]) for each in proposed])
        return [
            (int(column[n]), int(start[n]), int(stop[n])) for n in best_schedule(start, stop, worth)
        ]


def best_schedule(start: Ints, stop: Ints, worth: Floats) -> list[int]:
    """The intervals that do not overlap and are worth the most together, the last first.

    Weighted interval scheduling: Kleinberg & Tardos (2006), Algorithm Design, section 6.1.

    >>> best_schedule(np.array([0, 2, 4]), np.array([3, 5, 6]), np.array([2.0, 3.0, 2.0]))
    [2, 0]
    """
    order = np.argsort(stop, kind="stable")
    before = np.searchsorted(stop[order], start[order], side="right").tolist()
    best = [0.0]
    for n, value in enumerate(worth[order].tolist()):
        best.append(max(best[n], best[before[n]] + value))
    chosen, n = [], len(order)
    while n:
        if best[n] == best[n - 1]:
            n -= 1
        else:
            chosen.append(int(order[n - 1]))
            n = before[n - 1]
    return chosen
