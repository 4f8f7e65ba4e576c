import itertools

import numpy as np
import pytest

from nuzzle.decoding.whole_bouts import Odds, WholeBouts, Worth, best_schedule
from nuzzle.errors import InputError

FPS = 10.0
N_TRAITS = 17


def two(p):
    """A behaviour and the background."""
    return np.stack([p, 1 - p], axis=1)


def chooser(bout=0.0, bout_f1=0.0, frame=0.0, frame_f1=0.0, columns=(0,)):
    """Knows nothing of stretches: each matches, and a frame is inside, with a chance of a half."""
    indifferent = Odds((0.0,) * N_TRAITS, dict.fromkeys(columns, 0.0))
    worth = Worth(bout, bout_f1, frame, frame_f1)
    return WholeBouts(indifferent, indifferent, dict.fromkeys(columns, worth))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_could_not_be_stored_is_refused(wrong):
    with pytest.raises(InputError, match=rf"odds of a bout are finite numbers; got \[{wrong}\]"):
        Odds((0.1,), {0: wrong})
    with pytest.raises(InputError, match=rf"got \[{wrong}\]"):
        Odds((0.1, wrong), {0: 1.0})
    with pytest.raises(InputError, match=rf"worth are finite numbers; got \[{wrong}\]"):
        Worth(1.0, wrong, 1.0, 0.5)


def test_the_best_schedule_is_that_of_trying_all():
    rng = np.random.default_rng(0)
    for _ in range(20):
        start = rng.integers(0, 12, 8)
        stop = start + rng.integers(1, 6, 8)
        worth = rng.normal(size=8)
        chosen = best_schedule(start, stop, worth)
        possible = [
            some
            for size in range(9)
            for some in itertools.combinations(range(8), size)
            if all(
                stop[a] <= start[b] or stop[b] <= start[a]
                for a, b in itertools.combinations(some, 2)
            )
        ]
        most = max(sum(worth[list(some)]) for some in possible)
        assert sum(worth[chosen]) == pytest.approx(most)
        assert tuple(sorted(chosen)) in possible


def test_where_only_frames_count_it_is_a_threshold():
    """A frame pays from half of the F1 on, by what is said of it and the half that it is inside."""
    p = np.repeat([0.05, 0.35, 0.05, 0.55, 0.05, 0.8, 0.05], 30)
    for f1, passed in ((1.0, p > 0.5), (0.8, p > 0.3)):
        said = chooser(frame=1.0, frame_f1=f1)(two(p), FPS, background=1)
        assert (said[:, 0] == passed).all()
        assert (said[:, 1] == ~passed).all()


def test_where_only_bouts_count_a_match_pays_from_half_of_f1_on():
    p = np.repeat([0.05, 0.9, 0.05], 30)
    assert not chooser(bout=1.0, bout_f1=1.01)(two(p), FPS, background=1)[:, 0].any()
    assert chooser(bout=1.0, bout_f1=0.99)(two(p), FPS, background=1)[:, 0].any()


def test_bouts_of_exclusive_behaviours_never_overlap_and_others_may():
    rise = np.repeat([0.02, 0.45, 0.02], 20)
    p = np.stack([rise, rise, 1 - 2 * rise], axis=1)
    which = chooser(frame=1.0, frame_f1=0.6, columns=(0, 1))
    assert (which(p, FPS, background=2).sum(axis=1) == 1).all()
    at_once = which(p[:, :2], FPS, background=None)
    assert at_once[20:40].all()
    assert at_once.sum() == 40


def test_frames_without_a_probability_have_no_class():
    p = np.repeat([0.05, 0.9, 0.05], 30)
    p[40:45] = np.nan
    said = chooser(frame=1.0, frame_f1=0.8)(two(p), FPS, background=1)
    assert said.any(axis=1).tolist() == np.isfinite(p).tolist()


def test_what_was_not_looked_for_is_not_chosen():
    p = two(np.repeat([0.05, 0.9, 0.05], 30))
    p[:, 0] = np.nan
    said = chooser(frame=1.0, frame_f1=0.8)(p, FPS, background=1)
    assert said.tolist() == [[False, True]] * 90


def test_a_fast_recording_is_decided_in_steps_and_its_last_frames_as_the_last_step():
    p = np.repeat([0.05, 0.9], [60, 61])
    said = chooser(frame=1.0, frame_f1=0.8)(two(p), 30.0, background=1)
    assert said[:, 0].tolist() == [False] * 60 + [True] * 61
    assert chooser()(two(np.array([0.2])), 30.0, background=1).tolist() == [[False, True]]


def test_coefficients_and_intercept_say_how_probably_it_is_a_bout():
    """Log odds are those of the mean inside, less one: above 0 from .73 on."""
    p = np.repeat([0.05, 0.4, 0.05, 0.9, 0.05], 30)
    sure = Odds((1.0, *[0.0] * (N_TRAITS - 1)), {0: -1.0})
    whole = WholeBouts(sure, sure, {0: Worth(1.0, 1.0, 0.0, 0.0)})
    said = whole(two(p), FPS, background=1)[:, 0]
    assert said[90:120].any()
    assert not said[:85].any()


def test_frames_count_as_what_is_said_and_as_those_of_stretches_like_theirs():
    """.4 is said; with an inside of .73 the mean is .57, with one of .27 it is .33."""
    p = np.repeat([0.02, 0.4, 0.02], 30)
    knows_nothing = Odds((0.0,) * N_TRAITS, {0: 0.0})
    for intercept, chosen in ((1.0, True), (-1.0, False)):
        inside = Odds((0.0,) * N_TRAITS, {0: intercept})
        whole = WholeBouts(knows_nothing, inside, {0: Worth(0.0, 0.0, 1.0, 1.0)})
        assert whole(two(p), FPS, background=1)[:, 0].any() == chosen
