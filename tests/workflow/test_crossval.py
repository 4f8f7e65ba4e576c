import json
from dataclasses import replace

import pytest

from nuzzle.cli.crossval import _aim, _objective
from nuzzle.config import Config
from nuzzle.decoding import tune as tune_module
from nuzzle.errors import InputError, LeakageError, OutputError, TrainingError
from nuzzle.evaluation.evaluate import evaluate as score
from nuzzle.inference.bundle import Bundle
from nuzzle.io.load import load_entry
from nuzzle.labels import bout_table
from nuzzle.manifest import Manifest
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow import trainings
from nuzzle.workflow.calibration import judge
from nuzzle.workflow.crossval import cross_validate, crossval
from nuzzle.workflow.evaluate import evaluate
from nuzzle.workflow.folds import ModelFolds, partition

QUICK = Config.parse(
    {
        "labels": {"behaviours": ["investigation"]},
        "training": {"epochs": 1, "epoch_windows": 64, "val_stride": 30, "window": 20},
    }
)


@pytest.fixture(scope="module")
def recordings(manifest):
    return [load_entry(entry) for entry in manifest]


def test_no_group_stands_in_two_parts(recordings):
    grouped = [replace(each, group=f"cage{n % 3}") for n, each in enumerate(recordings)]
    parts = partition(grouped, "group", 5, QUICK)
    assert sorted(each.name for part in parts for each in part) == [f"mouse{n}" for n in range(5)]
    assert sorted(len({each.group for each in part}) for part in parts) == [1, 1, 1]


def test_copies_of_one_recording_do_not_stand_in_two_parts(recordings):
    copy = replace(recordings[3], name="again")
    parts = partition([*recordings[:4], copy], "recording", 5, QUICK)
    assert sorted(sorted(each.name for each in part) for part in parts) == [
        ["again", "mouse3"], ["mouse0"], ["mouse1"], ["mouse2"],
    ]  # fmt: skip


def test_parts_are_about_equally_long(recordings):
    lengths = (900, 100, 800, 200, 500)
    unequal = [each.slice(0, n) for each, n in zip(recordings, lengths, strict=True)]
    lengths = [sum(r.n_frames for r in part) for part in partition(unequal, "recording", 3, QUICK)]
    # 900 | 800 | 500, then 200 and 100 to the shortest.
    assert sorted(lengths) == [800, 800, 900]


def test_a_behaviour_that_two_show_is_not_all_in_one_part(recordings):
    """By their lengths the third and the fourth would come together: both alone show mounts."""
    lengths = (900, 600, 500, 400)
    some = [each.slice(0, n) for each, n in zip(recordings, lengths, strict=False)]
    names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
    bouts = [
        dict(zip(names, ("resident", "intruder", behaviour, 0, 9), strict=True))
        for behaviour in ("attack", "mount")
    ]
    some = [
        replace(each, labels=replace(each.labels, bouts=bout_table(bouts[: 1 + (number > 1)])))
        for number, each in enumerate(some)
    ]
    plain = [replace(each, labels=replace(each.labels, bouts=bout_table(bouts))) for each in some]

    def together(recordings):
        parts = partition(recordings, "recording", 3, QUICK)
        return sorted(sorted(each.name for each in part) for part in parts)

    assert together(plain) == [["mouse0"], ["mouse1"], ["mouse2", "mouse3"]]
    assert together(some) == [["mouse0"], ["mouse1", "mouse3"], ["mouse2"]]


def test_an_objective_that_there_is_not_is_refused_before_the_training(recordings, tmp_path):
    some = recordings[:3]
    space = LabelSpace.fit(some, QUICK.labels)
    for objective in ("accuracy", {"groom": "bouts"}, {"investigation": "bout"}):
        with pytest.raises(InputError, match=r"objective is one of .* \['investigation'\]"):
            cross_validate(some, space, QUICK, tmp_path, "group", 3, 1, objective, print, None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("bouts", "bouts"),
        ("attack=bouts, mount=frames", {"attack": "bouts", "mount": "frames"}),
        ("p = q=both", {"p = q": "both"}),
    ],
)
def test_objectives_on_the_command_line(said, means):
    assert _objective(said) == means


@pytest.mark.parametrize("said", ["frames,attack=bouts", "bouts,bouts", "attack=bouts,both"])
def test_an_objective_is_one_word_or_one_for_each(said):
    with pytest.raises(InputError, match=r"one word, or behaviours with a word each .* got '"):
        _objective(said)


def test_an_objective_is_said_once():
    with pytest.raises(InputError, match="names attack twice"):
        _objective("attack=bouts, attack=frames")


def test_what_a_decoding_was_tuned_for_in_words():
    assert _aim({"attack": "bouts", "mount": "bouts"}) == "macro bout F1"
    mixed = _aim({"attack": "bouts", "mount": "both"})
    assert mixed == "what it is tuned for (attack by bouts, mount by both)"


