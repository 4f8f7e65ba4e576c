from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from nuzzle.errors import FormatError, InputError
from nuzzle.io.caltech import FORMAT
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import Pair

TEXT = """Caltech Behavior Annotator - Annotation File

Configuration file:
base\tz
social\ts
aggression\ta
bite\tb
clinch\tc

S1:\tstart\tend\ttype
-----------------------------
   \t1\t10\tbase
   \t11\t14\tsocial
   \t15\t20\taggression
   \t21\t30\tbase

S2:\tstart\tend\ttype
-----------------------------
   \t1\t14\tbase
   \t15\t17\tclinch
   \t18\t30\tbase
"""
PAIR = Pair("rat1", "rat2")


def options(**changes):
    return LabelOptions(individuals=("rat1", "rat2"), directed=False, **changes)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "annot.txt"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    return path


def test_ranges_from_1_with_both_ends_become_half_open_from_0(file, spans_of):
    labels = FORMAT.read(file, options(stream="S1", not_observed=("base",)))
    assert spans_of(labels.bouts) == [
        ("rat1", "rat2", "aggression", 14, 20),
        ("rat1", "rat2", "social", 10, 14),
    ]
    assert labels.n_frames == 30
    assert labels.exclusive and not labels.directed and labels.background is None


def test_a_listed_behaviour_without_a_bout_is_observed_and_absent(file, spans_of):
    labels = FORMAT.read(file, options(stream="S1", not_observed=("base",)))
    # `bite` is used nowhere, so it was looked for; `clinch` belongs to S2; base is not observed.
    assert spans_of(labels.observed) == [
        ("rat1", "rat2", name, 10, 20) for name in ("aggression", "bite", "social")
    ]


def test_a_background_is_observed_and_has_no_bouts(file, spans_of, classes_of):
    choice = options(stream="S2", background="base", not_observed=("S1:base",))
    labels = FORMAT.read(file, choice)
    assert spans_of(labels.bouts) == [("rat1", "rat2", "clinch", 14, 17)]
    assert labels.background == "base"
    classes = classes_of(labels, PAIR, ["base", "bite", "clinch"])
    assert classes == [-1] * 10 + [0] * 4 + [2] * 3 + [0] * 3 + [-1] * 10


def test_without_a_stream_all_are_read_side_by_side(file, spans_of):
    labels = FORMAT.read(file, options(not_observed=("S1:base", "S2:base")))
    assert spans_of(labels.bouts, "stream") == [
        ("rat1", "rat2", "aggression", 14, 20, "S1"),
        ("rat1", "rat2", "clinch", 14, 17, "S2"),
        ("rat1", "rat2", "social", 10, 14, "S1"),
    ]
    assert not labels.exclusive


def test_what_runs_past_the_poses_is_cut_and_said(file):
    labels = FORMAT.read(file, options(stream="S1", n_frames=18))
    assert labels.n_frames == 18
    assert labels.bouts["stop_frame"].max() == 18
    assert "12 frames past the 18" in labels.notes[0]


def test_frames_after_the_last_range_are_not_observed(file):
    labels = FORMAT.read(file, options(stream="S1", n_frames=40))
    assert not labels.frames(PAIR).observed[30:].any()
    assert labels.notes == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\t15\t20\t", "\t15\t12\t", "line 14.*ends at 12, before its start 15"),
        ("\t15\t20\t", "\tx\t20\t", "line 14.*number was expected for the start.*'x'"),
        ("\t15\t20\t", "\t1.5\t20\t", "line 14.*whole frame"),
        ("\t1\t10\t", "\t0\t10\t", "line 12.*counted from 1"),
        ("\t15\t20\taggression", "\t15\t20", "line 14.*start end behaviour"),
        ("20\taggression", "20\tagression", "line 14.*'agression' is not among"),
        ("Caltech Behavior", "Another", "line 1: 'Caltech"),
    ],
)
def test_errors_name_the_line(file, old, new, message):
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(FormatError, match=message):
        FORMAT.read(file, options())


