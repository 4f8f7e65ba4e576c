"""What every architecture must do."""

import pytest
import torch

from nuzzle.errors import ConfigError
from nuzzle.models import ARCHITECTURES, TemporalCNNLSTM, build_model, count_parameters
from nuzzle.models.graph import GraphLayer

FEATURES, CLASSES, WINDOW, BATCH = 12, 4, 60, 6
#: 2 animals with 3 keypoints of 2 channels make 12 features.
OPTIONS = {"graph": {"nodes": (2, 3, 2)}}


def build(architecture):
    options = OPTIONS.get(architecture.name, {})
    return architecture.build(input_dim=FEATURES, num_classes=CLASSES, **options)


@pytest.fixture(params=sorted(ARCHITECTURES))
def architecture(request):
    return ARCHITECTURES[request.param]


@pytest.fixture
def model(architecture):
    torch.manual_seed(0)
    return build(architecture)


@pytest.fixture
def x():
    return torch.randn(BATCH, WINDOW, FEATURES, generator=torch.Generator().manual_seed(1))


def test_shape(architecture, model, x):
    frames = (WINDOW,) if architecture.shape == "sequence" else ()
    assert model(x).shape == (BATCH, *frames, CLASSES)


def test_every_parameter_gets_a_gradient(model, x):
    model(x).square().sum().backward()
    without = {
        name for name, each in model.named_parameters() if each.grad is None or not each.grad.any()
    }
    # A softmax over time forgets what is added to all of its scores: the gradient is rounding.
    assert without <= {"score.bias"}
    for layer in model.modules():
        if isinstance(layer, GraphLayer):
            assert layer.strength.grad[layer.edges].all(), "of every edge that there is"


def test_save_and_load(architecture, model, x, tmp_path):
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    torch.manual_seed(5)
    other = build(architecture)
    other.load_state_dict(torch.load(tmp_path / "weights.pth", weights_only=True))
    torch.testing.assert_close(other.eval()(x), model.eval()(x))


def test_masked_frames_have_no_effect(architecture, model, x):
    mask = torch.ones(BATCH, WINDOW, dtype=torch.bool)
    mask[:, :17] = False
    other = x.clone()
    other[:, :17] = 100 * torch.randn(BATCH, 17, FEATURES)
    model.eval()
    one, two = model(x, mask), model(other, mask)
    if architecture.shape == "sequence":
        one, two = one[:, 17:], two[:, 17:]
    torch.testing.assert_close(one, two)


def test_alone_or_in_a_batch(model, x):
    model.eval()
    together = model(x)
    alone = torch.cat([model(x[i : i + 1]) for i in range(BATCH)])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


def test_unknown_names_and_arguments():
    with pytest.raises(ConfigError, match="no model 'cnnlstm'"):
        build_model("cnnlstm")
    with pytest.raises(ConfigError, match="colour"):
        build_model("cnn_lstm", colour="red")


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("cnn_lstm", "dropout", 2),
        ("conv_lstm", "frames_per_step", 0),
        ("conv_lstm", "num_layers", 0),
        ("conv_lstm", "channels", [8, 8]),
        ("tcn", "dropout", 2),
        ("tcn", "channels", 0),
        ("tcn", "refinements", -1),
        ("transformer", "heads", 0),
        ("transformer", "window", 0),
        ("transformer", "window", 2.5),
        ("graph", "channels", 0),
        ("graph", "num_layers", -1),
        ("graph", "nodes", 3),
    ],
)
def test_impossible_values(name, option, value):
    sizes = {"input_dim": FEATURES, "num_classes": CLASSES}
    options = {**OPTIONS.get(name, {}), option: value}
    with pytest.raises(ConfigError, match=f"model '{name}'"):
        build_model(name, **sizes, **options)


class TestCnnLstm:
    def test_the_documented_sizes(self):
        model = TemporalCNNLSTM(input_dim=48, num_classes=7, window_size=60)
        assert model(torch.randn(2, 60, 48)).shape == (2, 7)
        convolutions = [m for m in model.conv if isinstance(m, torch.nn.Conv1d)]
        assert [(c.in_channels, c.out_channels, *c.kernel_size) for c in convolutions] == [
            (48, 64, 5),
            (64, 128, 5),
            (128, 256, 3),
        ]
        assert (model.lstm.input_size, model.lstm.hidden_size, model.lstm.num_layers) == (
            256,
            128,
            2,
        )
        assert model.lstm.bidirectional
        linear = [m for m in model.classifier if isinstance(m, torch.nn.Linear)]
        assert [(m.in_features, m.out_features) for m in linear] == [(256, 128), (128, 64), (64, 7)]

    def test_parameters_counted_by_hand(self):
        convolutions = (48 * 64 * 5 + 64) + (64 * 128 * 5 + 128) + (128 * 256 * 3 + 256)
        norms = 2 * (64 + 128 + 256)
        lstm = 2 * 2 * (4 * 128 * (256 + 128) + 2 * 4 * 128)
        heads = (256 + 1) + (256 * 128 + 128) + (128 * 64 + 64) + (64 * 7 + 7)
        assert count_parameters(TemporalCNNLSTM()) == convolutions + norms + lstm + heads

    def test_attention_adds_up_to_one(self):
        model = TemporalCNNLSTM().eval()
        logits, weights = model(torch.randn(3, 60, 48), return_attention=True)
        assert logits.shape == (3, 7)
        assert weights.shape == (3, 15)
        torch.testing.assert_close(weights.sum(1), torch.ones(3))

    def test_attention_avoids_frames_that_do_not_exist(self):
        model = TemporalCNNLSTM().eval()
        mask = torch.ones(1, 60, dtype=torch.bool)
        mask[:, :20] = False
        _, weights = model(torch.randn(1, 60, 48), mask, return_attention=True)
        assert weights[0, :5].sum() == 0
        torch.testing.assert_close(weights.sum(), torch.tensor(1.0))


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("conv_lstm", {"channels": -4}, r"channels must be 3 whole numbers, .*; got -4"),
        ("conv_lstm", {"channels": [64, 64]}, r"such as \[64, 64, 96\]; got \[64, 64\]"),
        ("conv_lstm", {"channels": [64, 64, 0.5]}, "channels must be 3 whole numbers"),
        ("conv_lstm", {"channelz": 4}, "no option 'channelz'; did you mean 'channels'"),
        ("tcn", {"colour": 4}, r"no option 'colour'; known are \['channels', 'dropout', "),
        ("tcn", {"channels": "many"}, "channels must be a whole number, .*; got 'many'"),
        ("transformer", {"heads": True}, "heads must be a whole number, .*; got True"),
        ("graph", {"dropout": float("nan")}, r"dropout must be a number, such as 0\.3; got nan"),
        ("cnn_lstm", {"dropout": "much"}, r"dropout must be a number, such as 0\.3; got 'much'"),
    ],
)
def test_options_are_checked_before_anything_is_read(name, options, problem):
    with pytest.raises(ConfigError, match=f"The model '{name}'.*{problem}"):
        ARCHITECTURES[name].check_options(options)


def test_good_options_pass():
    ARCHITECTURES["conv_lstm"].check_options({"channels": [8, 8, 8], "hidden": 8, "dropout": 0})
