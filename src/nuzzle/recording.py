"""The poses of one video, with what is needed to understand them, and its labels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, permutations
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from nuzzle.errors import InputError, ValidationError
from nuzzle.labels import Labels, Pair

DIMENSIONS = ("time", "space", "keypoint", "individual")
#: No coordinate is larger, in any unit.
_LARGEST = 1e6
#: Units of positions, and what people call them.
UNITS = {"px": "pixels", "cm": "cm", "bl": "body lengths"}


@dataclass(frozen=True, eq=False)
class Recording:
    """One video's poses. Validated when made; every problem is in one message.

    Attributes:
        name: unique within a manifest.
        poses: dataset in the layout of the `movement` package: ``position(time, space, keypoint,
            individual)`` in `unit`, y pointing down, missing points NaN, and
            ``confidence(time, keypoint, individual)``, as the tracker gives it, NaN where unknown.
        fps: frames per second; None where the file does not say.
        px_per_cm: pixels in a centimetre; None where unknown.
        unit: of the positions, ``px``, ``cm`` or ``bl`` (body lengths).
        lab: who recorded it.
        group: animal or session; recordings of one group never stand on two sides of a split.
        source: the file that it was read from.
        start_frame: where in that file it begins, frames.
        whole: fingerprint of the whole video where it is a part, so that parts of copies are known.
        labels: its labels, if any.
        auxiliary: labels of another kind, if any: learned beside the others, never predicted.
        notes: what the reader of the poses had to leave out, one sentence each.
        history: the preparation steps that were applied, in order.
    """

    name: str
    poses: xr.Dataset
    fps: float | None = None
    px_per_cm: float | None = None
    unit: str = "px"
    lab: str = ""
    group: str = ""
    source: str = ""
    start_frame: int = 0
    whole: str = ""
    labels: Labels | None = None
    auxiliary: Labels | None = None
    notes: tuple[str, ...] = ()
    history: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = [*_pose_problems(self.poses), *_scalar_problems(self)]
        if not problems:
            problems = [
                *_label_problems(self, self.labels, "labels"),
                *_label_problems(self, self.auxiliary, "auxiliary labels"),
            ]
        if problems:
            raise ValidationError(
                f"recording {self.name!r} ({self.source or 'in memory'})", problems
            )

    @classmethod
    def from_arrays(
        cls,
        name: str,
        position: ArrayLike,
        *,
        keypoints: Sequence[str],
        individuals: Sequence[str],
        confidence: ArrayLike | None = None,
        **attributes: object,
    ) -> Recording:
        """Build a recording from copies of plain arrays.

        Args:
            name: of the recording.
            position: `(time, 2, keypoint, individual)`, px, y pointing down; NaN is missing.
            keypoints, individuals: names.
            confidence: `(time, keypoint, individual)`, mostly 0 to 1; unknown by default.
            **attributes: the other attributes of `Recording`.

        Raises:
            InputError: the arrays hold no numbers, or do not fit together.
            ValidationError: lists everything else that is wrong.
        """
        points = _copied(name, "position", position)
        sure = None if confidence is None else _copied(name, "confidence", confidence)
        poses = _poses(name, points, sure, keypoints, individuals)
        return cls(name, poses, **attributes)  # type: ignore[arg-type]

    @property
    def simulated(self) -> bool:
        """Whether it says of itself that it is simulated."""
        return self.source == "simulated" or self.lab.startswith("simulated")

    @property
    def leak_group(self) -> str:
        """What must stay on one side of a split."""
        return self.group or self.name

    @property
    def n_frames(self) -> int:
        return int(self.poses.sizes["time"])

    @property
    def keypoints(self) -> tuple[str, ...]:
        return tuple(str(name) for name in self.poses["keypoint"].values)

    @property
    def individuals(self) -> tuple[str, ...]:
        return tuple(str(name) for name in self.poses["individual"].values)

    @property
    def position(self) -> NDArray[np.float32]:
        """`(time, 2, keypoint, individual)`, in `unit`; NaN is missing."""
        values: NDArray[np.float32] = self.poses["position"].values
        return values

    @property
    def confidence(self) -> NDArray[np.float32]:
        """`(time, keypoint, individual)`, 0 to 1 for most trackers; NaN is unknown."""
        values: NDArray[np.float32] = self.poses["confidence"].values
        return values

    @property
    def present(self) -> NDArray[np.bool_]:
        """`(time, keypoint, individual)`: which points were tracked."""
        x, y = np.moveaxis(np.isfinite(self.position), 1, 0)
        there: NDArray[np.bool_] = x & y
        return there

    @property
    def seen(self) -> tuple[str, ...]:
        """The individuals that have a point in any frame."""
        there = np.flatnonzero(self.present.any(axis=(0, 1)))
        return tuple(self.individuals[animal] for animal in there)

    @property
    def in_sight(self) -> tuple[str, ...]:
        """Those that are `seen`; all, where it is fewer than two."""
        seen = self.seen
        return seen if len(seen) > 1 else self.individuals

    @cached_property
    def fingerprint(self) -> str:
        """Stands for its poses: the same where all points are, whatever anything is called."""
        points = np.where(np.isfinite(self.position), self.position, np.inf)
        return hashlib.blake2b(points.tobytes(), digest_size=16).hexdigest()

    @property
    def all_notes(self) -> tuple[str, ...]:
        """What readers noted of its poses and its labels; two streams of one file are cut alike."""
        both = [labels.notes for labels in (self.labels, self.auxiliary) if labels is not None]
        return tuple(dict.fromkeys(chain(self.notes, *both)))

    @property
    def has_scale(self) -> bool:
        """Whether its positions are in centimetres, or can be brought to them."""
        return self.unit == "cm" or self.px_per_cm is not None

    @property
    def duration_s(self) -> float:
        return self.n_frames / self.require_fps()

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All ordered pairs of two different animals."""
        return tuple(Pair(*names) for names in permutations(self.individuals, 2))

    def require_fps(self) -> float:
        """The frame rate.

        Raises:
            InputError: the frame rate is unknown.
        """
        if self.fps is None:
            how = ", or give --fps RATE to a command that reads pose files."
            if self.labels is not None:  # a manifest named them
                how = f": {self.labels.fps:g}, as its labels say." if self.labels.fps else "."
            raise InputError(
                f"recording {self.name!r}: the frame rate is unknown, and {self.source or 'it'} "
                f"does not say. Fill the column fps of the manifest{how}"
            )
        return self.fps

    def pair_position(self, pair: Pair) -> NDArray[np.float32]:
        """Positions of agent and target, `(time, 2 animals, keypoint, 2 = x, y)`, in `unit`."""
        for name in pair:
            if name not in self.individuals:
                raise InputError(
                    f"recording {self.name!r} has no individual {name!r}; it has "
                    f"{list(self.individuals)}."
                )
        columns = [self.individuals.index(name) for name in pair]
        return np.ascontiguousarray(self.position[..., columns].transpose(0, 3, 2, 1))

    def with_position(
        self,
        position: NDArray[np.float32],
        step: str,
        *,
        confidence: NDArray[np.float32] | None = None,
        keypoints: Sequence[str] | None = None,
        **attributes: object,
    ) -> Recording:
        """A copy with new positions; `step` is added to its history.

        Args:
            position: `(time, 2, keypoint, individual)`.
            step: what was done, for people.
            confidence: new confidences; needed where the number of frames or of keypoints changes.
            keypoints: names, where they change.
            **attributes: other attributes to change (`fps`, `unit`, `labels`).
        """
        sure = self.confidence if confidence is None else confidence
        poses = _poses(self.name, position, sure, keypoints or self.keypoints, self.individuals)
        return replace(self, poses=poses, history=(*self.history, step), **attributes)  # type: ignore[arg-type]

    def rename(
        self,
        keypoints: Mapping[str, str] | None = None,
        individuals: Mapping[str, str] | None = None,
    ) -> Recording:
        """Call keypoints or individuals by other names (old -> new).

        Raises:
            InputError: an old name is not there.
        """
        if not keypoints and not individuals:
            return self
        poses = self.poses
        both = {"keypoint": keypoints or {}, "individual": individuals or {}}
        for dimension, mapping in both.items():
            names = [str(name) for name in poses[dimension].values]
            if unknown := sorted(set(mapping) - set(names)):
                raise InputError(
                    f"recording {self.name!r}: cannot rename the {dimension}s {unknown}; "
                    f"it has {names}."
                )
            poses = poses.assign_coords({dimension: [mapping.get(name, name) for name in names]})
        labels, auxiliary = (
            labels and labels.rename_individuals(individuals or {})
            for labels in (self.labels, self.auxiliary)
        )
        return replace(self, poses=poses, labels=labels, auxiliary=auxiliary)

    def with_mean_keypoint(self, name: str, of: Sequence[str]) -> Recording:
        """A copy with a keypoint more: the mean of others, missing where one of them is.

        Raises:
            InputError: one of the others is not there, or the name is taken.
        """
        unknown = sorted(set(of) - set(self.keypoints))
        if unknown or name in self.keypoints:
            raise InputError(
                f"recording {self.name!r}: the keypoint {name!r} cannot be made as the mean of "
                f"{list(of)}; there are already {list(self.keypoints)}."
            )
        index = [self.keypoints.index(each) for each in of]
        mean = self.position[:, :, index].mean(axis=2, keepdims=True)
        least = self.confidence[:, index].min(axis=1, keepdims=True)
        position = np.concatenate([self.position, mean], axis=2)
        confidence = np.concatenate([self.confidence, least], axis=1)
        names = (*self.keypoints, name)
        return replace(self, poses=_poses(self.name, position, confidence, names, self.individuals))

    def slice(self, start_frame: int, stop_frame: int) -> Recording:
        """Frames ``[start_frame, stop_frame)`` of the recording and its labels.

        Raises:
            InputError: they are no range within the recording.
        """
        if not 0 <= start_frame < stop_frame <= self.n_frames:
            raise InputError(
                f"recording {self.name!r}: frames {start_frame} to {stop_frame} are not a range "
                f"within its {self.n_frames} frames."
            )
        poses = self.poses.isel(time=slice(start_frame, stop_frame))
        poses = poses.assign_coords(time=np.arange(poses.sizes["time"]))
        labels, auxiliary = (
            labels and labels.slice(start_frame, stop_frame)
            for labels in (self.labels, self.auxiliary)
        )
        first, whole = self.start_frame + start_frame, self.whole or self.fingerprint
        return replace(
            self, poses=poses, start_frame=first, whole=whole, labels=labels, auxiliary=auxiliary
        )


