import json

import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app


@pytest.fixture
def project(tmp_path, write_project):
    write_project(tmp_path, ["1"])
    return tmp_path


def inspect(*arguments):
    return CliRunner().invoke(build_app(), ["inspect", *map(str, arguments)])


def test_poses(project):
    output = inspect(project / "poses" / "1DLC_net.csv").stdout
    assert "20 frames (frame rate unknown: --fps)" in output
    assert "2 individuals: one, two" in output
    assert "5.0 %" in output
    assert "Heading: from tailbase to nose." in output


def test_exchanged_identities_are_counted(tmp_path):
    from nuzzle.io.calms21_write import write_calms21
    from nuzzle.simulate.recordings import simulate_recording

    one = simulate_recording("task1/train/mouse001", minutes=0.5, seed=0, difficulty="easy")
    position = one.position.copy()
    position[300:310] = position[300:310][..., ::-1]
    path = tmp_path / "poses.json"
    write_calms21([one], path)
    assert "No exchange of identities found." in inspect(path).stdout
    write_calms21([one.with_position(position, "swap")], path, overwrite=True)
    assert "Identities seem exchanged once, in 10 frames (300-309)" in inspect(path).stdout


def test_labels(project):
    output = inspect(project / "labels" / "1_bouts.csv").stdout
    assert "one->two" in output
    assert "sniff" in output


def test_a_manifest(project):
    (project / "m.csv").write_text(
        "recording,poses,labels,fps,split\n1,poses/1DLC_net.csv,labels/1_bouts.csv,10,train\n"
    )
    result = inspect(project / "m.csv")
    assert result.exit_code == 0
    assert "manifest of 1 recording\n" in result.stdout
    assert "fps: 10 (1)" in result.stdout
    assert "reading 1" in result.stderr


def test_json(project):
    result = inspect(project / "poses" / "1DLC_net.csv", "--fps", "10", "--json", "-")
    about = json.loads(result.stdout)
    assert (about["kind"], about["duration_s"]) == ("poses", 2.0)


def test_a_pickle_is_opened_only_when_asked(tmp_path):
    import numpy as np

    np.save(tmp_path / "a.npy", {"group": {}}, allow_pickle=True)
    result = inspect(tmp_path / "a.npy")
    assert result.exit_code == 2
    assert "--allow-pickle" in result.stderr


def test_nothing_there(tmp_path):
    result = inspect(tmp_path / "gone.csv")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: There is no")


@pytest.mark.parametrize("fps", ["nan", "0", "-30"])
def test_a_frame_rate_that_cannot_be_is_refused(tmp_path, fps):
    path = tmp_path / "labels.csv"
    path.write_text("agent,target,behaviour,start_s,stop_s\na,b,attack,1,2\n")
    result = inspect(path, "--fps", fps)
    assert result.exit_code == 2
    assert f"--fps is a positive number; got {fps}" in result.stderr
