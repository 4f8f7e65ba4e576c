"""What kind of thing a column measures: every feature set's columns in a few families."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nuzzle.features.base import Column

#: Family -> what its columns are called. The first that fits counts; a statistic over a window
#: belongs to the family of what it is a statistic of.
_PATTERNS = {
    "lab": r"^lab_",
    "missing points": r"(_missing|missing_share|_present)",
    "speeds": (
        r"(velocity|_v[xy]$|speed|acceleration|approach|closing"
        r"|(^|_)(forward|rightward)_[0-9.]+s(_|$)|(^|_)turn_[0-9.]+s(_|$))"
    ),
    "angles": r"(heading|facing|bearing)",
    "distances between animals": (
        r"(distance_|_to_other_|_to_target_|centre_to_centre|closest_keypoints)"
    ),
    "body size and shape": r"(_to_own_|extent|elongation|area)",
    "egocentric positions": r"_(forward|right)(_size)?(_max|_min)?$",
    "places in the arena": r"_[xy]$",
}
_STATISTIC = re.compile(r"_((mean|sd|min|max)_over_[0-9.]+s|relative)$")
OTHER = "other"


def family_of(column: str) -> str:
    """The family of a column.

    >>> family_of("agent_speed_0.5s"), family_of("centre_to_centre_mean_over_3s")
    ('speeds', 'distances between animals')
    """
    name = _STATISTIC.sub("", column)
    found = (family for family, pattern in _PATTERNS.items() if re.search(pattern, name))
    return next(found, OTHER)


def families(columns: Sequence[Column]) -> dict[str, list[int]]:
    """Indices of the columns of each family, in the order in which families occur."""
    out: dict[str, list[int]] = {}
    for index, column in enumerate(columns):
        out.setdefault(family_of(column.name), []).append(index)
    return out
