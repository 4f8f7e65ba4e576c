import gzip
import json
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from nuzzle.errors import FormatError, InputError, ManifestError
from nuzzle.io.calms21_write import write_calms21
from nuzzle.io.describe import describe, describe_labels
from nuzzle.io.init_manifest import init_manifest
from nuzzle.io.load import read_poses
from nuzzle.io.registry import LabelOptions, PoseOptions
from nuzzle.io.splits import Splitting
from nuzzle.labels import Labels, Pair
from nuzzle.manifest import Manifest
from nuzzle.recording import Recording
from nuzzle.skeleton import MOUSE7_KEYPOINTS


@pytest.fixture
def project(tmp_path, write_project):
    write_project(tmp_path, ["1", "2"])
    return tmp_path


def test_poses(project):
    about = describe(project / "poses" / "1DLC_net.csv")
    assert (about["kind"], about["format"]) == ("poses", "deeplabcut_csv")
    assert (about["n_frames"], about["fps"], about["duration_s"]) == (20, None, None)
    assert about["individuals"] == ["one", "two"]
    assert about["missing"]["two"]["nose"] == pytest.approx(1 / 20)
    assert about["missing"]["one"] == {"nose": 0.0, "tailbase": 0.0}
    assert about["complete"] == pytest.approx(19 / 20)
    assert about["confidence"] is None
    assert about["skeleton"]["tail_base"] == "tailbase"
    assert about["skeleton"]["renamed"] == {"tailbase": "tail_base"}
    assert about["labels"] is None


def test_a_bundle_is_named(tmp_path):
    path = tmp_path / "m.nuzzle"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bundle.json", "a model")
    told = r"m\.nuzzle is a bundle of nuzzle, a trained model; a {} was expected"
    with pytest.raises(InputError, match=told.format("pose file, label file or manifest")):
        describe(path)
    for read, what in ((read_poses, "pose file"), (Manifest.load, "manifest")):
        with pytest.raises(InputError, match=told.format(what)):
            read(path)


def test_what_the_file_does_not_say(project):
    about = describe(project / "poses" / "1DLC_net.csv", poses=PoseOptions(fps=10.0))
    assert about["duration_s"] == pytest.approx(2.0)


def test_labels(project):
    about = describe(project / "labels" / "1_bouts.csv", labels=LabelOptions(n_frames=20))
    assert about["kind"] == "labels"
    assert about["pairs"] == ["one->two"]
    (row,) = about["behaviours"]
    assert (row["behaviour"], row["bouts"], row["frames"], row["observed_frames"]) == (
        "sniff",
        2,
        6,
        20,
    )


def test_overlapping_bouts_are_counted_once_and_pairs_are_summed():
    span = ("agent", "target", "behaviour", "start_frame", "stop_frame")
    bouts = [("a", "b", "x", 0, 6), ("a", "b", "x", 4, 8), ("b", "a", "x", 0, 3)]
    observed = [("a", "b", "x", 0, 10), ("b", "a", "x", 0, 10), ("a", "b", "y", 0, 5)]
    labels = Labels(
        [dict(zip(span, row, strict=True)) for row in bouts],
        [dict(zip(span, row, strict=True)) for row in observed],
        10,
    )
    rows = {row["behaviour"]: row for row in describe_labels(labels)["behaviours"]}
    assert (rows["x"]["bouts"], rows["x"]["frames"], rows["x"]["observed_frames"]) == (3, 11, 20)
    assert (rows["y"]["bouts"], rows["y"]["frames"], rows["y"]["observed_frames"]) == (0, 0, 5)


def test_a_file_of_many_sequences_shows_its_first(tmp_path):
    active = np.zeros((30, 1), dtype=bool)
    active[3:5] = True
    labels = Labels.from_frames(
        Pair("resident", "intruder"), active, ["attack"], exclusive=True, background="other"
    )
    first = Recording.from_arrays(
        "task1/train/mouse001",
        np.ones((30, 2, 7, 2)),
        keypoints=MOUSE7_KEYPOINTS,
        individuals=("resident", "intruder"),
        fps=30.0,
        labels=labels,
    )
    path = write_calms21([first, replace(first, name="task1/train/mouse002")], tmp_path / "c.json")
    about = describe(path)
    assert len(about["items"]) == 2
    assert about["shown_item"] == about["items"][0]
    assert about["labels"]["behaviours"][0]["frames"] == 2
    assert describe(path, poses=PoseOptions(item=about["items"][1]))["n_frames"] == 30