def _copied(name: str, what: str, values: ArrayLike) -> NDArray[np.float32]:
    """Values of the recording `name` in memory of its own; what is masked is missing."""
    try:
        return np.ma.array(values, dtype=np.float32, copy=True).filled(np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"recording {name!r}: {what} is an array of numbers: {error}") from error


def _poses(
    name: str,
    position: ArrayLike,
    confidence: ArrayLike | None,
    keypoints: Sequence[str],
    individuals: Sequence[str],
) -> xr.Dataset:
    """The poses of the recording `name` as a dataset; confidences are unknown by default."""
    points = np.asarray(position, dtype=np.float32)
    if points.ndim != 4:
        raise InputError(
            f"positions have the shape (time, 2, keypoint, individual); got {points.shape}."
        )
    missing = np.isnan(points)
    half = missing != missing.any(axis=1, keepdims=True)
    if half.any():  # without one coordinate a point is missing
        points = np.where(half, np.float32(np.nan), points)
    if confidence is None:
        sure = np.full((points.shape[0], *points.shape[2:]), np.nan, dtype=np.float32)
    else:
        sure = np.asarray(confidence, dtype=np.float32)
    try:
        return xr.Dataset(
            {"position": (DIMENSIONS, points), "confidence": (("time", *DIMENSIONS[2:]), sure)},
            coords={
                "time": np.arange(len(points)),
                "space": ["x", "y"],
                "keypoint": list(keypoints),
                "individual": list(individuals),
            },
        )
    except ValueError as error:
        raise InputError(f"recording {name!r}: the arrays do not fit together: {error}") from error


