from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from nuzzle.errors import FormatError
from nuzzle.io.load import pose_format, read_poses
from nuzzle.io.registry import PoseOptions
from nuzzle.io.trackers import _recording, _singular

NODES = ("nose", "neck", "tail_base")


@pytest.fixture
def analysis(tmp_path: Path) -> Path:
    """Five frames, two mice; x of keypoint k of mouse i in frame f is ``100 i + 10 k + f``."""
    path = tmp_path / "cage.analysis.h5"
    mouse, node, frame = np.ogrid[:2, :3, :5]
    x = 100.0 * mouse + 10 * node + frame
    tracks = np.stack([x, x + 0.5], axis=1)  # (mouse, 2, node, frame)
    tracks[1, :, 2, 3] = np.nan
    with h5py.File(path, "w") as file:
        file["tracks"] = tracks
        file["track_names"] = np.array([b"ann", b"bob"])
        file["node_names"] = np.array([name.encode() for name in NODES])
        file["point_scores"] = np.where(np.isnan(tracks[:, 0]), np.nan, 0.75)
    return path


def test_sleap_analysis(analysis: Path) -> None:
    recording = read_poses(analysis, PoseOptions(fps=50))
    assert pose_format(analysis).name == "sleap_analysis"
    assert recording.individuals == ("ann", "bob") and recording.keypoints == NODES
    assert recording.position[4, :, 1, 1].tolist() == [114, 114.5]
    assert recording.present.sum() == 29 and not recording.present[3, 2, 1]
    assert recording.confidence[0, 0, 0] == 0.75
    assert recording.fps == 50 and recording.name == "cage.analysis"


def test_analysis_without_names_is_refused(analysis: Path) -> None:
    with h5py.File(analysis, "a") as file:
        del file["track_names"]
    with pytest.raises(FormatError, match="does not look like a pose file"):
        read_poses(analysis)
    with pytest.raises(FormatError, match="cannot be read as a SLEAP file"):
        read_poses(analysis, format="sleap_analysis")


def test_truncated_h5_is_said_to_be(analysis: Path) -> None:
    analysis.write_bytes(analysis.read_bytes()[:-500])
    with pytest.raises(FormatError, match=r"cage.analysis.h5: .*cut short or damaged"):
        read_poses(analysis)


def test_text_called_h5_is_refused(tmp_path: Path) -> None:
    (tmp_path / "poses.h5").write_text("not at all")
    with pytest.raises(FormatError, match="not an HDF5 file"):
        read_poses(tmp_path / "poses.h5", format="deeplabcut_h5")


def test_real_slp_is_its_analysis_file(shared_data: Path) -> None:
    folder = shared_data / "pose_formats" / "deepof"
    project = read_poses(folder / "testDLC_sleap.slp")
    analysis = read_poses(folder / "testDLC_sleap.analysis.h5")
    assert project.n_frames == analysis.n_frames == 101
    assert project.individuals == analysis.individuals == ("track_0",)
    assert project.keypoints == analysis.keypoints and len(project.keypoints) == 14
    np.testing.assert_allclose(project.position, analysis.position, rtol=1e-6)
    with h5py.File(folder / "testDLC_sleap.analysis.h5") as file:
        raw = file["tracks"][:].astype(np.float32)
    np.testing.assert_array_equal(analysis.position, raw.transpose(3, 1, 2, 0))


def test_several_videos_in_one_slp_are_refused(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.slp"
    path.write_bytes((shared_data / "pose_formats/deepof/testDLC_sleap.slp").read_bytes())
    with h5py.File(path, "a") as file:
        video = file["videos_json"][0]
        del file["videos_json"]
        file["videos_json"] = np.array([video, video])
    with pytest.raises(FormatError, match="2 videos"):
        read_poses(path)


def tracks(path: Path, frames: list[str]) -> Path:
    """A SLEAP project with the instances of each frame: ``A`` or ``B``, the predicted of a track,
    ``-``, predicted of none; in small letters, or ``=``, by the user."""
    sleap = pytest.importorskip("sleap_io")
    skeleton, video = sleap.Skeleton(["nose", "tail"]), sleap.Video(filename="cage.mp4")
    named = {name: sleap.Track(name) for name in "AB" if name in "".join(frames).upper()}
    rows = []
    for number, signs in enumerate(frames):
        instances = []
        for place, sign in enumerate(signs):
            points = np.array([[100.0 * place + number, 1], [20, 2]])
            kind = sleap.PredictedInstance if sign in "AB-" else sleap.Instance
            sure = {"point_scores": np.ones(2), "score": 1.0} if sign in "AB-" else {}
            track = named.get(sign.upper())
            instances.append(kind.from_numpy(points, skeleton=skeleton, track=track, **sure))
        rows.append(sleap.LabeledFrame(video=video, frame_idx=number, instances=instances))
    project = sleap.Labels(rows, [video], [skeleton], [*named.values()])
    sleap.save_file(project, str(path))
    return path


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        (["-", "--", "--"], "in 2 of 3 frames .* frame 1 .*: animals 2, of them with a track 0"),
        (["-", "=="], "frame 1 .*: animals 2, of them with a track 0"),
        (["AB", "--", "=="], "in 2 of 3 frames .* frame 1 .*: animals 2, of them with a track 0"),
    ],
)
def test_mostly_animals_without_a_track_are_refused(
    tmp_path: Path, frames: list[str], told: str
) -> None:
    with pytest.raises(FormatError, match=rf"cage.slp: .*{told}.*Run tracking in SLEAP"):
        read_poses(tracks(tmp_path / "cage.slp", frames))