def test_too_few_groups(recordings):
    with pytest.raises(InputError, match=r"have 1 value of 'lab' \(.*\), for 5 folds\. Label"):
        partition(recordings, "lab", 5, QUICK)


def test_what_a_fold_cannot_learn_is_said_beforehand(recordings, tmp_path):
    """Attacks and mounts in the third recording alone; the others learn and stop without."""
    space = LabelSpace.fit(recordings, Config().labels)
    parts = [[each] for each in recordings[:3]]
    for part in parts[:2]:
        bouts = part[0].labels.bouts
        labels = replace(part[0].labels, bouts=bouts[bouts["behaviour"] == "investigation"])
        part[0] = replace(part[0], labels=labels)
    said = []
    ModelFolds(parts, space, QUICK, tmp_path, said.append, None).check()
    (sentence,) = said
    assert sentence.startswith(
        "warning: attack, mount occur in fold 3 (mouse2), and not in the recordings"
    )
    only = replace(space, names=("attack", "other"), priority=("attack",))
    with pytest.raises(TrainingError, match=r"fold 3 \(mouse2\) would learn from show none"):
        ModelFolds(parts, only, QUICK, tmp_path, said.append, None).check()


def test_a_fold_stops_on_the_next_part_that_shows_something(recordings, tmp_path):
    """The second shows nothing; attacks are in the third alone, and must be learned."""
    shown = (["investigation"], [], ["investigation", "attack"], ["investigation"])
    parts = []
    for each, names in zip(recordings, shown, strict=False):
        rows = [("resident", "intruder", name, 9 * n, 9 * n + 9) for n, name in enumerate(names)]
        columns = ("agent", "target", "behaviour", "start_frame", "stop_frame")
        bouts = bout_table([dict(zip(columns, row, strict=True)) for row in rows])
        parts.append([replace(each, labels=replace(each.labels, bouts=bouts))])
    names = ("attack", "investigation", "other")
    space = replace(LabelSpace.fit(recordings, Config().labels), names=names, priority=names[:2])
    folds = ModelFolds(parts, space, QUICK, tmp_path, print, None)
    stops = [[each.name for each in split["val"]] for split in folds._splits]
    assert stops == [["mouse3"], ["mouse3"], ["mouse3"], ["mouse0"]]


def test_every_recording_is_predicted_once_and_folds_are_not_trained_twice(
    manifest, tmp_path, monkeypatch
):
    first_three = Manifest(manifest.entries[:3])
    learned, real = [], trainings.learn

    def learn(recordings, *arguments):
        learned.append([each.name for each in recordings["train"]])
        if len(learned) == 3:
            raise KeyboardInterrupt
        return real(recordings, *arguments)

    monkeypatch.setattr(trainings, "learn", learn)
    with pytest.raises(KeyboardInterrupt):
        crossval(first_three, tmp_path / "all.nuzzle", QUICK, folds=3)
    with pytest.raises(OutputError, match=r"folds: folds \(3 by group before, 3 by rec"):
        crossval(first_three, tmp_path / "all.nuzzle", QUICK, folds=3, by="recording")
    result = crossval(first_three, tmp_path / "all.nuzzle", QUICK, folds=3)
    assert [len(names) for names in learned] == [1, 1, 1, 1, 3]
    assert learned[2] == learned[3], "the fold that was cut short is the one that is done again"
    scored = {each.recording for each in result.evaluation.recordings}
    assert scored == {"mouse0", "mouse1", "mouse2"}
    bundle = Bundle.load(tmp_path / "all.nuzzle")
    assert sorted(bundle.training["recordings"]) == ["mouse0", "mouse1", "mouse2"]
    assert bundle.training["validation_recordings"] == []
    assert bundle.metrics == json.loads(json.dumps(result.evaluation.to_dict()))
    assert not (tmp_path / "all.nuzzle.work").exists()


def one_long_bout(recording):
    """Its first bout goes on until the end; there is no other."""
    bouts = recording.labels.bouts[recording.labels.bouts["behaviour"] == "investigation"]
    long = bouts.iloc[:1].assign(start_frame=0, stop_frame=recording.n_frames)
    return replace(recording, labels=replace(recording.labels, bouts=long))


def test_what_decides_on_a_recording_knows_the_bouts_of_the_others_alone(recordings, tmp_path):
    config = QUICK.with_values({"training.early_stopping": False})
    space = LabelSpace.fit(recordings, config.labels)
    other = [one_long_bout(recordings[0]), *recordings[1:]]
    one, changed = (
        ModelFolds([[each] for each in all_of_them], space, config, tmp_path, print, None).decoders
        for all_of_them in (recordings, other)
    )
    assert one["mouse0"] == changed["mouse0"]
    assert all(one[f"mouse{n}"] != changed[f"mouse{n}"] for n in range(1, 5))


