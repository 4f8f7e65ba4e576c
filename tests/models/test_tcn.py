"""The multi-stage convolution."""

import pytest
import torch

from nuzzle.errors import ConfigError
from nuzzle.models import count_parameters
from nuzzle.models.tcn import MultiStageTCN


def test_parameters_counted_by_hand():
    model = MultiStageTCN(10, 3, channels=4, num_layers=2, refinements=2, refinement_layers=3)
    pointwise = 4 * 4 + 4
    convolution = 4 * 4 * 3 + 4
    dual = 4 + 2 * convolution + (8 * 4 + 4) + pointwise
    single = 4 + convolution + pointwise
    predict = (10 * 4 + 4) + 2 * dual + (4 * 3 + 3)
    refine = (3 * 4 + 4) + 3 * single + (4 * 3 + 3)
    assert count_parameters(model) == predict + 2 * refine


def test_dilations_widen_and_narrow_as_published():
    model = MultiStageTCN(10, 3, num_layers=4, refinement_layers=3)
    dual = [tuple(c.dilation[0] for c in layer.dilated) for layer in model.predict.layers]
    assert dual == [(1, 8), (2, 4), (4, 2), (8, 1)]
    assert [layer.dilated.dilation[0] for layer in model.refine[0].layers] == [1, 2, 4]


def test_stages_end_with_what_forward_returns():
    model = MultiStageTCN(10, 3, refinements=3).eval()
    x = torch.randn(2, 20, 10)
    stages = model.stages(x)
    assert [each.shape for each in stages] == [(2, 20, 3)] * 4
    torch.testing.assert_close(stages[-1], model(x))


def test_a_refinement_sees_nothing_but_probabilities():
    """Logits that differ by a constant are the same softmax, and so the same for a refinement."""
    x = torch.randn(1, 20, 10)
    for exclusive in (True, False):
        torch.manual_seed(0)
        model = MultiStageTCN(10, 3, exclusive=exclusive).eval()
        before = model.stages(x)
        with torch.no_grad():
            model.predict.leave.bias += 1.5
        after = model.stages(x)
        torch.testing.assert_close(after[0], before[0] + 1.5)
        assert torch.allclose(after[1], before[1], atol=1e-5) is exclusive


def test_each_group_of_classes_has_a_softmax_of_its_own(monkeypatch):
    model = MultiStageTCN(10, 5, groups=(3, 2)).eval()
    x = torch.randn(1, 20, 10)
    passed = []
    refine = model.refine[0].forward
    monkeypatch.setattr(
        model.refine[0], "forward", lambda said, mask: passed.append(said) or refine(said, mask)
    )
    before = model.stages(x)
    torch.testing.assert_close(passed[0][:, :3].sum(1), torch.ones(1, 20))
    torch.testing.assert_close(passed[0][:, 3:].sum(1), torch.ones(1, 20))
    with torch.no_grad():
        model.predict.leave.bias[3:] += 1.5  # to one group as a whole: its softmax stays
    torch.testing.assert_close(model.stages(x)[1], before[1], rtol=1e-4, atol=1e-5)
    with pytest.raises(ConfigError, match=r"add up to the 5 classes; got \[3, 1\]"):
        MultiStageTCN(10, 5, groups=(3, 1))
