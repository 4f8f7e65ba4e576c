"""Which recordings hold the same frames of one video, whatever they and their files are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Self

from nuzzle.recording import Recording


class Seen:
    """Recordings by the poses that they hold, and by the frames of the videos that these are of.

    Args:
        recordings: to begin with, of different names.
    """

    def __init__(self, recordings: Iterable[Recording] = ()) -> None:
        self._names: dict[str, str] = {}
        self._parts: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        self._together: dict[str, list[str]] = {}
        for each in recordings:
            self.add(each)

    @property
    def together(self) -> list[list[str]]:
        """The names in sets: those in one share frames, with each other or by way of others."""
        return [*{id(names): names for names in self._together.values()}.values()]

    def add(self, recording: Recording) -> None:
        """Keep a recording."""
        sets = {id(self._together[name]): self._together[name] for name in self._like(recording)}
        joined = [name for names in sets.values() for name in names] + [recording.name]
        self._together |= dict.fromkeys(joined, joined)
        self._names.setdefault(recording.fingerprint, recording.name)
        video, start, stop = _frames_of(recording)
        self._parts[video].append((start, stop, recording.name))

    def find(self, recording: Recording) -> str | None:
        """The name of a kept recording that shares frames with this one; None for none."""
        return next(iter(self._like(recording)), None)

    def _like(self, recording: Recording) -> list[str]:
        """The names of those that share frames with a recording; of its copies the first."""
        video, start, stop = _frames_of(recording)
        same = self._names.get(recording.fingerprint)
        parts = self._parts.get(video, ())
        shared = [name for first, last, name in parts if first < stop and start < last]
        return shared if same is None else [same, *shared]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, by which `find` finds again."""
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
