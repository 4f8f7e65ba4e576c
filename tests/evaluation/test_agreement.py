import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nuzzle.errors import InputError
from nuzzle.evaluation.agreement import agreement, cohen_kappa
from nuzzle.labels import Labels, Pair

PAIR = Pair("black", "white")
NAMES = ("attack", "mount")


def labels(text, *, pair=PAIR, names=NAMES, unobserved=(), exclusive=True, **attributes):
    """``a`` attack, ``m`` mount, ``.`` neither."""
    active = np.array([[letter == name[0] for name in names] for letter in text])
    observed = np.ones_like(active)
    observed[list(unobserved)] = False
    return Labels.from_frames(
        pair,
        active & observed,
        names,
        observed=observed,
        exclusive=exclusive,
        background="other" if exclusive else None,
        **attributes,
    )


def test_kappa_of_the_textbook():
    # Fleiss, Levin & Paik: 35 of 50 agree, 25 by chance.
    assert cohen_kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.4)


def test_kappa_has_ends_and_can_be_undefined():
    assert cohen_kappa(np.diag([3, 4, 5])) == 1
    assert cohen_kappa(np.array([[25, 25], [25, 25]])) == 0
    assert cohen_kappa(np.array([[0, 5], [5, 0]])) == -1
    assert math.isnan(cohen_kappa(np.array([[9, 0], [0, 0]])))
    assert math.isnan(cohen_kappa(np.zeros((2, 2))))


def test_two_annotators_by_hand():
    result = agreement(labels("aaaa..mm.."), labels("aaa...m..a"))
    attack, mount = result["attack"], result["mount"]
    assert (attack.first_frames, attack.second_frames, attack.both_frames) == (4, 4, 3)
    assert attack.f1 == pytest.approx(6 / 8)
    # 8 of 10 frames agree; by chance 0.4 * 0.4 + 0.6 * 0.6.
    assert attack.kappa == pytest.approx((0.8 - 0.52) / 0.48)
    assert (attack.first_bouts, attack.second_bouts) == (1, 2)
    assert attack.bout_f1 == pytest.approx(2 / 3)
    assert mount.f1 == pytest.approx(2 / 3)
    assert mount.bout_f1 == 1.0  # an intersection over union of just one half
    assert result.macro_f1 == pytest.approx((6 / 8 + 2 / 3) / 2)
    assert result.macro_bout_f1 == pytest.approx((2 / 3 + 1) / 2)
    # Three classes: 3 attack, 1 mount and 3 neither agree of 10.
    chance = (4 * 4 + 2 * 1 + 4 * 5) / 100
    assert result.kappa == pytest.approx((0.7 - chance) / (1 - chance))
    assert result.compared_frames == 10


def test_who_is_first_does_not_matter():
    one, other = labels("aaaa..mm..m"), labels("aaa...m..am")
    there, back = agreement(one, other), agreement(other, one)
    assert there.kappa == back.kappa
    for name in NAMES:
        for figure in ("kappa", "f1", "bout_f1"):
            assert getattr(there[name], figure) == getattr(back[name], figure)


def test_full_agreement():
    result = agreement(labels("aa.mm."), labels("aa.mm."))
    assert (result.kappa, result.macro_f1, result.macro_bout_f1) == (1, 1, 1)


def test_only_frames_that_both_looked_at_count():
    result = agreement(labels("aammaa", unobserved=[4, 5]), labels("aa..mm", unobserved=[2, 3]))
    assert result.compared_frames == 2
    assert result["attack"].f1 == 1
    assert math.isnan(result["mount"].f1)
    assert result.macro_f1 == 1


def test_the_shorter_labels_say_how_much_is_compared():
    result = agreement(labels("aa..aaaa"), labels("aa.."))
    assert result.compared_frames == 4
    assert result["attack"].f1 == 1


def test_what_only_one_looked_for_is_said():
    result = agreement(labels("aa.m"), labels("aa..", names=("attack",)))
    assert [each.behaviour for each in result.behaviours] == ["attack"]
    assert result.notes == ("Only the first annotator looked for mount: not compared.",)
    seen = replace(labels("aa..", names=("attack",)), only_seen=True)
    (note,) = agreement(labels("aa.m"), seen).notes
    assert "names only what was seen; --same-behaviours" in note


