import json

import numpy as np
import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app
from nuzzle.labels import Pair
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import RecordingEntry, Run
from nuzzle.outputs.results import ResultsWriter

TRUTH = np.array([[True], [True], [False], [False]])


def write(folder, hits, recordings=5):
    """Results of recordings in which an attack of two frames has so many hits."""
    writer = ResultsWriter(folder, Run("evaluation", ("attack",), exclusive=False))
    for number in range(recordings):
        said = TRUTH & (np.arange(4) < hits)[:, None]
        p = said.astype(np.float32)
        entry = RecordingEntry(f"cage{number}", n_frames=4, fps=2.0)
        writer.add(entry, [PairFrames(Pair("a", "b"), p, said, TRUTH, np.ones_like(TRUTH))])
    writer.finish({})
    return str(folder)


@pytest.fixture
def folders(tmp_path):
    return [write(tmp_path / str(hits), hits) for hits in (0, 1, 2)]


def compared(*arguments):
    done = CliRunner().invoke(build_app(), ["compare", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_figures_are_shown_with_their_signs_and_a_verdict(folders, tmp_path):
    # Hits 1 of 2: F1 2 / 3; hits 2 of 2: 1. All recordings are alike, so every draw is.
    said = compared(folders[2], "--with", folders[1], "--json", str(tmp_path / "j.json"))
    row = next(line for line in said.splitlines() if line.startswith("macro F1  "))
    assert "1.000 [1.00, 1.00]" in row
    assert "0.667 [0.67, 0.67]" in row
    assert "-0.333 [-0.333, -0.333]" in row
    assert "macro F1: 1 is ahead; the interval of the difference leaves out zero." in said
    assert "2 has the higher macro F1 in 0 of 5, 1 in 5." in said
    assert "20 frames of 5 recordings" in said
    written = json.loads((tmp_path / "j.json").read_text())
    assert written["first"] == folders[2:]
    assert written["macro_f1"]["difference"]["value"] == pytest.approx(-1 / 3)


def test_several_trainings_are_counted(folders):
    said = compared(folders[0], folders[1], "--with", folders[2])
    assert "over trainings (2 of 1, 1 of 2)" in said
    assert "macro F1: 2 is ahead" in said


def test_of_one_recording_nothing_is_in_brackets(tmp_path):
    first, second = (write(tmp_path / str(hits), hits, recordings=1) for hits in (1, 2))
    said = compared(first, "--with", second)
    assert "4 frames of 1 recording, the same for both. AP:" in said
    assert "+0.333\n" in said


def test_what_cannot_be_told_is_not_told(folders, tmp_path):
    said = compared(folders[1], "--with", write(tmp_path / "same", 1))
    assert "macro F1: which is ahead cannot be told from these recordings." in said
