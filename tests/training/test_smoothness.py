"""The price of jumps."""

import math

import pytest
import torch

from nuzzle.training.smoothness import smoothness


def odds(*p):
    """Logits of two classes, the first with these probabilities."""
    first = torch.tensor(p, dtype=torch.float64)
    return torch.stack([first.log(), (1 - first).log()], dim=-1).unsqueeze(0)


def test_a_constant_costs_nothing():
    assert smoothness(odds(0.3, 0.3, 0.3), torch.ones(1, 3, dtype=torch.bool), exclusive=True) == 0


def test_a_jump_costs_the_squared_difference_of_log_probabilities():
    loss = smoothness(odds(0.2, 0.4), torch.ones(1, 2, dtype=torch.bool), exclusive=True)
    expected = (math.log(0.4 / 0.2) ** 2 + math.log(0.6 / 0.8) ** 2) / 2
    assert float(loss) == pytest.approx(expected)


def test_a_large_jump_costs_no_more_than_the_limit():
    logits = torch.tensor([[[50.0, 0.0], [0.0, 50.0]]])
    assert float(smoothness(logits, torch.ones(1, 2, dtype=torch.bool), exclusive=True)) == 16


def test_multi_label_takes_each_sigmoid():
    logits = torch.tensor([[[0.0], [math.log(3.0)]]])
    loss = smoothness(logits, torch.ones(1, 2, dtype=torch.bool), exclusive=False)
    assert float(loss) == pytest.approx(math.log(0.75 / 0.5) ** 2)


def test_frames_that_do_not_exist_are_left_out():
    logits = odds(0.2, 0.4, 0.9)
    mask = torch.tensor([[True, True, False]])
    alone = smoothness(logits[:, :2], mask[:, :2], exclusive=True)
    assert float(smoothness(logits, mask, exclusive=True)) == pytest.approx(float(alone))
    nothing = smoothness(logits, torch.zeros(1, 3, dtype=torch.bool), exclusive=True)
    assert float(nothing) == 0


def test_the_earlier_frame_is_held_fixed():
    logits = odds(0.2, 0.4).requires_grad_()
    smoothness(logits, torch.ones(1, 2, dtype=torch.bool), exclusive=True).backward()
    assert not logits.grad[0, 0].any()
    assert logits.grad[0, 1].any()
