"""Relations relative to the rest of the recording."""

import pytest
import torch

from nuzzle.features import base
from nuzzle.features.base import WHOLE_RECORDING
from nuzzle.features.relative import WindowedRelative, WindowedRelativeSymmetric, relative
from nuzzle.features.windowed import Windowed
from nuzzle.skeleton import Skeleton

RAT3 = Skeleton(("top", "body", "tail"), "top", "tail", ("top", "body", "tail"))
FPS = 4.0


@pytest.fixture
def poses():
    generator = torch.Generator().manual_seed(3)
    steps = torch.randn(200, 2, 3, 2, generator=generator)
    poses = steps.cumsum(0) + 10 * torch.randn(2, 3, 2, generator=generator)
    poses[torch.rand(200, 2, 3, generator=generator) < 0.1] = torch.nan
    return poses


def test_the_median_is_zero_and_the_middle_eighty_percent_one():
    """0, 1, ..., 100 in any order: median 50, a tenth below 10 and above 90."""
    values = torch.arange(101.0)[torch.randperm(101, generator=torch.Generator().manual_seed(0))]
    torch.testing.assert_close(relative(values[None])[0], (values - 50) / 80)


def test_missing_values_stay_missing_and_do_not_count():
    values = torch.full((2, 202), torch.nan)
    values[0, ::2] = torch.arange(101.0)
    found = relative(values)
    torch.testing.assert_close(found[0, ::2], (torch.arange(101.0) - 50) / 80)
    assert found[0, 1::2].isnan().all()
    assert found[1].isnan().all()


def test_a_value_that_hardly_changes_keeps_its_unit():
    values = torch.zeros(1, 50)
    values[0, 7] = 3.0
    assert relative(values)[0, [6, 7]].tolist() == [0.0, 3.0]


def test_columns_are_those_of_windowed_and_each_relation(poses):
    features = WindowedRelative(RAT3, FPS, "bl")
    plain = Windowed(RAT3, FPS, "bl")
    values, inner = features(poses), len(plain.inner.columns)
    assert values.shape == (200, len(features.columns))
    assert features.columns[: len(plain.columns)] == plain.columns
    assert [column.name for column in features.columns[-inner:]] == [
        f"{column.name}_relative" for column in plain.inner.columns
    ]
    torch.testing.assert_close(values[:, : len(plain.columns)], plain(poses), equal_nan=True)
    torch.testing.assert_close(values[:, -inner:], relative(values[:, :inner].T).T, equal_nan=True)


def test_larger_animals_are_the_same_in_proportion(poses):
    """All of a recording's distances twice as long, and all of its speeds."""
    features = WindowedRelative(RAT3, FPS, "px")
    inner = len(features.windowed.inner.columns)
    small, large = features(poses)[:, -inner:], features(2 * poses)[:, -inner:]
    torch.testing.assert_close(large, small, rtol=1e-3, atol=1e-3, equal_nan=True)


def test_chunks_do_not_change_anything(poses, monkeypatch):
    features = WindowedRelative(RAT3, FPS)
    whole = torch.cat(features.blocks(poses.movedim(0, -1).contiguous()), dim=-2).T
    monkeypatch.setattr(base, "_CHUNK_FRAMES", 31)
    torch.testing.assert_close(features(poses), whole, rtol=1e-4, atol=1e-4, equal_nan=True)


def test_it_says_that_it_needs_the_whole_recording():
    assert WindowedRelative(RAT3, FPS).support_frames == WHOLE_RECORDING


def test_the_symmetric_set_forgets_the_order(poses):
    features = WindowedRelativeSymmetric(RAT3, FPS, "bl")
    assert features.symmetric
    torch.testing.assert_close(features(poses), features(poses.flip(1)), equal_nan=True)
