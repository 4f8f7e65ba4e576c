"""From pixels to centimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nuzzle.errors import InputError
from nuzzle.prepare.base import Step
from nuzzle.recording import Recording


@dataclass(frozen=True)
class ToCentimetres(Step):
    """Divide positions by the recording's scale. One that is in cm already stays as it is."""

    name: ClassVar[str] = "to_cm"

    def __call__(self, recording: Recording) -> Recording:
        if recording.unit == "cm":
            return recording
        if recording.unit != "px":
            raise InputError(
                f"recording {recording.name!r} is in {recording.unit!r}; only pixels become cm."
            )
        scale = recording.px_per_cm
        if scale is None:
            raise InputError(
                f"recording {recording.name!r}: pixels cannot become cm without a scale. "
                "Give it: the column px_per_cm of the manifest, or --px-per-cm."
            )
        return recording.with_position(
            recording.position / np.float32(scale),
            f"px to cm at {scale:g} px/cm",
            unit="cm",
        )
