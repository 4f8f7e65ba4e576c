import pytest

from nuzzle.errors import InputError
from nuzzle.io.common_values import common_values


def test_values_are_read_as_in_a_cell():
    told = {"fps": 30, "start_frame": 5.0, "directed": "no", "stream": " S1 ", "lab": 3}
    assert common_values(told) == {
        "fps": 30.0,
        "start_frame": 5,
        "directed": False,
        "stream": "S1",
        "lab": "3",
    }


def test_one_word_is_one_label_and_not_its_letters():
    assert common_values({"not_observed": "base"}) == {"not_observed": ("base",)}
    assert common_values({"not_observed": ["base", "gone"]}) == {"not_observed": ("base", "gone")}


def test_renamings_are_text_or_a_mapping():
    for told in ("leftear=ear_left", {"leftear": "ear_left"}):
        assert common_values({"keypoints": told}) == {"keypoints": {"leftear": "ear_left"}}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"fsp": 30.0}, r"'fsp' cannot be said of all recordings; did you mean 'fps'\? There are"),
        ({"recording": "one"}, "'recording' cannot be said"),
        ({"fps": "fast"}, "fps: 'fast' is not a positive number"),
        ({"fps": -1}, "fps: '-1' is not a positive number"),
        ({"fps": [30.0]}, r"fps: \[30.0\] is not what it holds"),
        ({"keypoints": ["nose"]}, r"keypoints: \['nose'\] is not what it holds"),
        ({"directed": "perhaps"}, "directed: 'perhaps' is neither yes nor no"),
    ],
)
def test_what_no_row_holds_is_refused(told, message):
    with pytest.raises(InputError, match=message):
        common_values(told)


def test_nothing_said_is_nothing():
    assert common_values(None) == common_values({"fps": None, "px_per_cm": None}) == {}
