import itertools

import numpy as np
import pytest

from nuzzle.decoding.paths import best_path_with_durations, best_paths
from nuzzle.errors import InputError


def best_path(score, cost):
    """The best path of one sequence."""
    return best_paths([score], cost)[0]


def worth(path, score, cost):
    frames = score[np.arange(len(path)), path].sum()
    return frames - sum(cost[a, b] for a, b in itertools.pairwise(path))


def long_enough(path, min_frames):
    """Whether every bout that touches neither end has its minimum."""
    runs = [(state, len(list(frames))) for state, frames in itertools.groupby(path)]
    return all(length >= min_frames[state] for state, length in runs[1:-1])


def random_problem(seed, n_frames, n, *, same_cost=False):
    rng = np.random.default_rng(seed)
    score = rng.normal(size=(n_frames, n))
    cost = np.tile(rng.random(n), (n, 1)) if same_cost else rng.random((n, n))
    return score, 2 * cost * (1 - np.eye(n))


@pytest.mark.parametrize("same_cost", [True, False])
@pytest.mark.parametrize(("n_frames", "n"), [(1, 3), (2, 2), (7, 3), (8, 2), (5, 4)])
def test_no_path_of_all_is_better(n_frames, n, same_cost):
    for seed in range(10):
        score, cost = random_problem(seed, n_frames, n, same_cost=same_cost)
        found = best_path(score, cost)
        paths = itertools.product(range(n), repeat=n_frames)
        best = max(worth(np.array(path), score, cost) for path in paths)
        assert worth(found, score, cost) == pytest.approx(best)


@pytest.mark.parametrize("min_frames", [(1, 1, 1), (2, 3, 1), (3, 3, 3), (9, 1, 2)])
def test_no_path_with_minimum_durations_is_better(min_frames):
    for seed in range(6):
        score, cost = random_problem(seed, 8, 3)
        found = best_path_with_durations(score, cost, min_frames)
        paths = (
            np.array(path)
            for path in itertools.product(range(3), repeat=8)
            if long_enough(path, min_frames)
        )
        best = max(worth(path, score, cost) for path in paths)
        assert long_enough(found, min_frames)
        assert worth(found, score, cost) == pytest.approx(best)


def test_the_two_agree_where_every_duration_is_allowed():
    score, cost = random_problem(0, 3000, 4)
    assert (best_path(score, cost) == best_path_with_durations(score, cost, [1] * 4)).all()


def test_a_switch_is_paid_for_or_not_made():
    cost = np.array([[0.0, 1.0], [1.0, 0.0]])
    said = np.stack([np.zeros(9), np.full(9, -1.0)], axis=1)
    said[3:6, 1] = 0.6  # 1.8 for 2: not worth it
    assert best_path(said, cost).tolist() == [0] * 9
    said[3:6, 1] = 0.9  # 2.7 for 2
    assert best_path(said, cost).tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0]


def test_without_costs_each_frame_decides():
    score, _ = random_problem(0, 500, 5)
    assert (best_path(score, np.zeros((5, 5))) == score.argmax(axis=1)).all()


def test_sequences_together_are_as_one_by_one():
    _, cost = random_problem(0, 1, 3)
    scores = [random_problem(seed, length, 3)[0] for seed, length in enumerate([5, 400, 0, 1, 90])]
    together = best_paths(scores, cost)
    assert [len(path) for path in together] == [5, 400, 0, 1, 90]
    for score, path in zip(scores, together, strict=True):
        assert (path == best_path(score, cost)).all()


def test_forbidden_switches_are_never_made():
    score, cost = random_problem(0, 400, 3)
    cost[0, 2] = np.inf
    found = best_path(score, cost)
    assert (0, 2) not in set(itertools.pairwise(found.tolist()))
    assert set(found) == {0, 1, 2}


def test_no_frames():
    assert best_path(np.zeros((0, 2)), np.zeros((2, 2))).shape == (0,)
    assert best_path_with_durations(np.zeros((0, 2)), np.zeros((2, 2)), [2, 2]).shape == (0,)


@pytest.mark.parametrize("cost", [np.ones((2, 2)), -(1 - np.eye(2)), np.zeros((2, 3))])
def test_impossible_costs_are_refused(cost):
    with pytest.raises(InputError, match="0 on the diagonal"):
        best_path(np.zeros((3, 2)), cost)
