import re
import zipfile
from dataclasses import replace

import pytest
import torch

from nuzzle.config import Config
from nuzzle.errors import DivergedError, LeakageError, ManifestError, OutputError, TrainingError
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.card import model_card
from nuzzle.io.calms21_write import write_calms21
from nuzzle.io.load import load_entry
from nuzzle.manifest import Manifest
from nuzzle.training import fit as fitting
from nuzzle.training import module
from nuzzle.workflow.train import train

QUICK = {"training": {"epochs": 2, "epoch_windows": 256, "val_stride": 10, "window": 20}}


def change(manifest, number, **values):
    entries = list(manifest.entries)
    entries[number] = replace(entries[number], **values)
    return Manifest(tuple(entries))


def test_the_bundle_knows_what_it_was_trained_on(bundle_file):
    bundle = Bundle.load(bundle_file)
    assert bundle.training["recordings"] == ["mouse0", "mouse1", "mouse2"]
    assert bundle.training["validation_recordings"] == ["mouse3", "mouse4"]
    assert bundle.space.names == ("attack", "investigation", "mount", "other")
    assert bundle.frontend.fps == 30
    assert bundle.frontend.unit == "cm"
    frames = {name: each["frames"] for name, each in bundle.training["behaviours"].items()}
    assert sum(frames.values()) == bundle.training["frames"] == 3 * 900
    assert 0 <= bundle.metrics["macro_f1"]["value"] <= 1
    assert bundle.training["simulated"]


@pytest.mark.parametrize("model", ["cnn_lstm", "trees"])
def test_labels_without_direction_are_counted_once(manifest, tmp_path, model):
    """`cnn_lstm` learns from both orders of a pair, `trees` from symmetric features of one."""
    two = (manifest.entries[0], manifest.entries[3])
    undirected = Manifest(tuple(replace(entry, directed=False) for entry in two))
    changes = ["epochs=1", "epoch_windows=64", "window=20", "val_stride=10"]
    config = Config.load(None, [f"model.name={model}", *(f"training.{c}" for c in changes)])
    bundle = train(undirected, tmp_path / "m.nuzzle", config)
    assert not bundle.space.directed
    frames = sum(each["frames"] for each in bundle.training["behaviours"].values())
    assert frames == bundle.training["frames"]


def test_the_bundle_is_one_file_without_a_pickle(bundle_file):
    with zipfile.ZipFile(bundle_file) as archive:
        names = archive.namelist()
        card = archive.read("card.md").decode()
    assert sorted(names) == ["bundle.json", "card.md", "member-0/weights.safetensors"]
    assert "simulated" in card
    assert "attack" in card


def test_the_card_calls_units_by_their_names(bundle_file):
    values = Bundle.load(bundle_file).to_dict()
    values["members"][0]["frontend"]["unit"] = "bl"
    assert "30 frames per second, positions in body lengths\n" in model_card(values)


def test_the_card_says_how_long_and_how_fast_the_animals_were(bundle_file):
    values = Bundle.load(bundle_file).to_dict()
    front = values["members"][0]["frontend"]
    front["bodies"] = {"length": [8, 10], "speed": [2, 3]}
    cm = "- animals that measure 8 to 10 cm from nose to tail base and reach 2 to 3 body lengths"
    assert cm in model_card(values)
    front["unit"] = "bl"
    assert "- animals that reach 2 to 3 body lengths per second, as in" in model_card(values)
    front["bodies"] = None
    assert "animals that" not in model_card(values)


def test_the_card_names_what_is_never_said(bundle_file):
    values = Bundle.load(bundle_file).to_dict()
    assert "never says" not in model_card(values)
    odds = {"coefficients": [0.0], "intercepts": {"1": 0.0}}
    worth = {"1": {"bout": 1.0, "bout_f1": 0.5, "frame": 1.0, "frame_f1": 0.5}}
    values["decoding"]["whole_bouts"] = {"match": odds, "inside": odds, "worth": worth}
    assert "It never says attack, mount: out of fold" in model_card(values)


def test_the_card_of_a_single_recording(bundle_file):
    values = Bundle.load(bundle_file).to_dict()
    alone = {**values, "training": {**values["training"], "recordings": ["one"]}}
    assert "- 1 recording: one\n" in model_card(alone)


def test_nothing_is_left_of_the_work_folder(bundle_file):
    assert not bundle_file.with_name(bundle_file.name + ".work").exists()


