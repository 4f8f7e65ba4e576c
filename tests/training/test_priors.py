"""Logit adjustment."""

import pytest
import torch

from nuzzle.training.priors import logit_adjustment


def test_it_is_the_logarithm_of_how_often_a_class_occurs():
    targets = torch.eye(3)[[0, 0, 0, 0, 0, 0, 1, 1, 1, 2]]
    added = logit_adjustment(targets, torch.ones(10, 3, dtype=torch.bool))
    assert added.exp().tolist() == pytest.approx([0.6, 0.3, 0.1])


def test_strength():
    targets = torch.eye(2)[[0, 0, 0, 1]]
    mask = torch.ones(4, 2, dtype=torch.bool)
    torch.testing.assert_close(
        logit_adjustment(targets, mask, tau=2.0), 2 * logit_adjustment(targets, mask)
    )
    assert not logit_adjustment(targets, mask, tau=0.0).any()


def test_frames_nobody_looked_at_do_not_count():
    targets = torch.eye(2)[[0, 0, 0, 1]]
    mask = torch.tensor([[True, True], [False, False], [False, False], [True, True]])
    assert logit_adjustment(targets, mask).exp().tolist() == pytest.approx([0.5, 0.5])


def test_a_class_that_never_occurs_counts_once():
    targets = torch.eye(2)[[0, 0, 0]]
    added = logit_adjustment(targets, torch.ones(3, 2, dtype=torch.bool))
    assert added.exp().tolist() == pytest.approx([0.75, 0.25])
