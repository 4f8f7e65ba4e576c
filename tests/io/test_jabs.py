from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nuzzle.errors import FormatError
from nuzzle.io.load import pose_format, read_poses


@pytest.fixture
def version4(tmp_path: Path) -> Path:
    """Two mice that change places in the arrays, a third instance that is nobody."""
    path = tmp_path / "cage_pose_est_v4.h5"
    points = np.zeros((2, 3, 12, 2), np.uint16)
    points[0, 0], points[0, 1] = (10, 20), (30, 40)  # (y, x)
    points[1, 0], points[1, 1] = (31, 41), (11, 21)
    points[:, 2] = 99
    with h5py.File(path, "w") as file:
        poses = file.create_group("poseest")
        poses.attrs["version"] = [4, 0]
        poses.attrs["cm_per_pixel"] = 0.05
        poses["points"] = points
        poses["confidence"] = np.full((2, 3, 12), 0.9, np.float32)
        poses["confidence"][1, 1, 5] = 0
        poses["instance_embed_id"] = np.array([[1, 2, 7], [2, 1, 0]], np.uint32)
        poses["id_mask"] = np.array([[False, False, True], [False, False, True]])
        poses["instance_count"] = np.array([3, 3], np.uint8)
        poses["instance_track_id"] = np.array([[5, 6, 7], [6, 5, 9]], np.uint32)
    return path


def test_identities_axes_and_scale(version4: Path) -> None:
    recording = read_poses(version4)
    assert recording.individuals == ("mouse1", "mouse2")
    assert recording.position[:, :, 0, 0].tolist() == [[20, 10], [21, 11]]
    assert recording.position[:, :, 0, 1].tolist() == [[40, 30], [41, 31]]
    assert recording.px_per_cm == pytest.approx(20)
    assert recording.keypoints[0] == "nose" and recording.keypoints[9] == "base_tail"


@pytest.mark.parametrize("scale", [0.05, [0.05], [[0.05]]])
def test_scale_in_an_array_of_one(version4: Path, scale: Any) -> None:
    with h5py.File(version4, "a") as file:
        file["poseest"].attrs["cm_per_pixel"] = scale
    assert read_poses(version4).px_per_cm == pytest.approx(20)


def test_scale_of_several_numbers_is_refused(version4: Path) -> None:
    with h5py.File(version4, "a") as file:
        file["poseest"].attrs["cm_per_pixel"] = [0.5, 0.25]
    with pytest.raises(FormatError, match=r"cm_per_pixel holds \[0.5, 0.25\]; one number was"):
        read_poses(version4)


def test_confidence_of_zero_is_a_missing_point(version4: Path) -> None:
    recording = read_poses(version4)
    assert not recording.present[1, 5, 0]
    assert recording.present.sum() == 2 * 12 * 2 - 1
    assert recording.confidence[1, 5, 0] == 0


def test_truncated_file_is_said_to_be(version4: Path) -> None:
    version4.write_bytes(version4.read_bytes()[:3000])
    with pytest.raises(FormatError, match="cut short or damaged"):
        read_poses(version4)


def test_missing_array_is_refused(version4: Path) -> None:
    with h5py.File(version4, "a") as file:
        del file["poseest/instance_embed_id"], file["poseest/instance_track_id"]
    with pytest.raises(FormatError, match="instance_track_id"):
        read_poses(version4)


def test_nobody_found_is_refused(version4: Path) -> None:
    with h5py.File(version4, "a") as file:
        file["poseest/confidence"][...] = 0
    with pytest.raises(FormatError, match="no animal was found"):
        read_poses(version4)


@pytest.mark.parametrize(
    ("name", "individuals"),
    [
        ("sample_pose_est_v2.h5", 1),
        ("sample_pose_est_v3.h5", 232),
        ("identity_with_no_data_pose_est_v3.h5", 5),
        ("sample_pose_est_v5.h5", 3),
    ],
)
def test_real_files(shared_data: Path, name: str, individuals: int) -> None:
    path = shared_data / "pose_formats" / "jabs" / name
    recording = read_poses(path)
    assert pose_format(path).name == "jabs"
    assert (recording.n_frames, len(recording.keypoints)) == (1800, 12)
    assert len(recording.individuals) == individuals


@pytest.mark.parametrize("version", [2, 3])
def test_agrees_with_sleap_io(shared_data: Path, tmp_path: Path, version: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sleap_io = pytest.importorskip("sleap_io")
    path = tmp_path / f"short_pose_est_v{version}.h5"
    shutil.copy(shared_data / f"pose_formats/jabs/sample_pose_est_v{version}.h5", path)
    path.chmod(0o600)
    with h5py.File(path, "a") as file:
        poses = file["poseest"]
        for key in list(poses):
            short = poses[key][:40]
            del poses[key]
            poses[key] = short
    ours = read_poses(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = sleap_io.load_jabs(str(path))
        points = theirs.numpy()  # (time, track, keypoint, 2)
    names = [f"track{track.name}" for track in theirs.tracks] if version > 2 else ["mouse1"]
    position = ours.poses["position"].sel(individual=names).values
    np.testing.assert_array_equal(position.transpose(0, 3, 2, 1), points)
