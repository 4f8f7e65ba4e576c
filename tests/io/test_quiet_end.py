"""Where the scoring of a recording seems to have stopped before its end."""

from dataclasses import replace

import numpy as np
import pytest

from nuzzle.io.load import load_entry
from nuzzle.io.quiet_end import quiet_after, quiet_end
from nuzzle.labels import Labels, Pair
from nuzzle.manifest import Entry


def labels(starts, n_frames, observed=None, **more):
    """Bouts of ten frames each."""
    active = np.zeros((n_frames, 1), bool)
    for start in starts:
        active[start : start + 10] = True
    seen = None if observed is None else np.asarray(observed, bool)[:, None]
    return Labels.from_frames(Pair("a", "b"), active, ["attack"], observed=seen, **more)


#: Twelve bouts, forty frames apart: the last stops at 600.
BOUTS = range(40, 600, 50)


def test_an_end_without_a_bout_is_said_with_what_to_do():
    assert quiet_end(labels(BOUTS, 1200)) == (
        "nothing is labelled from frame 600 on, in 600 of 1,200 frames, where no other pause is "
        "longer than 40. If nobody scored that part, put 600 into the manifest's column "
        "stop_frame: else it counts as a part in which nothing happened"
    )


def test_so_is_a_beginning():
    said = quiet_end(labels([600 + start for start in BOUTS], 1200))
    assert "before frame 640, in 640 of 1,200 frames" in said
    assert "no other pause is longer than 40" in said
    assert "put 640 into the manifest's column start_frame" in said


def test_frames_are_those_of_the_video():
    assert "from frame 700 on, in 600 of 1,200 frames" in quiet_end(labels(BOUTS, 1200), 100)


@pytest.mark.parametrize(
    ("starts", "n_frames"),
    [
        (BOUTS, 790),  # less than a quarter of the frames
        ([*BOUTS, 800], 1400),  # a pause of 200 before, and one of 590 after: no rarity here
        (BOUTS[:9], 900),  # half of the frames: nine bouts leave them empty in 1 of 512 recordings
        ([], 1200),
    ],
    ids=["short", "no-longer-than-others", "few-bouts", "no-bouts"],
)
def test_pauses_as_they_happen_are_no_end(starts, n_frames):
    assert quiet_end(labels(starts, n_frames)) is None


def test_what_one_recording_does_not_show_several_do():
    """Five bouts leave the second half empty in one of 32 recordings; two such in 1 of 1,024."""
    half = labels(range(40, 290, 50), 500)
    assert quiet_end(half) is None and quiet_after([half]) is None
    assert quiet_after([half, half]) == pytest.approx(0.5)
    assert quiet_after([half, half, labels([40, 400], 500)]) is None, "one goes on"
    assert quiet_after([half, half, labels([], 500)]) == pytest.approx(0.5)
    assert quiet_after([replace(half, background="other", exclusive=True)] * 2) is None
    told = labels(BOUTS, 1200)
    assert quiet_after([told, told]) is None, "each is told by itself"
    assert quiet_after([told, half]) == pytest.approx(0.5)
    late = labels([600 + start for start in BOUTS], 1200)  # told for its quiet beginning
    assert quiet_after([half, half, late]) is None


def test_bouts_that_follow_closely_are_one():
    """Of five recordings, each with one burst in its first half: by chance once in 32 times."""
    burst = labels([100, 111, 122], 1000)
    assert quiet_after([*[burst] * 4, labels([490], 1000)]) is None


def test_ten_bouts_are_enough_for_half_of_the_frames():
    assert quiet_end(labels(BOUTS[:10], 1000)) is not None


def test_frames_that_nobody_looked_at_do_not_count():
    assert quiet_end(labels(BOUTS, 1200, observed=np.arange(1200) < 650)) is None


def test_a_background_says_where_nothing_happens():
    assert quiet_end(labels(BOUTS, 1200, background="other")) is None


def test_a_row_of_a_manifest_says_so_among_its_notes(tmp_path, write_project):
    write_project(tmp_path, ["m1"], n_frames=1200)
    lines = [f"one,two,sniff,{start},{start + 10}" for start in BOUTS]
    scored = tmp_path / "labels" / "m1_bouts.csv"
    scored.write_text("\n".join(["agent,target,behaviour,start_frame,stop_frame", *lines]) + "\n")
    entry = Entry("m1", tmp_path / "poses" / "m1DLC_net.csv", labels=scored, fps=30.0)
    (note,) = load_entry(entry).labels.notes
    assert note.startswith("nothing is labelled from frame 600 on")
    assert not load_entry(replace(entry, stop_frame=600)).labels.notes
