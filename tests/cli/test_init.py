import json

import pytest
from typer.testing import CliRunner

import nuzzle
from nuzzle.cli.app import build_app
from nuzzle.manifest import Manifest


@pytest.fixture
def project(tmp_path, write_project):
    write_project(tmp_path, ["1", "2", "10"])
    return tmp_path


@pytest.fixture
def init(project):
    """Run `nuzzle init` on the project's files with further arguments."""

    def run(*arguments, out="m.csv"):
        files = ("--poses", f"{project}/poses/*.csv", "--labels", f"{project}/labels/*.csv")
        return CliRunner().invoke(build_app(), ["init", str(project / out), *files, *arguments])

    return run


def test_a_manifest_with_all_that_was_said(init, project):
    result = init(
        *("--fps", "25", "--px-per-cm", "12.5", "--lab", "north", "--background", "other"),
        *("--not-observed", "base", "--not-observed", "S1:base", "--undirected"),
        *("--individuals", "one=resident", "--individuals", "two=intruder"),
        *("--behaviours", "sniff=sniff_any", "--behaviours", "nose=sniff_any;fight=attack"),
        *("--val-fraction", "0.34"),
    )
    assert result.exit_code == 0, result.output
    manifest = Manifest.load(project / "m.csv")
    assert manifest.splits == {"train": 2, "val": 1}
    entry = manifest.entries[0]
    assert (entry.fps, entry.px_per_cm, entry.lab) == (25.0, 12.5, "north")
    assert (entry.background, entry.not_observed) == ("other", ("base", "S1:base"))
    assert entry.directed is False
    assert entry.individuals == {"one": "resident", "two": "intruder"}
    assert entry.behaviours == {"sniff": "sniff_any", "nose": "sniff_any", "fight": "attack"}
    assert "3 recordings" in result.stdout


def test_the_summary_shows_what_was_matched(init):
    output = init().stdout
    assert "1DLC_net.csv" in output
    assert "10_bouts.csv" in output
    assert "Note: The frame rate is unknown" in output


def test_json_alone_on_stdout(init):
    result = init("--json", "-")
    figures = json.loads(result.stdout)
    assert [row["recording"] for row in figures["recordings"]] == ["1", "2", "10"]
    assert figures["notes"]
    assert "3 recordings" in result.stderr


def test_json_in_a_file_beside_the_text(init, project):
    result = init("--json", str(project / "init.json"))
    assert "3 recordings" in result.stdout
    first = json.loads((project / "init.json").read_text())
    assert first["manifest"].endswith("m.csv")
    assert first["nuzzle"] == nuzzle.__version__
    assert init("--json", str(project / "init.json"), "--overwrite").exit_code == 0


def test_nothing_is_overwritten_unasked(init, project):
    table = project / "mine.csv"
    table.write_text("years of work")
    data = project / "mine.json"
    data.write_text('{"years": "of work"}')
    for mine in (table, data):
        before = mine.read_text()
        refused = init("--json", str(mine), "--overwrite").stderr
        assert "is not what --json has written before" in refused
        assert mine.read_text() == before
    assert not (project / "m.csv").exists(), "refused before the work"
    assert init().exit_code == 0
    again = init()
    assert again.exit_code == 2
    assert "exists already" in again.stderr
    assert init("--overwrite").exit_code == 0


def test_json_does_not_replace_what_the_command_has_just_written(init, project):
    result = init("--json", str(project / "m.csv"))
    assert result.exit_code == 2 and "is not what --json has written before" in result.stderr
    assert (project / "m.csv").read_text().startswith("recording,")
    (project / "empty.json").touch()
    assert init("--json", str(project / "empty.json"), out="e.csv").exit_code == 0
    (project / "file").write_text("no folder")
    nowhere = init("--json", str(project / "file" / "init.json"), out="n.csv")
    assert nowhere.exit_code == 2 and "file is no folder to write in" in nowhere.stderr
    assert not (project / "n.csv").exists(), "refused before the work"


def test_mistakes_are_told_with_the_mend(init, project):
    assert "old=new" in init("--keypoints", "leftear").stderr
    assert "a csv" in init(out="m.xlsx").stderr
    for wrong in ("0", "-5", "nan", "inf"):
        assert "--fps is a positive number; got" in init("--fps", wrong).stderr
    assert "--px-per-cm is a positive number; got 0" in init("--px-per-cm", "0").stderr
    unquoted = init(str(project / "poses" / "2DLC_net.csv"))
    assert unquoted.exit_code == 2
    assert "Quote patterns" in unquoted.stderr
    assert not (project / "m.csv").exists()


def test_a_split_by_time(init, project):
    result = init("--fps", "10", "--train-frames", "0.5")
    assert "not on new animals" in result.stdout
    assert Manifest.load(project / "m.csv").splits == {"train": 3, "val": 3}