def test_an_existing_bundle_stays(bundle_file, manifest):
    before = bundle_file.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        train(manifest, bundle_file, Config.parse(QUICK))
    assert bundle_file.read_bytes() == before


def train_with_a_kill(manifest, out, config, epochs):
    """Train until the checkpoints of all epochs but the last are there, and go on."""

    class Killed(BaseException):
        pass

    def kill(epoch, epochs, metrics):
        if epoch == epochs:
            raise Killed

    with pytest.raises(Killed):
        train(manifest, out, config, progress=kill)
    said, done = [], []
    resumed = train(
        manifest, out, config, say=said.append, progress=lambda epoch, *_: done.append(epoch)
    )
    assert any("continuing" in sentence for sentence in said)
    assert done == [epochs]
    assert len(resumed.training["history"]) == epochs
    return resumed


def assert_same_weights(one, other):
    for name, weights in one.classifier.model.state_dict().items():
        again = other.classifier.model.state_dict()[name]
        torch.testing.assert_close(again, weights, rtol=0, atol=0)


def test_a_killed_run_continues_and_ends_as_if_it_had_not_been(manifest, bundle_file, tmp_path):
    resumed = train_with_a_kill(manifest, tmp_path / "cut.nuzzle", Config.parse(QUICK), 2)
    whole = Bundle.load(bundle_file)
    assert whole.training["history"] == resumed.training["history"]
    assert_same_weights(whole, resumed)


POSES = [
    "augmentation.rotation=true",
    "augmentation.reflection=true",
    "augmentation.pose_scale=[0.9, 1.1]",
    "augmentation.time_stretch=[0.8, 1.25]",
    "augmentation.keypoint_dropout=0.1",
    "augmentation.pose_jitter_bl=0.01",
]


def test_changed_poses_and_averaged_weights_are_the_same_after_a_kill(manifest, tmp_path):
    changes = ["model.name=conv_lstm", "training.epochs=3", "training.window=128", *POSES]
    config = Config.load(None, [*changes, "training.weight_averaging=0.9"])
    whole = train(manifest, tmp_path / "whole.nuzzle", config)
    resumed = train_with_a_kill(manifest, tmp_path / "cut.nuzzle", config, 3)
    assert whole.training["history"] == resumed.training["history"]
    assert_same_weights(whole, resumed)


@pytest.mark.parametrize("model", ["cnn_lstm", "conv_lstm"])
def test_what_is_learned_depends_on_changed_poses(manifest, tmp_path, model):
    quick = [f"model.name={model}", "training.epochs=1", "training.window=20"]
    quick += ["training.epoch_windows=32", "training.val_stride=50"]

    def losses(*changes):
        config = Config.load(None, [*quick, *changes])
        bundle = train(manifest, tmp_path / "m.nuzzle", config, overwrite=True)
        return bundle.training["history"][0]["train_loss"]

    assert losses() != losses(*POSES)


def test_trees_learn_true_poses_and_say_so(manifest, tmp_path):
    said = []
    changes = ["model.name=trees", "training.epochs=2", "training.epoch_windows=500"]
    turned = train(
        manifest, tmp_path / "a.nuzzle", Config.load(None, [*changes, *POSES]), say=said.append
    )
    assert any("the augmentation of poses: trees take no part in this" in each for each in said)
    plain = train(manifest, tmp_path / "b.nuzzle", Config.load(None, changes))
    assert turned.classifier.files() == plain.classifier.files()


@pytest.mark.parametrize(("early", "kept"), [(True, 1), (False, 3)])
def test_which_epoch_is_kept(manifest, tmp_path, monkeypatch, early, kept):
    """The first of three epochs is the best one on val."""
    scores = iter([0.9, 0.1, 0.2])
    monkeypatch.setattr(module, "macro_f1", lambda counts, space: torch.tensor(next(scores)))
    settings = {**QUICK["training"], "epochs": 3, "early_stopping": early}
    bundle = train(manifest, tmp_path / "m.nuzzle", Config.parse({"training": settings}))
    assert bundle.training["best_epoch"] == kept
    seen = [each["val_macro_f1"] for each in bundle.training["history"]]
    assert seen == pytest.approx([0.9, 0.1, 0.2])


