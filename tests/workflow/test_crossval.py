import json
from dataclasses import replace

import pytest

from nuzzle.config import Config
from nuzzle.errors import InputError, TrainingError
from nuzzle.inference.bundle import Bundle
from nuzzle.io.load import load_entry
from nuzzle.manifest import Manifest
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.crossval import Folds, crossval, partition

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
    parts = partition(grouped, "group", 5, seed=0)
    assert sorted(each.name for part in parts for each in part) == [f"mouse{n}" for n in range(5)]
    assert sorted(len({each.group for each in part}) for part in parts) == [1, 1, 1]


def test_parts_are_about_equally_long(recordings):
    lengths = (900, 100, 800, 200, 500)
    unequal = [each.slice(0, n) for each, n in zip(recordings, lengths, strict=True)]
    lengths = [sum(r.n_frames for r in part) for part in partition(unequal, "recording", 3, 0)]
    # 900 | 800 | 500, then 200 and 100 to the shortest.
    assert sorted(lengths) == [800, 800, 900]


def test_too_few_groups(recordings):
    with pytest.raises(InputError, match="There are 1 different values of 'lab'"):
        partition(recordings, "lab", 5, seed=0)


def test_what_a_fold_cannot_learn_is_said_beforehand(recordings, tmp_path):
    """Attacks and mounts in the third recording alone; the others learn and stop without."""
    space = LabelSpace.fit(recordings, Config().labels)
    parts = [[each] for each in recordings[:3]]
    for part in parts[:2]:
        bouts = part[0].labels.bouts
        labels = replace(part[0].labels, bouts=bouts[bouts["behaviour"] == "investigation"])
        part[0] = replace(part[0], labels=labels)
    said = []
    Folds(parts, space, QUICK, tmp_path, said.append, None).check()
    (sentence,) = said
    assert sentence.startswith(
        "warning: attack, mount occurs in fold 3 (mouse2), and not in the recordings"
    )
    only = replace(space, names=("attack", "other"), priority=("attack",))
    with pytest.raises(TrainingError, match=r"fold 2 \(mouse1\) would learn from show none"):
        Folds(parts, only, QUICK, tmp_path, said.append, None).check()


def test_every_recording_is_predicted_once_and_folds_are_not_trained_twice(
    manifest, tmp_path, monkeypatch
):
    from nuzzle.workflow import crossval as module

    first_three = Manifest(manifest.entries[:3])
    learned, real = [], module.learn

    def learn(recordings, *arguments):
        learned.append([each.name for each in recordings["train"]])
        if len(learned) == 3:
            raise KeyboardInterrupt
        return real(recordings, *arguments)

    monkeypatch.setattr(module, "learn", learn)
    with pytest.raises(KeyboardInterrupt):
        crossval(first_three, tmp_path / "all.nuzzle", QUICK, folds=3)
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


def test_trees_go_the_same_road(manifest, tmp_path):
    config = Config.load(
        None, ["model.name=trees", "training.epochs=5", "labels.behaviours=[investigation]"]
    )
    result = crossval(Manifest(manifest.entries[:3]), tmp_path / "all.nuzzle", config, folds=3)
    assert result.evaluation.groups == 3
    assert Bundle.load(tmp_path / "all.nuzzle").classifier.kind == "trees"
