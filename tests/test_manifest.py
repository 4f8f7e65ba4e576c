from dataclasses import replace
from pathlib import Path

import pytest

from nuzzle.errors import FormatError, InputError, LeakageError, ManifestError, OutputError
from nuzzle.manifest import Entry, Manifest, looks_like_manifest


@pytest.fixture
def files(tmp_path):
    for name in ("p1.csv", "p2.csv", "l1.txt"):
        (tmp_path / name).write_text("x")
    return tmp_path


def write(folder, text):
    path = folder / "m.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_full_entry_survives_the_round_trip(files):
    entry = Entry(
        recording="cage 3",
        poses=files / "p1.csv",
        labels=files / "l1.txt",
        item="a/b",
        fps=30000 / 1001,
        px_per_cm=18.3,
        lab="north",
        group="g",
        split="train",
        start_frame=0,
        label_delay_s=-0.25,
        stop_frame=500,
        stream="S1",
        background="other",
        not_observed=("base", "S1:base"),
        directed=False,
        agent="r",
        target="i",
        individuals={"r": "resident"},
        keypoints={"leftear": "ear_left", "tail": "tail_base"},
        behaviours={"sniffface": "sniff", "sniffbody": "sniff"},
        pose_format="deeplabcut_csv",
        label_format="caltech",
    )
    path = Manifest((entry,)).save(files / "sub" / "m.csv")
    loaded = Manifest.load(path).entries[0]
    assert loaded.poses.resolve() == entry.poses.resolve()
    assert loaded.labels.resolve() == entry.labels.resolve()
    assert replace(loaded, poses=entry.poses, labels=entry.labels) == entry


def test_paths_are_relative_and_empty_columns_are_left_out(files):
    path = Manifest((Entry("r1", files / "p1.csv"),)).save(files / "sub" / "m.csv")
    header, row = path.read_text().splitlines()
    assert header == "recording,poses,labels,fps,px_per_cm,lab,group,split"
    assert row == "r1,../p1.csv,,,,,,"


def test_poses_on_another_drive_have_their_whole_path(files, monkeypatch):
    def apart(*_):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr("os.path.relpath", apart)
    entry = Entry("one", poses=files / "p1.csv")
    Manifest((entry,)).save(files / "m.csv")
    monkeypatch.undo()
    assert str((files / "p1.csv").resolve()) in (files / "m.csv").read_text()
    assert Manifest.load(files / "m.csv").entries[0].poses.samefile(entry.poses)


def test_a_link_stays_itself(files):
    (files / "store").mkdir()
    (files / "store" / "ab12").write_text("x")
    (files / "cage1.csv").symlink_to("store/ab12")
    (files / "data").symlink_to(".")
    path = Manifest((Entry("r1", files / "data" / "cage1.csv"),)).save(files / "sub" / "m.csv")
    assert path.read_text().splitlines()[1] == "r1,../cage1.csv,,,,,,"


def test_a_name_that_would_be_read_as_two_is_not_saved(files):
    entry = Entry("r1", files / "p1.csv", looked_for=("mount", "sniff; close"))
    with pytest.raises(ManifestError, match=r"'r1': looked_for: .*'sniff; close'.*Rename it"):
        Manifest((entry,)).save(files / "m.csv")
    assert not (files / "m.csv").exists()


def test_nothing_is_overwritten_unasked(files):
    manifest = Manifest((Entry("r1", files / "p1.csv"),))
    manifest.save(files / "m.csv")
    with pytest.raises(OSError, match="exists already"):
        manifest.save(files / "m.csv")
    manifest.save(files / "m.csv", overwrite=True)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_make_of_it(files, delimiter, end):
    rows = [["recording", "poses", "fps", "directed"], ["r1", "p1.csv", "25", "NO"], [""] * 4]
    path = files / "m.csv"
    path.write_bytes(("\ufeff" + end.join(delimiter.join(row) for row in rows) + end).encode())
    assert looks_like_manifest(path)
    entry = Manifest.load(path).entries[0]
    assert (entry.recording, entry.fps, entry.directed) == ("r1", 25.0, False)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_other_encodings_of_spreadsheets(files, encoding, end):
    path = files / "m.csv"
    path.write_bytes(
        end.join(["recording\tposes\tfps", "Käfig 1\tp1.csv\t25", ""]).encode(encoding)
    )
    assert looks_like_manifest(path)
    assert [(each.recording, each.fps) for each in Manifest.load(path)] == [("Käfig 1", 25.0)]


