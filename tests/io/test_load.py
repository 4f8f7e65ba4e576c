from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nuzzle.cells import parse_mapping
from nuzzle.errors import FormatError, InputError, ManifestError
from nuzzle.io.calms21 import manifest_from_calms21
from nuzzle.io.calms21_write import write_calms21
from nuzzle.io.describe import describe
from nuzzle.io.formats import LABEL_FORMATS, POSE_FORMATS
from nuzzle.io.init_manifest import init_manifest
from nuzzle.io.load import (
    label_format,
    load_entry,
    load_manifest,
    pose_format,
    read_labels,
    read_poses,
)
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import Labels, Pair
from nuzzle.manifest import Entry, Manifest
from nuzzle.recording import Recording
from nuzzle.skeleton import MOUSE7_KEYPOINTS

N_FRAMES = 20


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    """DeepLabCut: animals ``one`` and ``two``, keypoints ``leftear`` and ``Tailbase``."""
    path = tmp_path / "poses.csv"
    columns = [(a, k, c) for a in ("one", "two") for k in ("leftear", "Tailbase") for c in "xy"]
    rows = [
        [name, *level]
        for name, level in zip(
            ("individuals", "bodyparts", "coords"), zip(*columns, strict=True), strict=True
        )
    ]
    rows = [["scorer", *["net"] * len(columns)], *rows]
    rows += [
        [str(frame), *[str(10 * column + frame) for column in range(8)]]
        for frame in range(N_FRAMES)
    ]
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    return path


@pytest.fixture
def write_animals(tmp_path: Path) -> Callable[..., Path]:
    """A DeepLabCut csv of 20 frames with the nose of each animal."""

    def write(name: str, *animals: str) -> Path:
        levels = {
            "scorer": ["net"] * 2 * len(animals),
            "individuals": [animal for animal in animals for _ in "xy"],
            "bodyparts": ["nose"] * 2 * len(animals),
            "coords": ["x", "y"] * len(animals),
        }
        rows = [[name, *cells] for name, cells in levels.items()]
        rows += [[str(n), *["1"] * 2 * len(animals)] for n in range(N_FRAMES)]
        path = tmp_path / name
        path.write_text("\n".join(map(",".join, rows)) + "\n")
        return path

    return write


@pytest.fixture
def three(write_animals: Callable[..., Path]) -> Path:
    """Poses of ``m1``, ``m2`` and ``m3``."""
    return write_animals("three.csv", "m1", "m2", "m3")


@pytest.fixture
def bouts(tmp_path: Path) -> Callable[..., Path]:
    """A bout csv of (agent, target, behaviour, start, stop)."""

    def write(*rows: tuple[Any, ...]) -> Path:
        path = tmp_path / "bouts.csv"
        lines = ["agent,target,behaviour,start_frame,stop_frame"]
        path.write_text("\n".join([*lines, *(",".join(map(str, row)) for row in rows)]) + "\n")
        return path

    return write


def intervals(labels: Labels | None) -> list[tuple[Any, ...]]:
    assert labels is not None
    columns = ["agent", "target", "behaviour", "start_frame", "stop_frame"]
    return sorted(map(tuple, labels.bouts[columns].to_numpy().tolist()))


def test_row_gives_what_the_files_do_not_say(poses: Path) -> None:
    entry = Entry("cage3", poses, fps=25.0, px_per_cm=18.3, lab="here", group="pair7")
    recording = load_entry(entry)
    assert (recording.name, recording.fps, recording.px_per_cm) == ("cage3", 25.0, 18.3)
    assert (recording.lab, recording.group) == ("here", "pair7")
    assert recording.source == str(poses) and recording.labels is None


@pytest.mark.parametrize("values", [{"fps": 0.0}, {"fps": -1.0}, {"px_per_cm": 0.0}])
def test_impossible_rate_and_scale_are_refused(poses: Path, values: dict[str, float]) -> None:
    with pytest.raises(ManifestError, match=r"'cage3'.*is a positive number"):
        load_entry(Entry("cage3", poses, **values))


def test_keypoints_get_shared_names_unless_the_row_says_otherwise(poses: Path) -> None:
    assert load_entry(Entry("a", poses)).keypoints == ("ear_left", "tail_base")
    renamed = load_entry(Entry("a", poses, keypoints={"leftear": "earring"}))
    assert renamed.keypoints == ("earring", "tail_base")
    kept = load_entry(Entry("a", poses, keypoints={"leftear": "leftear"}))
    assert kept.keypoints == ("leftear", "tail_base")


