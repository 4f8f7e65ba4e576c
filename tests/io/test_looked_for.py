from dataclasses import replace

import pytest

from nuzzle.errors import InputError
from nuzzle.io.looked_for import (
    as_before,
    misspelled,
    not_said,
    own_names,
    with_looked_for,
)
from nuzzle.labels import Labels, Pair


def labels(*bouts, observed=None, only_seen=True):
    names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
    rows = [dict(zip(names, bout, strict=True)) for bout in bouts]
    spans = [{**row, "start_frame": 0, "stop_frame": 10} for row in rows]
    return Labels(rows, spans if observed is None else observed, 10, only_seen=only_seen)


def named(pairs):
    return pairs


def test_each_pair_of_the_file_was_looked_at(spans_of):
    found = with_looked_for(
        labels(("a", "b", "attack", 2, 4), ("b", "a", "attack", 6, 7)),
        ("attack", "sniff", "self:groom"),
        named,
    )
    assert spans_of(found.observed) == [
        ("a", "a", "groom", 0, 10),
        ("a", "b", "attack", 0, 10),
        ("a", "b", "sniff", 0, 10),
        ("b", "a", "attack", 0, 10),
        ("b", "a", "sniff", 0, 10),
        ("b", "b", "groom", 0, 10),
    ]
    assert len(found.bouts) == 2 and not found.only_seen


@pytest.mark.parametrize("slip", ["attack,sniff", "attack, self:sniff"])
def test_names_that_are_separated_by_commas_are_refused(slip):
    told = labels(("a", "b", "attack", 2, 4), ("a", "b", "sniff", 5, 6))
    with pytest.raises(InputError, match=rf"'{slip}' is no behaviour, .*, as in attack;.*sniff$"):
        with_looked_for(told, (slip,), named)
    with pytest.raises(InputError, match=r"as in attack;mount$"):
        with_looked_for(told, ("attack,mount", "mount"), named)


def test_a_behaviour_may_have_a_comma_in_its_name():
    told = labels(("a", "b", "sniff", 2, 4), ("a", "b", "rear, free", 5, 6))
    names = ("rear, free", "sniff, anogenital")
    assert {*names} <= {*with_looked_for(told, names, named).behaviours}


def test_without_direction_there_are_only_pairs(spans_of):
    pair = replace(labels(("a", "b", "attack", 2, 4)), directed=False)
    found = with_looked_for(pair, ("self:groom",), named)
    assert spans_of(found.observed) == [("a", "b", "attack", 0, 10), ("a", "b", "groom", 0, 10)]


def test_where_nothing_happened_all_was_looked_for_in_the_default_pair(spans_of):
    found = with_looked_for(labels(), ("attack",), lambda pairs: [Pair("a", "b")])
    assert spans_of(found.observed) == [("a", "b", "attack", 0, 10)]


def test_frames_in_which_nobody_looked_stay_so(spans_of):
    seen = [{"agent": "a", "target": "b", "behaviour": "attack", "start_frame": 3, "stop_frame": 8}]
    found = with_looked_for(labels(("a", "b", "attack", 4, 5), observed=seen), ("sniff",), named)
    assert spans_of(found.observed) == [("a", "b", "attack", 3, 8), ("a", "b", "sniff", 3, 8)]


def test_only_files_that_name_what_was_seen_leave_something_unsaid():
    attack, sniff = ("a", "b", "attack", 2, 4), ("a", "b", "sniff", 5, 6)
    groom = ("b", "b", "groom", 5, 6)
    files = {
        "one": labels(attack),
        "two": labels(sniff, groom, only_seen=False),
        "three": labels(attack, sniff, groom),
        "none": labels(),
    }
    assert not_said(files.items()) == {
        "one": ("self:groom", "sniff"),
        "none": ("attack", "self:groom", "sniff"),
    }


def test_each_pair_was_looked_at_when_anything_of_it_was():
    rows = [("a", "b", "attack", 0, 4), ("b", "a", "flee", 6, 9)]
    names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
    seen = [dict(zip(names, row, strict=True)) for row in rows]
    found = with_looked_for(labels(*rows, observed=seen), ("flee", "self:groom"))
    added = found.frames(Pair("a", "b"), ["flee"]).observed[:, 0]
    assert added.tolist() == [True] * 4 + [False] * 6
    own = found.frames(Pair("b", "b"), ["groom"]).observed[:, 0]
    assert own.tolist() == [False] * 6 + [True] * 3 + [False]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("attak", "attack"), ("Attack", "attack"), ("attack, mount", "attack;mount")],
)
def test_slips_are_named(name, meant):
    looked = [[name, "rear", "attack,rear"], [name, "attack", "mount"]]
    (sentence,) = misspelled(looked, ["attack", "mount"])
    assert sentence.startswith(f"{name!r} was looked for and is seen in none of these recordings")
    assert f"a slip for {meant!r}" in sentence


def test_what_was_looked_for_beside_it_everywhere_is_no_slip():
    both = ["supported_rear", "unsupported_rear"]
    assert misspelled([both, both, ["chase"]], ["supported_rear", "chase"]) == []
    (sentence,) = misspelled([both, both[1:]], ["supported_rear"])
    assert "'supported_rear' counts there as not looked for" in sentence


def test_what_is_named_in_both_ways_only_the_labels_can_tell():
    assert own_names(("chase", "self:groom", "self:rear", "rear"), {}) == ("groom",)


def test_a_renamed_behaviour_is_known_by_its_names_in_the_file():
    renaming = {"lick": "groom", "rear": "sit"}
    assert own_names(("self:groom", "self:rear"), renaming) == ("groom", "lick")


def test_what_is_filled_in_does_not_turn_bouts_on_their_agent():
    assert as_before(("self:groom", "sniff"), {"attack", "groom"}) == (
        "groom",
        "self:groom",
        "sniff",
    )
    assert as_before(("self:groom",), {"attack", "self:rear"}) == ("self:groom",)
