from __future__ import annotations

from collections.abc import Callable

import pytest

from nuzzle.errors import InputError
from nuzzle.prepare.units import ToCentimetres
from nuzzle.recording import Recording

Build = Callable[..., Recording]
Read = Callable[[Recording], list[float]]


def test_positions_are_divided_by_the_scale(recording_of: Build, x_of: Read) -> None:
    scaled = ToCentimetres()(recording_of([10, 25], px_per_cm=5.0))
    assert x_of(scaled) == [2, 5] and scaled.unit == "cm" and scaled.px_per_cm == 5
    assert ToCentimetres()(scaled) is scaled


def test_no_scale_is_said(recording_of: Build) -> None:
    with pytest.raises(InputError, match="px_per_cm"):
        ToCentimetres()(recording_of([10]))
