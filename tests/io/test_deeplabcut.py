from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nuzzle.errors import FormatError, InputError, ValidationError
from nuzzle.io.describe import describe
from nuzzle.io.load import pose_format, read_poses
from nuzzle.io.registry import PoseOptions

INDIVIDUALS = ("ann", "bob")
KEYPOINTS = ("nose", "tail")
COORDINATES = ("x", "y", "likelihood")


def table(n_frames: int = 3) -> pd.DataFrame:
    """Cell of frame f and column c is ``100 f + c``; likelihoods are ``f / 10``."""
    columns = pd.MultiIndex.from_product(
        [["net"], INDIVIDUALS, KEYPOINTS, COORDINATES],
        names=["scorer", "individuals", "bodyparts", "coords"],
    )
    values = 100.0 * np.arange(n_frames)[:, None] + np.arange(len(columns))
    values[:, 2::3] = np.arange(n_frames)[:, None] / 10
    return pd.DataFrame(values, columns=columns)


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    def write(frame: pd.DataFrame, name: str = "poses.csv") -> Path:
        frame.to_csv(tmp_path / name)
        return tmp_path / name

    return write


def test_every_cell_is_where_its_column_says(csv: Callable[..., Path]) -> None:
    recording = read_poses(csv(table()))
    assert recording.individuals == INDIVIDUALS
    assert recording.keypoints == KEYPOINTS
    # Columns: ann nose x0 y1 p2, ann tail x3 y4, bob nose x6 y7, bob tail x9 y10.
    assert recording.position[1].tolist() == [[[100, 106], [103, 109]], [[101, 107], [104, 110]]]
    np.testing.assert_allclose(recording.confidence[2], 0.2)
    assert recording.fps is None and recording.name == "poses" and recording.unit == "px"


def test_options_name_the_recording_and_its_rate(csv: Callable[..., Path]) -> None:
    recording = read_poses(csv(table()), PoseOptions(name="cage3", fps=25.0))
    assert (recording.name, recording.fps) == ("cage3", 25.0)


def test_columns_go_by_name_not_by_place(csv: Callable[..., Path]) -> None:
    shuffled = table().iloc[:, [7, 2, 0, 1, 10, 9, 3, 4, 5, 6, 8, 11]]
    recording, plain = read_poses(csv(shuffled)), read_poses(csv(table(), "plain.csv"))
    again = recording.poses.sel(individual=list(INDIVIDUALS), keypoint=list(KEYPOINTS))
    np.testing.assert_array_equal(again["position"].values, plain.position)


def test_first_row_without_points_is_a_frame(csv: Callable[..., Path]) -> None:
    frame = table()
    frame.iloc[0] = np.nan
    recording = read_poses(csv(frame))
    assert recording.n_frames == 3
    assert not recording.present[0].any() and recording.present[1:].all()


def test_dropped_rows_are_frames_without_points(csv: Callable[..., Path]) -> None:
    recording = read_poses(csv(table(6).drop(index=[2, 3])))
    assert recording.present.all(axis=(1, 2)).tolist() == [True, True, False, False, True, True]
    assert recording.position[4, 0, 0, 0] == 400


def test_points_of_the_scene_are_no_animal(csv: Callable[..., Path]) -> None:
    frame = table()
    for coordinate in COORDINATES:
        frame["net", "single", "corner", coordinate] = 1.0
    recording = read_poses(csv(frame))
    assert recording.individuals == INDIVIDUALS and recording.keypoints == KEYPOINTS


def test_one_animal_has_three_header_rows(csv: Callable[..., Path]) -> None:
    frame = table()["net"][["ann"]]
    frame.columns = pd.MultiIndex.from_tuples(
        [("net", *name[1:]) for name in frame.columns], names=["scorer", "bodyparts", "coords"]
    )
    recording = read_poses(csv(frame))
    assert recording.individuals == ("individual_0",)
    assert recording.position[1, :, :, 0].tolist() == [[100, 103], [101, 104]]


def test_lightning_pose_is_told_by_its_scorer(csv: Callable[..., Path]) -> None:
    frame = table()["net"][["ann"]]
    frame.columns = pd.MultiIndex.from_tuples(
        [("heatmap_mhcrnn_tracker", *name[1:]) for name in frame.columns],
        names=["scorer", "bodyparts", "coords"],
    )
    # A smoother's extra columns are no part of the poses.
    frame["heatmap_mhcrnn_tracker", "nose", "x_posterior_var"] = 0.5
    path = csv(frame)
    assert pose_format(path).name == "lightning_pose"
    assert read_poses(path).keypoints == KEYPOINTS


