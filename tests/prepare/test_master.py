from dataclasses import replace

import numpy as np
import pytest

from nuzzle.config import PrepareConfig
from nuzzle.errors import InputError
from nuzzle.prepare.master import (
    choose_skeleton,
    differences,
    lacking_keypoints,
    proposed_keypoints,
)
from nuzzle.recording import Recording

ALLOW = PrepareConfig(missing_keypoints="allow")


def recording(lab, *keypoints):
    position = np.zeros((3, 2, len(keypoints), 2), dtype=np.float32)
    return Recording.from_arrays(
        f"of {lab}", position, keypoints=keypoints, individuals=["a", "b"], fps=30.0, lab=lab
    )


@pytest.fixture
def labs():
    """The north has two recordings, which count once."""
    return [
        recording("north", "nose", "ear_left", "ear_right", "hip_left", "hip_right", "tail_base"),
        recording("north", "nose", "ear_left", "ear_right", "hip_left", "hip_right", "tail_base"),
        recording("south", "nose", "ear_left", "ear_right", "tail_base", "tail_tip"),
        recording("west", "head", "ear_left", "ear_right", "tail_base"),
        recording("east", "head", "body_center"),
    ]


def test_half_of_the_labs_have_a_proposed_keypoint(labs):
    # Ears and tail base: 3 of 4 labs. Nose and head: 2 of 4. Hips, tail tip, centre: 1 of 4.
    assert proposed_keypoints(labs) == ("nose", "ear_left", "ear_right", "tail_base", "head")


def test_recordings_of_one_lab_that_differ_share_its_vote():
    odd = recording("north", "nose", "tail_base", "headpiece")
    assert proposed_keypoints([odd, *[recording("north", "nose", "tail_base")] * 2]) == (
        "nose",
        "tail_base",
    )


def test_a_nose_and_a_tail_base_are_proposed_however_rare():
    labs = [
        recording("a", "ear_left", "ear_right", "spine"),
        recording("b", "ear_left", "ear_right", "spine"),
        recording("c", "nose", "ear_left", "ear_right", "tail_base"),
    ]
    assert set(proposed_keypoints(labs)) == {"ear_left", "ear_right", "spine", "nose", "tail_base"}


def test_what_is_lacking_is_listed_by_lab_and_by_any_spelling(labs):
    assert lacking_keypoints(labs, ["snout", "ear_left", "hip_left"]) == {
        "south": ["hip_left"],
        "west": ["snout", "hip_left"],
        "east": ["snout", "ear_left", "hip_left"],
    }


def test_recordings_of_a_lab_that_differ_are_listed_by_themselves():
    """One spells the neck otherwise: no lab as a whole lacks what some of it has."""
    odd = replace(recording("north", "nose", "nek", "tail_base"), name="odd")
    labs = [recording("north", "nose", "neck", "tail_base"), odd]
    assert lacking_keypoints(labs, ["nose", "neck", "nek"]) == {
        "of north": ["nek"],
        "odd": ["neck"],
    }


def test_what_recordings_do_not_share_is_told(labs):
    assert differences(labs[:2]) == ""
    assert ": north lacks tail_tip, south lacks hip_left, hip_right. " in differences(labs[:3])
    assert ": south lacks hip_left. " in differences(labs[:3], ["nose", "hip_left"])


def test_shared_keypoints_are_taken_where_they_are_enough(labs):
    assert choose_skeleton(labs[:3], PrepareConfig()).keypoints == (
        "nose",
        "ear_left",
        "ear_right",
        "tail_base",
    )


@pytest.mark.parametrize("chosen", [slice(0, 5), slice(2, 4)], ids=["too few", "without a nose"])
def test_a_master_skeleton_is_proposed_where_too_little_is_shared(labs, chosen):
    with pytest.raises(InputError, match=r"missing_keypoints=allow\. They are \[.*'nose'") as told:
        choose_skeleton(labs[chosen], PrepareConfig())
    assert "\n  west   nose" in str(told.value)


def test_named_keypoints_that_some_lack_are_refused_unless_allowed(labs):
    named = {"keypoints": ("nose", "ear_left", "ear_right", "tail_base")}
    with pytest.raises(InputError, match="missing_keypoints=allow") as told:
        choose_skeleton(labs[:4], PrepareConfig(**named))
    assert str(told.value).count("\n  ") == 1
    assert "\n  west  nose (it has head, ear_left, ear_right, tail_base)\n" in str(told.value)
    allowed = PrepareConfig(**named, missing_keypoints="allow")
    assert choose_skeleton(labs[:4], allowed).nose == "nose"


def test_a_lab_whose_animals_face_nowhere_is_refused(labs):
    """The head alone: neither the end that the master calls nose, nor its tail base."""
    with pytest.raises(InputError, match="east has too few to tell which way"):
        choose_skeleton(labs, ALLOW)
    assert choose_skeleton(labs[:4], ALLOW).tail_base == "tail_base"


def test_a_skeleton_without_a_nose_does_not_hide_what_recordings_lack(labs):
    settings = PrepareConfig(keypoints=["ear_left", "tail_base"])
    with pytest.raises(InputError) as told:
        choose_skeleton(labs, settings)
    assert "\n  east  ear_left, tail_base (it has head, body_center)" in str(told.value)
    assert "is known to be the nose" in str(told.value)
