"""Points that the tracker was not sure of, or did not find, become missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nuzzle.errors import ConfigError
from nuzzle.prepare.base import Step
from nuzzle.recording import Recording


@dataclass(frozen=True)
class DropUnsure(Step):
    """Make points below a confidence missing. A point of unknown confidence stays.

    Attributes:
        threshold: lowest confidence that is kept, in the tracker's unit (0 to 1 for most).
    """

    name: ClassVar[str] = "drop_unsure"
    threshold: float

    def __post_init__(self) -> None:
        if not self.threshold >= 0:
            raise ConfigError(f"threshold is a confidence, 0 or more; got {self.threshold}.")

    def __call__(self, recording: Recording) -> Recording:
        unsure = recording.confidence < self.threshold
        dropped = int((unsure & recording.present).sum())
        position = np.where(unsure[:, None], np.float32(np.nan), recording.position)
        return recording.with_position(
            position, f"dropped points with a confidence below {self.threshold:g} ({dropped:,})"
        )
