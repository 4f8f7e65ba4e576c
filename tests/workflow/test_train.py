import zipfile
from dataclasses import replace

import pytest
import torch

from nuzzle.config import Config
from nuzzle.errors import LeakageError, ManifestError, OutputError, TrainingError
from nuzzle.inference.bundle import Bundle
from nuzzle.manifest import Manifest
from nuzzle.training import fit as fitting
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
    undirected = Manifest(tuple(replace(entry, directed=False) for entry in manifest))
    changes = [f"model.name={model}", "training.epochs=1", "training.epoch_windows=64"]
    bundle = train(undirected, tmp_path / "m.nuzzle", Config.load(None, changes))
    assert not bundle.space.directed
    frames = sum(each["frames"] for each in bundle.training["behaviours"].values())
    assert frames == bundle.training["frames"]


def test_the_bundle_is_one_file_without_a_pickle(bundle_file):
    with zipfile.ZipFile(bundle_file) as archive:
        names = archive.namelist()
        card = archive.read("card.md").decode()
    assert sorted(names) == ["bundle.json", "card.md", "classifier/weights.safetensors"]
    assert "simulated" in card
    assert "attack" in card


def test_nothing_is_left_of_the_work_folder(bundle_file):
    assert not bundle_file.with_name(bundle_file.name + ".work").exists()


def test_an_existing_bundle_stays(bundle_file, manifest):
    before = bundle_file.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        train(manifest, bundle_file, Config.parse(QUICK))
    assert bundle_file.read_bytes() == before


def test_a_killed_run_continues_and_ends_as_if_it_had_not_been(manifest, bundle_file, tmp_path):
    config = Config.parse(QUICK)
    whole = Bundle.load(bundle_file)

    class Killed(BaseException):
        pass

    def kill(epoch, epochs, metrics):
        if epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        train(manifest, tmp_path / "cut.nuzzle", config, progress=kill)
    said, epochs = [], []
    resumed = train(
        manifest,
        tmp_path / "cut.nuzzle",
        config,
        say=said.append,
        progress=lambda epoch, *_: epochs.append(epoch),
    )
    assert any("continuing" in sentence for sentence in said)
    assert epochs == [2]
    assert len(resumed.training["history"]) == 2
    for name, weights in whole.classifier.model.state_dict().items():
        again = resumed.classifier.model.state_dict()[name]
        torch.testing.assert_close(again, weights, rtol=0, atol=0)


def test_an_unfinished_run_of_another_config_is_not_mixed_in(manifest, tmp_path):
    def kill(epoch, *_):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train(manifest, tmp_path / "a.nuzzle", Config.parse(QUICK), progress=kill)
    other = Config.parse({"training": {**QUICK["training"], "seed": 1}})
    with pytest.raises(OutputError, match="another config"):
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
    with pytest.raises(TrainingError, match=r"epoch 1, batch 1, with pieces of mouse0"):
        train(manifest, tmp_path / "m.nuzzle", Config.parse(QUICK))
