"""A figure with its interval, and a bin of a reliability curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator

#: A number; NaN where it is undefined, which is None as a plain value.
Figure = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; NaN where it is undefined or has no interval."""

    value: Figure
    low: Figure = math.nan
    high: Figure = math.nan

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "–"
        if math.isnan(self.low):
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def signed(self) -> str:
        """A difference in words, with its sign.

        >>> Estimate(0.04, -0.002, 0.08).signed
        '+0.040 [-0.002, +0.080]'
        """
        if math.isnan(self.value):
            return "–"
        if math.isnan(self.low):
            return f"{self.value:+.3f}"
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


@dataclass(frozen=True)
class ReliabilityBin:
    """Frames whose probability lies in ``[low, high)``, the last bin with its upper edge."""

    low: float
    high: float
    n_frames: int
    mean_probability: Figure
    frequency: Figure


def percent(share: float, decimals: int = 0) -> str:
    """A share as people write it; a dash for NaN.

    >>> percent(0.624), percent(0.624, 1)
    ('62 %', '62.4 %')
    """
    return "–" if math.isnan(share) else f"{share:.{decimals}%}".replace("%", " %")