def test_seconds_at_different_frame_rates_are_not_compared():
    one, other = (replace(labels("aa.m"), fps=fps) for fps in (29.97, 30.0))
    with pytest.raises(
        InputError, match=r"the first says 29\.97, the second says 30 frames a second"
    ):
        agreement(one, other)
    for same in (replace(other, fps=29.975), replace(other, fps=None)):
        assert agreement(one, same).macro_f1 == 1


def test_what_one_never_saw_counts_where_both_looked_for_the_same():
    one, other = labels("aa.m"), labels("aa..", names=("attack",))
    result = agreement(one, other, same_behaviours=True)
    assert (result["mount"].f1, result["mount"].second_frames) == (0, 0)
    assert result.notes == ()
    assert other.behaviours == ("attack",)


def test_pairs_are_pooled_and_others_named():
    both = Labels.from_frames(
        PAIR, np.array([[True], [False]]), ("attack",), exclusive=True, background="other"
    )
    back = labels("aa", pair=PAIR.reversed, names=("attack",))
    result = agreement(both, both)
    assert result.compared_frames == 2
    with pytest.raises(InputError, match="white->black"):
        agreement(both, back)


def test_labels_that_overlap_have_no_kappa_over_all_classes():
    result = agreement(labels("am", exclusive=False), labels("am", exclusive=False))
    assert math.isnan(result.kappa)
    assert result.macro_f1 == 1


def test_nothing_in_common_is_refused():
    with pytest.raises(InputError, match="nothing in common"):
        agreement(labels("aa", names=("attack",)), labels("mm", names=("mount",)))


def test_what_an_animal_does_to_itself_is_compared_once():
    """Each of three animals grooms itself for half of the frames, as one sees it.

    It is the agent of two pairs: their frames hold one class each.
    """
    animals = ("a", "b", "c")

    def seen(groom):
        rows = [(one, other, "sniff", 0, 2) for one in animals for other in animals if one != other]
        rows += [(one, one, "groom", *groom) for one in animals]
        names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
        bouts = [dict(zip(names, row, strict=True)) for row in rows]
        everywhere = [{**row, "start_frame": 0, "stop_frame": 10} for row in bouts]
        return Labels(bouts, everywhere, 10, exclusive=True)

    result = agreement(seen((2, 7)), seen((2, 6)))
    groom = result["groom"]
    assert (groom.first_frames, groom.second_frames, groom.both_frames) == (15, 12, 12)
    assert (groom.first_bouts, groom.second_bouts) == (3, 3)
    assert result["sniff"].both_frames == 12 and result.compared_frames == 60
    # 60 frames: 12 sniff, 24 groom and 18 neither agree; 6 are groom to the first alone.
    chance = (12 * 12 + 30 * 24 + 18 * 24) / 60**2
    assert result.kappa == pytest.approx((54 / 60 - chance) / (1 - chance))


@pytest.mark.parametrize("target", ["white", "black"])
def test_kappa_is_that_of_the_classes_whoever_is_groomed(target):
    """One takes a groom of 3 frames for a sniff: 7 of 10 agree, two classes are never confused."""
    names = ("agent", "target", "behaviour", "start_frame", "stop_frame")

    def seen(*rows):
        looked = [("black", "white", "sniff", 0, 10), ("black", target, "groom", 0, 10)]
        bouts, spans = ([dict(zip(names, row, strict=True)) for row in n] for n in (rows, looked))
        return Labels(bouts, spans, 10, exclusive=True, background="other")

    one = seen(("black", target, "groom", 0, 3), ("black", "white", "sniff", 4, 8))
    other = seen(("black", "white", "sniff", 0, 3), ("black", "white", "sniff", 4, 8))
    chance = (3 * 0 + 4 * 7 + 3 * 3) / 100
    assert agreement(one, other).kappa == pytest.approx((0.7 - chance) / (1 - chance))


def test_an_animal_that_was_watched_by_itself_has_a_kappa_of_its_own():
    alone = [labels("aa..", pair=Pair("black", "black")) for _ in range(2)]
    assert agreement(*alone).kappa == 1


