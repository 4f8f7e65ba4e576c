"""From recordings to samples."""

import numpy as np
import pytest

from nuzzle.config import Config
from nuzzle.features.frontend import Frontend
from nuzzle.io.load import load_manifest
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.samples import prepare_samples


@pytest.fixture(scope="module")
def recordings(manifest):
    loaded = list(load_manifest(manifest))
    return {"train": loaded[:1], "val": loaded[3:4]}


def test_poses_are_kept_where_training_changes_them(recordings):
    plain = Config.load(None, ["model.name=conv_lstm"])
    turned = Config.load(None, ["model.name=conv_lstm", "augmentation.rotation=true"])
    space = LabelSpace.fit(recordings["train"], plain.labels)
    frontend, samples = prepare_samples(recordings, space, turned)
    for sample in samples["train"]:
        prepared = frontend.prepare(recordings["train"][0])
        kept = sample.poses.numpy()
        np.testing.assert_array_equal(kept, prepared.pair_position(sample.pair))
        assert frontend.model_input(frontend.feature_set(sample.poses)).equal(sample.features)
    assert all(sample.poses is None for sample in samples["val"])
    same, unchanged = prepare_samples(recordings, space, plain)
    assert all(sample.poses is None for sample in unchanged["train"])
    assert same.normaliser.mean.equal(frontend.normaliser.mean), "fitted on the true poses"


def test_trees_need_no_statistics(recordings):
    config = Config.load(None, ["model.name=trees"])
    space = LabelSpace.fit(recordings["train"], config.labels)
    frontend, samples = prepare_samples(recordings, space, config)
    assert frontend.normaliser is None
    again = Frontend.from_dict(frontend.to_dict())
    sample = samples["train"][0]
    prepared = again.prepare(recordings["train"][0])
    assert again(prepared, sample.pair).equal(sample.features)


def test_presence_reaches_the_graph_as_it_is(recordings):
    """So that a little noise hides no keypoint that was always there."""
    config = Config.load(None, ["model.name=graph", "features=nodes"])
    space = LabelSpace.fit(recordings["train"], config.labels)
    frontend, samples = prepare_samples(recordings, space, config)
    presence = samples["train"][0].features[:, list(frontend.feature_set.flags)]
    assert set(presence.unique().tolist()) <= {-1.0, 1.0}
