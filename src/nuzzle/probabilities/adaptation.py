"""How common each behaviour is in one recording, and what that makes of its probabilities.

A model expects behaviours to be as common as in the recordings that it learned from. But one animal
fights for a third of its trial and the next not at all, and the second frame of a fight that looks
doubtful is worth more where a hundred others were clear. So the shares of the behaviours are
estimated from what the model says of all frames of the recording, and those that it says on average
are exchanged for them. As neighbouring frames tell nearly the same, a recording counts as few
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

from nuzzle.probabilities.calibrators import FLOOR, Calibrator, Floats, among

#: The shares are estimated from so many frames, evenly spread: neighbours are nearly copies.
_ENOUGH_FRAMES = 2000
#: The estimate has settled when no share changes more than this.
_SETTLED, _MOST_ROUNDS = 1e-5, 300
#: What is said more rarely on average stays as it is: against so little, all doubt would be proof.
_RAREST = 1e-3


@dataclass(frozen=True, eq=False)
class Adaptation:
    """From probabilities under the usual shares of behaviours to those under a recording's own.

    Attributes:
        exclusive: whether the probabilities of a frame add up to one.
        said: lab -> `(behaviour,)`, the mean probability in its recordings; under '' in all.
        usual: lab -> `(behaviour,)`, what a recording's own shares are drawn to; under '' of all.
        strength: `(behaviour,)`, how many independent looks the usual share weighs.
        look_s: seconds of recording that make one independent look.
    """

    exclusive: bool
    said: Mapping[str, Floats]
    usual: Mapping[str, Floats]
    strength: Floats
    look_s: float

    def __call__(
        self,
        probability: NDArray[Any],
        looked_for: NDArray[np.bool_],
        fps: float,
        lab: str = "",
        present: NDArray[np.bool_] | None = None,
    ) -> NDArray[Any]:
        """Probabilities of one pair in one recording, adapted to it.

        Args:
            probability: `(time, behaviour)`, calibrated.
            looked_for: `(behaviour,)`; others stay as they are.
            fps: frames per second.
            lab: of the recording.
            present: `(time,)`, in which frames both animals are there, from which the shares are
                estimated; all by default. What is said of an animal out of sight is a guess.
        """
        known = looked_for & np.isfinite(probability).any(axis=0)
        if not known.any():
            return probability
        said, usual = (self._of(each, lab, looked_for)[known] for each in (self.said, self.usual))
        now = probability[:, known].astype(np.float64)
        seen = now if present is None else now[present]
        looks = len(seen) / fps / self.look_s
        thinned = seen[:: 1 + len(seen) // _ENOUGH_FRAMES]
        share = self._shares(thinned, said, usual, looks, self.strength[known])
        out = probability.copy()
        out[:, known] = self._exchanged(now, said, share)
        return out

    def _of(self, shares: Mapping[str, Floats], lab: str, looked_for: NDArray[np.bool_]) -> Floats:
        """Those of a lab, `(behaviour,)`, where only some behaviours were looked for."""
        mine = shares.get(lab, shares[""])
        if self.exclusive:
            mine = among(mine[np.newaxis], looked_for)[0]
        return mine.clip(FLOOR, 1 - FLOOR)

    def _shares(
        self, now: Floats, said: Floats, usual: Floats, looks: float, strength: Floats
    ) -> Floats:
        """The share of each behaviour, `(behaviour,)`, drawn to the usual one.

        By expectation maximisation; where behaviours that exclude each other are drawn with
        different strengths, shares are made to add up to one after each step, and what is found is
        near the most likely, not exactly it.
        """
        now = now[np.isfinite(now).all(axis=1)]
        share = usual
        for _ in range(_MOST_ROUNDS if len(now) else 0):
            before = share
            seen = self._exchanged(now, said, share).mean(axis=0)
            share = (looks * seen + strength * usual) / (looks + strength)
            if self.exclusive:
                share = share / share.sum()
            if np.abs(share - before).max() < _SETTLED:
                break
        return share

    def _exchanged(self, now: Floats, said: Floats, share: Floats) -> Floats:
        """Probabilities `(time, behaviour)` if `share` is what is to be expected, not `said`."""
        share = np.where(said < _RAREST, said, share)
        present = now * (share / said)
        if self.exclusive:
            total = present.sum(axis=1, keepdims=True)
        else:
            total = present + (1 - now) * ((1 - share) / (1 - said))
        return np.asarray(present / total)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "exclusive": self.exclusive,
            "said": {lab: shares.tolist() for lab, shares in self.said.items()},
            "usual": {lab: shares.tolist() for lab, shares in self.usual.items()},
            "strength": self.strength.tolist(),
            "look_s": self.look_s,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Adaptation:
        """The inverse of `to_dict`."""
        return cls(
            exclusive=bool(values["exclusive"]),
            said={lab: np.array(shares) for lab, shares in values["said"].items()},
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
        self,
        probability: NDArray[Any],
        looked_for: NDArray[np.bool_],
        fps: float,
        lab: str = "",
        present: NDArray[np.bool_] | None = None,
    ) -> NDArray[Any]:
        """Probabilities `(time, behaviour)` of a pair in a whole recording.

        Args:
            probability: `(time, behaviour)`, the model's own.
            looked_for: `(behaviour,)`; of exclusive classes the others get no share, else they stay
                as they are.
            fps: frames per second.
            lab: of the recording.
            present: `(time,)`, in which frames both animals are there.
        """
        if self.calibrator.exclusive:
            said = among(self.calibrator(among(probability, looked_for)), looked_for)
        else:
            said = np.where(looked_for, self.calibrator(probability), probability)
        if self.adaptation is None:
            return said
        return self.adaptation(said, looked_for, fps, lab, present)
