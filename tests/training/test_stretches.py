import numpy as np
import pytest
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
    assert stretches.__getitems__([0]).x[0, :, 0].tolist() == [4, 5, 6, 7]


def visits(stretches, frames, epochs, count=1):
    """How often each frame of one recording, which counts from 0, is seen with a label."""
    seen = np.zeros(frames)
    for epoch in range(epochs):
        stretches.start_epoch((0, epoch), count)
        batch = stretches.__getitems__(list(range(len(stretches))))
        assert batch.observed.any(dim=1).any(dim=1).all(), "a stretch teaches nothing"
        labelled = batch.x[:, :, 0][batch.observed.any(dim=2)]
        seen += np.bincount(labelled.long(), minlength=frames)
    return seen


@pytest.mark.parametrize("frames", [4, 10, 25, 30])
def test_shifted_stretches_show_every_frame_once_an_epoch(frames):
    """At the ends, and of recordings shorter than a stretch, as well."""
    stretches = StretchDataset([sample("one", range(frames))], length=10, shifted=True)
    assert visits(stretches, frames, epochs=50).tolist() == [50.0] * frames


def test_shifted_stretches_show_what_was_observed_once_an_epoch():
    observed = np.isin(np.arange(100), [3, 4, 50, 51, 52, 99])
    stretches = StretchDataset([sample("one", range(100), observed)], length=10, shifted=True)
    assert visits(stretches, 100, epochs=20).tolist() == (20.0 * observed).tolist()


def test_few_stretches_are_shifted_anew_each_time_they_are_drawn():
    stretches = StretchDataset([sample("one", range(1, 31))], length=10, shifted=True)
    assert stretches.epoch_length == 4, "three or, wherever both ends are cut, four"
    stretches.start_epoch((0, 0), 17)
    assert 12 <= len(stretches) <= 16, "four times"
    batch = stretches.__getitems__(list(range(len(stretches))))
    firsts = {int(row[0]) for row in batch.x[:, :, 0]} - {0}
    assert len({first % 10 for first in firsts}) > 1


def test_shifts_move_frames_and_labels_together_and_differ_between_epochs():
    stretches = StretchDataset([sample("one", range(100, 200))], length=10, shifted=True)
    firsts = set()
    for epoch in range(60):
        stretches.start_epoch((0, epoch), 10)
        batch = stretches.__getitems__(list(range(len(stretches))))
        odd = batch.x[:, :, 0] % 2
        torch.testing.assert_close(batch.targets[:, :, 1], odd)
        firsts.add(int(batch.x[1, 0, 0]))
    assert firsts == set(range(101, 111))


def test_shifted_stretches_never_reach_the_next_recording():
    first, second = sample("one", [1] * 20), sample("two", [2] * 20)
    stretches = StretchDataset([first, second], length=8, shifted=True)
    for epoch in range(20):
        stretches.start_epoch((0, epoch), 6)
        batch = stretches.__getitems__(list(range(len(stretches))))
        for row, number in zip(batch.x[:, :, 0], batch.sample, strict=True):
            assert set(row.tolist()) <= {0.0, float(number + 1)}
