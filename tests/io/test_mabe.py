from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nuzzle.errors import FormatError, InputError, ManifestError, OutputError, StreamError
from nuzzle.io import mabe
from nuzzle.io.init_manifest import init_manifest
from nuzzle.io.load import load_entry
from nuzzle.io.mabe_labels import LABEL_FORMAT, nothing_seen, read_bouts
from nuzzle.io.mabe_table import TRAIN_COLUMNS, looked_for
from nuzzle.io.mabe_write import write_mabe
from nuzzle.io.registry import LabelOptions, PoseOptions
from nuzzle.labels import Labels, Pair
from nuzzle.recording import Recording
from nuzzle.skeleton import MOUSE7_KEYPOINTS

PAIR = Pair("mouse1", "mouse2")
SPAN = ["agent", "target", "behaviour", "start_frame", "stop_frame"]


class Tree:
    """A MABe tree written by hand, a recording at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows: list[dict[str, Any]] = []

    def add(self, video: str, *, lab: str = "Lab", row: bool = True, **cells: Any) -> Path:
        """Three frames of two mice with a nose and a tail base, frame 1 missing throughout."""
        usual = {
            "lab_id": lab,
            "video_id": video,
            "frames_per_second": 30.0,
            "video_duration_sec": 0.1,
            "pix_per_cm_approx": 16.0,
            "body_parts_tracked": '["tail_base", "nose"]',
            "behaviors_labeled": '["mouse1,mouse2,attack", "mouse2,self,rear"]',
            "tracking_method": "MARS",
        }
        if row:
            self.rows.append(usual | cells)
            table = pd.DataFrame(self.rows, columns=list(TRAIN_COLUMNS))
            table.to_csv(self.root / "train.csv", index=False)
        points = [
            (0, 1, "nose", 1.5, 2.5),
            (0, 2, "nose", 3.0, 4.0),
            (0, 1, "tail_base", 0.0, 0.0),
            (2, 2, "tail_base", 5.0, 0.0),
        ]
        columns = ["video_frame", "mouse_id", "bodypart", "x", "y"]
        return self.parquet("tracking", lab, video, pd.DataFrame(points, columns=columns))

    def annotate(self, video: str, bouts: list[tuple[Any, ...]], lab: str = "Lab") -> Path:
        columns = ["agent_id", "target_id", "action", "start_frame", "stop_frame"]
        return self.parquet("annotation", lab, video, pd.DataFrame(bouts, columns=columns))

    def parquet(self, what: str, lab: str, video: str, table: pd.DataFrame) -> Path:
        path = self.root / f"train_{what}" / lab / f"{video}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(path)
        return path


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_tracking_is_placed_and_the_rest_is_missing(tree: Tree) -> None:
    path = tree.add("17")
    assert mabe.FORMAT.sniff(path)
    recording = mabe.FORMAT.read(path, PoseOptions())
    # The order of train.csv, not that of the rows.
    assert recording.keypoints == ("tail_base", "nose")
    assert recording.individuals == PAIR
    expected = np.full((3, 2, 2, 2), np.nan)
    expected[0, :, 1, 0] = 1.5, 2.5
    expected[0, :, 1, 1] = 3.0, 4.0
    expected[2, :, 0, 1] = 5.0, 0.0
    np.testing.assert_array_equal(recording.position, expected)
    assert np.isnan(recording.confidence).all()
    assert (recording.name, recording.fps, recording.px_per_cm) == ("17", 30, 16)
    assert (recording.lab, recording.group) == ("Lab", "Lab/17")


def test_ids_with_and_without_the_word_mouse_are_one(tree: Tree) -> None:
    table = pd.read_parquet(tree.add("17"))
    table["mouse_id"] = ["1", "mouse2", "mouse1", "2"]
    path = tree.parquet("tracking", "Lab", "17", table)
    recording = mabe.read_tracking(path)
    assert recording.individuals == PAIR
    assert recording.position[2, 0, 0, 1] == 5.0


def test_file_outside_a_tree_is_read_for_what_it_says(tmp_path: Path, tree: Tree) -> None:
    path = tree.add("17", row=False).rename(tmp_path / "alone.parquet")
    recording = mabe.read_tracking(path, PoseOptions(name="mine", fps=25))
    assert (recording.name, recording.fps, recording.px_per_cm) == ("mine", 25, None)
    assert recording.keypoints == ("nose", "tail_base")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="bodypart"), r"\['bodypart'\] are missing"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "1 points occur in several rows"),
        (lambda t: t.assign(video_frame=t.video_frame - 1), "begins at 0; got -1"),
        (lambda t: t.assign(x="left"), "are numbers"),
        (lambda t: t.iloc[:0], "no rows"),
    ],
)
def test_wrong_tracking_is_refused(tree: Tree, change: Any, message: str) -> None:
    table = change(pd.read_parquet(tree.add("17")))
    with pytest.raises(FormatError, match=message):
        mabe.read_tracking(tree.parquet("tracking", "Lab", "17", table))


def test_truncated_parquet_is_refused(tree: Tree) -> None:
    tracking, annotation = tree.add("17"), tree.annotate("17", [(1, 2, "attack", 0, 2)])
    for path, read in ((tracking, mabe.read_tracking), (annotation, LABEL_FORMAT.read)):
        path.write_bytes(path.read_bytes()[:-20])
        assert not mabe.FORMAT.sniff(path) and not LABEL_FORMAT.sniff(path)
        with pytest.raises(FormatError, match="not a complete parquet"):
            read(path, None)


@pytest.mark.parametrize("column", ["agent_id", "target_id", "action"])
def test_a_bout_without_a_name_is_refused(tree: Tree, column: str) -> None:
    tree.add("17")
    bouts = pd.read_parquet(
        tree.annotate("17", [(1, "2", "attack", 0, 2), (2, "self", "rear", 0, 1)])
    )
    bouts[column] = bouts[column].where([True, False])
    path = tree.parquet("annotation", "Lab", "17", bouts)
    with pytest.raises(FormatError, match=f"the {column} of every bout, and row 1, .*is self"):
        LABEL_FORMAT.read(path, LabelOptions())


def test_labels_and_what_was_looked_for(tree: Tree) -> None:
    tree.add("17")
    path = tree.annotate(
        "17",
        [("1", "2", "attack", 0, 2), ("mouse2", "self", "rear", 1, 3), ("2", "2", "rear", 0, 1)],
    )
    assert LABEL_FORMAT.sniff(path)
    labels = LABEL_FORMAT.read(path, LabelOptions(n_frames=3))
    assert labels.bouts[SPAN].to_numpy().tolist() == [
        ["mouse2", "mouse2", "rear", 0, 1],
        ["mouse1", "mouse2", "attack", 0, 2],
        ["mouse2", "mouse2", "rear", 1, 3],
    ]
    assert labels.observed.to_numpy().tolist() == [
        ["mouse1", "mouse2", "attack", 0, 3],
        ["mouse2", "mouse2", "rear", 0, 3],
    ]
    assert not labels.exclusive and labels.background is None and labels.notes == ()
    assert labels.self_behaviours == ("rear",)


def test_what_counts_for_nothing_is_left_out_and_said(tree: Tree) -> None:
    tree.add("17")
    bouts = [(1, 2, "attack", 2, 2), (1, 2, "attack", 3, 1), (2, 1, "attack", 0, 1)]
    path = tree.annotate("17", [*bouts, (1, 2, "attack", 1, 9)])
    labels = LABEL_FORMAT.read(path, LabelOptions(n_frames=3))
    assert labels.bouts[SPAN].to_numpy().tolist() == [["mouse1", "mouse2", "attack", 1, 3]]
    assert "2 bouts that stop before or where they start" in labels.notes[0]
    assert "mouse2,mouse1,attack" in labels.notes[1]
    assert labels.notes[2].startswith("the labels run 6 frames past the 3 of the recording; these")
    assert labels.notes[2].endswith(
        "Is the frame rate right, and do the labels belong to this recording?"
    )
    assert len(labels.notes) == 3


def test_frames_of_another_rate_are_noted(tree: Tree) -> None:
    tree.add("17", frames_per_second=25.0, video_duration_sec=40.0)
    path = tree.annotate("17", [(1, 2, "attack", 0, 990)])
    (note,) = LABEL_FORMAT.read(path, LabelOptions(n_frames=1200)).notes
    assert "1200 frames" in note and "make 1000" in note


def test_recording_without_annotation_has_seen_nothing(
    tree: Tree, classes_of: Callable[..., list[int]]
) -> None:
    tracking = tree.add("17")
    labels = LABEL_FORMAT.read(tracking, LabelOptions(n_frames=3, background="other"))
    assert len(labels.bouts) == 0 and labels.behaviours == ("attack", "rear")
    assert classes_of(labels, PAIR, ["attack", "other"]) == [1, 1, 1]


def test_labels_honour_what_the_manifest_says(tree: Tree) -> None:
    tree.add("17")
    bouts = [(1, 2, "attack", 0, 1), (1, 2, "hidden", 1, 2), (2, 2, "rear", 2, 3)]
    path = tree.annotate("17", bouts)
    options = LabelOptions(n_frames=3, not_observed=("hidden",), background="rear")
    labels = LABEL_FORMAT.read(path, options)
    assert labels.bouts[SPAN].to_numpy().tolist() == [[*PAIR, "attack", 0, 1]]
    assert labels.observed.to_numpy().tolist() == [
        [*PAIR, "attack", 0, 1],
        [*PAIR, "attack", 2, 3],
    ]
    assert labels.background == "rear" and labels.notes == ()
    with pytest.raises(StreamError, match="'left' was expected; the file has no parallel streams"):
        LABEL_FORMAT.read(path, LabelOptions(stream="left"))


def test_recording_without_row_has_looked_for_what_occurs(tree: Tree) -> None:
    tree.add("17")
    tracking = tree.add("18", row=False)
    with pytest.raises(InputError, match="no annotation file"):
        LABEL_FORMAT.read(tracking, LabelOptions())
    path = tree.annotate("18", [(1, 2, "chase", 0, 2)])
    labels = LABEL_FORMAT.read(path, LabelOptions(n_frames=3))
    assert labels.behaviours == ("chase",)
    assert "what occurs is: chase" in labels.notes[0]


def test_stray_quotes_are_stripped() -> None:
    text = "[\"'mouse1','mouse2','sniff'\", \"mouse1','mouse2','attack'\", \"mouse2,self,rear\"]"
    assert looked_for(text) == {
        (*PAIR, "sniff"),
        (*PAIR, "attack"),
        ("mouse2", "mouse2", "rear"),
    }
    assert looked_for("") == looked_for(float("nan")) == frozenset()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"frames_per_second": "fast"}, "line 2: .*'fast'"),
        ({"behaviors_labeled": '["attack"]'}, "line 2: 'attack' is not of the form"),
        ({"behaviors_labeled": "attack"}, "line 2"),
    ],
)
def test_wrong_row_is_named(tree: Tree, cells: dict[str, Any], message: str) -> None:
    path = tree.add("17", **cells)
    with pytest.raises(FormatError, match=message):
        mabe.read_tracking(path)


def test_manifest(tree: Tree) -> None:
    tree.add("1", mouse1_id=10.0, mouse2_id=11.0)
    tree.add("2", mouse1_id=12.0, mouse2_id=13.0)
    tree.add("3", mouse1_id=11.0, mouse2_id=12.0)
    tree.add("4", mouse1_id=20.0)
    tree.add("5", lab="Other", mouse1_id=20.0, behaviors_labeled="")
    annotation = tree.annotate("1", [(1, 2, "attack", 0, 2)])
    entries = {entry.recording: entry for entry in mabe.manifest_from_mabe(tree.root)}
    assert entries["1"].labels == annotation
    # Nothing seen of what was looked for: the labels are read through the tracking file.
    assert entries["2"].labels == entries["2"].poses
    assert entries["5"].labels is None
    assert (entries["1"].fps, entries["1"].px_per_cm, entries["1"].lab) == (30, 16, "Lab")
    # 1 and 2 share no animal, but 3 shares one with each.
    groups = [entries[name].group for name in "12345"]
    assert groups[0] == groups[1] == groups[2]
    assert len(set(groups)) == 3
    only = mabe.manifest_from_mabe(tree.root, labs=["Other"])
    assert [entry.recording for entry in only] == ["5"]


def test_recordings_without_an_annotation_file_are_named(tree: Tree) -> None:
    tree.add("1")
    tree.annotate("1", [(1, 2, "attack", 0, 2)])
    assert nothing_seen(tree.root) == ()
    tree.add("2")
    tree.add("3", lab="Other")
    tree.add("4", behaviors_labeled="")
    (note,) = nothing_seen(tree.root)
    assert "counts as nothing seen: 2 of 3 recordings (2, 3)" in note
    assert "half unpacked" in note and str(tree.root / "train_annotation") in note
    (note,) = nothing_seen(tree.root, ["Other"])
    assert "1 of 1 recording (3)" in note


def test_manifest_refuses(tree: Tree) -> None:
    with pytest.raises(InputError, match=r"no train\.csv"):
        mabe.manifest_from_mabe(tree.root)
    tree.add("1").unlink()
    with pytest.raises(ManifestError, match=r"no labs \['Nobody'\]"):
        mabe.manifest_from_mabe(tree.root, labs=["Nobody"])
    with pytest.raises(ManifestError, match="none of 1 recording has a tracking file"):
        mabe.manifest_from_mabe(tree.root)


def test_recordings_without_a_tracking_file_are_left_out_and_named(tree: Tree) -> None:
    for video in ("1", "2"):
        tree.add(video)
        tree.annotate(video, [(1, 2, "attack", 0, 2)])
    assert mabe.missing_files(tree.root) == ()
    (tree.root / "train_tracking/Lab/2.parquet").unlink()
    tree.add("3", lab="Other")
    assert [entry.recording for entry in mabe.manifest_from_mabe(tree.root)] == ["1", "3"]
    note, bare = mabe.missing_files(tree.root)
    assert "no annotation file" in bare
    assert "1 of 3 recordings have no tracking file and are left out (2)" in note
    assert str(tree.root / "train_tracking") in note
    assert mabe.missing_files(tree.root, ["Other"]) == (*nothing_seen(tree.root, ["Other"]),)
    _, notes = init_manifest(mabe=tree.root)
    assert note in notes


def test_a_labelled_mouse_without_tracks_is_named(tree: Tree) -> None:
    tree.add("1", behaviors_labeled='["mouse1,mouse3,attack"]')
    tree.annotate("1", [(1, 3, "attack", 0, 2)])
    (entry,) = mabe.manifest_from_mabe(tree.root)
    note = "labels name 'mouse3' (1 bout), which has no point in any frame"
    assert any(note in said for said in load_entry(entry).all_notes)


def recording_of(name: str, **attributes: Any) -> Recording:
    rng = np.random.default_rng(len(name))
    position = rng.normal(300, 50, (50, 2, 7, 2)).astype(np.float32)
    position[10:12] = np.nan
    position[20, :, 3, 1] = np.nan
    position[-1] = np.nan
    active = np.zeros((50, 2), dtype=bool)
    active[3:9, 0], active[5:20, 1] = True, True
    usual: dict[str, Any] = {
        "fps": 25.0,
        "px_per_cm": 18.5,
        "lab": "Basel",
        "labels": Labels.from_frames(PAIR, active, ["attack", "sniff"]),
    }
    return Recording.from_arrays(
        name, position, keypoints=MOUSE7_KEYPOINTS, individuals=PAIR, **(usual | attributes)
    )


def test_round_trip(tmp_path: Path) -> None:
    own = [dict(zip(SPAN, ("mouse2", "mouse2", "rear", 4, 6), strict=True))]
    looked = [dict(zip(SPAN, ("mouse2", "mouse2", "rear", 0, 50), strict=True))]
    before = [
        recording_of("101", group="cage 1"),
        recording_of("102", group="cage 1", labels=None, px_per_cm=None),
        recording_of("103", group="cage 2", labels=Labels(own, looked, 50)),
        recording_of("104", group="cage 3", labels=Labels([], looked, 50)),
    ]
    root = write_mabe(iter(before), tmp_path / "tree")
    manifest = mabe.manifest_from_mabe(root)
    assert len({entry.group for entry in manifest}) == 3
    assert manifest.entries[0].group == manifest.entries[1].group
    for one, entry in zip(before, manifest, strict=True):
        other = mabe.read_tracking(entry.poses)
        np.testing.assert_array_equal(one.position, other.position)
        for attribute in ("name", "fps", "px_per_cm", "lab", "keypoints", "individuals"):
            assert getattr(one, attribute) == getattr(other, attribute), attribute
        assert (entry.labels is None) == (one.labels is None)
        if one.labels is not None and entry.labels is not None:
            labels = LABEL_FORMAT.read(entry.labels, LabelOptions(n_frames=one.n_frames))
            assert labels.bouts[SPAN].equals(one.labels.bouts[SPAN])
            assert labels.observed.equals(one.labels.observed)
            assert labels.notes == ()


def test_written_layout_is_genuine(tmp_path: Path, shared_data: Path) -> None:
    simulated = recording_of("101", source="simulated").rename(
        individuals={"mouse1": "resident", "mouse2": "intruder"}
    )
    root = write_mabe([simulated, recording_of("102")], tmp_path)
    ours = pd.read_csv(root / "train.csv")
    theirs = pd.read_csv(shared_data / "mabe2025" / "train.csv", nrows=1)
    assert list(ours.columns) == list(theirs.columns) == list(TRAIN_COLUMNS)
    assert len(ours.columns) == 38
    assert ours["tracking_method"].tolist()[0] == "simulated"
    assert ours["tracking_method"].isna().tolist() == [False, True]
    assert ours["video_duration_sec"].tolist() == [2.0, 2.0]
    listed = json.loads(ours["behaviors_labeled"][0])
    assert listed == ["mouse1,mouse2,attack", "mouse1,mouse2,sniff"]
    table = pd.read_parquet(root / "train_annotation" / "Basel" / "101.parquet")
    assert table.to_numpy().tolist() == [[1, 2, "attack", 3, 9], [1, 2, "sniff", 5, 20]]
    tracking = pd.read_parquet(root / "train_tracking" / "Basel" / "101.parquet")
    assert list(tracking.columns) == ["video_frame", "mouse_id", "bodypart", "x", "y"]
    # Two frames and one point are missing, and the last frame keeps one row.
    assert len(tracking) == 47 * 14 - 1 + 1
    assert mabe.manifest_from_mabe(root).entries[0].lab == "simulated Basel"


def test_writer_refuses(tmp_path: Path) -> None:
    part = np.ones((50, 1), dtype=bool)
    part[7] = False
    some = Labels.from_frames(PAIR, part, ["a"], observed=part)
    undirected = Labels.from_frames(PAIR, part, ["a"], directed=False)
    for recording, message in (
        (recording_of("1", labels=some), "part of its frames"),
        (recording_of("1", labels=undirected), "undirected"),
        (recording_of("1", unit="cm"), "in px"),
        (recording_of("a/b"), "slash"),
        (recording_of("1", fps=None), "frame rate is unknown"),
    ):
        with pytest.raises(InputError, match=message):
            write_mabe([recording], tmp_path / "bad")
    with pytest.raises(InputError, match="names are unique"):
        write_mabe([recording_of("1")] * 2, tmp_path / "twice")
    with pytest.raises(InputError, match="no recordings"):
        write_mabe([], tmp_path / "none")
    write_mabe([recording_of("1")], tmp_path / "good")
    with pytest.raises(OutputError, match="exists already"):
        write_mabe([recording_of("1")], tmp_path / "good")


def test_every_annotation_of_the_challenge_reads(shared_data: Path) -> None:
    files = sorted((shared_data / "mabe2025" / "train_annotation").glob("*/*.parquet"))
    assert len(files) == 847
    bouts, backwards, actions, odd = 0, 0, set(), []
    for path in files:
        table = read_bouts(path)
        bad = int((table["stop_frame"] <= table["start_frame"]).sum())
        bouts, backwards = bouts + len(table), backwards + bad
        actions |= set(table["behaviour"])
        if bad:
            odd.append((path, len(table), bad))
    assert (bouts, backwards, len(actions)) == (83_620, 59, 37)
    for path, total, bad in odd:
        labels = LABEL_FORMAT.read(path, LabelOptions())
        assert len(labels.bouts) == total - bad
        assert labels.notes[0] == f"{bad} bouts that stop before or where they start were left out"


def test_recording_without_a_row_reads(shared_data: Path) -> None:
    path = shared_data / "mabe2025" / "train_annotation" / "CRIM13" / "1733903958.parquet"
    labels = LABEL_FORMAT.read(path, LabelOptions())
    assert len(labels.bouts) == 29 - 4
    assert "what occurs" in labels.notes[1]


def test_merged_sniffs_cover_all_of_calms21_task1(shared_data: Path) -> None:
    root = shared_data / "mabe2025"
    train = pd.read_csv(root / "train.csv")
    lists = train.loc[train["lab_id"] == "CalMS21_task1", "behaviors_labeled"].map(looked_for)
    assert len(lists) == 101
    listing = {
        name: sum(any(each.behaviour == name for each in actions) for actions in lists)
        for name in {each.behaviour for actions in lists for each in actions}
    }
    assert listing == {
        **{"sniffgenital": 76, "sniffbody": 60, "mount": 54, "sniffface": 57, "approach": 52},
        **{"sniff": 41, "attack": 33, "genitalgroom": 17, "intromit": 10},
    }
    sniffs = {"sniffgenital", "sniffbody", "sniffface", "sniff"}
    assert all({each.behaviour for each in actions} & sniffs for actions in lists)
    grooming = {each for actions in lists for each in actions if each.behaviour == "genitalgroom"}
    assert all(each.agent == each.target for each in grooming)


def test_manifest_of_the_challenge(shared_data: Path, tmp_path: Path) -> None:
    # The tracking files are not published with the labels: empty files stand in their place.
    source = shared_data / "mabe2025"
    (tmp_path / "train.csv").symlink_to(source / "train.csv")
    (tmp_path / "train_annotation").symlink_to(source / "train_annotation")
    train = pd.read_csv(source / "train.csv")
    for lab, video in zip(train["lab_id"], train["video_id"], strict=True):
        path = tmp_path / "train_tracking" / str(lab) / f"{video}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    manifest = mabe.manifest_from_mabe(tmp_path)
    assert len(manifest) == 862
    # 15 recordings of one lab were not labelled; in one nothing was seen.
    assert sum(entry.labels is None for entry in manifest) == 15
    assert sum(entry.labels == entry.poses for entry in manifest) == 1
    task1 = mabe.manifest_from_mabe(tmp_path, labs=["CalMS21_task1"])
    assert len(task1) == 101 and {entry.fps for entry in task1} == {30.0}
    assert 1 < len({entry.group for entry in task1}) < 101
