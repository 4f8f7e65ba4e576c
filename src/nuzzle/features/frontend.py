"""From a recording to a model's input: preparation, features, normalisation, in that order.

Training and prediction walk this one road; a bundle saves it whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from nuzzle.config import Config, PrepareConfig
from nuzzle.errors import CompatibilityError, InputError, listed
from nuzzle.features.base import Column, FeatureSet
from nuzzle.features.normalise import Normaliser
from nuzzle.features.registry import FEATURE_SETS, feature_class
from nuzzle.labels import Pair
from nuzzle.plain import from_plain, to_plain
from nuzzle.prepare.base import Step
from nuzzle.prepare.bodies import Bodies, measure_body
from nuzzle.prepare.body_length import ToBodyLengths
from nuzzle.prepare.confidence import DropUnsure
from nuzzle.prepare.gaps import FillGaps
from nuzzle.prepare.identity import RepairIdentity
from nuzzle.prepare.master import choose_skeleton, lacking_keypoints
from nuzzle.prepare.pipeline import Pipeline
from nuzzle.prepare.rate import Resample
from nuzzle.prepare.skeleton import SAY_NAMES, SelectKeypoints
from nuzzle.prepare.smoothing import MedianFilter
from nuzzle.prepare.units import ToCentimetres
from nuzzle.recording import Recording
from nuzzle.skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class Frontend:
    """The way from a recording to a model's input.

    Attributes:
        skeleton: keypoints and their roles.
        fps: frame rate that recordings are brought to.
        unit: of positions: ``cm``, ``bl`` (body lengths) or ``px``.
        pipeline: preparation steps.
        features: name of the feature set.
        normaliser: statistics of the training frames, by which features are scaled and what is
            missing is filled; None before they are known, and for trees, which take features as
            they are.
        labs: those that the model is told apart, a column each after the features: 1 for
            recordings of that lab, else 0. In the first layer of a network they are a learned
            embedding. A recording of another lab has zeros.
        bodies: of the training recordings; None before they are known.
    """

    skeleton: Skeleton
    fps: float
    unit: str
    pipeline: Pipeline
    features: str
    normaliser: Normaliser | None = None
    labs: tuple[str, ...] = ()
    bodies: Bodies | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """Names and units of the model's input: the features, and the labs."""
        return (*self.feature_set.columns, *(Column(f"lab_{name}", "") for name in self.labs))

    @cached_property
    def feature_set(self) -> FeatureSet:
        """The features, for this skeleton, frame rate and unit."""
        return feature_class(self.features)(self.skeleton, self.fps, self.unit)

    def prepare(self, recording: Recording) -> Recording:
        """Apply the preparation steps.

        Raises:
            CompatibilityError: the recording lacks what the model needs: keypoints, a scale, a
                second animal.
        """
        if len(recording.individuals) < 2:
            raise CompatibilityError(
                f"recording {recording.name!r} has one individual, {recording.individuals[0]!r}; "
                "social behaviour needs two. Check the tracker's export, or the column individuals."
            )
        recording.require_fps()
        if not recording.present.any():
            raise CompatibilityError(
                f"recording {recording.name!r}: all points are missing in all "
                f"{recording.n_frames} frames. Check the tracker's export."
            )
        if self.unit == "cm" and recording.unit == "px" and recording.px_per_cm is None:
            raise CompatibilityError(
                f"recording {recording.name!r}: the model was trained in cm, and the scale of this "
                "recording is unknown. Give it: --px-per-cm, or the column px_per_cm."
                + self._lacking_too(recording)
            )
        prepared = self.pipeline(recording)
        if prepared.unit != self.unit:
            raise CompatibilityError(
                f"recording {recording.name!r}: the model was trained in {self.unit}, and this "
                f"recording is in {recording.unit}. Give it as the tracker wrote it."
            )
        if not self.skeleton.shows_heading(lacking := self.lacking(recording)):
            raise CompatibilityError(
                f"recording {recording.name!r} does not show which way its animals face: of the "
                f"model's keypoints it lacks {', '.join(lacking)}; it has "
                f"{', '.join(recording.keypoints)}. {SAY_NAMES}"
            )
        return prepared

    def unlike(self, prepared: Recording) -> list[str]:
        """Notes on what is unlike the training recordings in a prepared one."""
        if self.bodies is None:
            return []
        poses = prepared.position.transpose(0, 3, 2, 1)
        return [*self.bodies.unlike(measure_body(poses, self.skeleton, self.fps), self.unit)]

    def lacking(self, recording: Recording) -> list[str]:
        """Keypoints that a recording does not have, by any spelling."""
        return SelectKeypoints(self.skeleton.keypoints).lacking(recording.keypoints)

    def _lacking_too(self, recording: Recording) -> str:
        """The end of a message: which keypoints a recording lacks besides."""
        lacking = self.lacking(recording)
        has = ", ".join(recording.keypoints)
        return f" It also lacks {', '.join(lacking)}; it has {has}. {SAY_NAMES}" if lacking else ""

    def __call__(self, prepared: Recording, pair: Pair) -> Tensor:
        """Model input of a prepared recording, `(time, column)`."""
        return self.of_poses(torch.from_numpy(prepared.pair_position(pair)), prepared.lab)

    def of_poses(self, poses: Tensor, lab: str) -> Tensor:
        """Model input of a pair's prepared poses, `(time, 2, keypoint, 2)`; NaN is missing."""
        return self.with_lab(self.model_input(self.feature_set(poses)), lab)

    def model_input(self, features: Tensor) -> Tensor:
        """What the model takes of features, `(time, feature)`.

        The columns of the labs come after them: `with_lab`.
        """
        return features if self.normaliser is None else self.normaliser(features)

    def lab_code(self, lab: str) -> Tensor:
        """One number for each of the `labs`: 1 for this one, `(lab,)`."""
        return torch.tensor([float(lab == name) for name in self.labs])

    def with_lab(self, features: Tensor, lab: str) -> Tensor:
        """The features `(time, feature)` with the columns of the labs after them."""
        if not self.labs:
            return features
        return torch.cat([features, self.lab_code(lab).expand(len(features), -1)], dim=1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a bundle."""
        return {
            "skeleton": to_plain(self.skeleton),
            "fps": self.fps,
            "unit": self.unit,
            "pipeline": self.pipeline.to_dict(),
            "features": self.features,
            "columns": [list(column) for column in self.columns],
            "normaliser": self.normaliser.to_dict() if self.normaliser else None,
            "labs": list(self.labs),
            "bodies": self.bodies.to_dict() if self.bodies else None,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Frontend:
        """The inverse of `to_dict`.

        Raises:
            CompatibilityError: the features of that name have other columns by now.
        """
        frontend = cls(
            skeleton=from_plain(Skeleton, values["skeleton"]),
            fps=values["fps"],
            unit=values["unit"],
            pipeline=Pipeline.from_dict(values["pipeline"]),
            features=values["features"],
            normaliser=Normaliser.from_dict(values["normaliser"]) if values["normaliser"] else None,
            labs=tuple(values["labs"]),
            bodies=Bodies.from_dict(values["bodies"]) if values["bodies"] else None,
        )
        _check_columns([name for name, _ in values["columns"]], frontend)
        return frontend

    @classmethod
    def plan(
        cls, recordings: Sequence[Recording], config: Config, *, directed: bool = True
    ) -> Frontend:
        """Choose skeleton, frame rate and unit for these training recordings.

        Args:
            recordings: to train on.
            config: of the training.
            directed: whether agent and target mean something. If not, the symmetric variant of
                the features is taken where there is one.

        Raises:
            InputError: the recordings share too few keypoints, or bodies cannot be measured.
        """
        settings = config.prepare
        skeleton = choose_skeleton(recordings, settings)
        rates = Counter(recording.require_fps() for recording in recordings)
        fps = settings.fps or rates.most_common(1)[0][0]
        scaled = all(each.has_scale for each in recordings)
        symmetric = f"{config.features}_symmetric"
        features = config.features if directed or symmetric not in FEATURE_SETS else symmetric
        unit: str = settings.unit
        if unit == "auto":
            bodies = all(each.unit == "bl" for each in recordings)
            unit = "bl" if bodies else "cm" if scaled else feature_class(features).unscaled_unit
        if unit == "bl":
            _check_body_lengths(recordings, skeleton)
        elif unit == "px" and (others := [each.name for each in recordings if each.unit != "px"]):
            raise InputError(
                f"{listed(others)}: positions that are not in pixels cannot be learned from in "
                "pixels. Leave prepare.unit out and give recordings in pixels a scale (px_per_cm), "
                "or set prepare.unit=bl."
            )
        pipeline = _pipeline(settings, skeleton, fps, unit)
        labs = sorted({each.lab for each in recordings} - {""})
        told = tuple(labs) if config.labs.embedding and len(labs) > 1 else ()
        return cls(skeleton, fps, unit, pipeline, features, labs=told)


def _pipeline(settings: PrepareConfig, skeleton: Skeleton, fps: float, unit: str) -> Pipeline:
    """The configured preparation steps, in their order."""
    allow = settings.missing_keypoints == "allow"
    steps: list[Step] = [SelectKeypoints(skeleton.keypoints, allow_missing=allow)]
    if settings.min_confidence:
        steps.append(DropUnsure(settings.min_confidence))
    if settings.repair_identity:
        steps.append(RepairIdentity())
    if settings.max_gap_s:
        steps.append(FillGaps(settings.max_gap_s))
    if settings.smooth_s:
        steps.append(MedianFilter(settings.smooth_s))
    if unit == "cm":
        steps.append(ToCentimetres())
    elif unit == "bl":
        steps.append(ToBodyLengths(skeleton.nose, skeleton.tail_base))
    steps.append(Resample(fps))
    return Pipeline(tuple(steps))


def _check_columns(saved: Sequence[str], frontend: Frontend) -> None:
    """Raises CompatibilityError where a model was trained on other columns than there are now."""
    now = [column.name for column in frontend.columns]
    if saved != now:
        only = [*(set(now) - set(saved)), *(set(saved) - set(now))]
        example = f", for example {min(only)!r}" if only else " in their order"
        raise CompatibilityError(
            f"it was trained with another version of nuzzle, whose features "
            f"{frontend.features!r} had {len(saved):,} columns; here they have {len(now):,}, and "
            f"differ{example}. Train it again."
        )


def _check_body_lengths(recordings: Sequence[Recording], skeleton: Skeleton) -> None:
    """Raises InputError where a body cannot be measured because a lab lacks one of its ends."""
    measured = [each for each in recordings if each.unit != "bl"]
    endless = lacking_keypoints(measured, (skeleton.nose, skeleton.tail_base))
    if endless:
        unscaled = sorted({each.lab or each.name for each in recordings if not each.has_scale})
        why = f" because {', '.join(unscaled)} has no scale" if unscaled else ""
        raise InputError(
            f"Positions are in body lengths{why}, and {', '.join(endless)} lacks the nose "
            f"({skeleton.nose}) or the tail base ({skeleton.tail_base}) to measure bodies by. Give "
            "every recording its scale (the column px_per_cm), for centimetres, or choose ends "
            "that all have (prepare.nose, prepare.tail_base)."
        )