def test_a_manifest_split_by_split(project):
    manifest, _ = init_manifest(
        poses=[project / "poses/*.csv"],
        labels=[project / "labels/*.csv"],
        common={"fps": 10.0},
        splitting=Splitting(train_frames=0.6),
    )
    path = manifest.save(project / "m.csv")
    read = []
    about = describe(path, progress=read.append)
    assert read == ["1-train", "1-val", "2-train", "2-val"]
    assert about["splits"]["train"] == {"groups": 2, "recordings": 2, "frames": 24, "labelled": 2}
    assert about["behaviours"]["sniff"]["train"] == {
        "recordings": 2,
        "bouts": 4,
        "frames": 12,
        "observed_frames": 24,
    }
    assert about["fps"] == {"10": 4}
    assert about["problems"] == ["'sniff' is never seen in the split 'val'"]
    json.dumps(about)


def test_a_manifest_with_a_recording_that_cannot_be_read(project):
    manifest, _ = init_manifest(poses=[project / "poses/*.csv"], labels=[project / "labels/*.csv"])
    path = manifest.save(project / "m.csv")
    (project / "poses" / "2DLC_net.csv").write_text("hello\n")
    about = describe(path)
    assert about["splits"][""]["recordings"] == 1
    assert "2DLC_net.csv" in about["problems"][0]


def test_frame_rates_that_training_would_lack_are_a_problem(project):
    labels = project / "labels" / "2_bouts.csv"
    labels.write_text(f"# fps,25\n{labels.read_text()}")
    manifest, _ = init_manifest(poses=[project / "poses/*.csv"], labels=[project / "labels/*.csv"])
    unknown = "the frame rate is unknown, and without it nothing can be learned"
    assert describe(manifest.save(project / "m.csv"))["problems"] == [
        f"1: {unknown}: fill the manifest's column fps",
        f"2: {unknown}; the labels say 25: fill the manifest's column fps",
    ]
    bare = Manifest(tuple(replace(each, labels=None) for each in manifest))
    assert describe(bare.save(project / "bare.csv"))["problems"] == []


def three_mice(project, rows, column=""):
    """A manifest of recordings of three mice, one frame each, with these rows of labels."""
    head = ["scorer", "individuals,a,a,b,b,c,c", f"bodyparts{',nose' * 6}", f"coords{',x,y' * 3}"]
    head[0] += ",net" * 6
    lines = ["recording,poses,labels,fps,split,looked_for"]
    for n, (name, text) in enumerate(rows.items()):
        (project / f"{name}.csv").write_text(
            "\n".join([*head, "0,1,1,2,2,3,3", f"1,1,1,2,2,3,{n}"])
        )
        header = "agent,target,behaviour,start_frame,stop_frame"
        (project / f"{name}_b.csv").write_text(f"{header}\n{text}")
        lines.append(f"{name},{name}.csv,{name}_b.csv,10,{name.rstrip('0123456789')},{column}")
    (project / "three.csv").write_text("\n".join(lines))
    return project / "three.csv"


def test_behaviours_without_a_target_are_named_once_for_all_recordings(project):
    """Where recordings of a split cannot be read, it is not said what is never seen in it."""
    without = "b,c,chase,0,1\na,,rear,0,1\nb,,rear,1,2\nb,,groom,1,2\n"
    rows = {"train1": without, "train2": without, "val1": "a,b,push,0,1\n", "val2": without}
    rows |= {"val3": "a,,rear,0,1\n", "train3": "b,c,chase,0,1\n"}
    grouped, single = describe(three_mice(project, rows))["problems"]
    assert grouped == (
        "train1, train2, val2: the labels of 'rear', 'groom' do not say towards whom, and it may "
        "be any of 3 animals. Give the column target of the manifest, or name the target in the "
        "labels. If an animal does some of them to itself, write self: before the name of each "
        "such behaviour, as self:rear, into the manifest's column looked_for, beside what else was "
        "looked for, or 'self' as the target in the labels (in BORIS, as a modifier). The first is "
        f"in {project}/train1_b.csv, line 3."
    )
    assert single.startswith(f"recording 'val3': {project}/val3_b.csv, line 2: the label of 'rear'")
    told = describe(three_mice(project, rows, "chase;push;self:rear;self:groom"))
    assert told["problems"] == ["'push' is never seen in the split 'train'"]


