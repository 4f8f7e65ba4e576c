"""Files given by name become rows of a manifest."""

import json

import pytest

from nuzzle.errors import InputError
from nuzzle.files import write_text
from nuzzle.io.calms21 import manifest_from_calms21
from nuzzle.workflow.entries import entries_of, files_named


def test_what_neither_file_nor_row_says_is_said_once_for_all(tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).touch()
    table = "recording,poses,fps\nm1,one.csv,25\nm2,two.csv,\n"
    said = []
    rows = entries_of(
        write_text(tmp_path / "m.csv", table), {"fps": 30.0, "lab": "here"}, say=said.append
    )
    assert [(row.fps, row.lab) for row in rows] == [(25.0, "here"), (30.0, "here")]
    assert [line.removeprefix(f"{tmp_path}/") for line in said] == [
        "m.csv: its own fps is used for m1, not 30.0"
    ]


def test_a_file_that_was_cut_short_is_told_as_such(tmp_path):
    cut = tmp_path / "cut.h5"
    cut.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(InputError, match=r"cut\.h5: is an HDF5 file that was cut short or damaged"):
        next(entries_of(cut, {}))


def test_sequences_whose_short_names_are_alike_keep_their_whole_names(tmp_path):
    one = {"keypoints": [[[[1.0] * 7] * 2] * 2] * 3, "scores": [[[1.0] * 7] * 2] * 3}
    groups = {f"annotator{n}": {"mouse1": one} for n in range(2)}
    file = write_text(tmp_path / "calms21.json", json.dumps(groups | {"three": {"mouse2": one}}))
    names = [entry.recording for entry in entries_of(file, {})]
    assert names == ["annotator0_mouse1", "annotator1_mouse1", "mouse2"]
    assert names == [entry.recording for entry in manifest_from_calms21([file])]


def test_a_pattern_stands_for_its_files_and_a_name_for_itself(tmp_path):
    for name in ("2.csv", "10.csv", "[a].csv", "a.csv", "b.h5"):
        (tmp_path / name).touch()

    def names(*given):
        return [path.name for path in files_named([tmp_path / each for each in given])]

    assert names("b.h5", "?*.csv") == ["b.h5", "2.csv", "10.csv", "[a].csv", "a.csv"]
    assert names("[12].csv") == ["2.csv"]
    assert names("[a].csv") == ["[a].csv"], "there is such a file"
    assert names("gone.csv", "gone [1].csv") == ["gone.csv", "gone [1].csv"]
    assert files_named("one.csv") == files_named(["one.csv"])
    with pytest.raises(InputError, match="No file matches"):
        names("c*.csv")
