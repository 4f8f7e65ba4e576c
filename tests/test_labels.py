import numpy as np
import pandas as pd
import pytest

from nuzzle.errors import InputError, ValidationError
from nuzzle.labels import (
    BOUT_COLUMNS,
    SPAN_COLUMNS,
    Labels,
    Pair,
    bout_table,
    intervals_to_mask,
    mask_to_intervals,
    span_table,
)

AB = Pair("a", "b")


def bout(behaviour, start, stop, agent="a", target="b", **more):
    return {
        "agent": agent,
        "target": target,
        "behaviour": behaviour,
        "start_frame": start,
        "stop_frame": stop,
        **more,
    }


def labels(bouts, observed=None, n_frames=10, **attributes):
    if observed is None:
        observed = [bout(name, 0, n_frames) for name in {each["behaviour"] for each in bouts}]
    return Labels(bout_table(bouts), span_table(observed), n_frames, **attributes)


def intervals(table, behaviour):
    mine = table[table["behaviour"] == behaviour]
    return list(zip(mine["start_frame"], mine["stop_frame"], strict=True))


class TestTables:
    def test_an_empty_table_has_all_columns_and_types(self):
        table = bout_table([])
        assert list(table.columns) == list(BOUT_COLUMNS)
        assert table["start_frame"].dtype == np.int64
        assert table["point"].dtype == bool
        assert len(table) == 0

    def test_a_missing_column_is_told(self):
        with pytest.raises(InputError, match="'behaviour' is missing"):
            bout_table([{"agent": "a", "target": "b", "start_frame": 0, "stop_frame": 1}])

    def test_rows_may_differ_in_what_they_say(self):
        table = bout_table([bout("x", 5, 6, annotator="me", point=True), bout("x", 1, 2)])
        assert table["start_frame"].tolist() == [1, 5]
        assert table["annotator"].tolist() == ["", "me"]
        assert table["point"].tolist() == [False, True]
        assert table["source"].tolist() == ["manual", "manual"]

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda table: table[table.columns[::-1]],
            lambda table: table[["target", "agent", *table.columns[2:]]],
            lambda table: table.assign(more=1),
            lambda table: table.drop(columns="annotator"),
            lambda table: table.astype({"agent": object}),
            lambda table: table.astype({"agent": "category"}),
            lambda table: table.astype({"start_frame": np.int32}),
            lambda table: table.astype({"stop_frame": float}),
            lambda table: table.astype({"point": np.int64}),
            lambda table: table.assign(stream=table["stream"].where(table["stream"] != "")),
            lambda table: table.assign(annotator=[None, "", ""]),
            lambda table: table.assign(source=table["source"].where([False, True, True])),
            lambda table: table.iloc[[1, 0, 2]].reset_index(drop=True),
            lambda table: table.iloc[[0, 2, 1]].reset_index(drop=True),
            lambda table: table.iloc[[0, 2, 1]],
            lambda table: table.set_axis([0, 1, 2]),
            lambda table: table.set_axis(range(1, 4)),
            lambda table: table.set_axis(range(0, 6, 2)),
            lambda table: table.rename_axis("row"),
        ],
    )
    def test_a_table_that_is_right_but_for_one_thing_is_mended(self, spoil):
        right = bout_table([bout("x", 1, 3), bout("z", 2, 4), bout("y", 2, 9)])
        mended = bout_table(spoil(right))
        pd.testing.assert_frame_equal(mended, right, check_index_type="exact")
        spans = span_table(spoil(right)[[n for n in spoil(right) if n in SPAN_COLUMNS]])
        pd.testing.assert_frame_equal(spans, right[list(SPAN_COLUMNS)], check_index_type="exact")
        assert mended.index.name is None and spans.index.name is None

    @pytest.mark.skipif(pd.__version__ < "3", reason="strings of pandas 2 may be any objects")
    def test_a_table_that_is_right_is_not_done_again(self, monkeypatch):
        given = bout_table([bout("x", 1, 2), bout("x", 5, 6)])
        spans = span_table(given)
        monkeypatch.setattr(pd.DataFrame, "sort_values", None)
        again = bout_table(given)
        pd.testing.assert_frame_equal(again, given)
        pd.testing.assert_frame_equal(span_table(spans), spans)
        again.loc[0, "behaviour"] = "y"
        assert given["behaviour"].tolist() == ["x", "x"]

    def test_the_given_table_is_not_changed(self):
        given = pd.DataFrame([bout("x", 5, 6), bout("x", 1, 2)])
        before = given.copy()
        bout_table(given)
        pd.testing.assert_frame_equal(given, before)


