from pathlib import Path

import pytest

from nuzzle.errors import ManifestError
from nuzzle.io.splits import read_assignments, with_group_splits
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