@pytest.mark.parametrize("key", ["df_with_missing", "tracks"])
@pytest.mark.parametrize("kind", ["fixed", "table"])
def test_h5_under_any_key_is_the_csv(
    csv: Callable[..., Path], tmp_path: Path, key: str, kind: str
) -> None:
    pytest.importorskip("tables")
    table().to_hdf(tmp_path / "poses.h5", key=key, format=kind)
    recording, plain = read_poses(tmp_path / "poses.h5"), read_poses(csv(table()))
    np.testing.assert_array_equal(recording.position, plain.position)
    np.testing.assert_array_equal(recording.confidence, plain.confidence)
    assert recording.individuals == plain.individuals


def marked(mark: float, n_frames: int = 4) -> pd.DataFrame:
    """Bob was not found in frames 1 and 2: x, y and likelihood of both his points are `mark`."""
    frame = table(n_frames)
    frame.iloc[1:3, 6:] = mark
    return frame


@pytest.mark.parametrize("kind", ["csv", "h5", "lightning"])
@pytest.mark.parametrize("mark", [-1.0, 0.0])
def test_animals_that_were_not_found_are_missing_however_they_are_marked(
    csv: Callable[..., Path], tmp_path: Path, mark: float, kind: str
) -> None:
    frame, path = marked(mark), tmp_path / "poses.h5"
    if kind == "h5":
        pytest.importorskip("tables")
        frame.to_hdf(path, key="tracks")
    else:
        path = csv(frame.rename(columns={"net": "heatmap"}) if kind == "lightning" else frame)
    recording, plain = read_poses(path), read_poses(csv(marked(np.nan), "plain.csv"))
    assert recording.present[:, :, 0].all()
    assert recording.present[:, 0, 1].tolist() == [True, False, False, True]
    np.testing.assert_array_equal(recording.position, plain.position)
    np.testing.assert_array_equal(recording.confidence, plain.confidence)
    (note,) = recording.notes
    assert note.startswith("4 points in 2 of 4 frames count as missing: their likelihood is below")
    assert plain.notes == ()


def test_a_point_of_likelihood_0_at_a_place_is_a_point(csv: Callable[..., Path]) -> None:
    frame = table()
    frame.iloc[1, 6:9] = 0.0, 7.0, 0.0
    frame.iloc[2, 6:9] = -3.0, -4.0, 0.5
    recording = read_poses(csv(frame))
    assert recording.present.all() and recording.notes == ()
    assert recording.position[1:, :, 0, 1].tolist() == [[0, 7], [-3, -4]]
    frame.iloc[1, 8] = -0.25
    assert not read_poses(csv(frame)).present[1, 0, 1]
    bare = table().drop(columns="likelihood", level="coords")
    bare.iloc[1] = 0.0
    assert read_poses(csv(bare)).present.all(), "nothing says that it is none"


@pytest.mark.parametrize(
    ("likelihood", "note"),
    [(0.0, "every likelihood is 0, so"), (99.5, "likelihoods are up to 99.5, where 0 to 1 was")],
)
def test_likelihoods_of_another_scale_are_told_and_kept(
    csv: Callable[..., Path], likelihood: float, note: str
) -> None:
    frame = table()
    frame.iloc[:, 2::3] = likelihood
    recording = read_poses(csv(frame))
    assert recording.present.all() and (recording.confidence == likelihood).all()
    assert len(recording.notes) == 1 and recording.notes[0].startswith(note)


def test_missing_column_is_named(csv: Callable[..., Path]) -> None:
    frame = table().drop(columns=[("net", "bob", "tail", "y")])
    with pytest.raises(FormatError, match="bob / tail / y is missing"):
        read_poses(csv(frame))


def test_poses_without_likelihoods_have_unknown_confidence(csv: Callable[..., Path]) -> None:
    recording = read_poses(csv(table().drop(columns="likelihood", level="coords")))
    assert np.isnan(recording.confidence).all() and recording.present.all()


def test_three_dimensions_are_refused(csv: Callable[..., Path]) -> None:
    frame = table().rename(columns={"likelihood": "z"}, level="coords")
    with pytest.raises(FormatError, match="three-dimensional"):
        read_poses(csv(frame))


def test_bad_cell_is_named_by_line(csv: Callable[..., Path]) -> None:
    path = csv(table())
    path.write_text(path.read_text().replace("106.0", "abc"))
    with pytest.raises(FormatError, match=r"line 6: a number was expected in column 8, 'abc'"):
        read_poses(path)


