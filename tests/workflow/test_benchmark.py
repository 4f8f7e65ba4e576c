"""The folder that the benchmarks on public data share."""

import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app
from nuzzle.errors import OutputError
from nuzzle.workflow.benchmark import claimed

MADE = ("scores", "score.json")


def claim(out, described, *, makes="", fresh=False):
    with claimed(out, described, fresh=fresh, made=MADE):
        if makes:
            (out / makes).write_text("0.8")


def test_a_run_that_was_refused_stands_in_nobodys_way(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="no keypoint"), claimed(out, "a: 1", fresh=False, made=()):
        raise ValueError("no keypoint")
    claim(out, "a: 2", makes="score.json")
    claim(out, "a: 2")
    assert (out / "score.json").exists()


def test_results_of_something_else_stay(tmp_path):
    claim(tmp_path, "a: 1", makes="score.json")
    with pytest.raises(OutputError, match="on other data or with another config"):
        claim(tmp_path, "a: 2")
    assert (tmp_path / "score.json").exists()
    claim(tmp_path, "a: 2", fresh=True)
    assert not (tmp_path / "score.json").exists()


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("finished")
    with pytest.raises(OutputError, match="holds no benchmark"):
        claim(tmp_path, "a: 1", fresh=True)
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_two_runs_at_once(tmp_path):
    busy = pytest.raises(OutputError, match="Another run is writing")
    with claimed(tmp_path, "a: 1", fresh=False, made=MADE), busy:
        claim(tmp_path, "a: 1")
    assert [each.name for each in tmp_path.iterdir()] == ["run.txt"]


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        (["mabe2025", "--seeds", "5", "--task", "1"], "mabe2025 has no --task, --seeds."),
        (["calms21", "--by", "group"], "calms21 has no --by."),
        (["calms21", "--seeds", "3"], "There is no folder"),
    ],
)
def test_options_of_the_other_benchmark(tmp_path, arguments, refused):
    places = ["--data", str(tmp_path / "none"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(build_app(), ["benchmark", *arguments, *places])
    assert done.exit_code == 2
    assert refused in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()
