from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nuzzle.errors import FormatError, InputError, ManifestError
from nuzzle.io.calms21_write import write_calms21
from nuzzle.io.describe import describe
from nuzzle.io.init_manifest import init_manifest
from nuzzle.io.load import load_entry, load_manifest, pose_format, read_poses
from nuzzle.io.mabe_write import write_mabe
from nuzzle.io.splits import (
    Splitting,
    about_splits,
    complete_splits,
    read_assignments,
    split_by_group,
    split_by_time,
)
from nuzzle.labels import Labels, Pair
from nuzzle.manifest import Entry, Manifest
from nuzzle.recording import Recording
from nuzzle.skeleton import MOUSE7_KEYPOINTS


@pytest.fixture
def project(tmp_path, write_project):
    write_project(tmp_path, [str(n) for n in range(1, 12)])
    return tmp_path


HEADER = "agent,target,behaviour,start_frame,stop_frame\n"


def write_poses(path, individuals):
    """A DeepLabCut csv: one frame of the nose of each animal."""
    names = [name for name in individuals for _ in "xy"]
    levels = {
        "scorer": "n" * len(names),
        "individuals": names,
        "bodyparts": ["nose"] * len(names),
        "coords": "xy" * len(individuals),
        "0": "1" * len(names),
    }
    path.write_text("".join(",".join((name, *cells)) + "\n" for name, cells in levels.items()))


def start(project, **options):
    options.setdefault("labels", [f"{project}/labels/*.csv"])
    return init_manifest(poses=[f"{project}/poses/*.csv"], **options)


def by_name(manifest):
    return {entry.recording: entry for entry in manifest}


def mouse_recording(name, individuals=("resident", "intruder"), **attributes):
    position = np.random.default_rng(0).uniform(1, 500, (30, 2, 7, 2))
    pair = Pair(*individuals)
    active = np.zeros((30, 1), dtype=bool)
    active[5:9] = True
    labels = Labels.from_frames(pair, active, ["attack"], exclusive=True, background="other")
    return Recording.from_arrays(
        name,
        position,
        keypoints=MOUSE7_KEYPOINTS,
        individuals=individuals,
        fps=30.0,
        labels=labels,
        **attributes,
    )