def test_labelled_images_are_no_tracking(csv: Callable[..., Path]) -> None:
    with pytest.raises(FormatError, match=r"line 5: .*'img01.png' came.*labelled training images"):
        read_poses(csv(table().set_axis(["img01.png", "img02.png", "img03.png"])))


def test_file_that_was_cut_short_is_refused_with_its_line(csv: Callable[..., Path]) -> None:
    path = csv(table())
    path.write_text(path.read_text().rsplit(",", 6)[0])
    with pytest.raises(FormatError, match=r"line 7: 7 cells came.*cut short"):
        read_poses(path)


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_named(csv: Callable[..., Path], sign: str, name: str) -> None:
    path = csv(table())
    path.write_text(path.read_text().replace(",", sign).replace(".", ","))
    message = rf"poses\.csv, line 1: .*{name}.*commas.*save it again"
    with pytest.raises(FormatError, match=message):
        pose_format(path)
    with pytest.raises(FormatError, match=message):
        read_poses(path, format="deeplabcut_csv")


@pytest.mark.parametrize(("sign", "what"), [(",", "is not in UTF-8"), (";", "semicolons")])
def test_an_encoding_of_windows_is_named(csv: Callable[..., Path], sign: str, what: str) -> None:
    path = csv(table().rename(columns={"ann": "Änne"}))
    assert read_poses(path).individuals == ("Änne", "bob")
    path.write_text(path.read_text("utf-8").replace(",", sign), "cp1252")
    for read in (pose_format, lambda path: read_poses(path, format="deeplabcut_csv"), describe):
        with pytest.raises(FormatError, match=rf"poses\.csv.*{what}.*ave it again as csv"):
            read(path)


@pytest.mark.parametrize("sign", [",", "\t"])
def test_utf_16_is_named(csv: Callable[..., Path], sign: str) -> None:
    path = csv(table())
    path.write_text(path.read_text().replace(",", sign), "utf-16")
    for read in (pose_format, lambda path: read_poses(path, format="deeplabcut_csv"), describe):
        with pytest.raises(
            FormatError, match=r"poses\.csv: is in UTF-16, .* in UTF-8, with commas"
        ):
            read(path)


def test_columns_that_a_spreadsheet_left_empty_are_no_poses(csv: Callable[..., Path]) -> None:
    path, plain = csv(table()), read_poses(csv(table(), "plain.csv"))
    path.write_text(path.read_text().replace("\n", ",,,\n"))
    recording = read_poses(path)
    assert recording.keypoints == KEYPOINTS and recording.individuals == INDIVIDUALS
    np.testing.assert_array_equal(recording.position, plain.position)
    np.testing.assert_array_equal(recording.confidence, plain.confidence)


def test_header_without_a_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "poses.csv"
    path.write_text("scorer,,\nbodyparts,,\ncoords,,\n0,1,2\n")
    with pytest.raises(FormatError, match=r"poses\.csv: the header names no keypoint"):
        read_poses(path)


def test_header_rows_of_different_lengths_are_refused(csv: Callable[..., Path]) -> None:
    path = csv(table())
    path.write_text(path.read_text().replace(",x,y,likelihood\n", ",x,y\n"))
    with pytest.raises(FormatError, match=r"the header rows have \[13, 13, 12\] cells"):
        read_poses(path)


def test_a_scorer_row_that_is_longer_than_the_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "poses.csv"
    rows = ["scorer,A,A,A,A", "bodyparts,n,n,n", "coords,x,y,likelihood", "0,1,2,0.9"]
    path.write_text("\n".join(rows) + "\n")
    with pytest.raises(FormatError, match="line 4: 4 cells came, the header has 5"):
        read_poses(path)


def test_header_without_frames_is_refused(csv: Callable[..., Path]) -> None:
    with pytest.raises(FormatError, match="no frames"):
        read_poses(csv(table(0)))


@pytest.mark.parametrize("index", [[0, 2, 1], [0, 1, 1], [0.0, 0.5, 1.0], [0, 1, 10**9]])
def test_frame_numbers_that_are_none_are_refused(
    csv: Callable[..., Path], index: list[float]
) -> None:
    with pytest.raises(FormatError, match="frame"):
        read_poses(csv(table().set_axis(index)))


def test_infinity_is_refused_with_its_frame(csv: Callable[..., Path]) -> None:
    frame = table()
    for number in (np.inf, 1e300):
        frame.iloc[2, 0] = number
        with pytest.raises(ValidationError, match=r"than any picture, the first in frame 2"):
            read_poses(csv(frame))


def test_recording_without_a_single_point_is_read(csv: Callable[..., Path]) -> None:
    frame = table()
    frame[:] = np.nan
    recording = read_poses(csv(frame))
    assert recording.n_frames == 3 and not recording.present.any()