def test_no_ranges_is_an_error(file):
    file.write_text(TEXT.partition("S1:")[0])
    with pytest.raises(FormatError, match="no labelled ranges"):
        FORMAT.read(file, options())


def test_unknown_stream_and_label_are_named(file):
    with pytest.raises(FormatError, match=r"'S3' was expected.*\['S1', 'S2'\]"):
        FORMAT.read(file, options(stream="S3"))
    with pytest.raises(FormatError, match="not_observed names 'bse'"):
        FORMAT.read(file, options(not_observed=("bse",)))


def test_empty_and_binary_files(tmp_path):
    path = tmp_path / "annot.txt"
    path.write_bytes(b"")
    with pytest.raises(InputError, match="empty"):
        FORMAT.read(path, options())
    path.write_bytes(bytes(range(256)) * 4)
    assert not FORMAT.sniff(path)
    with pytest.raises(FormatError, match="not text"):
        FORMAT.read(path, options())


def frames_by_behaviour(labels) -> Counter[str]:
    bouts = labels.bouts
    frames = bouts["stop_frame"] - bouts["start_frame"]
    return Counter(frames.groupby(bouts["behaviour"]).sum().to_dict())


def test_all_rat_dyads_have_the_frames_that_their_ranges_add_up_to(shared_data):
    """The totals are the sums of `end - start + 1` over the 42 files, taken with awk.

    In six of them the last range, which is of the lead-out, runs 3 to 59 frames past the poses.
    """
    folder = shared_data / "rat_dyads"
    first, second, overruns = Counter(), Counter(), []
    for line in (folder / "recordings.csv").read_text().splitlines()[1:]:
        _, poses, name, _ = line.split(",")
        path, n_frames = folder / name, (folder / poses).read_bytes().count(b"\n") - 4
        assert FORMAT.sniff(path)
        choice = {"stream": "S1", "not_observed": ("base",), "n_frames": n_frames}
        labels = FORMAT.read(path, options(**choice))
        assert labels.exclusive and {"social", "nonsocial", "aggression"} <= {*labels.behaviours}
        assert labels.n_frames == n_frames
        overruns += [int(note.split()[3]) for note in labels.notes]
        first += frames_by_behaviour(labels)
        if b"S2:" in path.read_bytes():
            choice = {"stream": "S2", "background": "base", "not_observed": ("S1:base",)}
            labels = FORMAT.read(path, options(**choice))
            assert {"bite", "chase", "freezing"} <= {*labels.behaviours}
            second += frames_by_behaviour(labels)
    assert sorted(overruns) == [3, 9, 14, 15, 17, 59]
    assert first == {"social": 237165, "nonsocial": 230731, "aggression": 37107}
    assert second == {
        "lateralthreat": 13184,
        "keepdown": 11731,
        "clinch": 9357,
        "uprightposture": 1420,
        "freezing": 718,
        "bite": 348,
        "chase": 346,
    }


def test_what_is_directed_at_oneself_is_of_the_agent_alone(file, spans_of):
    mice = LabelOptions(individuals=("rat1", "rat2"), stream="S1", not_observed=("base",))
    labels = FORMAT.read(file, replace(mice, own=("social",)))
    assert spans_of(labels.bouts) == [
        ("rat1", "rat1", "social", 10, 14),
        ("rat1", "rat2", "aggression", 14, 20),
    ]
    assert labels.self_behaviours == ("social",)


def test_a_time_of_a_clock_is_no_frame(tmp_path):
    path = tmp_path / "rats.txt"
    path.write_text(TEXT.replace("21\t30", "21\t1700000000000"))
    with pytest.raises(FormatError, match=r"end at frame 1,700,000,000,000, .*times of a clock"):
        FORMAT.read(path, options())