def test_the_mean_of_keypoints_is_a_new_one(poses: Path) -> None:
    """Columns count by tens: of animal one, the ear is at (0, 10), the tail base at (20, 30)."""
    mapping = parse_mapping("leftear+Tailbase=body_center; leftear=ear")
    recording = load_entry(Entry("a", poses, keypoints=mapping))
    assert recording.keypoints == ("ear", "tail_base", "body_center")
    assert recording.position[0, :, 2, 0].tolist() == [10, 20]
    with pytest.raises(ManifestError, match=r"mean of \['ear', 'Tailbase'\]"):
        load_entry(Entry("a", poses, keypoints={"ear+Tailbase": "middle"}))


def test_label_names_are_told_who_is_who(poses: Path, bouts: Callable[..., Path]) -> None:
    labels = bouts(("resident", "intruder", "attack", 3, 9))
    names = {"resident": "two", "intruder": "one"}
    recording = load_entry(Entry("a", poses, labels, individuals=names))
    assert recording.individuals == ("one", "two")
    assert intervals(recording.labels) == [("two", "one", "attack", 3, 9)]


def test_tracked_animals_are_renamed(poses: Path, bouts: Callable[..., Path]) -> None:
    labels = bouts(("one", "two", "attack", 3, 9))
    names = {"one": "resident", "two": "intruder"}
    recording = load_entry(Entry("a", poses, labels, individuals=names))
    assert recording.individuals == ("resident", "intruder")
    assert intervals(recording.labels) == [("resident", "intruder", "attack", 3, 9)]


def test_letters_are_the_same_in_one_character_or_two(
    write_animals: Callable[..., Path], tmp_path: Path, spans_of: Callable[..., Any]
) -> None:
    """In poses, in labels and in the manifest: ``\xe4`` may be ``a`` and its dots."""
    one, two = "gr\xfcn", "gru\u0308n"
    labels = tmp_path / "b.csv"
    for in_poses, in_labels in ((one, two), (two, one), (two, two)):
        poses = write_animals("p.csv", "rot", in_poses)
        assert read_poses(poses).individuals == ("rot", one)
        labels.write_text(
            f"agent,target,behaviour,start_frame,stop_frame\n{in_labels},rot,{in_labels},3,9\n"
        )
        recording = load_entry(Entry("a", poses, labels))
        assert spans_of(recording.labels.bouts) == [(one, "rot", one, 3, 9)]
        (tmp_path / "m.csv").write_text(
            "recording,poses,labels,individuals,behaviours,looked_for,agent,group\n"
            f"a,p.csv,b.csv,{two}=m\xe4,{two}=jagt,self:{two},{two},{two}\n"
        )
        (entry,) = Manifest.load(tmp_path / "m.csv")
        assert (entry.agent, entry.group, entry.looked_for) == (one, one, (f"self:{one}",))
        assert spans_of(load_entry(entry).labels.bouts) == [("m\xe4", "rot", "jagt", 3, 9)]


def test_an_observation_is_found_however_its_letters_are_stored(
    write_animals: Callable[..., Path], tmp_path: Path, spans_of: Callable[..., Any]
) -> None:
    header = "Observation id,Subject,Behavior,Modifiers,Behavior type,Time"
    rows = [f"K\xe4fig {n},a,jagt,b,POINT,{n}" for n in (1, 2)]
    (tmp_path / "one.csv").write_text("\n".join([header, *rows]))
    (tmp_path / "two.csv").write_text("\n".join([header, *rows]).replace("\xe4", "a\u0308"))
    poses = write_animals("p.csv", "a", "b")
    for name in ("one.csv", "two.csv"):
        for item in ("K\xe4fig 1", "Ka\u0308fig 1"):
            row = Entry("x", poses, tmp_path / name, item=item, fps=10.0)
            assert spans_of(load_entry(row).labels.bouts) == [("a", "b", "jagt", 10, 11)]


