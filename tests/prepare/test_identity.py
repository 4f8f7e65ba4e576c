from dataclasses import replace

import numpy as np
import pytest

from nuzzle.errors import InputError
from nuzzle.prepare.identity import RepairIdentity, _body_size, assignment, summary, swaps_of
from nuzzle.recording import Recording
from nuzzle.simulate import recordings as simulated
from nuzzle.simulate.difficulty import DIFFICULTIES

BODY = np.array([[0.0, 0.0], [2.0, 1.0], [5.0, 0.0]])


def walking(animals=2, n_frames=200, apart=30.0, sizes=None):
    """Animals that walk to the right beside each other, 1 px a frame."""
    frames = np.arange(n_frames)
    position = np.zeros((n_frames, 2, len(BODY), animals), dtype=np.float32)
    for animal in range(animals):
        size = 1.0 if sizes is None else sizes[animal]
        position[..., animal] = (size * BODY.T)[None]
        position[:, 0, :, animal] += frames[:, None]
        position[:, 1, :, animal] += apart * animal
    confidence = np.tile(np.arange(animals) / 10, (n_frames, len(BODY), 1))
    return Recording.from_arrays(
        "walk",
        position,
        keypoints=["nose", "ear", "tail_base"],
        individuals=[f"m{n}" for n in range(animals)],
        confidence=confidence,
        fps=30.0,
    )


def exchanged(recording, start, stop, order):
    position = recording.position.copy()
    confidence = recording.confidence.copy()
    position[start:stop] = position[start:stop][..., order]
    confidence[start:stop] = confidence[start:stop][..., order]
    return recording.with_position(position, "exchanged", confidence=confidence)


@pytest.mark.parametrize(("start", "stop"), [(50, 60), (50, 51), (150, 200), (0, 30)])
def test_a_swap_is_mended_points_and_confidences(start, stop):
    truth = walking()
    mended = RepairIdentity()(exchanged(truth, start, stop, [1, 0]))
    np.testing.assert_array_equal(mended.position, truth.position)
    np.testing.assert_array_equal(mended.confidence, truth.confidence)
    where = f"{start}-{stop - 1}" if stop > start + 1 else f"{start}"
    assert mended.history[-1] == f"mended 1 identity swap, {stop - start} frames (frames {where})"


@pytest.mark.parametrize(("apart", "swaps"), [(3.34, [(50, 60)]), (1.58, [])])
def test_an_exchange_needs_more_than_3_nats(apart, swaps):
    """Twice two points jump, which costs 4 log(1 + 3.34²) = 10, or 4 log(1 + 1.58²) = 5 in steps.

    To exchange the tracks and exchange them back costs 2 * 3, and 1/3 for 10 frames.
    """
    position = exchanged(walking(apart=apart), 50, 60, [1, 0]).position.copy()
    position[:, :, 1:] = np.nan
    noses = walking().with_position(position, "the noses alone")
    assert swaps_of(assignment(noses)) == swaps


def test_most_frames_keep_their_name():
    given = exchanged(walking(), 20, 200, [1, 0])
    assert swaps_of(assignment(given)) == [(0, 20)]


def test_three_animals_that_change_places_in_a_ring():
    truth = walking(3)
    given = exchanged(exchanged(truth, 40, 60, [1, 2, 0]), 60, 75, [0, 2, 1])
    mended = RepairIdentity()(given)
    np.testing.assert_array_equal(mended.position, truth.position)
    assert swaps_of(assignment(given)) == [(40, 60), (60, 75)]


def with_tip(recording, tip):
    """One keypoint more, `(time, 2, individual)`."""
    position = np.concatenate([recording.position, tip[:, :, None]], axis=2)
    return Recording.from_arrays(
        "tip",
        position,
        keypoints=[*recording.keypoints, "tip"],
        individuals=list(recording.individuals),
        fps=recording.fps,
    )


@pytest.mark.parametrize("seen", ["never", "never with the ear"])
def test_bodies_that_are_never_complete_have_a_size(seen):
    """So that animals which mostly rest, in whole pixels, have a step to compare exchanges with."""
    walk = walking()
    resting = walk.position.copy()
    resting[:150] = resting[:1]
    truth = walk.with_position(np.rint(resting), "resting")
    tip = np.rint(resting[:, :, 2] + 3.0)
    if seen == "never":
        tip[:] = np.nan
        whole = with_tip(truth, tip)
    else:
        tip[::2] = np.nan
        whole = with_tip(truth, tip)
        position = whole.position.copy()
        position[1::2, :, 1] = np.nan
        whole = whole.with_position(position, "one or the other")
    assert not swaps_of(assignment(whole))
    assert swaps_of(assignment(exchanged(truth, 50, 60, [1, 0]))) == [(50, 60)]
    swapped = whole.position.copy()
    swapped[50:60] = swapped[50:60][..., [1, 0]]
    assert swaps_of(assignment(whole.with_position(swapped, "swapped"))) == [(50, 60)]


