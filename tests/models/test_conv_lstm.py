"""The source document's layers on whole sequences."""

import torch

from nuzzle.models import count_parameters
from nuzzle.models.conv_lstm import ConvLSTM


def test_parameters_counted_by_hand():
    model = ConvLSTM(10, 3, channels=(4, 5, 6), hidden=7, num_layers=2)
    convolutions = (10 * 4 * 5 + 4) + (4 * 5 * 5 + 5) + (5 * 6 * 3 + 6)
    norms = 4 + 5 + 6
    lstm = sum(2 * (4 * 7 * (inputs + 7) + 2 * 4 * 7) for inputs in (6, 14))
    head = ((6 + 14) * 7 + 7) + (7 * 3 + 3)
    assert count_parameters(model) == convolutions + norms + lstm + head


def test_one_frame_a_step_or_many():
    x = torch.randn(2, 23, 10)
    for frames_per_step in (1, 2, 5, 40):
        model = ConvLSTM(10, 3, frames_per_step=frames_per_step)
        assert model(x).shape == (2, 23, 3)


def test_time_backwards_is_the_mirror_image():
    """With the two directions of the LSTM and the kernels exchanged, the labels run backwards."""
    torch.manual_seed(0)
    model = ConvLSTM(10, 3, channels=(6, 6, 6), hidden=5, num_layers=1).eval()
    mirrored = ConvLSTM(10, 3, channels=(6, 6, 6), hidden=5, num_layers=1).eval()
    state = dict(model.state_dict())
    for name, value in model.state_dict().items():
        if "conv.weight" in name:
            state[name] = value.flip(-1)
        elif name.startswith("lstm"):
            other = name.removesuffix("_reverse") if "reverse" in name else f"{name}_reverse"
            state[other] = value
    first = state["head.1.weight"]
    state["head.1.weight"] = torch.cat([first[:, :6], first[:, 11:], first[:, 6:11]], dim=1)
    mirrored.load_state_dict(state)
    x = torch.randn(1, 24, 10)
    torch.testing.assert_close(mirrored(x.flip(1)).flip(1), model(x), rtol=1e-4, atol=1e-5)
