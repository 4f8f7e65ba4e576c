from dataclasses import replace
from pathlib import Path

import pytest

from nuzzle.errors import FormatError, InputError
from nuzzle.io.cast import Cast, NoTargetError
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


def test_who_is_only_seen_by_itself_may_have_met_the_other():
    assert watched(TWO, "aa") == ["aa", "ab"]
    assert watched(TWO, "aa", "ba") == ["aa", "ba"]


class TestNames:
    """Names in a label file, and the animals that they stand for."""

    MICE = LabelOptions(individuals=("rot", "gr\xfcn", "blau"))

    def cast(self, **options):
        return Cast(Path("x.csv"), replace(self.MICE, **options))

    def test_an_unknown_name_is_offered_the_animal_that_is_spelled_nearly_so(self):
        with pytest.raises(FormatError, match=r"'gruen'; the individuals .* gruen=gr\xfcn"):
            self.cast().name("gruen", 7)
        with pytest.raises(FormatError, match=r"for example M7=NAME\.$"):
            self.cast().name("M7", 7)

    def test_no_animal_is_offered_that_the_labels_name_themselves(self):
        cast = self.cast()
        assert cast.name("gr\xfcn", 6) == "gr\xfcn"
        with pytest.raises(FormatError, match="gruen=NAME"):
            cast.name("gruen", 7)
        later = self.cast().with_lone_subject(["gruen", "gr\xfcn"])
        with pytest.raises(FormatError, match="gruen=NAME"):
            later.name("gruen", 1)

    def test_two_names_are_two_animals(self):
        message = r"line 7: the labels name 'rot' and 'gruen', and .* both are 'rot' of the poses"
        cast = self.cast(rename_individuals={"gruen": "rot"})
        assert cast.name("rot", 5) == cast.name("rot", 6) == "rot"
        with pytest.raises(FormatError, match=message):
            cast.name("gruen", 7)

    def test_who_acts_on_another_is_not_that_one(self):
        cast = self.cast(rename_individuals={"m1": "rot", "m2": "rot"})
        with pytest.raises(FormatError, match="line 7: the labels name 'm1' and 'm2', and"):
            cast.pair("m1", "m2", 7)

    def test_a_lone_unknown_subject_is_a_guess_and_not_said(self):
        told = self.cast(agent="rot", rename_individuals={"m1": "rot"})
        lone = told.with_lone_subject(["M7"])
        assert lone.name("M7", 1) == "rot"
        with pytest.raises(FormatError, match=r"'M7' and 'm1'.* add M7=rot to individuals"):
            lone.name("m1", 2)
        other = told.with_lone_subject(["Blau"])
        with pytest.raises(FormatError, match="for example Blau=blau"):
            other.name("Blau", 1)

    def test_two_spellings_of_one_animal_may_be_said_to_be_that(self):
        cast = self.cast(rename_individuals={"m1": "rot", "M 1": "rot"})
        assert cast.name("m1", 5) == cast.name("M 1", 6) == "rot"

    def test_one_name_in_large_letters_and_in_small_ones_is_one_animal(self):
        cast = self.cast(rename_individuals={"Rot": "rot"})
        assert cast.name("rot", 5) == cast.name("Rot", 6) == "rot"

    def test_the_unknown_subject_is_the_agent_of_the_manifest_if_nobody_else_is(self):
        told = self.cast(agent="rot")
        assert told.with_lone_subject(["M7", "blau"]).name("M7", 1) == "rot"
        with pytest.raises(FormatError, match="the labels name 'M7'; "):
            told.with_lone_subject(["M7", "rot"]).name("M7", 1)
        assert told.with_lone_subject(["Rot", "rot"]).name("Rot", 1) == "rot", "spelled otherwise"

    def test_a_renaming_to_an_animal_that_is_not_there_is_named(self):
        cast = self.cast(rename_individuals={"m3": "ind3"})
        message = "'m3', and the column individuals of the manifest says m3=ind3; the individuals"
        with pytest.raises(FormatError, match=message):
            cast.name("m3", 1)