class TestFiles:
    def test_matched_files_load(self, project):
        manifest, notes = start(project, common={"fps": 25.0, "px_per_cm": 10.0})
        assert len(manifest) == 11
        assert {entry.fps for entry in manifest} == {25.0}
        recordings = list(load_manifest(manifest))
        assert [each.name for each in recordings] == [str(n) for n in range(1, 12)]
        assert recordings[0].labels.behaviours == ("sniff",)
        assert len(notes) == 1
        assert "split 'train'" in notes[0]

    def test_what_is_missing_is_noticed_now(self, project):
        _, notes = start(project, common={"individuals": {"nobody": "none"}})
        assert any("The first recording cannot be used yet" in note for note in notes)
        _, notes = start(project)
        assert any(
            "frame rate is unknown" in note and "Give it: --fps RATE." in note for note in notes
        )
        for path in (project / "labels").iterdir():
            path.write_text("# fps,25\n" + path.read_text())
        _, notes = start(project)
        assert any("Its label file says 25: " in note and "--fps 25." in note for note in notes)
        assert any("body lengths" in note and "--px-per-cm" in note for note in notes)

    def test_label_files_of_several_frame_rates_are_told(self, project):
        for path in (project / "labels").iterdir():
            rate = {"2_bouts.csv": 25, "9_bouts.csv": 25, "5_bouts.csv": 50}.get(path.name, 30)
            path.write_text(f"# fps,{rate}\n" + path.read_text())
        _, notes = start(project)
        (note,) = (note for note in notes if "frame rate" in note)
        assert note == (
            "The frame rate is unknown: 1DLC_net.csv does not say. Label files say that it "
            "differs: 30 in 1, 3, 4, 6, 7 and 3 more; 25 in 2, 9; 50 in 5. Where that is the "
            "video's, fill the column fps of the manifest so; --fps would give all recordings one."
        )
        _, notes = start(project, common={"fps": 30.0})
        told = [note.partition("; ")[0] for note in notes if "frames/s" in note]
        assert told == [
            "2, 9: the labels' video has 25 frames/s and the poses 30",
            "5: the labels' video has 50 frames/s and the poses 30",
        ]
        _, notes = start(project, common={"fps": 25.0})
        (note, _) = (note for note in notes if "frames/s" in note)
        assert note.startswith("1, 3, 4, 6, 7 and 3 more: the labels' video has 30 frames/s")

    @pytest.mark.parametrize("keypoints", [{"nowhere": "nose"}, {"nose+nowhere": "hip"}])
    def test_a_recording_that_cannot_be_used_is_named_once(self, project, keypoints):
        _, notes = start(project, common={"keypoints": keypoints})
        (note,) = (each for each in notes if "cannot be used yet" in each)
        assert note.count("recording '1': ") == 1

    def test_a_note_that_asks_ends_in_its_question_mark(self, project):
        with (project / "labels" / "1_bouts.csv").open("a") as file:
            file.write("one,two,sniff,20,60\n")
        _, notes = start(project, common={"fps": 25.0, "px_per_cm": 10.0})
        (note,) = (each for each in notes if "40 frames past the 20 of the poses" in each)
        assert note.startswith("1: ") and note.endswith("belong to this recording?")

    def test_without_labels(self, project):
        manifest, _ = start(project, labels=())
        assert {entry.labels for entry in manifest} == {None}

    def test_poses_without_labels_are_refused_unless_asked_for(self, project):
        (project / "labels" / "3_bouts.csv").unlink()
        with pytest.raises(ManifestError, match=r"3DLC_net\.csv: no label file"):
            start(project)
        manifest, _ = start(project, allow_unlabelled=True)
        assert by_name(manifest)["3"].labels is None

    def test_files_of_no_known_format_are_listed(self, project):
        (project / "poses" / "3DLC_net.csv").write_text("hello\n")
        (project / "labels" / "4_bouts.csv").write_text("hello\n")
        with pytest.raises(ManifestError) as caught:
            start(project)
        assert "3DLC_net.csv" in str(caught.value)
        assert "4_bouts.csv" in str(caught.value)

    def test_files_that_may_not_be_read_are_listed(self, project, monkeypatch):
        names, really = ("3_bouts.csv", "7_bouts.csv"), Path.open

        def refuse_some(path, *args, **kwargs):
            if path.parent.name == "labels" and path.name in names:
                raise PermissionError(13, "Permission denied", str(path))
            return really(path, *args, **kwargs)

        monkeypatch.setattr(Path, "open", refuse_some)
        told = r"have 2 problems:\n.*3_bouts\.csv cannot be read: Perm.*\n.*7_bouts\.csv cannot be"
        with pytest.raises(ManifestError, match=told):
            start(project)

    def test_a_number_is_no_way_to_split(self, project):
        with pytest.raises(InputError, match=r"such as Splitting\(val_fraction=0.2\).*got 0.6"):
            start(project, splitting=0.6)

    def test_one_source_only(self, project):
        with pytest.raises(InputError, match="one only"):
            init_manifest()
        with pytest.raises(InputError, match="one only"):
            start(project, mabe=project)