def test_names_in_a_project_of_boris_are_those_of_the_poses(
    write_animals: Callable[..., Path], tmp_path: Path, spans_of: Callable[..., Any]
) -> None:
    """Its JSON writes ``\xfc`` as ``u\\u0308`` where a Mac stored it so."""
    two = "gru\u0308n"
    events = [[1.0, two, two, "", ""], [1.5, two, two, "", ""]]
    media = {"length": {"a.avi": 2.0}, "fps": {"a.avi": 10.0}}
    project = {
        "behaviors_conf": {"0": {"type": "State event", "code": two}},
        "observations": {two: {"events": events, "media_info": media}},
    }
    (tmp_path / "p.boris").write_text(json.dumps(project))
    row = Entry("x", write_animals("p.csv", "rot", two), tmp_path / "p.boris", item="gr\xfcn")
    assert spans_of(load_entry(row).labels.bouts) == [("gr\xfcn", "rot", "gr\xfcn", 10, 15)]


def test_name_that_leads_nowhere_is_refused(poses: Path) -> None:
    with pytest.raises(ManifestError, match=r"'cage3'.*resident=rat.*\['one', 'two'\]"):
        load_entry(Entry("cage3", poses, individuals={"resident": "rat"}))


def test_names_of_a_larger_group_serve_a_recording_of_fewer(
    poses: Path, bouts: Callable[..., Path]
) -> None:
    names = {"red": "one", "green": "two", "blue": "three"}
    labels = bouts(("red", "green", "attack", 3, 9))
    recording = load_entry(Entry("a", poses, labels, individuals=names))
    assert intervals(recording.labels) == [("one", "two", "attack", 3, 9)]
    renamed = {"one": "red", "two": "green", "three": "blue"}
    recording = load_entry(Entry("a", poses, labels, individuals=renamed))
    assert recording.individuals == ("red", "green")
    labels = bouts(("red", "blue", "attack", 3, 9))
    told = r"the labels name 'blue', and the column individuals of the manifest says blue=three;"
    with pytest.raises(ManifestError, match=told):
        load_entry(Entry("a", poses, labels, individuals=names))
    slip = {**names, "green": "tow"}
    with pytest.raises(ManifestError, match="says green=tow; blue=three, and the poses have"):
        load_entry(Entry("a", poses, individuals=slip))


def test_what_an_absent_animal_does_is_not_the_pairs_without_direction(
    poses: Path, bouts: Callable[..., Path]
) -> None:
    names = {"red": "one", "green": "two", "blue": "three"}
    theirs = bouts(("red", "green", "attack", 3, 9))
    recording = load_entry(Entry("a", poses, theirs, individuals=names, directed=False))
    assert [(start, stop) for *_, start, stop in intervals(recording.labels)] == [(3, 9)]
    others = bouts(("red", "blue", "attack", 3, 9))
    with pytest.raises(ManifestError, match=r"the labels name 'blue'.* says blue=three"):
        load_entry(Entry("a", poses, others, individuals=names, directed=False))


def test_unknown_animal_in_the_labels_is_refused(poses: Path, bouts: Callable[..., Path]) -> None:
    with pytest.raises(ManifestError, match=r"'cage3'.*'resident'"):
        load_entry(Entry("cage3", poses, bouts(("resident", "two", "attack", 3, 9))))


def test_unknown_keypoint_is_refused(poses: Path) -> None:
    with pytest.raises(ManifestError, match=r"'cage3'.*\['snout'\]"):
        load_entry(Entry("cage3", poses, keypoints={"snout": "nose"}))


def test_behaviours_that_share_a_name_become_one(poses: Path, bouts: Callable[..., Path]) -> None:
    labels = bouts(
        ("one", "two", "sniffface", 2, 6),
        ("one", "two", "sniffbody", 4, 9),
        ("one", "two", "attack", 12, 15),
    )
    names = {"sniffface": "sniff", "sniffbody": "sniff", "never seen": "sniff"}
    recording = load_entry(Entry("a", poses, labels, behaviours=names))
    assert intervals(recording.labels) == [
        ("one", "two", "attack", 12, 15),
        ("one", "two", "sniff", 2, 9),
    ]
    assert recording.labels is not None
    assert recording.labels.behaviours == ("attack", "sniff")


def test_a_behaviour_can_become_background(
    poses: Path, bouts: Callable[..., Path], classes_of: Callable[..., list[int]]
) -> None:
    labels = bouts(("one", "two", "rest", 2, 6), ("one", "two", "attack", 8, 9))
    entry = Entry("a", poses, labels, background="other", behaviours={"rest": "other"})
    recording = load_entry(entry)
    assert recording.labels is not None and recording.labels.behaviours == ("attack",)
    classes = classes_of(recording.labels, Pair("one", "two"), ["attack", "other"])
    assert classes == [1] * 8 + [0] + [1] * 11


