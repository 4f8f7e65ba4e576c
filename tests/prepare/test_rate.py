from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from nuzzle.errors import ConfigError, InputError
from nuzzle.labels import Labels, Pair
from nuzzle.prepare.rate import FrameMap, Resample
from nuzzle.recording import Recording

NAN = np.nan
Build = Callable[..., Recording]
Read = Callable[[Recording], list[float]]


def test_uniform_motion_is_resampled_exactly(recording_of: Build, x_of: Read) -> None:
    halved = Resample(15.0)(recording_of(np.arange(10)))
    assert x_of(halved) == [0, 2, 4, 6, 8] and halved.fps == 15
    doubled = Resample(60.0)(recording_of([0, 1, 2]))
    # The last new frame lies past the last old one and keeps its place.
    np.testing.assert_allclose(x_of(doubled), [0, 0.5, 1, 1.5, 2, 2])


def test_rates_without_a_common_divisor(recording_of: Build, x_of: Read) -> None:
    moved = Resample(25.0)(recording_of(np.arange(300) / 30.0))
    assert moved.n_frames == 250
    np.testing.assert_allclose(x_of(moved)[:249], np.arange(249) / 25, atol=1e-6)


def test_nothing_is_invented_across_a_gap(recording_of: Build, x_of: Read) -> None:
    doubled = Resample(60.0)(recording_of([0, 1, NAN, 3]))
    np.testing.assert_allclose(x_of(doubled), [0, 0.5, 1, NAN, NAN, NAN, 3, 3])
    # A new frame on an old one needs no neighbour.
    np.testing.assert_allclose(x_of(Resample(15.0)(recording_of([0, NAN, 2, NAN]))), [0, 2])


def test_confidence_is_read_on_the_line_as_well(recording_of: Build) -> None:
    sure = np.array([0.2, 0.6, NAN, 0.4])[:, None, None]
    doubled = Resample(60.0)(recording_of([0, 1, 2, 3], confidence=sure))
    expected = [0.2, 0.4, 0.6, NAN, NAN, NAN, 0.4, 0.4]
    np.testing.assert_allclose(doubled.confidence[:, 0, 0], expected, rtol=1e-6)


def test_a_slip_in_the_frame_rate_is_refused(recording_of: Build) -> None:
    with pytest.raises(
        InputError, match=r"has 0.01 frames per second, and is to be resampled to 30"
    ):
        Resample(30.0)(replace(recording_of(np.arange(10)), fps=0.01))


def test_nearest() -> None:
    # New frames lie at old frames 0, 1.5, 3, 4.5; halves go to the even one.
    assert FrameMap(6, 30.0, 20.0).old_of_new.tolist() == [0, 2, 3, 4]


@pytest.mark.parametrize(("old", "new"), [(30, 60), (25, 30), (29.97, 30), (10, 120), (30, 30)])
def test_the_way_back_is_exact_where_the_rate_is_not_lower(old: float, new: float) -> None:
    frames = FrameMap(1000, old, new)
    np.testing.assert_array_equal(frames.old_of_new[frames.new_of_old], np.arange(1000))


@pytest.mark.parametrize(("old", "new"), [(30, 10), (30, 25), (120, 30), (30, 60), (30, 29.97)])
def test_the_way_back_is_off_by_less_than_a_new_frame(old: float, new: float) -> None:
    frames = FrameMap(997, old, new)
    there_and_back = frames.old_of_new[frames.new_of_old]
    assert np.abs(there_and_back - np.arange(997)).max() <= np.ceil(old / new)
    assert (np.diff(frames.old_of_new) >= 0).all() and frames.n_new == len(frames.old_of_new)
    assert (np.diff(frames.new_of_old) >= 0).all() and len(frames.new_of_old) == 997