class TestTable:
    def write(self, project, *rows):
        path = project / "splits.csv"
        path.write_text("\n".join(rows) + "\n")
        return Splitting(table=path)

    def test_names_and_splits_by_pose_file(self, project):
        rows = [
            f"rat{n:02},poses/{n}DLC_net.csv,{'val' if n > 9 else 'train'}" for n in range(1, 12)
        ]
        manifest, notes = start(
            project, splitting=self.write(project, "recording,pose,split", *rows)
        )
        assert manifest.splits == {"train": 9, "val": 2}
        entry = by_name(manifest)["rat10"]
        assert (entry.poses.name, entry.labels.name) == ("10DLC_net.csv", "10_bouts.csv")
        assert not any("split" in note for note in notes)

    def test_splits_by_the_name_of_the_recording(self, project):
        rows = [f"{n},{'val' if n > 9 else 'train'}" for n in range(1, 12)]
        manifest, _ = start(project, splitting=self.write(project, "recording,split", *rows))
        assert by_name(manifest)["11"].split == "val"

    def test_a_row_says_which_labels_belong_to_which_poses(self, project):
        (project / "labels" / "3_bouts.csv").rename(project / "labels" / "third.csv")
        rows = [f"{n}DLC_net.csv,{n}_bouts.csv,train" for n in range(1, 12) if n != 3]
        manifest, _ = start(
            project,
            splitting=self.write(
                project, "poses,labels,split", *rows, "3DLC_net.csv,third.csv,val"
            ),
        )
        (entry,) = manifest.select("val")
        assert (entry.poses.name, entry.labels.name) == ("3DLC_net.csv", "third.csv")

    def test_a_file_that_is_in_no_row(self, project):
        with pytest.raises(ManifestError, match=r"2DLC_net\.csv is in no row") as caught:
            start(project, splitting=self.write(project, "recording,split", "cage 1,train"))
        assert str(caught.value).startswith("the files have 11 problems:")
        assert "the recording '2'; they name 'cage 1'. " in str(caught.value)

    @pytest.mark.parametrize("by", ["recording", "poses"])
    def test_as_spreadsheets_on_windows_write_it(self, tmp_path, write_project, by):
        write_project(tmp_path, ["K\xe4fig 1", "K\xe4fig 2"])
        said = {"recording": "K\xe4fig {}", "poses": "C:\\me\\poses\\K\xe4fig {}DLC_net.csv"}[by]
        rows = [f"{said.format(1)},train", ",", f"{said.format(2)},val"]
        manifest, _ = start(tmp_path, splitting=self.write(tmp_path, f"{by},split", *rows))
        assert [(each.poses.name, each.split) for each in manifest] == [
            ("K\xe4fig 1DLC_net.csv", "train"),
            ("K\xe4fig 2DLC_net.csv", "val"),
        ]

    def test_files_of_one_name_in_folders_of_sessions(self, tmp_path):
        rows = []
        for session, split in (("s1", "train"), ("s2", "val")):
            (tmp_path / session).mkdir()
            write_poses(tmp_path / session / "poses.csv", "AB")
            (tmp_path / session / "scored.csv").write_text(HEADER + "A,B,sniff,1,2\n")
            rows.append(f"{session}/poses.csv,../{session}/scored.csv,{split}")
        manifest, _ = init_manifest(
            poses=[f"{tmp_path}/*/poses.csv"],
            labels=[f"{tmp_path}/*/scored.csv"],
            splitting=self.write(tmp_path, "Poses,Labels,Split", *rows),
        )
        found = [
            (e.recording, e.poses.parent.name, e.labels.parent.name, e.split) for e in manifest
        ]
        assert found == [("s1_poses", "s1", "s1", "train"), ("s2_poses", "s2", "s2", "val")]

    def test_a_csv_that_cannot_be_used(self, project):
        self.write(project, "recording,part", "1,train")
        with pytest.raises(FormatError, match="Expected: split"):
            read_assignments(project / "splits.csv")
        self.write(project, "recording,split", "1,train", "2,")
        with pytest.raises(FormatError, match="line 3: the column split is empty"):
            read_assignments(project / "splits.csv")

    def test_one_way_of_splitting_only(self):
        with pytest.raises(InputError, match="Choose one of"):
            Splitting(val_fraction=0.2, train_frames=0.6)


class TestByTime:
    def test_two_rows_a_recording(self, project):
        manifest, notes = start(project, splitting=Splitting(train_frames=0.6))
        entries = by_name(manifest)
        assert len(entries) == 22
        assert (entries["7-train"].start_frame, entries["7-train"].stop_frame) == (None, 12)
        assert (entries["7-val"].start_frame, entries["7-val"].stop_frame) == (12, None)
        manifest.check_leakage()
        assert "not on new animals" in notes[0]

    @pytest.mark.parametrize("share", [0.0, 1.0, 60.0, 0.01])
    def test_impossible_shares(self, project, share):
        manifest, _ = start(project)
        with pytest.raises(InputError):
            split_by_time(manifest, share)


