import pytest
import torch

from nuzzle.features.normalise import Normaliser


def test_statistics_are_those_of_all_blocks_together():
    blocks = [torch.tensor([[1.0, 5.0], [3.0, 5.0]]), torch.tensor([[5.0, torch.nan]])]
    normaliser = Normaliser.fit(blocks)
    assert normaliser.mean.tolist() == [3.0, 5.0]
    torch.testing.assert_close(normaliser.std[0], torch.tensor((8 / 3) ** 0.5))
    assert normaliser.std[1] == 1.0, "a feature that never changes is not blown up"


def test_missing_becomes_the_training_mean():
    normaliser = Normaliser.fit([torch.tensor([[0.0], [2.0]])])
    assert normaliser(torch.tensor([[torch.nan], [2.0]])).tolist() == [[0.0], [1.0]]


def test_a_feature_that_was_never_there_is_harmless():
    normaliser = Normaliser.fit([torch.full((4, 1), torch.nan)])
    assert normaliser(torch.full((2, 1), torch.nan)).tolist() == [[0.0], [0.0]]


def test_what_is_hardly_ever_missing_does_not_become_huge_where_it_is():
    """One frame in 10,000: 100 standard deviations; often missing: as any other feature."""
    often = torch.tile(torch.tensor([0.0, 1.0]), (5000,))
    rarely = torch.zeros(10_000)
    rarely[0] = 1.0
    block = torch.stack([rarely, rarely, often, torch.zeros(10_000)], dim=1)
    normaliser = Normaliser.fit([block], shares=(1, 2, 3))
    (there,) = normaliser(torch.ones(1, 4)).tolist()
    assert there == pytest.approx([100, 10, 1, 1], rel=1e-3)


def test_it_survives_plain_values():
    normaliser = Normaliser.fit([torch.tensor([[1.0, torch.nan], [2.5, torch.nan]])])
    again = Normaliser.from_dict(normaliser.to_dict())
    for name, tensor in vars(normaliser).items():
        torch.testing.assert_close(getattr(again, name), tensor)


def test_older_bundles_hold_ranges_that_are_passed_over():
    older = {"mean": [1.0, 0.0], "std": [2.0, 1.0], "low": [0.0, None], "high": [3.0, None]}
    assert Normaliser.from_dict(older).to_dict() == {"mean": [1.0, 0.0], "std": [2.0, 1.0]}


def test_long_recordings_are_summed_in_parts(monkeypatch):
    block = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    block[::7, 1] = torch.nan
    whole = Normaliser.fit([block])
    monkeypatch.setattr("nuzzle.features.normalise._PART_FRAMES", 8)
    for name, tensor in vars(Normaliser.fit([block])).items():
        torch.testing.assert_close(tensor, getattr(whole, name))


def test_features_stay_as_they_were():
    features = torch.tensor([[1.0], [torch.nan], [3.0]])
    given = features.clone()
    Normaliser.fit([features])(features)
    torch.testing.assert_close(features, given, equal_nan=True)
