import re
from dataclasses import replace

import numpy as np
import pytest

from nuzzle.errors import InputError, ValidationError
from nuzzle.labels import Labels, Pair
from nuzzle.recording import Recording

KEYPOINTS, ANIMALS = ("nose", "tail_base"), ("a", "b")


def points(n_frames=6):
    """`(time, 2, keypoint, individual)`: each value tells its place."""
    return np.arange(n_frames * 8, dtype=np.float32).reshape(n_frames, 2, 2, 2)


def recording(position=None, **attributes):
    attributes.setdefault("fps", 30.0)
    return Recording.from_arrays(
        "r1",
        points() if position is None else position,
        keypoints=attributes.pop("keypoints", KEYPOINTS),
        individuals=attributes.pop("individuals", ANIMALS),
        **attributes,
    )


def labelled(n_frames=6, agent="a", target="b"):
    return Labels.from_frames(Pair(agent, target), np.eye(n_frames, 2, dtype=bool), ["x", "y"])


def test_what_it_tells():
    one = recording(px_per_cm=20.0)
    assert (one.n_frames, one.keypoints, one.individuals) == (6, KEYPOINTS, ANIMALS)
    assert one.duration_s == pytest.approx(0.2)
    assert one.pairs == (Pair("a", "b"), Pair("b", "a"))
    assert np.isnan(one.confidence).all()


def test_missing_points_stay_missing():
    position = points()
    position[2, 0, 1, 0] = np.nan
    present = recording(position).present
    assert not present[2, 1, 0]
    assert present.sum() == 23


def test_a_point_without_one_coordinate_is_missing():
    position = points()
    position[2, 0, 1, 0] = np.nan
    one = recording(position)
    assert np.isnan(one.position[2, :, 1, 0]).all()
    assert np.isnan(one.position).sum() == 2
    assert not np.isnan(position[2, 1, 1, 0]), "the array that was given stays as it is"


def test_the_caller_may_use_the_arrays_again():
    position, sure = points(), np.ones((6, 2, 2), dtype=np.float32)
    one = recording(position, confidence=sure)
    before = one.fingerprint
    position[:], sure[:] = np.inf, 0
    assert (one.position == points()).all()
    assert (one.confidence == 1).all()
    assert recording(one.position).fingerprint == before


def test_some_trackers_are_surer_than_one():
    assert (recording(confidence=np.full((6, 2, 2), 5.7)).confidence > 5).all()


def test_the_same_poses_have_one_fingerprint_whatever_they_are_called():
    position = points()
    position[2, 0, 1, 0] = np.nan
    one = recording(position)
    renamed = recording(position, individuals=("c", "d"), group="cage")
    assert renamed.fingerprint == one.fingerprint
    changed = position.copy()
    changed[3, 0, 0, 0] += 0.01
    assert recording(changed).fingerprint != one.fingerprint
    assert recording(points()).fingerprint != one.fingerprint
    assert one.slice(0, 3).fingerprint != one.slice(3, 6).fingerprint


def test_all_points_missing_is_a_recording():
    assert not recording(np.full((4, 2, 2, 2), np.nan)).present.any()


def test_a_pair_is_seen_from_its_agent():
    position = points()
    seen = recording(position).pair_position(Pair("b", "a"))
    assert seen.shape == (6, 2, 2, 2)
    assert (seen[:, 0, :, 0] == position[:, 0, :, 1]).all()
    assert (seen[:, 1, 1, 1] == position[:, 1, 1, 0]).all()
    with pytest.raises(InputError, match="no individual 'z'"):
        recording().pair_position(Pair("a", "z"))


def test_absurd_coordinates_are_refused_with_frame_keypoint_and_animal():
    position = points()
    position[3, 0, 1, 0] = 3e38
    position[4, 1, 0, 0] = -np.inf
    where = f"2 coordinate.* the first in frame 3: {KEYPOINTS[1]} of {ANIMALS[0]}, 3e\\+38"
    with pytest.raises(ValidationError, match=where):
        recording(position)


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf"), "30", [30.0, 30.0]])
def test_impossible_frame_rates(fps):
    with pytest.raises(ValidationError, match=rf"fps is a positive number.*{re.escape(repr(fps))}"):
        recording(fps=fps)
    with pytest.raises(ValidationError, match="px_per_cm is a positive number"):
        recording(px_per_cm=fps)


def test_an_unknown_frame_rate_is_told_when_it_is_needed():
    one = recording(fps=None, source="a.csv")
    with pytest.raises(
        InputError, match=r"frame rate is unknown, and a\.csv does not say.*--fps RATE"
    ):
        one.require_fps()