CALTECH = """Caltech Behavior Annotator - Annotation File

Configuration file:
base\tz
social\ts
bite\tb

S1:\tstart\tend\ttype
-----------------------------
"""


def described_with(project, *ranges):
    """A manifest of one recording, whose label file names `social` and `bite`."""
    lines = [f"   \t{line}\n" for line in ranges]
    (project / "1.txt").write_text(CALTECH + "".join(lines))
    manifest, _ = init_manifest(
        poses=[project / "poses/1*.csv"],
        labels=[project / "1.txt"],
        common={"fps": 10.0, "background": "base", "directed": False},
    )
    return describe(manifest.save(project / "m.csv"))


def test_what_label_files_name_but_nobody_saw_is_no_problem(project):
    about = described_with(project, "1\t10\tsocial", "11\t20\tbase")
    assert list(about["behaviours"]) == ["social"]
    assert about["problems"] == []
    assert about["notes"] == ["named in label files, but seen in no recording, so left out: bite"]


def test_what_only_the_column_looked_for_names_is_told_as_such(project):
    """The label file names `bite`, the column `mount` and `groom` of an animal itself."""
    described_with(project, "1\t10\tsocial", "11\t20\tbase")
    (entry,) = Manifest.load(project / "m.csv")
    row = replace(entry, directed=True, looked_for=("mount", "self:groom"))
    about = describe(Manifest((row,)).save(project / "m2.csv"))
    told = [note for note in about["notes"] if note.startswith("named in")]
    assert told == [
        "named in label files, but seen in no recording, so left out: bite",
        "named in the manifest's column looked_for, but seen in no recording, so left out: groom, "
        "mount",
    ]


def test_names_that_look_like_slips_are_told(project):
    (project / "labels" / "2_bouts.csv").write_text(
        "agent,target,behaviour,start_frame,stop_frame\none,two,Sniff,2,5\n"
    )
    manifest, _ = init_manifest(
        poses=[project / "poses/*.csv"],
        labels=[project / "labels/*.csv"],
        common={"fps": 10.0, "behaviours": {"snif": "sniffing"}},
    )
    about = describe(manifest.save(project / "m.csv"))
    (problem,) = [each for each in about["problems"] if "differ only in case" in each]
    assert problem.startswith("'Sniff' (in 2) and 'sniff' (in 1)")
    (note,) = [each for each in about["notes"] if "snif=sniffing" in each]
    assert "no label of 1, 2 is called 'snif'" in note


@pytest.mark.parametrize(("other", "told"), [("agression", 1), ("progression", 0)])
def test_names_that_are_perhaps_one_are_a_note_and_no_problem(project, other, told):
    header = "agent,target,behaviour,start_frame,stop_frame\n"
    for number, name in (("1", "aggression"), ("2", other)):
        path = project / "labels" / f"{number}_bouts.csv"
        path.write_text(f"{header}one,two,{name},2,5\n")
    manifest, _ = init_manifest(
        poses=[project / "poses/*.csv"], labels=[project / "labels/*.csv"], common={"fps": 10.0}
    )
    about = describe(manifest.save(project / "m.csv"))
    notes = [each for each in about["notes"] if "spelled nearly alike" in each]
    assert len(notes) == told and all("If they are one, write it alike" in each for each in notes)
    assert not [each for each in about["problems"] if "alike" in each]


def test_no_behaviour_at_all_is_a_problem(project):
    about = described_with(project, "1\t20\tbase")
    assert about["behaviours"] == {}
    (problem,) = about["problems"]
    assert problem.endswith("left out: bite, social")


@pytest.mark.parametrize(
    ("splits", "problem"),
    [
        (("Training", "val"), "no recording has the split 'train', which training needs; it uses"),
        (("train", "valid"), "no recording has the split 'val', .* and leaves out 'valid'$"),
        (("test", "test"), ""),
        (("", ""), ""),
    ],
)
def test_splits_that_training_does_not_know(project, splits, problem):
    rows = [f"{n},poses/{n}DLC_net.csv,{split}" for n, split in enumerate(splits, 1)]
    path = project / "m.csv"
    path.write_text("\n".join(["recording,poses,split", *rows]))
    told = describe(path)["problems"]
    assert len(told) == bool(problem) and all(re.search(problem, each) for each in told)