def test_a_decimal_comma(files):
    assert Manifest.load(write(files, "recording;poses;fps\nr1;p1.csv;29,97\n")).entries[
        0
    ].fps == pytest.approx(29.97)


def test_every_row_at_fault_is_listed(files):
    path = write(
        files,
        "recording,poses,labels,fps,start_frame,stop_frame,directed,keypoints,label_delay_s\n"
        "r1,gone.csv,,,,,,,\n"
        "r2,p1.csv,gone.txt,0,,,,,\n"
        "r3,p1.csv,,abc,9,9,maybe,leftear,nan\n"
        ",p2.csv,,,-1,1.5,,,\n",
    )
    with pytest.raises(ManifestError) as caught:
        Manifest.load(path)
    problems = "\n".join(caught.value.problems)
    assert "line 2: there is no poses file at" in problems
    assert "line 3: there is no labels file at" in problems
    assert "line 3: fps: '0' is not a positive number" in problems
    assert "line 4: fps" in problems
    assert "line 4: stop_frame 9 is not after start_frame 9" in problems
    assert "line 4: directed: 'maybe' is neither yes nor no" in problems
    assert "line 4: keypoints: 'leftear' is not of the form" in problems
    assert "line 4: label_delay_s: 'nan' is not a number of seconds" in problems
    assert "line 5: recording is empty" in problems
    assert "line 5: start_frame: '-1' is not a frame number" in problems
    assert "line 5: stop_frame: '1.5' is not a frame number" in problems


def test_a_path_that_is_too_long_for_a_file_is_none(files):
    path = write(files, f"recording,poses\nr1,{'x' * 300}.csv\n")
    with pytest.raises(ManifestError, match=r"line 2: there is no poses file at .*xx\.csv"):
        Manifest.load(path)


def test_paths_as_windows_writes_them(files):
    (files / "day").mkdir()
    for name in ("p3.csv", "l3.txt"):
        (files / "day" / name).write_text("x")
    path = write(files, "recording,poses,labels\nr1,day\\p3.csv,.\\day\\l3.txt\n")
    (entry,) = Manifest.load(path)
    assert (entry.poses, entry.labels) == (files / "day" / "p3.csv", files / "day" / "l3.txt")
    with pytest.raises(ManifestError, match=r"there is no poses file at .*day\\p4\.csv"):
        Manifest.load(write(files, "recording,poses\nr1,day\\p4.csv\n"))


def as_excel_saves_it(text):
    """UTF-8 opened as Windows' Western encoding, and saved as what Excel calls CSV UTF-8."""
    wrong = "".join(
        chr(byte)
        if 0x80 <= byte <= 0x9F and byte in b"\x81\x8d\x8f\x90\x9d"
        else bytes([byte]).decode("cp1252")
        for byte in text.encode()
    )
    return wrong.encode("utf-8-sig")


@pytest.mark.parametrize("name", ["K\xe4fig 1.csv", "\u010d.csv", "Gr\xf6\xdfe/\xc1.csv"])
def test_names_that_a_spreadsheet_has_garbled_are_told_as_such(files, name):
    (files / name).parent.mkdir(exist_ok=True)
    (files / name).write_text("x")
    path = files / "m.csv"
    path.write_bytes(as_excel_saves_it(f"recording,poses\nr1,{name}\n"))
    with pytest.raises(ManifestError) as caught:
        Manifest.load(path)
    assert f"There is one at {name!r}: a spreadsheet" in str(caught.value)
    (files / name).unlink()
    with pytest.raises(ManifestError) as caught:
        Manifest.load(path)
    assert "There is one at" not in str(caught.value)


def test_a_comment_above_the_header_is_told_as_one(files):
    path = write(files, "# my manifest\nrecording,poses\nr1,p1.csv\n")
    assert looks_like_manifest(path)
    with pytest.raises(ManifestError, match=r"m\.csv: its first line is a comment, .*; remove it$"):
        Manifest.load(path)


def test_thousands_in_a_frame_are_refused(files):
    path = write(files, 'recording,poses,start_frame,stop_frame\nr1,p1.csv,"1,000","2,000"\n')
    with pytest.raises(ManifestError) as caught:
        Manifest.load(path)
    assert [each[:30] for each in caught.value.problems] == [
        "line 2: start_frame: '1,000' i",
        "line 2: stop_frame: '2,000' is",
    ]


