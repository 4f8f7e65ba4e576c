"""How hard the simulated recordings are to label: noise, jitter, and what looks alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nuzzle.errors import InputError


@dataclass(frozen=True)
class Difficulty:
    """One level of difficulty.

    Attributes:
        lookalikes: share of background scenes that resemble a behaviour (the other animal does
            it, a chase without contact, passing by, staying nose to flank).
        linger_gap_cm: how near a nose comes in the background without investigating; the nearer,
            the more it looks like sniffing.
        label_jitter_s: standard deviation of the annotator's onsets and offsets.
        missed: share of sniffing bouts that the annotator lets pass or gives another name.
        noise_px: standard deviation of a tracked point.
        dropped_per_minute: runs of a missing point, per minute and recording.
        swaps_per_minute: short exchanges of the two identities, while they are close.
    """

    lookalikes: float
    linger_gap_cm: float
    label_jitter_s: float
    missed: float
    noise_px: float
    dropped_per_minute: float
    swaps_per_minute: float


DIFFICULTIES: Mapping[str, Difficulty] = {
    "easy": Difficulty(0.05, 3.0, 0.03, 0.0, 0.8, 4.0, 0.0),
    "normal": Difficulty(0.3, 1.8, 0.1, 0.04, 2.0, 15.0, 0.2),
    "hard": Difficulty(0.55, 1.0, 0.2, 0.12, 4.0, 40.0, 1.0),
}


def difficulty_named(name: str) -> Difficulty:
    """The level of that name.

    Raises:
        InputError: there is none.
    """
    if name not in DIFFICULTIES:
        raise InputError(f"The difficulty is one of {list(DIFFICULTIES)}; got {name!r}.")
    return DIFFICULTIES[name]
