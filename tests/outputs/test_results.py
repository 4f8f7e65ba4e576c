from __future__ import annotations

import errno
import json
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from nuzzle.errors import FormatError, InputError, OutputError
from nuzzle.labels import Pair
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import RecordingEntry, Run, read_results
from nuzzle.outputs.results import ResultsWriter, writing

PAIR = Pair("resident", "intruder")
NAMES = ("attack", "mount", "other")


def run(**changes):
    return Run(**{"kind": "prediction", "behaviours": NAMES, "background": "other", **changes})


def frames(n=300, truth=False):
    p = np.full((n, 3), 0.25, np.float32)
    p[:, 2] = 0.5
    p[30:60] = [0.9, 0.05, 0.05]
    said = p.argmax(1)[:, None] == np.arange(3)
    if not truth:
        return PairFrames(PAIR, p, said)
    real = np.zeros((n, 3), bool)
    real[45:90, 0] = True
    real[:, 2] = ~real[:, 0]
    observed = np.ones((n, 3), bool)
    observed[:15] = False
    return PairFrames(PAIR, p, said, real & observed, observed)


def test_round_trip_of_a_prediction(tmp_path, recording):
    writer = ResultsWriter(tmp_path / "out", run(command="nuzzle predict", bundle={"a": 1}))
    writer.add(
        RecordingEntry.of(recording("cage1", group="g"), notes=["a note"], seconds=1.5), [frames()]
    )
    results = writer.finish()
    assert results.finished
    assert results.run.behaviours == NAMES
    assert results.run.bundle == {"a": 1}
    (entry,) = results.recordings
    assert (entry.name, entry.group, entry.status, entry.n_frames) == ("cage1", "g", "done", 300)
    assert entry.notes == ("a note",)
    assert entry.pairs == (("resident", "intruder"),)
    # 30 of 300 frames have a probability of 0.9, all others of 0.5.
    assert entry.doubtful == pytest.approx(0.9)
    (back,) = results.frames(entry)
    assert back.pair == PAIR
    np.testing.assert_array_equal(back.probability, frames().probability)
    np.testing.assert_array_equal(back.predicted, frames().predicted)
    assert back.truth is None
    assert results.truth_bouts is None
    bouts = results.bouts[["recording", "behaviour", "start_frame", "stop_frame"]]
    assert bouts.values.tolist() == [["cage1", "attack", 30, 60]]
    budget = results.time_budget.set_index("behaviour")
    assert budget.loc["attack", "percent"] == pytest.approx(10.0)
    assert budget.loc["mount", "bouts"] == 0
    assert "other" not in budget.index


def test_what_fails_now_has_no_results_of_before(tmp_path, recording):
    writer = ResultsWriter(tmp_path, run())
    for name in ("cage1", "cage2"):
        writer.add(RecordingEntry.of(recording(name)), [frames()])
    writer.finish()
    again = ResultsWriter(tmp_path, run(), resume=True)
    again.fail("cage1", "its poses are gone")
    results = again.finish()
    assert {each.name: each.status for each in results.recordings} == {
        "cage1": "failed",
        "cage2": "done",
    }
    assert set(results.bouts["recording"]) == set(results.time_budget["recording"]) == {"cage2"}
    assert set(ResultsWriter(tmp_path, run(), resume=True).finished) == {"cage2"}


def test_the_frames_file_is_plain_to_read(tmp_path, recording):
    writer = ResultsWriter(tmp_path, run(kind="evaluation"))
    entry = writer.add(RecordingEntry.of(recording("cage1")), [frames(truth=True)])
    writer.finish()
    table = pd.read_parquet(tmp_path / entry.file)
    assert list(table.columns) == [
        "frame", "time_s", "agent", "target", "p:attack", "p:mount", "p:other", "predicted",
        "truth",
    ]  # fmt: skip
    assert table["time_s"][30] == pytest.approx(1.0)
    assert table["predicted"][[29, 30]].tolist() == ["other", "attack"]
    assert table["truth"][[14, 15, 45]].tolist() == ["", "other", "attack"]


def test_truth_and_what_was_observed_round_trip(tmp_path, recording):
    writer = ResultsWriter(tmp_path, run(kind="evaluation"))
    writer.add(RecordingEntry.of(recording("cage1")), [frames(truth=True)])
    results = writer.finish(metrics={"macro_f1": float("nan")})
    (entry,) = results.recordings
    (back,) = results.frames(entry)
    np.testing.assert_array_equal(back.truth, frames(truth=True).truth)
    np.testing.assert_array_equal(back.observed, frames(truth=True).observed)
    assert entry.observed_frames == (285,)
    assert results.truth_bouts["start_frame"].tolist() == [45]
    assert results.metrics == {"macro_f1": None}


