"""From recordings to samples."""

import errno
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from nuzzle.config import Config
from nuzzle.errors import OutputError
from nuzzle.features.normalise import LEAST_SHARE_STD
from nuzzle.io.load import load_manifest
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow import samples as module
from nuzzle.workflow.learn import learn
from nuzzle.workflow.samples import label_pairs, measure


@pytest.fixture(scope="module")
def recordings(manifest):
    loaded = list(load_manifest(manifest))
    return {"train": loaded[:1], "val": loaded[3:4]}


def test_features_are_those_of_the_poses(recordings):
    config = Config.load(None, ["model.name=conv_lstm"])
    space = LabelSpace.fit(recordings["train"], config.labels)
    plain, pairs = label_pairs(recordings, space, config)
    assert plain.normaliser is None
    frontend, samples = measure(plain, pairs)
    for split, parts in samples.items():
        prepared = frontend.prepare(recordings[split][0])
        for sample in parts:
            np.testing.assert_array_equal(sample.poses, prepared.pair_position(sample.pair))
            assert frontend(prepared, sample.pair).equal(sample.features)
    values = torch.cat([sample.features for sample in samples["train"]])
    scaled = [i for i in range(values.shape[1]) if i not in frontend.feature_set.flags]
    assert float(values[:, scaled].mean(0).abs().max()) < 1e-3, "fitted on train"
    shares = frontend.feature_set.shares
    assert shares and float(frontend.normaliser.std[list(shares)].min()) >= LEAST_SHARE_STD
    raw = plain(plain.prepare(recordings["train"][0]), samples["train"][0].pair)
    assert float(raw[:, list(shares)].std(0).min()) < LEAST_SHARE_STD


def test_presence_reaches_the_graph_as_it_is(recordings):
    """So that a little noise hides no keypoint that was always there."""
    config = Config.load(None, ["model.name=graph", "features=nodes"])
    space = LabelSpace.fit(recordings["train"], config.labels)
    frontend, samples = measure(*label_pairs(recordings, space, config))
    presence = samples["train"][0].features[:, list(frontend.feature_set.flags)]
    assert set(presence.unique().tolist()) <= {-1.0, 1.0}


class TestOnDisk:
    @pytest.fixture
    def pairs(self, recordings):
        config = Config.load(None, ["model.name=conv_lstm"])
        space = LabelSpace.fit(recordings["train"], config.labels)
        return label_pairs(recordings, space, config)

    def test_features_that_would_fill_the_memory_are_the_same(self, pairs, monkeypatch, tmp_path):
        _, in_memory = measure(*pairs, tmp_path / "small")
        assert not (tmp_path / "small").exists()
        said = []
        monkeypatch.setattr(module, "_MOST_BYTES", 0)
        _, on_disk = measure(*pairs, tmp_path / "large", said.append)
        for split, samples in in_memory.items():
            for here, there in zip(samples, on_disk[split], strict=True):
                assert here.features.equal(there.features)
        sizes = [each.stat().st_size for each in (tmp_path / "large" / "features").iterdir()]
        assert sum(sizes) == sum(4 * s.features.numel() for part in on_disk.values() for s in part)
        assert len(said) == 1 and "large/features" in said[0]

    def test_what_a_killed_run_has_left_is_no_room_taken(self, pairs, monkeypatch, tmp_path):
        monkeypatch.setattr(module, "_MOST_BYTES", 0)
        (tmp_path / "features").mkdir()
        (tmp_path / "features" / "train-99").write_bytes(bytes(1000))
        measure(*pairs, tmp_path)
        assert not (tmp_path / "features" / "train-99").exists()

    def test_a_disk_that_fills_up_meanwhile(self, pairs, monkeypatch, tmp_path):
        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(module, "_MOST_BYTES", 0)
        monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
        with pytest.raises(OutputError, match="train-0 cannot be written: No space left"):
            measure(*pairs, tmp_path)

    def test_poses_that_change_have_features_in_memory(self, recordings, monkeypatch, tmp_path):
        monkeypatch.setattr(module, "_MOST_BYTES", 0)
        changes = ["model.name=conv_lstm", "training.epochs=1", "augmentation.rotation=true"]
        config, said = Config.load(None, changes), []
        space = LabelSpace.fit(recordings["train"], config.labels)
        learn(recordings, space, config, tmp_path, said.append)
        assert not any("features" in sentence for sentence in said)
        assert not (tmp_path / "features").exists()

    def test_a_disk_without_room(self, pairs, monkeypatch, tmp_path):
        monkeypatch.setattr(module, "_MOST_BYTES", 0)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
        with pytest.raises(OutputError, match=r"fill 0\.\d GB, and the disk has 0\.0 GB.*fps"):
            measure(*pairs, tmp_path)
