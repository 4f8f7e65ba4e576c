"""Several preparation steps in a row, which a bundle can save by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nuzzle.errors import ConfigError
from nuzzle.prepare.base import Step
from nuzzle.prepare.body_length import ToBodyLengths
from nuzzle.prepare.confidence import DropUnsure
from nuzzle.prepare.gaps import FillGaps
from nuzzle.prepare.identity import RepairIdentity
from nuzzle.prepare.rate import Resample
from nuzzle.prepare.skeleton import SelectKeypoints
from nuzzle.prepare.smoothing import MedianFilter
from nuzzle.prepare.units import ToCentimetres
from nuzzle.recording import Recording

#: Every step that a bundle may name.
STEPS: dict[str, type[Step]] = {
    step.name: step
    for step in (
        DropUnsure,
        RepairIdentity,
        FillGaps,
        MedianFilter,
        ToCentimetres,
        ToBodyLengths,
        Resample,
        SelectKeypoints,
    )
}


@dataclass(frozen=True)
class Pipeline:
    """Steps that are applied one after the other.

    Attributes:
        steps: in the order of use; none leaves recordings as they are.
    """

    steps: tuple[Step, ...] = ()

    def __call__(self, recording: Recording) -> Recording:
        for step in self.steps:
            recording = step(recording)
        return recording

    def to_dict(self) -> dict[str, Any]:
        """Plain values: ``{"steps": [{"step": "fill_gaps", "max_gap_s": 0.2}, ...]}``."""
        return {"steps": [step.to_dict() for step in self.steps]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Pipeline:
        """The inverse of `to_dict`.

        Raises:
            ConfigError: a step or one of its keys is unknown, or a value impossible.
        """
        unknown = sorted(set(values) - {"steps"})
        if unknown:
            raise ConfigError(f"a pipeline has the key 'steps'; {unknown} came.")
        steps = []
        for number, given in enumerate(values.get("steps", ()), start=1):
            settings = dict(given)
            name = settings.pop("step", None)
            if name not in STEPS:
                raise ConfigError(
                    f"preparation step {number} is {name!r}; the steps are {sorted(STEPS)}."
                )
            steps.append(STEPS[name].from_dict(settings))
        return cls(tuple(steps))
