import json

import numpy as np
import pandas as pd
import pytest

from nuzzle.errors import InputError, OutputError
from nuzzle.io.calms21 import iter_recordings, manifest_from_calms21
from nuzzle.io.load import load_entry, load_manifest
from nuzzle.io.mabe import manifest_from_mabe
from nuzzle.labels import Pair
from nuzzle.simulate import simulate, simulate_recording
from nuzzle.simulate.annotator import annotate, listed_labels
from nuzzle.simulate.difficulty import DIFFICULTIES, Difficulty

EXACT = Difficulty(0, 1, label_jitter_s=0.0, missed=0.0, noise_px=0, dropped_per_minute=0,
                   swaps_per_minute=0)  # fmt: skip


def frames(recording):
    """Of the four behaviours, the one of each frame; all were looked for everywhere."""
    active, observed, _ = recording.labels.frames(
        Pair(*recording.individuals), ("attack", "investigation", "mount")
    )
    assert observed.all()
    return np.where(active.any(axis=1), active.argmax(axis=1), 3)


def test_a_recording_is_complete_and_says_that_it_is_simulated():
    recording = simulate_recording("one", minutes=1, seed=0, fps=25.0)
    assert recording.n_frames == 1500
    assert recording.fps == 25.0
    assert recording.source == "simulated"
    assert recording.lab == "simulated"
    assert recording.individuals == ("resident", "intruder")
    assert recording.labels.exclusive
    assert recording.labels.background == "other"
    assert set(recording.labels.bouts["source"]) == {"simulated"}
    assert np.nanmax(recording.confidence) <= 1
    assert np.nanmin(recording.confidence) >= 0
    assert np.isnan(recording.position).any()


def test_shares_of_the_classes_are_plausible():
    """CalMS21 has attack 3 %, investigation 27 %, mount 8 %, other 62 %."""
    labels = np.concatenate(
        [frames(simulate_recording("a", minutes=20, seed=seed)) for seed in range(4)]
    )
    attack, investigation, mount, other = np.bincount(labels, minlength=4) / len(labels)
    assert 0.01 < attack < 0.1
    assert 0.15 < investigation < 0.4
    assert 0.02 < mount < 0.2
    assert 0.5 < other < 0.8


