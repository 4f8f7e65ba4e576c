import numpy as np
import torch

from nuzzle.labels import Pair
from nuzzle.training.samples import Sample
from nuzzle.training.targets import Targets
from nuzzle.training.windows import StretchDataset


def sample(name, values, observed=None):
    """A sample whose only feature counts its frames; class 0 on even frames, 1 on odd ones."""
    values = np.asarray(values)
    active = np.stack([values % 2 == 0, values % 2 == 1], axis=1)
    seen = np.ones_like(active) if observed is None else np.stack([observed] * 2, axis=1)
    features = torch.from_numpy(values).float().unsqueeze(1)
    return Sample(name, Pair("a", "b"), Targets(active, seen), features=features)


def test_stretches_cover_every_frame_once():
    stretches = StretchDataset([sample("one", range(1, 8)), sample("two", range(11, 14))], length=3)
    batch = stretches.__getitems__(list(range(len(stretches))))
    assert batch.x[:, :, 0].tolist() == [[1, 2, 3], [4, 5, 6], [7, 0, 0], [11, 12, 13]]
    assert batch.inside.tolist() == [[True] * 3, [True] * 3, [True, False, False], [True] * 3]
    assert batch.sample.tolist() == [0, 0, 0, 1]
    assert batch.targets[0].tolist() == [[0, 1], [1, 0], [0, 1]]
    assert not batch.observed[2, 1:].any()
    assert not batch.targets[2, 1:].any()


def test_stretches_without_an_observed_frame_are_left_out():
    observed = np.array([False] * 4 + [True] * 4)
    stretches = StretchDataset([sample("one", range(8), observed)], length=4)
    assert len(stretches) == 1
    assert stretches[0].x[0, :, 0].tolist() == [4, 5, 6, 7]


def test_jitter_moves_frames_and_labels_together():
    stretches = StretchDataset([sample("one", range(100, 200))], length=10, jitter=5)
    batch = stretches.__getitems__([5] * 200)
    starts = batch.x[:, 0, 0]
    assert set(starts.tolist()) == set(range(145, 156))
    odd = batch.x[:, :, 0] % 2
    torch.testing.assert_close(batch.targets[:, :, 1], odd)


def test_jitter_never_reaches_the_next_recording():
    first, second = sample("one", [1] * 20), sample("two", [2] * 20)
    stretches = StretchDataset([first, second], length=8, jitter=8)
    for _ in range(20):
        batch = stretches.__getitems__(list(range(len(stretches))))
        for row, number in zip(batch.x[:, :, 0], batch.sample, strict=True):
            assert set(row.tolist()) <= {0.0, float(number + 1)}