def test_what_nobody_looked_for_is_no_doubt(tmp_path, recording):
    p = np.tile(np.array([0.9, 0.9, 0.5], np.float32), (300, 1))
    said, observed = p > 0.5, np.tile([True, True, False], (300, 1))
    unsure = np.tile([False, False, True], (300, 1))
    one = PairFrames(PAIR, p, said, said & observed, observed, unsure)
    writer = ResultsWriter(tmp_path, run(background=None, exclusive=False, kind="evaluation"))
    entry = writer.add(RecordingEntry.of(recording("cage1")), [one])
    assert (entry.doubtful, entry.unsure) == (0, 0)
    (back,) = writer.finish().frames(entry)
    assert np.isnan(back.probability[:, 2]).all()


def test_behaviours_at_once_keep_a_mask_each(tmp_path, recording):
    rng = np.random.default_rng(0)
    p = rng.random((300, 3)).astype(np.float32)
    p[:, 2] = np.nan
    truth, observed = rng.random((300, 3)) < 0.5, rng.random((300, 3)) < 0.8
    one = PairFrames(PAIR, p, p > 0.5, truth & observed, observed)
    alone = PairFrames(Pair("resident", "resident"), p, p > 0.9, truth & observed, observed)
    writer = ResultsWriter(tmp_path, run(background=None, exclusive=False, kind="evaluation"))
    writer.add(RecordingEntry.of(recording("cage1")), [one, alone])
    results = writer.finish()
    first, second = results.frames(results.recordings[0])
    assert second.pair == Pair("resident", "resident")
    for name in ("probability", "predicted", "truth", "observed"):
        np.testing.assert_array_equal(getattr(first, name), getattr(one, name))
        np.testing.assert_array_equal(getattr(second, name), getattr(alone, name))
    # What the classifier never gave a probability of was not looked for.
    assert set(results.time_budget["behaviour"]) == {"attack", "mount"}


def test_names_with_slashes_and_case_become_different_files(tmp_path, recording):
    writer = ResultsWriter(tmp_path, run())
    names = ["a/task1/mouse 1", "a_task1_mouse_1", "Cage", "cage", "..", "ü", "x" * 300]
    files = [writer.add(RecordingEntry.of(recording(name)), [frames()]).file for name in names]
    assert len({file.lower() for file in files}) == len(names)
    assert all((tmp_path / file).parent == tmp_path / "frames" for file in files)
    results = writer.finish()
    assert [entry.name for entry in results.recordings] == names
    assert set(results.bouts["recording"]) == set(names)


def test_failures_have_reasons(tmp_path, recording):
    writer = ResultsWriter(tmp_path, run())
    writer.add(RecordingEntry.of(recording("good")), [frames()])
    writer.fail("bad", "the file is empty", poses="bad.csv")
    results = writer.finish()
    assert [entry.name for entry in results.done] == ["good"]
    (bad,) = results.failed
    assert (bad.name, bad.reason, bad.poses) == ("bad", "the file is empty", "bad.csv")


def test_an_occupied_folder_is_refused(tmp_path, recording):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="not empty"):
        ResultsWriter(tmp_path, run())
    ResultsWriter(tmp_path, run(), overwrite=True).finish()
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    writer = ResultsWriter(tmp_path, run())  # nothing has come of the run before
    writer.add(RecordingEntry.of(recording("cage1").slice(0, 90)), [frames(90)])
    writer.finish()
    with pytest.raises(OutputError, match="--resume"):
        ResultsWriter(tmp_path, run())
    with pytest.raises(OutputError, match=r"Pass --overwrite"):
        ResultsWriter(tmp_path, run(kind="evaluation"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bouts.csv", "scored by hand"),
        ("report.html", "<html>"),
        ("results.json", '{"mine": 1}'),
        ("results.json", "mine"),
        ("frames/cage1.parquet", "video frames"),
    ],
)
def test_files_of_somebody_else_are_not_overwritten(tmp_path, name, text):
    """`overwrite` means results of nuzzle, and these are none."""
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    for flags in ({}, {"overwrite": True}, {"resume": True}):
        with pytest.raises(
            OutputError, match=f"no results of nuzzle, and .*: {re.escape(str(file))}. Choose"
        ):
            ResultsWriter(tmp_path, run(), **flags)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]
    assert file.read_text() == text


