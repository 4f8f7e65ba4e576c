"""What changed between two runs is named, with both values."""

from dataclasses import replace
from pathlib import Path

import pytest

from nuzzle.manifest import Entry
from nuzzle.workflow.described import describe, differences


@pytest.fixture
def entry(tmp_path):
    poses = tmp_path / "cage1.csv"
    poses.write_text("12345")
    return Entry("cage1", poses=poses)


def test_the_same_has_no_differences(entry):
    parts = {"model": {"name": "tcn", "options": {}}, "folds": "by group"}
    assert differences(describe(parts, [entry]), describe(parts, [entry])) == ""


def test_keys_are_named_with_their_sections(entry):
    then = describe({"model": {"name": "tcn"}, "training": {"epochs": 3, "seed": 0}}, [entry])
    now = describe({"model": {"name": "tcn"}, "training": {"epochs": 4, "seed": 0}}, [entry])
    assert differences(then, now) == "training.epochs (3 before, 4 now)"


def test_rows_differ_by_their_columns(entry):
    then = describe({}, [entry])
    assert differences(then, describe({}, [replace(entry, fps=25.0)])) == "row cage1"
    assert differences(then, describe({}, [])) == "row cage1"


def test_the_table_of_a_tree_counts_as_a_file_of_its_recordings(tmp_path):
    poses = tmp_path / "train_tracking" / "lab" / "7.parquet"
    poses.parent.mkdir(parents=True)
    poses.write_text("poses")
    entry, table = Entry("7", poses=poses), tmp_path / "train.csv"
    before = describe({}, [entry])
    table.write_text("attack")
    then = describe({}, [entry])
    assert differences(before, then) == f"{table} is new"
    assert differences(then, before) == f"{table} is gone"
    table.write_text("mounts")
    assert differences(then, describe({}, [entry])) == f"{table} was changed since"


def test_a_csv_beside_other_folders_is_no_table_of_a_tree(tmp_path):
    poses = tmp_path / "cohort" / "tracking" / "7.parquet"
    poses.parent.mkdir(parents=True)
    poses.write_text("poses")
    (tmp_path / "cohort.csv").write_text("my notes")
    assert "cohort.csv" not in describe({}, [Entry("7", poses=poses)])


def test_a_file_is_named_even_where_it_kept_its_size(entry, tmp_path):
    labels = tmp_path / "cage1.labels.csv"
    labels.write_text("attack,3,9")
    entry = replace(entry, labels=labels)
    then = describe({}, [entry])
    labels.write_text("attack,4,9")
    assert differences(then, describe({}, [entry])) == f"{labels} was changed since"
    Path(entry.poses).write_text("54321")
    both = f"{entry.poses} was changed since, {labels} was changed since"
    assert differences(then, describe({}, [entry])) == both
