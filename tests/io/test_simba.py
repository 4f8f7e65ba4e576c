from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nuzzle.errors import FormatError, InputError
from nuzzle.io.registry import LabelOptions
from nuzzle.io.simba import FORMAT
from nuzzle.labels import Labels, Pair

MICE = LabelOptions(individuals=("resident", "intruder"))


@pytest.fixture
def table():
    """Six frames of poses, features and two behaviours, as SimBA orders them."""
    return pd.DataFrame(
        {
            "Nose_1_x": [1.0, 2, 3, 4, 5, 6],
            "Nose_1_y": [0.0] * 6,
            "Nose_1_p": [1.0, 1, 0, 1, 1, 1],
            "Movement_mouse_1_centroid": [0.0, 1.5, 0, 1, 0, 1],
            "Low_prob_detections_0.1": [0, 0, 1, 0, 0, 0],
            "Attack": [0, 1, 1, 0, 0, 1],
            "Sniffing": [1, 1, 0, 0, 0, 0],
        }
    )


def test_behaviours_are_the_columns_of_0_and_1_that_are_no_poses(tmp_path, table, spans_of):
    path = tmp_path / "video.csv"
    table.to_csv(path)
    assert FORMAT.sniff(path)
    labels = FORMAT.read(path, replace(MICE, agent="resident"))
    assert spans_of(labels.bouts) == [
        ("resident", "intruder", "Attack", 1, 3),
        ("resident", "intruder", "Attack", 5, 6),
        ("resident", "intruder", "Sniffing", 0, 2),
    ]
    assert spans_of(labels.observed) == [
        ("resident", "intruder", name, 0, 6) for name in ("Attack", "Sniffing")
    ]
    assert labels.n_frames == 6
    assert labels.notes == ("no behaviours, since not 0/1: Movement_mouse_1_centroid",)


def test_an_empty_cell_is_not_observed(tmp_path, table, spans_of):
    path = tmp_path / "video.csv"
    table["Attack"] = [0, 1, None, None, 1, 0]
    table.to_csv(path)
    labels = FORMAT.read(path, MICE)
    attack = labels.observed[labels.observed["behaviour"] == "Attack"]
    assert spans_of(attack) == [
        ("resident", "intruder", "Attack", 0, 2),
        ("resident", "intruder", "Attack", 4, 6),
    ]


def test_a_file_whose_first_frames_nobody_looked_at_is_recognised(tmp_path):
    path = tmp_path / "video.csv"
    table = pd.DataFrame({"frame": range(100), "Attack": [None] * 90 + [0, 1] * 5})
    table.to_csv(path, index=False)
    assert FORMAT.sniff(path)
    assert FORMAT.read(path, MICE).observed["start_frame"].tolist() == [90]
    table["Attack"] = [None] * 90 + [0.5] * 10
    table.to_csv(path, index=False)
    assert not FORMAT.sniff(path)
    table["Attack"] = [None] * 100
    table.to_csv(path, index=False)
    assert not FORMAT.sniff(path)


def test_longer_than_the_poses(tmp_path, table):
    path = tmp_path / "video.csv"
    table.to_csv(path)
    labels = FORMAT.read(path, LabelOptions(n_frames=4))
    assert labels.n_frames == 4 and "2 frames past the 4" in labels.notes[1]


def test_blanks_around_a_name_are_no_part_of_it(tmp_path):
    path = tmp_path / "video.csv"
    path.write_text("frame,attack ,  sniff\n0,0,1\n1,1,0\n")
    labels = FORMAT.read(path, MICE)
    assert labels.behaviours == ("attack", "sniff")
    assert labels.bouts["behaviour"].tolist() == ["sniff", "attack"]
    path.write_text("frame,attack ,attack\n0,0,1\n1,1,0\n")
    with pytest.raises(FormatError, match=r"video\.csv, line 1: .*attack came twice.*another name"):
        FORMAT.read(path, MICE)


