"""What relational families measure: quantities of one animal as it meets another."""

from __future__ import annotations

from typing import NamedTuple


class Trait(NamedTuple):
    """One measured quantity.

    Attributes:
        name: without the animal, for example ``speed_0.5s``.
        unit: '' for a pure number.
        odd: changes sign where left and right change places.
        summarised: worth its own statistics over longer windows.
    """

    name: str
    unit: str
    odd: bool = False
    summarised: bool = False