def test_grooming_that_one_never_saw_counts_where_both_looked_for_the_same():
    names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
    rows = [("a", "b", "sniff", 0, 2), ("a", "a", "groom", 4, 8)]
    bouts = [dict(zip(names, row, strict=True)) for row in rows]
    spans = [{**bout, "start_frame": 0, "stop_frame": 10} for bout in bouts]
    one, other = Labels(bouts, spans, 10), Labels(bouts[:1], spans[:1], 10)
    groom = agreement(one, other, same_behaviours=True)["groom"]
    assert (groom.first_frames, groom.second_frames, groom.both_frames) == (4, 0, 0)


class TestTargetsThatNobodyNamed:
    ONE = ("attack",)

    def seen(self, *pairs, text="aa.."):
        parts = [labels(text, pair=Pair(*pair), names=self.ONE) for pair in pairs]
        bouts, observed = (
            pd.concat([getattr(part, table) for part in parts]) for table in ("bouts", "observed")
        )
        return Labels(bouts, observed, 4, only_seen=True)

    @pytest.mark.parametrize("unnamed", [("a", "target"), ("agent", "target")])
    def test_the_only_one_of_the_other_is_meant(self, unnamed):
        mine, theirs = self.seen(unnamed, text="aaa."), self.seen(("a", "b"))
        for first, second, who in ((mine, theirs, "first"), (theirs, mine, "second")):
            result = agreement(first, second)
            assert result["attack"].both_frames == 2
            assert f"The {who} does not name" in result.notes[0]
            assert "a->b was taken" in result.notes[0]
        assert mine.pairs == (unnamed,), "the labels themselves stay"

    def test_each_agent_has_its_own(self):
        mine = self.seen(("a", "target"), ("b", "target"))
        result = agreement(mine, self.seen(("a", "b"), ("b", "a")))
        assert (result["attack"].both_frames, result.compared_frames) == (4, 8)

    def test_what_the_other_directs_at_the_agent_is_so(self):
        """One names no target of anything: grooming is the agent's own, attacks are on b."""
        names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
        both = []
        for targets, stop in ((("target", "target"), 3), (("b", "a"), 4)):
            rows = [("a", targets[0], "attack", 0, 2), ("a", targets[1], "groom", 2, stop)]
            bouts = [dict(zip(names, row, strict=True)) for row in rows]
            spans = [{**bout, "start_frame": 0, "stop_frame": 4} for bout in bouts]
            both.append(Labels(bouts, spans, 4, only_seen=True))
        result = agreement(*both)
        assert (result["attack"].both_frames, result["groom"].both_frames) == (2, 1)
        assert (result["groom"].first_frames, result["groom"].second_frames) == (1, 2)
        assert result.notes == (
            "The first names no target of groom; the agent was taken, as in the other.",
            "The first does not name the target of a; a->b was taken, as in the other.",
        )

    def test_what_is_done_to_oneself_and_to_another_is_compared_pair_by_pair(self):
        """Both see a groom itself in one frame; one sees four of it on b, and the other none."""
        names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
        rows = [("a", "a", "groom", 0, 1), ("a", "b", "groom", 2, 6)]
        bouts = [dict(zip(names, row, strict=True)) for row in rows]
        spans = [{**bout, "start_frame": 0, "stop_frame": 8} for bout in bouts]
        result = agreement(Labels(bouts, spans, 8), Labels(bouts[:1], spans, 8))
        groom = result["groom"]
        assert (groom.first_frames, groom.second_frames, groom.both_frames) == (5, 1, 1)
        assert groom.f1 == pytest.approx(1 / 3)

    def test_who_else_names_every_target_met_nobody_without_a_name(self):
        """Of three, a attacks b by name and grooms; that attacks were looked for is of b alone."""
        names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
        both = []
        for target in ("target", "a"):
            rows = [("a", "b", "attack", 0, 2), ("a", target, "groom", 2, 4)]
            pairs = [("a", "b", "attack"), ("a", target, "groom"), ("a", "c", "attack")]
            pairs += [("a", "target", "attack")] * (target == "target")
            bouts = [dict(zip(names, row, strict=True)) for row in rows]
            spans = [dict(zip(names, (*pair, 0, 4), strict=True)) for pair in pairs]
            both.append(Labels(bouts, spans, 4, only_seen=True))
        result = agreement(*both)
        assert (result["attack"].both_frames, result["groom"].both_frames) == (2, 2)
        assert len(result.notes) == 1 and "no target of groom" in result.notes[0]

    def test_who_acts_on_itself_alone_met_nobody_without_a_name(self):
        """Of three, a attacks b, and c rears: c has no target that one of them forgot."""
        names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
        both = []
        for target in ("target", "c"):
            rows = [("a", "b", "attack", 0, 2), ("c", target, "rear", 2, 3)]
            pairs = [("a", "b", "attack"), ("c", target, "rear")]
            pairs += [("c", "target", "attack")] * (target == "target")
            bouts = [dict(zip(names, row, strict=True)) for row in rows]
            spans = [dict(zip(names, (*pair, 0, 4), strict=True)) for pair in pairs]
            both.append(Labels(bouts, spans, 4, only_seen=True))
        result = agreement(*both)
        assert (result["attack"].both_frames, result["rear"].both_frames) == (2, 1)
        assert len(result.notes) == 1 and "no target of rear" in result.notes[0]

    def test_of_several_it_is_asked_for(self):
        mine, theirs = self.seen(("a", "target")), self.seen(("a", "b"), ("a", "c"))
        for same in (False, True):
            with pytest.raises(InputError) as raised:
                agreement(mine, theirs, same_behaviours=same)
            said = str(raised.value)
            assert "The first does not name the target of a, which may be a->b, a->c" in said
            assert "--same-behaviours" not in said, "which would not help"

    def test_where_neither_names_it_both_mean_the_same(self):
        result = agreement(self.seen(("a", "target")), self.seen(("a", "target"), ("a", "b")))
        assert result["attack"].both_frames == 2
        assert result.notes == ("Only the second annotator looked at a->b: not compared.",)


