"""Logit adjustment."""

import pytest
import torch

from nuzzle.training.priors import logit_adjustment


def test_it_is_the_logarithm_of_how_often_a_class_occurs():
    assert logit_adjustment(torch.tensor([6, 3, 1])).exp().tolist() == pytest.approx(
        [0.6, 0.3, 0.1]
    )


def test_strength():
    counts = torch.tensor([3, 1])
    torch.testing.assert_close(logit_adjustment(counts, tau=2.0), 2 * logit_adjustment(counts))
    assert not logit_adjustment(counts, tau=0.0).any()


def test_a_class_that_never_occurs_counts_once():
    assert logit_adjustment(torch.tensor([3, 0])).exp().tolist() == pytest.approx([0.75, 0.25])
