import json
import statistics
from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app
from nuzzle.cli.benchmark import _print_calms21
from nuzzle.config import Config
from nuzzle.errors import ConfigError, InputError, ManifestError, OutputError, TrainingError
from nuzzle.evaluation.figures import Estimate
from nuzzle.inference.bundle import Bundle
from nuzzle.io import load
from nuzzle.io.load import load_manifest
from nuzzle.outputs.index import read_results
from nuzzle.simulate import recordings, simulate
from nuzzle.simulate.calms21_tasks import groups_of
from nuzzle.workflow import benchmark_calms21 as module
from nuzzle.workflow.benchmark import Spread
from nuzzle.workflow.benchmark_calms21 import (
    Calms21Benchmark,
    benchmark_calms21,
    official_manifest,
)
from nuzzle.workflow.folds import hold_out

CONFIG = Config.load(None, ["model.name=trees", "training.epochs=3", "training.epoch_windows=2000"])
ONE = CONFIG.with_values({"labels.behaviours": ["investigation"]})


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Folders of the three tasks; of tasks 2 and 3 two groups are enough."""
    root = tmp_path_factory.mktemp("calms21")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, "groups_of", lambda task: groups_of(task)[:2])
        for task, minutes in ((1, 0.5), (2, 0.5), (3, 1.0)):
            simulate(
                root / f"task{task}",
                format="calms21",
                recordings=4,
                minutes=minutes,
                seed=1,
                task=task,
            )
    return root


def test_task_1_is_scored_on_its_test_part(data, tmp_path):
    result = benchmark_calms21(1, data, tmp_path / "out", ONE, seeds=2)
    one, other = (
        read_results(tmp_path / "out" / "results" / f"task1-seed{seed}").metrics
        for seed in range(2)
    )
    f1 = [each["macro_f1"]["value"] for each in (one, other)]
    assert result.f1.mean == pytest.approx(statistics.fmean(f1))
    assert result.f1.sd == pytest.approx(statistics.stdev(f1))
    test = {entry.recording for entry in official_manifest(1, data).select("test")}
    assert {each["recording"] for each in one["recordings"]} == test
    table = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert set(table["behaviour"]) == {"mean", "investigation"}
    text = (tmp_path / "out" / "summary.json").read_text()
    summary = json.loads(text, parse_constant=pytest.fail)  # NaN is no JSON
    assert set(one["notes"]) <= set(summary["notes"]) == set(result.notes)
    assert sum("no interval can be given" in note for note in result.notes) == 1
    assert summary["f1"]["mean"] == result.f1.mean
    assert summary["simulated"] and not summary["baselines"]
    assert [each.f1 for each in replace(result, simulated=False).baselines][2] == 0.793


def test_a_model_that_there_is_not_leaves_no_folder(data, tmp_path):
    with pytest.raises(ConfigError, match="no model 'tres'"):
        benchmark_calms21(1, data, tmp_path / "out", ONE.with_values({"model.name": "tres"}))
    assert not (tmp_path / "out").exists()


def test_what_is_done_is_not_done_again(data, tmp_path, monkeypatch):
    trained, real = [], module.train

    def train(manifest, path, config, **options):
        assert options["drawn"], "nobody can move a recording to val"
        trained.append(path.name)
        if len(trained) == 2:
            raise KeyboardInterrupt
        return real(manifest, path, config, **options)

    monkeypatch.setattr(module, "train", train)
    with pytest.raises(KeyboardInterrupt):
        benchmark_calms21(1, data, tmp_path / "out", ONE, seeds=2)
    benchmark_calms21(1, data, tmp_path / "out", ONE, seeds=2)
    assert trained == ["task1-seed0.nuzzle", "task1-seed1.nuzzle", "task1-seed1.nuzzle"]
    said = []
    benchmark_calms21(1, data, tmp_path / "out", ONE, seeds=1, say=said.append)
    assert any("also holds 1 result of other seeds" in sentence for sentence in said)
    other = ONE.with_values({"training.epochs": 4})
    with pytest.raises(OutputError, match=r"training.epochs \(\d+ before, 4 now\)"):
        benchmark_calms21(1, data, tmp_path / "out", other, seeds=1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds no benchmark"):
        benchmark_calms21(1, data, tmp_path / "mine", ONE)


def test_val_takes_no_behaviour_from_train(data):
    """One of the three videos to train on alone has a mount."""
    (part,) = module._parts(1, official_manifest(1, data), seeds=8)
    for drawn in part.drawn:
        assert drawn.splits == {"train": 2, "val": 1, "test": 1}
        held = [entry.recording for entry in drawn.select("val")]
        assert held != ["mouse002_task1_annotator1"]


def test_a_seed_draws_the_same_val_whichever_others_there_are(data):
    """As `hold_out` of the recordings to train on, which its tests describe, says."""
    manifest = official_manifest(1, data)
    train = [*load_manifest(manifest.select("train"))]
    (part,) = module._parts(1, manifest, seeds=5)
    for seed, drawn in enumerate(part.drawn):
        (held,) = hold_out(train, seed)["val"]
        assert [entry.recording for entry in drawn.select("val")] == [held.name]


def test_recordings_are_read_for_a_draw_once_and_for_each_training(data, tmp_path, monkeypatch):
    read = Counter()

    def load_entry(entry, *auxiliary):
        read[entry.recording] += 1
        return real(entry, *auxiliary)

    real = load.load_entry
    monkeypatch.setattr(load, "load_entry", load_entry)
    benchmark_calms21(1, data, tmp_path / "out", ONE, seeds=2)
    manifest = official_manifest(1, data)
    assert read == dict.fromkeys((entry.recording for entry in manifest.select("train")), 1 + 2)
    read.clear()
    benchmark_calms21(1, data, tmp_path / "out", ONE, seeds=2)
    assert not read, "all figures are there"


def test_files_that_cannot_be_read_fail_each_training(data, tmp_path, monkeypatch):
    def load_entry(entry, *auxiliary):
        raise ManifestError(entry.recording, ["gone"])

    monkeypatch.setattr(load, "load_entry", load_entry)
    with pytest.raises(TrainingError, match=r"task1-seed0: .*gone\n(.*\n)*task1-seed1: .*gone"):
        benchmark_calms21(1, data, tmp_path / "out", ONE, seeds=2)


def test_others_go_on_where_a_training_fails(data, tmp_path, monkeypatch):
    real, out = module.train, tmp_path / "out"

    def train(manifest, path, config, **options):
        if config.training.seed == 0:
            raise TrainingError("nothing to learn.")
        return real(manifest, path, config, **options)

    monkeypatch.setattr(module, "train", train)
    config = tmp_path / "config.yaml"
    config.write_text(ONE.to_yaml())
    command = ["benchmark", "calms21", "--data", str(data), "--out", str(out)]
    command += ["--config", str(config), "--seeds"]
    done = CliRunner().invoke(build_app(), [*command, "2"])
    assert done.exit_code == 1
    assert "warning: task1-seed0: no figures: nothing to learn." in done.stderr
    assert "No figures of task1-seed0, which is left out of the means" in done.stdout
    summary = json.loads((out / "summary.json").read_text())
    assert summary["failed"] == {"task1-seed0": "nothing to learn."}
    table = pd.read_csv(out / "scores.csv")
    assert set(table["seed"]) == {1}
    assert summary["f1"]["mean"] == pytest.approx(table["f1"].mean())
    done = CliRunner().invoke(build_app(), [*command, "1", "--fresh"])
    assert done.exit_code == 2
    assert "no figures of task 1" in done.stderr and not (out / "summary.json").exists()


def test_task_2_has_a_model_for_each_annotator(data, tmp_path):
    result = benchmark_calms21(2, data, tmp_path / "out", ONE, seeds=1)
    assert list(result.parts) == ["annotator-id_1", "annotator-id_2"]
    means = [f1.mean for f1, _ in result.parts.values()]
    assert result.f1.mean == pytest.approx(statistics.fmean(means))


def test_task_3_has_a_model_for_each_behaviour(data, tmp_path):
    result = benchmark_calms21(3, data, tmp_path / "out", CONFIG, seeds=1)
    assert set(result.parts) == {"approach", "groom"}
    rows = result.scores[result.scores["part"] == "groom"]
    assert set(rows["behaviour"]) == {"mean", "groom"}


def test_missing_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"One file calms21_task2_train\.json was expected"):
        official_manifest(2, tmp_path)
    with pytest.raises(InputError, match=r"no folder .*gone"):
        official_manifest(2, tmp_path / "gone")
    with pytest.raises(InputError, match="tasks 1, 2 and 3"):
        official_manifest(4, tmp_path)


def test_a_spread_over_seeds():
    spread = Spread.of([0.5, 0.7], Estimate(0.6, 0.5, 0.7))
    assert str(spread) == "0.600 ± 0.141 [0.500, 0.700]"
    assert str(Spread.of([0.5])) == "0.500"


def test_a_note_is_said_once_and_of_whom():
    told = {"of all": ["one", "two", "one", "two"], "of one": ["two", "two"]}
    assert module._notes(told, 2) == ("of all", "two: of one")


def test_the_notes_are_printed(capsys):
    spread = Spread.of([0.5])
    result = Calms21Benchmark(1, spread, spread, {}, pd.DataFrame(), True, ("a rough one.",))
    _print_calms21(result, "trees")
    assert "Note: a rough one." in capsys.readouterr().out


def test_an_ensemble_is_combined_inside_of_train(data, tmp_path):
    member = {"model": {"name": "trees"}, "features": "relational", "training": {"epochs": 3}}
    config = Config.parse(
        {
            "model": {"name": "ensemble"},
            "labels": {"behaviours": ["investigation"]},
            "ensemble": {"members": [member] * 2, "folds": 2},
        }
    )
    result = benchmark_calms21(1, data, tmp_path / "out", config, seeds=1)
    assert 0 <= result.f1.mean <= 1
    bundle = Bundle.load(tmp_path / "out" / "bundles" / "task1-seed0.nuzzle")
    train = {e.recording for e in official_manifest(1, data).select("train")}
    assert set(bundle.calibration.recordings) < train