def test_labels_past_the_poses_are_cut_with_a_note(poses: Path, bouts: Callable[..., Path]) -> None:
    recording = load_entry(Entry("a", poses, bouts(("one", "two", "attack", 15, 23))))
    assert intervals(recording.labels) == [("one", "two", "attack", 15, 20)]
    assert recording.labels is not None and recording.labels.n_frames == N_FRAMES
    assert any("3" in note for note in recording.labels.notes)


def test_labels_that_come_late_are_moved_with_a_note(
    poses: Path, bouts: Callable[..., Path]
) -> None:
    file = bouts(("one", "two", "attack", 8, 12), ("one", "two", "attack", 18, 24))
    entry = Entry("a", poses, file, fps=10.0, label_delay_s=0.3)
    labels = load_entry(entry).labels
    assert labels is not None
    assert [(start, stop) for *_, start, stop in intervals(labels)] == [(5, 9), (15, 17)]
    assert any("0.3 s earlier" in note for note in labels.notes)


def test_auxiliary_labels_are_another_streams(poses: Path, tmp_path: Path) -> None:
    file = tmp_path / "streams.csv"
    file.write_text(
        "agent,target,behaviour,start_frame,stop_frame,stream\n"
        "one,two,aggression,3,9,S1\none,two,bite,5,7,S2\n"
    )
    entry = Entry("a", poses, file, stream="S1", start_frame=5)
    # Poses and frames are those of the row itself, whatever the other row says of them.
    beside = Entry("a", tmp_path / "gone.csv", file, stream="S2", stop_frame=6)
    recording = load_entry(entry, beside)
    assert intervals(recording.labels) == [("one", "two", "aggression", 0, 4)]
    assert intervals(recording.auxiliary) == [("one", "two", "bite", 0, 2)]
    assert load_entry(entry).auxiliary is None
    assert load_entry(entry, Entry("a", poses)).auxiliary is None


def test_a_stream_that_is_not_there_leaves_auxiliary_labels_empty(
    poses: Path, bouts: Callable[..., Path]
) -> None:
    file = bouts(("one", "two", "attack", 3, 9))
    auxiliary = load_entry(Entry("a", poses, file), Entry("a", poses, file, stream="S2")).auxiliary
    assert auxiliary is not None and not auxiliary.pairs and auxiliary.n_frames == N_FRAMES
    (note,) = auxiliary.notes
    assert "no auxiliary labels" in note and "'S2' was expected" in note
    with pytest.raises(ManifestError, match="'S2' was expected"):
        load_entry(Entry("a", poses, file, stream="S2"))


def test_frames_to_use(poses: Path, bouts: Callable[..., Path]) -> None:
    labels = bouts(("one", "two", "attack", 3, 9))
    recording = load_entry(Entry("a", poses, labels, start_frame=5, stop_frame=12))
    assert recording.n_frames == 7
    assert recording.position[0, 0, 0, 0] == 5
    assert intervals(recording.labels) == [("one", "two", "attack", 0, 4)]
    longer = load_entry(Entry("a", poses, labels, start_frame=5, stop_frame=99))
    assert longer.n_frames == 15
    assert longer.labels.notes[-1].startswith("stop_frame is 99, and the poses have 20 frames")
    with pytest.raises(ManifestError, match="start_frame is 20"):
        load_entry(Entry("a", poses, start_frame=20))


def test_one_individual_is_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "alone.csv"
    path.write_text("scorer,n,n\nbodyparts,nose,nose\ncoords,x,y\n0,1,2\n1,3,4\n")
    recording = load_entry(Entry("alone", path))
    assert recording.individuals == ("individual_0",) and recording.pairs == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"x" * 99, "does not look like"), (b"\x89HDF\r\n\x1a\n0", "cut short")],
)
def test_bad_files_are_named_with_their_recording(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "bad.h5"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=rf"'cage3'.*bad\.h5.*{message}"):
        load_entry(Entry("cage3", path))


