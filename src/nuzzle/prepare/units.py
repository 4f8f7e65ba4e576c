"""From pixels to centimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nuzzle.errors import ConfigError, InputError
from nuzzle.prepare.base import Step
from nuzzle.recording import Recording


@dataclass(frozen=True)
class ToCentimetres(Step):
    """Divide positions by the recording's scale. One that is in cm already stays as it is.

    Attributes:
        px_per_cm: the scale of recordings that do not know theirs.
    """

    name: ClassVar[str] = "to_cm"
    px_per_cm: float | None = None

    def __post_init__(self) -> None:
        if self.px_per_cm is not None and not self.px_per_cm > 0:
            raise ConfigError(f"px_per_cm is a positive number; got {self.px_per_cm}.")

    def __call__(self, recording: Recording) -> Recording:
        if recording.unit == "cm":
            return recording
        if recording.unit != "px":
            raise InputError(
                f"recording {recording.name!r} is in {recording.unit!r}; only pixels become cm."
            )
        scale = recording.px_per_cm or self.px_per_cm
        if scale is None:
            raise InputError(
                f"recording {recording.name!r}: pixels cannot become cm without a scale. "
                "Give it: the column px_per_cm of the manifest, or --px-per-cm."
            )
        return recording.with_position(
            recording.position / np.float32(scale),
            f"px to cm at {scale:g} px/cm",
            unit="cm",
            px_per_cm=scale,
        )
