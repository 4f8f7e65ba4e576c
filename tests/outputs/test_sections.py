import re

import numpy as np
import pytest

from nuzzle.labels import Pair
from nuzzle.outputs import sections
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import RecordingEntry, Run
from nuzzle.outputs.report import report_context, write_report
from nuzzle.outputs.results import ResultsWriter


@pytest.fixture
def one_recording(tmp_path, recording):
    """The results of a recording of that many frames, 30 a second, with a probability in all."""

    def make(n_frames, probability=0.5, notes=()):
        writer = ResultsWriter(tmp_path, Run("prediction", ("attack", "other"), "other", True))
        p = np.full((n_frames, 2), probability, np.float32)
        pair = PairFrames(Pair("a", "b"), p, p > 0.5)
        writer.add(RecordingEntry.of(recording("cage1", n_frames), notes=notes), [pair])
        return writer.finish()

    return make


@pytest.mark.parametrize(
    ("n_frames", "ticks"),
    [
        (1, ["0:00.00"]),  # 0.03 s
        (9, ["0:00.00", "0:00.05", "0:00.10"]),  # 0.3 s
        (45, ["0:00.0", "0:00.2", "0:00.4"]),  # 1.5 s
        (300, ["0:00", "0:02", "0:04"]),  # 10 s
    ],
)
def test_ticks_of_a_short_recording_differ(one_recording, n_frames, ticks):
    (one,) = report_context(one_recording(n_frames))["ethograms"]
    assert [tick["text"] for tick in one["ticks"]][:3] == ticks
    assert one["ticks"][0]["percent"] == 0


def test_the_last_tick_of_a_short_recording_is_its_end(one_recording):
    (one,) = report_context(one_recording(9))["ethograms"]
    assert one["ticks"][-1]["text"] == "0:00.30"
    assert one["ticks"][-1]["percent"] == pytest.approx(100)


@pytest.mark.parametrize(
    ("probability", "sentence"),
    [
        (np.nan, "No frame was labelled, so there is none to doubt."),
        (0.5, "is below 0.6: 100.0 % of all frames are."),
    ],
)
def test_where_nothing_was_labelled_no_frame_is_doubtful(one_recording, probability, sentence):
    assert sentence in sections.certainty(one_recording(10, probability))["doubtful_text"]


@pytest.mark.parametrize("notes", [(), ("its animals are too fast",)])
def test_notes_on_recordings_are_told_of_first(one_recording, notes):
    told = sections.warnings(one_recording(10, notes=notes), None)
    assert any("There are notes on 1 recording" in each for each in told) == bool(notes)


def blank_parts(tmp_path, recording, *, truth):
    """What a report says where the first 30 of 90 frames have no answer, and the last 30 no label.

    Attack goes on in all others.
    """
    p = np.full((90, 2), [0.9, 0.1], np.float32)
    p[:30] = np.nan
    observed = np.ones((90, 2), bool)
    observed[60:] = False
    said = np.nan_to_num(p) > 0.5
    told = (np.tile([True, False], (90, 1)), observed) if truth else ()
    kind = "evaluation" if truth else "prediction"
    writer = ResultsWriter(tmp_path / kind, Run(kind, ("attack", "other"), "other", True))
    writer.add(
        RecordingEntry.of(recording("cage1", 90)), [PairFrames(Pair("a", "b"), p, said, *told)]
    )
    results = writer.finish()
    return report_context(results), write_report(results.directory).read_text()


LEGEND = '<span class="swatch unseen"></span>'


def test_a_stretch_without_an_answer_is_explained_where_it_is_drawn(tmp_path, recording):
    context, html = blank_parts(tmp_path, recording, truth=False)
    assert f"{LEGEND}no answer</span>" in html
    assert "nuzzle gives no answer: an animal is long out of sight" in context["ethogram_text"]
    (one,) = context["ethograms"]
    drawn = [lane.drawing for lane in one["lanes"] if lane.kind == "predicted"]
    assert 'd="M0 0h30v1h-30z" class="unseen" data-unseen="no answer"' in str(*drawn)


def test_blank_stretches_of_annotator_and_nuzzle_mean_different_things(tmp_path, recording):
    _, html = blank_parts(tmp_path, recording, truth=True)
    assert f"{LEGEND}annotator: not looked at; nuzzle: no answer</span>" in html


def test_a_legend_explains_no_blank_where_there_is_none(one_recording):
    results = one_recording(90)
    assert report_context(results)["blank"] == ""
    assert LEGEND not in write_report(results.directory).read_text()


@pytest.mark.parametrize("truth", [False, True])
def test_pairs_without_a_bout_give_way_in_the_chart_of_recordings(
    tmp_path, recording, monkeypatch, truth
):
    """Of six pairs in two recordings, one attacks in each, the third and the second."""
    monkeypatch.setattr(sections, "MOST_BARS", 9 if truth else 3)
    writer = ResultsWriter(tmp_path, Run("evaluation" if truth else "prediction", ("attack",)))
    for name, busy in (("one", "c"), ("two", "b")):
        frames = []
        for agent in "abc":
            here = np.full((30, 1), agent == busy)
            seen = np.ones_like(here)
            # What the annotator alone saw counts as well.
            told = (here, seen) if truth else ()
            said = here & (not truth)
            frames.append(PairFrames(Pair(agent, "x"), said.astype(np.float32), said, *told))
        writer.add(RecordingEntry.of(recording(name, 30)), frames)
    drawn, left_out = sections.budget_bars(writer.finish(), {"attack": "#777777"})
    words = re.findall(r"(?:one|two) · \w → x", str(drawn))
    assert list(dict.fromkeys(words)) == ["one · a → x", "one · c → x", "two · b → x"]
    assert left_out == 3