def _pose_problems(poses: xr.Dataset) -> list[str]:
    if "position" not in poses or "confidence" not in poses:
        return [f"poses need position and confidence; got {list(poses.data_vars)}"]
    if poses["position"].dims != DIMENSIONS:
        return [f"position has the dimensions {DIMENSIONS}; got {poses['position'].dims}"]
    problems = []
    if poses.sizes["space"] != 2:
        problems.append(f"positions are x and y; got {poses.sizes['space']} coordinates")
    if poses.sizes["time"] == 0:
        problems.append("it has no frames")
    for dimension in ("keypoint", "individual"):
        names = [str(name) for name in poses[dimension].values]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            problems.append(f"the {dimension}s {doubled} occur twice")
    values = poses["position"].values
    large = np.abs(values) > _LARGEST
    if large.any():
        absurd = np.argwhere(large)
        frame, _, keypoint, individual = absurd[0]
        problems.append(
            f"{len(absurd)} coordinate(s) are larger than any picture, the first in frame {frame}: "
            f"{poses['keypoint'].values[keypoint]} of {poses['individual'].values[individual]}, "
            f"{values[tuple(absurd[0])]:g}; a missing point is an empty cell (NaN)"
        )
    return problems


def _scalar_problems(recording: Recording) -> list[str]:
    problems = []
    if not _positive_or_none(recording.fps):
        problems.append(f"fps is a positive number of frames per second; got {recording.fps!r}")
    if not _positive_or_none(recording.px_per_cm):
        problems.append(f"px_per_cm is a positive number of pixels; got {recording.px_per_cm!r}")
    if recording.unit not in UNITS:
        problems.append(f"unit is 'px', 'cm' or 'bl' (body lengths); got {recording.unit!r}")
    return problems


def _positive_or_none(value: Any) -> bool:
    try:
        return value is None or bool(np.isfinite(value) and value > 0)
    except (TypeError, ValueError):
        return False


def _label_problems(recording: Recording, labels: Labels | None, what: str) -> list[str]:
    if labels is None:
        return []
    problems = []
    if labels.n_frames != recording.n_frames:
        problems.append(
            f"the {what} are for {labels.n_frames} frames, the poses for {recording.n_frames}"
        )
    return [*problems, *labels.of_others(what, recording.individuals)]