class TestByGroup:
    def manifest(self, *splits):
        return Manifest(
            tuple(Entry(f"r{n}", Path(f"{n}.csv"), split=split) for n, split in enumerate(splits))
        )

    def test_from_scratch(self):
        drawn = split_by_group(self.manifest(*[""] * 10), 0.2, 0.1, seed=4)
        assert drawn.splits == {"train": 7, "val": 2, "test": 1}

    def test_a_given_test_part_stays(self):
        drawn = split_by_group(self.manifest(*["train"] * 8, "test", "test"), 0.25)
        assert drawn.splits == {"train": 6, "val": 2, "test": 2}
        assert [each.split for each in drawn][8:] == ["test", "test"]

    def half_labelled(self, *splits):
        """Of two recordings with a split, the second has labels."""
        return Manifest(
            tuple(
                replace(each, labels=each.poses if number % 2 else None)
                for number, each in enumerate(self.manifest(*splits))
            )
        )

    def test_groups_without_labels_are_drawn_for_nothing(self):
        for seed in range(5):
            drawn = split_by_group(self.half_labelled(*[""] * 20), 0.2, 0.1, seed=seed)
            assert drawn.splits == {"": 10, "train": 7, "val": 2, "test": 1}
            assert {each.split for each in drawn if each.labels is None} == {""}
            (bare,) = about_splits(drawn)
            assert bare.startswith("10 recordings without labels: no split was ")
        given = self.half_labelled(*["train"] * 10)
        for drawn in (split_by_group(given, 0.2), complete_splits(given)[0]):
            assert {each.split for each in drawn if each.labels is None} == {"train"}
            assert [e.split for e in drawn if e.labels is not None].count("val") == 1

    def test_where_no_group_is_named_animals_may_be_on_two_sides(self):
        drawn = split_by_group(self.manifest(*[""] * 5), 0.2)
        (note,) = about_splits(drawn, drawn=True)
        assert "as if no animal were in two recordings" in note
        assert not [*about_splits(drawn)], "whoever splits them knows"
        named = Manifest(tuple(replace(each, group=each.recording) for each in drawn))
        assert not [*about_splits(named, drawn=True)]

    def test_a_recording_without_labels_goes_with_its_group(self):
        rows = [replace(each, group="g") for each in self.half_labelled("", "")]
        more = [replace(each, labels=each.poses) for each in self.manifest(*[""] * 5).entries[2:]]
        for seed in range(5):
            drawn = split_by_group(Manifest((*rows, *more)), 0.5, seed=seed)
            assert drawn.splits.keys() == {"train", "val"}
            assert drawn.entries[0].split == drawn.entries[1].split

    def test_too_few_groups_with_labels(self):
        with pytest.raises(ManifestError, match=r"1 group\(s\) with labels cannot make 2 splits"):
            split_by_group(self.half_labelled("", "", ""), 0.5)
        single = self.half_labelled("train", "train", "train")
        assert complete_splits(single) == (single, ())

    def test_nothing_left_to_train_on(self):
        with pytest.raises(InputError, match="something to train on"):
            split_by_group(self.manifest("", ""), 0.5, 0.5)

    def test_a_data_set_without_val_gets_one_and_it_is_said(self):
        manifest, notes = complete_splits(self.manifest(*["train"] * 5, "test"))
        assert manifest.splits == {"train": 4, "val": 1, "test": 1}
        assert "no split 'val'" in notes[0]

    def test_a_given_val_part_stays(self):
        given = self.manifest("train", "val", "test")
        assert complete_splits(given) == (given, ())


