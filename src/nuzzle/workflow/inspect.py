"""What a file holds: of poses, whether animals seem exchanged; of a bundle, its card."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from nuzzle.files import looks_like_bundle
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
    """What a pose file, a label file, a manifest or a bundle holds.

    Args:
        path: the file.
        poses: what a pose file does not say.
        labels: what a label file does not say.
        format: name of the reader, where the file does not show it.
        progress: called with the name of each recording of a manifest before it is read.

    Returns:
        What `nuzzle.io.describe.describe` says. Of poses also ``identity``: ``swaps``, a list of
        ``[start_frame, stop_frame)`` in which identities seem exchanged, and ``frames``, how many
        those are; None where that cannot be told (one animal, more than four, no frame rate). Of a
        bundle, whose ``kind`` is ``bundle``: `Bundle.to_dict()`, and its ``card``, Markdown.

    Raises:
        InputError: the file cannot be read; the message says why, and what to do.
        BundleError, CompatibilityError: as `Bundle.load`.
    """
    with suppress(OSError):  # what cannot be opened is described as such
        if looks_like_bundle(Path(path)):
            return _bundle(path)
    return describe(
        path, poses=poses, labels=labels, format=format, progress=progress, examine=_identity
    )


def _bundle(path: str | Path) -> dict[str, Any]:
    from nuzzle.inference.bundle import Bundle  # takes seconds to import
    from nuzzle.inference.card import model_card

    values = Bundle.load(path).to_dict()
    return {"path": str(path), "kind": "bundle", **values, "card": model_card(values)}


def _identity(recording: Recording) -> dict[str, Any]:
    if not 2 <= len(recording.individuals) <= MOST_ANIMALS or recording.fps is None:
        return {"identity": None}
    swaps = swaps_of(assignment(recording))
    frames = sum(stop - start for start, stop in swaps)
    return {"identity": {"swaps": [list(swap) for swap in swaps], "frames": frames}}
