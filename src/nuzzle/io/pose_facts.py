"""What pose files say beside their points, for a first manifest: each is read once for it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from nuzzle.errors import InputError
from nuzzle.io.load import named_as_in, poses_of_row
from nuzzle.manifest import Entry


class PoseFacts(NamedTuple):
    """What is known of the poses of a row.

    Attributes:
        n_frames: length of the whole recording.
        fps: frames per second, if the file or the row says.
        individuals: its animals, by the names that the row gives; none where those do not fit.
    """

    n_frames: int
    fps: float | None
    individuals: tuple[str, ...]


class KnownPoses:
    """The facts of the poses of rows that differ in their files, sequences and frames alone.

    Poses are large, and are asked for again and again: of each, these few values are kept.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[Path, str], PoseFacts] = {}

    def __call__(self, entry: Entry) -> PoseFacts:
        """The facts of a row.

        Raises:
            InputError: its poses cannot be read.
        """
        key = entry.poses, entry.item
        if key not in self._found:
            recording = poses_of_row(entry)
            try:
                individuals = named_as_in(entry, recording).individuals
            except InputError:  # reading the whole row says so
                individuals = ()
            self._found[key] = PoseFacts(recording.n_frames, recording.fps, individuals)
        return self._found[key]
