"""Poses from SLEAP and NWB, through the `movement` package: the only module that touches it.

Importing `movement` takes seconds, makes a folder ``.movement`` in the home folder and changes
global settings (xarray's options, how warnings are shown, a log on stderr). So it is imported when
a file needs it, and the settings are put back.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from nuzzle.errors import FormatError, InputError
from nuzzle.io.hdf5 import attribute, holding, open_hdf5
from nuzzle.io.registry import PoseFormat, PoseOptions
from nuzzle.recording import Recording

#: How SLEAP numbers the kinds of instances.
_USER, _PREDICTED = 0, 1
#: What NWB files call pixels, or write where nobody said the unit.
_PIXELS = ("px", "pixel", "pixels", "", "unknown")

#: What `movement` and the libraries under it raise for a file that is not as it should be.
_READING_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    RuntimeError,
)


def movement_loader() -> ModuleType:
    """``movement.io.load_poses``, imported without a trace in the process's settings.

    Raises:
        InputError: its folder in the home folder cannot be made.
    """
    if "movement" in sys.modules:
        return _import_loader()
    before = dict(xr.get_options())  # type: ignore[no-untyped-call]
    show = warnings.showwarning
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = _import_loader()
    except OSError as error:
        raise InputError(
            f"the package movement, which reads this format, cannot make its log in the folder "
            f"{Path.home() / '.movement'}: {error}. Set HOME to a folder that can be written."
        ) from error
    finally:
        warnings.showwarning = show
        after = dict(xr.get_options())  # type: ignore[no-untyped-call]
        changed = {key: value for key, value in before.items() if after[key] != value}
        xr.set_options(**changed)  # type: ignore[no-untyped-call]
    from loguru import logger

    logger.disable("movement")  # what goes wrong is in our errors; nothing else is news
    return module


def _import_loader() -> ModuleType:
    from movement.io import load_poses

    return load_poses  # type: ignore[no-any-return]


@contextmanager
def _reading(path: Path, what: str) -> Iterator[None]:
    """Turn a library's error into one that names the file; keep its warnings to ourselves."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except _READING_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise FormatError(path, f"cannot be read as {what}: {reason}") from error


def _singular(poses: xr.Dataset) -> xr.Dataset:
    """A dataset of `movement` as it names dimensions after 0.15; up to that, names are plural."""
    names = {"keypoints": "keypoint", "individuals": "individual"}
    return poses.rename({old: new for old, new in names.items() if old in poses.dims})


def _recording(
    poses: xr.Dataset, path: Path, options: PoseOptions, notes: Iterable[str] = ()
) -> Recording:
    """A recording from a dataset of `movement`."""
    if poses.sizes["space"] != 2:
        raise FormatError(path, "the poses are three-dimensional; x and y are expected.")
    fps = poses.attrs.get("fps") if options.fps is None else options.fps
    position = poses["position"].transpose("time", "space", "keypoint", "individual")
    confidence = poses["confidence"].transpose("time", "keypoint", "individual")
    return Recording.from_arrays(
        options.name or path.stem,
        position.values,
        keypoints=[str(name) for name in poses["keypoint"].values],
        individuals=[str(name) for name in poses["individual"].values],
        confidence=confidence.values,
        fps=None if fps is None else float(fps),
        source=str(path),
        notes=tuple(notes),
    )


def read_sleap(path: Path, options: PoseOptions) -> Recording:
    """Read a SLEAP project (``.slp``) or analysis file (``.h5``).

    A track is an animal; where there are none, all is one animal. User instances win over
    predicted ones. What belongs to no track is left out, and `Recording.notes` says so.

    Args:
        path: a file with the predictions of one video.
        options: name of the recording and its frame rate; the file states none.

    Raises:
        FormatError: the file is damaged, holds several videos, no poses, or more animals without
            a track than with one.
    """
    notes: list[str] = []
    with open_hdf5(path) as file, _reading(path, "a SLEAP file"):
        if "videos_json" in file and len(file["videos_json"]) > 1:
            raise FormatError(
                path,
                f"it holds {len(file['videos_json'])} videos; one was expected.",
                mend="Export an analysis file for each: sleap-convert --format analysis.",
            )
        if "instances" in file:
            notes += _untracked(path, file)
    loader = movement_loader()
    with _reading(path, "a SLEAP file"):
        poses = loader.from_sleap_file(path)
    return _recording(_singular(poses), path, options, notes)


def _untracked(path: Path, file: Any) -> Iterator[str]:
    """A note on the animals of a SLEAP project that belong to no track.

    Raises:
        FormatError: they are more than those of a track.
    """
    frames, instances = file["frames"][:], file["instances"][:]
    animals = _animals(frames, instances, np.ones(len(instances), dtype=bool))
    tracks = _animals(frames, instances, instances["track"] >= 0)
    read = tracks if len(file.get("tracks_json", ())) else np.ones_like(tracks)
    bad = np.flatnonzero(animals > read)
    if not len(bad):
        return
    first = bad[0]
    found = (
        f"a track is an animal, and in {len(bad):,} of {len(frames):,} frames there are animals "
        f"without one. The first is frame {frames['frame_idx'][first]} (from 0): animals "
        f"{animals[first]}, of them with a track {tracks[first]}."
    )
    mend = "Run tracking in SLEAP, or delete there what is no animal, and save again."
    if animals.sum() > 2 * tracks.sum():
        raise FormatError(path, f"{found} They would be lost.", mend=mend)
    yield f"{found} They are left out. {mend}".removesuffix(".")