@pytest.mark.parametrize("name", ["", "frame", "Video_frame_number"])
@pytest.mark.parametrize(
    ("frames", "line", "came"),
    [
        ([100, 101, 102, 103], 2, "100 came for frame 0"),
        ([0, 1, 3, 4], 4, "3 came for frame 2"),
        ([1, 2, 4, 5], 4, "4 came for frame 3"),
        ([0, 1, 0, 1], 4, "0 came for frame 2"),
        ([0, 1, 1.5, 2], 4, "1.5 came for frame 2"),
    ],
)
def test_rows_that_are_not_the_frames_in_order_are_refused(tmp_path, name, frames, line, came):
    path = tmp_path / "video.csv"
    pd.DataFrame({name: frames, "Attack": [0, 1, 1, 0]}).to_csv(path, index=False)
    with pytest.raises(FormatError, match=rf"video\.csv, line {line}: .*{came}.*leave the cells"):
        FORMAT.read(path, MICE)


def test_frames_may_count_from_1_and_rows_may_be_empty(tmp_path):
    path = tmp_path / "video.csv"
    path.write_text("frame,Attack\n1,0\n2,1\n\n4,1\n\n")
    labels = FORMAT.read(path, MICE)
    assert labels.bouts[["start_frame", "stop_frame"]].to_numpy().tolist() == [[1, 2], [3, 4]]
    assert labels.observed["start_frame"].tolist() == [0, 3]


def test_no_behaviours(tmp_path, table):
    path = tmp_path / "video.csv"
    table.drop(columns=["Attack", "Sniffing"]).to_csv(path)
    assert not FORMAT.sniff(path)
    with pytest.raises(FormatError, match="no column that holds nothing but 0 and 1"):
        FORMAT.read(path, MICE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Attack,Sniffing\n", "no rows"),
        (b"Attack,Sniffing\n0,1\n0,1,1\n", "line 3"),
        (b"\x00\x01\x02\xff" * 50, "not text"),
    ],
)
def test_files_that_are_no_such_table(tmp_path, content, message):
    path = tmp_path / "video.csv"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        FORMAT.read(path, MICE)


def test_round_trip_of_one_pair(tmp_path, spans_of):
    active = np.zeros((20, 2), dtype=bool)
    active[3:9, 0] = active[5:12, 1] = True
    observed = np.ones_like(active)
    observed[15:, 1] = False
    labels = Labels.from_frames(
        Pair("resident", "intruder"), active, ["attack", "sniff"], observed=observed
    )
    path = FORMAT.write(labels, tmp_path / "video.csv", 30.0)
    assert FORMAT.sniff(path)
    again = FORMAT.read(path, MICE)
    assert spans_of(again.bouts) == spans_of(labels.bouts)
    assert spans_of(again.observed) == spans_of(labels.observed)
    assert path.read_text().splitlines()[:2] == ["frame,attack,sniff", "0,0,0"]
    assert path.read_text().splitlines()[16] == "15,0,"


def test_several_pairs_cannot_be_written(tmp_path, overlapping_labels):
    with pytest.raises(InputError, match=r"one pair.*intruder->resident"):
        FORMAT.write(overlapping_labels, tmp_path / "video.csv", 30.0)
    assert not (tmp_path / "video.csv").exists()


@pytest.mark.parametrize("name", ["frame", "look_x", "Probability"])
def test_names_that_would_not_come_back_cannot_be_written(tmp_path, name):
    active = np.ones((5, 2), dtype=bool)
    labels = Labels.from_frames(Pair("a", "b"), active, [name, "attack"])
    with pytest.raises(InputError, match=f"video.csv: .*{name}.*rename_behaviours"):
        FORMAT.write(labels, tmp_path / "video.csv", 30.0)
    assert not (tmp_path / "video.csv").exists()


def test_what_is_directed_at_oneself_is_of_the_agent_alone(tmp_path, table, spans_of):
    path = tmp_path / "video.csv"
    table.to_csv(path)
    labels = FORMAT.read(path, replace(MICE, own=("Sniffing",)))
    assert spans_of(labels.bouts) == [
        ("resident", "intruder", "Attack", 1, 3),
        ("resident", "intruder", "Attack", 5, 6),
        ("resident", "resident", "Sniffing", 0, 2),
    ]
    assert spans_of(labels.observed) == [
        ("resident", "intruder", "Attack", 0, 6),
        ("resident", "resident", "Sniffing", 0, 6),
    ]
