"""Several preparation steps in a row, which a bundle can save by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nuzzle.errors import InputError
from nuzzle.plain import from_plain
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
            InputError: a step or one of its values is missing, not known, or not what it should be.
        """
        numbered = enumerate(values["steps"], start=1)
        return cls(tuple(_step(number, **given) for number, given in numbered))


def _step(number: int, /, step: object = None, **values: Any) -> Step:
    """The step of that name, with its number in the pipeline."""
    kind = STEPS.get(str(step))
    if kind is None:
        raise InputError(f"preparation step {number} is {step!r}; the steps are {sorted(STEPS)}.")
    return from_plain(kind, values)
