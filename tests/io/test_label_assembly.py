from dataclasses import replace
from pathlib import Path

import pytest

from nuzzle.errors import FormatError
from nuzzle.io.label_assembly import assemble, noting_unobserved, without_direction
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import SPAN_COLUMNS, Labels, Pair

AB = Pair("a", "b")
FILE = Path("cage.csv")


def bout(behaviour, start, stop, agent="a", target="b"):
    return dict(zip(SPAN_COLUMNS, (agent, target, behaviour, start, stop), strict=True))


def undirected(individuals, bouts, observed, **attributes):
    return without_direction(FILE, Labels(bouts, observed, 10, **attributes), individuals)


def intervals(table):
    return list(zip(table["start_frame"], table["stop_frame"], strict=True))


def test_both_orders_are_one_pair_and_unite():
    bouts = [bout("x", 0, 4), bout("x", 3, 6, "b", "a"), bout("x", 8, 9, "b", "a")]
    observed = [bout("x", 0, 10), bout("x", 0, 10, "b", "a")]
    pair = undirected("ab", bouts, observed, exclusive=True)
    assert not pair.directed and not pair.exclusive and pair.pairs == (AB,)
    assert intervals(pair.bouts) == [(0, 6), (8, 9)]
    assert intervals(pair.observed) == [(0, 10)]
    assert pair.notes == ()
    assert undirected("ba", bouts, observed).pairs == (AB.reversed,)


def test_each_pair_of_three_animals_keeps_its_bouts():
    three = undirected(
        "abc",
        [bout("x", 1, 2, "b", "c"), bout("x", 3, 4), bout("x", 5, 6, "c", "a")],
        [bout("x", 0, 10, *who) for who in ("bc", "ab", "ca")],
        exclusive=True,
    )
    found = {(row.agent, row.target): row.start_frame for row in three.bouts.itertuples()}
    assert found == {("b", "c"): 1, ("a", "b"): 3, ("a", "c"): 5}
    assert three.exclusive, "no two orders of a pair have met"


def test_what_one_of_two_does_to_itself_is_the_pairs_and_it_is_said():
    own = [bout("groom", 2, 5, "b", "b"), bout("groom", 6, 7, "b", "b")]
    pair = undirected("ab", own, [bout("groom", 0, 10, "b", "b")])
    assert pair.pairs == (AB,) and intervals(pair.bouts) == [(2, 5), (6, 7)]
    (note,) = pair.notes
    assert note.startswith("2 bouts of what an animal does to itself (groom) counted for the pair")


@pytest.mark.parametrize(
    ("other", "exclusive"), [(bout("x", 5, 8), True), (bout("x", 4, 8), False)]
)
def test_what_one_does_to_itself_is_exclusive_unless_it_overlaps(other, exclusive):
    observed = [bout("x", 0, 10), bout("groom", 0, 10, "a", "a")]
    pair = undirected("ab", [bout("groom", 2, 5, "a", "a"), other], observed, exclusive=True)
    assert pair.exclusive is exclusive
    assert any("overlap in time" in note for note in pair.notes) is not exclusive


def test_what_the_other_does_to_itself_may_happen_at_the_same_time():
    observed = [bout("x", 0, 10), bout("groom", 0, 10, "b", "b")]
    assert not undirected("ab", [bout("x", 0, 1)], observed, exclusive=True).exclusive


@pytest.mark.parametrize("looked_for", [True, False])
def test_of_three_animals_what_one_does_to_itself_is_refused(looked_for):
    observed = [bout("x", 0, 10)] + [bout("groom", 0, 10, "c", "c")] * looked_for
    told = r"cage\.csv: .*of 3 animals does to itself .* pair: 'groom' of 'c' \(frames 2 to 5\)\."
    with pytest.raises(FormatError, match=told + " Score it with direction .*or leave it out"):
        undirected("abc", [bout("groom", 2, 5, "c", "c")], observed)


def test_of_three_animals_what_was_looked_for_in_one_is_refused():
    with pytest.raises(FormatError, match=r"'groom' of 'c' \(frames 0 to 10\)"):
        undirected("abc", [], [bout("groom", 0, 10, "c", "c")])


def test_an_animal_that_is_alone_keeps_its_labels():
    one = undirected("a", [bout("groom", 2, 5, "a", "a")], [bout("groom", 0, 10, "a", "a")])
    assert one.pairs == (Pair("a", "a"),) and intervals(one.bouts) == [(2, 5)]
    assert one.notes == ()