class TestIntervals:
    def test_overlapping_touching_and_empty_intervals(self):
        mask = intervals_to_mask([0, 1, 4, 7], [2, 3, 5, 7], 8)
        assert mask.tolist() == [True, True, True, False, True, False, False, False]

    def test_what_is_outside_is_clipped(self):
        assert intervals_to_mask([-3, 3], [1, 99], 5).tolist() == [True, False, False, True, True]

    def test_no_frames(self):
        assert intervals_to_mask([0], [3], 0).tolist() == []
        assert mask_to_intervals(np.array([], dtype=bool)).shape == (0, 2)

    def test_all_and_nothing(self):
        assert mask_to_intervals(np.ones(4, dtype=bool)).tolist() == [[0, 4]]
        assert mask_to_intervals(np.zeros(4, dtype=bool)).shape == (0, 2)

    @pytest.mark.parametrize("seed", range(5))
    def test_round_trip(self, seed):
        mask = np.random.default_rng(seed).random(200) < 0.4
        found = mask_to_intervals(mask)
        assert (intervals_to_mask(found[:, 0], found[:, 1], 200) == mask).all()
        assert (found[1:, 0] > found[:-1, 1]).all()


class TestValidation:
    def test_every_problem_is_in_one_message(self):
        with pytest.raises(ValidationError) as caught:
            labels([bout("x", 5, 5), bout("y", 3, 12)], [bout("x", -1, 4)])
        assert len(caught.value.problems) == 3
        assert "stops at frame 5, not after its start at frame 5" in str(caught.value)
        assert "outside the 10 frames" in str(caught.value)

    def test_the_background_has_no_bouts(self):
        with pytest.raises(ValidationError, match="is the background and also has bouts"):
            labels([bout("other", 0, 3)], background="other")


class TestViews:
    def test_what_was_looked_for_is_known_without_a_bout(self):
        found = labels([bout("mount", 2, 4)], [bout("mount", 0, 10), bout("attack", 0, 5)])
        assert found.behaviours == ("attack", "mount")
        assert found.pairs == (AB,)
        active, observed, names = found.frames(AB)
        assert names == ("attack", "mount")
        assert active.sum(axis=0).tolist() == [0, 2]
        assert observed.sum(axis=0).tolist() == [5, 10]

    def test_overlapping_behaviours_survive(self):
        found = labels([bout("x", 0, 6), bout("y", 4, 8)])
        active = found.frames(AB, ["y", "x"]).active
        assert active[:, 0].nonzero()[0].tolist() == [4, 5, 6, 7]
        assert active[:, 1].nonzero()[0].tolist() == [0, 1, 2, 3, 4, 5]

    def test_a_behaviour_nobody_looked_for_is_nowhere_observed(self):
        active, observed, _ = labels([bout("x", 0, 6)]).frames(AB, ["z"])
        assert not active.any()
        assert not observed.any()

    def test_direction_matters(self):
        found = labels([bout("x", 0, 6)])
        assert not found.frames(AB.reversed).observed.any()

    def test_what_is_done_to_oneself_counts_for_every_pair_of_the_agent(self):
        found = labels([bout("groom", 1, 3, "a", "a")], [bout("groom", 0, 10, "a", "a")])
        assert found.self_behaviours == ("groom",)
        assert found.frames(Pair("a", "c")).active[:, 0].nonzero()[0].tolist() == [1, 2]
        assert not found.frames(Pair("c", "a")).active.any()

    def test_no_labels_at_all(self):
        found = labels([], [])
        assert found.behaviours == ()
        assert found.pairs == ()
        assert found.frames(AB).active.shape == (10, 0)
        assert not found.frames(AB, ["x"]).observed.any()


class TestFromFrames:
    def test_round_trip(self):
        generator = np.random.default_rng(0)
        active = generator.random((60, 3)) < 0.3
        observed = generator.random((60, 3)) < 0.8
        found = Labels.from_frames(AB, active, ("x", "y", "z"), observed=observed)
        back = found.frames(AB, ("x", "y", "z"))
        assert (back.active == active).all()
        assert (back.observed == observed).all()
        assert found.n_frames == 60

    def test_nothing_active_and_everything_observed(self):
        found = Labels.from_frames(AB, np.zeros((5, 1), dtype=bool), ["x"], background="other")
        assert len(found.bouts) == 0
        assert intervals(found.observed, "x") == [(0, 5)]


