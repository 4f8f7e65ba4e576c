"""Feature sets by name."""

from __future__ import annotations

from nuzzle.errors import ConfigError
from nuzzle.features.base import FeatureSet
from nuzzle.features.engineered import Engineered
from nuzzle.features.nodes import Nodes
from nuzzle.features.relational import Relational, RelationalSymmetric
from nuzzle.features.relative import WindowedRelative, WindowedRelativeSymmetric
from nuzzle.features.windowed import (
    Windowed,
    WindowedAll,
    WindowedAllSymmetric,
    WindowedSymmetric,
)

FEATURE_SETS: dict[str, type[FeatureSet]] = {
    "engineered48": Engineered,
    "relational": Relational,
    "relational_symmetric": RelationalSymmetric,
    "windowed": Windowed,
    "windowed_symmetric": WindowedSymmetric,
    "windowed_all": WindowedAll,
    "windowed_all_symmetric": WindowedAllSymmetric,
    "windowed_relative": WindowedRelative,
    "windowed_relative_symmetric": WindowedRelativeSymmetric,
    "nodes": Nodes,
}


def feature_class(name: str) -> type[FeatureSet]:
    """The class of the feature set called `name`.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in FEATURE_SETS:
        raise ConfigError(f"There is no feature set {name!r}; there are {sorted(FEATURE_SETS)}.")
    return FEATURE_SETS[name]
