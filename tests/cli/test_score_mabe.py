import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app

SUBMISSION = """row_id,video_id,agent_id,target_id,action,start_frame,stop_frame
0,77,mouse1,mouse2,attack,0,10
1,77,mouse1,mouse2,mount,10,11
2,77,mouse1,self,rear,0,5
3,99,mouse1,mouse2,attack,0,10
"""


@pytest.fixture
def tree(tmp_path):
    """A tree of one lab and one recording: 10 frames of attack."""
    looked_for = json.dumps(["mouse1,mouse2,attack", "mouse1,mouse2,mount"])
    table = {
        "lab_id": ["Lab"],
        "video_id": [77],
        "frames_per_second": [30.0],
        "behaviors_labeled": [looked_for],
    }
    pd.DataFrame(table).to_csv(tmp_path / "train.csv", index=False)
    folder = tmp_path / "train_annotation" / "Lab"
    folder.mkdir(parents=True)
    bouts = {
        "agent_id": [1],
        "target_id": [2],
        "action": ["attack"],
        "start_frame": [0],
        "stop_frame": [10],
    }
    pd.DataFrame(bouts).to_parquet(folder / "77.parquet")
    (tmp_path / "submission.csv").write_text(SUBMISSION)
    return tmp_path


def score(*arguments):
    return CliRunner().invoke(build_app(), ["score-mabe", *map(str, arguments)])


def test_json_on_the_screen(tree):
    result = score(tree, tree / "submission.csv", "--json", "-")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["score"] == 0.5
    assert figures["per_lab"] == {"Lab": 0.5}
    assert figures["per_action"]["Lab"]["attack"]["f"] == 1.0
    assert (figures["rows_not_looked_for"], figures["rows_not_scored"]) == (1, 1)


def test_table_and_json_file(tree):
    target = tree / "score.json"
    result = score(tree, tree / "submission.csv", "--actions", "--json", target)
    assert result.exit_code == 0, result.output
    assert "Score, the mean over labs: 0.5000" in result.stdout
    assert (
        "does not list them, letter for letter (mouse1, mouse2, attack; mouse1, self, rear): 1"
        in (result.stdout)
    )
    assert "no truth, letter for letter: video_id is 99: 1" in result.stdout
    assert "mount" in result.stdout
    assert json.loads(target.read_text())["score"] == 0.5


def test_a_solution_csv_gives_the_same_score(tree):
    pd.DataFrame(
        {
            "row_id": [0],
            "lab_id": ["Lab"],
            "video_id": [77],
            "agent_id": ["mouse1"],
            "target_id": ["mouse2"],
            "action": ["attack"],
            "start_frame": [0],
            "stop_frame": [10],
            "behaviors_labeled": ['["mouse1,mouse2,attack", "mouse1,mouse2,mount"]'],
        }
    ).to_csv(tree / "solution.csv", index=False)
    result = score(tree / "solution.csv", tree / "submission.csv", "--json", "-")
    assert json.loads(result.stdout)["score"] == 0.5


def test_a_missing_submission_is_one_message(tree):
    result = score(tree, tree / "nothing.csv")
    assert result.exit_code == 2
    assert "There is no csv at" in result.stderr
    assert "Traceback" not in result.output


def test_a_recording_without_an_annotation_file_is_named(tree):
    table = pd.read_csv(tree / "train.csv", dtype=str)
    pd.concat([table, table.assign(video_id="78")]).to_csv(tree / "train.csv", index=False)
    result = score(tree, tree / "submission.csv")
    assert result.exit_code == 0, result.output
    assert "nothing seen: 1 of 2 recordings (78)" in " ".join(result.stdout.split())
    figures = json.loads(score(tree, tree / "submission.csv", "--json", "-").stdout)
    assert len(figures["notes"]) == 1