def test_what_is_nearly_a_manifest_is_told_what_it_lacks(project):
    path = project / "m.csv"
    for header, lacks in (("recording,labels,split", "poses"), ("poses,labels", "recording")):
        path.write_text(header + "\n1,2,train\n")
        with pytest.raises(ManifestError, match=f"m.csv: there is no column '{lacks}' in"):
            describe(path)


def test_a_leak_is_a_problem(project):
    poses = "poses/1DLC_net.csv"
    (project / "m.csv").write_text(
        f"recording,poses,split\na,{poses},train\nb,{poses},val\n", encoding="utf-8"
    )
    assert "share frames" in describe(project / "m.csv")["problems"][0]


@pytest.mark.parametrize(
    ("splits", "group", "problem", "note"),
    [
        (("train", "val"), "", "have the very same poses, and are in train and in val: leave", ""),
        (("val", "train"), "", "have the very same poses, and are in val and in train: leave", ""),
        (("train", "test"), "", "have the very same poses, and are in train and in test", ""),
        (("train", "train"), "", "", "have the very same poses, and count as one group: leave"),
        (("val", "test"), "", "", "have the very same poses, and count as one group: leave"),
        (("train", "train"), "cage", "", ""),
    ],
)
def test_copies_of_poses_under_other_names(project, splits, group, problem, note):
    """The poses of both files are the same; that they are of one group may be known."""
    rows = [
        f"{name},poses/{n}DLC_net.csv,{split},{group}\n"
        for name, n, split in zip("ab", (1, 2), splits, strict=True)
    ]
    (project / "m.csv").write_text("".join(["recording,poses,split,group\n", *rows]))
    about = describe(project / "m.csv")
    for told, expected in (("problems", problem), ("notes", note)):
        found = [each for each in about[told] if "very same" in each]
        assert [each.startswith(f"a, b {expected}") for each in found] == [True] * bool(expected)


def test_annotators_of_one_video_are_one_group(project):
    poses = "poses/1DLC_net.csv"
    rows = f"recording,poses,split,group\nann,{poses},train,\nbob,{poses},train,"
    (project / "m.csv").write_text(rows, encoding="utf-8")
    about = describe(project / "m.csv")
    assert about["splits"]["train"]["groups"] == 1 and about["splits"]["train"]["recordings"] == 2
    (project / "m.csv").write_text(f"{rows}another", encoding="utf-8")
    about = describe(project / "m.csv")
    assert about["splits"]["train"]["groups"] == 1 and not about["problems"]
    (project / "m.csv").write_text(f"{rows}another".replace("train,\n", "train,one\n"), "utf-8")
    assert "'ann' and 'bob' share frames" in describe(project / "m.csv")["problems"][0]


def test_poses_with_another_separator_are_told_as_such(project):
    path = project / "poses" / "1DLC_net.csv"
    path.write_text(path.read_text().replace(",", ";"))
    with pytest.raises(FormatError, match=r"1DLC_net\.csv, line 1: .*semicolons.*commas"):
        describe(path)


@pytest.mark.parametrize("name", ["1.csv.gz", "1.zip"])
def test_a_file_that_is_packed_is_told_as_such(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"scorer,a,a"))
    for read in (describe, read_poses):
        with pytest.raises(FormatError, match=rf"{name}: is compressed .*Unpack it"):
            read(path)


def test_a_sequence_of_a_file_that_holds_one_recording(project):
    with pytest.raises(FormatError, match="holds one recording, and none called 'foo'"):
        describe(project / "poses" / "1DLC_net.csv", poses=PoseOptions(item="foo"))


def test_files_that_are_nothing(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\nred,blue\n")
    with pytest.raises(FormatError, match=r"looks like none of the formats.*--format NAME"):
        describe(tmp_path / "a.csv")
    with pytest.raises(InputError, match="There is no format 'foo'"):
        describe(tmp_path / "a.csv", format="foo")
    (tmp_path / "b.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(FormatError, match="HDF5"):
        describe(tmp_path / "b.h5")
    with pytest.raises(InputError, match="There is no pose file, label file or manifest"):
        describe(tmp_path / "gone.csv")


def test_streams_and_roles_of_the_rats(shared_data):
    rats = shared_data / "rat_dyads"
    labels = describe(rats / "labels" / "10_annot.txt")
    assert {row["stream"] for row in labels["behaviours"] if row["bouts"]} == {"S1", "S2"}
    (pose,) = (rats / "poses").glob("10DLC*.csv")
    about = describe(pose)
    assert (about["skeleton"]["nose"], about["skeleton"]["tail_base"]) == ("top", "tail")
