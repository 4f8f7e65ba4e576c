"""A figure with its interval, a bin of a reliability curve, and both as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; NaN where it is undefined or has no interval."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "–"
        if math.isnan(self.low):
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class ReliabilityBin:
    """Frames whose probability lies in ``[low, high)``, the last bin with its upper edge."""

    low: float
    high: float
    n_frames: int
    mean_probability: float
    frequency: float


def percent(share: float, decimals: int = 0) -> str:
    """A share as people write it; a dash for NaN.

    >>> percent(0.624), percent(0.624, 1)
    ('62 %', '62.4 %')
    """
    return "–" if math.isnan(share) else f"{share:.{decimals}%}".replace("%", " %")


def plain(value: Any) -> Any:
    """`value` with lists for tuples and None for NaN."""
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def read_number(value: float | None) -> float:
    """From JSON; None is NaN."""
    return math.nan if value is None else float(value)


def read_estimate(values: Mapping[str, float | None]) -> Estimate:
    """From JSON."""
    return Estimate(**{name: read_number(value) for name, value in values.items()})


def read_estimates(values: Mapping[str, Mapping[str, float | None]]) -> dict[str, Estimate]:
    """From JSON."""
    return {name: read_estimate(each) for name, each in values.items()}


def read_curve(values: Any) -> tuple[ReliabilityBin, ...]:
    """A reliability curve from JSON."""
    return tuple(
        ReliabilityBin(
            float(each["low"]),
            float(each["high"]),
            int(each["n_frames"]),
            read_number(each["mean_probability"]),
            read_number(each["frequency"]),
        )
        for each in values
    )
