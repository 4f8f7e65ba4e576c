import math
from dataclasses import dataclass

import pytest

from nuzzle.errors import InputError
from nuzzle.plain import from_plain, plain, to_plain


@dataclass(frozen=True)
class Dog:
    name: str
    weights: dict[int, float]
    toys: tuple[str, ...] = ()
    tame: bool = True


@dataclass(frozen=True)
class Owner:
    dogs: tuple[Dog, ...]
    years: int = 0


REX = {
    "name": "Rex",
    "weights": {"0": 1.5, "2": 2.0},
    "toys": ["ball", "bone"],
    "tame": False,
}


def test_there_and_back():
    dog = Dog("Rex", {0: 1.5, 2: 2.0}, ("ball", "bone"), tame=False)
    assert to_plain(dog) == REX
    assert from_plain(Dog, REX) == dog
    assert from_plain(Owner, to_plain(Owner((dog,), 3))) == Owner((dog,), 3)


def test_whole_numbers_and_tuples_are_as_good_as_fractions_and_lists():
    given = REX | {"weights": {0: 1, 2: 2}, "toys": ("ball",)}
    assert from_plain(Dog, given) == Dog("Rex", {0: 1.0, 2: 2.0}, ("ball",), tame=False)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (REX | {"age": 3}, "^Dog: age is not known.$"),
        ({"name": "Rex", "weights": {}, "tame": True}, "^Dog: toys is missing.$"),
        (
            {**REX, "tme": False, "tame": True, "toys": []} | {"wieghts": {}},
            "^Dog: tme is not known, wieghts is not known.$",
        ),
        (REX | {"tame": "no"}, "^Dog: tame is 'no', which would be read as False.$"),
        (REX | {"tame": 0}, "^Dog: tame is 0, which would be read as False.$"),
        (REX | {"weights": {"1": "12"}}, "^Dog: weights.1 is '12', which would be read as 12.0.$"),
        (REX | {"weights": {"1": True}}, "^Dog: weights.1 is True, which would be read as 1.0.$"),
        (
            REX | {"weights": {"01": 1.0}},
            "^Dog: weights.01 is not known, weights.1 is missing.$",
        ),
    ],
)
def test_nothing_is_left_out_or_made_up_or_taken_for_something_else(values, wrong):
    with pytest.raises(InputError, match=wrong):
        from_plain(Dog, values)


def test_the_place_is_named_however_deep_it_is():
    dogs = [REX, {**REX, "tame": "yes", "old": True}]
    with pytest.raises(InputError) as caught:
        from_plain(Owner, {"dogs": dogs, "years": "3"})
    assert str(caught.value) == (
        "Owner: dogs.1.tame is 'yes', which would be read as True, dogs.1.old is not known, "
        "years is '3', which would be read as 3."
    )


def test_what_json_has_no_word_for_is_none():
    assert plain((math.nan, [math.inf, 1], {"a": -math.inf})) == [None, [None, 1], {"a": None}]


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"weights": {}}, "name: Field required"),
        ({"name": "Rex", "weights": {"x": 1.0}}, "weights.x.* integer"),
        ({"name": "Rex", "weights": None}, "^weights: .* dictionary; got None$"),
        ([1], r"^Dog: .*; got \[1\]$"),
    ],
)
def test_what_is_no_such_thing_is_said_with_its_place(values, wrong):
    with pytest.raises(ValueError, match=wrong) as caught:
        from_plain(Dog, values)
    assert "\n" not in str(caught.value)
