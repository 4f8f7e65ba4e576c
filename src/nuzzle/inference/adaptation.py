"""How common each behaviour is in one recording, and what that makes of its probabilities.

A model expects behaviours to be as common as in the recordings that it learned from. But one animal
fights for a third of its trial and the next not at all, and the second frame of a fight that looks
doubtful is worth more where a hundred others were clear. So the shares of the behaviours are
estimated from what the model says of all frames of the recording, and the model's usual shares are
exchanged for them. As neighbouring frames tell nearly the same, a recording counts as few
independent looks, and its shares are drawn to the usual ones: strongly those of a behaviour that is
equally common in all recordings, weakly those of one that comes and goes.

Sources: Saerens, Latinne & Decaestecker (2002), Adjusting the Outputs of a Classifier to New a
Priori Probabilities; Sulc & Matas (2019), Improving CNN Classifiers by Estimating Test-Time Priors
(drawing them to what is usual).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.inference.calibrators import FLOOR, Calibrator, Floats, among

#: The shares are estimated from so many frames, evenly spread: neighbours are nearly copies.
_ENOUGH_FRAMES = 2000
#: The estimate has settled when no share changes more than this.
_SETTLED, _MOST_ROUNDS = 1e-5, 300


@dataclass(frozen=True, eq=False)
class Adaptation:
    """From probabilities under the usual shares of behaviours to those under a recording's own.

    Attributes:
        exclusive: whether the probabilities of a frame add up to one.
        usual: lab -> `(behaviour,)`, the mean probability in its recordings; under '' in all.
        strength: `(behaviour,)`, how many independent looks the usual share weighs.
        look_s: seconds of recording that make one independent look.
    """

    exclusive: bool
    usual: Mapping[str, Floats]
    strength: Floats
    look_s: float

    def __call__(
        self, probability: NDArray[Any], looked_for: NDArray[np.bool_], fps: float, lab: str = ""
    ) -> NDArray[Any]:
        """Probabilities of one pair in one recording, adapted to it.

        Args:
            probability: `(time, behaviour)`, calibrated.
            looked_for: `(behaviour,)`; others stay as they are.
            fps: frames per second.
            lab: of the recording.
        """
        usual = self.usual.get(lab, self.usual[""])
        if self.exclusive:
            usual = among(usual[np.newaxis], looked_for)[0]
        known = looked_for & np.isfinite(probability).any(axis=0)
        if not known.any():
            return probability
        said, usual = probability[:, known].astype(np.float64), usual[known].clip(FLOOR, 1 - FLOOR)
        looks = len(said) / fps / self.look_s
        share = self._shares(said[:: 1 + len(said) // _ENOUGH_FRAMES], usual, looks, known)
        out = probability.copy()
        out[:, known] = self._exchanged(said, usual, share)
        return out

    def _shares(
        self, said: Floats, usual: Floats, looks: float, known: NDArray[np.bool_]
    ) -> Floats:
        """The most likely share of each behaviour, `(behaviour,)`, by expectation maximisation."""
        said = said[np.isfinite(said).all(axis=1)]
        share, strength = usual, self.strength[known]
        for _ in range(_MOST_ROUNDS if len(said) else 0):
            before = share
            seen = self._exchanged(said, usual, share).mean(axis=0)
            share = (looks * seen + strength * usual) / (looks + strength)
            if self.exclusive:
                share = share / share.sum()
            if np.abs(share - before).max() < _SETTLED:
                break
        return share

    def _exchanged(self, said: Floats, usual: Floats, share: Floats) -> Floats:
        """Probabilities `(time, behaviour)` if `share` is what is to be expected, not `usual`."""
        present = said * (share / usual)
        if self.exclusive:
            total = present.sum(axis=1, keepdims=True)
        else:
            total = present + (1 - said) * ((1 - share) / (1 - usual))
        return np.asarray(present / total)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "exclusive": self.exclusive,
            "usual": {lab: shares.tolist() for lab, shares in self.usual.items()},
            "strength": self.strength.tolist(),
            "look_s": self.look_s,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Adaptation:
        """The inverse of `to_dict`."""
        return cls(
            exclusive=bool(values["exclusive"]),
            usual={lab: np.array(shares) for lab, shares in values["usual"].items()},
            strength=np.array(values["strength"]),
            look_s=float(values["look_s"]),
        )


@dataclass(frozen=True, eq=False)
class Correction:
    """From a model's own probabilities of a pair to those that it is judged by.

    Attributes:
        calibrator: of the probabilities of every recording.
        adaptation: to each recording; None for none.
    """

    calibrator: Calibrator
    adaptation: Adaptation | None = None

    def __call__(
        self, probability: NDArray[Any], looked_for: NDArray[np.bool_], fps: float, lab: str = ""
    ) -> NDArray[Any]:
        """Probabilities `(time, behaviour)` of a pair in a whole recording.

        Args:
            probability: `(time, behaviour)`, the model's own.
            looked_for: `(behaviour,)`; of exclusive classes the others get no share.
            fps: frames per second.
            lab: of the recording.
        """
        if self.calibrator.exclusive:
            said = among(self.calibrator(among(probability, looked_for)), looked_for)
        else:
            said = self.calibrator(probability)
        return said if self.adaptation is None else self.adaptation(said, looked_for, fps, lab)