@pytest.mark.parametrize(("rate", "told"), [(25.0, "manifest: 25, as its"), (None, "manifest.$")])
def test_where_there_are_labels_the_manifest_is_named_and_their_frame_rate(rate, told):
    labels = replace(labelled(), fps=rate)
    with pytest.raises(InputError, match=told) as caught:
        recording(fps=None, labels=labels).require_fps()
    assert "--fps" not in str(caught.value)


def test_every_problem_is_in_one_message():
    with pytest.raises(ValidationError) as caught:
        recording(fps=0.0, px_per_cm=-2.0, unit="mm", individuals=("a", "a"))
    assert len(caught.value.problems) == 4


def test_no_frames():
    with pytest.raises(ValidationError, match="no frames"):
        recording(np.zeros((0, 2, 2, 2)))


def test_arrays_that_do_not_fit():
    with pytest.raises(InputError, match="do not fit together"):
        recording(keypoints=("nose",))
    with pytest.raises(InputError, match=r"shape \(time, 2, keypoint, individual\)"):
        recording(np.zeros((4, 2, 2)))
    with pytest.raises(InputError, match=r"'r1': position is an array of numbers: .*'a'"):
        recording([["a"]])
    with pytest.raises(InputError, match="'r1': confidence is an array of numbers"):
        recording(confidence=[[1.0], [1.0, 2.0]])
    with pytest.raises(ValidationError, match="x and y"):
        Recording("r", recording().poses.isel(space=[0]), fps=30.0)


def test_labels_must_fit():
    with pytest.raises(ValidationError, match="labels are for 5 frames, the poses for 6"):
        recording(labels=labelled(5))
    with pytest.raises(ValidationError, match=r"speak of \['z'\].*--individuals"):
        recording(labels=labelled(agent="z"))
    with pytest.raises(ValidationError, match="the auxiliary labels are for 5 frames"):
        recording(labels=labelled(), auxiliary=labelled(5))


def test_rename_reaches_labels():
    one = recording(labels=labelled()).rename({"nose": "snout"}, {"a": "resident"})
    assert one.keypoints == ("snout", "tail_base")
    assert one.individuals == ("resident", "b")
    assert one.labels.pairs == (Pair("resident", "b"),)
    with pytest.raises(InputError, match=r"cannot rename the keypoints \['paw'\]"):
        recording().rename({"paw": "x"})


def test_a_slice_takes_its_labels_along():
    one = recording(labels=labelled()).slice(1, 4)
    assert one.n_frames == 3
    assert (one.position == points()[1:4]).all()
    assert one.poses["time"].values.tolist() == [0, 1, 2]
    assert one.labels.frames(Pair("a", "b")).active[:, 1].tolist() == [True, False, False]
    n_frames = recording().n_frames
    for start, stop in ((3, 3), (-1, 3), (0, n_frames + 1)):
        with pytest.raises(InputError, match=f"not a range within its {n_frames} frames"):
            recording().slice(start, stop)


def test_auxiliary_labels_go_the_way_of_the_labels():
    one = recording(auxiliary=labelled()).rename(individuals={"a": "resident"}).slice(1, 4)
    active = one.auxiliary.frames(Pair("resident", "b")).active
    assert active[:, 1].tolist() == [True, False, False]


def test_new_positions_are_remembered():
    one = recording(labels=labelled(), lab="x")
    changed = one.with_position(one.position * 2, "doubled", unit="cm")
    assert changed.history == ("doubled",)
    assert (changed.unit, changed.lab) == ("cm", "x")
    assert changed.labels is one.labels
    assert one.history == ()
    assert (one.position == points()).all()


def test_a_keypoint_in_the_middle_of_others():
    sure = np.full((6, 2, 2), 0.9, dtype=np.float32)
    sure[0, 1] = 0.4
    position = points()
    position[2, :, 0, 0] = np.nan
    one = recording(position, confidence=sure, lab="x", labels=labelled())
    more = one.with_mean_keypoint("body_center", ["nose", "tail_base"])
    assert more.keypoints == ("nose", "tail_base", "body_center")
    assert more.position[1, :, 2, 0].tolist() == [9, 13]  # of 8 and 10, 12 and 14
    assert np.isnan(more.position[2, :, 2, 0]).all(), "missing where one of them is"
    assert more.confidence[:2, 2, 0] == pytest.approx([0.4, 0.9]), "as sure as the least"
    assert (more.lab, more.labels) == ("x", one.labels)
    for name, of in (("hip", ["nose", "paw"]), ("nose", ["nose", "tail_base"])):
        with pytest.raises(InputError, match=f"'{name}' cannot be made as the mean"):
            one.with_mean_keypoint(name, of)