def test_out_of_fold_each_recording_is_decided_as_by_its_fold(recordings, tmp_path, monkeypatch):
    """Bouts of one recording are short, of others long: all together would be smoothed otherwise.

    An ensemble of one model decides as that model does.
    """
    seen, real = [], tune_module.tune_decoder
    monkeypatch.setattr(
        "nuzzle.workflow.crossval.tune_decoder",
        lambda pairs, *arguments, **more: seen.append(pairs) or real(pairs, *arguments, **more),
    )
    trees = "[{model: {name: trees}, training: {epochs: 5}}]"
    models = (
        ["model.name=trees", "training.epochs=5"],
        ["model.name=ensemble", f"ensemble.members={trees}"],
    )
    common = ["labels.behaviours=[investigation]", "calibration={method: none, adapt: false}"]
    different = [recordings[0], *map(one_long_bout, recordings[1:])]
    for number, model in enumerate(models):
        config = Config.load(None, [*model, *common])
        work = tmp_path / str(number)
        space = LabelSpace.fit(different, config.labels)
        learned = cross_validate(
            different, space, config, work, "recording", 2, 1, "both", print, None
        )
        bundle, pairs, tuned, _ = learned
        by_folds = figures(score(seen[0], bootstrap=0))
        assert figures(score(seen[number], bootstrap=0)) == by_folds
        assert figures(judge(bundle, pairs, decoders=tuned.decoders).evaluation) == by_folds
        assert tuned.configured.macro_bout_f1 == by_folds[-1]


def figures(evaluation):
    return [evaluation.macro_f1.value, *(f1.value for f1 in evaluation.macro_bout_f1.values())]


def test_parts_of_one_video_and_its_annotators_stay_together(manifest, tmp_path, monkeypatch):
    """Neither half of mouse0, nor what two people say of mouse1, is predicted from the other."""
    one, two, *others = manifest.entries
    rows = (
        replace(one, recording="mouse0-train", stop_frame=400),
        replace(one, recording="mouse0-val", start_frame=400),
        replace(two, recording="mouse1-ann"),
        replace(two, recording="mouse1-bob"),
        others[0],
    )
    parts = []

    def stop(*arguments):
        parts.extend({each.name for each in part} for part in arguments[0])
        raise KeyboardInterrupt

    monkeypatch.setattr("nuzzle.workflow.crossval.folds_of", stop)
    with pytest.raises(KeyboardInterrupt):
        crossval(Manifest(rows), tmp_path / "all.nuzzle", QUICK)
    assert sorted(map(sorted, parts)) == [
        ["mouse0-train", "mouse0-val"],
        ["mouse1-ann", "mouse1-bob"],
        ["mouse2"],
    ]
    with pytest.raises(LeakageError, match="'mouse1-ann' and 'mouse1-bob' share frames"):
        crossval(Manifest(rows), tmp_path / "more.nuzzle", QUICK, by="recording")


def test_trees_go_the_same_road(manifest, tmp_path):
    config = Config.load(
        None, ["model.name=trees", "training.epochs=5", "labels.behaviours=[investigation]"]
    )
    result = crossval(Manifest(manifest.entries[:3]), tmp_path / "all.nuzzle", config, folds=3)
    assert result.evaluation.groups == 3
    assert Bundle.load(tmp_path / "all.nuzzle").classifier.kind == "trees"


def test_without_early_stopping_every_other_part_is_learned_from(manifest, tmp_path, monkeypatch):
    learned, real = [], trainings.learn

    def learn(recordings, space, config, *arguments):
        learned.append({split: [r.name for r in part] for split, part in recordings.items()})
        return real(recordings, space, config, *arguments)

    monkeypatch.setattr(trainings, "learn", learn)
    config = QUICK.with_values({"training.early_stopping": False, "training.epochs": 2})
    result = crossval(manifest, tmp_path / "a.nuzzle", config, folds=2, split="train")
    assert [sorted(each["train"]) for each in learned] == [
        sorted({"mouse0", "mouse1", "mouse2"} - set(result.folds[0])),
        sorted({"mouse0", "mouse1", "mouse2"} - set(result.folds[1])),
        ["mouse0", "mouse1", "mouse2"],
    ]
    assert all(each["val"] == [] for each in learned)
    assert [each["epoch"] for each in result.bundle.training["history"]] == [1, 2]


def test_a_choice_inside_of_train_is_judged_outside(manifest, tmp_path):
    config = Config.load(
        None, ["model.name=trees", "training.epochs=5", "labels.behaviours=[investigation]"]
    )
    out = tmp_path / "train.nuzzle"
    result = crossval(manifest, out, config, folds=3, split="train")
    assert {each.recording for each in result.evaluation.recordings} == set(sum(result.folds, ()))
    assert sorted(result.bundle.training["recordings"]) == ["mouse0", "mouse1", "mouse2"]
    judged = evaluate(out, manifest, "val")
    assert {each.recording for each in judged.recordings} == {"mouse3", "mouse4"}
    with pytest.raises(LeakageError, match="trained on mouse0"):
        evaluate(out, manifest, "train")
    caged = Manifest(tuple(replace(each, group="cage") for each in manifest))
    with pytest.raises(LeakageError, match="'cage'"):
        crossval(caged, tmp_path / "b.nuzzle", config, split="train")
