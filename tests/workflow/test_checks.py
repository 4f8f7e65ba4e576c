"""What is said, and refused, before anything is trained."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app
from nuzzle.config import Config
from nuzzle.errors import InputError, LeakageError, TrainingError
from nuzzle.labels import Labels, Pair
from nuzzle.manifest import Entry, Manifest
from nuzzle.recording import Recording
from nuzzle.workflow import checks, trainings
from nuzzle.workflow import train as train_module
from nuzzle.workflow.checks import (
    check_splits,
    fit_space,
    say_other_splits,
    say_recordings,
    with_copies_joined,
)
from nuzzle.workflow.crossval import crossval
from nuzzle.workflow.train import train

TREES = Config.load(None, ["model.name=trees", "training.epochs=1"])
ENSEMBLE = Config.load(
    None,
    [
        "model.name=ensemble",
        "ensemble.folds=2",
        "ensemble.members=[{model: {name: trees}, training: {epochs: 1}}]",
    ],
)
KEYPOINTS = ("nose", "neck", "tail_base")


def recording(name, *behaviours, looked=("attack", "mount"), lab="", seen=100, labelled=True):
    """A hundred frames; ten of each of the behaviours, one after the other."""
    rng = np.random.default_rng(list(name.encode()))
    position = rng.normal(size=(100, 2, 3, 2)).astype(np.float32)
    made = Recording.from_arrays(
        name, position, keypoints=KEYPOINTS, individuals=("a", "b"), fps=10.0
    )
    active = np.zeros((100, len(looked)), bool)
    for number, behaviour in enumerate(behaviours):
        active[10 * number : 10 * number + 10, looked.index(behaviour)] = True
    observed = np.zeros_like(active)
    observed[:seen] = True
    labels = Labels.from_frames(Pair("a", "b"), active, looked, observed=observed)
    return replace(made, lab=lab, labels=labels if labelled else None)


def checked(train, val, config=TREES):
    said = []
    space = fit_space(train, config)
    kept = check_splits({"train": train, "val": val}, space, config, said.append)
    return kept, said


def test_splits_of_other_names_are_said():
    splits = ("train", "Train", "val", "", "test", "Train")
    said = []
    rows = [Entry(f"m{n}", f"m{n}.csv", split=split) for n, split in enumerate(splits)]
    say_other_splits(Manifest(tuple(rows)), said.append)
    assert said == ["left out: 2 recordings of the split 'Train', not train or val"]


def test_what_val_does_not_show_is_said_with_who_could_show_it():
    train = [recording("m1", "attack", "mount"), recording("m2", "attack")]
    _, (sentence,) = checked(train, [recording("m3", "attack")])
    assert sentence.startswith("warning: 'mount' has no frame in val")
    assert "in train, in m1: move" in sentence


def test_nobody_is_told_to_change_what_was_drawn_for_them():
    train = [recording("m1", "attack"), recording("m2", "attack", "mount")]
    said = []
    space = fit_space(train, TREES)
    val = [recording("m3", "attack")]
    check_splits({"train": train, "val": val}, space, TREES, said.append, drawn=True)
    check_splits(
        {"train": [train[0]], "val": [train[1]]},
        fit_space(train[:1], TREES),
        TREES,
        said.append,
        drawn=True,
    )
    assert said == [
        "warning: 'mount' has no frame in val as it was drawn: no figure on val is of it",
        "warning: 'mount' has no frame in train, so the model will not know it; it occurs in val, "
        "in m2, and counts as 'other' there. You can say what is to be learned: "
        "--set 'labels.behaviours=[attack]'",
    ]


def test_a_slip_in_what_was_looked_for_is_said():
    said = []
    seen = recording("m1", "attack", looked=("attack", "atack"))
    unseen = recording("m2", "mount", looked=("mount", "atack"))
    say_recordings("train", [seen, unseen], said.append)
    (sentence,) = [each for each in said if "atack" in each and "slip" in each]
    assert sentence.startswith("warning: 'atack' was looked for and is seen in none of these")


def test_labs_that_differ_in_case_are_told():
    said = []
    labs = ("One", "one", "two", "one")
    each = [replace(recording(f"m{n}", "attack"), lab=lab) for n, lab in enumerate(labs)]
    say_recordings("train", each, said.append)
    (sentence,) = [each for each in said if "case" in each]
    assert sentence.startswith("warning: 'One' and 'one' differ only in case, and count as 2 labs")


def test_names_that_differ_in_case_are_said_once_across_train_and_val():
    train = [recording("m1", "attack")]
    val = [recording("m2", "attack"), recording("m3", "Attack", looked=("Attack",))]
    _, said = checked(train, val)
    (sentence,) = [each for each in said if "differ only in case" in each]
    assert sentence.startswith("warning: 'Attack' (in m3) and 'attack' (in m1, m2)")


def test_a_renaming_of_what_neither_train_nor_val_shows_is_said():
    asked = {"renaming": {"mnt": "mount"}, "named": ("attack", "mount")}
    both = [recording(name, "attack", "mount") for name in ("m1", "m2")]
    both = [replace(each, labels=replace(each.labels, **asked)) for each in both]
    _, (sentence,) = checked(both[:1], both[1:])
    assert sentence.startswith("warning: the manifest's column behaviours says mnt=mount, and no")
    assert "label of m1, m2 is called 'mnt'" in sentence


def test_files_that_name_less_than_others_of_their_lab_are_named():
    def seen(name, *behaviours, lab=""):
        made = recording(name, *behaviours, looked=behaviours, lab=lab)
        return replace(made, labels=replace(made.labels, only_seen=True))

    said = []
    mine = [seen("m1", "attack", "mount"), seen("m2", "attack")]
    say_recordings("train", [*mine, seen("m3", "rear", lab="other")], said.append)
    (sentence,) = [each for each in said if each.startswith("warning")]
    assert sentence.startswith("warning: the labels of m2 name only what was seen")
    assert sentence.endswith("the manifest's column looked_for: mount")
    said.clear()
    say_recordings("train", [recording("m1", "attack"), recording("m2", "mount")], said.append)
    assert not any("warning" in each for each in said), "they say what was looked for"


@pytest.mark.parametrize("config", [TREES, ENSEMBLE])
def test_what_train_does_not_show_is_said_with_who_shows_it(config):
    train = [recording("m1", "attack"), recording("m2", "attack")]
    _, (sentence,) = checked(train, [recording("m3", "attack", "mount")], config)
    assert sentence.startswith("warning: 'mount' has no frame in train")
    assert "occurs in val, in m3, and counts as 'other' there" in sentence
    wanted = config.with_values({"labels.behaviours": ["attack"]})
    assert checked(train, [recording("m3", "attack", "mount")], wanted)[1] == []


def test_val_without_anything_to_judge_by_is_refused():
    train = [recording("m1", "attack")]
    bare = recording("m2", labelled=False)
    other = recording("m3", "sniff", looked=("sniff",))
    with pytest.raises(TrainingError, match=r"learns \['attack'\].* val are of nothing"):
        checked(train, [bare])
    with pytest.raises(TrainingError, match=r"val are of \['sniff'\]"):
        checked(train, [bare, other])
    good = recording("m4", "attack")
    kept, said = checked([*train, recording("m5", labelled=False)], [bare, other, good])
    assert [[each.name for each in part] for part in kept.values()] == [["m1"], ["m4"]]
    assert said[0].startswith("warning: m3 has no part in val: its labels are of ['sniff']")


def test_animals_that_only_pose_files_name_stay_on_one_side():
    one, other = (replace(recording(name, "attack"), group="mouse 1") for name in ("m1", "m2"))
    with pytest.raises(LeakageError, match="m2 of val and, for the first, m1 of train are of 'mo"):
        checked([one], [other])
    # Whoever divides a video knows that its animals are on both sides.
    first, rest = one.slice(0, one.n_frames // 2), one.slice(one.n_frames // 2, one.n_frames)
    kept, _ = checked([first], [replace(rest, name="m1-val")])
    assert [each.name for each in kept["val"]] == ["m1-val"]


def test_val_may_not_contradict_train():
    other = recording("m2", "other", looked=("other",), lab="south")
    train = recording("m1", "attack", lab="north")
    train = replace(train, labels=replace(train.labels, background="other"))
    with pytest.raises(TrainingError, match=r"'north' \(recording 'm1'\).*'south' \(recording 'm2"):
        checked([train], [other])


def test_how_much_was_not_looked_at_is_told():
    said = []
    part = [
        recording("m1", "attack", seen=50),
        recording("m2", "attack", seen=90),
        recording("m3", labelled=False),
    ]
    say_recordings("train", part, said.append)
    assert said == [
        "train: 3 recordings, 300 frames",
        "warning: train has m3 without labels, which have no part in the training. Fill the "
        "manifest's column labels, or leave these rows out",
        "train: in 60 frames (20 %) nobody looked for anything; they are left out. Most of them "
        "are in m1: 50 of 100",
    ]
    said.clear()
    say_recordings("val", [recording("m1", "attack")], said.append)
    assert said == ["val: 1 recording, 100 frames"]


def test_members_that_cannot_read_val_are_named_before_they_are_trained():
    train = [recording("m1", "attack"), recording("m2", "attack")]
    strange = recording("m3", "attack").rename({"nose": "snoutish"})
    with pytest.raises(InputError, match=r"Member 'trees'.*'m3' has no keypoint \['nose'\]"):
        checked(train, [strange], ENSEMBLE)


class Reached(Exception):
    """A training began."""


@pytest.fixture
def no_training(monkeypatch):
    def learn(*arguments, **named):
        raise Reached

    monkeypatch.setattr(train_module, "learn", learn)
    monkeypatch.setattr(trainings, "learn", learn)


@pytest.mark.parametrize("config", [TREES, ENSEMBLE], ids=["model", "ensemble"])
@pytest.mark.parametrize("run", [train, crossval])
def test_every_road_says_once_what_was_read_before_it_trains(
    manifest, tmp_path, config, run, no_training, monkeypatch
):
    """The first recording was labelled to its middle."""

    def load(part, beside):
        for entry in part:
            made = recording(
                entry.recording, "attack", seen=50 if entry.recording == "mouse0" else 100
            )
            yield replace(made, group=entry.recording)

    monkeypatch.setattr(checks, "load_manifest", load)
    said = []
    with pytest.raises(Reached):
        run(manifest, tmp_path / "m.nuzzle", config, say=said.append)
    (unseen,) = [sentence for sentence in said if "nobody looked" in sentence]
    assert "in mouse0: 50 of 100" in unseen
    assert not [sentence for sentence in said if "has no frame" in sentence]


def test_a_fold_without_a_class_is_said_once(manifest, tmp_path, no_training, monkeypatch):
    def load(part, beside):
        for number, entry in enumerate(part):
            shown = ("attack", "mount") if number == 0 else ("attack",)
            yield replace(recording(entry.recording, *shown), group=entry.recording)

    monkeypatch.setattr(checks, "load_manifest", load)
    said = []
    with pytest.raises(Reached):
        crossval(manifest, tmp_path / "m.nuzzle", ENSEMBLE, folds=3, say=said.append)
    (lost,) = [sentence for sentence in said if "mount" in sentence]
    assert "mount occurs in fold" in lost


def test_one_recording_alone(manifest, tmp_path):
    """Neither command trains; both say what there is, and how to go on."""
    study = tmp_path / "one.csv"
    Manifest(manifest.entries[:1]).save(study)
    for model in ("trees", "ensemble"):
        for command, problem in (
            ("train", "holds 'train' (1). Fill it"),
            ("crossval", "with labels have 1 value of 'group' (mouse0), for 5 folds."),
        ):
            out = tmp_path / "m.nuzzle"
            said = CliRunner().invoke(
                build_app(), [command, str(study), "--model", model, "--out", str(out)]
            )
            assert said.exit_code == 2
            assert problem in said.stderr
            assert "--train-frames 0.6" in said.stderr
            assert not out.exists()


def test_what_readers_note_of_both_kinds_of_labels_is_said_once():
    one = recording("m1", "attack")
    labels = replace(one.labels, notes=("cut by 3 frames",))
    beside = replace(one.labels, notes=("cut by 3 frames", "no bite"))
    said = []
    say_recordings("train", [replace(one, labels=labels, auxiliary=beside)], said.append)
    assert said[:2] == ["m1: cut by 3 frames", "m1: no bite"]
    assert len(said) == 3, "and how much was read"


def test_a_note_on_several_recordings_is_said_once():
    one, two = recording("m1", "attack"), recording("m2", "attack")
    cut = [replace(each, labels=replace(each.labels, notes=("cut",))) for each in (one, two)]
    said = []
    say_recordings("train", cut, said.append)
    assert said[0] == "m1, m2: cut" and len(said) == 2


def test_groups_with_copies_of_the_same_poses_become_one():
    """m1 and m2 are one recording; m3 is of the animal of m2, m4 of another."""
    one = recording("m1", "attack")
    others = [replace(one, name="m2", group="mouse")]
    others += [replace(recording("m3", "attack"), group="mouse")]
    others += [replace(recording("m4", "attack"), group="other")]
    said = []
    joined = with_copies_joined([one, *others], said.append)
    assert [each.name for each in joined] == ["m1", "m2", "m3", "m4"]
    assert [each.leak_group for each in joined] == ["m1", "m1", "m1", "other"]
    (sentence,) = said
    assert sentence.startswith("warning: m1, m2 have the very same poses, and count as one group")
    said.clear()
    of_one = [replace(each, group="cage") for each in (one, others[0])]
    assert with_copies_joined(of_one, said.append) == of_one
    assert not said


def test_copies_of_poses_in_train_and_val_are_refused():
    train = [recording("m0", "attack"), recording("m1", "attack")]
    copy = replace(train[1], name="m2")
    with pytest.raises(LeakageError, match="m2 of val; the first are those of m1 of train"):
        checked(train, [recording("m3", "attack"), copy])


def test_parts_of_copies_are_refused_and_parts_of_one_file_are_told():
    """m1 and its copy m2 are of two files; trained on is the first half, judged the second."""
    video = replace(recording("m1", *["attack", "mount"] * 4), source="one.csv")
    first, second = video.slice(0, 40), replace(video.slice(40, 80), name="m2")
    _, said = checked([first], [second])
    assert any("m2 of val and recordings of train are parts of one video each" in s for s in said)
    late = replace(video.slice(39, 80), name="m2", source="two.csv")
    with pytest.raises(LeakageError, match="m2 of val; the first are those of m1 of train"):
        checked([first], [late])


@pytest.mark.parametrize(("number", "told"), [(4, False), (5, True)])
def test_an_end_that_nobody_scored_in_any_recording_is_told(number, told):
    """Each has its bouts in the first fifth; that happens once in 5 ** 4 or 5 ** 5 times."""
    said = []
    say_recordings(
        "train", [recording(f"r{n}", "attack", "mount") for n in range(number)], said.append
    )
    sentence = "nothing is labelled after the first 20 % of any recording of train"
    assert any(sentence in each for each in said) == told


def test_what_goes_on_under_another_behaviour_in_val_is_told_as_that():
    """`attack` is the rarer in train: all 15 frames of `mount` in val are under it."""
    train = [recording("a", "attack", "mount"), recording("c", "mount")]
    under = np.zeros((100, 2), bool)
    under[:20, 0] = under[5:20, 1] = True
    hidden = Labels.from_frames(Pair("a", "b"), under, ("attack", "mount"))
    _, said = checked(train, [replace(recording("b", "mount"), labels=hidden)])
    assert any("Frames of all pairs that are lost to others so: mount 15 of 35." in s for s in said)
    (told,) = [s for s in said if "has no frame in val" in s]
    assert told.startswith("warning: 'mount' has no frame in val that counts, as others go on")