@pytest.mark.parametrize("index", [None, "", "{ cut"])
def test_results_whose_index_is_lost_are_begun_anew(tmp_path, recording, index):
    writer = ResultsWriter(tmp_path, run())
    writer.add(RecordingEntry.of(recording("cage1")), [frames()])
    writer.finish()
    (tmp_path / "results.json").unlink()
    if index is not None:
        (tmp_path / "results.json").write_text(index)
    (tmp_path / "frames" / "empty.parquet").touch()
    for flags in ({}, {"resume": True}):
        with pytest.raises(OutputError, match=r"results\.json, is lost or damaged. Pass --over"):
            ResultsWriter(tmp_path, run(), **flags)
    again = ResultsWriter(tmp_path, run(), overwrite=True)
    again.add(RecordingEntry.of(recording("cage2")), [frames()])
    assert [each.name for each in again.finish().done] == ["cage2"]


def test_frames_of_nuzzle_do_not_make_the_files_beside_them_its_own(tmp_path, recording):
    writer = ResultsWriter(tmp_path, run())
    writer.add(RecordingEntry.of(recording("cage1")), [frames()])
    writer.finish()
    (tmp_path / "results.json").write_text('{"mine": 1}')
    with pytest.raises(OutputError, match="holds no results of nuzzle"):
        ResultsWriter(tmp_path, run(), overwrite=True)
    assert (tmp_path / "results.json").read_text() == '{"mine": 1}'


def test_to_go_on_and_to_begin_anew_contradict_each_other(tmp_path):
    with pytest.raises(OutputError, match="choose one"):
        ResultsWriter(tmp_path, run(), overwrite=True, resume=True)


def test_one_run_at_a_time_writes_a_folder(tmp_path):
    with writing(tmp_path, run()) as writer:
        with pytest.raises(OutputError, match="Another run is writing"), writing(tmp_path, run()):
            pass
        writer.finish()
    assert {path.name for path in tmp_path.iterdir()} >= {"results.json", "bouts.csv"}
    assert not (tmp_path / ".nuzzle.lock").exists()


def test_a_part_of_a_video_counts_in_the_videos_own_frames(tmp_path, recording):
    """Frames 120 to 300; attack is said in 30 to 60 of the part, and true in 45 to 90 of it."""
    part = recording("cage1").slice(90, 300).slice(30, 210)
    fps = part.require_fps()
    writer = ResultsWriter(tmp_path, run(kind="evaluation"))
    entry = writer.add(RecordingEntry.of(part, notes=["a note"]), [frames(180, truth=True)])
    assert (entry.start_frame, entry.start_s, entry.notes) == (120, 120 / fps, ("a note",))
    results = writer.finish()
    (said,) = results.bouts.to_dict("records")
    assert (said["start_frame"], said["stop_frame"]) == (150, 180)
    assert (said["start_s"], said["duration_s"]) == pytest.approx((150 / fps, 30 / fps), abs=1e-6)
    assert results.truth_bouts["start_frame"].tolist() == [165]
    row = results.time_budget.set_index("behaviour").loc["attack"]
    assert row["latency_s"] == pytest.approx(30 / fps, abs=1e-6), "from where the part begins"
    table = pd.read_parquet(tmp_path / entry.file)
    assert table["frame"].tolist() == [*range(120, 300)]
    assert table["time_s"].iloc[0] == pytest.approx(120 / fps)
    (back,) = results.frames(results.done[0])
    assert back.predicted[:, 0].nonzero()[0].tolist() == [*range(30, 60)]


def test_a_part_counts_so_when_its_run_goes_on(tmp_path, recording):
    ResultsWriter(tmp_path, run()).add(
        RecordingEntry.of(recording("cage1").slice(120, 300)), [frames(180)]
    )
    results = ResultsWriter(tmp_path, run(), resume=True).finish()
    assert results.bouts["start_frame"].tolist() == [150]


def test_overwriting_leaves_nothing_of_the_earlier_run(tmp_path, recording):
    writer = ResultsWriter(tmp_path, run(kind="evaluation"))
    writer.add(RecordingEntry.of(recording("old")), [frames(truth=True)])
    writer.finish(metrics={}, attention=[])
    _foreign(tmp_path / "frames")
    writer = ResultsWriter(tmp_path, run(), overwrite=True)
    writer.add(RecordingEntry.of(recording("new")), [frames()])
    results = writer.finish()
    assert [entry.name for entry in results.recordings] == ["new"]
    there = {path.name for path in (tmp_path / "frames").iterdir()}
    assert there == {"new.parquet", "foreign.parquet"}
    assert results.metrics is None
    assert not (tmp_path / "truth_bouts.csv").exists()


