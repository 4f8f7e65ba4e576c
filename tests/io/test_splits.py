from pathlib import Path

import pytest

from nuzzle.errors import FormatError, ManifestError
from nuzzle.io.splits import (
    Assignment,
    in_no_row,
    read_assignments,
    row_called,
    rows_of,
    with_group_splits,
)
from nuzzle.manifest import Entry, Manifest


def entries(*rows):
    return Manifest(tuple(Entry(name, Path("p.csv"), **values) for name, values in rows))


class TestGroupSplits:
    def test_rows_of_the_same_poses_stay_together(self):
        rows = [(f"r{n}-{who}", {"item": str(n)}) for n in range(9) for who in ("ann", "bob")]
        drawn = with_group_splits(entries(*rows), {"train": 0.5, "val": 0.5})
        split = {entry.recording: entry.split for entry in drawn}
        assert all(split[f"r{n}-ann"] == split[f"r{n}-bob"] for n in range(9))

    def test_groups_stay_whole_and_shares_are_near(self):
        manifest = entries(*((f"r{n}", {"item": str(n), "group": f"g{n // 2}"}) for n in range(40)))
        drawn = with_group_splits(manifest, {"train": 0.7, "val": 0.2, "test": 0.1}, seed=3)
        assert drawn.splits == {"train": 28, "val": 8, "test": 4}
        by_group = {}
        for entry in drawn:
            by_group.setdefault(entry.group, set()).add(entry.split)
        assert all(len(splits) == 1 for splits in by_group.values())
        assert [each.recording for each in drawn] == [each.recording for each in manifest]

    def test_the_same_seed_draws_the_same(self):
        manifest = entries(*((f"r{n}", {"item": str(n)}) for n in range(20)))
        shares = {"train": 0.5, "val": 0.5}
        one, same = (with_group_splits(manifest, shares, seed=1) for _ in range(2))
        other = with_group_splits(manifest, shares, seed=2)
        assert [e.split for e in one] == [e.split for e in same] != [e.split for e in other]

    @pytest.mark.parametrize("n", [2, 3, 4, 5, 7])
    def test_small_shares_get_a_group_too(self, n):
        manifest = entries(*((f"r{i}", {"item": str(i)}) for i in range(n)))
        drawn = with_group_splits(manifest, {"train": 0.9, "val": 0.1})
        assert set(drawn.splits) == {"train", "val"}
        assert drawn.splits["val"] == 1

    def test_three_splits_of_three_groups(self):
        manifest = entries(*((f"r{i}", {"item": str(i)}) for i in range(3)))
        drawn = with_group_splits(manifest, {"train": 0.6, "val": 0.2, "test": 0.2})
        assert drawn.splits == {"train": 1, "val": 1, "test": 1}

    def test_too_few_groups(self):
        with pytest.raises(ManifestError, match=r"--train-frames 0\.6"):
            with_group_splits(entries(("r1", {})), {"train": 0.5, "val": 0.5})


def test_a_csv_of_splits_as_spreadsheets_save_it(tmp_path):
    path = tmp_path / "splits.csv"
    path.write_bytes(b"recording;split\rcage 1;train\rcage 2;val\r")
    found = [(each.recording, each.split) for each in read_assignments(path)]
    assert found == [("cage 1", "train"), ("cage 2", "val")]
    path.write_bytes("recording\tsplit\r\ncage 1\ttrain\r\ncage 2\tval\r\n".encode("utf-16"))
    assert [(each.recording, each.split) for each in read_assignments(path)] == found


def test_headers_and_splits_are_known_however_they_are_written(tmp_path):
    path = tmp_path / "splits.csv"
    path.write_text("Recording,SPLIT\nc1,Train\nc2,VAL\nc3,Pilot\n")
    found = [(each.recording, each.split) for each in read_assignments(path)]
    assert found == [("c1", "train"), ("c2", "val"), ("c3", "Pilot")]


def test_empty_rows_are_passed_over_and_lines_are_those_of_the_file(tmp_path):
    path = tmp_path / "splits.csv"
    path.write_text("recording,split\nc1,train\n,\n\n , \nc2,val\n,\n")
    found = [(each.recording, each.split) for each in read_assignments(path)]
    assert found == [("c1", "train"), ("c2", "val")]
    for last in ("c3,", ",,c3"):
        path.write_text(f"recording,split\nc1,train\n,\n\n{last}\n")
        with pytest.raises(FormatError, match=r"line 5: the column split is empty\. Write train"):
            read_assignments(path)
    path.write_text("recording,split\n,\n,\n")
    with pytest.raises(FormatError, match=r"columns \['recording', 'split'\] and 0 rows"):
        read_assignments(path)


