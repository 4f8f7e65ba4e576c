"""Keypoints of both animals as nodes of a graph whose edge weights are learned."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nuzzle.errors import ConfigError
from nuzzle.models.base import Architecture, check_counts
from nuzzle.models.blocks import ChannelNorm, DilatedLayer

#: Animals and channels of the feature set `nodes`: x, y, their rates, presence.
_ANIMALS, _CHANNELS = 2, 5

#: Frames whose graphs are computed at a time: few enough to stay in the cache.
_BLOCK_FRAMES = 512


class GraphLayer(nn.Module):
    """Each node takes in the mean of its own animal's nodes and of the other animals'.

    Yan, Xiong & Lin 2018, "Spatial temporal graph convolutional networks for skeleton-based action
    recognition": the neighbours fall into kinds, each with its own weights, here the node itself,
    its own animal, the other animals; how much each edge counts is learned, and starts out equal.
    A node that is missing is nobody's neighbour and stays zero.

    Args:
        inputs: channels in.
        outputs: channels out.
        animals: number of animals.
        keypoints: nodes of each.
    """

    def __init__(self, inputs: int, outputs: int, animals: int, keypoints: int) -> None:
        super().__init__()
        animal = torch.arange(animals).repeat_interleave(keypoints)
        same = animal.unsqueeze(0) == animal.unsqueeze(1)
        itself = torch.eye(len(animal), dtype=torch.bool)
        self.register_buffer("edges", torch.stack([same & ~itself, ~same]), persistent=False)
        self.edges: Tensor
        #: Logarithm of how much each edge counts, `(kind, to, from)`.
        self.strength = nn.Parameter(torch.zeros(2, len(animal), len(animal)))
        self.itself = nn.Linear(inputs, outputs)
        # Without a bias, which a missing node would send as well.
        self.own = nn.Linear(inputs, outputs, bias=False)
        self.others = nn.Linear(inputs, outputs, bias=False)
        self.norm = ChannelNorm(outputs)

    @property
    def adjacency(self) -> Tensor:
        """How much each edge counts, `(kind, to, from)`; the kinds are own animal, others."""
        return self.strength.exp() * self.edges

    def forward(self, nodes: Tensor, present: Tensor) -> Tensor:
        """Pass messages.

        Args:
            nodes: `(node, inputs, frame)`, zero where missing.
            present: `(node, 1, frame)`, 1 or 0.

        Returns:
            `(node, outputs, frame)`, zero where missing.
        """
        mixed = _in_every_node(self.itself.weight, nodes, self.itself.bias.unsqueeze(-1))
        for linear, weights in zip((self.own, self.others), self.adjacency, strict=True):
            total = _over_nodes(weights, present).clamp(min=1e-6)
            mixed = _in_every_node(linear.weight, _over_nodes(weights, nodes) / total, mixed)
        return F.relu(self.norm(mixed)) * present


def _over_nodes(weights: Tensor, nodes: Tensor) -> Tensor:
    """Sums over the nodes of `(node, channel, frame)`, weighted by `(to, from)`."""
    return (weights @ nodes.flatten(1)).view(nodes.shape)


def _in_every_node(weight: Tensor, nodes: Tensor, base: Tensor) -> Tensor:
    """A linear layer of the channels of `(node, channel, frame)`, added to `base`."""
    # By itself, `weight @ nodes` would copy the nodes into another order and back.
    return torch.baddbmm(base, weight.expand(len(nodes), -1, -1), nodes)


class PoseGraph(nn.Module):
    """Graph convolutions in every frame, then dilated convolutions over time.

    The first ``animals * keypoints * channels`` features are the nodes: animal after animal,
    keypoint after keypoint, channel after channel. The last channel says whether the keypoint is
    there: below 0 is missing, 0 and above is present: 1 and -1, as the feature set has them, also
    with some noise. Further features join after the graph.

    Args:
        input_dim: number of features.
        num_classes: number of behaviours.
        nodes: animals, keypoints, channels, as `node_layout` gives them; no more than features.
        node_channels: of the graph's layers.
        graph_layers: number of graph convolutions.
        channels: of the convolutions over time.
        num_layers: of these; dilations ``2^l``.
        dropout: in every layer over time.

    Raises:
        ConfigError: there are no channels or layers, or fewer features than nodes take.
    """

    def __init__(
        self,
        input_dim: int,
        num_classes: int,
        nodes: tuple[int, int, int],
        node_channels: int = 24,
        graph_layers: int = 2,
        channels: int = 64,
        num_layers: int = 7,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        check_counts(
            "graph", 1, node_channels=node_channels, channels=channels, num_layers=num_layers
        )
        check_counts("graph", 0, graph_layers=graph_layers)
        animals, keypoints, node_inputs = self.nodes = _checked(nodes, input_dim)
        count = animals * keypoints
        self.node_features = count * node_inputs
        self.enter = nn.Linear(node_inputs, node_channels, bias=False)
        self.identity = nn.Parameter(0.02 * torch.randn(count, node_channels))
        self.graph = nn.ModuleList(
            GraphLayer(node_channels, node_channels, animals, keypoints)
            for _ in range(graph_layers)
        )
        others = input_dim - self.node_features
        self.gather = nn.Linear(count * node_channels + others, channels)
        self.layers = nn.ModuleList(
            DilatedLayer(channels, 2**i, dropout) for i in range(num_layers)
        )
        self.norm = ChannelNorm(channels)
        self.head = nn.Conv1d(channels, num_classes, 1)
        self.receptive_field_frames: int | None = 2 * (2**num_layers - 1) + 1

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits of every frame.

        Args:
            x: `(batch, time, feature)`, normalised.
            mask: `(batch, time)` bool, false for frames that do not exist.

        Returns:
            `(batch, time, behaviour)`.
        """
        batch, frames, _ = x.shape
        blocks = torch.split(x.flatten(0, 1), _BLOCK_FRAMES)
        bodies = torch.cat([self._bodies(block) for block in blocks], dim=1)
        hidden = bodies.view(-1, batch, frames).transpose(0, 1).contiguous()
        for layer in self.layers:
            hidden = layer(hidden, mask)
        logits: Tensor = self.head(F.relu(self.norm(hidden)))
        return logits.transpose(1, 2)

    def _bodies(self, x: Tensor) -> Tensor:
        """What the bodies of each frame look like: `(frame, feature)` to `(channel, frame)`."""
        animals, keypoints, channels = self.nodes
        # Frames are innermost: few long products are quicker than many short ones.
        poses, others = x.T.contiguous().tensor_split([self.node_features])
        poses = poses.view(animals * keypoints, channels, len(x))
        present = (poses[:, -1:] >= 0).to(x.dtype)
        nodes = _in_every_node(self.enter.weight, poses, self.identity.unsqueeze(-1)) * present
        for layer in self.graph:
            nodes = nodes + layer(nodes, present)
        everything = torch.cat([nodes.flatten(0, 1), others])
        return torch.addmm(self.gather.bias.unsqueeze(-1), self.gather.weight, everything)


def _checked(nodes: tuple[int, int, int], input_dim: int) -> tuple[int, int, int]:
    """The same, if the features can hold them."""
    whole = len(nodes) == 3 and all(type(each) is int and each >= 1 for each in nodes)
    if not whole or prod(nodes) > input_dim:
        raise ConfigError(
            "The model 'graph': nodes are three whole numbers (animals, keypoints, channels), 1 or "
            f"more, whose product is at most the number of features, {input_dim}; got {nodes!r}."
        )
    return nodes


def node_layout(features: int) -> tuple[int, int, int]:
    """Animals, keypoints and channels of so many columns of the feature set ``nodes``.

    Raises:
        ConfigError: they do not make such nodes.
    """
    keypoints, rest = divmod(features, _ANIMALS * _CHANNELS)
    if keypoints == 0 or rest:
        raise ConfigError(
            f"The model 'graph' reads {_CHANNELS} features for each keypoint of {_ANIMALS} "
            f"animals, and {features} features do not divide so. Use the feature set "
            "'nodes'."
        )
    return _ANIMALS, keypoints, _CHANNELS


GRAPH = Architecture(
    name="graph",
    build=PoseGraph,
    shape="sequence",
    takes=("nodes",),
    features="nodes",
)
