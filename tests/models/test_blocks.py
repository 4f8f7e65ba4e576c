"""Parts that sequence models share."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nuzzle.models.blocks import remember


def test_an_lstm_on_padded_sequences_is_as_on_packed_ones_gradients_too():
    torch.manual_seed(0)
    lstm = nn.LSTM(3, 4, num_layers=2, batch_first=True, bidirectional=True)
    count = torch.tensor([1, 7, 4])
    steps = torch.randn(3, 7, 3)
    exist = torch.arange(7) < count.unsqueeze(1)
    packed = pack_padded_sequence(steps, count, batch_first=True, enforce_sorted=False)
    expected, _ = pad_packed_sequence(lstm(packed)[0], batch_first=True)
    weight = torch.randn(3, 7, 8)

    def gradients(output):
        lstm.zero_grad()
        (output * weight)[exist].sum().backward()
        return [each.grad.clone() for each in lstm.parameters()]

    wanted = gradients(expected)
    steps[~exist] = 1e3  # what stands in the padding does not matter
    output = remember(lstm, steps, count)
    torch.testing.assert_close(output[exist], expected[exist])
    for mine, theirs in zip(gradients(output), wanted, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_units_are_dropped_between_the_layers_of_an_lstm_in_training_alone():
    torch.manual_seed(0)
    lstm = nn.LSTM(3, 4, num_layers=2, batch_first=True, bidirectional=True, dropout=0.5)
    steps, count = torch.randn(2, 5, 3), torch.tensor([5, 3])
    one, other = remember(lstm, steps, count), remember(lstm, steps, count)
    assert not torch.equal(one, other)
    lstm.eval()
    torch.testing.assert_close(remember(lstm, steps, count), remember(lstm, steps, count))
