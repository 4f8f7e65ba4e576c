import numpy as np
import pytest

from nuzzle.decoding.proposals import best_overlap, propose, traits

FPS = 10.0


def odds(p):
    return np.log(p / (1 - p))


def test_a_plateau_is_proposed_at_its_edges_and_averages_join_what_is_near():
    said = np.full(100, 0.05)
    said[20:30] = said[33:43] = 0.9
    found = {tuple(each) for each in propose(said, FPS).tolist()}
    assert {(20, 30), (33, 43)} <= found
    # An average over half a second hardly falls in a gap of .3 s.
    assert any(abs(start - 20) <= 3 and abs(stop - 43) <= 3 for start, stop in found)


def test_nothing_is_proposed_where_nothing_is_said():
    assert propose(np.full(50, 0.01), FPS).shape == (0, 2)
    assert propose(np.full(50, np.nan), FPS).shape == (0, 2)


def test_levels_nest():
    """A rise in steps is proposed once for every step."""
    said = np.repeat([0.02, 0.32, 0.57, 0.9, 0.57, 0.32, 0.02], 20)
    found = {tuple(each) for each in propose(said, FPS).tolist()}
    assert {(20, 120), (40, 100), (60, 80)} <= found


def test_overlap_is_the_best_of_all_bouts():
    stretches = np.array([[0, 10], [12, 20], [50, 60]])
    bouts = np.array([[0, 5], [4, 20]])
    # 5 of 10, 6 of 20; 8 of 16; none.
    assert best_overlap(stretches, bouts) == pytest.approx([0.5, 0.5, 0.0])
    assert best_overlap(stretches, np.empty((0, 2), dtype=int)) == pytest.approx([0, 0, 0])


def test_overlaps_are_those_of_every_stretch_with_every_bout():
    rng = np.random.default_rng(0)
    edges = np.sort(rng.choice(400, 60, replace=False)).reshape(-1, 2)
    start = rng.integers(0, 395, 500)
    stretches = np.stack([start, start + rng.integers(1, 120, 500)], axis=1)
    expected = []
    for one in stretches:
        frames = set(range(*one))
        bouts = [set(range(*bout)) for bout in edges]
        expected.append(max(len(frames & bout) / len(frames | bout) for bout in bouts))
    assert best_overlap(stretches, edges) == pytest.approx(expected)


def test_traits_by_hand():
    """Eight frames at .9 with .2 before and .4 after, in a recording that ends soon after."""
    said = np.array([0.2] * 20 + [0.6] * 2 + [0.9] * 4 + [0.7] * 2 + [0.4] * 3)
    (row,) = traits(said, np.array([[20, 28]]), FPS)
    mean = (2 * 0.6 + 4 * 0.9 + 2 * 0.7) / 8
    expected = odds(np.array([mean, 0.6, 0.7, 0.2, 0.4, 0.2, 0.4]))
    duration = np.log(0.8)
    assert row[:7] == pytest.approx(expected)
    assert row[7:10] == pytest.approx([duration, duration**2, duration**3])
    assert row[10:] == pytest.approx(expected * duration)


def test_beyond_an_end_of_the_recording_the_other_side_stands_for_what_is_not_known():
    said = np.array([0.9] * 10 + [0.2] * 20)
    (first,) = traits(said, np.array([[0, 10]]), FPS)
    assert first[:7] == pytest.approx(odds(np.array([0.9, 0.9, 0.9, 0.2, 0.2, 0.2, 0.2])))
    (last,) = traits(said[::-1], np.array([[20, 30]]), FPS)
    assert last == pytest.approx(first)
    (unknown,) = traits(np.r_[np.full(10, np.nan), said], np.array([[10, 20]]), FPS)
    assert unknown == pytest.approx(first)


def test_only_what_is_known_counts_and_0_where_nothing_is():
    said = np.array([0.1] * 5 + [0.8, np.nan, 0.8, np.nan] * 5 + [0.1] * 5)
    (row,) = traits(said, np.array([[5, 25]]), FPS)
    assert row[:3] == pytest.approx(odds(0.8))
    (everything,) = traits(np.full(10, 0.9), np.array([[0, 10]]), FPS)
    assert everything[3:7] == pytest.approx(odds(0.001))