def test_the_same_seed_gives_the_same_recording_and_another_does_not():
    one, same, other = (simulate_recording("a", minutes=0.5, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.position, same.position)
    np.testing.assert_array_equal(one.confidence, same.confidence)
    pd.testing.assert_frame_equal(one.labels.bouts, same.labels.bouts)
    assert not np.array_equal(one.position, other.position, equal_nan=True)


def test_an_exact_annotator_marks_what_was_played():
    played = [("other", 1.0), ("mount", 2.0), ("other", 3.0), ("other", 4.0), ("attack", 9.0)]
    bouts = annotate(played, 50, 10.0, EXACT, np.random.default_rng(0))
    assert bouts == [("mount", 10, 20), ("attack", 40, 50)]


def test_jitter_moves_the_ends_and_mistakes_lose_sniffs():
    played = [
        (name, 2.0 * index + 2) for index, name in enumerate(["other", "investigation"] * 500)
    ]
    level = DIFFICULTIES["hard"]
    bouts = annotate(played, 60_000, 30.0, level, np.random.default_rng(0))
    off = np.array([start % 60 for _, start, _ in bouts[:-1]])
    off = np.where(off > 30, off - 60, off)
    assert np.std(off) == pytest.approx(level.label_jitter_s * 30, rel=0.15)
    assert len(bouts) / 500 == pytest.approx(1 - level.missed, abs=0.05)


def test_sniffs_that_are_not_listed_are_labelled_sniff_if_that_is_listed():
    bouts = [("sniffface", 0, 5), ("sniffbody", 5, 9), ("sniffgenital", 9, 12), ("mount", 12, 20),
             ("genitalgroom", 20, 30)]  # fmt: skip
    pair = Pair("mouse1", "mouse2")
    labels = listed_labels(bouts, pair, ("sniff", "sniffgenital", "genitalgroom"), 40)
    rows = labels.bouts[["target", "behaviour", "start_frame", "stop_frame"]]
    assert rows.to_numpy().tolist() == [
        ["mouse2", "sniff", 0, 9],
        ["mouse2", "sniffgenital", 9, 12],
        ["mouse1", "genitalgroom", 20, 30],
    ]
    assert labels.behaviours == ("genitalgroom", "sniff", "sniffgenital")


def test_calms21_files_read_back_as_simulated_with_other_animals_in_the_test(tmp_path):
    train, test, readme = simulate(tmp_path, format="calms21", recordings=4, minutes=0.5, seed=1)
    assert train.name == "calms21_task1_train.json"
    assert test.name == "calms21_task1_test.json"
    assert "simulated" in readme.read_text()
    content = json.loads(train.read_text())["annotator-id_0"]
    assert len(content) == 3
    first = next(iter(content.values()))
    assert first["metadata"]["vocab"] == {"attack": 0, "investigation": 1, "mount": 2, "other": 3}
    assert first["metadata"]["simulated"] is True
    assert np.shape(first["keypoints"])[1:] == (2, 2, 7)
    groups = [{each.group for each in iter_recordings(path)} for path in (train, test)]
    assert len(groups[0]) == 3
    assert not groups[0] & groups[1]


def test_a_mabe_tree_reads_back_with_lists_of_what_was_looked_for(tmp_path):
    simulate(tmp_path, format="mabe", recordings=3, minutes=0.5, seed=1)
    table = pd.read_csv(tmp_path / "train.csv")
    assert set(table["lab_id"]) == {"CalMS21_task1"}
    assert set(table["tracking_method"]) == {"simulated"}
    assert set(table["frames_per_second"]) == {30.0}
    listed = {
        entry.split(",")[2] for cell in table["behaviors_labeled"] for entry in json.loads(cell)
    }
    assert listed == {"approach", "attack", "genitalgroom", "intromit", "mount", "sniff",
                      "sniffbody", "sniffface", "sniffgenital"}  # fmt: skip
    for recording in load_manifest(manifest_from_mabe(tmp_path)):
        assert recording.n_frames == 900
        assert recording.labels.n_frames == 900
        assert recording.lab.startswith("simulated")


def test_labs_differ_in_points_rate_and_behaviours(tmp_path):
    simulate(tmp_path, format="mabe", recordings=4, minutes=0.2, seed=1, labs=4)
    recordings = list(load_manifest(manifest_from_mabe(tmp_path)))
    assert sorted(each.fps for each in recordings) == [15.0, 25.0, 30.0, 50.0]
    assert sorted(len(each.keypoints) for each in recordings) == [3, 4, 5, 7]
    assert len({each.labels.behaviours for each in recordings}) == 4


@pytest.mark.parametrize("format", ["calms21", "mabe"])
def test_the_same_seed_writes_the_same_bytes(tmp_path, format):
    for name in ("a", "b"):
        simulate(tmp_path / name, format=format, recordings=2, minutes=0.2, seed=5)
    for path in (tmp_path / "a").rglob("*.*"):
        twin = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == twin.read_bytes()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    arguments = {"format": "calms21", "recordings": 2, "minutes": 0.1, "seed": 0}
    with pytest.raises(OutputError, match="not empty"):
        simulate(tmp_path, **arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    simulate(tmp_path, **arguments, overwrite=True)
    simulate(tmp_path, **arguments, overwrite=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "slp"}, "calms21"),
        ({"recordings": 1}, "At least 2"),
        ({"minutes": 0.0}, "positive"),
        ({"minutes": 0.001}, "at least a second"),
        ({"minutes": 1e6}, "at most a day, 1440 minutes; got 1000000.0"),
        ({"difficulty": "brutal"}, "easy"),
        ({"labs": 2}, "mabe only"),
        ({"format": "mabe", "task": 2}, "tasks for calms21 only; got task 2 for mabe"),
        ({"seed": -1}, "from 0"),
    ],
)
def test_impossible_arguments_are_refused_before_anything_is_written(tmp_path, change, message):
    arguments = {"format": "calms21", "recordings": 2, "minutes": 0.1, "seed": 0, **change}
    with pytest.raises(InputError, match=message):
        simulate(tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change",
    [{"vocabulary": "mars"}, {"session": ("flying",)}, {"fps": 0.0}, {"difficulty": "brutal"}],
)
def test_an_impossible_recording_is_refused(change):
    with pytest.raises(InputError):
        simulate_recording("a", **{"minutes": 0.1, "seed": 0, **change})


def test_annotators_of_task_2_see_the_same_mice_and_mark_other_bouts(tmp_path):
    train, test, _ = simulate(tmp_path, format="calms21", recordings=3, minutes=2, seed=1, task=2)
    assert (train.name, test.name) == ("calms21_task2_train.json", "calms21_task2_test.json")
    by_group = {}
    for entry in manifest_from_calms21([train]):
        group, _, name = entry.item.partition("/")
        by_group.setdefault(group, []).append(load_entry(entry))
        assert name.startswith("task2/annotator")
    assert sorted(by_group) == [f"annotator-id_{n}" for n in range(1, 6)]
    first, last = by_group["annotator-id_1"][1], by_group["annotator-id_5"][1]
    assert np.array_equal(first.position, last.position, equal_nan=True)
    lengths = last.labels.bouts["stop_frame"] - last.labels.bouts["start_frame"]
    assert lengths.min() >= 12, "0.4 s"
    assert len(first.labels.bouts) > len(last.labels.bouts)


def test_behaviours_of_task_3_stand_alone(tmp_path):
    train, _, _ = simulate(tmp_path, format="calms21", recordings=3, minutes=0.5, seed=1, task=3)
    recordings = {entry.item.split("/")[0]: load_entry(entry)
                  for entry in manifest_from_calms21([train])}  # fmt: skip
    assert sorted(recordings) == ["approach", "groom", "intromission", "sniff_face"]
    for name, recording in recordings.items():
        assert recording.labels.behaviours == (name,)
        assert recording.labels.exclusive and recording.labels.background == "other"
        assert recording.simulated


def test_there_is_no_task_4(tmp_path):
    with pytest.raises(InputError, match="has the tasks"):
        simulate(tmp_path, format="calms21", recordings=3, minutes=0.5, seed=1, task=4)
