"""What was trained on what, from a bundle's own description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from nuzzle.errors import count, listed
from nuzzle.inference.card import probability_steps
from nuzzle.outputs.svg import duration
from nuzzle.recording import UNITS

_MOST_NAMES = 20


def bundle_facts(bundle: Mapping[str, Any], background: str | None) -> dict[str, Any]:
    """Facts, frames of each behaviour, and details to unfold.

    Args:
        bundle: `Bundle.to_dict()`; whatever is missing in it is left out.
        background: the class "none of the others".
    """
    training = bundle.get("training") or {}
    counts = training.get("behaviours") or {}
    most = max((int(each["frames"]) for each in counts.values()), default=0) or 1
    rows = [
        {
            "name": name + (" (background)" if name == background else ""),
            "frames": int(each["frames"]),
            "bouts": each.get("bouts"),
            "percent": 100.0 * int(each["frames"]) / most,
        }
        for name, each in counts.items()
    ]
    details = [("Settings of the training", bundle.get("config"))]
    details.append(("Training recordings", training.get("recordings")))
    details.append(("Made with", bundle.get("provenance")))
    return {
        "facts": [(name, value) for name, value in _facts(bundle, training) if value],
        "behaviours": rows,
        "details": [(name, _yaml(value)) for name, value in details if value],
    }


def _facts(bundle: Mapping[str, Any], training: Mapping[str, Any]) -> list[tuple[str, str]]:
    members = bundle.get("members") or ()
    frontends = [member.get("frontend") or {} for member in members]
    keypoints = [(front.get("skeleton") or {}).get("keypoints") or () for front in frontends]
    recordings = training.get("recordings") or ()
    seen = training.get("frames")
    trained = count(len(recordings), "recording") if recordings else ""
    if seen:
        trained += f", {int(seen):,} frames of poses"
    seconds = training.get("seconds")
    best = training.get("best_epoch")
    return [
        ("Model", _model(bundle)),
        ("Trained on", trained + (" (simulated)" if training.get("simulated") else "")),
        ("Laboratories", listed(list(training.get("labs") or ()), _MOST_NAMES)),
        ("Animals or sessions", listed(training.get("groups") or (), _MOST_NAMES)),
        ("Validated on", listed(training.get("validation_recordings") or (), _MOST_NAMES)),
        ("Epoch kept", "" if best is None else str(best)),
        ("Training took", duration(float(seconds)) if seconds else ""),
        ("Features", _each(front.get("features", "") for front in frontends)),
        ("Frames per second", _each(front.get("fps", "") for front in frontends)),
        ("Positions in", _each(UNITS.get(front.get("unit", ""), "") for front in frontends)),
        ("Probabilities", "; ".join(probability_steps(bundle.get("calibration") or {}))),
        ("Keypoints", _each((listed(each, _MOST_NAMES) for each in keypoints), "; ")),
    ]


def _model(bundle: Mapping[str, Any]) -> str:
    """The model, with what it looks at; or the members of an ensemble, with their weights."""
    if bundle.get("combiner"):
        weights = zip(bundle["members"], bundle["combiner"]["weights"], strict=True)
        listed = ", ".join(f"{member['name']} ({weight:.2f})" for member, weight in weights)
        return f"Ensemble, {bundle['combiner']['kind']}: {listed}"
    if not bundle.get("members"):
        return ""
    (only,) = bundle["members"]
    window = only["classifier"].get("window")
    if not window:
        return str(only["name"])
    seconds = duration(window / only["frontend"]["fps"])
    return f"{only['name']}, {window} frames at a time ({seconds})"


def _each(values: Iterable[Any], between: str = ", ") -> str:
    """The different values of all members."""
    found = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return between.join(dict.fromkeys(found))


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100).rstrip()
