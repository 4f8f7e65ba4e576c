"""The bundle: one file with everything that is needed to use a trained model, and no pickle.

It is a zip archive of `bundle.json` (plain values), the classifier's own files (safetensors) and
`card.md`, the model card for people.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.config import Config
from nuzzle.errors import BundleError, CompatibilityError, InputError
from nuzzle.features.frontend import Frontend
from nuzzle.files import atomic_path, existing_file
from nuzzle.inference.calibrators import (
    Calibrator,
    Temperature,
    among,
    calibrator_from_dict,
)
from nuzzle.inference.card import model_card
from nuzzle.inference.classifier import Classifier
from nuzzle.inference.kinds import restore_classifier
from nuzzle.training.targets import LabelSpace

FORMAT = "nuzzle-bundle"
VERSION = 1


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained model with all that it needs.

    Attributes:
        classifier: features to probabilities.
        frontend: recording to features.
        space: the behaviours.
        config: of the training.
        decoding: `Decoder.to_dict()`: from probabilities to decisions.
        decoders: lab -> `Decoder.to_dict()`, where a lab has one of its own.
        training: what it was trained on: recordings, frames and bouts a behaviour, epochs, seed.
        metrics: `Evaluation.to_dict()` on the validation recordings, if they were evaluated.
        provenance: versions, date, command.
        calibration: `calibrator` of the probabilities and `conformal` sets, either of which may be
            None, `fitted_on` which recordings, of which `groups`, and what was in the way (`note`).
            Empty in a bundle that was never calibrated.
    """

    classifier: Classifier
    frontend: Frontend
    space: LabelSpace
    config: Config
    decoding: Mapping[str, Any]
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    decoders: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def decoding_of(self, lab: str) -> Mapping[str, Any]:
        """The decoder of a lab's recordings: its own, or the common one."""
        return self.decoders.get(lab, self.decoding)

    def looked_for(self, lab: str) -> NDArray[np.bool_]:
        """Which of the behaviours a lab looked for in training, `(behaviour,)`; background too.

        Of what it did not look for the model has learned nothing there. All, of a lab that the
        model does not know.
        """
        names = self.space.names
        known = self.training.get("labs", {}).get(lab, names)
        return np.isin(names, [*known, self.space.background])

    @property
    def calibrator(self) -> Calibrator:
        """Of the probabilities; one that changes nothing where the bundle holds none."""
        values = self.calibration.get("calibrator")
        return calibrator_from_dict(values) if values else Temperature(self.space.exclusive)

    def calibrated(self, probability: NDArray[Any], looked_for: NDArray[np.bool_]) -> NDArray[Any]:
        """Calibrated probabilities of the behaviours that were looked for in a recording.

        Args:
            probability: `(time, behaviour)`, the model's own.
            looked_for: `(behaviour,)`; of exclusive classes the others get no share.
        """
        if not self.space.exclusive:
            return self.calibrator(probability)
        return among(self.calibrator(among(probability, looked_for)), looked_for)

    def with_metrics(self, metrics: Mapping[str, Any]) -> Bundle:
        """A copy with the validation figures."""
        return replace(self, metrics=metrics)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the weights, as plain values."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "classifier": self.classifier.describe(),
            "frontend": self.frontend.to_dict(),
            "behaviours": self.space.to_dict(),
            "config": self.config.model_dump(mode="json"),
            "decoding": dict(self.decoding),
            "decoders": dict(self.decoders),
            "training": dict(self.training),
            "metrics": self.metrics,
            "provenance": dict(self.provenance),
            "calibration": dict(self.calibration),
        }

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the bundle, atomically."""
        values = self.to_dict()
        with (
            atomic_path(path, overwrite=overwrite) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            archive.writestr("bundle.json", json.dumps(values, indent=1, allow_nan=False))
            archive.writestr("card.md", model_card(values))
            for name, content in self.classifier.files().items():
                archive.writestr(f"classifier/{name}", content)
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> Bundle:
        """Read a bundle.

        Raises:
            InputError: there is no such file.
            BundleError: it is not a bundle, or of a newer version.
        """
        path = existing_file(path, "bundle")
        values, files = _read(path)
        try:
            return cls(
                classifier=restore_classifier(values["classifier"], files),
                frontend=Frontend.from_dict(values["frontend"]),
                space=LabelSpace.from_dict(values["behaviours"]),
                config=Config.parse(values["config"], str(path)),
                decoding=values["decoding"],
                training=values["training"],
                metrics=values["metrics"],
                provenance=values["provenance"],
                calibration=values.get("calibration") or {},
                decoders=values.get("decoders") or {},
            )
        except (KeyError, TypeError, RuntimeError, InputError) as error:
            if isinstance(error, CompatibilityError):
                raise
            raise BundleError(
                f"{path} is a damaged bundle: {type(error).__name__}: {error}. "
                "Copy it again, or train again."
            ) from error


def _read(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            values = json.loads(archive.read("bundle.json"))
            prefix = "classifier/"
            files = {
                name.removeprefix(prefix): archive.read(name)
                for name in archive.namelist()
                if name.startswith(prefix)
            }
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError, EOFError, OSError) as error:
        raise BundleError(
            f"{path} is not a nuzzle bundle ({error}). A bundle is the one file that "
            "`nuzzle train --out` writes; a .pth or .ckpt file is not one."
        ) from error
    if values.get("format") != FORMAT:
        raise BundleError(f"{path} is not a nuzzle bundle: its format is {values.get('format')!r}.")
    if values.get("version") != VERSION:
        raise BundleError(
            f"{path} is a bundle of version {values.get('version')}; this nuzzle reads version "
            f"{VERSION}. Update nuzzle: pip install -U nuzzle."
        )
    return values, files
