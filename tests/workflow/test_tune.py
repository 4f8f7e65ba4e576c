import json
import os
import subprocess
import sys
import time

import pandas as pd
import pytest

from nuzzle.config import Config
from nuzzle.errors import (
    ConfigError,
    InputError,
    MissingDependencyError,
    OutputError,
    TrainingError,
)
from nuzzle.workflow import shared_study
from nuzzle.workflow import tune as module
from nuzzle.workflow.search_space import Choice, Range
from nuzzle.workflow.trial_score import Figures, Scoring, TrialScore
from nuzzle.workflow.tune import tune

TREES = Config.load(
    None, ["model.name=trees", "training.epochs=5", "labels.behaviours=[investigation]"]
)
SPACE = "training.epochs: {low: 2, high: 8}\nmodel.options.num_leaves: [4, 8]\n"


@pytest.fixture
def space(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(SPACE)
    return path


class Stub(TrialScore):
    """Reads no recordings."""

    def __init__(self, manifest, config, scoring, say):
        self.scoring = scoring


@pytest.fixture
def quick(monkeypatch):
    """Scores that are worked out instead of trained for: 1 / epochs, so that 2 is best."""
    calls = []

    class Quick(Stub):
        def __call__(self, config, work, report):
            calls.append(config.training.epochs)
            value = 1 / config.training.epochs
            for step in range(1, 4):
                report(value * step / 3, step)
            return Figures(value, value, value)

    monkeypatch.setattr(module, "TrialScore", Quick)
    return calls


def test_a_real_search_is_written_and_can_be_trained_with(manifest, space, tmp_path):
    out, said = tmp_path / "best.yaml", []
    found = tune(manifest, out, TREES, space=space, trials=3, say=said.append)
    assert found.config == Config.load(out)
    assert found.config.labels.behaviours == ("investigation",)
    table = pd.read_csv(tmp_path / "best.trials.csv")
    assert table["training.epochs"][0] == 5, "the first trial is the configuration itself"
    assert table["score"].max() == pytest.approx(found.score)
    best = table.sort_values(["score", "ap"]).iloc[-1]
    assert found.config.training.epochs == best["training.epochs"]
    assert found.config.model.options["num_leaves"] == best["model.options.num_leaves"]
    assert (tmp_path / "best.png").read_bytes().startswith(b"\x89PNG")
    assert any("1 of 3 done, best" in each and "left" in each for each in said)
    assert not list((tmp_path / "best.yaml.study").glob("trial-*")), "checkpoints are gone"


def test_what_the_first_trial_cannot_have_of_the_configuration_is_said(
    manifest, space, tmp_path, quick
):
    for epochs, told in ((4000, True), (5, False)):
        said = []
        wanted = [f"training.epochs={epochs}", "model.options.num_leaves=4"]
        config = Config.load(None, ["model.name=trees", *wanted])
        out = tmp_path / f"{epochs}.yaml"
        tune(manifest, out, config, space=space, trials=1, say=said.append)
        assert told == any("training.epochs of the configuration may not be" in s for s in said)


def test_what_the_configuration_has_outside_of_the_range_stays(manifest, tmp_path, quick):
    out, said = tmp_path / "best.yaml", []
    found = tune(manifest, out, TREES, trials=3, say=said.append)
    assert quick == [5, 5, 5]
    assert "training.epochs" not in found.trials
    assert found.config.training.epochs == 5
    stays = "training.epochs stays 5 in all trials, as the configuration says: it is outside of "
    assert any(each.startswith(f"{stays}what is tried otherwise (100 to 600). ") for each in said)
    tune(manifest, out, TREES, trials=4)
    assert len(quick) == 4, "the same search goes on"
    with pytest.raises(OutputError, match=r"training.epochs \(5 before, 200 now\)"):
        tune(manifest, out, TREES.with_values({"training.epochs": 200}), trials=5)


@pytest.mark.parametrize("trials", [0, -1])
def test_a_search_without_trials(manifest, tmp_path, quick, trials):
    with pytest.raises(InputError, match=f"1 trial at least; {trials} were asked for"):
        tune(manifest, tmp_path / "best.yaml", TREES, trials=trials)
    assert not [*tmp_path.glob("best*")]


def test_cross_validation_inside_of_train(manifest, space, tmp_path):
    steps = []
    score = TrialScore(manifest, TREES, Scoring("crossval"), lambda sentence: None)
    figures = score(TREES, tmp_path / "work", lambda value, step: steps.append((step, value)))
    assert [step for step, _ in steps] == [1, 2, 3]
    assert steps[-1][1] == figures.f1
    named = {each.name for part in score.parts for each in part}
    assert named == {"mouse0", "mouse1", "mouse2"}, "val plays no part"


def test_the_mean_metric():
    assert Figures(0.6, 0.9, 0.3).value("mean") == pytest.approx(0.6)
    assert Figures(0.6, 0.9, 0.3).value("bouts") == 0.3


def test_the_same_command_goes_on(manifest, space, tmp_path, quick):
    out = tmp_path / "best.yaml"
    tune(manifest, out, TREES, space=space, trials=3)
    assert len(quick) == 3
    tune(manifest, out, TREES, space=space, trials=3)
    assert len(quick) == 3, "all trials are done"
    found = tune(manifest, out, TREES, space=space, trials=5)
    assert len(quick) == 5
    assert found.score == 1 / min(quick)
    assert list(found.trials["trial"]) == [0, 1, 2, 3, 4]


def test_the_sampler_is_seeded(manifest, space, tmp_path, quick):
    for name in ("one", "other"):
        tune(manifest, tmp_path / f"{name}.yaml", TREES, space=space, trials=4)
    assert quick[:4] == quick[4:]


def test_another_search_is_refused(manifest, space, tmp_path, quick):
    out = tmp_path / "best.yaml"
    tune(manifest, out, TREES, space=space, trials=1)
    other = TREES.with_values({"training.seed": 5})
    with pytest.raises(OutputError, match=r"training.seed \(0 before, 5 now\)"):
        tune(manifest, out, other, space=space, trials=2)
    with pytest.raises(OutputError, match=r"scoring.metric \(f1 before, ap now\)"):
        tune(manifest, out, TREES, space=space, trials=2, scoring=Scoring(metric="ap"))
    tune(manifest, out, other, space=space, trials=1, fresh=True)


def test_a_search_is_thrown_away_only_where_another_can_begin(
    manifest, space, tmp_path, quick, monkeypatch
):
    out = tmp_path / "best.yaml"
    tune(manifest, out, TREES, space=space, trials=2)
    text = out.read_text()
    out.write_text(text + "# mine\n")
    with pytest.raises(OutputError, match="was changed since"):
        tune(manifest, out, TREES, space=space, trials=1, fresh=True)
    out.write_text(text)
    assert len(tune(manifest, out, TREES, space=space, trials=1).trials) == 2, "it is still there"

    def interrupted(run):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(module._Run, "__call__", interrupted)
        tune(manifest, out, TREES, space=space, trials=1, fresh=True)
    assert len(tune(manifest, out, TREES, space=space, trials=1).trials) == 1


def test_a_file_of_the_user_is_not_overwritten(manifest, space, tmp_path, quick):
    out = tmp_path / "best.yaml"
    out.write_text("features: windowed\n")
    with pytest.raises(OutputError, match="exists already"):
        tune(manifest, out, TREES, space=space, trials=1)
    out.unlink()
    tune(manifest, out, TREES, space=space, trials=1)
    out.write_text(out.read_text() + "# mine\n")
    with pytest.raises(OutputError, match="was changed since"):
        tune(manifest, out, TREES, space=space, trials=2)
    with pytest.raises(OutputError, match="written as YAML"):
        tune(manifest, tmp_path / "best.nuzzle", TREES, space=space)


@pytest.fixture
def opened(monkeypatch):
    """The studies that searches open."""
    studies = []

    class Opened(shared_study.SharedStudy):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            studies.append(self)

    monkeypatch.setattr(module, "SharedStudy", Opened)
    return studies


@pytest.mark.parametrize("kind", [TrainingError, InputError])
def test_a_failed_trial_is_recorded_and_the_search_goes_on(
    manifest, space, tmp_path, monkeypatch, kind
):
    class Failing(Stub):
        def __call__(self, config, work, report):
            if config.training.epochs == 5:
                raise kind("The loss is not a number.")
            return Figures(0.5, 0.5, 0.5)

    monkeypatch.setattr(module, "TrialScore", Failing)
    found = tune(manifest, tmp_path / "best.yaml", TREES, space=space, trials=3)
    first = found.trials.iloc[0]
    assert (first["state"], first["reason"]) == ("failed", "The loss is not a number.")
    assert "complete" in set(found.trials["state"])


def test_where_nothing_can_be_written_the_search_ends_and_its_trial_is_kept(
    manifest, space, tmp_path, monkeypatch
):
    full = [True] * 4

    class Full(Stub):
        def __call__(self, config, work, report):
            if full:
                raise OutputError("Cannot write: the disk is full.")
            return Figures(0.5, 0.5, 0.5)

    monkeypatch.setattr(module, "TrialScore", Full)
    out = tmp_path / "best.yaml"
    while full:
        with pytest.raises(OutputError, match="disk is full"):
            tune(manifest, out, TREES, space=space, trials=1)
        full.pop()
    found = tune(manifest, out, TREES, space=space, trials=1)
    assert list(found.trials["state"]) == ["complete"]
    assert found.config.training.epochs == 5


def test_nothing_but_failures(manifest, space, tmp_path, monkeypatch):
    class Failing(Stub):
        def __call__(self, config, work, report):
            raise TrainingError("The loss is not a number.")

    monkeypatch.setattr(module, "TrialScore", Failing)
    with pytest.raises(TrainingError, match=r"The first 5 trials all failed.*not a number"):
        tune(manifest, tmp_path / "best.yaml", TREES, space=space, trials=20)
    assert not (tmp_path / "best.yaml").exists()


def test_hopeless_trials_end_early(manifest, tmp_path, monkeypatch):
    space = tmp_path / "wide.yaml"
    space.write_text("training.epochs: {low: 2, high: 500}\n")
    steps = []

    class Slow(Stub):
        def __call__(self, config, work, report):
            value = 1 / config.training.epochs
            for step in range(1, 10):
                steps.append(step)
                report(value, step)
            return Figures(value, value, value)

    monkeypatch.setattr(module, "TrialScore", Slow)
    found = tune(manifest, tmp_path / "best.yaml", TREES, space=space, trials=12)
    pruned = found.trials[found.trials["state"] == "pruned"]
    assert len(pruned) and pruned["reason"].str.startswith("no better than the median").all()
    assert len(steps) < 12 * 9
    worst = found.trials.loc[found.trials["state"] == "complete", "training.epochs"].median()
    assert (pruned["training.epochs"] > worst).all()


@pytest.mark.parametrize(("checkpoint", "where"), [(True, "its checkpoint"), (False, "the start")])
def test_an_interrupted_trial_is_done_again_from_its_checkpoints(
    manifest, space, tmp_path, monkeypatch, checkpoint, where
):
    seen = []

    class Interrupted(Stub):
        def __call__(self, config, work, report):
            seen.append((config.training.epochs, config.model.options["num_leaves"], work))
            if len(seen) == 2:
                raise SystemExit(1)  # what Lightning makes of Ctrl-C
            return Figures(0.5, 0.5, 0.5)

    monkeypatch.setattr(module, "TrialScore", Interrupted)
    out, said = tmp_path / "best.yaml", []
    with pytest.raises(KeyboardInterrupt):
        tune(manifest, out, TREES, space=space, trials=3)
    if checkpoint:
        seen[1][2].mkdir()
        (seen[1][2] / "last.ckpt").touch()
    found = tune(manifest, out, TREES, space=space, trials=3, say=said.append)
    told = f"trial 1 was killed or interrupted and is done again, from {where}"
    assert sum(told in sentence for sentence in said) == 1
    assert len(seen) == 4
    assert seen[2] == seen[1]
    assert len(found.trials) == 3 and set(found.trials["state"]) == {"complete"}


KILLED = """
import os, sys
from pathlib import Path
from nuzzle.workflow.search_space import Range
from nuzzle.workflow.shared_study import SharedStudy
study = SharedStudy(Path(sys.argv[1]), {}, {}, seed=0, warmup=0, space={"x": Range(1, 9)})
trial = study.claim(3)
trial.suggest_int("x", 1, 9)
os._exit(9)
"""


def study_of(folder):
    return shared_study.SharedStudy(folder, {}, {}, seed=0, warmup=0, space={"x": Range(1, 9)})


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_killed_process_leaves_its_trial_to_the_next(tmp_path, monkeypatch, elsewhere):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    study = study_of(tmp_path)
    if elsewhere:
        monkeypatch.setattr("platform.node", lambda: "another")
        assert study.claim(1) is None, "it may still run"
        cold = time.time() - 2 * shared_study._COLD_S
        os.utime(tmp_path / "alive-0", (cold, cold))
    again = study.claim(1)
    assert again is not None and study.work(again).name == "trial-0"
    assert again.suggest_int("x", 1, 9) == study.study.get_trials()[0].params["x"]
    assert [trial.number for trial in study.trials] == [again.number]


def test_the_trial_of_a_living_process_is_its_own(tmp_path):
    study = study_of(tmp_path)
    assert study.claim(1) is not None
    assert study.claim(1) is None


def _until_killed(study):
    """A trial claimed by a process that is killed in it."""
    trial = study.claim(2)
    trial.suggest_int("x", 1, 9)
    study.work(trial).mkdir(exist_ok=True)
    return trial


def test_a_trial_that_kills_three_processes_has_failed(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_study, "_is_gone", lambda signature: True)
    study, said = study_of(tmp_path), []
    for _ in range(3):
        # An interruption does not count.
        study.give_up(_until_killed(study))
        killed = _until_killed(study)
        assert study.origin(killed) == 0
    other = study.claim(2, said.append)
    assert study.origin(other) == other.number
    assert not study.work(killed).exists()
    failed, running = study.trials
    assert (failed.state.name, running.number) == ("FAIL", other.number)
    assert "killed or broke off three times" in study.reason(failed)
    assert said == [f"trial {killed.number}: failed: {study.reason(failed)}"]


def test_a_search_that_another_process_is_at_is_not_thrown_away(
    manifest, space, tmp_path, quick, opened, monkeypatch
):
    out = tmp_path / "best.yaml"
    tune(manifest, out, TREES, space=space, trials=1)
    assert opened[0].claim(2) is not None
    with pytest.raises(OutputError, match=r"Another process is working.*choose another --out"):
        tune(manifest, out, TREES, space=space, trials=1, fresh=True)
    assert len(opened[0].trials) == 2, "nothing was thrown away"
    monkeypatch.setattr(shared_study, "_is_gone", lambda signature: True)
    assert len(tune(manifest, out, TREES, space=space, trials=1, fresh=True).trials) == 1


def _take_over(study, number):
    """Claim a trial whose process has given no sign of life for long."""
    cold = time.time() - 2 * shared_study._COLD_S
    os.utime(study.folder / f"alive-{number}", (cold, cold))
    return study.claim(9)


@pytest.mark.parametrize("woken", ["to report", "to end", "without its checkpoints"])
def test_a_trial_that_was_taken_over_is_left_to_the_other_process(
    manifest, space, tmp_path, monkeypatch, opened, woken
):
    taken, said = [], []

    class Slept(Stub):
        def __call__(self, config, work, report):
            if not taken:
                work.mkdir()
                taken.append(_take_over(opened[0], 0))
                if woken == "to report":
                    report(0.1, 1)
                if woken == "without its checkpoints":
                    raise FileNotFoundError("last.ckpt")
            return Figures(0.5, 0.5, 0.5)

    monkeypatch.setattr(module, "TrialScore", Slept)
    found = tune(manifest, tmp_path / "best.yaml", TREES, space=space, trials=3, say=said.append)
    assert "trial 0 was taken over by another process" in said
    assert list(found.trials["state"]) == ["running", "complete", "complete"]
    assert opened[0].work(taken[0]).name == "trial-0"
    assert opened[0].work(taken[0]).exists(), "the other process is at work in it"


def test_what_was_taken_over_is_not_given_up_once_more(tmp_path):
    study = study_of(tmp_path)
    slept = study.claim(9)
    taken = _take_over(study, slept.number)
    assert study.origin(taken) == slept.number
    study.give_up(slept)
    assert study.origin(new := study.claim(9)) == new.number


def test_a_trial_that_ends_while_another_process_looks_keeps_its_score(tmp_path, monkeypatch):
    study = study_of(tmp_path)
    trial = study.claim(1)

    def ends_now(sign):
        study.finish(trial, "complete", 1.0)
        return True

    monkeypatch.setattr(shared_study, "_is_cold", ends_now)
    assert study.claim(1) is None
    assert [each.value for each in study.trials] == [1.0]


SHARED = """
import sys
from pathlib import Path
from nuzzle.workflow.search_space import Range
from nuzzle.workflow.shared_study import SharedStudy
study = SharedStudy(Path(sys.argv[1]), {}, {}, seed=0, warmup=0, space={"x": Range(0.0, 1.0)})
drawn = []
while (trial := study.claim(10)) is not None:
    with study.alive(trial):
        drawn.append(trial.suggest_float("x", 0, 1))
        study.finish(trial, "complete", 1.0)
print(drawn)
"""


def test_processes_share_the_trials(tmp_path):
    command = [sys.executable, "-c", SHARED, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    drawn = [json.loads(each.communicate(timeout=60)[0]) for each in running]
    assert [each.returncode for each in running] == [0, 0]
    assert len(drawn[0]) + len(drawn[1]) == 10
    assert not set(drawn[0]) & set(drawn[1]), "each process draws its own"


def test_a_trial_that_another_process_is_at_is_not_counted(
    manifest, space, tmp_path, quick, opened
):
    said, out = [], tmp_path / "best.yaml"
    tune(manifest, out, TREES, space=space, trials=2)
    assert opened[0].claim(3) is not None
    found = tune(manifest, out, TREES, space=space, trials=3, say=said.append)
    assert len(found.trials) == 3
    assert found.ended == len(quick) == 2
    assert said[-2:] == [
        "still running in other processes: 1 trial. If they were killed just now, repeat the "
        "command in a minute",
        f"the best of 2 trials is trial {found.trials['score'].idxmax()}",
    ]


def test_without_optuna(manifest, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingDependencyError, match="pip install optuna"):
        tune(manifest, tmp_path / "best.yaml", TREES)


def test_a_model_that_there_is_not(manifest, space, tmp_path):
    config = TREES.with_values({"model.name": "tres"})
    with pytest.raises(ConfigError, match="no model 'tres'"):
        tune(manifest, tmp_path / "best.yaml", config, space=space)


def test_a_space_that_cannot_be(manifest, space, tmp_path):
    space.write_text("training.lr: [0.1]\nlabels.mode: [exclusive]\nloss.gamma: [-1]\n")
    with pytest.raises(ConfigError) as error:
        tune(manifest, tmp_path / "best.yaml", TREES, space=space)
    for words in ("unknown key 'training.lr'", "labels.mode must be the same", "loss.gamma"):
        assert words in str(error.value)


def test_where_nothing_is_found_the_best_ranks_best(manifest, space, tmp_path, monkeypatch):
    class Nothing(Stub):
        def __call__(self, config, work, report):
            return Figures(f1=0.0, ap=1 / config.training.epochs, bouts=0.0)

    monkeypatch.setattr(module, "TrialScore", Nothing)
    said = []
    found = tune(manifest, tmp_path / "best.yaml", TREES, space=space, trials=6, say=said.append)
    assert found.figures["ap"] == found.trials["ap"].max() > found.trials["ap"].min()
    assert any("no trial finds any behaviour" in sentence for sentence in said)


SMALL = {"a": Range(1, 2), "b": Choice((None, [0.9, 1.1]))}
#: All of it, as trials store it.
ALL_OF_SMALL = {(1, None), (2, None), (1, "[0.9, 1.1]"), (2, "[0.9, 1.1]")}


def open_small(folder, space=SMALL):
    return shared_study.SharedStudy(folder, "", {"a": 1, "b": None}, seed=0, warmup=0, space=space)


def values_of(trial):
    return tuple(trial.params.values())


def test_each_configuration_is_tried_once_however_it_ends(manifest, space, tmp_path, monkeypatch):
    space.write_text("training.epochs: [5, 6]\nmodel.options.num_leaves: {low: 7, high: 8}\n")
    tried = []

    class Mixed(Stub):
        def __call__(self, config, work, report):
            tried.append((config.training.epochs, config.model.options["num_leaves"]))
            if len(tried) == 2:
                raise TrainingError("The loss is not a number.")
            return Figures(0.5, 0.5, 0.5)

    monkeypatch.setattr(module, "TrialScore", Mixed)
    out, said = tmp_path / "best.yaml", []
    found = tune(manifest, out, TREES, space=space, trials=30, say=said.append)
    assert sorted(tried) == [(5, 7), (5, 8), (6, 7), (6, 8)]
    assert list(found.trials["trial"]) == [0, 1, 2, 3]
    assert list(found.trials["state"]) == ["complete", "failed", "complete", "complete"]
    assert any(". 1 of 4 done, " in each for each in said)
    told = "the space holds 4 configurations, and each is done or under way: there are 4 trials, "
    assert said.count(f"{told}not 30") == 1
    said.clear()
    assert tune(manifest, out, TREES, space=space, trials=31, say=said.append).ended == 4
    assert len(tried) == 4 and f"{told}not 31" in said


def test_a_trial_that_was_ended_early_is_not_repeated(tmp_path):
    study = open_small(tmp_path)
    seen = []
    while (trial := study.claim(9)) is not None:
        seen.append(values_of(trial))
        study.finish(trial, "pruned")
    assert len(seen) == 4 and set(seen) == ALL_OF_SMALL


def test_what_another_process_is_at_is_not_repeated(tmp_path):
    said, both = [], (open_small(tmp_path), open_small(tmp_path))
    claimed = [both[number % 2].claim(9) for number in range(4)]
    assert {values_of(trial) for trial in claimed} == ALL_OF_SMALL
    assert both[0].claim(9, said.append) is None
    told = "the space holds 4 configurations, and each is done or under way: there are 4 trials, "
    assert said == [f"{told}not 9"]
    both[1].give_up(claimed[1])
    assert values_of(again := both[0].claim(9)) == values_of(claimed[1])
    assert both[0].origin(again) == 1
    assert both[1].claim(9) is None


def test_values_that_a_killed_process_had_not_stored_yet_are_kept(tmp_path):
    study = open_small(tmp_path)
    study.study.ask()  # the first trial; its process is killed here
    again = study.claim(9)
    assert values_of(again) == (1, None) and study.origin(again) == 0


@pytest.mark.parametrize("space", [SMALL, {"a": Range(0.0, 3.0), "b": SMALL["b"]}])
def test_a_sampler_that_always_proposes_the_same(tmp_path, monkeypatch, space):
    """Of a space without end it is let have its way, rather than asked for ever."""
    study = open_small(tmp_path, space)

    class Same(study.optuna.samplers.RandomSampler):
        def sample_independent(self, study, trial, name, distribution):
            return {"a": 2, "b": None}[name]

    monkeypatch.setattr(study, "_sampler", Same)
    seen = [values_of(study.claim(9)) for _ in range(4)]
    assert seen[:2] == [(1, None), (2, None)]
    assert set(seen) == (ALL_OF_SMALL if space is SMALL else {(1, None), (2, None)})


SMALL_SHARED = """
import json, sys
from pathlib import Path
from nuzzle.workflow.search_space import Choice, Range
from nuzzle.workflow.shared_study import SharedStudy
space = {"a": Range(1, 5), "b": Choice(("x", "y"))}
study = SharedStudy(Path(sys.argv[1]), "", {}, seed=0, warmup=0, space=space)
drawn = []
while (trial := study.claim(99, lambda sentence: None)) is not None:
    with study.alive(trial):
        drawn.append([*trial.params.values()])
        study.finish(trial, "complete", trial.params["a"])
print(json.dumps(drawn))
"""


def test_processes_share_a_small_space_out(tmp_path):
    command = [sys.executable, "-c", SMALL_SHARED, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    drawn = [json.loads(each.communicate(timeout=60)[0]) for each in running]
    assert sorted(drawn[0] + drawn[1]) == [[a, b] for a in range(1, 6) for b in "xy"]
