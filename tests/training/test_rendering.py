"""Training pieces that are others each epoch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nuzzle.config import Config
from nuzzle.errors import ConfigError, TrainingError
from nuzzle.features.frontend import Frontend
from nuzzle.features.normalise import Normaliser
from nuzzle.labels import Pair
from nuzzle.prepare.pipeline import Pipeline
from nuzzle.skeleton import MOUSE7
from nuzzle.training.fit import fit
from nuzzle.training.pose_augmentation import PoseAugmentation
from nuzzle.training.rendering import RenderedPieces, Renderer
from nuzzle.training.samples import Sample
from nuzzle.training.targets import LabelSpace, Targets
from nuzzle.training.windows import EpochSampler, StretchDataset

FPS = 20.0
SPACE = LabelSpace(("early", "late"), "late", True, ("early",))


def sample_of(n_frames, seed):
    """`early` is the first half."""
    poses = torch.randn(n_frames, 2, 7, 2, generator=torch.Generator().manual_seed(seed)).cumsum(0)
    early = np.arange(n_frames) < n_frames // 2
    active = np.stack([early, ~early], axis=1)
    targets = Targets(active, np.ones_like(active))
    features = FRONTEND.model_input(FRONTEND.feature_set(poses))
    return Sample(f"r{seed}", Pair("a", "b"), targets, poses=poses, features=features)


def frontend():
    plain = Frontend(MOUSE7, FPS, "cm", Pipeline(), "relational")
    poses = torch.randn(200, 2, 7, 2, generator=torch.Generator().manual_seed(9)).cumsum(0)
    return replace(plain, normaliser=Normaliser.fit([plain.feature_set(poses)]))


FRONTEND = frontend()
SAMPLES = [sample_of(300, seed=1), sample_of(200, seed=2)]


def pieces_with(**augmentation):
    config = Config.parse({"augmentation": augmentation}).augmentation
    render = Renderer(PoseAugmentation(config, MOUSE7, FPS), FRONTEND)
    return RenderedPieces(
        SAMPLES, render, lambda samples: StretchDataset(samples, 20, shifted=True)
    )


def batches(pieces, epoch):
    pieces.start_epoch((0, epoch), 25)
    return pieces.__getitems__(list(range(len(pieces))))


def test_nothing_changes_where_nothing_is_changed():
    pieces = pieces_with()
    plain = StretchDataset(SAMPLES, 20, shifted=True)
    plain.start_epoch((0, 3), 25)
    expected = plain.__getitems__(list(range(len(plain))))
    for one, other in zip(batches(pieces, 3), expected, strict=True):
        torch.testing.assert_close(one, other)


def test_an_epoch_depends_on_its_number_only():
    pieces = pieces_with(time_stretch=(0.8, 1.25), keypoint_dropout=0.1, pose_jitter_bl=0.05)
    first, second = batches(pieces, 0), batches(pieces, 1)
    again = batches(pieces_with(**pieces_values(pieces)), 1)
    for one, other in zip(second, again, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert first.x.shape != second.x.shape or not torch.equal(first.x, second.x)


def pieces_values(pieces):
    return pieces.render.augment.config.model_dump()


def test_samples_are_changed_each_in_its_own_way():
    pieces = pieces_with(time_stretch=(0.5, 2.0))
    pieces.start_epoch((0, 0), 25)
    lengths = [len(each.features) for each in pieces.pieces.samples]
    assert lengths[0] / 300 != pytest.approx(lengths[1] / 200, rel=0.01)
    assert pieces.samples is SAMPLES


def test_targets_follow_the_poses():
    pieces = pieces_with(time_stretch=(2.0, 2.0))
    pieces.start_epoch((0, 0), 25)
    changed = pieces.pieces.samples[0]
    assert changed.features.shape == (150, SAMPLES[0].features.shape[1])
    assert changed.targets.active[:, 0].sum() == 75


def test_every_epoch_has_equally_many_batches():
    pieces = pieces_with(time_stretch=(0.5, 2.0))
    sampler = EpochSampler(pieces, len(pieces), seed=0)
    sizes = set()
    for epoch in range(6):
        pieces.start_epoch((0, epoch), 25)
        sampler.set_epoch(epoch)
        drawn = list(sampler)
        sizes.add(len(pieces))
        assert len(drawn) == len(sampler) == 25
        assert set(drawn) <= set(range(len(pieces)))
        assert len(set(drawn)) == min(25, len(pieces)), "all are drawn before one comes again"
    assert min(sizes) < 25 < max(sizes)


def test_poses_that_were_not_kept():
    bare = replace(SAMPLES[0], poses=None)
    render = Renderer(PoseAugmentation(Config().augmentation, MOUSE7, FPS), FRONTEND)
    with pytest.raises(TrainingError, match="poses of 'r1' were not kept"):
        render(bare, np.random.default_rng(0))


def test_features_alone_cannot_be_turned(tmp_path):
    config = Config.load(None, ["model.name=conv_lstm", "augmentation.rotation=true"])
    with pytest.raises(ConfigError, match=r"augmentation\.rotation: these change poses"):
        fit(config, SPACE, SAMPLES, [], tmp_path)


def test_labels_of_a_side_do_not_bear_a_mirror(tmp_path):
    config = Config.load(None, ["model.name=conv_lstm", "augmentation.reflection=true"])
    names = ("turn_left", "turn_right", "upright")
    sided = replace(SPACE, names=names, background=None, exclusive=False, priority=names)
    with pytest.raises(ConfigError, match=r"what the labels call turn_left, turn_right would"):
        fit(config, sided, SAMPLES, [], tmp_path, frontend=FRONTEND)


def test_directed_labels_do_not_bear_a_swap(tmp_path):
    config = Config.load(None, ["model.name=conv_lstm", "augmentation.swap=true"])
    with pytest.raises(ConfigError, match=r"swap exchanges the animals.*column directed"):
        fit(config, SPACE, SAMPLES, [], tmp_path, frontend=FRONTEND)
