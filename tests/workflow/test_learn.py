import numpy as np
import pytest
import torch
from torch import nn

from nuzzle.labels import Pair
from nuzzle.training.fit import Trained
from nuzzle.training.targets import Targets
from nuzzle.training.windows import Sample
from nuzzle.workflow.learn import _one_way, _warn_of_overfitting


def test_labels_of_one_direction_are_known():
    nothing = Targets(np.zeros((5, 1), bool), np.zeros((5, 1), bool))

    def sample(recording, agent, target):
        return Sample(recording, Pair(agent, target), torch.zeros(5, 1), nothing)

    one = [sample("day1", "resident", "intruder"), sample("day2", "black", "white")]
    assert _one_way(one) == ["black → white", "resident → intruder"]
    assert _one_way([*one, sample("day3", "white", "black")]) != [], "of another recording"
    assert _one_way([*one, sample("day2", "white", "black")]) == []


@pytest.mark.parametrize(
    ("losses", "kept", "warns"),
    [
        ([0.7, 0.5, 0.6, 1.0], 4, True),
        ([0.7, 0.5, 0.6, 1.0], 3, False),  # early stopping has kept the third
        ([0.7, 0.5, 0.6, 0.99], 4, False),
        ([1.0, 0.7, 0.5, 0.6], 1, False),  # it fell only after the one that is kept
        ([], 4, False),  # there is no val
    ],
)
def test_a_loss_that_has_doubled_since_its_lowest_is_said(losses, kept, warns):
    history = [{"epoch": n, "val_loss": loss} for n, loss in enumerate(losses, 1)]
    said: list[str] = []
    _warn_of_overfitting(Trained(nn.Identity(), kept, 0.5, history, 1.0), said.append)
    assert len(said) == warns
    if warns:
        assert "lowest in epoch 2 (0.50) and is 1.00 in the one that is kept" in said[0]
