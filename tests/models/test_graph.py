"""Keypoints as nodes."""

import pytest
import torch

from nuzzle.errors import ConfigError
from nuzzle.models import count_parameters
from nuzzle.models.graph import GraphLayer, PoseGraph, node_layout


def test_parameters_counted_by_hand():
    model = PoseGraph(
        32, 3, nodes=(2, 3, 5), node_channels=4, graph_layers=2, channels=6, num_layers=2
    )
    layer = 2 * 6 * 6 + 3 * 4 * 4 + 4 + 4
    nodes = 5 * 4 + 6 * 4 + 2 * layer
    gather = (6 * 4 + 2) * 6 + 6
    time = 2 * (6 + (6 * 6 * 3 + 6) + (6 * 6 + 6))
    assert count_parameters(model) == nodes + gather + time + 6 + (6 * 3 + 3)


def test_edges_start_complete_inside_and_between_the_animals():
    own, others = GraphLayer(3, 3, animals=2, keypoints=2).adjacency.detach()
    assert own.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    assert others.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]


def test_messages_are_weighted_means_over_the_present():
    """Written out for one frame of two animals with three keypoints, one of them missing."""
    torch.manual_seed(0)
    layer = GraphLayer(4, 5, animals=2, keypoints=3)
    with torch.no_grad():
        layer.strength.normal_()
    present = torch.tensor([1.0, 1.0, 0.0, 1.0, 1.0, 1.0]).view(6, 1, 1)
    nodes = torch.randn(6, 4, 1) * present
    out = layer(nodes, present)[..., 0]
    for i in range(6):
        if i == 2:
            assert not out[i].any()
            continue
        mine = [j for j in range(6) if j // 3 == i // 3 and j not in (i, 2)]
        theirs = [j for j in range(6) if j // 3 != i // 3 and j != 2]
        total = layer.itself(nodes[i, :, 0])
        for linear, weights, seen in (
            (layer.own, layer.strength[0], mine),
            (layer.others, layer.strength[1], theirs),
        ):
            share = weights[i, seen].softmax(0)
            total = total + sum(
                s * linear(nodes[j, :, 0]) for s, j in zip(share, seen, strict=True)
            )
        expected = torch.relu(total / (total.square().mean() + 1e-6).sqrt())
        torch.testing.assert_close(out[i], expected)


def test_an_animal_without_a_single_point_is_no_neighbour():
    layer = GraphLayer(4, 5, animals=2, keypoints=3)
    present = torch.tensor([1.0, 1, 1, 0, 0, 0]).view(6, 1, 1)
    out = layer(torch.randn(6, 4, 1) * present, present)
    assert torch.isfinite(out).all()
    assert not out[3:].any()


@pytest.fixture
def model():
    torch.manual_seed(0)
    return PoseGraph(22, 3, nodes=(2, 2, 5)).eval()


def test_a_missing_node_has_no_place(model):
    x = torch.randn(1, 30, 22)
    x[..., 4:20:5] = 1.0
    x[..., 9] = -1.0  # The agent's second keypoint is missing.
    moved = x.clone()
    moved[..., 5:9] = torch.randn(1, 30, 4)
    torch.testing.assert_close(model(moved), model(x))
    there = x.clone()
    there[..., 9] = 1.0
    assert not torch.allclose(model(there), model(x))


def test_presence_is_its_sign_before_and_after_scaling(model):
    """Bundles from before flags were left unscaled: always there is 0, now and then is above 0."""
    x = torch.randn(1, 30, 22)
    poses = x[0, :, :20].unflatten(1, (4, 5))
    before = poses.clone()
    before[..., 4] = 1.0
    with torch.no_grad():
        model.enter.weight[:, 4] = 0.0  # What the value itself says is another matter.
    answers = []
    for value in (1.0, 0.0, 0.3):
        before[..., 4] = value
        answers.append(model(torch.cat([before.flatten(1), x[0, :, 20:]], 1).unsqueeze(0)))
    torch.testing.assert_close(answers[1], answers[0])
    torch.testing.assert_close(answers[2], answers[0])


def test_further_features_join_in(model):
    x = torch.randn(1, 30, 22)
    other = x.clone()
    other[..., 21] += 1
    assert not torch.allclose(model(other), model(x))


def test_blocks_of_frames_change_nothing(model, monkeypatch):
    x = torch.randn(3, 30, 22)
    whole = model(x)
    monkeypatch.setattr("nuzzle.models.graph._BLOCK_FRAMES", 7)
    torch.testing.assert_close(model(x), whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("nodes", [(2, 2, 6), (2, 0, 5), (2, 2.0, 5), (True, 2, 5), (2, 2), ()])
def test_nodes_that_the_features_do_not_make_are_refused(nodes):
    with pytest.raises(ConfigError, match=r"three whole numbers .* features, 22; got \("):
        PoseGraph(22, 3, nodes=nodes)


def test_the_layout_is_that_of_the_feature_set_nodes():
    assert node_layout(70) == (2, 7, 5)


@pytest.mark.parametrize("features", [0, 48])
def test_features_that_are_no_nodes_are_refused(features):
    with pytest.raises(ConfigError, match=f"and {features} features .* feature set 'nodes'"):
        node_layout(features)
