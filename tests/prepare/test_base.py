from __future__ import annotations

import pytest

from nuzzle.prepare.base import length_in_frames


@pytest.mark.parametrize(
    ("seconds", "fps", "frames"),
    [
        (0.2, 30.0, 6),
        (0.199, 30.0, 5),
        (0.1, 29.97, 3),
        (0.0, 30.0, 0),
        # 28.999999999999996 as floats are multiplied
        (0.29, 100.0, 29),
        (0.58, 50.0, 29),
    ],
)
def test_a_length_is_rounded_down_to_whole_frames(seconds: float, fps: float, frames: int) -> None:
    assert length_in_frames(seconds, fps) == frames
