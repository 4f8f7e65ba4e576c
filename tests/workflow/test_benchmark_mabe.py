import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from nuzzle.cli.benchmark import _print_mabe
from nuzzle.config import Config
from nuzzle.errors import ConfigError
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.io.load import load_entry
from nuzzle.io.mabe import manifest_from_mabe
from nuzzle.io.mabe_table import Action
from nuzzle.io.mabe_write import write_mabe
from nuzzle.io.submission import read_solution, read_submission
from nuzzle.labels import Pair
from nuzzle.outputs.frames import PairFrames
from nuzzle.recording import Recording
from nuzzle.simulate import simulate_recording
from nuzzle.training.targets import LabelSpace, Targets
from nuzzle.workflow import benchmark_mabe as module
from nuzzle.workflow import trainings
from nuzzle.workflow.benchmark_mabe import benchmark_mabe, bouts_of_scored
from nuzzle.workflow.scored import score_recording

CHOSEN = (
    "model.name=trees",
    "features=relational",
    "training.epochs=20",
    "training.epoch_windows=3000",
)
CONFIG = Config.load(None, CHOSEN)
SHOWN = ("approach", "genitalgroom", "sniffbody")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A simulated tree of three recordings; the last is also that of a test."""
    root = tmp_path_factory.mktemp("tree")
    recordings = [
        simulate_recording(str(seed), minutes=1, seed=seed, vocabulary="mabe", session=SHOWN)
        for seed in (2, 4, 5)
    ]
    write_mabe(recordings, root)
    table = pd.read_csv(root / "train.csv", dtype=str)
    last = table.iloc[-1:]
    last.to_csv(root / "test.csv", index=False)
    folder = root / "test_tracking" / last["lab_id"].item()
    folder.mkdir(parents=True)
    name = f"{last['video_id'].item()}.parquet"
    shutil.copy(root / "train_tracking" / folder.name / name, folder / name)
    return root


def test_out_of_fold_bouts_are_scored_and_the_test_is_labelled(tree, tmp_path):
    out = tmp_path / "out"
    result = benchmark_mabe(tree, out, CONFIG, folds=3)
    assert sorted(result.folds) == [("2",), ("4",), ("5",)]
    rows = read_submission(out / "out_of_fold.csv")
    truth = read_solution(tree)
    allowed = truth.looked_for
    for row in rows.itertuples(index=False):
        assert (row.agent_id, row.target_id, row.action) in allowed[row.video_id]
    assert set(rows.loc[rows["action"] == "genitalgroom", "target_id"]) <= {"self"}
    # Counted by hand, frame by frame, for one action.
    frames = {name: set() for name in ("true", "said")}
    for what, table in (("true", truth.bouts), ("said", rows)):
        for row in table[table["action"] == "sniffbody"].itertuples(index=False):
            key = (row.video_id, row.agent_id, row.target_id)
            frames[what] |= {(*key, n) for n in range(row.start_frame, row.stop_frame)}
    (actions,) = result.score.per_action.values()
    assert actions["sniffbody"].true_positive == len(frames["true"] & frames["said"]) > 0
    assert actions["sniffbody"].false_positive == len(frames["said"] - frames["true"])
    submitted = read_submission(result.submission)
    assert set(submitted["video_id"]) == {"5"}
    assert set(submitted["action"]) <= set(SHOWN)
    # The same poses are in train: a submission is made in the way that is scored.
    bundle = Bundle.load(out / "model.nuzzle")
    (row,) = [each for each in manifest_from_mabe(tree) if each.recording == "5"]
    found = bouts_of_scored(bundle.space, score_recording(bundle, load_entry(row)).pairs)["5"]
    columns = ["start_frame", "stop_frame"]
    for name in SHOWN:
        mine, theirs = found[found["behaviour"] == name], submitted[submitted["action"] == name]
        assert sorted(mine[columns].values.tolist()) == sorted(theirs[columns].values.tolist())


def test_a_recording_of_the_test_that_cannot_be_used_has_no_rows(tree, tmp_path, capsys):
    data, out, said = tmp_path / "tree", tmp_path / "out", []
    shutil.copytree(tree, data)
    table = pd.read_csv(data / "test.csv", dtype=str)
    pd.concat([table, table.assign(video_id="9")]).to_csv(data / "test.csv", index=False)
    (path,) = (data / "test_tracking").rglob("5.parquet")
    poses = pd.read_parquet(path)
    poses.assign(bodypart="joint_" + poses["bodypart"]).to_parquet(path.with_name("9.parquet"))
    result = benchmark_mabe(data, out, CONFIG, folds=3, say=said.append)
    assert set(read_submission(result.submission)["video_id"]) == {"5"}
    (note,) = result.notes
    assert note.startswith("9 of test.csv has no rows: recording '9' has no keypoint ")
    assert "--keypoints" not in note and f"warning: {note}" in said
    assert json.loads((out / "score.json").read_text())["notes"] == [note]
    # Nor may the submission of an earlier run stay where this one has none.
    path.with_name("9.parquet").rename(path)
    table.to_csv(data / "test.csv", index=False)
    result = benchmark_mabe(data, out, CONFIG, folds=3)
    assert result.submission is None and not (out / "submission.csv").exists()
    assert len(result.notes) == 1
    _print_mabe(result, out)
    said = capsys.readouterr().out
    assert f"Note: {result.notes[0][:20]}" in said and "No submission" in said


def test_recordings_of_the_test_of_other_labs_are_counted(tree, tmp_path):
    table = pd.read_csv(tree / "test.csv", dtype=str)
    (lab,) = table["lab_id"]
    others = [table.assign(video_id=name, lab_id="other") for name in "78"]
    pd.concat([table, *others]).to_csv(tmp_path / "test.csv", index=False)
    shutil.copytree(tree / "test_tracking", tmp_path / "test_tracking")
    chosen, notes = module._tests(tmp_path, [lab])
    assert [each.video_id for each in chosen] == ["5"]
    assert notes == (
        "2 of 3 recordings of test.csv are of labs that were not chosen and are not in the "
        "submission.",
    )
    assert module._tests(tree, [lab])[1] == ()


def test_that_poses_of_the_test_are_missing_is_said_before_the_training(
    tree, tmp_path, monkeypatch
):
    data = tmp_path / "tree"
    shutil.copytree(tree, data, ignore=shutil.ignore_patterns("test_tracking"))
    said = []

    def stop(*_):
        raise InterruptedError

    monkeypatch.setattr(module, "folds_of", stop)
    with pytest.raises(InterruptedError):
        benchmark_mabe(data, tmp_path / "out", CONFIG, folds=3, say=said.append)
    (warning,) = [each for each in said if "submission" in each]
    assert "1 of the 1 recording of test.csv have no pose file" in warning
    assert warning.count("5.parquet") == 1


def test_a_recording_of_which_nothing_was_learned_counts_as_missed(tree, tmp_path):
    """Nobody else looked for the one action of the first recording, by a lab of its own."""
    data = tmp_path / "tree"
    shutil.copytree(tree, data)
    table = pd.read_csv(data / "train.csv", dtype=str)
    lab = table.at[0, "lab_id"]
    table.loc[0, ["lab_id", "behaviors_labeled"]] = ["other", '["mouse1,mouse2,chase"]']
    table.to_csv(data / "train.csv", index=False)
    for folder in ("train_tracking", "train_annotation"):
        (data / folder / "other").mkdir()
        shutil.move(data / folder / lab / "2.parquet", data / folder / "other")
    path = data / "train_annotation" / "other" / "2.parquet"
    bouts = pd.read_parquet(path)
    mine = bouts[(bouts["agent_id"] == 1) & (bouts["target_id"] == 2)]
    unlisted = mine.head(1).assign(action="mount")
    pd.concat([mine.assign(action="chase"), unlisted]).to_parquet(path)
    config = Config.load(None, [*CHOSEN, "labels.mode=multilabel"])
    said = []
    result = benchmark_mabe(data, tmp_path / "out", config, folds=3, say=said.append)
    assert result.simulated
    assert [each for each in said if each.startswith("2: ") and "mount" in each], (
        "what was left out"
    )
    assert result.score.per_lab["other"] == 0
    assert result.score.score == pytest.approx(result.score.per_lab[lab] / 2)


def test_recordings_without_an_annotation_file_are_named(tree, tmp_path):
    data, said = tmp_path / "tree", []
    shutil.copytree(tree, data)
    next((data / "train_annotation").rglob("4.parquet")).unlink()
    result = benchmark_mabe(data, tmp_path / "out", CONFIG, folds=3, say=said.append)
    (note,) = result.notes
    assert "nothing seen: 1 of 3 recordings (4)" in note
    assert said[0] == f"warning: {note}"
    assert result.to_dict()["notes"] == [note]


def test_a_killed_run_keeps_its_folds(tree, tmp_path, monkeypatch):
    learned, real = [], trainings.learn

    def learn(recordings, *arguments):
        learned.append(len(recordings["train"]))
        if len(learned) == 2:
            raise KeyboardInterrupt
        return real(recordings, *arguments)

    monkeypatch.setattr(trainings, "learn", learn)
    with pytest.raises(KeyboardInterrupt):
        benchmark_mabe(tree, tmp_path / "out", CONFIG, folds=3)
    benchmark_mabe(tree, tmp_path / "out", CONFIG, folds=3)
    assert len(learned) == 2 + 2 + 1, "two folds are left, and the model of all recordings"


def test_a_model_that_there_is_not_is_refused_before_anything_is_read(tmp_path):
    config = CONFIG.with_values({"model.name": "tres"})
    with pytest.raises(ConfigError, match=r"no model 'tres'; there are .*'trees'"):
        benchmark_mabe(tmp_path / "nothing", tmp_path / "out", config)


def test_what_a_mouse_does_to_itself_has_itself_as_target():
    space = LabelSpace(("attack", "groom", "other"), "other", True, ("groom",), own=("groom",))
    said = np.eye(3, dtype=bool)[[0, 0, 1, 1, 2]]
    one = PairFrames(Pair("mouse1", "mouse2"), said.astype(np.float32), said)
    assert module._bouts(space, [one]).to_numpy().tolist() == [
        ["mouse1", "mouse2", "attack", 0, 2],
        ["mouse1", "mouse1", "groom", 2, 4],
    ]


def test_an_ensemble_goes_the_same_road(tree, tmp_path):
    member = {name: CONFIG.to_dict()[name] for name in ("model", "features")}
    member["training"] = {"epochs": 12, "epoch_windows": 3000}
    config = Config.parse({"model": {"name": "ensemble"}, "ensemble": {"members": [member] * 2}})
    result = benchmark_mabe(tree, tmp_path / "out", config, folds=3)
    assert sorted(sum(result.folds, ())) == ["2", "4", "5"]
    assert set(read_submission(tmp_path / "out" / "out_of_fold.csv")["video_id"]) == {"2", "4", "5"}
    assert result.submission is not None
    assert len(Bundle.load(tmp_path / "out" / "model.nuzzle").members) == 2


def test_what_is_said_where_the_truth_could_not_be_learned_counts_against_it():
    """Frames 2 and 3 are of a behaviour that the fold had no example of: they are not scored, but
    nobody may know that who submits."""
    names = ("attack", "mount", "other")
    space = LabelSpace(names, "other", True, ("attack", "mount"))
    truth, said = (np.eye(3, dtype=bool)[each] for each in ([0, 2, 1, 1], [0, 0, 0, 2]))
    targets = space.leave_out(Targets(truth, np.ones_like(truth)), ["mount"])
    pair = ScoredPair(
        "r", "", Pair("mouse1", "mouse2"), 30.0, names, "other", True,
        targets.active, targets.observed, said, said.astype(np.float32),
    )  # fmt: skip
    (table,) = module.bouts_of_scored(space, [pair]).values()
    assert table.to_numpy().tolist() == [["mouse1", "mouse2", "attack", 0, 3]]


def test_what_an_animal_does_to_itself_is_not_looked_for_beside_one_that_is_never_seen():
    """Three mice, the third without a point; the first rears, and chases the third, too."""
    position = np.zeros((4, 2, 1, 3))
    position[..., 2] = np.nan
    names = ["mouse1", "mouse2", "mouse3"]
    recording = Recording.from_arrays("1", position, keypoints=["nose"], individuals=names, fps=30)
    space = LabelSpace(("chase", "rear", "other"), "other", True, ("chase", "rear"), own=("rear",))
    for chased, pairs in ((names[1:], {(0, 1), (0, 2)}), (names[1:2], {(0, 1)})):
        listed = {Action("mouse1", "mouse1", "rear")}
        listed |= {Action("mouse1", name, "chase") for name in chased}
        video = SimpleNamespace(looked_for=frozenset(listed))
        found = module._wanted(space, recording, video)
        assert set(found) == {Pair(names[one], names[other]) for one, other in pairs}
        assert all(mask.all() for mask in found.values())
