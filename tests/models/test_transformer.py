"""Local attention and rotary positions, against attention written out frame by frame."""

import math

import pytest
import torch

from nuzzle.errors import ConfigError
from nuzzle.models import count_parameters
from nuzzle.models.transformer import (
    LocalAttention,
    LocalTransformer,
    neighbours,
    rotary_table,
    rotate,
)


def test_parameters_counted_by_hand():
    model = LocalTransformer(10, 3, channels=8, num_layers=2, heads=2)
    stem = (10 * 8 * 5 + 8 + 8) + (8 * 8 * 5 + 8 + 8)
    layer = 4 * 8 * 8 + (8 * 16 + 16) + (16 * 8 + 8) + 2 * 2 * 8
    assert count_parameters(model) == stem + 2 * layer + 2 * 8 + (8 * 3 + 3)


def test_rotation_keeps_length_and_knows_only_the_distance():
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, 8, generator=generator)
    table = rotary_table(1_000_000, 8, one)
    everywhere = rotate(one.expand(1, 1_000_000, 1, 8), table)[0, :, 0]
    others = rotate(other.expand(1, 1_000_000, 1, 8), table)[0, :, 0]
    torch.testing.assert_close(everywhere.norm(dim=-1), one.norm().expand(1_000_000))
    product = (everywhere[7:] * others[:-7]).sum(-1)
    torch.testing.assert_close(product, product[:1].expand_as(product), rtol=0, atol=1e-5)


def test_the_first_pair_turns_by_one_rad_a_frame():
    x = torch.tensor([1.0, 0.0, 0.0, 0.0])
    table = rotary_table(3, 4, x)
    turned = rotate(x.expand(1, 3, 1, 4), table)[0, :, 0]
    expected = torch.tensor([[math.cos(t), 0.0, math.sin(t), 0.0] for t in range(3)])
    torch.testing.assert_close(turned, expected)


def test_blocks_are_attention_in_a_window():
    torch.manual_seed(0)
    window, frames, channels, heads = 4, 20, 8, 2
    attention = LocalAttention(channels, heads, window).eval()
    x = torch.randn(1, frames, channels)
    exists = torch.ones(1, frames, dtype=torch.bool)
    exists[0, 13:15] = False
    table = rotary_table(frames, channels // heads, x)
    out = attention(x, neighbours(exists, window), table)

    parts = attention.enter(x).view(1, frames, 3, heads, channels // heads)
    query, key = rotate(parts[:, :, 0], table)[0], rotate(parts[:, :, 1], table)[0]
    expected = torch.zeros(frames, heads, channels // heads)
    for t in exists[0].nonzero().flatten().tolist():
        seen = [u for u in range(frames) if abs(t - u) <= window and exists[0, u]]
        for head in range(heads):
            scores = torch.stack([query[t, head] @ key[u, head] for u in seen])
            weights = (scores / math.sqrt(channels // heads)).softmax(0)
            expected[t, head] = weights @ parts[0, seen, 2, head]
    expected = attention.leave(expected.flatten(1))
    torch.testing.assert_close(out[0, exists[0]], expected[exists[0]])


def test_channels_that_do_not_divide_are_refused():
    with pytest.raises(ConfigError, match="multiple of 8 for 4 heads; got 20"):
        LocalTransformer(10, 3, channels=20, heads=4)