def test_gone_folder_and_unknown_suffix(tmp_path: Path, poses: Path) -> None:
    with pytest.raises(ManifestError, match="There is no pose file"):
        load_entry(Entry("a", tmp_path / "gone.csv"))
    with pytest.raises(ManifestError, match="is a folder"):
        load_entry(Entry("a", poses, tmp_path))
    strange = poses.rename(poses.with_suffix(".xyz"))
    with pytest.raises(InputError, match=r"does not look like a pose file\. Known: "):
        read_poses(strange)
    assert read_poses(strange, format="deeplabcut_csv").n_frames == N_FRAMES
    with pytest.raises(InputError, match="There is no format 'dlc'"):
        read_poses(strange, format="dlc")


@pytest.fixture
def calms21(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    recordings = []
    for number in range(3):
        position = rng.random((12, 2, 7, 2)) * 100 + number
        active = np.zeros((12, 1), bool)
        active[number : number + 4] = True
        recordings.append(
            Recording.from_arrays(
                f"mouse00{number}",
                position,
                keypoints=MOUSE7_KEYPOINTS,
                individuals=["resident", "intruder"],
                fps=30.0,
                labels=Labels.from_frames(
                    Pair("resident", "intruder"),
                    active,
                    ["attack"],
                    exclusive=True,
                    background="other",
                ),
            )
        )
    return write_calms21(recordings, tmp_path / "train.json")


def test_sequences_of_one_file_come_in_the_manifests_order(calms21: Path) -> None:
    manifest = manifest_from_calms21([calms21])
    backwards = Manifest(tuple(reversed(manifest.entries)))
    recordings = list(load_manifest(backwards))
    assert [each.name for each in recordings] == [each.recording for each in backwards]
    starts = [int(each.labels.bouts["start_frame"].iloc[0]) for each in recordings if each.labels]
    assert starts == [2, 1, 0]
    assert recordings[0].fps == 30


def test_row_without_labels_has_none_even_where_the_file_does(calms21: Path) -> None:
    entry = manifest_from_calms21([calms21]).entries[0]
    assert load_entry(Entry("a", entry.poses, item=entry.item)).labels is None


def test_a_file_may_say_itself_that_its_labels_have_no_direction(poses: Path) -> None:
    path = poses.with_name("bouts.csv")
    rows = (
        "# directed,no\nagent,target,behaviour,start_frame,stop_frame\none,two,x,0,1\ntwo,one,x,2,3"
    )
    path.write_text(rows)
    labels = load_entry(Entry("a", poses, path, fps=10.0)).labels
    assert labels is not None and not labels.directed and labels.pairs == (Pair("one", "two"),)
    assert labels.bouts["start_frame"].tolist() == [0, 2]


# Real files


def test_rats_first_stream(shared_data: Path) -> None:
    folder = shared_data / "rat_dyads"
    entry = Entry(
        "rat14",
        next((folder / "poses").glob("14DLC*.csv")),
        folder / "labels" / "14_annot.txt",
        fps=20.0,
        stream="S1",
        background="nonsocial",
        not_observed=("base",),
        directed=False,
    )
    recording = load_entry(entry)
    labels = recording.labels
    assert labels is not None and recording.n_frames == labels.n_frames == 15183
    assert any("59" in note for note in labels.notes)
    # Every trial has 12,000 observed frames.
    seen = labels.frames(Pair("individual1", "individual2")).observed.any(axis=1)
    assert seen.sum() == 12_000


def test_resident_intruder(shared_data: Path) -> None:
    folder = shared_data / "resident_intruder"
    entry = Entry(
        "resident_intruder",
        next(folder.glob("*DLC*.csv")),
        folder / "e3v813a-20210610T122332-122642_reencode.csv",
        fps=30.0,
    )
    recording = load_entry(entry)
    assert recording.keypoints == MOUSE7_KEYPOINTS
    assert recording.labels is not None
    frames = recording.labels.frames(Pair("adult", "juvenile"), ["interact"])
    assert len(recording.labels.bouts) == 10 and frames.active.sum() == 663


def test_every_real_file_has_one_format_at_the_most(shared_data: Path) -> None:
    """A pose file is no label file by its looks, and none has two formats of its kind."""
    poses = [
        path
        for path in (shared_data / "pose_formats").rglob("*")
        if path.suffix in (".h5", ".slp", ".csv")
    ]
    poses += list((shared_data / "rat_dyads/poses").glob("1*.csv"))
    for path in poses:
        claims = [
            f for f in POSE_FORMATS if path.name.lower().endswith(f.suffixes) and f.sniff(path)
        ]
        assert [pose_format(path)] == claims, path.name
    assert label_format(next((shared_data / "rat_dyads/labels").glob("*.txt"))).name == "caltech"
    for path in (shared_data / "resident_intruder/boris_labels_only").glob("*.csv"):
        assert label_format(path).name == "boris"


@pytest.mark.parametrize("form", [*POSE_FORMATS, *LABEL_FORMATS], ids=lambda form: form.name)
def test_a_file_that_cannot_be_read_looks_like_nothing(tmp_path: Path, form: Any) -> None:
    for suffix in form.suffixes:
        assert not form.sniff(tmp_path / f"gone{suffix}")


def test_names_of_formats_are_unique() -> None:
    for formats in (POSE_FORMATS, LABEL_FORMATS):
        names = [each.name for each in formats]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "header",
    [
        "agent,target,behaviour,start_frame,end_frame",
        "Behavior;start;stop",
        "agent\ttarget\tstart_s",
    ],
)
def test_a_header_that_nearly_fits_is_told_what_it_lacks(tmp_path: Path, header: str) -> None:
    path = tmp_path / "bouts.csv"
    path.write_text(f"# a remark\n{header}\n")
    told = r"bouts\.csv, line 2: a header with the column behaviour, and .*start_s and stop_s, was"
    with pytest.raises(FormatError, match=told + r".*'start.* came\. Name the columns so"):
        label_format(path)
    with pytest.raises(FormatError, match=told):
        describe(path)


