import math
from dataclasses import asdict, dataclass

import pytest

from nuzzle.plain import from_plain, plain


@dataclass(frozen=True)
class Dog:
    name: str
    weights: dict[int, float]
    toys: tuple[str, ...] = ()


def test_there_and_back():
    dog = Dog("Rex", {0: 1.5, 2: 2.0}, ("ball", "bone"))
    values = plain(asdict(dog))
    assert values == {"name": "Rex", "weights": {"0": 1.5, "2": 2.0}, "toys": ["ball", "bone"]}
    assert from_plain(Dog, values) == dog


def test_what_json_has_no_word_for_is_none():
    assert plain((math.nan, [math.inf, 1], {"a": -math.inf})) == [None, [None, 1], {"a": None}]


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"weights": {}}, "name: Field required"),
        ({"name": "Rex", "weights": {"x": 1.0}}, "weights.x.* integer"),
        ([1], "^Dog: "),
    ],
)
def test_what_is_no_such_thing_is_said_with_its_place(values, wrong):
    with pytest.raises(ValueError, match=wrong) as caught:
        from_plain(Dog, values)
    assert "\n" not in str(caught.value)
