from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from nuzzle.errors import FormatError, InputError, OutputError
from nuzzle.io.submission import read_solution, read_submission, write_submission
from nuzzle.labels import bout_table

HEADER = "video_id,agent_id,target_id,action,start_frame,stop_frame"


def bouts(*rows: tuple[str, str, str, int, int]) -> pd.DataFrame:
    names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
    return bout_table([dict(zip(names, row, strict=True)) for row in rows])


def test_written_rows_are_the_challenges(tmp_path: Path) -> None:
    tables = {
        "17": bouts(("mouse1", "mouse2", "attack", 0, 5), ("mouse2", "mouse2", "rear", 7, 9)),
        "18": bouts(),
        "19": bouts(("mouse3", "mouse1", "sniff", 2, 3)),
    }
    path = write_submission(tables, tmp_path / "submission.csv")
    assert path.read_text(encoding="utf-8").splitlines() == [
        f"row_id,{HEADER}",
        "0,17,mouse1,mouse2,attack,0,5",
        "1,17,mouse2,self,rear,7,9",
        "2,19,mouse3,mouse1,sniff,2,3",
    ]
    table = read_submission(path)
    assert list(table.columns) == HEADER.split(",")
    assert table.to_numpy().tolist()[1] == ["17", "mouse2", "self", "rear", 7, 9]
    with pytest.raises(OutputError, match="exists already"):
        write_submission(tables, path)


def test_a_submission_is_read_as_it_is_spelled(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    path.write_text(f"{HEADER}\n17,1,2,attack,0,5\n17,mouse1,mouse1,'rear',4,9\n")
    assert read_submission(path)[["agent_id", "target_id", "action"]].to_numpy().tolist() == [
        ["1", "2", "attack"],
        ["mouse1", "mouse1", "'rear'"],
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_submission_as_spreadsheets_save_it(
    tmp_path: Path, separator: str, encoding: str
) -> None:
    path = tmp_path / "submission.csv"
    text = f"{HEADER}\r\n17,mouse1,self,rear,0,5\r\n".replace(",", separator)
    path.write_bytes(text.encode(encoding))
    expected = [["17", "mouse1", "self", "rear", 0, 5]]
    assert read_submission(path).to_numpy().tolist() == expected


def test_a_truth_with_semicolons_has_commas_in_its_cells(tmp_path: Path) -> None:
    path = tmp_path / "solution.csv"
    listed = '["mouse1,mouse2,attack", "mouse1,self,rear"]'.replace('"', '""')
    header = f"{HEADER},lab_id,behaviors_labeled".replace(",", ";")
    path.write_text(f'{header}\n17;mouse1;self;rear;0;5;LabA;"{listed}"\n')
    assert read_solution(path).looked_for == {
        "17": {("mouse1", "mouse2", "attack"), ("mouse1", "self", "rear")}
    }


def test_nothing_predicted_is_a_header(tmp_path: Path) -> None:
    path = write_submission({"17": bouts()}, tmp_path / "empty.csv")
    assert path.read_text(encoding="utf-8") == f"row_id,{HEADER}\n"
    assert len(read_submission(path)) == 0


def test_animals_of_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'17'.*\['intruder', 'resident'\]"):
        write_submission(
            {"17": bouts(("resident", "intruder", "attack", 0, 5))}, tmp_path / "out.csv"
        )
    assert not (tmp_path / "out.csv").exists()


def test_the_challenges_own_sample_reads(shared_data: Path) -> None:
    table = read_submission(shared_data / "mabe2025" / "sample_submission.csv")
    assert table.iloc[0].tolist() == ["438887472", "mouse1", "mouse2", "sniff", 0, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video_id,agent_id\n1,2\n", r"line 1: .*missing"),
        (f"{HEADER}\n1,mouse1,self,rear,0,2\n1,mouse1,self,rear,x,2\n", "line 3: start_frame"),
        (f"{HEADER}\n1,mouse1,self,rear,0,2.5\n", "line 2: stop_frame is '2.5'"),
        ("PK\x03\x04", "is not text"),
        ("\ufeff", "is not a csv: No columns"),
    ],
)
def test_wrong_csv_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        read_submission(path)


def test_solution_csv(tmp_path: Path) -> None:
    path = tmp_path / "solution.csv"
    listed = '"[""mouse1,mouse2,attack"", ""\'mouse1\',\'self\',\'rear\'""]"'
    path.write_text(
        f"{HEADER},lab_id,behaviors_labeled\n"
        f"17,1,2,attack,0,5,Basel,{listed}\n17,mouse1,mouse1,rear,4,9,Basel,{listed}\n",
        encoding="utf-8",
    )
    solution = read_solution(path)
    assert solution.bouts.to_numpy().tolist() == [
        ["17", "mouse1", "mouse2", "attack", 0, 5],
        ["17", "mouse1", "self", "rear", 4, 9],
    ]
    assert solution.looked_for == {
        "17": {("mouse1", "mouse2", "attack"), ("mouse1", "self", "rear")}
    }
    assert solution.lab == {"17": "Basel"}


def test_solution_of_the_challenges_tree(shared_data: Path) -> None:
    solution = read_solution(shared_data / "mabe2025")
    # All but the 29 (4 of them without frames) of the recording without a row.
    assert len(solution.bouts) == 83_620 - 29
    assert (solution.bouts["stop_frame"] <= solution.bouts["start_frame"]).sum() == 59 - 4
    assert len(solution.lab) == len(solution.looked_for) == 862
    rows = solution.bouts[["video_id", "agent_id", "target_id", "action"]].drop_duplicates()
    assert all(
        (agent, target, action) in solution.looked_for[video]
        for video, agent, target, action in rows.itertuples(index=False)
    )


def test_solution_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no train\.csv"):
        read_solution(tmp_path)
    with pytest.raises(InputError, match="no csv at"):
        read_solution(tmp_path / "nothing.csv")