def test_what_is_said_comes_back_on_the_line_between_new_frames() -> None:
    said = np.float32([[0, np.nan], [1, np.nan], [0.5, np.nan]])
    back = FrameMap(6, 20.0, 10.0).to_old(said)
    np.testing.assert_allclose(back[:, 0], [0, 0.5, 1, 0.75, 0.5, 0.5])
    assert np.isnan(back[:, 1]).all()
    # At a higher rate every old frame is a new one.
    np.testing.assert_allclose(FrameMap(3, 10.0, 20.0).to_old(np.float32(range(6))), [0, 2, 4])


@pytest.mark.parametrize(("old", "new"), [(20, 10), (40, 10), (25, 10), (30, 25), (29.97, 10)])
def test_the_way_there_and_back_moves_nothing(old: float, new: float) -> None:
    frames = FrameMap(3000, old, new)
    time = np.arange(3000) / old
    ramp = frames.to_old(np.float32(frames.to_new(np.float32(time))))
    np.testing.assert_allclose(ramp[:-10], time[:-10], atol=1e-4)
    # The nearest old frames lie as often before a new one as after it.
    assert abs(np.mean(frames.old_of_new / old - np.arange(frames.n_new) / new)) < 0.02 / old


@pytest.mark.parametrize(("old", "new"), [(30, 10), (30, 25), (30, 60), (25, 30)])
def test_intervals_are_the_frames_they_stand_for(old: float, new: float) -> None:
    frames = FrameMap(200, old, new)
    rng = np.random.default_rng(3)
    for start, stop in np.sort(rng.integers(0, 201, size=(30, 2)), axis=1):
        mask = np.zeros(200, bool)
        mask[start:stop] = True
        moved = np.zeros(frames.n_new, bool)
        moved[slice(*frames.intervals(np.array([start, stop])))] = True
        np.testing.assert_array_equal(moved, mask[frames.old_of_new])


def labels(*bouts: tuple[int, int], exclusive: bool = False, n_frames: int = 30) -> Labels:
    pair = {"agent": "mouse1", "target": "mouse2", "behaviour": "bite"}
    return Labels(
        [{**pair, "start_frame": start, "stop_frame": stop} for start, stop in bouts],
        [{**pair, "start_frame": 6, "stop_frame": n_frames}],
        n_frames,
        exclusive=exclusive,
    )


def test_labels_go_along(recording_of: Build) -> None:
    given = recording_of(np.arange(30), individuals=2, labels=labels((9, 18), (22, 23)))
    moved = Resample(10.0)(given)
    assert moved.labels is not None and moved.labels.n_frames == moved.n_frames == 10
    # New frame j is old frame 3 j: 9, 12, 15 are inside; the bout at 22 lies between 21 and 24.
    assert moved.labels.bouts[["start_frame", "stop_frame"]].to_numpy().tolist() == [[3, 6], [8, 9]]
    seen = moved.labels.frames(Pair("mouse1", "mouse2")).observed[:, 0]
    assert seen.tolist() == [False] * 2 + [True] * 8


def test_auxiliary_labels_go_along(recording_of: Build) -> None:
    given = recording_of(np.arange(30), individuals=2, auxiliary=labels((9, 18)))
    moved = Resample(10.0)(given)
    assert moved.labels is None and moved.auxiliary is not None
    assert moved.auxiliary.bouts[["start_frame", "stop_frame"]].to_numpy().tolist() == [[3, 6]]


def test_exclusive_bouts_that_vanish_are_left_out_with_a_note(recording_of: Build) -> None:
    given = recording_of(
        np.arange(30), individuals=2, labels=labels((9, 18), (22, 23), exclusive=True)
    )
    moved = Resample(10.0)(given).labels
    assert moved is not None and len(moved.bouts) == 1
    assert moved.notes == ("left out: 1 bout shorter than a frame at 10 fps",)


def test_same_rate_is_the_same_recording(recording_of: Build) -> None:
    given = recording_of([0, 1])
    assert Resample(30.0)(given) is given


def test_unknown_rate_and_impossible_values(recording_of: Build) -> None:
    with pytest.raises(InputError, match="frame rate is unknown"):
        Resample(30.0)(recording_of([0, 1], fps=None))
    with pytest.raises(ConfigError, match="fps"):
        Resample(0.0)
