"""Who is told what while a run lasts."""

from __future__ import annotations

from collections.abc import Callable

#: Told what is going on, one sentence at a time.
Say = Callable[[str], None]

#: Told after each epoch: epoch (from 1), of how many, and the metrics.
Progress = Callable[[int, int, dict[str, float]], None]
