"""What relational blocks measure: quantities of one animal as it meets another."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Trait(NamedTuple):
    """One measured quantity.

    Attributes:
        name: without the animal, for example ``speed_0.5s``.
        unit: '' for a pure number.
        odd: changes sign where left and right change places.
        summary: which statistics over longer windows become features: none, the mean, or also the
            spread. Few quantities deserve the spread: many of them over long windows tell
            recordings apart rather than behaviours.
        share: whether it is a share, or a flag that is 0 or 1.
    """

    name: str
    unit: str
    odd: bool = False
    summary: Literal["none", "mean", "spread"] = "mean"
    share: bool = False
