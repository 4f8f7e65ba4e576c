"""Choosing with caution where a few groups of recordings cannot tell what is best."""

from __future__ import annotations

import math

from nuzzle.decoding.base import Floats


def most_cautious(surprise: Floats) -> int:
    """The first choice that cannot be told from the best.

    Its surprise is no more than one standard error, over groups, above the least: Breiman et al.
    (1984), Classification and Regression Trees, the rule of one standard error.

    Args:
        surprise: `(group, choice)`, sums over the frames of each group; the most cautious choice
            comes first.
    """
    more = surprise - surprise[:, [surprise.sum(axis=0).argmin()]]
    error = math.sqrt(len(more)) * more.std(axis=0, ddof=1)
    return int((more.sum(axis=0) <= error).argmax())
