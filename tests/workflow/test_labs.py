"""Labs with other keypoints, frame rates and behaviours: one model of all of them."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app
from nuzzle.config import Config
from nuzzle.decoding.decoder import Decoder
from nuzzle.decoding.thresholds import Thresholds
from nuzzle.errors import InputError, LeakageError, TrainingError
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.predict import predict_recording
from nuzzle.inference.trees import TreeClassifier
from nuzzle.io.load import load_entry
from nuzzle.io.mabe import manifest_from_mabe
from nuzzle.manifest import Manifest
from nuzzle.outputs.report import write_report
from nuzzle.probabilities.combiners import WeightedAverage
from nuzzle.simulate import simulate
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow import folds as module
from nuzzle.workflow import trainings
from nuzzle.workflow.benchmark_mabe import benchmark_mabe
from nuzzle.workflow.crossval import crossval
from nuzzle.workflow.evaluate import evaluate
from nuzzle.workflow.explain import explain
from nuzzle.workflow.folds import ModelFolds, hold_out, partition
from nuzzle.workflow.scored import score_recording
from nuzzle.workflow.train import train

QUICK = ["training.epochs=4", "training.epoch_windows=2000", "features=relational"]
TREES = ["model.name=trees", *QUICK, "prepare.missing_keypoints=allow"]
NORTH, SOUTH, WEST = (f"simulated {name}" for name in ("CalMS21_task1", "Lab2", "Lab3"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Three labs with three recordings each; the third has no nose."""
    root = tmp_path_factory.mktemp("tree")
    simulate(root, format="mabe", recordings=9, minutes=0.5, seed=9, labs=3)
    return root


@pytest.fixture(scope="module")
def manifest(tree):
    """The first recording of each lab is held out."""
    entries = list(manifest_from_mabe(tree))
    seen = set()
    for index, entry in enumerate(entries):
        entries[index] = replace(entry, split="train" if entry.lab in seen else "val")
        seen.add(entry.lab)
    return Manifest(tuple(entries))


@pytest.fixture(scope="module")
def recordings(manifest):
    return [load_entry(entry) for entry in manifest]