@pytest.mark.parametrize(
    ("frames", "told", "x"),
    [
        (["AB", "A-"], "in 1 of 2 frames .* frame 1 .*: animals 2, of them with a track 1", 1),
        (["AB", "="], "in 1 of 2 frames .* frame 1 .*: animals 1, of them with a track 0", np.nan),
    ],
)
def test_a_few_animals_without_a_track_are_left_out_and_noted(
    tmp_path: Path, frames: list[str], told: str, x: float
) -> None:
    recording = read_poses(tracks(tmp_path / "cage.slp", frames))
    assert recording.individuals == ("A", "B")
    np.testing.assert_array_equal(recording.position[:, 0, 0], [[0, 100], [x, np.nan]])
    (note,) = recording.notes
    assert re.search(rf"{told}\. They are left out\. Run tracking in SLEAP", note)


@pytest.mark.parametrize(
    ("frames", "individuals", "x"),
    [
        (["-", "-", "-="], ("id_0",), [[0], [1], [102]]),
        (["AB", "ABa", "AB=="], ("A", "B"), [[0, 100], [201, 101], [2, 102]]),
    ],
)
def test_an_animal_that_the_user_placed_again_is_one(
    tmp_path: Path, frames: list[str], individuals: tuple[str, ...], x: list[list[float]]
) -> None:
    recording = read_poses(tracks(tmp_path / "cage.slp", frames))
    assert recording.individuals == individuals
    assert recording.position[:, 0, 0].tolist() == x


def test_bare_array_is_refused_with_the_reason(shared_data: Path) -> None:
    with pytest.raises(FormatError, match="bare array"):
        read_poses(shared_data / "pose_formats/deepof/testDLC_sleap_table.npy")


@pytest.mark.parametrize("plural", [True, False])
def test_dimensions_of_old_and_new_movement(plural: bool) -> None:
    keypoint, individual = ("keypoints", "individuals") if plural else ("keypoint", "individual")
    values = np.arange(24.0).reshape(3, 2, 2, 2)
    poses = xr.Dataset(
        {
            "position": (("time", "space", keypoint, individual), values),
            "confidence": (("time", keypoint, individual), np.ones((3, 2, 2))),
        },
        coords={"space": ["x", "y"], keypoint: ["nose", "tail"], individual: ["a", "b"]},
        attrs={"fps": 30},
    )
    recording = _recording(_singular(poses), Path("video.slp"), PoseOptions())
    np.testing.assert_array_equal(recording.position, values)
    assert recording.individuals == ("a", "b") and recording.fps == 30


@pytest.fixture
def nwb(tmp_path: Path) -> Callable[..., Path]:
    """Write x, y `(animal, keypoint, frame, 2)` as an NWB file with ndx-pose."""

    def write(
        animals: dict[str, np.ndarray[Any, Any]],
        unit: str = "px",
        times: Sequence[float] | None = None,
    ) -> Path:
        when: dict[str, Any] = {"rate": 25.0} if times is None else {"timestamps": times}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pynwb, pose = pytest.importorskip("pynwb"), pytest.importorskip("ndx_pose")
            file = pynwb.NWBFile(
                session_description="two mice",
                identifier="cage3",
                session_start_time=datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC),
            )
            module = file.create_processing_module("behavior", "poses")
            skeletons = [pose.Skeleton(name=f"of {name}", nodes=list(NODES)) for name in animals]
            module.add(pose.Skeletons(skeletons=skeletons))
            for (name, points), skeleton in zip(animals.items(), skeletons, strict=True):
                series = [
                    pose.PoseEstimationSeries(
                        name=node,
                        data=points[index],
                        unit=unit,
                        reference_frame="top left",
                        **when,
                        confidence=np.full(points.shape[1], 0.25 * (index + 1)),
                        confidence_definition="of the tracker",
                    )
                    for index, node in enumerate(NODES)
                ]
                module.add(
                    pose.PoseEstimation(
                        name=name,
                        pose_estimation_series=series,
                        description="poses",
                        source_software="SLEAP",
                        skeleton=skeleton,
                    )
                )
            path = tmp_path / "cage.nwb"
            with pynwb.NWBHDF5IO(str(path), "w") as io:
                io.write(file)
        return path

    return write


