"""Poses from JABS (The Jackson Laboratory): ``*_pose_est_v2.h5`` and newer.

Points are stored as (y, x); a confidence of 0 marks a point that was not found. Version 2 has one
mouse, version 3 has tracks that begin and end, version 4 and newer give every mouse an identity
for the whole video. What is in the file decides, not its version attribute: there are files of
version 5 whose attribute says 3. Frame by frame readers take seconds a minute of video; this one
places all points at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.errors import FormatError
from nuzzle.io.hdf5 import holding, open_hdf5
from nuzzle.io.registry import PoseFormat, PoseOptions
from nuzzle.recording import Recording

#: The keypoints of JABS pose files, in their order (Sheppard et al. 2022, Cell Reports 38:110231).
KEYPOINTS = (
    "nose",
    "left_ear",
    "right_ear",
    "base_neck",
    "left_front_paw",
    "right_front_paw",
    "center_spine",
    "left_rear_paw",
    "right_rear_paw",
    "base_tail",
    "mid_tail",
    "tip_tail",
)
#: Tracks times frames times keypoints beyond which the poses would not fit into memory.
_MOST_POINTS = 1_000_000_000


def _identities(poses: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_], str]:
    """Identity of every instance `(time, instance)`, which are valid, and what to call them."""
    instances = poses["points"].shape[1]
    if "instance_embed_id" in poses:
        identity = np.asarray(poses["instance_embed_id"][:], dtype=np.int64)
        valid = identity > 0
        if "id_mask" in poses:  # true where no identity could be given
            valid &= ~np.asarray(poses["id_mask"][:], dtype=bool)
        return identity, valid, "mouse"
    identity = np.asarray(poses["instance_track_id"][:], dtype=np.int64)
    count = np.asarray(poses["instance_count"][:], dtype=np.int64)
    return identity, np.arange(instances)[None, :] < count[:, None], "track"


def _scatter(
    path: Path, poses: Any
) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[str, ...]]:
    """Points `(time, individual, keypoint, 2)`, confidences and names of the individuals."""
    points = np.asarray(poses["points"][:], dtype=np.float32)[..., ::-1]
    sure = np.asarray(poses["confidence"][:], dtype=np.float32)
    if points.ndim == 3:
        points, sure = points[:, None], sure[:, None]
        names: tuple[str, ...] = ("mouse1",)
    else:
        identity, valid, prefix = _identities(poses)
        valid &= (sure > 0).any(axis=-1)
        numbers = np.unique(identity[valid])
        if not len(numbers):
            raise FormatError(path, "no animal was found in any of its frames.")
        if len(numbers) * len(points) * points.shape[2] > _MOST_POINTS:
            raise FormatError(
                path,
                f"it has {len(numbers)} tracks, pieces of the animals' paths, which do not fit "
                "into memory one by one.",
                mend="Use a file of version 4 or newer, which says which mouse is which.",
            )
        frame, instance = np.nonzero(valid)
        animal = np.searchsorted(numbers, identity[frame, instance])
        if len(np.unique(frame * len(numbers) + animal)) != len(frame):
            raise FormatError(path, "one animal has two poses in the same frame.")
        shape = (len(points), len(numbers), points.shape[2])
        placed, trust = np.full((*shape, 2), np.nan, np.float32), np.zeros(shape, np.float32)
        placed[frame, animal] = points[frame, instance]
        trust[frame, animal] = sure[frame, instance]
        points, sure, names = placed, trust, tuple(f"{prefix}{number}" for number in numbers)
    points[sure <= 0] = np.nan
    return points, sure, names


def _scale(path: Path, poses: Any) -> float | None:
    """Pixels in a centimetre, where the file says; it may say so in an array of one number."""
    said = np.ravel(poses.attrs.get("cm_per_pixel", np.nan))
    if len(said) != 1:
        raise FormatError(
            path,
            f"its attribute cm_per_pixel holds {said.tolist()}; one number was expected.",
            mend="Correct it in the file, or remove it and give the scale: the column px_per_cm "
            "of the manifest.",
        )
    cm_per_px = float(said[0])
    return 1 / cm_per_px if np.isfinite(cm_per_px) and cm_per_px > 0 else None


def read_jabs(path: Path, options: PoseOptions) -> Recording:
    """Read the poses of a JABS file.

    Args:
        path: a ``pose_est`` h5 file of version 2 or newer.
        options: name of the recording and its frame rate; the file states none.

    Returns:
        Individuals ``mouse1``, ``mouse2``, ... where the file knows who is who, else ``track0``,
        ...; `px_per_cm` from the file, where it says.

    Raises:
        FormatError: the file is damaged, or lacks an array.
    """
    with open_hdf5(path) as file:
        try:
            poses = file["poseest"]
            points, sure, names = _scatter(path, poses)
            px_per_cm = _scale(path, poses)
        except (KeyError, OSError, IndexError, ValueError, TypeError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(
                path, f"the arrays of a JABS pose file were expected in it ({error})."
            ) from error
    known = points.shape[2] == len(KEYPOINTS)
    return Recording.from_arrays(
        options.name or path.stem,
        points.transpose(0, 3, 2, 1),
        keypoints=KEYPOINTS if known else [f"keypoint_{n}" for n in range(points.shape[2])],
        individuals=names,
        confidence=sure.transpose(0, 2, 1),
        fps=options.fps,
        px_per_cm=px_per_cm,
        source=str(path),
    )


_JABS = holding("poseest/points", "poseest/confidence")
FORMAT = PoseFormat("jabs", (".h5",), _JABS, read_jabs)
