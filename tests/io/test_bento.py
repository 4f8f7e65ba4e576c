from __future__ import annotations

from dataclasses import replace

import pytest

from nuzzle.errors import FormatError, InputError
from nuzzle.io.bento import FORMAT
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import Labels

TEXT = """Bento annotation file
Movie file(s):  /videos/a b.seq

Stimulus name: male
Annotation start frame: 1
Annotation stop frame: 100
Annotation framerate: 30.000000

List of channels:
Ch1
Ch2

List of annotations:
attack
close_investigation
mount

Ch1----------
>attack
Start\t Stop\t Duration
11\t20\t10
31\t31\t1

>close_investigation
Start\t Stop\t Duration
15\t40\t26

Ch2----------
>attack
Start\t Stop\t Duration
12\t21\t10

"""
MICE = LabelOptions(individuals=("resident", "intruder"))


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "a.annot"
        path.write_bytes(text.encode())
        return path

    return write


def test_frames_from_1_with_both_ends(write, spans_of):
    path = write(TEXT)
    assert FORMAT.sniff(path)
    labels = FORMAT.read(path, LabelOptions(individuals=MICE.individuals, stream="Ch1"))
    assert spans_of(labels.bouts) == [
        ("resident", "intruder", "attack", 10, 20),
        ("resident", "intruder", "attack", 30, 31),
        ("resident", "intruder", "close_investigation", 14, 40),
    ]
    # mount is listed and used in no channel: looked for, and absent.
    assert spans_of(labels.observed) == [
        ("resident", "intruder", name, 0, 100)
        for name in ("attack", "close_investigation", "mount")
    ]
    assert labels.n_frames == 100 and not labels.exclusive


def test_channels_are_streams(write):
    labels = FORMAT.read(write(TEXT.replace("\n", "\r\n")), MICE)
    assert labels.bouts["stream"].value_counts().to_dict() == {"Ch1": 3, "Ch2": 1}
    with pytest.raises(FormatError, match=r"'Ch3' was expected.*\['Ch1', 'Ch2'\]"):
        FORMAT.read(write(TEXT), LabelOptions(stream="Ch3"))


def test_frames_before_the_annotated_ones_are_not_observed(write):
    labels = FORMAT.read(write(TEXT.replace("start frame: 1\n", "start frame: 11\n")), MICE)
    assert {*labels.observed["start_frame"]} == {10}


def test_a_background_makes_the_labels_exclusive(write):
    text = TEXT.replace("close_investigation", "other").replace("15\t40\t26", "41\t60\t20")
    options = LabelOptions(individuals=MICE.individuals, stream="Ch1", background="other")
    labels = FORMAT.read(write(text), options)
    assert labels.exclusive and labels.background == "other"
    assert {*labels.bouts["behaviour"]} == {"attack"}
    assert "other" not in labels.behaviours


def test_overlap_is_not_exclusive_and_said(write):
    options = LabelOptions(individuals=MICE.individuals, stream="Ch1", background="other")
    labels = FORMAT.read(write(TEXT), options)
    assert not labels.exclusive and "overlap" in labels.notes[0]


SECONDS = """Bento annotation file
Movie file(s):

Stimulus name:
Annotation start time: 3.300330e-02
Annotation stop time: 1.000000e+01
Annotation framerate: 30.300000

List of channels:
Ch1

List of annotations:
attack

Ch1----------
>attack
Start\t Stop\t Duration
0.330033\t0.660066\t0.330033
"""


def test_seconds_are_frames_divided_by_the_rate(write, spans_of):
    """0.330033 s at 30.3 frames/s is frame 10, and 0.660066 s is frame 20, both from 1."""
    labels = FORMAT.read(write(SECONDS), MICE)
    assert spans_of(labels.bouts) == [("resident", "intruder", "attack", 9, 20)]
    assert labels.n_frames == 303
    assert {*labels.observed["start_frame"]} == {0}


