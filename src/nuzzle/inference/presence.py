"""Where animals have been out of sight for so long that nothing is known of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nuzzle.labels import Pair, mask_to_intervals
from nuzzle.recording import Recording

#: Of an animal without a point for so long nothing is known; less is read from around the gap.
LOST_S = 10.0


def lost(recording: Recording) -> NDArray[np.bool_]:
    """In which frames each animal is without a point for long, or ever, `(time, animal)`."""
    every = range(len(recording.individuals))
    return np.stack([_lost(recording, animal) for animal in every], axis=1)


def present(recording: Recording, pair: Pair) -> NDArray[np.bool_]:
    """In which frames no animal of a pair is `lost`, `(time,)`."""
    one, other = (_lost(recording, recording.individuals.index(name)) for name in pair)
    return ~(one | other)


def _lost(recording: Recording, animal: int) -> NDArray[np.bool_]:
    out = np.asarray(~np.isfinite(recording.position[..., animal]).any(axis=(1, 2)))
    long = min(LOST_S * recording.require_fps(), recording.n_frames)
    for start, stop in mask_to_intervals(out):
        out[start:stop] = stop - start >= long
    return out
