from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nuzzle.recording import Recording


@pytest.fixture
def recording_of() -> Callable[..., Recording]:
    """A recording whose one animal's one keypoint has these x; y is twice as far."""

    def build(x: Any, *, individuals: int = 1, **attributes: Any) -> Recording:
        values = np.asarray(x, dtype=np.float32)
        position = np.stack([values, 2 * values], axis=1)[:, :, None, None]
        return Recording.from_arrays(
            "test",
            np.repeat(position, individuals, axis=3),
            keypoints=["nose"],
            individuals=[f"mouse{n + 1}" for n in range(individuals)],
            **{"fps": 30.0, **attributes},
        )

    return build


@pytest.fixture
def x_of() -> Callable[[Recording], list[float]]:
    """The x of the first keypoint of the first animal."""
    return lambda recording: recording.position[:, 0, 0, 0].tolist()
