import math

import numpy as np
import pytest
import torch

from nuzzle.training.losses import (
    FocalLoss,
    JointLoss,
    inverse_frequency,
    logit_adjustment,
    presence_weights,
    smoothness,
)
from nuzzle.training.targets import Targets


def test_gamma_zero_is_the_cross_entropy():
    logits = torch.randn(8, 5, generator=torch.Generator().manual_seed(0))
    classes = torch.arange(8) % 5
    targets = torch.nn.functional.one_hot(classes, 5).float()
    everything = torch.ones(8, 5, dtype=torch.bool)
    expected = torch.nn.functional.cross_entropy(logits, classes)
    torch.testing.assert_close(FocalLoss(True, gamma=0)(logits, targets, everything), expected)


def test_focal_by_hand():
    # Two equal logits: p = 1/2, so the loss is (1 - 1/2)^2 * ln 2.
    loss = FocalLoss(True, gamma=2)(
        torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), torch.ones(1, 2, dtype=torch.bool)
    )
    assert float(loss) == pytest.approx(0.25 * math.log(2))


def test_alpha_weighs_the_true_class():
    loss = FocalLoss(True, gamma=0, alpha=torch.tensor([3.0, 1.0]))
    seen = torch.ones(1, 2, dtype=torch.bool)
    one = loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), seen)
    other = loss(torch.zeros(1, 2), torch.tensor([[0.0, 1.0]]), seen)
    assert float(one) == pytest.approx(3 * float(other))


def test_presence_and_absence_weigh_by_themselves():
    """Of 10 frames, one behaviour holds in 2, another in 8 of them, a third in none of 5."""
    alpha = presence_weights(torch.tensor([2, 8, 0]), torch.tensor([10, 10, 5]))
    assert alpha[0].tolist() == pytest.approx([10 / 4, 10 / 16, 0])
    assert alpha[1].tolist() == pytest.approx([10 / 16, 10 / 4, 1])
    loss = FocalLoss(False, gamma=0, alpha=alpha)
    seen = torch.tensor([[True, True, False]])
    value = loss(torch.zeros(1, 3), torch.tensor([[1.0, 0.0, 0.0]]), seen)
    assert float(value) == pytest.approx((2.5 + 2.5) / 2 * math.log(2))


def test_what_nobody_looked_for_leaves_the_softmax():
    seen = torch.tensor([[True, True, False]])
    targets = torch.tensor([[1.0, 0.0, 0.0]])
    loss = FocalLoss(True, gamma=0)
    for other in (-5.0, 0.0, 50.0):
        value = loss(torch.tensor([[0.0, 0.0, other]]), targets, seen)
        assert float(value) == pytest.approx(math.log(2))


def test_unobserved_frames_do_not_count():
    logits = torch.randn(2, 3, requires_grad=True)
    targets = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    seen = torch.tensor([[True] * 3, [False] * 3])
    loss = FocalLoss(True)(logits, targets, seen)
    loss.backward()
    assert logits.grad[1].abs().sum() == 0
    assert torch.isfinite(logits.grad).all()
    torch.testing.assert_close(loss, FocalLoss(True)(logits[:1], targets[:1], seen[:1]))


def test_nothing_observed_is_no_loss():
    nothing = torch.zeros(4, 3, dtype=torch.bool)
    assert FocalLoss(True)(torch.randn(4, 3), torch.zeros(4, 3), nothing) == 0
    assert FocalLoss(False)(torch.randn(4, 3), torch.zeros(4, 3), nothing) == 0


def test_multi_label_is_the_binary_cross_entropy_of_what_was_looked_for():
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(2))
    targets = (torch.arange(18).reshape(6, 3) % 2).float()
    seen = torch.ones(6, 3, dtype=torch.bool)
    seen[:, 2] = False
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, :2], targets[:, :2])
    torch.testing.assert_close(FocalLoss(False, gamma=0)(logits, targets, seen), expected)


def test_sequences_are_like_their_frames():
    logits = torch.randn(2, 5, 3)
    targets = torch.nn.functional.one_hot(torch.arange(10) % 3, 3).float().reshape(2, 5, 3)
    seen = torch.ones(2, 5, 3, dtype=torch.bool)
    loss = FocalLoss(True)
    flat = loss(logits.reshape(10, 3), targets.reshape(10, 3), seen.reshape(10, 3))
    torch.testing.assert_close(loss(logits, targets, seen), flat)


