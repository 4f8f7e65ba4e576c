"""Which recordings hold the same frames of one video, whatever they and their files are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Self

from nuzzle.recording import Recording


class Seen:
    """Recordings by the poses that they hold, and by the frames of the videos that these are of.

    Args:
        recordings: to begin with.
    """

    def __init__(self, recordings: Iterable[Recording] = ()) -> None:
        self._names: dict[str, str] = {}
        self._parts: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for each in recordings:
            self.add(each)

    def add(self, recording: Recording) -> str:
        """Keep a recording; return the name of the first one that shares frames with it, or its."""
        name = self.find(recording) or recording.name
        self._names.setdefault(recording.fingerprint, name)
        video, start, stop = _frames_of(recording)
        self._parts[video].append((start, stop, name))
        return name

    def find(self, recording: Recording) -> str | None:
        """The name of a kept recording that shares frames with this one; None for none."""
        if (name := self._names.get(recording.fingerprint)) is not None:
            return name
        video, start, stop = _frames_of(recording)
        parts = self._parts.get(video, ())
        return next((name for first, last, name in parts if first < stop and start < last), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"fingerprints": self._names, "videos": dict(self._parts)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`; what else the values hold is passed over."""
        seen = cls()
        seen._names.update(values.get("fingerprints", {}))
        seen._parts.update(values.get("videos", {}))
        return seen


def _frames_of(recording: Recording) -> tuple[str, int, int]:
    """The fingerprint of a recording's video, its first frame there, and that after its last."""
    start = recording.start_frame if recording.whole else 0
    return recording.whole or recording.fingerprint, start, start + recording.n_frames