def test_unknown_and_missing_columns(files):
    with pytest.raises(ManifestError, match="unknown column 'frames_per_second'"):
        Manifest.load(write(files, "recording,poses,frames_per_second\nr1,p1.csv,3\n"))
    with pytest.raises(ManifestError, match="no column 'poses'"):
        Manifest.load(write(files, "recording,pose\nr1,p1.csv\n"))


@pytest.mark.parametrize(
    "header", ["Recording,Poses,FPS,Start Frame", " recording , POSES,fps , start-frame"]
)
def test_a_header_in_other_letters_or_with_blanks(files, header):
    path = write(files, f"{header}\nr1,p1.csv,25,3\n")
    assert looks_like_manifest(path)
    (entry,) = Manifest.load(path)
    assert (entry.recording, entry.poses.name) == ("r1", "p1.csv")
    assert (entry.fps, entry.start_frame) == (25.0, 3)


def test_one_column_twice_is_refused(files):
    with pytest.raises(ManifestError, match="has the column 'lab' 2 times; keep one of them"):
        Manifest.load(write(files, "recording,poses,lab,Lab\nr1,p1.csv,a,b\n"))


def test_a_slip_in_a_header_is_told_with_the_column_that_may_be_meant(files):
    with pytest.raises(ManifestError) as caught:
        Manifest.load(write(files, "Recordings,Poses\nr1,p1.csv\n"))
    assert caught.value.problems == (
        "there is no column 'recording' in the header ['recordings', 'poses']",
        *[each for each in caught.value.problems if "did you mean 'recording'?" in each],
    )
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("header", ["scorer,dlc,dlc", "frame,attack,rearing", "frame,nose,tail"])
def test_a_pose_or_label_file_is_no_manifest(files, header):
    with pytest.raises(ManifestError) as caught:
        Manifest.load(write(files, f"{header}\n1,0,0\n"))
    (problem,) = caught.value.problems
    assert "neither a column 'recording' nor a column 'poses', so it is no manifest" in problem
    assert "`nuzzle init`" in problem


@pytest.mark.parametrize("header", ["recordings,pose,labels", "Recording name,pose file,labels"])
def test_slips_in_both_columns_are_told_as_such(files, header):
    with pytest.raises(ManifestError, match="did you mean 'recording'") as caught:
        Manifest.load(write(files, f"{header}\nr1,p1.csv,\n"))
    assert "no manifest" not in str(caught.value)


def test_columns_without_a_name_are_empty(files):
    (entry,) = Manifest.load(write(files, "recording,poses,,\nr1,p1.csv,,\n"))
    assert entry.recording == "r1"
    assert len(Manifest.load(write(files, "recording,poses,\nr1,p1.csv\n"))) == 1
    with pytest.raises(ManifestError, match=r"line 2: more cells than .* columns: .'oops'."):
        Manifest.load(write(files, "recording,poses,\nr1,p1.csv,oops\n"))


def test_no_rows_no_file_no_text(files):
    with pytest.raises(ManifestError, match="no rows"):
        Manifest.load(write(files, "recording,poses\n"))
    with pytest.raises(InputError, match="There is no manifest at"):
        Manifest.load(files / "gone.csv")
    (files / "m.csv").write_bytes(b"recording,poses\nr1,\x00")
    with pytest.raises(FormatError, match="UTF-8"):
        Manifest.load(files / "m.csv")


def test_a_row_with_too_many_cells_is_told(files):
    with pytest.raises(
        ManifestError, match=r"line 2: more cells than the header has columns: .'oops'."
    ):
        Manifest.load(write(files, "recording,poses\nr1,p1.csv,oops\n"))


def test_a_name_occurs_once(files):
    with pytest.raises(ManifestError, match="'r1' has 2 rows"):
        Manifest.load(write(files, "recording,poses\nr1,p1.csv\nr1,p2.csv\n"))


def entries(*rows):
    return Manifest(tuple(Entry(name, Path("p.csv"), **values) for name, values in rows))