def test_lone_points_are_no_body():
    """Two points are 4 px apart in one frame; in three others there is one point alone."""
    points = np.full((1, 3, 2, 4), np.nan)
    points[0, 0, :, 0], points[0, 1, :, 0] = (0, 0), (4, 0)
    points[0, 2, :, 1:] = 9.0
    assert _body_size(points) == 2.0
    assert _body_size(points[..., 1:]) == 0.0


def test_a_double_detection_is_no_swap():
    recording = walking()
    position = recording.position.copy()
    position[50:60, ..., 1] = position[50:60, ..., 0] + 0.1
    assert not swaps_of(assignment(recording.with_position(position, "doubled")))


@pytest.mark.parametrize("unseen", [slice(None), slice(20, 190), slice(55, 190)])
def test_two_are_mended_while_a_third_is_not_seen(unseen):
    truth = walking(3)
    position = truth.position.copy()
    position[unseen, ..., 2] = np.nan
    hidden = truth.with_position(position, "hidden")
    assert not swaps_of(assignment(hidden))
    assert swaps_of(assignment(exchanged(hidden, 100, 120, [1, 0, 2]))) == [(100, 120)]


def test_a_swap_across_a_gap_and_tracks_that_are_never_seen():
    truth = walking()
    position = exchanged(truth, 50, 60, [1, 0]).position.copy()
    position[45:50] = np.nan
    assert swaps_of(assignment(truth.with_position(position, "gap"))) == [(50, 60)]
    position[...] = np.nan
    assert not swaps_of(assignment(truth.with_position(position, "nothing")))


def test_appearance_decides_where_motion_does_not():
    """Both animals meet in a point and part again; then one is as long as the other was."""
    truth = walking(sizes=[1.0, 1.4], n_frames=3000, apart=200.0)
    position = truth.position.copy()
    position[1000:1500] = np.nan  # unseen for longer than motion can bridge
    swapped = exchanged(truth.with_position(position, "gap"), 1500, 1800, [1, 0])
    found = swaps_of(assignment(swapped))
    assert found == [(1500, 1800)]


def simulate(level, per_minute, seed):
    worse = replace(DIFFICULTIES[level], swaps_per_minute=per_minute)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated, "difficulty_named", lambda name: worse)
        return simulated.simulate_recording("s", minutes=2, seed=seed)


@pytest.mark.parametrize("level", ["easy", "normal", "hard"])
def test_simulated_swaps_are_found_and_nothing_else(level):
    found = swaps = 0
    for seed in range(3):
        clean, given = simulate(level, 0.0, seed), simulate(level, 4.0, seed)
        assert not swaps_of(assignment(clean))
        same = (clean.position == given.position) | np.isnan(clean.position)
        truth = ~same.all(axis=(1, 2, 3))
        told = assignment(given)[:, 0] == 1
        assert not (told & ~truth).any()
        found, swaps = found + int((told & truth).sum()), swaps + int(truth.sum())
    assert swaps > 50
    assert found > 0.9 * swaps


def test_clean_recordings_come_back_as_they_were():
    recording = walking()
    done = RepairIdentity()(recording)
    np.testing.assert_array_equal(done.position, recording.position)
    assert done.history == ("mended 0 identity swaps",)


def test_a_long_list_is_cut():
    text = summary([(10 * n, 10 * n + 2) for n in range(7)])
    assert text.startswith("mended 7 identity swaps, 14 frames (frames 0-1, 10-11,")
    assert text.endswith("and 2 more)")


def test_one_frame_is_no_span():
    said = "mended 2 identity swaps, 2,001 frames (frames 5, 1000-2999)"
    assert summary([(5, 6), (1000, 3000)]) == said


def test_one_animal_and_five():
    assert assignment(walking(1)).tolist() == [[0]] * 200
    five = walking(5)
    with pytest.raises(InputError, match="points of 5 individuals"):
        assignment(five)
    position = exchanged(five, 50, 60, [1, 0, 2, 3, 4]).position.copy()
    position[..., 2:] = np.nan
    assert swaps_of(assignment(five.with_position(position, "empty tracks"))) == [(50, 60)]


def test_a_real_recording_of_a_good_tracker_is_left_alone(shared_data):
    from nuzzle.io.load import read_poses
    from nuzzle.io.registry import PoseOptions

    (path,) = (shared_data / "resident_intruder").glob("*filtered.csv")
    assert not swaps_of(assignment(read_poses(path, PoseOptions(fps=30.0))))