def _animals(frames: Any, instances: Any, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many animals the chosen instances of each frame are.

    An animal may be there twice: as it was predicted, and as the user placed it.
    """
    counts = []
    for kind in (_USER, _PREDICTED):
        before = np.concatenate([[0], np.cumsum(chosen & (instances["instance_type"] == kind))])
        counts.append(before[frames["instance_id_end"]] - before[frames["instance_id_start"]])
    animals: NDArray[np.int64] = np.max(counts, axis=0)
    return animals


def _nwb_containers(file: Any) -> list[tuple[str, str]]:
    """(processing module, name) of every ``PoseEstimation`` of the extension ndx-pose."""
    found = []
    for module, group in file.get("processing", {}).items():
        for name, child in group.items():
            if attribute(child, "neurodata_type") == "PoseEstimation":
                found.append((module, name))
    return found


def _check_series(path: Path, animal: Any, fps: float | None) -> None:
    """Raise an error where a keypoint is not in pixels, or not seen at even times.

    Whoever says a frame rate says that poses are those of one frame after the other.
    """
    for name, series in animal.items():
        if attribute(series, "neurodata_type") != "PoseEstimationSeries":
            continue
        unit = attribute(series["data"], "unit")
        if unit.strip().lower() not in _PIXELS:
            raise FormatError(
                path,
                f"the positions of {name!r} are in {unit!r}; pixels were expected.",
                mend="Export the poses in pixels of the video; the scale goes into the column "
                "px_per_cm of the manifest.",
            )
        if "timestamps" in series and fps is None:
            _check_times(path, name, np.asarray(series["timestamps"][:], dtype=np.float64))


def _check_times(path: Path, name: str, times: NDArray[np.float64]) -> None:
    """Raise an error where two frames are not about as far apart as most are."""
    steps = np.diff(times)
    usual = np.median(steps) if len(steps) else 0.0
    uneven = np.flatnonzero(~(np.abs(steps - usual) < usual / 2))
    if len(uneven):
        first = uneven[0]
        raise FormatError(
            path,
            f"the times of {name!r} are uneven: from pose {first} (from 0) to the next it is "
            f"{steps[first]:g} s, mostly {usual:g} s ({len(uneven):,} of {len(steps):,} steps). "
            "A pose for every frame of the video was expected.",
            mend="Export one, of nan where no pose is known; or, if the video itself lacks these "
            "frames, say its frame rate: --fps, or the column fps of the manifest.",
        )


def read_nwb(path: Path, options: PoseOptions) -> Recording:
    """Read the poses of an NWB file with the extension ndx-pose.

    Args:
        path: an ``.nwb`` file; each ``PoseEstimation`` in it is an animal.
        options: name of the recording; its frame rate wins over the file's.

    Returns:
        One animal called by the file's identifier, or several called by their containers' names.

    Raises:
        FormatError: the file is damaged, holds no poses, poses that are not in pixels or (where no
            frame rate is said) not at even times, or animals of different length.
    """
    with open_hdf5(path) as file, _reading(path, "an NWB file"):
        containers = _nwb_containers(file)
        for module, name in containers:
            _check_series(path, file["processing"][module][name], options.fps)
    if not containers:
        raise FormatError(path, "it holds no PoseEstimation (the NWB extension ndx-pose).")
    loader = movement_loader()
    with _reading(path, "an NWB file"):
        animals = [
            _singular(
                loader.from_nwb_file(path, processing_module_key=module, pose_estimation_key=name)
            )
            for module, name in containers
        ]
    fps = {animal.attrs.get("fps") for animal in animals}
    shapes = {(animal.sizes["time"], *animal["keypoint"].values) for animal in animals}
    if len(shapes) > 1 or len(fps) > 1:
        raise FormatError(
            path,
            f"its animals {[name for _, name in containers]} differ in length, frame rate or "
            "keypoints.",
        )
    if len(animals) == 1:
        return _recording(animals[0], path, options)
    named = [
        animal.assign_coords(individual=[name])
        for animal, (_, name) in zip(animals, containers, strict=True)
    ]
    joined = xr.concat(named, "individual", join="override", combine_attrs="override")
    return _recording(joined, path, options)


_SLP = holding("metadata", "frames", "instances")
_ANALYSIS = holding("tracks", "track_names", "node_names")
FORMATS = (
    PoseFormat("sleap_slp", (".slp",), _SLP, read_sleap),
    PoseFormat("sleap_analysis", (".h5", ".hdf5"), _ANALYSIS, read_sleap),
    PoseFormat("nwb", (".nwb",), holding("processing", "specifications"), read_nwb),
)
