from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nuzzle.errors import ConfigError
from nuzzle.prepare.confidence import DropUnsure
from nuzzle.recording import Recording

Build = Callable[..., Recording]


def test_points_below_the_threshold_go_and_unknown_ones_stay(recording_of: Build) -> None:
    sure = np.array([0.4, 0.5, 0.9, np.nan])[:, None, None]
    kept = DropUnsure(0.5)(recording_of([1, 2, 3, 4], confidence=sure))
    assert kept.present[:, 0, 0].tolist() == [False, True, True, True]
    np.testing.assert_array_equal(kept.confidence, sure.astype(np.float32))
    assert kept.history == ("dropped points with a confidence below 0.5 (1)",)


def test_a_threshold_is_a_confidence() -> None:
    with pytest.raises(ConfigError, match="threshold"):
        DropUnsure(float("nan"))
