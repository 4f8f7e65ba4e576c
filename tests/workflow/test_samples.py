"""From recordings to samples."""

import numpy as np
import pytest
import torch

from nuzzle.config import Config
from nuzzle.io.load import load_manifest
from nuzzle.training.targets import LabelSpace
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


def test_presence_reaches_the_graph_as_it_is(recordings):
    """So that a little noise hides no keypoint that was always there."""
    config = Config.load(None, ["model.name=graph", "features=nodes"])
    space = LabelSpace.fit(recordings["train"], config.labels)
    frontend, samples = measure(*label_pairs(recordings, space, config))
    presence = samples["train"][0].features[:, list(frontend.feature_set.flags)]
    assert set(presence.unique().tolist()) <= {-1.0, 1.0}
