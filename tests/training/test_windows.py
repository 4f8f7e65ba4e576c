import numpy as np
import pytest
import torch

from nuzzle.labels import Pair
from nuzzle.training.samples import Sample
from nuzzle.training.targets import Targets
from nuzzle.training.windows import EpochSampler, WindowDataset


def sample(name, values, observed=None):
    """A sample whose only feature counts its frames; class 0 on even frames, 1 on odd ones."""
    values = torch.as_tensor(values, dtype=torch.float32)
    active = np.stack([values.numpy() % 2 == 0, values.numpy() % 2 == 1], axis=1)
    seen = np.ones_like(active) if observed is None else np.stack([observed] * 2, axis=1)
    return Sample(name, Pair("a", "b"), Targets(active, seen), features=values.unsqueeze(1))


def test_windows_are_centred_and_end_with_the_recording():
    windows = WindowDataset([sample("one", range(1, 11)), sample("two", range(101, 106))], window=4)
    assert len(windows) == 15
    batch = windows.__getitems__([0, 5, 9, 10])
    assert batch.x[:, :, 0].tolist() == [
        [0, 0, 1, 2],
        [4, 5, 6, 7],
        [8, 9, 10, 0],
        [0, 0, 101, 102],
    ]
    assert batch.inside.tolist() == [
        [False, False, True, True],
        [True, True, True, True],
        [True, True, True, False],
        [False, False, True, True],
    ]
    assert batch.targets.tolist() == [[0, 1], [1, 0], [1, 0], [0, 1]]
    assert batch.sample.tolist() == [0, 0, 0, 1]


def test_unobserved_frames_are_not_centres():
    observed = np.array([False, True, True, False, True])
    windows = WindowDataset([sample("one", range(5), observed)], window=3)
    centres = windows.__getitems__(list(range(len(windows)))).x[:, 1, 0]
    assert centres.tolist() == [1, 2, 4]


def test_stride_takes_every_how_many_th_observed_frame():
    windows = WindowDataset([sample("one", range(10))], window=3, stride=4)
    assert windows.__getitems__([0, 1, 2]).x[:, 1, 0].tolist() == [0, 4, 8]


def test_jitter_moves_the_window_and_not_the_label():
    windows = WindowDataset([sample("one", range(100, 200))], window=1, jitter=2)
    batch = windows.__getitems__([50] * 300)
    assert set(batch.x[:, 0, 0].tolist()) == {148, 149, 150, 151, 152}
    assert batch.targets[:, 0].all(), "frame 150 is even, whatever the window shows"


@pytest.mark.parametrize("count", [4, 10])
def test_epochs_are_shuffled_and_repeatable(count):
    sampler = EpochSampler(range(10), count, seed=3)
    first = list(sampler)
    assert len(set(first)) == len(sampler) == count
    sampler.set_epoch(1)
    assert list(sampler) != first
    sampler.set_epoch(0)
    assert list(sampler) == first
