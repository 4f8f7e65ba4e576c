import dataclasses

import numpy as np
import pytest

from nuzzle import Labels, Pair, Recording
from nuzzle.config import LabelsConfig
from nuzzle.errors import TrainingError
from nuzzle.training.targets import LabelSpace, Targets

AB, BA, AA = Pair("a", "b"), Pair("b", "a"), Pair("a", "a")


def bout(behaviour, start, stop, pair=AB):
    return {
        "agent": pair.agent,
        "target": pair.target,
        "behaviour": behaviour,
        "start_frame": start,
        "stop_frame": stop,
    }


def labelled(bouts, observed, **attributes):
    labels = Labels(bouts, observed, 10, **attributes)
    position = np.zeros((10, 2, 2, 3))
    recording = Recording.from_arrays(
        "r", position, keypoints=["nose", "tail"], individuals=["a", "b", "c"], fps=30
    )
    return dataclasses.replace(recording, labels=labels)


@pytest.fixture
def overlapping():
    """`mount` 0-6, `attack` 4-8; `attack` was looked for until frame 9 only."""
    return labelled(
        [bout("mount", 0, 6), bout("attack", 4, 8)], [bout("mount", 0, 10), bout("attack", 0, 9)]
    )


def test_frames_that_nobody_looked_at_are_not_counted():
    active = np.array([[1, 0], [0, 1], [1, 0], [1, 0]], dtype=bool)
    observed = np.array([[1, 1], [0, 0], [0, 1], [1, 1]], dtype=bool)
    assert Targets(active, observed).counts.tolist() == [2, 0]


def test_what_nobody_looked_for_does_not_count():
    """Of `mount` 2 of 8 frames were looked at, of `attack` all 4, of `flee` none."""
    bouts = [bout("mount", 0, 8), bout("attack", 2, 6), bout("flee", 6, 10)]
    observed = [bout("mount", 0, 2), bout("attack", 0, 10), bout("flee", 0, 2)]
    space = LabelSpace.fit([labelled(bouts, observed)], LabelsConfig())
    assert space.behaviours == ("attack", "mount")
    assert space.priority == ("mount", "attack"), "the rarest comes first"


def test_what_an_animal_does_to_itself_is_counted_once():
    """Its 3 frames are in each pair of the animal; the chase has 4 and is less rare."""
    animals = ("a", "b", "c")
    ways = [Pair(one, other) for one in animals for other in animals]
    looked = [bout("groom" if each.agent == each.target else "chase", 0, 10, each) for each in ways]
    recording = labelled([bout("groom", 0, 3, AA), bout("chase", 2, 6)], looked)
    assert LabelSpace.fit([recording], LabelsConfig()).priority == ("groom", "chase")


def test_the_rarest_behaviour_wins_where_labels_overlap(overlapping):
    space = LabelSpace.fit([overlapping], LabelsConfig())
    assert space.names == ("attack", "mount", "other")
    assert space.priority == ("attack", "mount")
    active, observed = space.targets(overlapping.labels, AB)
    assert active.sum(axis=1).tolist() == [1] * 10
    assert active.argmax(axis=1).tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 2, 2]
    assert observed[8].all()
    assert observed[9].tolist() == [False, True, True]


def test_the_background_has_no_place_in_the_priority(overlapping):
    """It may be named there, as among the behaviours."""
    config = LabelsConfig(
        behaviours=("mount", "attack", "other"), priority=("mount", "other", "attack")
    )
    targets = LabelSpace.fit([overlapping], config).targets(overlapping.labels, AB)
    assert targets.active.argmax(axis=1).tolist() == [0] * 6 + [1, 1, 2, 2]


def test_declared_priority_is_obeyed(overlapping):
    space = LabelSpace.fit([overlapping], LabelsConfig(priority=("mount", "attack")))
    active, _ = space.targets(overlapping.labels, AB)
    assert active.argmax(axis=1).tolist() == [1, 1, 1, 1, 1, 1, 0, 0, 2, 2]


def test_multi_label_keeps_both(overlapping):
    space = LabelSpace.fit([overlapping], LabelsConfig(mode="multilabel"))
    assert space.names == ("attack", "mount")
    active, observed = space.targets(overlapping.labels, AB)
    assert active[5].tolist() == [True, True]
    assert observed[9].tolist() == [False, True]