def test_names_that_differ_in_case_or_blanks_are_said():
    upper = labels("aa", pair=Pair("Black ", "white"), names=("Attack",))
    with pytest.raises(InputError, match="nothing in common") as raised:
        agreement(labels("aa", names=("attack",)), upper)
    said = "'attack' and 'Attack', 'black' and 'Black ' differ only in case or blanks: write them"
    assert said in str(raised.value)
    result = agreement(labels("am"), labels("am", names=("attack", "Mount")))
    assert result.notes[-1].startswith("'mount' and 'Mount' differ only in case")


def test_names_that_only_one_has_may_be_the_others_by_another_name():
    """A slip is told as such; kappa of names that nobody shares is no agreement."""
    one = labels("aam.", names=("attack", "mount"), exclusive=False, only_seen=True)
    theirs = labels("aam.", names=("angriff", "mount"), exclusive=False, only_seen=True)
    for same in (False, True):
        note = agreement(one, theirs, same_behaviours=same).notes[-1]
        assert note.startswith("Only the first names attack, and only the second angriff. If they")
        assert "--behaviours 'old=new;old=new'" in note
        slip = theirs.rename_behaviours({"angriff": "attcak"})
        assert agreement(one, slip, same_behaviours=same).notes[-1] == (
            "'attack' and 'attcak' are spelled nearly alike. If they are one: --behaviours "
            "'attcak=attack'."
        )
    other = theirs.rename_behaviours({"angriff": "attack"})
    assert agreement(one, other, same_behaviours=True).notes == ()
    with pytest.raises(InputError, match=r"nothing in common.*say so: --behaviours 'old=new"):
        agreement(one, theirs.rename_behaviours({"mount": "ride"}))


def test_animals_by_other_names_or_in_another_order_are_told_with_the_remedies():
    one, turned = labels("aa.."), labels("aa..", pair=PAIR.reversed)
    with pytest.raises(InputError, match=r"whoever acts: --undirected \(LabelOptions") as raised:
        agreement(one, turned)
    assert "--individuals" not in str(raised.value)
    with pytest.raises(InputError, match=r"for example --individuals 'm1=black'.*--undirected"):
        agreement(one, labels("aa..", pair=Pair("m1", "m2")))
