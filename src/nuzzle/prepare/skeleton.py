"""Bringing the keypoints of a recording into the names and the order that a model expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nuzzle.errors import CompatibilityError, ConfigError
from nuzzle.prepare.base import Step
from nuzzle.recording import Recording
from nuzzle.skeleton import canonical_mapping

#: What to do about keypoints that are there by another name.
SAY_NAMES = (
    "If they only have other names, say so: --keypoints OLD=NEW of `nuzzle predict`, or the column "
    "keypoints of the manifest."
)


@dataclass(frozen=True)
class SelectKeypoints(Step):
    """Keep these keypoints, in this order. Names are matched through the shared vocabulary.

    Attributes:
        keypoints: names wanted, for example ``Skeleton.keypoints``.
        allow_missing: whether a keypoint that the recording does not have becomes one that is
            missing in every frame; else it is an error.
    """

    name: ClassVar[str] = "select_keypoints"
    keypoints: tuple[str, ...]
    allow_missing: bool = False

    def __post_init__(self) -> None:
        if not self.keypoints or len(set(self.keypoints)) != len(self.keypoints):
            raise ConfigError(f"keypoints are different names; got {list(self.keypoints)}.")

    def __call__(self, recording: Recording) -> Recording:
        names = self._matched(recording.keypoints)
        missing = self.lacking(recording.keypoints)
        if missing and (not self.allow_missing or len(missing) == len(self.keypoints)):
            raise CompatibilityError(
                f"recording {recording.name!r} has no keypoint {missing}; it has "
                f"{list(recording.keypoints)}. {SAY_NAMES}"
            )
        shape = (recording.n_frames, 2, len(self.keypoints), len(recording.individuals))
        position = np.full(shape, np.nan, dtype=np.float32)
        confidence = np.full((shape[0], *shape[2:]), np.nan, dtype=np.float32)
        new = [index for index, name in enumerate(self.keypoints) if name in names]
        old = [names[self.keypoints[index]] for index in new]
        position[:, :, new] = recording.position[:, :, old]
        confidence[:, new] = recording.confidence[:, old]
        done = f"selected the keypoints {', '.join(self.keypoints)}"
        if missing:
            done += f" (without a point: {', '.join(missing)})"
        return recording.with_position(
            position, done, confidence=confidence, keypoints=self.keypoints
        )

    def lacking(self, available: tuple[str, ...]) -> list[str]:
        """Those of the keypoints that are not among the `available` ones, by any spelling."""
        names = self._matched(available)
        return [name for name in self.keypoints if name not in names]

    def _matched(self, available: tuple[str, ...]) -> dict[str, int]:
        """Wanted name -> index among `available`; a name as it stands wins over a synonym."""
        canonical = canonical_mapping(available)
        wanted = {name: name for name in self.keypoints} | {
            new: old for old, new in canonical_mapping(self.keypoints).items()
        }
        names: dict[str, int] = {}
        for index, name in enumerate(available):
            shared = canonical.get(name, name)
            if shared in wanted:
                names.setdefault(wanted[shared], index)
        return names | {name: available.index(name) for name in self.keypoints if name in available}
