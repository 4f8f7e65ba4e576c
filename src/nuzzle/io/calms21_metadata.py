"""What a CalMS21 sequence says besides its arrays, and what is assumed where it is silent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from nuzzle.recording import Recording

INDIVIDUALS = ("resident", "intruder")
FPS = 30.0
PX_PER_CM = 18.3
BACKGROUND = "other"


def about(name: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """Attributes of the recording: CalMS21's, unless the metadata say otherwise.

    Args:
        name: of the sequence.
        metadata: its ``metadata``.

    Raises:
        ValueError: a value is of the wrong type.
    """
    found = {**_assumed(name, metadata.get("simulated") is True)}
    for key, usual in found.items():
        value = metadata.get(key, usual)
        kind = str if isinstance(usual, str) else (float, int, type(None))
        if not isinstance(value, kind):
            raise ValueError(f"{key!r} is {value!r}")
        found[key] = value
    return found


def differences(recording: Recording) -> dict[str, Any]:
    """The metadata from which `about` gives the recording's attributes back."""
    said = {
        key: getattr(recording, key)
        for key, usual in _assumed(recording.name, recording.simulated).items()
        if getattr(recording, key) != usual
    }
    return {**said, "simulated": True} if recording.simulated else said


def short_name(name: str) -> str:
    """The last part of a sequence's name, ``mouse001_task1_annotator1``."""
    return name.rsplit("/", 1)[-1]


def short_names(items: Sequence[str]) -> list[str]:
    """What recordings of these sequences are called: shortly where that is unique.

    The last part of a name is unique within CalMS21, but need not be in files of others.

    >>> short_names(["a/mouse1", "b/mouse1", "b/mouse2"])
    ['a_mouse1', 'b_mouse1', 'mouse2']
    """
    counts = Counter(map(short_name, items))
    return [
        short if counts[short := short_name(item)] == 1 else item.replace("/", "_")
        for item in items
    ]


def video(name: str) -> str:
    """The part of a sequence's name that tells the video.

    >>> video("task2/annotator3/train/mouse012_task2_annotator3")
    'mouse012'
    """
    match = re.match(r"[A-Za-z]+\d+(?=_|$)", short_name(name))
    return match[0] if match else short_name(name)


def _assumed(name: str, simulated: bool) -> dict[str, Any]:
    return {
        "fps": FPS,
        "px_per_cm": PX_PER_CM,
        "lab": "simulated" if simulated else "CalMS21",
        "group": video(name),
    }