def test_other_animals_than_the_poses_have_are_named():
    observed = [bout("x", 0, 10), bout("x", 0, 10, "b", "c")]
    with pytest.raises(FormatError, match=r"speak of \['a', 'c'\], the poses of .*'d'\]"):
        undirected(["b", "d"], [bout("x", 1, 2)], observed)
    with pytest.raises(FormatError, match=r"\['c'\], .*say who is who: --individuals"):
        undirected("ab", [], [bout("x", 0, 10, "c", "c")])


def test_nothing_seen():
    assert undirected("ab", [], [bout("x", 0, 10)]).bouts.empty


def outside(bouts, observed, n_frames, **attributes):
    """What the note says that lies outside of what was looked for."""
    (note,) = noting_unobserved(Labels(bouts, observed, n_frames, **attributes)).notes
    return note.removeprefix("bouts lie outside of what was looked for, as the file says: ")


def test_bouts_outside_of_what_was_looked_for_are_told_however_long_the_recording():
    """Of frames 2 to 9 and 5 to 20 the spans leave 2, 10 to 14 and 19; a trillion more are none."""
    bouts = [bout("x", 2, 9), bout("x", 5, 20), bout("x", 10**12 - 1, 10**12)]
    looked = [bout("x", 3, 10), bout("x", 15, 18), bout("x", 17, 19), bout("x", 20, 10**12)]
    told = "7 frames of 'x' of a->b (from frame 2 on). Where nobody looked"
    assert outside(bouts, looked, 10**12).startswith(told)
    inside = Labels([bout("x", 3, 9), bout("x", 20, 10**12)], looked, 10**12)
    assert noting_unobserved(inside).notes == ()


def test_whose_pair_the_frames_that_nobody_looked_at_are():
    back = [bout("x", 0, 4, "b", "a")]
    assert outside([bout("x", 3, 6)], back, 9).startswith("3 frames of 'x' of a->b (from frame 3")
    undirected = outside([bout("x", 3, 6)], back, 9, directed=False)
    assert undirected.startswith("2 frames of 'x' of a->b (from frame 4 on)")
    own = outside([bout("x", 3, 6, "b", "b")], back, 9)
    assert own.startswith("2 frames of 'x' of b->b (from frame 4 on)")


class TestWhoActs:
    """Two bouts without an agent of three, in one stream of two, beside the background."""

    BOUTS = (
        {**bout("sniff", 0, 5), "stream": "S1", "unsaid": True},
        {**bout("sniff", 5, 9), "stream": "S1"},
        {**bout("other", 9, 20), "stream": "S1", "unsaid": True},
        {**bout("base", 20, 22), "stream": "S1", "unsaid": True},
        {**bout("sniff", 3, 6), "stream": "S2", "unsaid": True},
    )

    def notes(self, **options):
        told = {"individuals": ("a", "b"), "background": "other", "not_observed": ("base",)}
        options = LabelOptions(**{**told, **options})
        labels = assemble(Path("x"), self.BOUTS, [], options, end=30, exclusive=False)
        return [note.partition(":")[0] for note in labels.notes]

    def test_only_bouts_that_are_read_count(self):
        assert self.notes() == ["who acts is not said in 2 of 3 bouts"]
        assert self.notes(stream="S1") == ["who acts is not said in 1 of 2 bouts"]
        assert self.notes(stream="S2") == ["who acts is not said in any bout"]

    def test_bouts_after_the_end_of_the_poses_do_not_count(self):
        told = ["who acts is not said in 1 of 2 bouts"]
        assert self.notes(stream="S1", n_frames=6)[:1] == told
        assert self.notes(n_frames=5)[0] == "who acts is not said in any bout"
        assert self.notes(n_frames=4)[0] == "who acts is not said in any bout"

    def test_what_to_do_of_three_animals(self):
        """Labels of three that name nobody but 'self' have a use for an agent only."""
        options = LabelOptions(individuals=("a", "b", "c"))
        own, others = bout("rear", 0, 5, "a", "a"), bout("rear", 6, 9, "c", "c")
        rows = [{**own, "unsaid": True}, {**others, "unsaid": True}]
        (note,) = assemble(Path("x"), rows, [], options, end=30).notes
        assert note.startswith("who acts is not said in 1 of 2 bouts: read as done by 'a', who ")
        assert note.endswith("the manifest's column agent (a or b or c) (`nuzzle init`: --agent)")
        (note,) = assemble(
            Path("x"), rows, [], replace(options, individuals=("a", "b")), end=30
        ).notes
        assert "or, if it may be any of them, write no into its column directed" in note

    def test_where_it_means_nothing_it_is_not_said(self):
        assert not self.notes(directed=False)
        assert not self.notes(individuals=("a",)) and not self.notes(individuals=())
