"""From pixels to body lengths, where the scale of a recording is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nuzzle.errors import InputError
from nuzzle.prepare.base import Step
from nuzzle.recording import Recording


@dataclass(frozen=True)
class ToBodyLengths(Step):
    """Divide positions by the median distance from nose to tail base, over all animals.

    Unlike the other steps it looks at the whole recording. Positions in body lengths already stay
    as they are.

    Attributes:
        nose: keypoint at the front.
        tail_base: keypoint at the rear.
    """

    name: ClassVar[str] = "to_body_lengths"
    nose: str
    tail_base: str

    def __call__(self, recording: Recording) -> Recording:
        if recording.unit == "bl":
            return recording
        length = self._measure(recording)
        return recording.with_position(
            recording.position / np.float32(length),
            f"{recording.unit} to body lengths of {length:.4g} {recording.unit} "
            f"({self.nose} to {self.tail_base})",
            unit="bl",
        )

    def _measure(self, recording: Recording) -> float:
        for role in (self.nose, self.tail_base):
            if role not in recording.keypoints:
                raise InputError(
                    f"recording {recording.name!r} has no keypoint {role!r} to measure bodies by; "
                    f"it has {list(recording.keypoints)}."
                )
        front, rear = (self._track(recording, role) for role in (self.nose, self.tail_base))
        lengths = np.linalg.norm(front - rear, axis=1)
        known = lengths[np.isfinite(lengths)]
        middle = float(np.median(known)) if known.size else 0.0
        if not middle > 0:
            raise InputError(
                f"recording {recording.name!r}: {self.nose!r} and {self.tail_base!r} are never "
                "apart in one frame, so the length of a body cannot be measured. Give the scale "
                "(the column px_per_cm), or other keypoints (prepare.nose, prepare.tail_base)."
            )
        return middle

    def _track(self, recording: Recording, keypoint: str) -> NDArray[np.float32]:
        """`(time, 2, individual)`."""
        return recording.position[:, :, recording.keypoints.index(keypoint)]