class TestWhatIsDirectedAtOneself:
    THREE = replace(THREE, own=("groom",))

    def pair(self, *names, behaviour="groom", **options):
        cast = Cast(Path("x.csv"), replace(self.THREE, **options))
        return "".join(cast.pair(*names, line=7, behaviour=behaviour))

    def test_whoever_names_no_target(self):
        assert self.pair("b") == "bb"
        assert self.pair("b", individuals=("a", "b")) == "bb"
        assert self.pair("", agent="c") == "cc"
        assert self.pair("b", target="c") == "bb", "the manifest's target is that of the others"
        assert self.pair("b", target="c", behaviour="sniff") == "bc"

    def test_without_direction_two_are_a_pair_all_the_same(self):
        two = {"individuals": ("a", "b"), "directed": False}
        assert self.pair("b", **two) == self.pair("b", "a", **two) == self.pair("x", **two) == "ab"

    def test_without_direction_two_keep_their_own_for_a_note(self):
        """Who it is does not matter: it becomes the pair's."""
        two = {"individuals": ("a", "b"), "directed": False}
        for names in (("b", "self"), ("b", "b"), ("", "self")):
            assert self.pair(*names, **two) == "aa"
        assert self.pair("mice", "mice", **two) == "ab", "a word for both"
        assert self.pair("x", "b", rename_individuals={"x": "b"}, **two) == "aa"

    def test_another_as_the_target_is_a_contradiction(self):
        assert self.pair("b", "b") == self.pair("b", "self") == "bb"
        message = (
            r"x\.csv, line 7: one name for two things: 'groom' .* self:groom .*'b' does it to 'a'"
        )
        with pytest.raises(FormatError, match=message + ".*groom;self:groom"):
            self.pair("b", "a")

    def test_a_target_that_may_be_any_is_asked_for(self):
        message = (
            r"x\.csv, line 7: the label of 'sniff' does not say towards whom 'b' acts, .*any of "
        )
        with pytest.raises(FormatError, match=message + r"\['a', 'c'\]\. .*self:sniff .*'self'"):
            self.pair("b", behaviour="sniff")
        with pytest.raises(FormatError, match=r"told without direction: .*directed: yes .*:sniff"):
            self.pair("b", behaviour="sniff", directed=False)
        with pytest.raises(FormatError, match="column target says 'b', which is the agent here"):
            self.pair("b", behaviour="sniff", target="b")

    def test_who_acts_is_asked_for_with_the_target(self):
        message = (
            r"line 7: the label of 'sniff' does not say who acts, nor towards whom, and it may be "
            r"any of \['a', 'b', 'c'\]\. Give the columns agent and target .*write self:sniff "
        )
        with pytest.raises(FormatError, match=message):
            self.pair("", behaviour="sniff")
        with pytest.raises(FormatError, match="the labels do not say who acts, nor towards whom"):
            Cast(Path("x.csv"), THREE).default()
        with pytest.raises(FormatError, match="towards whom 'c' acts"):
            self.pair("", behaviour="sniff", agent="c")

    def test_several_that_lack_a_target_are_one_error(self):
        cast, found = Cast(Path("x.csv"), THREE), []
        for names, line in ((("b",), 7), (("",), 9)):
            with pytest.raises(NoTargetError) as caught:
                cast.pair(*names, line=line, behaviour=f"b{line}")
            found.append(caught.value)
        assert str(cast.no_target(found)).startswith(
            "x.csv, line 7: the labels of 'b7', 'b9' do not say who acts, or towards whom, and it "
            "may be any of 3 animals. Give the columns agent and target of the manifest"
        )
        assert "do not say towards whom, and" in str(cast.no_target(found[:1] * 2))

    def test_the_manifest_may_say_that_all_is(self):
        assert self.pair("b", target="self", behaviour="rear") == "bb"
        assert self.pair("", target="self", behaviour="rear") == "aa"
        with pytest.raises(InputError, match="target 'red' is not among the individuals"):
            self.pair("b", target="red", behaviour="rear")


class TestWhoActs:
    """Rows without an agent."""

    def pair(self, target="", **options):
        return "".join(Cast(Path("x.csv"), replace(TWO, **options)).pair("", target, line=7))

    def says(self, *names, **options):
        return Cast(Path("x.csv"), replace(TWO, **options)).says_who_acts(*names)

    def test_the_first_or_whom_the_options_name(self):
        assert (self.pair(), self.pair(agent="b"), self.pair("self")) == ("ab", "ba", "aa")
        assert not self.says() and not self.says("", "self")
        assert self.says("b") and self.says(agent="a")

    def test_of_two_animals_who_is_not_the_target(self):
        assert (self.pair("a"), self.pair("b")) == ("ba", "ab")
        assert self.pair("b", agent="b") == "ab"
        assert self.pair("x", rename_individuals={"x": "a"}) == "ba"
        assert self.says("", "a") and self.says(target="a")

    def test_of_three_the_target_leaves_it_open(self):
        message = (
            r"x\.csv, line 7: the label of 'sniff' does not say who acts on 'a', .* any of "
            r"\['b', 'c'\]\. Give the column agent"
        )
        three = {"individuals": THREE.individuals}
        for directed in (True, False):
            options = replace(THREE, directed=directed)
            for target in ("a", "x"):
                told = Cast(Path("x.csv"), replace(options, rename_individuals={"x": "a"}))
                with pytest.raises(FormatError, match=message):
                    told.pair("", target, line=7, behaviour="sniff")
            told = Cast(Path("x.csv"), replace(options, target="a"))
            with pytest.raises(FormatError, match=message):
                told.pair("", "", line=7, behaviour="sniff")
            with pytest.raises(FormatError, match=r"x\.csv: the labels do not say who acts on 'a'"):
                told.default()
        assert self.pair("a", agent="c", **three) == "ca"
        assert self.pair("self", **three) == "aa"
        with pytest.raises(FormatError, match="the labels name 'red'"):
            self.pair("red", **three)
        with pytest.raises(InputError, match="target 'red' is not among the individuals"):
            Cast(Path("x.csv"), replace(THREE, target="red")).pair("", "")

    def test_of_two_animals_the_target_of_the_manifest_alone_says_it(self):
        """Files whose rows have no column for anybody, such as SimBA's, are read so, too."""
        for target, pair in (("a", "ba"), ("b", "ab")):
            cast = Cast(Path("x.csv"), replace(TWO, target=target))
            assert "".join(cast.pair("", "")) == "".join(cast.default("sniff")) == pair
            assert cast.placed([{"behaviour": "sniff"}]) == [
                {"behaviour": "sniff", "agent": pair[0], "target": pair[1], "unsaid": False}
            ]
