from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nuzzle.errors import InputError
from nuzzle.prepare.gaps import FillGaps, neighbours
from nuzzle.recording import Recording

NAN = np.nan
Build = Callable[..., Recording]
Read = Callable[[Recording], list[float]]


def test_short_gap_is_filled_on_the_line_and_a_long_one_stays_whole(
    recording_of: Build, x_of: Read
) -> None:
    x = [0, NAN, NAN, 3, 4, NAN, NAN, NAN, 8]
    filled = FillGaps(0.2)(recording_of(x, fps=10.0))
    np.testing.assert_allclose(x_of(filled), [0, 1, 2, 3, 4, NAN, NAN, NAN, 8])
    np.testing.assert_allclose(filled.position[:, 1, 0, 0], 2 * np.array(x_of(filled)))


def test_ends_are_not_gaps(recording_of: Build, x_of: Read) -> None:
    filled = FillGaps(0.5)(recording_of([NAN, 1, NAN, 3, NAN], fps=10.0))
    np.testing.assert_allclose(x_of(filled), [NAN, 1, 2, 3, NAN])


def test_seconds_follow_the_frame_rate(recording_of: Build) -> None:
    x = [0, *[NAN] * 3, 4]
    assert FillGaps(0.1)(recording_of(x, fps=30.0)).present.all()
    assert not FillGaps(0.1)(recording_of(x, fps=20.0)).present.all()


def test_filled_points_have_unknown_confidence_and_the_step_is_recorded(
    recording_of: Build,
) -> None:
    given = recording_of([0, NAN, 2], confidence=np.full((3, 1, 1), 0.9), fps=10.0)
    filled = FillGaps(0.1)(given)
    np.testing.assert_allclose(filled.confidence[:, 0, 0], [0.9, NAN, 0.9], rtol=1e-6)
    assert filled.history == ("filled gaps of up to 1 frames linearly (1 points)",)
    assert not given.present[1].any() and given.history == ()


def test_half_a_point_is_missing(recording_of: Build) -> None:
    given = recording_of([0, 1, 2], fps=10.0)
    position = given.position.copy()
    position[1, 1] = NAN
    position[1, 0] = 50
    filled = FillGaps(0.1)(given.with_position(position, "half"))
    assert filled.position[1, :, 0, 0].tolist() == [1, 2]


def test_all_missing_stays_missing(recording_of: Build) -> None:
    assert not FillGaps(0.9)(recording_of([NAN] * 4, fps=10.0)).present.any()


def test_neighbours() -> None:
    before, after = neighbours(np.array([False, True, False, False, True, False]))
    assert before.tolist() == [-1, 1, 1, 1, 4, 4]
    assert after.tolist() == [1, 1, 4, 4, 4, 6]


def test_seconds_need_a_frame_rate(recording_of: Build) -> None:
    with pytest.raises(InputError, match="frame rate is unknown"):
        FillGaps(0.1)(recording_of([0, NAN, 1], fps=None))
