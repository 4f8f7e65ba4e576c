"""nuzzle: who does what to whom, from tracked poses.

Importing nuzzle is quick and changes nothing; what a name needs is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuzzle.labels import Labels, Pair
    from nuzzle.manifest import Manifest
    from nuzzle.recording import Recording
    from nuzzle.skeleton import Skeleton

__version__ = "0.1.0"

_HOMES = {
    "Labels": "nuzzle.labels",
    "Manifest": "nuzzle.manifest",
    "Pair": "nuzzle.labels",
    "Recording": "nuzzle.recording",
    "Skeleton": "nuzzle.skeleton",
}

__all__ = ["Labels", "Manifest", "Pair", "Recording", "Skeleton", "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'nuzzle' has no attribute {name!r}")