class TestDataSets:
    def test_calms21(self, tmp_path):
        recordings = [mouse_recording(f"task1/train/mouse{n:03}_task1") for n in range(5)]
        path = write_calms21(recordings, tmp_path / "train.json")
        manifest, notes = init_manifest(calms21=[f"{tmp_path}/*.json"])
        assert manifest.splits == {"train": 4, "val": 1}
        assert {entry.poses.name for entry in manifest} == {path.name}
        assert any("no split 'val'" in note for note in notes)
        manifest.check_leakage()

    def test_mabe_with_options_for_every_recording(self, tmp_path):
        recordings = [
            mouse_recording(str(n), ("mouse1", "mouse2"), lab="north", px_per_cm=10.0)
            for n in range(1, 5)
        ]
        write_mabe(recordings, tmp_path)
        manifest, notes = init_manifest(
            mabe=tmp_path,
            labs=["north"],
            common={"behaviours": {"attack": "fight"}},
            splitting=Splitting(val_fraction=0.5),
        )
        assert not [note for note in notes if "annotation" in note]
        (tmp_path / "train_annotation" / "north" / "3.parquet").unlink()
        _, notes = init_manifest(mabe=tmp_path)
        assert len([note for note in notes if "1 of 4 recordings (3)" in note]) == 1
        assert manifest.splits == {"train": 2, "val": 2}
        assert next(load_manifest(manifest)).labels.behaviours == ("fight",)

    def test_pose_files_of_a_tree_name_their_animals(self, tmp_path):
        lab = {"lab": "north", "px_per_cm": 10.0}
        recordings = [
            replace(mouse_recording(str(n), ("mouse1", "mouse2"), **lab), group=group)
            for n, group in enumerate("aabb", 1)
        ]
        write_mabe(recordings, tmp_path)
        manifest, _ = init_manifest(
            poses=[f"{tmp_path}/train_tracking/*/*.parquet"],
            labels=[f"{tmp_path}/train_annotation/*/*.parquet"],
            splitting=Splitting(val_fraction=0.5),
        )
        first, second, third, fourth = manifest
        assert first.group == second.group != third.group == fourth.group
        assert first.split == second.split != third.split == fourth.split

    def test_labels_do_not_go_with_a_data_set(self, tmp_path):
        with pytest.raises(InputError, match="go with --poses"):
            init_manifest(mabe=tmp_path, labels=["x"])


def test_labels_that_name_nobody_say_whose_they_are(project):
    for path in (project / "labels").iterdir():
        path.write_text("behaviour,start_frame,stop_frame\nsniff,2,5\n")
    _, notes = start(project, common={"fps": 25.0, "px_per_cm": 10.0})
    (note,) = who_acts(notes)
    assert note.startswith("1, 2, 3, 4, 5 and 6 more: who acts is not said in any bout: read as ")
    assert "done by 'one', who stands first in the poses" in note and "(one or two)" in note
    for known in ({"agent": "one"}, {"agent": "two"}, {"directed": False}):
        _, notes = start(project, common={"fps": 25.0, **known})
        assert not who_acts(notes)


def who_acts(notes):
    return [note for note in notes if "who acts is not said" in note]


def test_each_label_file_is_asked_who_acts_and_each_pose_file_who_stands_first(tmp_path):
    """The first names the agent; the third has one bout of two without; the fourth's poses begin
    with the other animal."""
    named, bare = "one,two,sniff,0,1\n", ",,sniff,0,1\n"
    label_files = [named, bare, f"{named}{bare}", bare]
    for number, rows in enumerate(label_files, 1):
        animals = ("two", "one") if number == 4 else ("one", "two")
        write_poses(tmp_path / f"{number}DLC.csv", animals)
        (tmp_path / f"{number}_bouts.csv").write_text(HEADER + rows)
    manifest, notes = init_manifest(
        poses=[f"{tmp_path}/*DLC.csv"], labels=[f"{tmp_path}/*_bouts.csv"], common={"fps": 25.0}
    )
    assert [note.partition(", who stands")[0] for note in who_acts(notes)] == [
        "2: who acts is not said in any bout: read as done by 'one'",
        "3: who acts is not said in 1 of 2 bouts: read as done by 'one'",
        "4: who acts is not said in any bout: read as done by 'two'",
    ]
    assert [each.labels.bouts["agent"].tolist() for each in load_manifest(manifest)] == [
        ["one"],
        ["one"],
        ["one", "one"],
        ["two"],
    ]
    about = describe(manifest.save(tmp_path / "m.csv"))
    assert [f"{note}." for note in who_acts(about["notes"])] == who_acts(notes)


