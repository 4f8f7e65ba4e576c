"""How far a bundle's probabilities can be trusted, and from what that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nuzzle.config import CalibrationConfig
from nuzzle.evaluation.conformal import Conformal
from nuzzle.probabilities.adaptation import Adaptation, Correction
from nuzzle.probabilities.calibrators import Temperature, calibrator_from_dict


@dataclass(frozen=True, eq=False)
class Calibration:
    """What makes probabilities mean what they say, or why there is nothing that does.

    Attributes:
        settings: how it was fitted.
        fitted_on: which predictions, in words.
        recordings: that these were of.
        groups: of these recordings.
        correction: of probabilities; None for none.
        conformal: sets of what may be going on; None where none can be promised.
        note: what was in the way; '' for nothing.
    """

    settings: CalibrationConfig
    fitted_on: str
    recordings: tuple[str, ...]
    groups: tuple[str, ...]
    correction: Correction | None = None
    conformal: Conformal | None = None
    note: str = ""

    @property
    def is_fitted(self) -> bool:
        """Whether there is anything but a note."""
        return self.correction is not None or self.conformal is not None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a bundle."""
        correction, conformal = self.correction, self.conformal
        adaptation = None if correction is None else correction.adaptation
        calibrates = correction is not None and self.settings.method != "none"
        return {
            "method": self.settings.method,
            "adapt": self.settings.adapt,
            "coverage": self.settings.coverage,
            "calibrator": correction.calibrator.to_dict() if correction and calibrates else None,
            "adaptation": None if adaptation is None else adaptation.to_dict(),
            "conformal": None if conformal is None else conformal.to_dict(),
            "fitted_on": self.fitted_on,
            "recordings": list(self.recordings),
            "groups": list(self.groups),
            "note": self.note,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Calibration:
        """The inverse of `to_dict`."""
        return cls(
            settings=CalibrationConfig(
                method=values["method"],
                adapt=values["adapt"],
                coverage=values["coverage"],
            ),
            fitted_on=values["fitted_on"],
            recordings=tuple(values["recordings"]),
            groups=tuple(values["groups"]),
            correction=_correction(values["calibrator"], values["adaptation"]),
            conformal=Conformal.from_dict(values["conformal"]) if values["conformal"] else None,
            note=values["note"],
        )


def _correction(
    calibrator: Mapping[str, Any] | None, adaptation: Mapping[str, Any] | None
) -> Correction | None:
    adapts = Adaptation.from_dict(adaptation) if adaptation else None
    if calibrator:
        return Correction(calibrator_from_dict(calibrator), adapts)
    return Correction(Temperature(adapts.exclusive), adapts) if adapts else None