def test_empty_file_and_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    with pytest.raises(InputError, match="is empty"):
        read_poses(tmp_path / "empty.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_poses(tmp_path)


def test_h5_that_is_another_table_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("tables")
    pd.DataFrame({"a": [1.0]}).to_hdf(tmp_path / "other.h5", key="df")
    with pytest.raises(FormatError, match="bodyparts, coords"):
        read_poses(tmp_path / "other.h5")


@pytest.mark.parametrize("node", ["axis0_level1", "axis1", "block0_items_level2", "block0_values"])
def test_h5_without_an_inner_node_is_damaged(tmp_path: Path, node: str) -> None:
    tables = pytest.importorskip("tables")
    path = tmp_path / "poses.h5"
    table().to_hdf(path, key="tracks")
    with tables.open_file(path, "a") as file:
        file.remove_node(f"/tracks/{node}")
    with pytest.raises(
        FormatError, match=r"poses\.h5: the table 'tracks' was cut short or damaged"
    ):
        read_poses(path)


# Real files


def rat_files(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "rat_dyads" / "poses").glob("*.csv"))


def test_all_rat_recordings_have_every_frame(shared_data: Path) -> None:
    files = rat_files(shared_data)
    empty_first = 0
    for path in files:
        recording = read_poses(path)
        assert recording.n_frames == path.read_bytes().count(b"\n") - 4, path.name
        assert recording.keypoints == ("top", "body", "tail", "tail-m", "tail-e")
        empty_first += not recording.present[0].any()
    assert len(files) == 42
    assert empty_first == 13


def test_rat_recording_cell_by_cell(shared_data: Path) -> None:
    path = rat_files(shared_data)[0]
    rows = [line.split(",") for line in path.read_text().splitlines()]
    recording = read_poses(path)
    for frame in (0, 1, 500, 7000, recording.n_frames - 1):
        cells = [float(cell) if cell else np.nan for cell in rows[4 + frame][1:]]
        expected = np.array(cells, dtype=np.float32).reshape(2, 5, 3)
        np.testing.assert_array_equal(
            recording.position[frame].transpose(2, 1, 0), expected[..., :2]
        )
        np.testing.assert_array_equal(recording.confidence[frame].T, expected[..., 2])


def test_resident_intruder(shared_data: Path) -> None:
    path = next((shared_data / "resident_intruder").glob("*DLC*.csv"))
    recording = read_poses(path)
    assert recording.n_frames == 5700 and recording.present.all()
    assert recording.individuals == ("adult", "juvenile")
    assert recording.position[0, :, 0, 0].tolist() == pytest.approx([606.248, 718.07])


@pytest.mark.parametrize(
    ("name", "frames", "keypoints", "individuals"),
    [
        ("deepof/testDLC_csv_table_madlc.csv", 97, 14, ("mouse_black_tail", "mouse_white_tail")),
        ("deepof/testDLC_csv_table_multi.csv", 98, 28, ("individual_0",)),
        ("deepof/testDLC_h5_table_madlc.h5", 100, 14, ("mouse_black_tail", "mouse_white_tail")),
        ("deepof/testDLC_h5_table_multi.h5", 100, 28, ("individual_0",)),
        (
            "amadeusgpt_mabe22_triplet/EGS8X2MN4SSUGFWAV976.h5",
            1800,
            12,
            ("mouse1", "mouse2", "mouse3"),
        ),
    ],
)
def test_pose_format_files(
    shared_data: Path, name: str, frames: int, keypoints: int, individuals: tuple[str, ...]
) -> None:
    recording = read_poses(shared_data / "pose_formats" / name)
    assert recording.n_frames == frames
    assert len(recording.keypoints) == keypoints
    assert recording.individuals == individuals


def test_agrees_with_movement(shared_data: Path) -> None:
    from nuzzle.io.trackers import movement_loader

    loader = movement_loader()
    for path in (
        rat_files(shared_data)[0],
        shared_data / "pose_formats/deepof/testDLC_csv_table_madlc.csv",
        shared_data / "pose_formats/amadeusgpt_mabe22_triplet/EGS8X2MN4SSUGFWAV976.h5",
    ):
        theirs, ours = loader.from_dlc_file(path), read_poses(path)
        found = (theirs["position"] != 0).any("space") | (theirs["confidence"] != 0)
        for name, values in (("position", ours.position), ("confidence", ours.confidence)):
            expected = theirs[name].where(found).values.astype(np.float32)
            np.testing.assert_array_equal(values, expected)
