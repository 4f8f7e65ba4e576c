"""Sums and means over many intervals of one signal, in one pass over it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_Frames = NDArray[np.int64]


class RunningTotal:
    """The sum of what is known of a signal up to each frame, so that any interval costs the same.

    Args:
        values: `(time,)`, bool or numbers; NaN where nothing is known.
    """

    def __init__(self, values: NDArray[Any]) -> None:
        self._total = np.concatenate([[0], np.cumsum(np.nan_to_num(values))])
        self._known = np.concatenate([[0], np.cumsum(~np.isnan(values))])

    def sums(self, start: _Frames, stop: _Frames) -> NDArray[Any]:
        """The sum in each interval `[start, stop)`, `(interval,)`; beyond the ends is nothing."""
        return np.asarray(_differences(self._total, start, stop))

    def means(self, start: _Frames, stop: _Frames) -> NDArray[np.float64]:
        """The mean of what is known in each interval, `(interval,)`; NaN where nothing is.

        >>> total = RunningTotal(np.array([1.0, np.nan, 4.0, np.nan]))
        >>> total.means(np.array([0, -5, 3]), np.array([3, 2, 9])).tolist()
        [2.5, 1.0, nan]
        """
        known = _differences(self._known, start, stop)
        return np.where(known > 0, self.sums(start, stop) / np.maximum(1, known), np.nan)


def _differences(total: NDArray[Any], start: _Frames, stop: _Frames) -> NDArray[Any]:
    start, stop = (np.clip(each, 0, len(total) - 1) for each in (start, stop))
    return np.asarray(total[stop] - total[start])
