import random

import pytest

from nuzzle.io.beginnings import Beginnings, common_beginning

DLC = "DLC_dlcrnetms5_DLC_ratJan24shuffle1_5000_el_filtered"


@pytest.mark.parametrize(
    ("pose", "label", "shared"),
    [
        (f"10{DLC}", "10_annot", "10"),
        (f"10{DLC}", "1_annot", ""),
        (f"1{DLC}", "10_annot", ""),
        (
            "e3v813a-20210610T122332-122642DLC_dlcrnetms5_pilot",
            "e3v813a-20210610T122332-122642_reencode",
            "e3v813a-20210610T122332-122642",
        ),
        ("mouseA_pose", "mouseB_pose", ""),
        ("mouse1_poses", "mouse1-labels", "mouse1"),
        ("mouse1_poses", "mouse2-labels", ""),
        ("cage_1_poses", "cage_2_labels", ""),
        ("video", "video", "video"),
        ("video", "video.annot", "video"),
        ("übung_1", "übung_1_x", "übung_1"),
        ("", "x", ""),
    ],
)
def test_common_beginning(pose, label, shared):
    assert common_beginning(pose, label) == shared
    assert common_beginning(label, pose) == shared


def test_those_that_share_most_come_in_their_order():
    """`a_` and `a` are equally long; after `a-1` goes a number, as after `a-2`."""
    names = {1: "a-x", 2: "b", 3: "a_y", 4: "a-2"}
    beginnings = Beginnings(names)
    assert beginnings.best("a_z") == [1, 3, 4]
    assert beginnings.best("a-1") == [1, 3]
    assert beginnings.best("ab") == []
    assert beginnings.best("") == []
    assert beginnings.best("_") == []


def test_those_that_share_most_are_those_with_the_longest_common_beginning():
    draw = random.Random(0)
    parts = ("cage", "a", "b", "1", "2", "10", "_", "-", ". ")
    for _ in range(200):
        stem, *rest = ("".join(draw.choices(parts, k=draw.randint(0, 5))) for _ in range(7))
        shared = [len(common_beginning(stem, each)) for each in rest]
        best = [n for n, length in enumerate(shared) if length == max(shared) > 0]
        assert Beginnings(dict(enumerate(rest))).best(stem) == best