def test_an_unfinished_run_of_another_config_is_not_mixed_in(manifest, tmp_path):
    def kill(epoch, *_):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train(manifest, tmp_path / "a.nuzzle", Config.parse(QUICK), progress=kill)
    other = Config.parse({"training": {**QUICK["training"], "seed": 1}})
    with pytest.raises(OutputError, match=r"training.seed \(0 before, 1 now\)"):
        train(manifest, tmp_path / "a.nuzzle", other)


def test_a_shared_group_is_leakage(manifest, tmp_path):
    mixed = change(change(manifest, 0, group="cage"), 3, group="cage")
    with pytest.raises(LeakageError, match="'cage'"):
        train(mixed, tmp_path / "m.nuzzle")


def test_no_validation_recordings(manifest, tmp_path):
    only = Manifest(tuple(entry for entry in manifest if entry.split == "train"))
    with pytest.raises(ManifestError, match="no recording has the split 'val'"):
        train(only, tmp_path / "m.nuzzle")


def test_no_labels(manifest, tmp_path):
    bare = Manifest(tuple(replace(entry, labels=None) for entry in manifest))
    with pytest.raises(TrainingError, match="No training recording has a labelled bout"):
        train(bare, tmp_path / "m.nuzzle")


def test_a_loss_that_is_not_a_number_names_the_recordings(manifest, tmp_path, monkeypatch):
    class Broken(fitting.FocalLoss):
        def __call__(self, logits, targets, mask):
            return super().__call__(logits, targets, mask) * float("nan")

    monkeypatch.setattr(fitting, "FocalLoss", Broken)
    expected = r"epoch 1, batch 1, with pieces of mouse0.*No epoch was finished"
    with pytest.raises(TrainingError, match=expected):
        train(manifest, tmp_path / "m.nuzzle", Config.parse(QUICK))
    assert not list(tmp_path.iterdir())


def test_what_was_learned_before_the_loss_became_infinite_is_kept(
    data, manifest, tmp_path, monkeypatch
):
    """One frame of mouse0 is further away than the square of a number can say."""
    monkeypatch.setattr("nuzzle.recording._LARGEST", float("inf"))  # or it would be refused at once
    recordings = [load_entry(entry) for entry in manifest.entries[:4]]
    position = recordings[0].position.copy()
    position[450, :, 3, 0] = 3e38
    recordings[0] = recordings[0].with_position(position, "a slip of the tracker")
    file = write_calms21(recordings, tmp_path / "slip.json")
    entries = [replace(each, poses=file, labels=file) for each in manifest.entries[:4]]
    slipped = Manifest(tuple(entries))
    # With this seed the first two epochs do not draw a window that holds the frame.
    few = {"epochs": 9, "epoch_windows": 32, "seed": 2}
    config = Config.parse({"training": {**QUICK["training"], **few}})
    with pytest.raises(DivergedError) as caught:
        train(slipped, tmp_path / "m.nuzzle", config)
    path = tmp_path / "m.partial.nuzzle"
    found = re.search(
        r"in epoch (\d+), .*mouse0.* of epoch (\d+) with a loss of [\d.]+ on val, is kept: (.*)$",
        str(caught.value),
    )
    assert int(found[1]) > int(found[2]) >= 1
    assert found[3] == str(path)
    assert sorted(tmp_path.iterdir()) == [path, file], "neither a bundle nor a run to go on with"
    with zipfile.ZipFile(path) as archive:
        assert f"infinite or not a number in epoch {found[1]}" in archive.read("card.md").decode()
    bundle = Bundle.load(path)
    assert bundle.training["best_epoch"] == int(found[2])
    prepared = bundle.frontend.prepare(recordings[3])
    probabilities = bundle.classifier.probabilities(bundle.frontend(prepared, prepared.pairs[0]))
    torch.testing.assert_close(probabilities.sum(1), torch.ones(len(probabilities)))
    assert 0 <= bundle.metrics["macro_f1"]["value"] <= 1


@pytest.mark.parametrize("chooses", ["val_loss", "val_macro_f1"])
def test_it_is_said_where_the_loss_chooses_the_epoch(manifest, tmp_path, monkeypatch, chooses):
    monkeypatch.setattr(fitting, "best_by", lambda *_: chooses)
    said = []
    train(manifest, tmp_path / "m.nuzzle", Config.parse(QUICK), say=said.append)
    told = any("none of the behaviours occurs in what the training stops" in s for s in said)
    assert told == (chooses == "val_loss")
