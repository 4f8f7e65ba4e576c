"""Results of a cross-validation, beside its figures."""

import numpy as np
import pytest

from nuzzle.config import Config
from nuzzle.errors import OutputError
from nuzzle.manifest import Manifest
from nuzzle.outputs.index import read_results
from nuzzle.outputs.report import write_report
from nuzzle.outputs.results import ResultsWriter
from nuzzle.workflow.crossval import crossval

CONFIG = Config.load(
    None, ["model.name=trees", "training.epochs=5", "labels.behaviours=[investigation]"]
)


@pytest.fixture(scope="module")
def done(manifest, tmp_path_factory):
    folder = tmp_path_factory.mktemp("crossval")
    rows = Manifest(manifest.entries[:3])
    return crossval(
        rows, folder / "m.nuzzle", CONFIG, folds=3, results=folder / "results"
    ), read_results(folder / "results")


def test_they_hold_what_was_scored(done):
    figures, results = done
    assert [entry.name for entry in results.done] == ["mouse0", "mouse1", "mouse2"]
    (pairs,) = zip(*map(results.frames, results.done), strict=True)
    said, true = (
        np.concatenate([getattr(each, what)[:, 0] for each in pairs])
        for what in ("predicted", "truth")
    )
    hits = (said & true).sum()
    assert hits > 100
    f1 = figures.evaluation.behaviours[0].f1.value
    assert 2 * hits / (said.sum() + true.sum()) == pytest.approx(f1, abs=1e-9)
    assert results.metrics == figures.evaluation.to_dict() == figures.bundle.metrics


def test_their_report_does_not_say_that_the_model_had_seen_them(done, tmp_path):
    _, results = done
    page = write_report(results.directory, tmp_path / "report.html").read_text("utf-8")
    assert "each recording was labelled by a model that had not seen it" in page
    assert "The model was trained on these recordings" not in page
    assert "calibrated on these recordings" not in page


def test_a_run_that_was_killed_goes_on_by_the_same_command(manifest, tmp_path, monkeypatch):
    rows, add = Manifest(manifest.entries[:3]), ResultsWriter.add

    def fails(writer, recording, *arguments, **more):
        if recording.name == "mouse1":
            raise KeyboardInterrupt
        return add(writer, recording, *arguments, **more)

    def run():
        return crossval(rows, tmp_path / "m.nuzzle", CONFIG, folds=3, results=tmp_path / "out")

    monkeypatch.setattr(ResultsWriter, "add", fails)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.undo()
    run()
    assert len(read_results(tmp_path / "out").done) == 3
    (tmp_path / "m.nuzzle").unlink()
    with pytest.raises(OutputError, match="already holds results"):
        run()


def test_a_run_of_which_nothing_comes_leaves_no_results(manifest, tmp_path, monkeypatch):
    def fails(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("nuzzle.workflow.crossval.cross_validate", fails)
    with pytest.raises(KeyboardInterrupt):
        crossval(manifest, tmp_path / "m.nuzzle", CONFIG, results=tmp_path / "out")
    assert [*(tmp_path / "out").iterdir()] == []


@pytest.mark.parametrize("results", ["m.nuzzle", "m.nuzzle.work/results"])
def test_where_the_bundle_comes_to_be_there_is_no_place(manifest, tmp_path, results):
    with pytest.raises(OutputError, match="Choose a folder of its own"):
        crossval(manifest, tmp_path / "m.nuzzle", CONFIG, results=tmp_path / results)
    assert not (tmp_path / "m.nuzzle").exists()


def test_a_folder_of_others_is_refused_before_the_training(manifest, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    monkeypatch.setattr("nuzzle.workflow.crossval.cross_validate", pytest.fail)
    with pytest.raises(OutputError, match="holds no results of nuzzle"):
        crossval(manifest, tmp_path / "m.nuzzle", CONFIG, results=tmp_path / "mine")
    assert not (tmp_path / "m.nuzzle.work").exists()