def test_a_behaviour_may_be_called_like_the_background_where_several_go_on_at_once():
    recording = labelled(
        [bout("other", 2, 4), bout("mount", 3, 8)],
        [bout(name, 0, 10) for name in ("other", "mount")],
    )
    asked = LabelsConfig(mode="multilabel", behaviours=("mount", "other"))
    assert LabelSpace.fit([recording], asked).names == ("mount", "other")
    assert LabelSpace.fit([recording], LabelsConfig(mode="multilabel")).names == ("mount",)
    unseen = labelled([bout("mount", 3, 8)], [bout("mount", 0, 10)])
    assert LabelSpace.fit([unseen], asked).names == ("mount",)
    for mode in ("multilabel", "exclusive"):
        alone = labelled([bout("other", 2, 4)], [bout("other", 0, 10)])
        with pytest.raises(TrainingError, match=r"'other' is the name of the background.*column"):
            LabelSpace.fit([alone], LabelsConfig(mode=mode))
        elsewhere = LabelsConfig(mode=mode, background="none")
        assert LabelSpace.fit([alone], elsewhere).behaviours == ("other",)


def test_frames_that_nobody_looked_at_have_no_target():
    recording = labelled([bout("mount", 2, 4)], [bout("mount", 2, 8)])
    space = LabelSpace.fit([recording], LabelsConfig())
    active, observed = space.targets(recording.labels, AB)
    assert not active[[0, 1, 8, 9]].any()
    assert not observed[[0, 1, 8, 9]].any()
    assert active[:, space.names.index("other")].nonzero()[0].tolist() == [4, 5, 6, 7]


def test_a_bout_where_nobody_looked_does_not_count():
    recording = labelled([bout("mount", 0, 4)], [bout("mount", 2, 6)])
    for mode in ("exclusive", "multilabel"):
        space = LabelSpace.fit([recording], LabelsConfig(mode=mode))
        active, _ = space.targets(recording.labels, AB)
        assert active[:, space.names.index("mount")].nonzero()[0].tolist() == [2, 3]


def test_the_labels_own_background_is_used():
    recording = labelled([bout("social", 0, 3)], [bout("social", 0, 10)], background="nonsocial")
    assert LabelSpace.fit([recording], LabelsConfig()).names == ("social", "nonsocial")


def test_what_an_animal_does_to_itself_counts_in_its_pairs():
    recording = labelled(
        [bout("groom", 1, 3, AA), bout("sniff", 5, 7)],
        [bout("groom", 0, 10, AA), bout("sniff", 0, 10)],
    )
    space = LabelSpace.fit([recording], LabelsConfig())
    assert space.own == ("groom",)
    views = list(space.views(recording.labels.pairs, recording.individuals))
    assert [view.pair for view in views] == [AB, Pair("a", "c")]
    active, observed = space.targets(recording.labels, AB)
    assert active[1].tolist() == [True, False, False]
    _, observed = space.targets(recording.labels, Pair("a", "c"))
    assert observed[0].tolist() == [True, False, True], "nobody looked for sniffing of c"


def test_undirected_labels_are_seen_from_both_sides():
    recording = labelled([bout("social", 0, 3)], [bout("social", 0, 10)], directed=False)
    space = LabelSpace.fit([recording], LabelsConfig())
    views = list(space.views([AB], ["a", "b"]))
    assert views == [(AB, AB), (BA, AB)]


def test_directed_and_undirected_do_not_mix():
    one = labelled([bout("social", 0, 3)], [bout("social", 0, 10)], directed=False)
    two = labelled([bout("social", 0, 3)], [bout("social", 0, 10)])
    with pytest.raises(TrainingError, match="directed"):
        LabelSpace.fit([one, two], LabelsConfig())


def test_no_bout_at_all():
    recording = labelled([], [bout("mount", 0, 10)])
    with pytest.raises(TrainingError, match="No training recording has a labelled bout"):
        LabelSpace.fit([recording], LabelsConfig())


def test_a_wanted_behaviour_without_a_bout(overlapping):
    with pytest.raises(TrainingError, match=r"no bout of \['bite'\]"):
        LabelSpace.fit([overlapping], LabelsConfig(behaviours=("mount", "bite")))


def test_it_survives_plain_values(overlapping):
    space = LabelSpace.fit([overlapping], LabelsConfig())
    assert LabelSpace.from_dict(space.to_dict()) == space


