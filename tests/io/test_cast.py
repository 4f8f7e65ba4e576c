from dataclasses import replace
from pathlib import Path

import pytest

from nuzzle.errors import InputError
from nuzzle.io.cast import Cast
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import Pair

THREE = LabelOptions(individuals=("a", "b", "c"))
TWO = LabelOptions(individuals=("a", "b"))


def watched(options, *named):
    return ["".join(pair) for pair in Cast(Path("x.csv"), options).watched(Pair(*n) for n in named)]


@pytest.mark.parametrize(
    ("named", "pairs"),
    [
        (("ab", "ba"), "aa ab ac ba bb bc ca cb cc"),  # several act: all were watched
        (("ab", "cc"), "aa ab ac ba bb bc ca cb cc"),
        ((), "aa ab ac ba bb bc ca cb cc"),  # nothing was seen
        (("bc",), "ba bb bc"),  # one is followed, whomever it meets
        (("bb",), "ba bb bc"),
    ],
)
def test_who_was_watched_of_three(named, pairs):
    assert watched(THREE, *named) == pairs.split()


def test_the_agent_of_the_manifest_is_followed_where_nothing_was_seen():
    assert watched(replace(THREE, agent="c")) == ["ca", "cb", "cc"]


def test_without_direction_each_two_are_a_pair():
    assert watched(replace(THREE, directed=False), "ba") == ["ab", "ac", "bc"]


def test_of_two_those_that_are_named():
    assert watched(TWO, "ba", "ba") == ["ba"]
    assert watched(TWO) == ["ab"]
    with pytest.raises(InputError, match="agent 'c' is not among"):
        watched(replace(TWO, agent="c"))