def test_earlier_results_stay_where_nothing_replaces_them(tmp_path, recording):
    writer = ResultsWriter(tmp_path, run(kind="evaluation"))
    writer.add(RecordingEntry.of(recording("old")), [frames(truth=True)])
    writer.finish(metrics={}, attention=[])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    writer = ResultsWriter(tmp_path, run(), overwrite=True)
    writer.fail("new", "was locked")
    results = writer.finish()
    assert [(each.name, each.status) for each in results.recordings] == [("new", "failed")]
    assert not results.done and results.bouts.empty and results.time_budget.empty
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_earlier_results_stay_where_the_disk_is_full(tmp_path, recording, monkeypatch):
    def full(path, *_, **__):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    ResultsWriter(tmp_path, run()).add(RecordingEntry.of(recording("old")), [frames()])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    writer = ResultsWriter(tmp_path, run(), overwrite=True)
    monkeypatch.setattr("nuzzle.outputs.results.write_frames", full)
    with pytest.raises(OutputError, match=r"new\.parquet: No space left on device"):
        writer.add(RecordingEntry.of(recording("new")), [frames()])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_killed_run_goes_on_where_it_was(tmp_path, recording):
    killed = ResultsWriter(tmp_path, run())
    killed.add(RecordingEntry.of(recording("one")), [frames()])
    killed.fail("two", "was locked")
    assert not read_results(tmp_path).finished

    writer = ResultsWriter(tmp_path, run(), resume=True)
    assert set(writer.finished) == {"one"}
    writer.add(RecordingEntry.of(recording("two")), [frames()])
    results = writer.finish()
    assert [entry.status for entry in results.recordings] == ["done", "done"]
    assert results.bouts["recording"].tolist() == ["one", "two"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"bundle": {"b": 2}}, "bundle"),
        ({"background": None}, "background"),
        ({"background": None, "bundle": {"b": 2}}, "background and bundle"),
    ],
)
def test_another_run_cannot_be_resumed(tmp_path, change, what):
    ResultsWriter(tmp_path, run()).finish()
    with pytest.raises(OutputError, match=rf"of another run, which differs in its {what}\. "):
        ResultsWriter(tmp_path, run(**change), resume=True)


def test_wrong_shapes_are_refused(tmp_path, recording):
    writer = ResultsWriter(tmp_path, run())
    with pytest.raises(InputError, match="at least one pair"):
        writer.add(RecordingEntry.of(recording("r")), [])
    with pytest.raises(InputError, match="at least one pair"):
        writer.add(RecordingEntry.of(recording("r", 299)), [frames()])
    with pytest.raises(InputError, match="shape"):
        PairFrames(PAIR, frames().probability, frames().predicted[:, :2])
    with pytest.raises(InputError, match="together"):
        PairFrames(PAIR, frames().probability, frames().predicted, frames().predicted)
    with pytest.raises(InputError, match="background"):
        run(background="nothing")


def test_what_is_no_results_folder_says_so(tmp_path):
    with pytest.raises(InputError, match=r"no results\.json"):
        read_results(tmp_path)
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(FormatError, match="not JSON"):
        read_results(tmp_path)
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(FormatError, match="nuzzle-results"):
        read_results(tmp_path)


def test_a_later_version_is_refused(tmp_path):
    ResultsWriter(tmp_path, run()).finish()
    index = json.loads((tmp_path / "results.json").read_text())
    (tmp_path / "results.json").write_text(json.dumps({**index, "version": 99}))
    with pytest.raises(FormatError, match="version 1 was expected, got 99"):
        read_results(tmp_path)


@pytest.mark.parametrize("name", ["bouts.csv", "truth_bouts.csv", "time_budget.csv"])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: "a,b,c\n", r"'behaviour'.* were expected; \['recording', .* are missing"),
        (lambda text: text.replace("target,", "whom,", 1), r"\['target'\] are missing"),
        (lambda text: text.replace("attack,", "attack,soon", 1), "soon"),
        (lambda text: "", "is not as nuzzle wrote it"),
        (
            lambda text: text.replace("one,", "two,"),
            "recording has 'two', .* results of 'one' only",
        ),
        (
            lambda text: text.replace("attack,", "bite,"),
            "behaviour has 'bite', .* 'attack', 'mount' only",
        ),
    ],
)
def test_a_table_that_somebody_has_changed_is_named(tmp_path, recording, name, change, told):
    writer = ResultsWriter(tmp_path, run(kind="evaluation"))
    writer.add(RecordingEntry.of(recording("one")), [frames(truth=True)])
    writer.finish()
    table = tmp_path / name
    table.write_text(change(table.read_text()))
    with pytest.raises(FormatError, match=rf"{name}: .*{told}.*nuzzle predict. with --resume"):
        read_results(tmp_path)