def test_other_tables_are_no_bouts(tmp_path: Path) -> None:
    for header in ("frame,start,stop", "agent,start_frame,stop_frame"):
        path = tmp_path / "table.csv"
        path.write_text(header + "\na,1,2\n")
        with pytest.raises(FormatError, match="does not look like a label file"):
            label_format(path)
        with pytest.raises(FormatError, match="looks like none of the formats"):
            describe(path)


def test_read_labels_alone(bouts: Callable[..., Path]) -> None:
    labels = read_labels(bouts(("one", "two", "attack", 3, 9)), LabelOptions(n_frames=N_FRAMES))
    assert intervals(labels) == [("one", "two", "attack", 3, 9)] and labels.n_frames == N_FRAMES


def test_what_is_looked_for_as_directed_at_oneself_is_so_in_the_labels(poses, bouts, spans_of):
    """Two mice: only who grooms is named. No frame counts for two pairs."""
    path = bouts(("one", "two", "sniff", 0, 2), ("two", "", "lick", 3, 5))
    entry = Entry("r", poses, path, looked_for=("sniff", "self:groom"))
    labels = load_entry(replace(entry, behaviours={"lick": "groom"})).labels
    assert spans_of(labels.bouts) == [("one", "two", "sniff", 0, 2), ("two", "two", "groom", 3, 5)]
    assert spans_of(labels.observed) == [
        ("one", "one", "groom", 0, 20),
        ("one", "two", "sniff", 0, 20),
        ("two", "two", "groom", 0, 20),
    ]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"looked_for": ("sniff", "self:lick")}, "looked_for: 'self:lick' is what an animal"),
        ({"behaviours": {"self:lick": "lick2"}}, "behaviours: 'self:lick' is what an animal"),
    ],
)
def test_without_direction_nothing_is_directed_at_oneself(poses, bouts, row, told):
    path = bouts(("one", "two", "sniff", 0, 2), ("two", "two", "lick", 3, 5))
    entry = Entry("r", poses, path, **row)
    assert load_entry(entry).labels.self_behaviours
    with pytest.raises(ManifestError, match=told + ".*directed: yes.*or leave out 'self:'"):
        load_entry(replace(entry, directed=False))
    path.write_text("# directed,no\n" + path.read_text())
    with pytest.raises(ManifestError, match=told + ".*in the manifest or in the label file"):
        load_entry(entry)


@pytest.mark.parametrize("target", ["self", "two"])
@pytest.mark.parametrize("in_file", [True, False])
def test_without_direction_it_is_said_what_counts_for_the_pair(
    poses, bouts, spans_of, target, in_file
):
    path = bouts(("one", "two", "sniff", 0, 2), ("two", target, "lick", 3, 5))
    if in_file:
        path.write_text("# directed,no\n" + path.read_text())
    labels = load_entry(Entry("r", poses, path, directed=in_file)).labels
    assert spans_of(labels.bouts) == [("one", "two", "lick", 3, 5), ("one", "two", "sniff", 0, 2)]
    assert labels.pairs == (Pair("one", "two"),)
    (note,) = labels.notes
    assert note.startswith("1 bout of what an animal does to itself (lick) counted for the pair")


