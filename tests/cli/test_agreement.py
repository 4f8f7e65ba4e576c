import json

import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app

HEADER = "recording,agent,target,behaviour,start_frame,stop_frame\n"


@pytest.fixture
def files(tmp_path):
    """Three annotators of one recording."""
    bouts = {
        "anna": [("attack", 0, 40), ("mount", 60, 80)],
        "bert": [("attack", 0, 30), ("attack", 90, 100), ("mount", 60, 70)],
        "cleo": [("attack", 0, 40)],
    }
    paths = []
    for name, rows in bouts.items():
        lines = [f"one,black,white,{what},{start},{stop}\n" for what, start, stop in rows]
        path = tmp_path / f"{name}.csv"
        path.write_text(HEADER + "".join(lines))
        paths.append(path)
    return paths


def run(*arguments):
    return CliRunner().invoke(build_app(), ["agreement", *map(str, arguments)])


def test_two_annotators(files):
    result = run(*files[:2], "--n-frames", 100, "--json", "-")
    assert result.exit_code == 0, result.output
    (figures,) = json.loads(result.stdout)
    assert figures["first"].endswith("anna.csv")
    attack, mount = figures["behaviours"]
    assert (attack["behaviour"], mount["behaviour"]) == ("attack", "mount")
    assert attack["f1"] == pytest.approx(0.75)
    assert mount["bout_f1"] == 1


def test_every_two_of_several(files):
    result = run(*files, "--n-frames", 100)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("Macro F1") == 3
    assert "Only the first annotator looked for mount" in result.stdout
    result = run(*files, "--n-frames", 100, "--same-behaviours", "--json", "-")
    second = json.loads(result.stdout)[1]
    assert second["behaviours"][1]["f1"] == 0
    assert second["notes"] == []


def test_seconds_at_different_frame_rates_are_not_compared(tmp_path):
    paths = []
    for name, fps in (("anna", 30), ("bert", 25)):
        path = tmp_path / f"{name}.csv"
        row = "black,white,attack,1.0,2.0\n"
        path.write_text(f"# fps,{fps}\nagent,target,behaviour,start_s,stop_s\n{row}")
        paths.append(path)
    result = run(*paths)
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert "says 30" in said and "says 25 frames a second" in said and "--fps" in said
    result = run(*paths, "--fps", 25, "--json", "-")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0]["behaviours"][0]["f1"] == 1


def test_mistakes_are_explained(files):
    result = run(files[0])
    assert result.exit_code == 2
    assert "two or more label files" in result.stderr
    result = run(*files[:2], "--item", "one")
    assert result.exit_code == 2
    assert "2 label files and 1 items" in result.stderr
