"""What kind of thing a column measures: every feature set's columns in a few families."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nuzzle.features.base import Column

#: What stands before a quantity of an animal, and after one. Keypoints have any name, so that a
#: quantity counts only where it stands whole.
_WHOSE, _END = r"^(agent_|target_)?", r"(_size)?(_max|_min)?$"
_LAG = rf"_[0-9.]+s{_END}"
#: Family -> what its columns are called. The first that fits counts; a statistic over a window
#: belongs to the family of what it is a statistic of.
_PATTERNS = {
    "lab": r"^lab_",
    "missing points": rf"({_WHOSE}missing_share|_missing|_present){_END}",
    "speeds": (
        r"_(forward|right)_velocity$|_centre_(v[xy]|speed|acceleration)$|^approach_rate_"
        rf"|{_WHOSE}(forward|rightward|speed|approach|turn|closing){_LAG}|_speed{_LAG}"
    ),
    "angles": rf"{_WHOSE}((relative_)?heading|bearing)_(sin|cos){_END}|{_WHOSE}facing_angle$",
    "distances between animals": (
        r"^distance_|_to_other_|_to_target_|^centre_to_centre$|^closest_keypoints$"
    ),
    "body size and shape": rf"_to_own_|{_WHOSE}(extent|elongation|area){_END}",
    "egocentric positions": rf"_(forward|right){_END}",
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
