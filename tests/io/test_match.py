from pathlib import Path

import pytest

from nuzzle.errors import InputError, ManifestError
from nuzzle.io.match import expand, match_files

DLC = "DLC_dlcrnetms5_DLC_ratJan24shuffle1_5000_el_filtered"


def paths(*names):
    return [Path(name) for name in names]


def matched(poses, labels, **options):
    found = match_files(paths(*poses), paths(*labels), **options)
    return {
        match.recording: (match.poses.name, match.labels and match.labels.name) for match in found
    }


def test_numbers_are_not_mixed_up():
    numbers = ("1", "2", "10", "11", "100")
    found = matched([f"{n}{DLC}.csv" for n in numbers], [f"{n}_annot.txt" for n in numbers])
    assert found == {n: (f"{n}{DLC}.csv", f"{n}_annot.txt") for n in numbers}


def test_the_longest_common_beginning_wins():
    found = matched(["day1_a.h5", "day1_b.h5"], ["day1_b_x.csv", "day1_a_x.csv"])
    assert found == {
        "day1_a": ("day1_a.h5", "day1_a_x.csv"),
        "day1_b": ("day1_b.h5", "day1_b_x.csv"),
    }


def test_equal_names_are_told_apart_by_their_folder():
    found = matched(["c1/poses.h5", "c2/poses.h5"], ["c2/labels.csv", "c1/labels.csv"])
    assert set(found) == {"c1", "c2"}


def test_files_without_a_match_are_listed_with_the_mend():
    with pytest.raises(ManifestError) as caught:
        matched([f"1{DLC}.csv", f"2{DLC}.csv"], ["2_annot.txt", "3_annot.txt"])
    text = str(caught.value)
    assert text.startswith("matching files by name has 2 problems:\n")
    assert f"1{DLC}.csv: no label file matches it" in text
    assert "3_annot.txt: no pose file matches it (none has a name that begins like its own)" in text
    assert "2_annot.txt: no" not in text
    assert "--allow-unlabelled" in text
    assert "--splits CSV" in text


def test_two_labels_for_one_pose_are_ambiguous():
    with pytest.raises(ManifestError, match=r"a_x\.csv, a_y\.csv fit equally well") as caught:
        matched(["a.h5"], ["a_x.csv", "a_y.csv"])
    text = str(caught.value)
    assert "(a.h5 fits another label file as well or better)" in text
    assert "--splits CSV. A recording has one label file: where several people" in text
    assert "`nuzzle agreement`." in text


def test_a_label_file_that_a_csv_leaves_over_is_not_sent_to_that_csv_again():
    with pytest.raises(ManifestError, match="A recording has one label file") as caught:
        matched([], ["a_y.csv"])
    assert "--splits" not in str(caught.value)


def test_two_poses_for_one_label_are_ambiguous():
    with pytest.raises(ManifestError, match=r"a_1\.h5, a_2\.h5 fit equally well"):
        matched(["a_1.h5", "a_2.h5"], ["a.csv"])


def test_poses_may_go_without_labels_but_labels_not_without_poses():
    found = matched([f"1{DLC}.csv", f"2{DLC}.csv"], ["2_annot.txt"], allow_unlabelled=True)
    assert found == {"1": (f"1{DLC}.csv", None), "2": (f"2{DLC}.csv", "2_annot.txt")}
    with pytest.raises(ManifestError, match=r"3_annot\.txt"):
        matched([f"1{DLC}.csv"], ["3_annot.txt"], allow_unlabelled=True)


def test_one_recording_in_two_files_is_refused():
    """As DeepLabCut writes csv and h5; what cannot be poses is told by whoever reads it."""
    message = r"day/1\.csv and day/1\.h5 seem to be .*; name one of them: --poses 'day/\*\.csv'$"
    with pytest.raises(InputError, match=message):
        matched(["day/1.csv", "day/1.h5"], ["1.txt"])
    with pytest.raises(InputError, match=r"1\.csv and 1\.h5 .* recording \(and so 1 more\)"):
        matched(["1.csv", "2.csv", "1.h5", "2.h5"], [], allow_unlabelled=True)
    assert set(matched(["a/1.csv", "b/1.h5", "b/1.mp4"], [], allow_unlabelled=True)) == {
        "a_1",
        "b_1",
    }


def test_the_only_two_files_are_paired_by_the_name_that_is_proposed():
    with pytest.raises(ManifestError, match=r"call the label file, .* it, recDLC_rec_ok\.csv\. To"):
        matched(["recDLC.csv"], ["rec_ok.csv"])
    found = matched(["recDLC.csv"], ["recDLC_rec_ok.csv"])
    assert found == {"recDLC": ("recDLC.csv", "recDLC_rec_ok.csv")}


def test_a_file_cannot_be_both():
    with pytest.raises(ManifestError, match=r"a\.csv is among the poses and among the labels"):
        matched(["a.csv", "b.csv"], ["a.csv"])


