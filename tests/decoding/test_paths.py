import itertools

import numpy as np
import pytest

from nuzzle.decoding import paths
from nuzzle.decoding.paths import best_paths


def best_path(score, cost):
    """The best path of one sequence."""
    return best_paths([score], cost)[0]


def worth(path, score, cost):
    frames = score[np.arange(len(path)), path].sum()
    return frames - sum(cost[b] for a, b in itertools.pairwise(path) if a != b)


def random_problem(seed, n_frames, n):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_frames, n)), 2 * rng.random(n)


@pytest.mark.parametrize(("n_frames", "n"), [(1, 3), (2, 2), (7, 3), (8, 2), (5, 4)])
def test_no_path_of_all_is_better(n_frames, n):
    for seed in range(10):
        score, cost = random_problem(seed, n_frames, n)
        found = best_path(score, cost)
        paths = itertools.product(range(n), repeat=n_frames)
        best = max(worth(np.array(path), score, cost) for path in paths)
        assert worth(found, score, cost) == pytest.approx(best)


def test_a_switch_is_paid_for_or_not_made():
    cost = np.array([1.0, 1.0])
    said = np.stack([np.zeros(9), np.full(9, -1.0)], axis=1)
    said[3:6, 1] = 0.6  # 1.8 for 2: not worth it
    assert best_path(said, cost).tolist() == [0] * 9
    said[3:6, 1] = 0.9  # 2.7 for 2
    assert best_path(said, cost).tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0]


def test_without_costs_each_frame_decides():
    score, _ = random_problem(0, 500, 5)
    assert (best_path(score, np.zeros(5)) == score.argmax(axis=1)).all()


def test_sequences_together_are_as_one_by_one():
    _, cost = random_problem(0, 1, 3)
    scores = [random_problem(seed, length, 3)[0] for seed, length in enumerate([5, 400, 0, 1, 90])]
    together = best_paths(scores, cost)
    assert [len(path) for path in together] == [5, 400, 0, 1, 90]
    for score, path in zip(scores, together, strict=True):
        assert (path == best_path(score, cost)).all()


@pytest.mark.parametrize("frames", [1, 100, 1000])
def test_in_batches_as_all_at_once(frames, monkeypatch):
    _, cost = random_problem(0, 1, 3)
    lengths = [5, 400, 0, 1, 90, 0]
    scores = [random_problem(seed, length, 3)[0] for seed, length in enumerate(lengths)]
    expected = best_paths(scores, cost)
    monkeypatch.setattr(paths, "_MOST_BYTES", 9 * frames)
    for path, same in zip(best_paths(scores, cost), expected, strict=True):
        assert path.tolist() == same.tolist()
    assert best_paths([], cost) == []


def test_no_frames():
    assert best_path(np.zeros((0, 2)), np.zeros(2)).shape == (0,)
