"""What the steps of a decoder share: one value for all behaviours, or one for each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from nuzzle.errors import InputError

Floats = NDArray[np.float64]


def per_behaviour(values: Sequence[float], n_behaviours: int, what: str) -> Floats:
    """One value a behaviour, `(behaviour,)`, from one for all or one for each.

    Raises:
        InputError: there are more values than one, and not as many as behaviours.

    >>> per_behaviour((0.5,), 3, "widths").tolist()
    [0.5, 0.5, 0.5]
    """
    if len(values) not in (1, n_behaviours):
        raise InputError(
            f"There are {n_behaviours} behaviours; give one of the {what} for all or one for each, "
            f"not {len(values)}."
        )
    return np.broadcast_to(np.asarray(values, dtype=np.float64), n_behaviours).copy()


def check_finite(values: Iterable[float], what: str) -> None:
    """Raise an `InputError` unless all values are finite: JSON has no word for others."""
    wrong = [value for value in values if not math.isfinite(value)]
    if wrong:
        raise InputError(f"The {what} are finite numbers; got {wrong}.")


def check_durations(values: Sequence[float], what: str) -> None:
    """Raise an `InputError` unless all values are finite seconds, zero or more."""
    wrong = [value for value in values if not (math.isfinite(value) and value >= 0)]
    if wrong or not values:
        raise InputError(f"The {what} are seconds, zero or more; got {wrong or 'none'}.")