class TestRename:
    def test_merged_behaviours_are_united(self):
        found = labels([bout("face", 0, 4), bout("body", 3, 6), bout("rear", 8, 9)])
        merged = found.rename_behaviours({"face": "sniff", "body": "sniff", "rear": "sniff"})
        assert merged.behaviours == ("sniff",)
        assert intervals(merged.bouts, "sniff") == [(0, 6), (8, 9)]
        assert intervals(merged.observed, "sniff") == [(0, 10)]

    def test_bouts_within_bouts_do_not_end_the_union(self):
        found = labels([bout("x", 0, 9), bout("y", 1, 2), bout("y", 5, 6)])
        assert intervals(found.rename_behaviours({"y": "x"}).bouts, "x") == [(0, 9)]

    def test_another_pair_is_not_merged(self):
        found = labels([bout("x", 0, 4), bout("y", 2, 6, "b", "a")])
        merged = found.rename_behaviours({"y": "x"})
        assert intervals(merged.bouts, "x") == [(0, 4), (2, 6)]

    def test_a_plain_new_name_keeps_touching_bouts_apart(self):
        found = labels([bout("x", 0, 4), bout("x", 4, 6)])
        assert intervals(found.rename_behaviours({"x": "y"}).bouts, "y") == [(0, 4), (4, 6)]

    def test_a_behaviour_renamed_to_the_background_becomes_background(self):
        found = labels([bout("sniff", 0, 4), bout("mount", 5, 6)], background="other")
        renamed = found.rename_behaviours({"sniff": "other"})
        assert renamed.behaviours == ("mount",)
        assert intervals(renamed.bouts, "mount") == [(5, 6)]
        assert intervals(renamed.observed, "mount") == [(0, 10)]

    def test_names_can_change_places(self):
        found = labels([bout("x", 0, 1), bout("y", 5, 7)])
        swapped = found.rename_behaviours({"x": "y", "y": "x"})
        assert intervals(swapped.bouts, "x") == [(5, 7)]
        assert intervals(swapped.bouts, "y") == [(0, 1)]

    def test_the_background_can_be_renamed(self):
        found = labels([bout("x", 0, 4)], background="none")
        renamed = found.rename_behaviours({"none": "other"})
        assert renamed.background == "other"
        assert renamed.behaviours == ("x",)

    def test_empty_labels(self):
        assert labels([], []).rename_behaviours({"x": "y"}).behaviours == ()

    def test_individuals(self):
        found = labels([bout("x", 0, 4)]).rename_individuals({"a": "resident", "b": "intruder"})
        assert found.pairs == (Pair("resident", "intruder"),)
        assert str(found.pairs[0]) == "resident->intruder"


class TestSlices:
    def test_a_slice_counts_from_its_start(self):
        found = labels([bout("x", 0, 4), bout("x", 6, 9)]).slice(3, 8)
        assert found.n_frames == 5
        assert intervals(found.bouts, "x") == [(0, 1), (3, 5)]
        assert intervals(found.observed, "x") == [(0, 5)]

    def test_a_slice_past_the_end(self):
        found = labels([bout("x", 0, 4)]).slice(8, 20)
        assert found.n_frames == 2
        assert len(found.bouts) == 0

    def test_labels_longer_than_the_recording_are_cut(self):
        cut = labels([bout("x", 0, 4), bout("x", 6, 10)]).with_length(7)
        assert intervals(cut.bouts, "x") == [(0, 4), (6, 7)]
        assert cut.n_frames == 7
        assert intervals(cut.observed, "x") == [(0, 7)]

    @pytest.mark.parametrize(
        ("frames", "bouts", "observed"),
        [(-3, [(0, 1), (3, 6)], [(0, 7)]), (3, [(3, 7), (9, 10)], [(3, 10)])],
    )
    def test_moved_labels_take_along_what_was_looked_for(self, frames, bouts, observed):
        moved = labels([bout("x", 0, 4), bout("x", 6, 9)]).moved(frames)
        assert intervals(moved.bouts, "x") == bouts
        assert intervals(moved.observed, "x") == observed
        assert moved.n_frames == 10

    def test_frames_after_the_labels_are_not_observed(self):
        longer = labels([bout("x", 0, 4)]).with_length(15)
        assert longer.frames(AB).observed[:, 0].sum() == 10
        assert longer.notes == ()