def test_a_damaged_frames_file_is_named(tmp_path, recording):
    writer = ResultsWriter(tmp_path, run())
    entry = writer.add(RecordingEntry.of(recording("one")), [frames()])
    results = writer.finish()
    path = tmp_path / entry.file
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FormatError, match=r"one\.parquet"):
        results.frames(entry)
    pq.write_table(pq.read_table(_foreign(tmp_path)), path)
    with pytest.raises(FormatError, match="written by nuzzle"):
        results.frames(entry)


def _foreign(folder):
    path = folder / "foreign.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(path)
    return path


def test_certainty_by_hand():
    p = np.array([[0.2, 0.7, 0.1], [np.nan] * 3, [0.9, np.nan, 0.05]], np.float32)
    one = PairFrames(PAIR, p, p > 0.5)
    np.testing.assert_allclose(one.certainty(exclusive=True), [0.7, np.nan, 0.9])
    # Several at once: the decision nearest to 0.5 counts.
    np.testing.assert_allclose(one.certainty(exclusive=False), [0.7, np.nan, 0.9])
    assert one.looked_for.tolist() == [True, True, True]


@pytest.mark.parametrize("exclusive", [True, False])
def test_what_no_annotator_looked_for_has_no_row_in_the_time_budget(tmp_path, recording, exclusive):
    one = frames(truth=True)
    one.observed[:, 1] = False
    settings = {} if exclusive else {"background": None, "exclusive": False}
    writer = ResultsWriter(tmp_path, run(kind="evaluation", **settings))
    entry = writer.add(RecordingEntry.of(recording("cage1")), [one])
    results = writer.finish()
    names = {"attack"} if exclusive else {"attack", "other"}
    assert set(results.time_budget["behaviour"]) == names
    (back,) = results.frames(entry)
    assert back.looked_for.tolist() == [True, False, True]
    np.testing.assert_array_equal(back.observed, one.observed)


@pytest.mark.parametrize("kind", ["prediction", "evaluation"])
def test_lost_time_lowers_only_the_share_of_all_frames(tmp_path, recording, kind):
    one = frames(truth=kind == "evaluation")
    one.probability[200:] = np.nan
    one.predicted[200:] = False
    writer = ResultsWriter(tmp_path, run(kind=kind))
    writer.add(RecordingEntry.of(recording("one")), [one])
    attack = writer.finish().time_budget.set_index("behaviour").loc["attack"]
    # 30 of 300 frames at 30 frames/s, of which 200 have an answer.
    assert (attack["seconds"], attack["percent"]) == (1.0, 10.0)
    assert attack["answered_s"] == pytest.approx(200 / 30, abs=1e-6)
    assert attack["percent_of_answered"] == 15.0


def test_the_time_budget_of_an_earlier_version_is_read(tmp_path, recording):
    writer = ResultsWriter(tmp_path, run())
    writer.add(RecordingEntry.of(recording("one")), [frames()])
    now, path = writer.finish().time_budget, tmp_path / "time_budget.csv"
    later = ["answered_s", "percent_of_answered"]
    pd.read_csv(path).drop(columns=later).to_csv(path, index=False)
    before = read_results(tmp_path).time_budget
    assert before[later].isna().all(axis=None)
    pd.testing.assert_frame_equal(before.drop(columns=later), now.drop(columns=later))
    assert list(before) == list(now)


def test_what_to_check_is_written_also_where_a_run_goes_on(tmp_path, recording):
    ResultsWriter(tmp_path, run()).add(RecordingEntry.of(recording("one")), [frames()])
    ResultsWriter(tmp_path, run(), resume=True).finish()
    check = pd.read_csv(tmp_path / "check.csv")
    # All but the attack has a probability of 0.5.
    assert check[["start_frame", "stop_frame"]].to_numpy().tolist() == [[60, 300], [0, 30]]
    assert check["says"].tolist() == ["other", "other"]