def test_kinds_by_hand():
    """Half of the probability lies on the background, the rest evenly on two behaviours."""
    logits = torch.tensor([[0.0, 0.0, math.log(2)]] * 2)
    targets = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    seen = torch.ones(2, 3, dtype=torch.bool)
    plain = (math.log(4) + math.log(2)) / 2
    loss = FocalLoss(True, gamma=0, background=2, kinds=0.5)
    assert float(loss(logits, targets, seen)) == pytest.approx(plain + 0.5 * math.log(2))
    # Without any behaviour there is none to tell.
    only = FocalLoss(True, gamma=0)(logits[1:], targets[1:], seen[1:])
    torch.testing.assert_close(loss(logits[1:], targets[1:], seen[1:]), only)
    # Where one alone was looked for there is none to tell it from: such frames do not thin it out.
    alone = torch.tensor([[True, False, True]])
    frames = [torch.cat([each, each[:1]]) for each in (logits, targets)]
    both = loss(*frames, torch.cat([seen, alone]))
    without = FocalLoss(True, gamma=0)(*frames, torch.cat([seen, alone]))
    assert float(both - without) == pytest.approx(0.5 * math.log(2))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("exclusive", [True, False])
def test_frames_that_are_certain_have_a_gradient(gamma, exclusive):
    """The derivative of a root is infinite at 0, where nothing of the truth is missed."""
    logits = torch.tensor([[60.0, -60.0], [0.0, 1.0]], requires_grad=True)
    targets = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    FocalLoss(exclusive, gamma)(logits, targets, torch.ones(2, 2, dtype=torch.bool)).backward()
    assert logits.grad[0].tolist() == pytest.approx([0, 0])
    assert logits.grad[1, 0] < 0 < logits.grad[1, 1]


def test_inverse_frequency_by_hand():
    # 8 frames, 2 classes that occur: 8 / (2 * 6) and 8 / (2 * 2).
    assert inverse_frequency(torch.tensor([6, 2, 0])).tolist() == pytest.approx([8 / 12, 2.0, 0.0])


def test_softer_weights_by_hand():
    weights = inverse_frequency(torch.tensor([9, 4, 0]), power=0.5)
    # Proportional to 1 / 3 and 1 / 2; over the 13 frames 9 / 3 + 4 / 2 = 5 must become 13.
    assert weights.tolist() == pytest.approx([13 / 15, 13 / 10, 0.0])
    assert inverse_frequency(torch.zeros(3), power=0.5).tolist() == [0, 0, 0]


def test_adjusted_logits_are_those_of_the_loss_only():
    logits = torch.randn(4, 3)
    targets = torch.nn.functional.one_hot(torch.arange(4) % 3, 3).float()
    seen = torch.ones(4, 3, dtype=torch.bool)
    shift = torch.tensor([0.5, -1.0, 0.0])
    adjusted = FocalLoss(True, gamma=0, adjustment=shift)(logits, targets, seen)
    torch.testing.assert_close(adjusted, FocalLoss(True, gamma=0)(logits + shift, targets, seen))