def test_without_direction_boris_says_it_too(poses, spans_of):
    path = poses.with_name("events.csv")
    path.write_text(
        "Subject,Behavior,Modifier #1,Behavior type,Start (s),Stop (s),FPS (frame/s)\n"
        "two,lick,self,STATE,0.5,1,10\none,sniff,two,STATE,1,1.5,10\n"
    )
    labels = load_entry(Entry("r", poses, path, fps=10.0, directed=False)).labels
    assert spans_of(labels.bouts) == [
        ("one", "two", "lick", 5, 10),
        ("one", "two", "sniff", 10, 15),
    ]
    (note,) = labels.notes
    assert note.startswith("1 bout of what an animal does to itself (lick)")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bouts.csv", "agent,target,behaviour,start_frame,stop_frame\nm3,m3,groom,5,10\n"),
        ("bouts.csv", "agent,target,behaviour,start_s,stop_s\nm1,m2,x,0,1\nm3,self,groom,.5,1\n"),
        (
            "events.csv",
            "Time,Subject,Behavior,Modifier #1,Status\n"
            "0.5,m3,groom,self,START\n1,m3,groom,self,STOP\n",
        ),
    ],
)
def test_without_direction_what_one_of_three_does_to_itself_is_refused(three, name, text):
    path = three.with_name(name)
    path.write_text(text)
    entry = Entry("r", three, path, fps=10.0)
    assert load_entry(entry).labels.self_behaviours == ("groom",)
    told = (
        rf"{name}: .*of no one pair: 'groom' of 'm3' \(frames 5 to 10\)\. Score it with direction"
    )
    with pytest.raises(ManifestError, match=told):
        load_entry(replace(entry, directed=False))


def test_a_manifest_of_such_labels_is_made_and_inspected(three: Path) -> None:
    labels = three.with_name("labels")
    labels.mkdir()
    (labels / "three_bouts.csv").write_text(
        "agent,target,behaviour,start_frame,stop_frame\nm3,m3,groom,5,10\n"
    )
    manifest, notes = init_manifest(
        poses=[three], labels=[labels / "*.csv"], common={"fps": 10.0, "directed": False}
    )
    told = "what one of 3 animals does to itself is of no one pair: 'groom' of 'm3'"
    assert sum(told in note for note in notes) == 1
    (problem,) = describe(manifest.save(three.with_name("m.csv")))["problems"]
    assert told in problem


def test_an_animal_that_is_alone_needs_no_direction(write_animals, spans_of):
    poses = write_animals("one.csv", "m1")
    path = poses.with_name("bouts.csv")
    path.write_text("agent,target,behaviour,start_frame,stop_frame\nm1,self,groom,5,10\n")
    entry = Entry("r", poses, path, directed=False, looked_for=("groom", "self:rear"))
    labels = load_entry(entry).labels
    assert spans_of(labels.bouts) == [("m1", "m1", "groom", 5, 10)] and labels.notes == ()
    assert labels.self_behaviours == ("groom", "rear")


def test_what_is_done_to_oneself_can_have_a_name_of_its_own(poses, bouts, spans_of, tmp_path):
    path = bouts(("one", "two", "groom", 0, 2), ("one", "one", "groom", 3, 5))
    row = Entry(
        "r", poses, path,
        looked_for=("groom", "self:selfgroom"), behaviours={"self:groom": "selfgroom"},
    )  # fmt: skip
    Manifest((row,)).save(tmp_path / "study.csv")
    (entry,) = Manifest.load(tmp_path / "study.csv")
    labels = load_entry(entry).labels
    assert spans_of(labels.bouts) == [
        ("one", "one", "selfgroom", 3, 5),
        ("one", "two", "groom", 0, 2),
    ]
    assert spans_of(labels.observed) == [
        ("one", "one", "selfgroom", 0, 20),
        ("one", "two", "groom", 0, 20),
    ]


def test_who_only_groomed_may_have_met_the_other(poses, bouts, spans_of):
    entry = Entry("r", poses, bouts(("two", "", "groom", 3, 5)), looked_for=("sniff", "self:groom"))
    assert spans_of(load_entry(entry).labels.observed) == [
        ("two", "one", "sniff", 0, 20),
        ("two", "two", "groom", 0, 20),
    ]