def test_nwb_with_two_animals(nwb: Callable[..., Path]) -> None:
    points = np.arange(120.0).reshape(2, 3, 10, 2)
    path = nwb({"black": points[0], "white": points[1]})
    recording = read_poses(path)
    assert pose_format(path).name == "nwb"
    assert recording.individuals == ("black", "white") and recording.fps == 25
    for index, node in enumerate(NODES):
        where = recording.keypoints.index(node)
        np.testing.assert_array_equal(recording.position[:, :, where, 1], points[1, index])
        assert (recording.confidence[:, where, 0] == 0.25 * (index + 1)).all()
    assert read_poses(path, PoseOptions(fps=30)).fps == 30


def test_nwb_with_one_animal_is_called_by_the_identifier(nwb: Callable[..., Path]) -> None:
    recording = read_poses(nwb({"PoseEstimation": np.ones((3, 4, 2))}))
    assert recording.individuals == ("cage3",) and recording.n_frames == 4


def test_nwb_with_animals_of_different_length_is_refused(nwb: Callable[..., Path]) -> None:
    with pytest.raises(FormatError, match="differ in length"):
        read_poses(nwb({"black": np.ones((3, 4, 2)), "white": np.ones((3, 5, 2))}))


@pytest.mark.parametrize("unit", ["meters", "cm"])
def test_nwb_in_another_unit_is_refused(nwb: Callable[..., Path], unit: str) -> None:
    path = nwb({"black": np.ones((3, 4, 2))}, unit=unit)
    with pytest.raises(FormatError, match=f"cage.nwb: .*'neck' are in '{unit}'; pixels were"):
        read_poses(path)


@pytest.mark.parametrize("unit", ["pixels", "Pixel", "unknown"])
def test_nwb_in_pixels(nwb: Callable[..., Path], unit: str) -> None:
    assert read_poses(nwb({"black": np.ones((3, 4, 2))}, unit=unit)).n_frames == 4


def test_nwb_with_a_gap_in_its_times_is_refused(nwb: Callable[..., Path]) -> None:
    path = nwb({"black": np.ones((3, 6, 2))}, times=[0, 0.04, 0.08, 0.4, 0.44, 0.48])
    told = r"from pose 2 \(from 0\) to the next it is 0.32 s, mostly 0.04 s \(1 of 5 steps\)"
    with pytest.raises(FormatError, match=told):
        read_poses(path)
    assert read_poses(path, PoseOptions(fps=25)).n_frames == 6, "the video lacks these frames"


def test_nwb_with_times_that_tremble(nwb: Callable[..., Path]) -> None:
    path = nwb({"black": np.ones((3, 5, 2))}, times=[0, 0.041, 0.08, 0.119, 0.16])
    recording = read_poses(path)
    assert recording.n_frames == 5 and recording.fps == pytest.approx(25, abs=1)


def test_nwb_without_poses_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "empty.nwb", "w") as file:
        file.create_group("processing")
        file.create_group("specifications")
    with pytest.raises(FormatError, match="no PoseEstimation"):
        read_poses(tmp_path / "empty.nwb")


def test_movement_leaves_no_trace(analysis: Path) -> None:
    """In a process of its own: options and warnings as before, nothing on stderr."""
    code = f"""
import json, sys, warnings
import xarray as xr
filters, show, before = list(warnings.filters), warnings.showwarning, dict(xr.get_options())
import nuzzle.io.load as load
lazy = not {{"movement", "sleap_io"}} & set(sys.modules)
load.read_poses({str(analysis)!r})
print(json.dumps([
    lazy,
    "movement" in sys.modules,
    dict(xr.get_options()) == before,
    warnings.showwarning is show,
    list(warnings.filters) == filters,
]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True] * 5
    assert done.stderr == ""