def test_auxiliary_classes_have_a_loss_of_their_own():
    logits = torch.randn(2, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    targets = torch.tensor([[1.0, 0, 0, 0, 1], [0, 0, 1, 0, 0]])
    seen = torch.ones(2, 5, dtype=torch.bool)
    seen[1, 3:] = False  # the second frame has no auxiliary label
    plain = FocalLoss(True, gamma=0)
    loss = JointLoss(plain, 3, plain, weight=0.5)(logits, targets, seen)
    cross_entropy = torch.nn.functional.cross_entropy
    main = cross_entropy(logits[:, :3], torch.tensor([0, 2]))
    beside = cross_entropy(logits[:1, 3:], torch.tensor([1]))
    torch.testing.assert_close(loss, main + 0.5 * beside)
    loss.backward()
    assert (logits.grad[0, 3:] != 0).all()
    assert (logits.grad[1, 3:] == 0).all()


def test_masked_auxiliary_labels_are_without_effect():
    logits = torch.randn(4, 5, requires_grad=True)
    targets = torch.nn.functional.one_hot(torch.arange(4) % 3, 5).float()
    seen = torch.ones(4, 5, dtype=torch.bool)
    seen[:, 3:] = False
    plain = FocalLoss(True)
    joint = JointLoss(plain, 3, plain)(logits, targets, seen)
    torch.testing.assert_close(joint, plain(logits[:, :3], targets[:, :3], seen[:, :3]))
    joint.backward()
    assert (logits.grad[:, 3:] == 0).all()


def test_the_logit_adjustment_is_the_logarithm_of_how_often_a_class_occurs():
    assert logit_adjustment(
        torch.tensor([6, 3, 1]), torch.tensor([10] * 3)
    ).exp().tolist() == pytest.approx([0.6, 0.3, 0.1])


def test_strength_of_the_logit_adjustment():
    counts = torch.tensor([3, 1]), torch.tensor([4, 4])
    torch.testing.assert_close(logit_adjustment(*counts, tau=2.0), 2 * logit_adjustment(*counts))
    assert not logit_adjustment(*counts, tau=0.0).any()


def test_a_class_that_never_occurs_counts_once():
    adjusted = logit_adjustment(torch.tensor([3, 0]), torch.tensor([4, 4]))
    assert adjusted.exp().tolist() == pytest.approx([0.75, 0.25])


def test_frames_in_which_nobody_looked_do_not_make_a_class_rare():
    """Two labs: 300 of a in 1,000 frames, and 100 of b in 10,000."""
    frames = [(1000, "a", 300), (10_000, "b", 100)]
    counts, looked_for = torch.zeros(3), torch.zeros(3)
    for n, name, shown in frames:
        column = "ab".index(name)
        active, observed = np.zeros((n, 3), bool), np.zeros((n, 3), bool)
        active[:shown, column], active[shown:, 2] = True, True
        observed[:, [column, 2]] = True
        targets = Targets(active, observed)
        counts += torch.from_numpy(targets.counts)
        looked_for += torch.from_numpy(targets.looked_for_counts)
    prior = logit_adjustment(counts, looked_for).exp().tolist()
    assert prior == pytest.approx([0.3, 0.01, (700 + 9900) / 11_000])


def odds(*p):
    """Logits of two classes, the first with these probabilities."""
    first = torch.tensor(p, dtype=torch.float64)
    return torch.stack([first.log(), (1 - first).log()], dim=-1).unsqueeze(0)


def test_labels_that_stay_cost_nothing():
    assert smoothness(odds(0.3, 0.3, 0.3), torch.ones(1, 3, dtype=torch.bool), exclusive=True) == 0


def test_a_jump_costs_the_squared_difference_of_log_probabilities():
    loss = smoothness(odds(0.2, 0.4), torch.ones(1, 2, dtype=torch.bool), exclusive=True)
    expected = (math.log(0.4 / 0.2) ** 2 + math.log(0.6 / 0.8) ** 2) / 2
    assert float(loss) == pytest.approx(expected)


def test_a_large_jump_costs_no_more_than_the_limit():
    logits = torch.tensor([[[50.0, 0.0], [0.0, 50.0]]])
    assert float(smoothness(logits, torch.ones(1, 2, dtype=torch.bool), exclusive=True)) == 16


def test_jumps_of_each_sigmoid_count_in_multi_label():
    logits = torch.tensor([[[0.0], [math.log(3.0)]]])
    loss = smoothness(logits, torch.ones(1, 2, dtype=torch.bool), exclusive=False)
    assert float(loss) == pytest.approx(math.log(0.75 / 0.5) ** 2)


def test_jumps_from_or_to_frames_that_do_not_exist_cost_nothing():
    logits = odds(0.2, 0.4, 0.9)
    mask = torch.tensor([[True, True, False]])
    alone = smoothness(logits[:, :2], mask[:, :2], exclusive=True)
    assert float(smoothness(logits, mask, exclusive=True)) == pytest.approx(float(alone))
    nothing = smoothness(logits, torch.zeros(1, 3, dtype=torch.bool), exclusive=True)
    assert float(nothing) == 0


def test_the_earlier_frame_of_a_jump_is_held_fixed():
    logits = odds(0.2, 0.4).requires_grad_()
    smoothness(logits, torch.ones(1, 2, dtype=torch.bool), exclusive=True).backward()
    assert not logits.grad[0, 0].any()
    assert logits.grad[0, 1].any()