def test_labels_that_a_model_made_are_told_together(project):
    for number in (2, 3):
        path = project / "labels" / f"{number}_bouts.csv"
        path.write_text(f"{HEADER.strip()},mean_probability\none,two,sniff,2,4,0.9\n")
    _, notes = start(project, common={"fps": 25.0, "px_per_cm": 10.0})
    (note,) = [each for each in notes if "a model found these bouts" in each]
    assert note.startswith("2, 3: a model found these bouts")


class TestOneLabelFileForTheWholeStudy:
    """Three recordings in one table, of which the second shows another behaviour."""

    def write(self, tmp_path, names=("cage1", "cage2", "cage9")):
        for name in ("cage1", "cage2"):
            write_poses(tmp_path / f"{name}DLC.csv", ("one", "two"))
        shown = zip(names, ("sniff", "bite", "sniff"), strict=True)
        rows = "".join(f"{name},one,two,{behaviour},0,1\n" for name, behaviour in shown)
        (tmp_path / "all.csv").write_text(f"recording,{HEADER}{rows}")

    def start(self, tmp_path, **options):
        return init_manifest(
            poses=[f"{tmp_path}/*DLC.csv"],
            labels=[tmp_path / "all.csv"],
            common={"fps": 25.0},
            **options,
        )

    def test_recordings_are_matched_and_what_was_looked_for_is_filled_in(self, tmp_path):
        self.write(tmp_path)
        manifest, notes = self.start(tmp_path)
        assert [(e.recording, e.item, e.looked_for) for e in manifest] == [
            ("cage1", "cage1", ("bite",)),
            ("cage2", "cage2", ("sniff",)),
        ]
        assert (
            "all.csv has labels of 1 recording without poses, which are left out: cage9." in notes
        )
        again = Manifest.load(manifest.save(tmp_path / "m.csv"))
        shown = [each.labels.bouts["behaviour"].tolist() for each in load_manifest(again)]
        assert shown == [["sniff"], ["bite"]]

    @pytest.mark.parametrize(
        ("inside", "header", "items"),
        [
            (("x", "y", "z"), "poses,labels,item,split", ("x", "z")),
            (("cage1", "cage2", "y"), "poses,labels,split", ("cage1", "cage2")),
        ],
    )
    def test_a_table_says_which_belong_together(self, tmp_path, inside, header, items):
        """Which recording of the file it is, the table says or the names do."""
        self.write(tmp_path, inside)
        told = [f"{item}," if "item" in header else "" for item in items]
        rows = [f"cage{n}DLC.csv,all.csv,{item}train" for n, item in enumerate(told, 1)]
        (tmp_path / "s.csv").write_text("\n".join((header, *rows)))
        manifest, _ = self.start(tmp_path, splitting=Splitting(table=tmp_path / "s.csv"))
        assert {entry.labels.name for entry in manifest} == {"all.csv"}
        assert tuple(entry.item for entry in manifest) == items

    def test_what_the_table_says_goes_before_what_the_names_say(self, tmp_path):
        self.write(tmp_path)
        (tmp_path / "s.csv").write_text(
            "poses,item,split\ncage1DLC.csv,cage9,train\ncage2DLC.csv,,val\n"
        )
        manifest, _ = self.start(tmp_path, splitting=Splitting(table=tmp_path / "s.csv"))
        assert [entry.item for entry in manifest] == ["cage9", "cage2"]

    def test_two_annotators_in_one_file_for_each_video(self, tmp_path):
        """Which of them is meant is asked for where it is read: the manifest is written."""
        (tmp_path / "labels").mkdir()
        for name in ("cage1", "cage2"):
            write_poses(tmp_path / f"{name}DLC.csv", ("one", "two"))
            rows = "".join(f"{who},one,two,sniff,0,1\n" for who in ("anna", "ben"))
            (tmp_path / "labels" / f"{name}.csv").write_text(f"recording,{HEADER}{rows}")
        manifest, notes = init_manifest(
            poses=[f"{tmp_path}/*DLC.csv"], labels=[f"{tmp_path}/labels/*"], common={"fps": 25.0}
        )
        told = [(each.recording, each.labels.name, each.item) for each in manifest]
        assert told == [("cage1", "cage1.csv", ""), ("cage2", "cage2.csv", "")]
        assert any("'anna', 'ben'; one was expected" in note for note in notes)
        assert any("the column item of the manifest" in note for note in notes)


