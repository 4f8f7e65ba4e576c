import numpy as np
import pytest

from nuzzle.labels import Pair
from nuzzle.outputs import sections
from nuzzle.outputs.report import report_context
from nuzzle.outputs.results import PairFrames, ResultsWriter, Run


@pytest.fixture
def one_recording(tmp_path, recording):
    """The results of a recording of that many frames, 30 a second, with a probability in all."""

    def make(n_frames, probability=0.5):
        writer = ResultsWriter(tmp_path, Run("prediction", ("attack", "other"), "other", True))
        p = np.full((n_frames, 2), probability, np.float32)
        writer.add(recording("cage1", n_frames), [PairFrames(Pair("a", "b"), p, p > 0.5)])
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