def test_a_row_is_found_by_what_its_recording_is_called_afterwards():
    rows = [
        Assignment(each, each, frozenset([each])) for each in ("K\xe4fig 1", "K\xe4fig 11", "x")
    ]
    rows.append(Assignment("", "", frozenset()))
    assert row_called(Path("p.csv"), "Ka\u0308fig_1", rows) == rows[0]
    assert row_called(Path("p.csv"), "K\xe4fig 11", rows) == rows[1]
    assert row_called(Path("p.csv"), "K\xe4fig_2", rows) is None
    assert row_called(Path("p.csv"), "", rows) is None
    exact = Assignment("exact", "K\xe4fig_1", frozenset())
    assert row_called(Path("p.csv"), "K\xe4fig_1", [*rows, exact]) == exact


def test_a_row_is_not_guessed():
    """Names that differ in signs alone are other recordings; the file's own name tells."""
    copy, plain = (Assignment(s, n, frozenset()) for s, n in (("val", "M1-"), ("train", "M1+")))
    assert row_called(Path("M1.csv"), "M1", [copy, plain]) is None
    assert row_called(Path("M1+.csv"), "M1", [copy, plain]) == plain
    assert row_called(Path("M1.csv"), "M1", [copy, copy]) == copy


def test_what_is_in_no_row_is_told_by_both_names():
    rows = [Assignment("train", f"cage {n}", frozenset([f"cage {n}"])) for n in (1, 2, 3, 4)]
    assert in_no_row(Path("p/cage 9DLC.csv"), "cage_9", rows) == (
        "p/cage 9DLC.csv is in no row of the csv of splits: none names this file or the recording "
        "'cage_9'; they name 'cage 1', 'cage 2', 'cage 3' and 1 more. Narrow --poses, or add a row"
    )
    files = [row("train", "a.csv", "a.txt"), row("val", "b.csv")]
    assert "they name 'a.csv', 'a.txt', 'b.csv'. " in in_no_row(Path("c.csv"), "c", files)


def row(split, *files):
    return Assignment(split, "", frozenset(files))


class TestRowsOf:
    one, two = Path("data/s1/poses.csv"), Path("data/s2/poses.csv")

    @pytest.mark.parametrize("folder", ["", "data/", "../", "../data/", f"{Path.cwd()}/data/"])
    def test_folders_count_as_far_as_they_are_written(self, folder):
        train, val = row("train", f"{folder}s1/poses.csv"), row("val", f"{folder}s2/poses.csv")
        assert rows_of([self.one, self.two], [train, val]) == {self.one: [train], self.two: [val]}

    def test_folders_of_another_machine_do_not_matter(self):
        train, val = row("train", "D:/lab/s1/poses.csv"), row("val", "D:/lab/s2/poses.csv")
        assert rows_of([self.one, self.two], [train, val]) == {self.one: [train], self.two: [val]}
        elsewhere = row("train", "old/poses.csv")
        assert rows_of([self.one], [elsewhere]) == {self.one: [elsewhere]}

    @pytest.mark.parametrize("folder", ["", "data\\", "..\\data\\", "C:\\Users\\me\\data\\"])
    def test_paths_as_windows_writes_them(self, folder):
        rows = [row("train", f"{folder}s1\\poses.csv"), row("val", f"{folder}s2\\poses.csv")]
        files = [self.one, self.two]
        assert rows_of(files, rows) == {self.one: rows[:1], self.two: rows[1:]}
        with pytest.raises(ManifestError, match="write the folder, too"):
            rows_of(files, [row("train", ".\\poses.csv")])

    def test_a_name_with_a_backslash_is_a_name(self):
        file, named = Path("data/a\\b.csv"), row("train", "data/a\\b.csv")
        assert rows_of([file, Path("data/b.csv")], [named])[file] == [named]

    def test_a_row_of_a_file_that_is_not_there_is_no_other_files(self):
        train, val = row("train", "s1/poses.csv"), row("val", "s3/poses.csv")
        assert rows_of([self.one], [val, train]) == {self.one: [train]}
        assert rows_of([self.one, self.two], [val, train]) == {self.one: [train], self.two: []}

    def test_several_rows_may_name_one_file(self):
        rows = [row("train", "a.csv", "poses.csv"), row("train", "b.csv", "poses.csv")]
        assert rows_of([self.one], rows) == {self.one: rows}

    def test_a_name_that_fits_several_files_is_refused(self):
        told = r"csv of splits: 'poses.csv' may be any of data/s1/poses.csv, data/s2/poses.csv"
        with pytest.raises(ManifestError, match=f"{told}; write the folder, too"):
            rows_of([self.one, self.two], [row("train", "poses.csv")])
        other = Path("more/s1/poses.csv")
        with pytest.raises(ManifestError, match="may be any of data/s1/poses"):
            rows_of([self.one, other], [row("train", "s1/poses.csv")])

    def test_letters_are_the_same_in_one_character_or_two(self, tmp_path):
        path = tmp_path / "splits.csv"
        path.write_text("poses,split\nKa\u0308fig/\xfc.csv,train\n", encoding="utf-8")
        file = Path("K\xe4fig/u\u0308.csv")
        assert [each.split for each in rows_of([file], read_assignments(path))[file]] == ["train"]
