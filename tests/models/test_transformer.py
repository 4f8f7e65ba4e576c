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


def stepped(frames_per_step, window=3):
    torch.manual_seed(0)
    options = {"channels": 16, "num_layers": 2, "heads": 2, "window": window}
    return LocalTransformer(12, 4, **options, frames_per_step=frames_per_step).double().eval()


@pytest.mark.parametrize(
    ("frames_per_step", "reach", "stated"),
    # Convolutions reach 4 frames, two layers 6 steps. The first frame of a step of two lies between
    # it and the one before: 4 + 2 * 7. So does that of a step of three; and of one of four the
    # second, 1 further: 4 + 4 * 7 + 1. Stated in whole steps.
    [(2, 18, 18), (3, 25, 27), (4, 33, 36)],
)
def test_steps_reach_as_stated(frames_per_step, reach, stated):
    model = stepped(frames_per_step)
    assert model.receptive_field_frames == 2 * stated + 1
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1, 120, 12, generator=generator, dtype=torch.float64, requires_grad=True)
    logits, felt = model(x), []
    for at in range(48, 48 + frames_per_step):
        (gradient,) = torch.autograd.grad(logits[0, at].sum(), x, retain_graph=True)
        seen = (gradient[0].abs().sum(-1) > 0).nonzero().flatten()
        felt += [at - int(seen[0]), int(seen[-1]) - at]
    assert max(felt) <= reach
    # The maximum of a step does not feel all of its frames.
    assert max(felt) > reach - frames_per_step


@pytest.mark.parametrize("frames_per_step", [2, 3])
def test_pieces_that_begin_a_reach_earlier_are_cut_into_the_same_steps(frames_per_step):
    model = stepped(frames_per_step)
    reach = model.receptive_field_frames // 2
    x = torch.randn(1, 500, 12, dtype=torch.float64)
    whole = model(x)
    for start, stop in ((240, 260), (480, 500)):
        low, high = start - reach, min(500, stop + reach)
        piece = model(x[:, low:high])[:, reach : reach + stop - start]
        torch.testing.assert_close(piece, whole[:, start:stop])


def test_padding_does_not_shift_the_steps():
    model = stepped(2)
    x = torch.randn(1, 21, 12, dtype=torch.float64)
    padded = torch.randn(2, 30, 12, dtype=torch.float64)
    mask = torch.zeros(2, 30, dtype=torch.bool)
    padded[0, 3:24], mask[0, 3:24] = x[0], True
    padded[1, 9:], mask[1, 9:] = x[0], True
    together = model(padded, mask)
    torch.testing.assert_close(together[0, 3:24], model(x)[0])
    torch.testing.assert_close(together[1, 9:], model(x)[0])


def test_what_attention_adds_lies_on_the_line_between_steps():
    model = stepped(2)
    added = torch.tensor([[[0.0], [4.0], [8.0]]]).double().expand(1, 3, 16)
    model._attend = lambda steps, exist: added
    model.norm = model.head = torch.nn.Identity()
    x = torch.zeros(1, 5, 12, dtype=torch.float64)
    frames = model(x) - stepped_stem(model, x)
    # Steps stand for 0.5, 2.5 and 4.5: before the first and after the last the value stays.
    expected = torch.tensor([0.0, 1.0, 3.0, 5.0, 7.0]).double()
    torch.testing.assert_close(frames[0, :, 0], expected)


def stepped_stem(model, x):
    frames = x.transpose(1, 2)
    for convolution in model.stem:
        frames = convolution(frames, None)
    return frames.transpose(1, 2)
