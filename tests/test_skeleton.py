import pytest

from nuzzle.errors import InputError
from nuzzle.io.jabs import KEYPOINTS as JABS
from nuzzle.plain import from_plain, to_plain
from nuzzle.skeleton import MOUSE7, Skeleton, canonical_keypoint, canonical_mapping


@pytest.mark.parametrize(
    ("given", "shared"),
    [
        ("Nose", "nose"),
        ("leftear", "ear_left"),
        ("left_ear", "ear_left"),
        ("Left Ear", "ear_left"),
        ("EarRight", "ear_right"),
        ("right-hip", "hip_right"),
        ("Tail_base", "tail_base"),
        ("TailBase", "tail_base"),
        ("base_tail", "tail_base"),
        ("tip_tail", "tail_tip"),
        ("Center", "body_center"),
        ("tail", "tail"),
        ("Paw7", "Paw7"),
    ],
)
def test_spellings(given, shared):
    assert canonical_keypoint(given) == shared


def test_two_spellings_of_one_point_are_left_alone():
    assert canonical_mapping(["nose", "snout", "leftear"]) == {"leftear": "ear_left"}


def test_tail_is_the_tail_base_where_all_others_of_mouse7_are():
    seven = ["nose", "leftear", "rightear", "neck", "lefthip", "righthip", "tail"]
    assert canonical_mapping(seven)["tail"] == "tail_base"
    assert "tail" not in canonical_mapping([*seven, "tail_base"])
    assert "tail" not in canonical_mapping(["top", "body", "tail"])
    capitals = [name.title() for name in seven]
    assert canonical_mapping(capitals)["Tail"] == "tail_base"
    assert "Tail" not in canonical_mapping([*capitals, "tail_base"])


def test_roles_of_rats_and_of_mice():
    rat = Skeleton.infer(["top", "body", "tail", "tail-m"])
    assert (rat.nose, rat.tail_base) == ("top", "tail")
    assert rat.centre == ("top", "body", "tail")
    assert Skeleton.infer(MOUSE7.keypoints) == MOUSE7


def test_capitals_make_no_other_roles():
    for names in (["Nose", "Center", "Tail"], ["Head", "Neck", "Tail_base"]):
        found, plain = Skeleton.infer(names), Skeleton.infer([name.lower() for name in names])
        assert (found.nose.lower(), found.tail_base.lower()) == (plain.nose, plain.tail_base)
        assert (found.nose, found.tail_base) == (names[0], names[2])


def test_the_tail_behind_its_base_is_not_of_the_centre():
    found = Skeleton.infer(["Nose", "TailBase", "Tail1", "tip_tail", "tail-m", "leftear"])
    assert found.centre == ("Nose", "TailBase", "leftear")
    # It counts where the user says so.
    assert Skeleton.infer(["nose", "tail", "tail_tip"], centre=["tail_tip"]).centre == ("tail_tip",)


def test_nor_is_the_middle_of_the_tail():
    assert {*JABS} - {*Skeleton.infer(JABS).centre} == {"mid_tail", "tip_tail"}
    found = Skeleton.infer(["nose", "tail_base", "midtail", "tip_of_tail", "endtail", "neck"])
    assert found.centre == ("nose", "tail_base", "neck")


def test_given_roles_win():
    found = Skeleton.infer(["p", "q", "r"], nose="q", tail_base="p", centre=["r"])
    assert (found.nose_index, found.tail_base_index, found.centre_indices) == (1, 0, (2,))


def test_unknown_keypoints_are_told_with_the_option():
    with pytest.raises(InputError, match=r"--set prepare\.nose=KEYPOINT"):
        Skeleton.infer(["p", "q"])
    with pytest.raises(InputError, match=r"--set prepare\.tail_base=KEYPOINT"):
        Skeleton.infer(["nose", "q"])


def test_all_roles_that_cannot_be_found_are_told_at_once():
    with pytest.raises(InputError) as told:
        Skeleton.infer(["p", "q"])
    assert str(told.value) == (
        "None of the keypoints ['p', 'q'] is known to be the nose or the tail_base. Name them: "
        "nuzzle train ... --set prepare.nose=KEYPOINT --set prepare.tail_base=KEYPOINT."
    )
    with pytest.raises(InputError, match=r"be the nose\. Name it: .* No keypoint is called q, r\."):
        Skeleton.infer(["p", "tail"], tail_base="r", centre=["p", "q"])


def test_impossible_skeletons():
    with pytest.raises(InputError, match="among its keypoints"):
        Skeleton(("a", "b"), "a", "c", ("a",))
    with pytest.raises(InputError):
        Skeleton(("a", "b"), "a", "a", ("a",))


@pytest.mark.parametrize(
    ("missing", "shown"),
    [((), True), (("nose",), True), (("neck",), True), (("nose", "neck"), False)],
)
def test_a_heading_takes_two_places(missing, shown):
    assert (
        Skeleton(("nose", "neck", "tail"), "nose", "tail", ("neck",)).shows_heading(missing)
        is shown
    )


def test_left_and_right_change_places():
    assert MOUSE7.mirrored == (0, 2, 1, 3, 5, 4, 6)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Left_paw", "Right_paw"),
        ("LeftFlank", "RightFlank"),
        ("paw_L", "paw_R"),
        ("earL", "earR"),
        ("LEar", "REar"),
        ("L-hip", "R-hip"),
        ("hind left 2", "hind right 2"),
        ("leftear", "rightear"),
        ("left_paw", "Right_Paw"),
        ("Lear", "Rear"),
        ("paw_fl", "paw_fr"),
        ("FLpaw", "FRpaw"),
    ],
)
def test_sides_are_known_by_any_spelling(one, other):
    names = ("nose", one, "tail_l", other, "tail_base")
    assert Skeleton(names, "nose", "tail_base", names).mirrored == (0, 3, 2, 1, 4)


@pytest.mark.parametrize("names", [("a", "l_paw", "L_paw", "R_paw"), ("鼻", "耳", "尾", "R_paw")])
def test_every_keypoint_is_the_partner_of_its_partner(names):
    partner = Skeleton(names, names[0], names[1], names).mirrored
    assert [partner[there] for there in partner] == list(range(len(names)))


def test_round_trip_through_plain_values():
    assert from_plain(Skeleton, to_plain(MOUSE7)) == MOUSE7
