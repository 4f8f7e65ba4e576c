"""Files given by name become rows of a manifest."""

from nuzzle.files import write_text
from nuzzle.workflow.entries import entries_of


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
