import numpy as np
import pytest
import torch

from nuzzle.config import AugmentationConfig
from nuzzle.training.augmentation import mixup, noise_and_scale, one_run


def test_scale_is_one_factor_a_window():
    config = AugmentationConfig(noise_std=0, scale=(0.95, 1.05))
    x = torch.ones(200, 10, 3)
    out = noise_and_scale(x, config, np.random.default_rng(0))
    assert (out == out[:, :1, :1]).all()
    assert out.min() >= 0.95
    assert out.max() <= 1.05
    assert out[:, 0, 0].std() > 0.02


def test_noise_has_the_stated_deviation():
    config = AugmentationConfig(noise_std=0.02, scale=None)
    out = noise_and_scale(torch.zeros(100, 60, 48), config, np.random.default_rng(0))
    assert float(out.std()) == pytest.approx(0.02, rel=0.01)
    assert float(out.mean()) == pytest.approx(0, abs=1e-4)


def test_off_is_off():
    x = torch.randn(5, 6, 7)
    config = AugmentationConfig(noise_std=0, scale=None)
    assert noise_and_scale(x, config, np.random.default_rng(0)) is x


def test_mixup_blends_each_sample_with_one_other():
    x = torch.arange(8.0).reshape(8, 1, 1)
    mixed = mixup(x, 0.2, np.random.default_rng(3))
    assert sorted(mixed.order.tolist()) == list(range(8))
    torch.testing.assert_close(mixed.x, mixed.share * x + (1 - mixed.share) * x[mixed.order])


def test_same_seed_same_numbers():
    x = torch.randn(5, 6, 7)
    config = AugmentationConfig()
    one = noise_and_scale(x, config, np.random.default_rng(7))
    torch.testing.assert_close(one, noise_and_scale(x, config, np.random.default_rng(7)))


def test_a_blend_of_an_end_and_a_start_is_one_run():
    inside = torch.tensor([[True, True, False, False, True, False], [False] * 6])
    assert one_run(inside).tolist() == [[True, True, True, True, True, False], [False] * 6]
