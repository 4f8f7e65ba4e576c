"""Statistics over windows, against computing each window by itself."""

import pytest
import torch

from nuzzle.features import base, window_stats
from nuzzle.features.registry import FEATURE_SETS, feature_class
from nuzzle.features.relational import Relational
from nuzzle.features.windowed import Windowed, WindowedAll, WindowedSymmetric
from nuzzle.skeleton import Skeleton

RAT3 = Skeleton(("top", "body", "tail"), "top", "tail", ("top", "body", "tail"))
FPS = 4.0
HALVES = (1, 4, 7, 16)


def naive(values, half, statistic):
    """`statistic` of the known values in each window of `(feature, time)`."""
    out = torch.full_like(values, torch.nan)
    for row in range(values.shape[0]):
        for frame in range(values.shape[1]):
            window = values[row, max(0, frame - half) : frame + half + 1]
            known = window[~window.isnan()]
            if len(known):
                out[row, frame] = statistic(known)
    return out


@pytest.fixture
def values():
    generator = torch.Generator().manual_seed(0)
    values = 500 + 3 * torch.randn(4, 60, generator=generator).cumsum(-1)
    values[1, torch.rand(60, generator=generator) < 0.5] = torch.nan
    values[2, 10:50] = torch.nan
    values[3] = torch.nan
    return values


@pytest.mark.parametrize(
    ("fast", "slow"),
    [
        (window_stats.means, torch.mean),
        (window_stats.deviations, lambda known: known.std(correction=0)),
        (window_stats.least, torch.amin),
        (window_stats.largest, torch.amax),
    ],
    ids=["mean", "sd", "min", "max"],
)
@pytest.mark.parametrize("length", [1, 5, 60])
def test_fast_is_naive(values, fast, slow, length):
    values = values[:, :length]
    for half, found in zip(HALVES, fast(values, HALVES), strict=True):
        torch.testing.assert_close(
            found, naive(values, half, slow), rtol=1e-5, atol=1e-4, equal_nan=True
        )


def test_worked_by_hand():
    values = torch.tensor([[1.0, 3.0, torch.nan, 8.0, 2.0]])
    nan = torch.nan
    assert window_stats.means(values, (1,))[0].tolist() == [[2, 2, 5.5, 5, 5]]
    assert window_stats.deviations(values, (1,))[0].tolist() == [[1, 1, 2.5, 3, 3]]
    assert window_stats.least(values, (1,))[0].tolist() == [[1, 1, 3, 2, 2]]
    assert window_stats.largest(values, (1,))[0].tolist() == [[3, 3, 8, 8, 8]]
    alone = window_stats.means(torch.tensor([[nan, nan, nan, 1.0]]), (1,))[0]
    assert alone[0, :2].isnan().all() and alone[0, 2:].tolist() == [1, 1]


def test_running_sums_do_not_drift():
    """A spike long past leaves nothing behind."""
    values = torch.ones(1, 20_000)
    values[0, 10] = 1e7
    for found, expected in ((window_stats.means, 1.0), (window_stats.deviations, 0.0)):
        late = found(values, (8,))[0][0, 100:]
        torch.testing.assert_close(late, torch.full_like(late, expected), rtol=1e-5, atol=0.05)


def wander(n_frames=200, seed=0):
    generator = torch.Generator().manual_seed(seed)
    poses = torch.randn(n_frames, 2, 3, 2, generator=generator).cumsum(0)
    poses[torch.rand(n_frames, 2, 3, generator=generator) < 0.2] = torch.nan
    return poses


@pytest.mark.parametrize("kind", [Windowed, WindowedSymmetric])
def test_columns_are_what_they_are_called(kind):
    features = kind(RAT3, FPS, "bl")
    names = [column.name for column in features.columns]
    values = features(wander())
    assert values.shape == (200, len(names)) and len(set(names)) == len(names)
    assert dict(features.columns)["closing_0.5s_sd_over_3s"] == "bl/s"
    by_name = dict(zip(names, values.T, strict=True))
    distance = by_name["centre_to_centre"][None]
    for name, half, statistic in (
        ("mean_over_30s", 60, torch.mean),
        ("sd_over_1s", 2, lambda known: known.std(correction=0)),
        ("min_over_3s", 6, torch.amin),
        ("max_over_3s", 6, torch.amax),
    ):
        torch.testing.assert_close(
            by_name[f"centre_to_centre_{name}"],
            naive(distance, half, statistic)[0],
            rtol=1e-4,
            atol=1e-4,
        )


def test_the_frame_itself_comes_first():
    poses = wander()
    inner = Relational(RAT3, FPS)(poses)
    torch.testing.assert_close(
        Windowed(RAT3, FPS)(poses)[:, : inner.shape[1]], inner, equal_nan=True
    )


def test_all_columns_have_all_statistics():
    """Single coordinates too, of which the plain set knows no window."""
    features = WindowedAll(RAT3, FPS, "bl")
    inner = [column.name for column in Relational(RAT3, FPS, "bl").columns]
    statistics = [f"{s}_over_{w}s" for s in ("mean", "sd", "min", "max") for w in (1, 3, 10)]
    names = [column.name for column in features.columns]
    assert names == [*inner, *(f"{name}_{which}" for which in statistics for name in inner)]
    by_name = dict(zip(names, features(wander()).T, strict=True))
    for column in ("agent_other_top_forward", "target_speed_2s"):
        for statistic, of in (
            ("mean", torch.mean),
            ("sd", lambda known: known.std(correction=0)),
            ("min", torch.amin),
            ("max", torch.amax),
        ):
            torch.testing.assert_close(
                by_name[f"{column}_{statistic}_over_10s"],
                naive(by_name[column][None], 20, of)[0],
                rtol=1e-4,
                atol=1e-4,
                equal_nan=True,
            )


@pytest.mark.parametrize("name", sorted({*FEATURE_SETS} - {"nodes", "engineered48"}))
def test_shares_are_what_is_missing(name):
    features = feature_class(name)(RAT3, FPS, "bl")
    shares = [column.name for column in features.columns if "missing" in column.name]
    assert len(shares) >= 8 and [features.columns[i].name for i in features.shares] == shares


@pytest.mark.parametrize("name", ["windowed_symmetric", "windowed_all_symmetric"])
def test_windowed_symmetric_forgets_the_order(name):
    features = feature_class(name)(RAT3, FPS, "bl")
    poses = wander()
    assert features.symmetric
    torch.testing.assert_close(features(poses), features(poses.flip(1)), equal_nan=True)


def test_chunks_do_not_change_anything(monkeypatch):
    poses = wander()
    features = WindowedSymmetric(RAT3, FPS)
    whole = features(poses)
    monkeypatch.setattr(base, "_CHUNK_FRAMES", 31)
    torch.testing.assert_close(features(poses), whole, rtol=1e-4, atol=1e-4, equal_nan=True)


def test_nothing_outside_the_support_matters():
    poses = wander().nan_to_num(1.0)
    features = Windowed(RAT3, FPS)
    assert features.support_frames == (4 + 60, 4 + 60)
    frame = 100
    changed = poses.clone()
    changed[: frame - 64] += 5
    changed[frame + 65 :] = torch.nan
    torch.testing.assert_close(features(changed)[frame], features(poses)[frame])
    changed[frame + 64] += 1
    assert not torch.equal(features(changed)[frame], features(poses)[frame])
