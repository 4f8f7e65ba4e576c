"""Every kind of classifier that a bundle may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nuzzle.errors import BundleError
from nuzzle.inference.classifier import Classifier, SequenceClassifier, WindowClassifier
from nuzzle.inference.trees import TreeClassifier

KINDS: dict[str, type[Classifier]] = {
    each.kind: each for each in (WindowClassifier, SequenceClassifier, TreeClassifier)
}


def restore_classifier(values: Mapping[str, Any], files: Mapping[str, bytes]) -> Classifier:
    """Build a classifier from what `describe` and `files` gave.

    Raises:
        BundleError: its kind is not known.
    """
    kind = str(values.get("kind"))
    if kind not in KINDS:
        raise BundleError(
            f"The bundle holds a classifier of the kind {kind!r}; this nuzzle knows "
            f"{sorted(KINDS)}. A newer nuzzle may read it."
        )
    return KINDS[kind].restore(values, files)
