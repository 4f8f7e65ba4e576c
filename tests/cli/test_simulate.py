import json

import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app


@pytest.mark.parametrize(
    ("format", "main"), [("calms21", "calms21_task1_train.json"), ("mabe", "train.csv")]
)
def test_simulate_writes_says_so_and_refuses_to_do_it_twice(tmp_path, format, main):
    out, report = tmp_path / "out", tmp_path / "report.json"
    arguments = ["simulate", str(out), "--format", format, "--recordings", "2", "--minutes", "0.1"]
    result = CliRunner().invoke(build_app(), [*arguments, "--json", str(report)])
    assert result.exit_code == 0, result.output
    assert "simulated" in result.output
    assert (out / main).is_file()
    content = json.loads(report.read_text())
    assert content["simulated"] is True
    assert content["frames"] == 2 * 180
    again = CliRunner().invoke(build_app(), arguments)
    assert again.exit_code == 2
