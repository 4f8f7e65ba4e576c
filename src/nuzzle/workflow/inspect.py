"""What a file holds, and whether the tracker seems to have exchanged animals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nuzzle.io.describe import describe
from nuzzle.io.registry import LabelOptions, PoseOptions
from nuzzle.prepare.identity import MOST_ANIMALS, assignment, swaps_of
from nuzzle.progress import Say
from nuzzle.recording import Recording


def inspect(
    path: str | Path,
    *,
    poses: PoseOptions | None = None,
    labels: LabelOptions | None = None,
    format: str = "",
    progress: Say | None = None,
) -> dict[str, Any]:
    """What a pose file, a label file or a manifest holds.

    Args:
        path: the file.
        poses: what a pose file does not say.
        labels: what a label file does not say.
        format: name of the reader, where the file does not show it.
        progress: called with the name of each recording of a manifest before it is read.

    Returns:
        What `nuzzle.io.describe.describe` says. Of poses also ``identity``: ``swaps``, a list of
        ``[start_frame, stop_frame)`` in which identities seem exchanged, and ``frames``, how many
        those are; None where that cannot be told (one animal, more than four, no frame rate).

    Raises:
        InputError: the file cannot be read; the message says why, and what to do.
    """
    return describe(
        path, poses=poses, labels=labels, format=format, progress=progress, examine=_identity
    )


def _identity(recording: Recording) -> dict[str, Any]:
    if not 2 <= len(recording.individuals) <= MOST_ANIMALS or recording.fps is None:
        return {"identity": None}
    swaps = swaps_of(assignment(recording))
    frames = sum(stop - start for start, stop in swaps)
    return {"identity": {"swaps": [list(swap) for swap in swaps], "frames": frames}}