def test_labels_without_the_stream_are_left_out(project):
    """Of two streams the second was coded where there was something to be seen."""
    for number in range(1, 12):
        second = "one,two,bite,5,7,S2\n" if number in (3, 8) else ""
        label = project / "labels" / f"{number}_bouts.csv"
        label.write_text(
            f"agent,target,behaviour,start_frame,stop_frame,stream\none,two,attack,3,9,S1\n{second}"
        )
    manifest, notes = start(project, common={"fps": 25.0, "stream": "S2"})
    assert [name for name, each in by_name(manifest).items() if each.labels] == ["3", "8"]
    (note,) = [each for each in notes if "lack the stream 'S2'" in each]
    assert note.startswith("9 of 11 label files") and note.endswith("7, 9, 10, 11.")
    everywhere, notes = start(project, common={"fps": 25.0, "stream": "S3"})
    assert all(entry.labels for entry in everywhere), "a slip of the pen, rather"
    assert any("'S3' was expected" in each for each in notes)


def test_a_label_file_that_cannot_be_read_is_named_as_what_was_looked_for_hangs_on_it(project):
    header = "agent,target,behaviour,start_frame,stop_frame\n"
    for number in range(1, 12):
        text = header + ("one,two,attack,nine,9\n" if number == 3 else "one,two,attack,3,9\n")
        (project / "labels" / f"{number}_bouts.csv").write_text(text)
    manifest, notes = start(project, common={"fps": 25.0})
    assert not any(entry.looked_for for entry in manifest)
    (note,) = [each for each in notes if "looked_for" in each]
    assert note.startswith("The labels of 3 cannot be read") and "run init again; if you" in note
    assert "3_bouts.csv" in note and "'nine'" in note, "and what is wrong with them"


def test_what_other_files_name_was_looked_for_in_those_that_name_only_what_was_seen(project):
    """Attacks in the first alone, grooming in the second; nothing happened in the third."""
    header = "agent,target,behaviour,start_frame,stop_frame\n"
    rows = {1: "one,two,attack,3,9\n", 2: "one,two,sniff,3,9\none,self,groom,5,7\n", 3: ""}
    for number in range(1, 12):
        text = header + rows.get(number, "one,two,attack,3,9\none,two,sniff,11,12\n")
        (project / "labels" / f"{number}_bouts.csv").write_text(text)
    manifest, notes = start(project, common={"fps": 25.0})
    rows = by_name(manifest)
    assert rows["1"].looked_for == ("self:groom", "sniff") and rows["2"].looked_for == ("attack",)
    assert rows["3"].looked_for == ("attack", "self:groom", "sniff")
    (note,) = [each for each in notes if "looked_for" in each]
    assert "others name more (attack, self:groom, sniff): that counts as looked for" in note
    assert note.startswith("11 of 11 label files") and "(1, 2, 3, 4, 5 and 6 more)" in note
    saved = Manifest.load(manifest.save(project / "study.csv"))
    labels = load_entry(by_name(saved)["3"]).labels
    seen = labels.frames(Pair("one", "two"), ["attack", "groom", "sniff"])
    assert seen.observed.all() and not seen.active.any()
    assert labels.self_behaviours == ("groom",)
    pairs, _ = start(project, common={"fps": 25.0, "directed": False})
    assert by_name(pairs)["1"].looked_for == ("groom", "sniff"), "of the pair, whoever groomed"
    asked, _ = start(project, common={"fps": 25.0, "looked_for": ("sniff",)})
    assert {entry.looked_for for entry in asked} == {("sniff",)}, "what people say stays"


