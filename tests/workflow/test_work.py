"""The folder of a run: one run at a time, kept for the next where it is needed."""

import subprocess
import sys
import zipfile

import pytest

from nuzzle.config import Config
from nuzzle.errors import OutputError
from nuzzle.manifest import Entry
from nuzzle.workflow.work import work_folder


def folder(out, config=None, *, fresh=False, overwrite=False, said=None):
    say = (said if said is not None else []).append
    return work_folder(out, config or Config(), [], overwrite=overwrite, fresh=fresh, say=say)


def unfinished(out, config=None, *, left="last.ckpt"):
    """A run that was stopped after its first epoch, or fold."""
    with pytest.raises(KeyboardInterrupt), folder(out, config) as work:
        (work / left).write_text("an epoch")
        raise KeyboardInterrupt
    return work


def test_the_folder_goes_with_the_run(tmp_path):
    with folder(tmp_path / "m.nuzzle") as work:
        assert work == tmp_path / "m.nuzzle.work"
        (work / "fold-1").mkdir()
    assert not work.exists()


@pytest.mark.parametrize("left", ["last.ckpt", "fold-0.nuzzle"])
def test_the_same_run_goes_on(tmp_path, left):
    work, said = unfinished(tmp_path / "m.nuzzle", left=left), []
    with folder(tmp_path / "m.nuzzle", said=said):
        assert (work / left).read_text() == "an epoch"
    assert said == [f"continuing the unfinished run in {work}"]


def test_another_run_is_refused_unless_fresh(tmp_path):
    work = unfinished(tmp_path / "m.nuzzle")
    other = Config.load(None, ["training.epochs=3"])
    with (
        pytest.raises(OutputError, match=r"training\.epochs .*, 3 now\). .*--fresh"),
        folder(tmp_path / "m.nuzzle", other),
    ):
        pytest.fail("it was let in")
    assert (work / "last.ckpt").exists()
    with folder(tmp_path / "m.nuzzle", other, fresh=True):
        assert not (work / "last.ckpt").exists()


def test_a_run_whose_files_were_changed_says_so(tmp_path):
    labels = tmp_path / "cage0.csv"
    labels.write_text("attack,3,9")
    entries = [Entry("cage0", poses=labels)]

    def begin(*, fresh=False):
        out = tmp_path / "m.nuzzle"
        return work_folder(out, Config(), entries, overwrite=False, fresh=fresh, say=print)

    with pytest.raises(KeyboardInterrupt), begin() as work:
        (work / "last.ckpt").write_text("an epoch")
        raise KeyboardInterrupt
    labels.write_text("attack,4,9")
    told = r"cage0\.csv was changed since\. It goes on only with what it was begun with\. Put that"
    with pytest.raises(OutputError, match=rf"{told} back, or pass --fresh"), begin():
        pytest.fail("it was let in")
    with begin(fresh=True) as work:
        assert not (work / "last.ckpt").exists()


def test_a_run_without_an_epoch_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), folder(tmp_path / "m.nuzzle") as work:
        (work / "features").mkdir()
        raise KeyboardInterrupt
    assert not work.exists()


def test_a_run_that_was_killed_before_its_first_epoch_binds_nobody(tmp_path):
    work = tmp_path / "m.nuzzle.work"
    (work / "features").mkdir(parents=True)
    (work / "run.txt").write_text("another run")
    with folder(tmp_path / "m.nuzzle", Config.load(None, ["training.epochs=3"])):
        pass


@pytest.mark.parametrize("fresh", [False, True])
def test_two_runs_at_once_are_refused(tmp_path, fresh):
    with folder(tmp_path / "m.nuzzle") as work:
        (work / "last.ckpt").write_text("an epoch")
        with (
            pytest.raises(OutputError, match=r"Another run is writing .*m\.nuzzle\.work at this"),
            folder(tmp_path / "m.nuzzle", fresh=fresh),
        ):
            pytest.fail("it was let in")
        assert (work / "last.ckpt").exists()


def test_a_killed_run_lets_go(tmp_path):
    script = f"""
import os
from pathlib import Path
from nuzzle.config import Config
from nuzzle.workflow.work import work_folder
out = Path({str(tmp_path / "m.nuzzle")!r})
with work_folder(out, Config(), [], overwrite=False, fresh=False, say=print) as work:
    (work / "last.ckpt").write_text("an epoch")
    os.kill(os.getpid(), 9)
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -9
    with folder(tmp_path / "m.nuzzle") as work:
        assert (work / "last.ckpt").exists()


def test_an_existing_bundle_is_refused(tmp_path):
    out = tmp_path / "m.nuzzle"
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("bundle.json", "a model")
    with pytest.raises(OutputError, match="exists already"), folder(out):
        pytest.fail("it was let in")
    with folder(out, overwrite=True):
        pass
    out.write_bytes(out.read_bytes()[:64])  # damaged: it may be replaced as well
    with folder(out, overwrite=True):
        pass


def test_what_is_no_bundle_is_never_replaced(tmp_path):
    out = tmp_path / "study.csv"
    out.write_text("recording,poses")
    for overwrite in (False, True):
        refused = folder(out, overwrite=overwrite)
        with pytest.raises(OutputError, match="is no bundle of nuzzle"), refused:
            pytest.fail("it was let in")
    assert not (tmp_path / "study.csv.work").exists()


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "models").write_text("mine")
    with (
        pytest.raises(OutputError, match="Cannot write into the folder"),
        folder(tmp_path / "models" / "m.nuzzle"),
    ):
        pytest.fail("it was let in")