def test_seconds_become_frames_of_poses_at_another_rate(write, spans_of):
    """Frame 10 of 30.3 a second begins at 9 / 30.3 s = 0.297 s, and frame 20 ends at 0.660 s."""
    labels = FORMAT.read(write(SECONDS), replace(MICE, fps=60.6, agent="resident"))
    assert spans_of(labels.bouts) == [("resident", "intruder", "attack", 18, 40)]
    assert {*labels.observed["start_frame"]} == {0}
    assert labels.n_frames == 606
    assert labels.notes == (
        "the labels' video has 30.3 frames/s and the poses 60.6; seconds were turned into frames "
        "of the poses",
    )


def test_frames_of_another_rate_are_taken_as_they_stand_and_said(write):
    mice = replace(MICE, agent="resident")
    plain = FORMAT.read(write(TEXT), mice)
    other = FORMAT.read(write(TEXT), replace(mice, fps=60.0))
    assert other.bouts.equals(plain.bouts)
    assert not plain.notes
    (note,) = other.notes
    assert note.startswith("the labels' video has 30 frames/s and the poses 60; frames were taken")


def test_seconds_without_a_rate(write):
    path = write(SECONDS.replace("Annotation framerate: 30.300000\n", ""))
    with pytest.raises(FormatError, match=r"in seconds.*fps"):
        FORMAT.read(path, MICE)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("11\t20\t10", "21\t20\t10", "line 21: stops at 20, before its start 21"),
        ("11\t20\t10", "11\tx\t10", "line 21: a number was expected for the stop, and 'x'"),
        ("11\t20\t10", "11", "line 21: below '>behaviour'"),
        (">attack\n", "", "line 20: below '>behaviour'"),
        ("framerate: 30.000000", "framerate: fast", "line 7.*framerate, and 'fast'"),
        ("Bento annotation", "Other", "line 1: 'Bento annotation file' was expected"),
    ],
)
def test_errors_name_the_line(write, old, new, message):
    with pytest.raises(FormatError, match=message):
        FORMAT.read(write(TEXT.replace(old, new, 1)), MICE)


def test_no_channels(write):
    with pytest.raises(FormatError, match="no channels"):
        FORMAT.read(write(TEXT.partition("List of")[0]), MICE)


def test_frame_0_is_started_at_the_first_frame(write):
    labels = FORMAT.read(write(TEXT.replace("11\t20\t10", "0\t20\t20")), MICE)
    assert labels.bouts["start_frame"].min() == 0 and "before frame 1" in labels.notes[0]


def channels(*names):
    """An ``.annot`` in which ``attack`` is seen in the first channel, and ``bite`` nowhere."""
    listed, blocks = "\n".join(names), [f"{name}----------\n" for name in names]
    blocks[0] += ">attack\nStart\tStop\tDuration\n11\t20\t10\n"
    head = "Bento annotation file\nAnnotation stop frame: 100\n\nList of channels:\n"
    return f"{head}{listed}\n\nList of annotations:\nattack\nbite\n\n" + "\n".join(blocks)


@pytest.mark.parametrize(
    ("channel", "pair"),
    [
        ("a_to_b", ("a", "b")),
        ("a_to_b_to_a", ("a_to_b", "a")),
        ("a_to_a_to_b", ("a", "a_to_b")),
        ("b_to_self", ("b", "b")),
        ("old_to_b", ("a", "b")),
        ("annotator", ("a_to_b", "a")),
    ],
)
def test_a_channel_is_split_where_both_halves_are_known(write, channel, pair):
    options = LabelOptions(
        individuals=("a_to_b", "a", "b"),
        agent="a_to_b",
        target="a",
        rename_individuals={"old": "a"},
    )
    labels = FORMAT.read(write(channels(channel)), options)
    assert labels.pairs == (pair,)


@pytest.mark.parametrize(
    ("channel", "unknown"),
    [("a_to_mouse9", "mouse9"), ("mouse9_to_a", "mouse9"), ("mouse9_to_b_to_a", "mouse9_to_b")],
)
def test_a_pair_of_unknown_animals_is_refused(write, channel, unknown):
    with pytest.raises(FormatError, match=rf"labels name '{unknown}'.*individuals of the manifest"):
        FORMAT.read(write(channels(channel)), LabelOptions(individuals=("a", "b")))