def test_what_is_done_to_oneself_is_not_filled_in_without_direction(project):
    header = "agent,target,behaviour,start_frame,stop_frame\n"
    for number in range(1, 12):
        text = header + "one,two,attack,3,9\none,two,sniff,11,12\none,self,groom,5,7\n"
        (project / "labels" / f"{number}_bouts.csv").write_text(text)
    (project / "labels" / "1_bouts.csv").write_text(f"# directed,no\n{header}one,two,attack,3,9\n")
    row = by_name(start(project, common={"fps": 25.0})[0])["1"]
    assert row.looked_for == ("sniff",)
    assert load_entry(row).labels.behaviours == ("attack", "sniff")


def test_the_rats_split_stays_as_it_is(shared_data):
    rats = shared_data / "rat_dyads"
    manifest, _ = init_manifest(
        poses=[rats / "poses/*.csv"],
        labels=[rats / "labels/*.txt"],
        common={"stream": "S1", "not_observed": ("base",), "directed": False, "fps": 20.0},
        splitting=Splitting(table=rats / "recordings.csv"),
    )
    assert manifest.splits == {"train": 32, "val": 10}
    assert by_name(manifest)["rat05"].split == "val"


def test_what_is_filled_in_leaves_bouts_that_name_no_target_as_they_are(project):
    header = "agent,target,behaviour,start_frame,stop_frame\n"
    rows = {1: "one,,groom,3,9\n", 2: "one,self,groom,3,9\n"}
    for number in range(1, 12):
        text = header + rows.get(number, "one,two,attack,3,9\n")
        (project / "labels" / f"{number}_bouts.csv").write_text(text)
    rows = by_name(start(project, common={"fps": 25.0})[0])
    assert rows["1"].looked_for == ("attack", "groom", "self:groom")
    assert {*load_entry(rows["1"]).labels.bouts["target"]} == {"two"}


def test_labels_are_read_with_the_animals_of_their_own_recording(tmp_path):
    for cage, (agent, target) in {"cage1": "AB", "cage2": "CD"}.items():
        write_poses(tmp_path / f"{cage}_poses.csv", (agent, target))
        behaviour = "attack" if agent == "A" else "mount"
        (tmp_path / f"{cage}_bouts.csv").write_text(f"{HEADER}{agent},{target},{behaviour},0,1\n")
    manifest, notes = init_manifest(
        poses=[f"{tmp_path}/*_poses.csv"], labels=[f"{tmp_path}/*_bouts.csv"]
    )
    assert not any("cannot be read" in note for note in notes)
    assert [entry.looked_for for entry in manifest] == [("mount",), ("attack",)]


@pytest.fixture
def read(monkeypatch):
    """Names of the pose files that were read, in their order."""
    files = []

    def counted(path, *options):
        files.append(path.name.removesuffix("DLC_net.csv"))
        return read_poses(path, *options)

    monkeypatch.setattr("nuzzle.io.load.read_poses", counted)
    return files


def test_poses_are_read_again_only_where_labels_cannot_be_read(project, read):
    start(project)
    assert read == ["1", "1"], "for the labels, and for the first look"


def test_poses_are_read_once_for_all_but_the_first_look(project, read):
    """Their length is asked for by the split, their animals for the labels of both parts."""
    for path in (project / "labels").iterdir():
        path.write_text("behaviour,start_frame,stop_frame\nsniff,2,5\n")
    _, notes = start(project, common={"fps": 25.0}, splitting=Splitting(train_frames=0.6))
    assert len(who_acts(notes)) == 1
    assert read == [*map(str, range(1, 12)), "1"]


def test_the_format_of_poses_is_told_once_for_the_manifest(project, monkeypatch):
    told = []
    monkeypatch.setattr(
        "nuzzle.io.init_manifest.pose_format", lambda path: told.append(path) or pose_format(path)
    )
    start(project)
    assert len(told) == 11
