"""What a tuned decoder is worth, for all recordings and for those of each lab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from nuzzle.decoding.base import Floats
from nuzzle.decoding.decoder import Decoder
from nuzzle.errors import InputError
from nuzzle.evaluation.bootstrap import mean_defined
from nuzzle.evaluation.decisions import Counts, DecodingScore

#: What the decoding is tuned for: F1 per frame, per bout, or the mean of both.
Objective = Literal["frames", "bouts", "both"]
_BOTH: Objective = "both"

#: A tuned decoder must gain more than this to be used.
MIN_GAIN = 0.002


class Reached(NamedTuple):
    """The objective that decisions reach.

    Attributes:
        value: on all groups.
        all_but_one: without each group in turn, `(group,)`.
    """

    value: float
    all_but_one: Floats

    @classmethod
    def of(cls, counts: Counts, weights: Floats) -> Reached:
        """From the counts of each group, and `frame_weights`."""
        value = float(objective_value(*counts.total.f1, weights))
        return cls(value, objective_value(*counts.all_but_one.f1, weights))

    def surely_better(self, other: Reached) -> bool:
        """Whether the gain passes `MIN_GAIN` and its own standard error over groups.

        The standard error is the jackknife's: Efron & Tibshirani (1993), chapter 11.
        """
        if len(self.all_but_one) < 2:
            return False  # one group says nothing of others
        # Without the only group that shows any behaviour, there is nothing to gain.
        gains = np.nan_to_num(self.all_but_one - other.all_but_one)
        error = float(np.sqrt((len(gains) - 1) * gains.var()))
        return self.value - other.value > max(MIN_GAIN, error)


@dataclass(frozen=True)
class TunedLab:
    """A decoder of one lab's own, and what it is worth there.

    Attributes:
        decoder: chosen on all recordings of the lab, starting from the settings common to all.
        common: the lab's groups as decoded in common with other labs (by a decoder that was chosen
            on other groups if that helps, else as configured), or each frame by itself, whichever
            is better.
        nested: each group decoded as chosen on the lab's other groups.
        gain: how much the objective gains by it.
        helps: whether that is worth a change, and surely no chance.
    """

    decoder: Decoder
    common: DecodingScore
    nested: DecodingScore
    gain: float
    helps: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "decoder": self.decoder.to_dict(),
            "common": self.common.to_dict(),
            "nested": self.nested.to_dict(),
            "gain": self.gain,
        }


@dataclass(frozen=True)
class Tuned:
    """A decoder, and what it is worth.

    Attributes:
        decoder: chosen on all recordings.
        objective: behaviour -> what was maximised for it.
        before: each frame decided by itself.
        configured: as without tuning, which is used where tuning does not help.
        searched: each group of recordings decoded with settings found on the others.
        whole: each decided on whole bouts as learned from the others; None where nothing can be.
        nested: each decided in the one of these two ways that is better on the others. The figure
            to trust: that of the better one flatters. (What the others were decided by has seen
            the group, though the choice between two ways is all that hangs on it.)
        in_sample: `decoder` on the recordings it was chosen on. It flatters.
        folds: parts that the groups were divided into.
        groups: animals or sessions.
        labs: lab -> a decoder of its own, where there are several and it has groups enough.
        decoders: recording -> what decides it in the way that a bundle uses, without having seen
            its group.
    """

    decoder: Decoder
    objective: Mapping[str, Objective]
    before: DecodingScore
    configured: DecodingScore
    searched: DecodingScore
    whole: DecodingScore | None
    nested: DecodingScore
    in_sample: DecodingScore
    folds: int
    groups: int
    labs: Mapping[str, TunedLab] = field(default_factory=dict)
    decoders: Mapping[str, Decoder] = field(default_factory=dict)

    @property
    def gain(self) -> float:
        """How much the objective gains on recordings that had no part in the choice."""
        return value_of(self.nested, self.objective) - value_of(self.configured, self.objective)

    @property
    def helps(self) -> bool:
        """Whether the gain is at least worth a change."""
        return self.gain > MIN_GAIN

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "decoder": self.decoder.to_dict(),
            "objective": dict(self.objective),
            "gain": self.gain,
            "before": self.before.to_dict(),
            "configured": self.configured.to_dict(),
            "searched": self.searched.to_dict(),
            "whole": None if self.whole is None else self.whole.to_dict(),
            "nested": self.nested.to_dict(),
            "in_sample": self.in_sample.to_dict(),
            "folds": self.folds,
            "groups": self.groups,
            "labs": {lab: each.to_dict() for lab, each in self.labs.items()},
        }


def objectives_of(
    objective: Objective | Mapping[str, Objective], names: Sequence[str]
) -> dict[str, Objective]:
    """What is maximised for each behaviour; of those that a mapping does not name, both.

    Raises:
        InputError: there is no such objective, or no such behaviour.
    """
    of_each = dict.fromkeys(names, objective) if isinstance(objective, str) else objective
    chosen: dict[str, Objective] = {**dict.fromkeys(names, _BOTH), **of_each}
    if set(chosen) != set(names) or not set(chosen.values()) <= set(get_args(Objective)):
        raise InputError(
            f"The objective is one of {list(get_args(Objective))}, for all or for some of "
            f"{list(names)}; got {objective!r}."
        )
    return chosen


def value_of(score: DecodingScore, objectives: Mapping[str, Objective]) -> float:
    """The objective that a score reaches."""
    names = list(objectives)
    frames, bouts = (
        np.array([figures[name] for name in names]) for figures in (score.frame_f1, score.bout_f1)
    )
    return float(objective_value(frames, bouts, frame_weights(objectives, names)))


def frame_weights(objectives: Mapping[str, Objective], names: Sequence[str]) -> Floats:
    """What the F1 per frame of each behaviour weighs against that per bout, `(behaviour,)`."""
    share = {"frames": 1.0, "bouts": 0.0, "both": 0.5}
    return np.array([share[objectives[name]] for name in names])


def objective_value(frames: Floats, bouts: Floats, weights: Floats) -> Floats:
    """The objective `(...)` from F1 per frame and per bout, `(..., behaviour)`, and their weights.

    Args:
        frames: F1 per frame.
        bouts: F1 per bout.
        weights: `(behaviour,)`, as `frame_weights` gives them.
    """
    return mean_defined(weights * frames + (1 - weights) * bouts)