def test_select():
    manifest = entries(("r1", {"split": "train"}), ("r2", {"split": "val"}))
    assert [each.recording for each in manifest.select("val")] == ["r2"]
    assert manifest.splits == {"train": 1, "val": 1}
    with pytest.raises(ManifestError, match="no recording has the split 'test'"):
        manifest.select("test")


def test_what_is_no_manifest_is_not_replaced(files):
    before = (files / "p1.csv").read_bytes()
    with pytest.raises(OutputError, match="is no manifest"):
        entries(("r1", {})).save(files / "p1.csv", overwrite=True)
    assert (files / "p1.csv").read_bytes() == before
    path = entries(("r1", {})).save(files / "study.csv")
    assert entries(("r2", {})).save(path, overwrite=True) == path


class TestLeakage:
    def test_one_group_on_both_sides(self):
        manifest = entries(
            ("r1", {"split": "train", "group": "g", "item": "1"}),
            ("r2", {"split": "val", "group": "g", "item": "2"}),
        )
        with pytest.raises(LeakageError, match="the group 'g'"):
            manifest.check_leakage()

    def test_the_same_frames_on_both_sides(self):
        manifest = entries(
            ("r1", {"split": "train", "stop_frame": 60}),
            ("r2", {"split": "test", "start_frame": 59}),
        )
        with pytest.raises(LeakageError, match="share frames"):
            manifest.check_leakage()

    def test_a_file_is_the_same_however_its_path_is_spelled(self, files):
        link = files / "link.csv"
        link.symlink_to(files / "p1.csv")
        for other in (files / "." / ".." / files.name / "p1.csv", link):
            manifest = Manifest(
                (Entry("r1", files / "p1.csv", split="train"), Entry("r2", other, split="val"))
            )
            with pytest.raises(LeakageError, match="share frames"):
                manifest.check_leakage()

    def test_a_split_by_time_and_by_item_is_allowed(self):
        entries(
            ("r1", {"split": "train", "stop_frame": 60}),
            ("r2", {"split": "val", "start_frame": 60}),
        ).check_leakage()
        entries(
            ("r1", {"split": "train", "item": "a"}), ("r2", {"split": "val", "item": "b"})
        ).check_leakage()

    def test_whoever_divides_a_video_has_its_animals_on_both_sides(self):
        early = ("early", {"split": "train", "stop_frame": 60, "group": "g"})
        late = ("late", {"split": "val", "start_frame": 60, "group": "g"})
        entries(early, late).check_leakage()
        with pytest.raises(LeakageError, match="the group 'g'"):
            entries(early, late, ("x", {"split": "val", "group": "g", "item": "2"})).check_leakage()

    def test_rows_of_the_same_poses_share_a_group(self):
        manifest = entries(
            ("cage-ann", {}),
            ("cage-bob", {}),
            ("cage-late", {"start_frame": 90, "group": "evening"}),
            ("other", {"item": "2"}),
            ("other-late", {"item": "2", "start_frame": 90}),
        )
        for order in (1, -1):
            rows = Manifest(manifest.entries[::order]).with_groups()
            groups = {entry.recording: entry.leak_group for entry in rows}
            assert {groups[name] for name in ("cage-ann", "cage-bob", "cage-late")} == {"evening"}
            assert groups["other"] == groups["other-late"] != "evening"

    def test_rows_of_the_same_frames_are_of_one_group(self):
        manifest = entries(
            ("cage-ann", {"group": "morning"}),
            ("cage-late", {"start_frame": 90, "group": "evening"}),
        )
        with pytest.raises(LeakageError, match="'cage-ann' and 'cage-late' share frames"):
            manifest.with_groups()
        early = replace(manifest.entries[0], stop_frame=90)
        groups = Manifest((early, manifest.entries[1])).with_groups()
        assert [entry.leak_group for entry in groups] == ["morning", "evening"]

    def test_the_same_frames_are_not_divided_by_recording_or_lab(self):
        manifest = entries(("ann", {"lab": "one"}), ("bob", {"lab": "one"}))
        manifest.check_apart("lab")
        with pytest.raises(LeakageError, match="'ann' and 'bob' share frames"):
            manifest.check_apart("recording")


def test_splits_are_known_however_they_are_written(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).touch()
    study = tmp_path / "study.csv"
    study.write_text("recording,poses,split\na,a,TRAIN\nb,b,Val\nc,c,Pilot\n")
    assert Manifest.load(study).splits == {"train": 1, "val": 1, "Pilot": 1}
