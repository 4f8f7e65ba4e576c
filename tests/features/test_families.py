import pytest

from nuzzle.features.families import OTHER, families, family_of
from nuzzle.features.registry import FEATURE_SETS, feature_class
from nuzzle.skeleton import MOUSE7, Skeleton


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_every_column_has_exactly_one_family(name):
    columns = feature_class(name)(MOUSE7, 30.0, "cm").columns
    found = families(columns)
    assert OTHER not in found
    assert sorted(i for inside in found.values() for i in inside) == list(range(len(columns)))


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_names_of_keypoints_do_not_matter(name):
    """The families are those of a plain skeleton, column by column."""
    plain = Skeleton(("nose", "p", "q", "r", "s"), "nose", "p", ("p",))
    words = ("headpiece_area", "speed_tag", "heading_led", "missing_share_1", "approach")
    odd = Skeleton(words, words[0], words[1], words[1:2])
    one, other = (feature_class(name)(each, 30.0, "cm").columns for each in (plain, odd))
    assert [family_of(each) for each, _ in other] == [family_of(each) for each, _ in one]


@pytest.mark.parametrize(
    ("column", "family"),
    [
        ("agent_nose_x", "places in the arena"),
        ("distance_nose_to_nose", "distances between animals"),
        ("agent_nose_to_target_hip_left", "distances between animals"),
        ("nose_to_other_nose_sd_over_3s", "distances between animals"),
        ("agent_nose_to_own_hip_left", "body size and shape"),
        ("target_area_mean_over_10s", "body size and shape"),
        ("agent_own_nose_forward", "egocentric positions"),
        ("other_nose_right_size_max", "egocentric positions"),
        ("agent_forward_0.133s", "speeds"),
        ("rightward_0.5s_size_min", "speeds"),
        ("turn_0.5s_size_max", "speeds"),
        ("agent_centre_vx", "speeds"),
        ("agent_nose_forward_velocity", "speeds"),
        ("closing_1s_max_over_1s", "speeds"),
        ("agent_facing_angle", "angles"),
        ("relative_heading_cos", "angles"),
        ("agent_nose_present", "missing points"),
        ("missing_share_max", "missing points"),
        ("target_area_relative", "body size and shape"),
        ("lab_north_x", "lab"),
    ],
)
def test_families_are_what_they_are_called(column, family):
    assert family_of(column) == family