def test_names_that_would_be_equal_are_the_whole_stem():
    found = matched(["10DLC_one.csv", "10DLC_two.csv"], [], allow_unlabelled=True)
    assert set(found) == {"10DLC_one", "10DLC_two"}


def test_expand(tmp_path):
    for name in ("10.csv", "9.csv", "sub/deep/1.csv", "x.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = expand([f"{tmp_path}/*.csv", tmp_path / "9.csv"])
    assert [path.name for path in found] == ["9.csv", "10.csv"]
    assert len(expand([f"{tmp_path}/**/*.csv"])) == 3
    assert len(expand([f"{tmp_path}/*.csv", f"{tmp_path}/sub/../9.csv"])) == 2
    assert expand([]) == ()


def test_expand_takes_a_name_with_brackets_as_it_is(tmp_path):
    (tmp_path / "cage[1].csv").touch()
    assert expand([tmp_path / "cage[1].csv"]) == (tmp_path / "cage[1].csv",)


def test_expand_takes_brackets_as_they_are_where_nothing_else_matches(tmp_path):
    folder = tmp_path / "edge [2024]" / "poses"
    folder.mkdir(parents=True)
    for name in ("a1.csv", "a2.csv", "ax.csv", "b[1].csv", "b[1]_two.csv"):
        (folder / name).touch()

    def found(pattern):
        return [path.name for path in expand([f"{tmp_path}/{pattern}"])]

    assert found("edge [2024]/poses/a*.csv") == ["a1.csv", "a2.csv", "ax.csv"]
    assert found("edge [2024]/poses/a[12].csv") == ["a1.csv", "a2.csv"], "a set, as ever"
    assert found("*/poses/b[1]*.csv") == ["b[1].csv", "b[1]_two.csv"]
    assert found("edge [2024]/**/ax.csv") == ["ax.csv"]
    with pytest.raises(InputError, match="No file matches"):
        found("edge [2024]/poses/c*.csv")
    (tmp_path / "edge 2" / "poses").mkdir(parents=True)
    (tmp_path / "edge 2" / "poses" / "a9.csv").touch()
    assert found("edge [2024]/poses/a*.csv") == ["a9.csv"], "what a shell finds goes first"


def test_expand_says_what_is_wrong(tmp_path):
    with pytest.raises(InputError, match=r"No pose file matches .*quote the pattern"):
        expand([f"{tmp_path}/*.h5"], "pose file")
    with pytest.raises(InputError, match="is a folder"):
        expand([tmp_path], "pose file")
    with pytest.raises(InputError, match="name of a label file is empty"):
        expand([""], "label file")


def test_real_names(shared_data):
    rats = shared_data / "rat_dyads"
    found = match_files(expand([rats / "poses/*.csv"]), expand([rats / "labels/*.txt"]))
    assert len(found) == 42
    for match in found:
        assert match.poses.name.startswith(f"{match.recording}DLC")
        assert match.labels.name == f"{match.recording}_annot.txt"
    mice = shared_data / "resident_intruder"
    (found,) = match_files(expand([mice / "*DLC*.csv"]), expand([mice / "*reencode.csv"]))
    assert found.recording == "e3v813a-20210610T122332-122642"


def test_letters_are_the_same_in_one_character_or_two():
    assert matched(["Ka\u0308fig1DLC_x.csv"], ["K\xe4fig1_bouts.csv"]) == {
        "K\xe4fig1": ("Ka\u0308fig1DLC_x.csv", "K\xe4fig1_bouts.csv")
    }


class TestSeveralRecordingsInALabelFile:
    STUDY = Path("all.boris")

    def matched(self, poses, *names, labels=(), **options):
        items = {self.STUDY: names}
        found = match_files(paths(*poses), [self.STUDY, *labels], items=items, **options)
        return [(m.recording, m.poses.name, m.labels and m.labels.name, m.item) for m in found]

    def test_their_names_are_matched_as_those_of_files_are(self):
        assert self.matched([f"1{DLC}.csv", f"10{DLC}.csv"], "10_anna", "1_anna") == [
            ("1", f"1{DLC}.csv", "all.boris", "1_anna"),
            ("10", f"10{DLC}.csv", "all.boris", "10_anna"),
        ]

    def test_some_may_be_left_over_and_other_files_stand_beside_them(self):
        labels = paths("2_bouts.csv")
        assert self.matched(["1.csv", "2.csv"], "1", "7", labels=labels) == [
            ("1", "1.csv", "all.boris", "1"),
            ("2", "2.csv", "2_bouts.csv", ""),
        ]

    def test_without_any_match_the_advice_names_the_column_item(self):
        with pytest.raises(ManifestError) as caught:
            self.matched(["a.csv"], "1", "2", "3", "4")
        text = str(caught.value)
        assert text.startswith("matching files by name has 2 problems:")
        told = "no pose file matches one of its 4 recordings ('1', '2', '3' and 1 more)"
        assert f"- all.boris: {told}" in text
        assert "columns recording, poses, labels, item (which recording of the label" in text
        assert "call the label file" not in text

    def test_two_annotators_of_one_video_are_ambiguous(self):
        with pytest.raises(ManifestError, match=r"'1_a' in all\.boris, '1_b' in all\.boris fit"):
            self.matched(["1.csv"], "1_a", "1_b")
        with pytest.raises(ManifestError, match=r"'1_ben' in .* fit equally well"):
            self.matched(["1.csv"], "1_anna", "1_ben")
        with pytest.raises(ManifestError, match=r"'cage_ab' in .* fit equally well"):
            self.matched(["cage.csv"], "cage_a", "cage_ab")

    @pytest.mark.parametrize("pose", ["cage1.csv", f"cage1{DLC}.csv"])
    @pytest.mark.parametrize("more", ["cage1 second look", "cage1_day2", "", " ", "cage"])
    def test_an_equal_name_goes_before_longer_ones_and_before_none(self, pose, more):
        for names in (("cage1", more), (more, "cage1")):
            assert self.matched([pose], *names) == [("cage1", pose, "all.boris", "cage1")]
        for names in (("cage1.mp4", "cage1.mp4 again"), ("cage1 ", "cage1 again")):
            ((_, _, _, item),) = self.matched([pose], *names)
            assert item == names[0]

    @pytest.mark.parametrize("tail", ["", DLC])
    def test_a_pose_file_of_an_equal_name_goes_before_longer_ones(self, tail):
        poses = [f"cage1{tail}.csv", f"cage1_day2{tail}.csv"]
        found = self.matched(poses, "cage1_day2", "cage1", "cage1 second look")
        assert [item for *_, item in found] == ["cage1", "cage1_day2"]
        with pytest.raises(ManifestError, match=r"cage1_day2\S*: no label file matches it"):
            self.matched(poses, "cage1", "cage1 second look")
        with pytest.raises(ManifestError, match="fit equally well"):
            matched(["cage1.csv", "cage1_day2.csv"], ["cage1.txt"])

    @pytest.mark.parametrize(
        ("cages", "items", "found"),
        [
            (["cage1_left", "cage2"], ["cage1", "cage1_left", "cage2"], ["cage1_left", "cage2"]),
            (["m3_probe", "m4"], ["m3", "m3_probe", "m4"], ["m3_probe", "m4"]),
            (["cage1", "cage1_a", "cage1_b"], ["cage1_b", "cage1", "cage1_a"], None),
            (["cage1_b", "cage2"], ["cage1", "cage1_a", "cage2"], "fit equally well"),
        ],
    )
    def test_what_the_tracker_glues_on_makes_no_name_shorter(self, cages, items, found):
        poses = [f"{cage}DLC_resnet50.csv" for cage in cages]
        if isinstance(found, str):
            with pytest.raises(ManifestError, match=found):
                self.matched(poses, *items)
        else:
            assert [item for *_, item in self.matched(poses, *items)] == (found or cages)

    def test_the_same_name_in_two_files_is_ambiguous(self):
        items = {Path("a.boris"): ["1", "2"], Path("b.boris"): ["1", "1 again", "3"]}
        with pytest.raises(ManifestError, match=r"'1' in a\.boris, '1' in b\.boris"):
            match_files(paths("1.csv", "2.csv", "3.csv"), [*items], items=items)

    def test_a_file_that_only_its_own_name_matches(self):
        """Two annotators of each video in its file: which of them is meant stays open."""
        poses = paths("cage1DLC.csv", "cage2DLC.csv", "cage3DLC.csv", "cage4DLC.csv")
        items = {
            Path("l/cage1.csv"): ["anna", "ben"],
            Path("l/cage2.csv"): ["cage2 anna", "cage2 ben"],
            Path("l/all.csv"): ["cage3", "left over"],
        }
        found = match_files(poses, [*items, Path("l/cage4.csv")], items=items)
        assert [(m.recording, m.labels.stem, m.item) for m in found] == [
            ("cage1", "cage1", ""),
            ("cage2", "cage2", ""),
            ("cage3", "all", "cage3"),
            ("cage4", "cage4", ""),
        ]

    def test_a_file_of_which_no_name_matches_stands_beside_one_whose_own_does(self):
        items = {Path("cage1.csv"): ["anna", "ben"], Path("all.csv"): ["x", "y"]}
        with pytest.raises(ManifestError) as caught:
            match_files(paths("cage1DLC.csv"), [*items], items=items)
        text = str(caught.value)
        assert "all.csv: no pose file matches one of its 2 recordings ('x', 'y')" in text
        assert "cage1" not in text