def test_a_lab_that_did_not_look_for_a_behaviour_neither_affirms_nor_denies_it():
    """`north` looked for both, `south` for `mount` alone."""
    both = labelled([bout("attack", 0, 4)], [bout("mount", 0, 10), bout("attack", 0, 10)])
    one = labelled([bout("mount", 0, 6)], [bout("mount", 0, 10)])
    for mode, names in (
        ("exclusive", ["attack", "mount", "other"]),
        ("multilabel", ["attack", "mount"]),
    ):
        space = LabelSpace.fit([both, one], LabelsConfig(mode=mode))
        assert list(space.names) == names
        active, observed = space.targets(one.labels, AB)
        assert not observed[:, 0].any(), "attack"
        assert observed[:, 1:].all()
        assert active[:6, 1].all() and not active[6:, 1].any()
        assert not active[:, 0].any()


def test_behaviours_without_a_frame(overlapping):
    space = LabelSpace.fit([overlapping], LabelsConfig(priority=("mount", "attack")))
    covered = labelled(
        [bout("mount", 0, 6), bout("attack", 2, 5)], [bout("mount", 0, 10), bout("attack", 0, 9)]
    )
    assert space.absent([covered]) == ("attack",), "where both go on, mount wins"
    assert space.absent([overlapping, covered]) == ()
    assert space.absent([]) == ("attack", "mount")


def test_what_is_hidden_by_what_goes_on_beside():
    """`mount` 0-6 and `attack` 4-8, which is rarer, and 2-5 the animal grooms itself."""
    both = labelled(
        [bout("mount", 0, 6), bout("attack", 4, 8), bout("groom", 2, 5, AA)],
        [bout("mount", 0, 10), bout("attack", 0, 10), bout("groom", 0, 10, AA)],
    )
    space = LabelSpace.fit([both], LabelsConfig())
    assert space.priority == ("groom", "attack", "mount")
    # Of a and b: groom hides frame 4 of attack, and 2-4 of mount, of which attack hides 5, too.
    # Groom is in the frames of a and c, too, where nothing else is.
    assert space.hidden(both) == {"attack": (1, 4), "groom": (0, 6), "mount": (4, 6)}
    assert LabelSpace.fit([both], LabelsConfig(mode="multilabel")).hidden(both) == {
        "attack": (0, 4), "groom": (0, 6), "mount": (0, 6),
    }  # fmt: skip


def test_median_bouts_are_of_what_the_frames_show(overlapping):
    """At 30 frames a second: `attack` wins 4-8, `mount` keeps 0-4, and the rest is background."""
    more = labelled([bout("mount", 2, 8)], [bout("mount", 0, 10), bout("attack", 0, 10)])
    space = LabelSpace.fit([overlapping, more], LabelsConfig())
    assert space.names == ("attack", "mount", "other")
    # attack: 4 frames; mount: 4 and 6; other: 8-10, and 0-2 and 8-10 of the other recording
    expected = (4 / 30, 5 / 30, 2 / 30)
    assert space.median_bouts([overlapping, more]) == pytest.approx(expected)
    assert space.median_bouts([more]) == pytest.approx((0, 6 / 30, 2 / 30)), "no attack there"


def test_median_bouts_are_of_the_pairs_that_a_model_sees():
    """Background is 0-2 and 9-10 of a and b, 9-10 of a and c; a by itself is no pair to look at."""
    ac = Pair("a", "c")
    bouts = [bout("groom", 2, 5, AA), bout("mount", 5, 9), bout("mount", 0, 2, ac)]
    bouts.append(bout("mount", 5, 9, ac))
    looked = [bout("groom", 0, 10, AA), bout("mount", 0, 10), bout("mount", 0, 10, ac)]
    both = labelled(bouts, looked)
    space = LabelSpace.fit([both], LabelsConfig())
    assert space.names == ("groom", "mount", "other")
    assert space.median_bouts([both]) == pytest.approx((3 / 30, 4 / 30, 1 / 30))


def test_what_is_left_out_is_none_of_the_others(overlapping):
    """`attack` in frames 4 to 7: they are unknown, and elsewhere nobody looked for it."""
    space = LabelSpace.fit([overlapping], LabelsConfig())
    active, observed = space.leave_out(space.targets(overlapping.labels, AB), ["attack"])
    assert observed[:, 0].tolist() == [False] * 10
    assert observed[:, 1].tolist() == [True] * 4 + [False] * 4 + [True] * 2
    assert observed[:, 2].tolist() == observed[:, 1].tolist()
    assert active[:, 1].tolist() == [True] * 4 + [False] * 6
    several = LabelSpace.fit([overlapping], LabelsConfig(mode="multilabel"))
    active, observed = several.leave_out(several.targets(overlapping.labels, AB), ["attack"])
    assert not observed[:, 0].any() and observed[:, 1].all()
    assert active[:, 1].tolist() == [True] * 6 + [False] * 4
