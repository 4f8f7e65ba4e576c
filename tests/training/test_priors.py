"""Logit adjustment."""

import numpy as np
import pytest
import torch

from nuzzle.training.priors import logit_adjustment
from nuzzle.training.targets import Targets


def test_it_is_the_logarithm_of_how_often_a_class_occurs():
    assert logit_adjustment(
        torch.tensor([6, 3, 1]), torch.tensor([10] * 3)
    ).exp().tolist() == pytest.approx([0.6, 0.3, 0.1])


def test_strength():
    counts = torch.tensor([3, 1]), torch.tensor([4, 4])
    torch.testing.assert_close(logit_adjustment(*counts, tau=2.0), 2 * logit_adjustment(*counts))
    assert not logit_adjustment(*counts, tau=0.0).any()


def test_a_class_that_never_occurs_counts_once():
    adjusted = logit_adjustment(torch.tensor([3, 0]), torch.tensor([4, 4]))
    assert adjusted.exp().tolist() == pytest.approx([0.75, 0.25])


def test_frames_in_which_nobody_looked_do_not_make_a_class_rare():
    """Two labs: 300 of a in 1,000 frames, and 100 of b in 10,000."""
    frames = [(1000, "a", 300), (10_000, "b", 100)]
    counts, looked_for = torch.zeros(3), torch.zeros(3)
    for n, name, shown in frames:
        column = "ab".index(name)
        active, observed = np.zeros((n, 3), bool), np.zeros((n, 3), bool)
        active[:shown, column], active[shown:, 2] = True, True
        observed[:, [column, 2]] = True
        targets = Targets(active, observed)
        counts += torch.from_numpy(targets.counts)
        looked_for += torch.from_numpy(targets.looked_for_counts)
    prior = logit_adjustment(counts, looked_for).exp().tolist()
    assert prior == pytest.approx([0.3, 0.01, (700 + 9900) / 11_000])
