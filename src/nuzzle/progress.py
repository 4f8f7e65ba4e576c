"""Who is told what while a run lasts."""

from __future__ import annotations

import logging
from collections.abc import Callable

#: Told what is going on, one sentence at a time.
Say = Callable[[str], None]

#: Told after each epoch: epoch (from 1), of how many, and the metrics.
Progress = Callable[[int, int, dict[str, float]], None]

_WARNING = "warning: "


def log(sentence: str) -> None:
    """What is told where nobody says whom: the logger ``nuzzle``.

    Python shows warnings of a logger unasked, on stderr, and nothing else of it.
    """
    level = logging.WARNING if sentence.startswith(_WARNING) else logging.INFO
    logging.getLogger("nuzzle").log(level, "%s", sentence.removeprefix(_WARNING))
