"""From probabilities to decisions: smoothing, thresholds, paths and rules, or whole bouts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.bouts_rules import BoutRules
from nuzzle.decoding.smoothing import Smoothing
from nuzzle.decoding.thresholds import Thresholds
from nuzzle.decoding.viterbi import Viterbi
from nuzzle.decoding.whole_bouts import WholeBouts
from nuzzle.errors import InputError
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.plain import from_plain, to_plain


@dataclass(frozen=True)
class Decoder:
    """The steps from probabilities to decisions, in their order.

    As it comes it does nothing but decide frame by frame: the most probable of exclusive classes,
    each behaviour that reaches one half of others.

    Attributes:
        behaviours: names of the columns.
        exclusive: whether exactly one class holds in a frame.
        background: name of the class "none of the others", if there is one.
        smoothing: of the probabilities over time.
        thresholds: of each behaviour.
        viterbi: decides on whole sequences; None decides on each frame by itself.
        rules: what becomes of short gaps and short bouts.
        whole_bouts: decides on whole bouts by itself, in place of all other steps.
    """

    behaviours: tuple[str, ...]
    exclusive: bool
    background: str | None = None
    smoothing: Smoothing = field(default_factory=Smoothing)
    thresholds: Thresholds = field(default_factory=Thresholds)
    viterbi: Viterbi | None = None
    rules: BoutRules = field(default_factory=BoutRules)
    whole_bouts: WholeBouts | None = None

    def __post_init__(self) -> None:
        if self.background is not None and self.background not in self.behaviours:
            raise InputError(
                f"The background {self.background!r} is not among the classes "
                f"{list(self.behaviours)}."
            )

    @property
    def never_said(self) -> tuple[str, ...]:
        """Behaviours of which whole bouts were never right where they were learned."""
        if self.whole_bouts is None:
            return ()
        said = {self.behaviours[column] for column in self.whole_bouts.worth}
        return tuple(name for name in self.behaviours if name not in (*said, self.background))

    @property
    def support_s(self) -> float:
        """How far a frame is looked for on each side, s; infinite for a whole recording."""
        if self.whole_bouts is not None:
            return math.inf
        path = 0.0 if self.viterbi is None else self.viterbi.support_s
        return self.smoothing.support_s + path + self.rules.support_s(self.exclusive)

    def __call__(self, probability: NDArray[Any], fps: float) -> NDArray[np.bool_]:
        """Which behaviours go on.

        Args:
            probability: `(time, behaviour)`, 0 to 1; NaN where there is none, as of what nobody
                looked for in the recording.
            fps: frames per second.

        Returns:
            `(time, behaviour)` bool; of exclusive classes one a frame, and none where nothing is
            known.

        Raises:
            InputError: the probabilities are not of these behaviours.
        """
        return self.decode([probability], [fps])[0]

    def decode(
        self, probabilities: Sequence[NDArray[Any]], fps: Sequence[float]
    ) -> list[NDArray[np.bool_]]:
        """The same for several recordings at once."""
        for probability in probabilities:
            if probability.ndim != 2 or probability.shape[1] != len(self.behaviours):
                raise InputError(
                    f"Probabilities have the shape (time, {len(self.behaviours)}), for "
                    f"{list(self.behaviours)}; got {probability.shape}."
                )
        if self.whole_bouts is not None:
            return [
                self.whole_bouts(p, rate, background=self._background)
                for p, rate in zip(probabilities, fps, strict=True)
            ]
        smooth = [self.smoothing(p, rate) for p, rate in zip(probabilities, fps, strict=True)]
        ruled = self.ruled(self.decide(smooth, fps), fps)
        # A rule may close a gap in which nothing is known.
        return [each & np.isfinite(p) for each, p in zip(ruled, probabilities, strict=True)]

    def decode_pairs(self, pairs: Sequence[ScoredPair]) -> list[NDArray[np.bool_]]:
        """The same for what is scored."""
        return self.decode([pair.to_decide for pair in pairs], [pair.fps for pair in pairs])

    def decide(
        self, smooth: Sequence[NDArray[Any]], fps: Sequence[float]
    ) -> list[NDArray[np.bool_]]:
        """Thresholds or paths, of several recordings at once: all between smoothing and rules."""
        kind = {"exclusive": self.exclusive}
        if self.viterbi is None:
            return [self.thresholds(p, **kind) for p in smooth]
        evidence = [self.thresholds.evidence(p, **kind) for p in smooth]
        return self.viterbi.decode(evidence, fps, **kind)

    def ruled(
        self, decisions: Sequence[NDArray[np.bool_]], fps: Sequence[float]
    ) -> list[NDArray[np.bool_]]:
        """What the rules make of bouts that `decide` has found."""
        return [
            self.rules(each, rate, background=self._background, exclusive=self.exclusive)
            for each, rate in zip(decisions, fps, strict=True)
        ]

    @property
    def _background(self) -> int | None:
        return None if self.background is None else self.behaviours.index(self.background)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a bundle."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Decoder:
        """The inverse of `to_dict`."""
        return from_plain(cls, values)


def decode_each(
    decoders: Sequence[Decoder], pairs: Sequence[ScoredPair]
) -> list[NDArray[np.bool_]]:
    """Which behaviours go on in each pair, by a decoder each; those that share one at once."""
    shared: dict[int, list[int]] = {}
    for number, decoder in enumerate(decoders):
        shared.setdefault(id(decoder), []).append(number)
    decided: dict[int, NDArray[np.bool_]] = {}
    for mine in shared.values():
        said = decoders[mine[0]].decode_pairs([pairs[n] for n in mine])
        decided |= zip(mine, said, strict=True)
    return [decided[number] for number in range(len(pairs))]