@pytest.fixture(scope="module")
def trees(manifest, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "trees.nuzzle"
    train(manifest, path, Config.load(None, TREES))
    return path


def of(recordings, lab):
    return next(each for each in recordings if each.lab == lab)


def test_different_skeletons_are_refused_with_a_way_out(manifest, tmp_path):
    with pytest.raises(InputError, match="missing_keypoints=allow") as told:
        train(manifest, tmp_path / "m.nuzzle", Config.load(None, TREES[:-1]))
    assert f"\n  {WEST}  nose" in str(told.value).replace("CalMS21_task1  ", "CalMS21_task1 ")
    # What was refused is no unfinished run.
    train(manifest, tmp_path / "m.nuzzle", Config.load(None, [*TREES, "training.epochs=1"]))


def test_the_bundle_knows_its_labs(trees):
    bundle = Bundle.load(trees)
    assert bundle.frontend.labs == (NORTH, SOUTH, WEST)
    assert [c.name for c in bundle.frontend.columns[-3:]] == [
        f"lab_{name}" for name in (NORTH, SOUTH, WEST)
    ]
    assert bundle.training["labs"][SOUTH] == ["approach", "attack", "sniff"]
    assert bundle.training["unlearned"] == []
    with zipfile.ZipFile(trees) as archive:
        card = archive.read("card.md").decode()
    assert f"lab {SOUTH}, which looked for approach, attack, sniff" in card
    assert "the lab, if it is one of" in card


def test_a_known_lab_gets_what_it_looked_for_and_an_unknown_one_everything(trees, recordings):
    bundle = Bundle.load(trees)
    recording = of(recordings, SOUTH)
    said = predict_recording(bundle, recording)[0].probability
    known = np.isin(bundle.space.names, ["approach", "attack", "sniff", "other"])
    assert np.isnan(said[:, ~known]).all()
    np.testing.assert_allclose(said[:, known].sum(axis=1), 1, atol=1e-5)
    for lab in ("", "elsewhere"):
        everything = predict_recording(bundle, replace(recording, lab=lab))[0].probability
        np.testing.assert_allclose(everything.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("mode", ["exclusive", "multilabel"])
@pytest.mark.parametrize("members", [1, 2])
def test_trees_of_what_a_lab_did_not_look_for_make_no_difference(
    manifest, recordings, tmp_path, monkeypatch, mode, members
):
    config = Config.load(None, [*TREES, f"labels.mode={mode}"])
    bundle = train(manifest, tmp_path / "m.nuzzle", config)
    assert bundle.space.own
    if members > 1:
        combiner = WeightedAverage(bundle.space.exclusive, (0.5, 0.5))
        bundle = replace(bundle, members=bundle.members * 2, combiner=combiner)

    def probabilities():
        for each in recordings:
            yield from (pair.probability for pair in predict_recording(bundle, each))
            yield from (np.where(p.observed, p.probability, 0) for p in scored(each))

    def scored(recording):
        return score_recording(bundle, recording).pairs

    some, asked = list(probabilities()), TreeClassifier.probabilities
    monkeypatch.setattr(TreeClassifier, "probabilities", lambda self, x, wanted: asked(self, x))
    for mine, whole in zip(some, probabilities(), strict=True):
        np.testing.assert_allclose(mine, whole, atol=1e-5)


def test_a_lab_is_named_on_the_command_line(trees, tree, tmp_path):
    poses = sorted((tree / "train_tracking" / "Lab2").iterdir())[0]
    budgets = {}
    for lab in ("elsewhere", SOUTH):
        out = tmp_path / f"out-{len(budgets)}"
        result = CliRunner().invoke(
            build_app(),
            ["predict", str(trees), str(poses), "--out", str(out), "--fps", "25",
             "--px-per-cm", "12", "--lab", lab, "--json", str(out) + ".json"],
        )  # fmt: skip
        assert result.exit_code == 0, result.stderr
        assert ("does not know lab 'elsewhere'" in result.stderr) == (lab == "elsewhere")
        rows = json.loads((tmp_path / f"{out.name}.json").read_text())["time_budget"]
        budgets[lab] = {row["behaviour"] for row in rows}
    assert budgets[SOUTH] == {"approach", "attack", "sniff"}
    assert budgets["elsewhere"] > budgets[SOUTH]


def test_a_lab_has_its_own_decoder(trees, recordings, tmp_path):
    """One that says `attack` at the least sign of it; other labs keep the common one."""
    bundle = Bundle.load(trees)
    names = bundle.space.names
    bold = tuple(0.000001 if name == "attack" else 0.5 for name in names)
    own = Decoder(names, True, "other", thresholds=Thresholds(bold))
    bundle = replace(bundle, lab_decoders={SOUTH: own})
    bundle.save(tmp_path / "own.nuzzle")
    again = Bundle.load(tmp_path / "own.nuzzle")
    south = of(recordings, SOUTH)
    common, its_own = (score_recording(b, south).pairs for b in (Bundle.load(trees), again))
    attack = names.index("attack")
    for one, other in zip(common, its_own, strict=True):
        assert one.predicted[:, attack].sum() < other.predicted[:, attack].sum()
        decided = own(other.to_decide, south.fps)
        np.testing.assert_array_equal(other.predicted, decided)
    assert again.decoder_of("elsewhere") == again.decoder


def test_an_evaluation_and_its_report_have_a_row_a_lab(trees, manifest, tmp_path):
    result = evaluate(trees, manifest, "val", tmp_path / "out")
    assert [each.lab for each in result.labs] == [NORTH, SOUTH, WEST]
    assert set(result.labs[1].f1) == set(Bundle.load(trees).space.names)
    assert np.isnan(result.labs[1].f1["mount"]), "it did not look for it"
    page = write_report(tmp_path / "out").read_text()
    assert "Lab by lab" in page
    assert f"{result.mean_over_labs:.2f}" in page


def test_a_model_of_one_skeleton_reads_the_points_of_another(manifest, recordings, tmp_path):
    """Trained on seven keypoints; the second lab has five, of which four are among them."""
    north = Manifest(tuple(entry for entry in manifest if entry.lab == NORTH))
    bundle = train(north, tmp_path / "m.nuzzle", Config.load(None, TREES))
    assert len(bundle.frontend.skeleton.keypoints) == 7
    assert bundle.frontend.labs == ()
    other = Bundle.load(tmp_path / "m.nuzzle")
    for lab in (SOUTH, WEST):
        recording = of(recordings, lab)
        prepared = other.frontend.prepare(recording)
        assert "without a point: " in prepared.history[0]
        scored = score_recording(other, recording).pairs
        assert all(np.isfinite(each.probability).all() for each in scored)


def test_explaining_a_lab_without_a_nose(manifest, tmp_path):
    """Attributions, of which missing points have none, and the importance of being told the lab."""
    changes = ["model.name=conv_lstm", "prepare.missing_keypoints=allow", "training.epochs=1"]
    options = ["training.window=64", "model.options={dropout: 0.0}"]
    train(manifest, tmp_path / "m.nuzzle", Config.load(None, [*changes, *options]))
    west = Manifest(tuple(e for e in manifest if e.lab == WEST and e.split == "val"))
    west.save(tmp_path / "west.csv")
    summary = explain(
        tmp_path / "m.nuzzle", [tmp_path / "west.csv"], tmp_path / "why",
        behaviours=["mount"], frames=[300], repeats=1,
    )  # fmt: skip
    (row,) = summary["attribution"]
    assert abs(row["unexplained"]) < 0.1 * row["absolute"]
    families = {each["family"]: each["columns"] for each in summary["importance"]}
    assert families["lab"] == 3
    table = (tmp_path / "why" / "attribution.csv").read_text().splitlines()
    assert any(",nose,0.0," in line for line in table)


def test_without_the_lab_in_a_fold(recordings, tmp_path, monkeypatch):
    """Every lab is predicted by a model that has neither seen it nor its name."""
    config = Config.load(None, [*TREES, "training.early_stopping=true"])
    parts = partition(recordings, "lab", 5, config)
    assert [len({each.lab for each in part}) for part in parts] == [1, 1, 1]
    space = LabelSpace.fit(recordings, Config().labels)
    learned = []

    def learn(split, *_):
        learned.append(split)
        raise KeyboardInterrupt

    monkeypatch.setattr(trainings, "learn", learn)
    for number, part in enumerate(parts):
        run = ModelFolds(parts, space, config, tmp_path, lambda _: None, None, "lab")
        with pytest.raises(KeyboardInterrupt):
            run.bundle(number)
        split = learned.pop()
        left = part[0].lab
        assert left not in {each.lab for each in split["train"]}
        assert len({each.lab for each in split["train"]}) == 2
        names = {each.name for each in split["train"]}, {each.name for each in split["val"]}
        assert [len(each) for each in names] == [4, 2], "one of three groups of each lab"
        assert not names[0] & names[1]
        assert {each.lab for each in split["val"]} == {""}, "their lab is hidden"


def test_what_is_held_out_of_each_fold_is_chosen_once(recordings, tmp_path, monkeypatch):
    config = Config.load(None, [*TREES, "training.early_stopping=true"])
    parts = partition(recordings, "lab", 5, config)
    space = LabelSpace.fit(recordings, config.labels)
    asked = []

    def held_out(rest, seed):
        asked.append(len(rest))
        return hold_out(rest, seed)

    monkeypatch.setattr(module, "hold_out", held_out)
    run = ModelFolds(parts, space, config, tmp_path, lambda _: None, None, "lab")
    run.check()
    assert len(run.decoders) == 9
    assert asked == [6, 6, 6]


def test_recordings_that_name_no_lab_are_one(recordings, tmp_path):
    blank = [replace(each, lab="" if each.lab == SOUTH else each.lab) for each in recordings]
    config = Config.load(None, TREES)
    parts = partition(blank, "lab", 5, config)
    space = LabelSpace.fit(blank, config.labels)
    run = ModelFolds(parts, space, config, tmp_path, lambda _: None, None, "lab")
    (number,) = (number for number, part in enumerate(parts) if part[0].lab == "")
    pairs = run.predict(number)
    assert len({pair.recording for pair in pairs}) == 3
    assert {pair.resampling_unit for pair in pairs} == {"recordings without a lab"}


def test_no_lab_has_poses_of_another(recordings):
    copied = replace(recordings[0], name="copy", lab="elsewhere", group="m9")
    config = Config.load(None, TREES)
    with pytest.raises(LeakageError, match="'copy' of lab 'elsewhere' have the very same poses"):
        partition([*recordings, copied], "lab", 5, config)
    partition([*recordings, replace(copied, lab=recordings[0].lab)], "lab", 5, config)


def test_every_fold_can_read_what_it_has_not_seen(recordings, tmp_path):
    """The first two labs share a nose, which the third lacks; the second has no scale."""
    south = [replace(each, px_per_cm=None) for each in recordings if each.lab == SOUTH]
    parts = [[each for each in recordings if each.lab == lab] for lab in (NORTH, WEST)]
    named = [*TREES[:-1], "prepare.keypoints=[ear_left, ear_right, tail_base]"]
    config = Config.load(None, [*named, "prepare.nose=ear_left"])
    space = LabelSpace.fit(recordings, config.labels)
    run = ModelFolds([*parts, south], space, config, tmp_path, lambda _: None, None, "lab")
    assert run.settled.prepare.unit == "bl"
    allowed = Config.load(None, TREES)
    run = ModelFolds([*parts, south], space, allowed, tmp_path, lambda _: None, None, "lab")
    with pytest.raises(
        InputError, match=f"because {SOUTH} has no scale, and {WEST} lacks the nose"
    ):
        run.check()
    together = ModelFolds([*parts], space, allowed, tmp_path, lambda _: None, None, "lab").settled
    assert together.prepare.unit == "cm"
    assert "head" in together.prepare.keypoints and "nose" in together.prepare.keypoints


def test_labs_of_one_animal_cannot_stop_early(recordings):
    one = [replace(each, group=each.lab) for each in recordings]
    with pytest.raises(InputError, match="two groups"):
        hold_out(one, seed=0)
    two = [*one, replace(one[0], name="more", group="second")]
    split = hold_out(two, seed=0)
    assert len(split["val"]) in (1, 3) and {each.lab for each in split["train"]} == {
        NORTH,
        SOUTH,
        WEST,
    }


def test_the_only_example_of_a_behaviour_is_not_held_out(recordings):
    """Of four groups with a behaviour each, only the two that show the same can be spared."""
    names = ("attack", "sniff", "sniff", "mount")
    groups = []
    for number, name in enumerate(names):
        bout = {"agent": "mouse1", "target": "mouse2", "start_frame": 0, "stop_frame": 9}
        labels = replace(recordings[0].labels, bouts=[{**bout, "behaviour": name}])
        groups.append(replace(recordings[0], name=f"r{number}", group=f"g{number}", labels=labels))
    held = [hold_out(groups, seed)["val"][0].name for seed in range(10)]
    assert set(held) == {"r1", "r2"}


def test_a_group_of_two_labs_is_held_out_of_both(recordings):
    one = recordings[0]
    both = [
        replace(one, name=f"{lab}{n}", lab=lab, group=f"mouse{n}") for lab in "AB" for n in range(5)
    ]
    for seed in range(5):
        split = {part: {r.group for r in each} for part, each in hold_out(both, seed).items()}
        assert len(split["val"]) == 1 and not split["val"] & split["train"]
    lone = replace(one, name="C", lab="C", group="mouse2")
    for seed in range(20):
        assert "C" in {each.lab for each in hold_out([*both, lone], seed)["train"]}


def test_leave_one_lab_out(manifest, tmp_path):
    """What occurs in one lab only is said beforehand, and is left out of the scores there.

    The second lab looked for none of these: it is no lab to learn from, nor to score.
    """
    said = []
    config = Config.load(None, [*TREES, "labels.behaviours=[genitalgroom, intromit, mount]"])
    result = crossval(manifest, tmp_path / "all.nuzzle", config, by="lab", say=said.append)
    (first,) = [s for s in said if "intromit" in s and "learns from, so it is not found" in s]
    assert said.index(first) < said.index("fold 1 of 3")
    assert (
        f"warning: intromit occurs in fold {1 + fold_of(result, manifest, WEST)} ({WEST})" in first
    )
    labs = {each.lab: each for each in result.evaluation.labs}
    assert set(labs) == {NORTH, WEST}
    assert np.isnan(labs[WEST].f1["intromit"]) and np.isfinite(labs[WEST].f1["mount"])
    assert np.isnan(result.evaluation["intromit"].f1.value)
    assert result.evaluation.groups == 2, "intervals resample labs"
    assert result.tuned.groups == 2 and result.tuned.labs == {}
    bundle = Bundle.load(tmp_path / "all.nuzzle")
    assert "intromit" in bundle.space.names and bundle.training["unlearned"] == []
    assert bundle.frontend.labs == tuple(bundle.training["labs"]) == (NORTH, WEST)


def test_leave_one_lab_out_with_several_members(manifest, tmp_path):
    """The second member holds recordings out to stop early on; both say it of the same frames."""
    member = {
        "model": {"name": "trees"},
        "features": "relational",
        "prepare": {"missing_keypoints": "allow"},
        "training": {"epochs": 4, "epoch_windows": 2000},
    }
    early = {**member, "training": {**member["training"], "early_stopping": True}}
    config = Config.parse(
        {
            "model": {"name": "ensemble"},
            "ensemble": {"members": [member, early]},
            "labels": {"behaviours": ["genitalgroom", "intromit", "mount"]},
        }
    )
    said = []
    result = crossval(manifest, tmp_path / "all.nuzzle", config, by="lab", say=said.append)
    assert len([s for s in said if "intromit" in s and "learns from, so it is not found" in s]) == 1
    assert {each.lab for each in result.evaluation.labs} == {NORTH, WEST}
    assert np.isnan(result.evaluation["intromit"].f1.value)
    assert len(Bundle.load(tmp_path / "all.nuzzle").members) == 2


def fold_of(result, manifest, lab):
    names = {entry.recording for entry in manifest if entry.lab == lab}
    return [set(fold) for fold in result.folds].index(names)


def test_a_fold_that_would_learn_nothing_is_refused(manifest, tmp_path):
    config = Config.load(None, [*TREES, "labels.behaviours=[intromit]"])
    with pytest.raises(TrainingError, match=rf"{WEST}.*show none of the behaviours"):
        crossval(manifest, tmp_path / "all.nuzzle", config, by="lab")


def test_the_benchmark_takes_all_labs_at_once(tree, tmp_path):
    said = []
    config = Config.load(None, TREES)
    result = benchmark_mabe(tree, tmp_path / "out", config, by="lab", say=said.append)
    assert len(result.score.per_action) == 3
    (west,) = [each for name, each in result.score.per_action.items() if "Lab3" in name]
    missed = west["intromit"]
    assert missed.f == 0 and missed.true_positive == 0 and missed.false_negative > 0, "as missed"
    assert any("intromit" in sentence for sentence in said)
