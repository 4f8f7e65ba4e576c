"""The bundle: one file with everything that is needed to use a trained model, and no pickle.

It is a zip archive of `bundle.json` (plain values), the files of its classifiers (safetensors; of
trees, text) and `card.md`, the model card for people. It has one member, or, as an ensemble,
several, each with a classifier and a frontend of its own, and a combiner of what they say.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from nuzzle.config import Config
from nuzzle.copies import Seen
from nuzzle.decoding.decoder import Decoder
from nuzzle.errors import BundleError, CompatibilityError, InputError
from nuzzle.evaluation.conformal import Conformal
from nuzzle.features.frontend import Frontend
from nuzzle.files import atomic_path, existing_file, head
from nuzzle.inference.calibration import Calibration
from nuzzle.inference.card import model_card
from nuzzle.inference.classifier import Classifier, SequenceClassifier, WindowClassifier
from nuzzle.inference.trees import TreeClassifier
from nuzzle.probabilities.adaptation import Correction
from nuzzle.probabilities.calibrators import Temperature
from nuzzle.probabilities.combiners import Combiner, combiner_from_dict
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace

FORMAT = "nuzzle-bundle"
VERSION = 3
#: What comes of a file that is no bundle, and of one whose content is spoiled.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    ValueError,
    EOFError,
    OSError,
    NotImplementedError,
)
_DAMAGED = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    RuntimeError,
    InputError,
    SafetensorError,
)


#: Every kind of classifier that a bundle may hold.
KINDS: dict[str, type[Classifier]] = {
    each.kind: each for each in (WindowClassifier, SequenceClassifier, TreeClassifier)
}


def restore_classifier(values: Mapping[str, Any], files: Mapping[str, bytes]) -> Classifier:
    """Build a classifier from what `describe` and `files` gave.

    Raises:
        BundleError: its kind is not known.
    """
    kind = str(values.get("kind"))
    if kind not in KINDS:
        raise BundleError(
            f"The bundle holds a classifier of the kind {kind!r}; this nuzzle knows "
            f"{sorted(KINDS)}. A newer nuzzle may read it."
        )
    return KINDS[kind].restore(values, files)


@dataclass(frozen=True, eq=False)
class Member:
    """A network or trees, with the way from a recording to its input.

    Attributes:
        name: in the bundle.
        classifier: features to probabilities.
        frontend: recording to features.
        config: of its training.
    """

    name: str
    classifier: Classifier
    frontend: Frontend
    config: Config

    def to_dict(self) -> dict[str, Any]:
        """Everything but the weights, as plain values."""
        return {
            "name": self.name,
            "classifier": self.classifier.describe(),
            "frontend": self.frontend.to_dict(),
            "config": self.config.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], files: Mapping[str, bytes]) -> Member:
        """The inverse of `to_dict`, with the classifier's files."""
        return cls(
            name=values["name"],
            classifier=restore_classifier(values["classifier"], files),
            frontend=Frontend.from_dict(values["frontend"]),
            config=Config.parse(values["config"], f"config of {values['name']!r}"),
        )


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained model with all that it needs.

    Attributes:
        members: one, or those of an ensemble.
        space: the behaviours.
        config: of the training.
        decoder: from probabilities to decisions.
        training: what it was trained on (recordings and their groups and fingerprints, what each
            lab looked for, frames and bouts of each behaviour), the epochs, and which of them is
            kept.
        metrics: `Evaluation.to_dict()` on the validation recordings, if they were evaluated.
        provenance: versions, and the date.
        calibration: of the probabilities; None in a bundle that was never calibrated.
        lab_decoders: lab -> its own decoder, where it has one.
        combiner: of what the members of an ensemble say; None where there is one member.
    """

    members: tuple[Member, ...]
    space: LabelSpace
    config: Config
    decoder: Decoder
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None
    lab_decoders: Mapping[str, Decoder] = field(default_factory=dict)
    combiner: Combiner | None = None

    @property
    def classifier(self) -> Classifier:
        """Of the only member.

        Raises:
            InputError: the bundle is an ensemble.
        """
        return self._only.classifier

    @property
    def frontend(self) -> Frontend:
        """Of the only member.

        Raises:
            InputError: the bundle is an ensemble.
        """
        return self._only.frontend

    @property
    def _only(self) -> Member:
        if len(self.members) > 1:
            names = ", ".join(member.name for member in self.members)
            raise InputError(f"The bundle is an ensemble. Choose one of its members: {names}.")
        return self.members[0]

    def alone(self, name: str) -> Bundle:
        """One member as a bundle of its own, which decides frame by frame.

        Calibration and decoders were found for what all members say together.

        Raises:
            InputError: there is no such member.
        """
        chosen = [member for member in self.members if member.name == name]
        if not chosen:
            known = [member.name for member in self.members]
            raise InputError(f"The bundle has no member {name!r}; it has {known}.")
        return replace(
            self,
            members=tuple(chosen),
            config=chosen[0].config,
            decoder=Decoder(self.space.names, self.space.exclusive, self.space.background),
            combiner=None,
            metrics=None,
            calibration=None,
            lab_decoders={},
        )

    def prepare(self, recording: Recording) -> tuple[Recording, ...]:
        """The copy of a recording that each member looks at; one for all whose steps are the same.

        It has no labels: they are compared on the recording's own frames.

        Raises:
            CompatibilityError: the recording does not fit.
        """
        poses = replace(recording, labels=None, auxiliary=None)
        done: list[tuple[Any, Recording]] = []
        out = []
        for member in self.members:
            steps = (member.frontend.pipeline.to_dict(), member.frontend.unit)
            same = [prepared for known, prepared in done if known == steps]
            prepared = same[0] if same else member.frontend.prepare(poses)
            done.append((steps, prepared))
            out.append(prepared)
        return tuple(out)

    def unlike(self, prepared: Sequence[Recording]) -> list[str]:
        """Notes on what is unlike the training recordings in these copies, as `prepare` made."""
        notes = [
            note
            for member, look in zip(self.members, prepared, strict=True)
            for note in member.frontend.unlike(look)
        ]
        return list(dict.fromkeys(notes))

    def decoder_of(self, lab: str) -> Decoder:
        """The decoder of a lab's recordings: its own, or the common one."""
        return self.lab_decoders.get(lab, self.decoder)

    def looked_for(self, lab: str) -> NDArray[np.bool_]:
        """Which of the behaviours a lab looked for in training, `(behaviour,)`; background too.

        Of what it did not look for the model has learned nothing there. All, of a lab that the
        model does not know.
        """
        names = self.space.names
        known = self.training.get("labs", {}).get(lab, names)
        return np.isin(names, [*known, self.space.background])

    def learned_from(self, groups: Mapping[str, str]) -> list[str]:
        """Which recordings it was trained on, themselves or others of their group.

        Args:
            groups: name of a recording -> its group.
        """
        known = {*self.training.get("recordings", ()), *self.training.get("groups", ())}
        return [name for name, group in groups.items() if name in known or group in known]

    def learned_as(self, recording: Recording) -> str | None:
        """The name under which it was trained on frames of a recording, if it was."""
        return Seen.from_dict(self.training).find(recording)

    @property
    def correction(self) -> Correction:
        """Of the probabilities; one that changes nothing where the bundle holds none."""
        fitted = None if self.calibration is None else self.calibration.correction
        return fitted or Correction(Temperature(self.space.exclusive))

    @property
    def conformal(self) -> Conformal | None:
        """Its sets of what may be going on; None where it has none."""
        return None if self.calibration is None else self.calibration.conformal

    def to_dict(self) -> dict[str, Any]:
        """Everything but the weights, as plain values."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "members": [member.to_dict() for member in self.members],
            "combiner": self.combiner.to_dict() if self.combiner else None,
            "behaviours": self.space.to_dict(),
            "config": self.config.to_dict(),
            "decoding": self.decoder.to_dict(),
            "decoders": {lab: each.to_dict() for lab, each in self.lab_decoders.items()},
            "training": dict(self.training),
            "metrics": self.metrics,
            "provenance": dict(self.provenance),
            "calibration": self.calibration.to_dict() if self.calibration else None,
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
            for number, member in enumerate(self.members):
                for name, content in member.classifier.files().items():
                    archive.writestr(f"member-{number}/{name}", content)
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> Bundle:
        """Read a bundle.

        Raises:
            InputError: there is no such file.
            BundleError: it is not a bundle, or of a newer version.
            CompatibilityError: its features are not what they were when it was trained.
        """
        path = existing_file(path, "bundle")
        values, files = _read(path)
        try:
            calibration, combiner = values["calibration"], values["combiner"]
            if not values["members"]:
                raise ValueError("it has no model")
            return cls(
                members=tuple(
                    Member.from_dict(each, _files_in(f"member-{number}", files))
                    for number, each in enumerate(values["members"])
                ),
                space=LabelSpace.from_dict(values["behaviours"]),
                config=Config.parse(values["config"], str(path)),
                decoder=Decoder.from_dict(values["decoding"]),
                training=values["training"],
                metrics=values["metrics"],
                provenance=values["provenance"],
                calibration=Calibration.from_dict(calibration) if calibration else None,
                combiner=combiner_from_dict(combiner) if combiner else None,
                lab_decoders={
                    lab: Decoder.from_dict(each) for lab, each in values["decoders"].items()
                },
            )
        except CompatibilityError as error:
            raise CompatibilityError(f"{path} does not fit this nuzzle: {error}") from error
        except _DAMAGED as error:
            raise BundleError(
                f"{path} is a damaged bundle: {type(error).__name__}: {error}. "
                "Copy it again, or train again."
            ) from error


def _files_in(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    prefix = f"{folder}/"
    return {
        name.removeprefix(prefix): content
        for name, content in files.items()
        if name.startswith(prefix)
    }


def _read(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            values = json.loads(archive.read("bundle.json"))
            files = {name: archive.read(name) for name in archive.namelist() if "/" in name}
    except _UNREADABLE as error:
        cut = isinstance(error, zipfile.BadZipFile) and head(path, 2) == b"PK"
        raise BundleError(
            f"{path} is not a nuzzle bundle ({error}). "
            + ("It begins like one: was it cut short? Copy it again. " if cut else "")
            + "A bundle is the one file that `nuzzle train --out` writes; a .pth or .ckpt file is "
            "not one."
        ) from error
    found = values.get("format") if isinstance(values, dict) else None
    if found != FORMAT:
        raise BundleError(f"{path} is not a nuzzle bundle: its format is {found!r}.")
    if (version := values.get("version")) != VERSION:
        newer = isinstance(version, int) and version > VERSION
        raise BundleError(
            f"{path} is a bundle of version {version}; this nuzzle reads version {VERSION}. "
            + ("Update nuzzle." if newer else "Train it again.")
        )
    return values, files