def test_what_is_listed_was_looked_for_in_every_pair(write, spans_of):
    """In pairs of two what pairs of two show, and what nobody shows; alone what is shown alone."""
    text = channels("a_to_b", "b_to_a", "a_to_a", "b_to_b").replace("bite\n", "bite\ngroom\n")
    text += ">groom\nStart\tStop\tDuration\n1\t2\t2\n"
    labels = FORMAT.read(write(text), LabelOptions(individuals=("a", "b")))
    assert spans_of(labels.observed) == [
        ("a", "a", "groom", 0, 100),
        ("a", "b", "attack", 0, 100),
        ("a", "b", "bite", 0, 100),
        ("b", "a", "attack", 0, 100),
        ("b", "a", "bite", 0, 100),
        ("b", "b", "groom", 0, 100),
    ]


def test_round_trip_of_several_pairs(tmp_path, watched_labels, spans_of):
    path = FORMAT.write(watched_labels, tmp_path / "a.annot", 29.97)
    labels = FORMAT.read(path, MICE)
    assert spans_of(labels.bouts) == spans_of(watched_labels.bouts)
    assert {*spans_of(labels.observed)} >= {*spans_of(watched_labels.observed)}
    assert labels.n_frames == 200
    assert not labels.bouts["point"].any()  # the format has no points


@pytest.mark.parametrize("pair", [("a", "b"), ("b", "a"), ("b", "b")])
def test_one_pair_keeps_who_it_is_and_when_it_was_watched(tmp_path, spans_of, pair):
    spans = [(*pair, "attack", 30, 60), (*pair, "bite", 30, 60)]
    names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
    observed = [dict(zip(names, row, strict=True)) for row in spans]
    bouts = [{**observed[0], "start_frame": 40}]
    path = FORMAT.write(Labels(bouts, observed, n_frames=90), tmp_path / "a.annot", 30.0)
    again = FORMAT.read(path, LabelOptions(individuals=("a", "b"), n_frames=90))
    assert spans_of(again.bouts) == [(*pair, "attack", 40, 60)]
    assert spans_of(again.observed) == spans and again.n_frames == 90


def test_what_was_not_observed_in_one_span_cannot_be_written(tmp_path, overlapping_labels):
    with pytest.raises(InputError, match=r"a\.annot: .*one span.*BENTO.*plain bout csv"):
        FORMAT.write(overlapping_labels, tmp_path / "a.annot", 30.0)
    assert not (tmp_path / "a.annot").exists()


def test_round_trip_of_one_pair_keeps_channels(tmp_path, spans_of):
    names = ("agent", "target", "behaviour", "start_frame", "stop_frame", "stream")
    rows = [("a", "b", "attack", 0, 9, "x"), ("a", "b", "bite", 3, 4, "y")]
    bouts = [dict(zip(names, row, strict=True)) for row in rows]
    spans = [{**bout, "start_frame": 0, "stop_frame": 20} for bout in bouts]
    path = FORMAT.write(Labels(bouts, spans, n_frames=20), tmp_path / "a.annot", 30.0)
    again = FORMAT.read(path, LabelOptions(individuals=("a", "b")))
    assert spans_of(again.bouts, "stream") == rows
    header = path.read_text().splitlines()
    assert header[0] == "Bento annotation file"
    assert "Annotation stop frame: 20" in header and "1\t9\t9" in header


def test_what_is_directed_at_oneself_is_of_the_agent_alone(write, spans_of):
    labels = FORMAT.read(write(TEXT), replace(MICE, stream="Ch1", own=("mount", "attack")))
    assert spans_of(labels.bouts) == [
        ("resident", "intruder", "close_investigation", 14, 40),
        ("resident", "resident", "attack", 10, 20),
        ("resident", "resident", "attack", 30, 31),
    ]
    assert labels.self_behaviours == ("attack", "mount"), "what is listed, too"
    options = LabelOptions(individuals=("a", "b"), own=("bite",))
    labels = FORMAT.read(write(channels("a_to_b")), options)
    assert labels.self_behaviours == ("bite",), "which is listed and has no bout"
    with pytest.raises(FormatError, match=r"two things: 'attack' .* 'a' does it to 'b'"):
        FORMAT.read(write(channels("a_to_b")), replace(options, own=("attack",)))
