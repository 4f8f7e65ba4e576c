from __future__ import annotations

import re

import pytest

from nuzzle.errors import FormatError, InputError
from nuzzle.io.boris import AGGREGATED, FORMAT
from nuzzle.io.load import label_items
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import Labels

MICE = LabelOptions(individuals=("resident", "intruder"))
OLD = """Observation id,cage3,,,,,,
,,,,,,,
Media file(s),,,,,,,
Player #1,/videos/cage3.avi,,,,,,

Time,Media file path,Total length,FPS,Subject,Behavior,Modifiers,Status
1.000,/videos/cage3.avi,20.000,30.0,resident,attack,,START
1.500,/videos/cage3.avi,20.000,30.0,intruder,flee,,START
2.000,/videos/cage3.avi,20.000,30.0,resident,attack,,STOP
2.500,/videos/cage3.avi,20.000,30.0,intruder,flee,,STOP
3.000,/videos/cage3.avi,20.000,30.0,resident,bite,,POINT
"""
NEW = "\t".join(
    [
        "Observation id",
        "Observation date",
        "Media duration (s)",
        "FPS",
        "Subject",
        "Behavior",
        "Behavioral category",
        "Modifier #1",
        "Behavior type",
        "Time",
        "Comment",
    ]
)


def new_row(kind, time, subject="resident", behaviour="sniff", modifier="", observation="one"):
    cells = [observation, "2024-01-01", "10.0", "25.000", subject, behaviour, "", modifier, kind]
    return "\t".join([*cells, str(time), ""])


@pytest.fixture
def write(tmp_path):
    def write(text, name="events.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write


def test_old_layout_seconds_become_frames(write, spans_of):
    labels = FORMAT.read(write(OLD), MICE)
    assert spans_of(labels.bouts, "point") == [
        ("intruder", "resident", "flee", 45, 75, False),
        ("resident", "intruder", "attack", 30, 60, False),
        ("resident", "intruder", "bite", 90, 91, True),
    ]
    # 20 s of media at 30 frames/s: all of it was looked at, for both pairs of the file.
    assert labels.n_frames == 600
    assert spans_of(labels.observed) == [
        (*pair, name, 0, 600)
        for pair in (("intruder", "resident"), ("resident", "intruder"))
        for name in ("attack", "bite", "flee")
    ]


def test_frames_after_the_media_are_not_observed(write):
    """20 s of media: at 30 frames/s 600 frames. Up to a second more is a matter of rounding."""
    longer = LabelOptions(individuals=MICE.individuals, n_frames=900)
    labels = FORMAT.read(write(OLD), longer)
    assert {*labels.observed["stop_frame"]} == {600} and labels.n_frames == 900
    assert "the media end at frame 600 of 900" in labels.notes[0]
    labels = FORMAT.read(write(OLD), LabelOptions(individuals=MICE.individuals, n_frames=630))
    assert {*labels.observed["stop_frame"]} == {630} and labels.notes == ()
    labels = FORMAT.read(write(OLD.replace("20.000", "NA")), longer)
    assert {*labels.observed["stop_frame"]} == {900} and labels.notes == ()


@pytest.mark.parametrize(
    ("lengths", "frames"),
    [("20.0|20.0", 600), ("20.0;10.0", 900), ("20.0;10.0|25.0", 900), ("20.0|NA", 600)],
)
def test_players_run_at_the_same_time_and_their_files_one_after_another(write, lengths, frames):
    """At 30 frames/s; ``|`` stands between players, ``;`` between the files of one."""
    text = OLD.replace("20.000", lengths).replace("30.0,", "30.0|30.0,")
    assert FORMAT.read(write(text), MICE).n_frames == frames


def test_modifiers_are_animals_where_they_are_subjects_elsewhere(write, spans_of):
    rows = [
        new_row("POINT", 1.0, subject="a", modifier="hard|b"),
        new_row("POINT", 2.0, subject="a", modifier="c"),
        new_row("POINT", 3.0, subject="b", modifier="a"),
    ]
    labels = FORMAT.read(write("\n".join([NEW, *rows]), "events.tsv"), LabelOptions())
    assert spans_of(labels.bouts) == [
        ("a", "b", "sniff", 25, 26),
        ("a", "target", "sniff", 50, 51),
        ("b", "a", "sniff", 75, 76),
    ]
    assert len(labels.notes) == 1 and "the modifier c names no subject" in labels.notes[0]


def test_new_layout_is_matched_by_name_and_the_modifier_is_the_target(write, spans_of):
    rows = [
        new_row("START", 1.0, modifier="m3"),
        new_row("START", 1.2, behaviour="groom", modifier="resident"),
        new_row("STOP", 2.0, modifier="m3"),
        new_row("STOP", "00:00:02.400", behaviour="groom", modifier="resident"),
    ]
    options = LabelOptions(individuals=("resident", "intruder", "m3"))
    path = write("\n".join([NEW, *rows]), "events.tsv")
    assert FORMAT.sniff(path)
    labels = FORMAT.read(path, options)
    assert spans_of(labels.bouts) == [
        ("resident", "m3", "sniff", 25, 50),
        ("resident", "resident", "groom", 30, 60),
    ]
    assert labels.self_behaviours == ("groom",)


def test_names_may_hold_what_separates_modifiers(write, spans_of):
    rows = [
        new_row("START", 1.0, subject="c;d", behaviour="groom", modifier="c;d"),
        new_row("STOP", 2.0, subject="c;d", behaviour="groom", modifier="c;d"),
        new_row("START", 3.0, subject="a", modifier="deep|b|x"),
        new_row("STOP", 4.0, subject="a", modifier="deep|b|x"),
    ]
    options = LabelOptions(individuals=("a", "b", "c;d"))
    labels = FORMAT.read(write("\n".join([NEW, *rows]), "events.tsv"), options)
    assert spans_of(labels.bouts) == [
        ("a", "b", "sniff", 75, 100),
        ("c;d", "c;d", "groom", 25, 50),
    ]


def test_a_modifier_names_an_animal_in_any_case(write, spans_of):
    rows = [
        new_row("POINT", 1.0, subject="a", modifier="hard|ADULT"),
        new_row("POINT", 2.0, subject="a", modifier=" Self "),
        new_row("POINT", 3.0, subject="a", modifier="Mouse|mouse"),
        new_row("POINT", 4.0, subject="a", modifier="MOUSE|adult"),
    ]
    options = LabelOptions(individuals=("a", "adult", "Mouse", "mouse"))
    labels = FORMAT.read(write("\n".join([NEW, *rows]), "events.tsv"), options)
    assert spans_of(labels.bouts) == [
        ("a", "Mouse", "sniff", 75, 76),
        ("a", "a", "sniff", 50, 51),
        ("a", "adult", "sniff", 25, 26),
        ("a", "adult", "sniff", 100, 101),
    ]


@pytest.mark.parametrize("time", ["00:00:10:500", "00:70:02", "00:00:60.5"])
def test_times_that_no_clock_shows_are_refused(write, time):
    rows = [new_row("START", 1.0, modifier="m3"), new_row("STOP", time, modifier="m3")]
    path = write("\n".join([NEW, *rows]), "events.tsv")
    with pytest.raises(FormatError, match=rf"events\.tsv, line 3: .*00:01:02\.250.*{time}"):
        FORMAT.read(path, LabelOptions(individuals=("resident", "intruder", "m3")))


OFFSET = "a time offset of {0} s; .* come {1} by that, set label_delay_s to {0} in"


def test_times_before_the_video_are_refused(write):
    path = write(f"{NEW}\n{new_row('POINT', -2.0)}\n", "events.tsv")
    with pytest.raises(FormatError, match=r"line 2: .* starts at -2 s; times from 0"):
        FORMAT.read(path, MICE)


@pytest.mark.parametrize("time", ["-00:00:01.000", "-0:01", "-1.0"])
def test_the_sign_of_a_clock_time_counts(write, time):
    path = write(f"{NEW}\n{new_row('POINT', time)}\n", "events.tsv")
    with pytest.raises(FormatError, match=r"line 2: .* starts at -1 s; times from 0"):
        FORMAT.read(path, MICE)


@pytest.mark.parametrize("time", ["--1.0", "00:-00:01", "-00:00:-01"])
def test_a_sign_inside_of_a_time_is_refused(write, time):
    path = write(f"{NEW}\n{new_row('POINT', time)}\n", "events.tsv")
    with pytest.raises(FormatError, match=rf"line 2: .*00:01:02\.250.*{time}"):
        FORMAT.read(path, MICE)


@pytest.mark.parametrize("n_frames", [5700, None])
def test_what_begins_in_the_last_half_frame_is_in_the_last_frame(write, spans_of, n_frames):
    """190 s at 30 frames/s: frames 0 to 5,699; the last lasts from 189.967 to 190 s."""
    header = "Subject,Behavior,Behavior type,Start (s),Stop (s),FPS,Media duration (s)"
    rows = [
        "resident,attack,STATE,189.99,190.0,30,190.0",
        "resident,bite,POINT,189.999,NA,30,190.0",
        "resident,chase,STATE,100.02,100.05,30,190.0",
    ]
    options = LabelOptions(individuals=MICE.individuals, n_frames=n_frames)
    labels = AGGREGATED.read(write("\n".join([header, *rows])), options)
    assert spans_of(labels.bouts) == [
        ("resident", "intruder", "attack", 5699, 5700),
        ("resident", "intruder", "bite", 5699, 5700),
        ("resident", "intruder", "chase", 3001, 3002),
    ]
    assert labels.n_frames == 5700 and labels.notes == ()


def test_what_begins_when_the_recording_ends_is_not_in_it(write):
    header = "Subject,Behavior,Behavior type,Start (s),Stop (s),FPS"
    path = write(f"{header}\nresident,bite,POINT,2.0,NA,30\nresident,bite,POINT,1.0,NA,30\n")
    labels = AGGREGATED.read(path, LabelOptions(individuals=MICE.individuals, n_frames=60))
    assert labels.bouts["start_frame"].tolist() == [30]


def test_a_time_offset_is_mentioned(write):
    labels = FORMAT.read(write("Time offset (s),5.0\n" + OLD), MICE)
    assert re.search(OFFSET.format(5, "late"), "\n".join(labels.notes))
    assert labels.bouts["start_frame"].min() == 30, "times are taken as they stand"
    row = new_row("POINT", 1.0)
    path = write(f"{NEW}\tTime offset (s)\n{row}\t-2.5\n", "events.tsv")
    assert re.search(OFFSET.format(-2.5, "early"), "\n".join(FORMAT.read(path, MICE).notes))
    header = "Subject,Behavior,Behavior type,Start (s),Stop (s),FPS,Time offset (s)"
    path = write(f"{header}\nresident,attack,STATE,1,2,10,5.0\n")
    assert re.search(OFFSET.format(5, "late"), "\n".join(AGGREGATED.read(path, MICE).notes))
    for nothing in ("0.0", "", "00:00:00"):
        labels = FORMAT.read(write(f"Time offset (s),{nothing}\n" + OLD), MICE)
        assert labels.notes == ()


def test_aggregated_events(write, spans_of):
    header = "Observation id;Subject;Behavior;Behavior type;Start (s);Stop (s);FPS (frame/s)"
    rows = ["a;resident;attack;STATE;1,0;2,0;10", "a;intruder;bite;POINT;3,0;NA;10"]
    path = write("\r\n".join([header, *rows]))
    assert AGGREGATED.sniff(path) and not FORMAT.sniff(path)
    labels = AGGREGATED.read(path, MICE)
    assert spans_of(labels.bouts, "point") == [
        ("intruder", "resident", "bite", 30, 31, True),
        ("resident", "intruder", "attack", 10, 20, False),
    ]


@pytest.mark.parametrize("own", ["Stimulus start (s)", "Start (s)"])
def test_a_column_of_ones_own_does_not_make_events_aggregated(write, own):
    lines = [f"{line},{own if line.startswith('Time,') else 5}" for line in OLD.splitlines()]
    path = write("\n".join(lines))
    assert FORMAT.sniff(path) and not AGGREGATED.sniff(path)
    assert FORMAT.read(path, MICE).bouts["start_frame"].tolist() == [30, 45, 90]


def test_one_of_several_observations_is_chosen_by_name(write):
    rows = [
        new_row("POINT", 1.0, observation="one"),
        new_row("POINT", 2.0, observation="two"),
    ]
    path = write("\n".join([NEW, *rows]), "events.tsv")
    with pytest.raises(FormatError, match=r"2 observations: 'one', 'two'; .*--item one of"):
        FORMAT.read(path, MICE)
    labels = FORMAT.read(path, LabelOptions(individuals=MICE.individuals, item="two"))
    assert labels.bouts["start_frame"].tolist() == [50]
    with pytest.raises(FormatError, match="no observation 'three'"):
        FORMAT.read(path, LabelOptions(item="three"))


def test_names_of_the_observations(write):
    rows = [new_row("POINT", n, observation=name) for n, name in enumerate(["one", "two", "one"])]
    assert label_items(write("\n".join([NEW, *rows]), "events.tsv")) == ["one", "two"]
    assert label_items(write(OLD)) == ["cage3"]


def test_who_the_subject_is(write, spans_of):
    path = write(OLD.replace("intruder,flee", "resident,flee").replace(",resident,", ",adult,"))
    tracks = ("individual1", "individual2")
    with pytest.raises(FormatError, match=r"line 7.*labels name 'adult'.*adult=NAME"):
        FORMAT.read(path, LabelOptions(individuals=tracks))
    mapped = LabelOptions(individuals=tracks, rename_individuals={"adult": "individual2"})
    assert {*FORMAT.read(path, mapped).bouts["agent"]} == {"individual2"}
    assert {*FORMAT.read(path, mapped).bouts["target"]} == {"individual1"}
    told = LabelOptions(individuals=tracks, agent="individual2")
    assert {*FORMAT.read(path, told).bouts["agent"]} == {"individual2"}
    undirected = LabelOptions(individuals=tracks, directed=False)
    assert {*FORMAT.read(path, undirected).bouts["agent"]} == {"individual1"}


def test_no_focal_subject_is_the_first_animal(write):
    labels = FORMAT.read(write(OLD.replace(",intruder,", ",No focal subject,")), MICE)
    assert {*labels.bouts["agent"]} == {"resident"}


def test_bouts_without_a_subject_are_counted(write):
    """Of four, one has none, one is its own target, and of one the target leaves one animal."""
    rows = [NEW]
    for number, names in enumerate([("resident", ""), ("", ""), ("", "resident"), ("", "self")]):
        named = {"subject": names[0], "modifier": names[1]}
        rows += [new_row("START", number, **named), new_row("STOP", number + 0.5, **named)]
    labels = FORMAT.read(write("\n".join(rows), "events.tsv"), MICE)
    assert labels.bouts["agent"].tolist() == ["resident", "resident", "intruder", "resident"]
    (note,) = labels.notes
    assert note.startswith("who acts is not said in 2 of 4 bouts: read as done by 'resident',")


def test_three_animals_need_a_target(write):
    with pytest.raises(ValueError, match="towards whom 'resident' acts"):
        FORMAT.read(write(OLD), LabelOptions(individuals=("resident", "intruder", "m3")))


def test_seconds_without_a_frame_rate(write):
    path = write(OLD.replace("30.0", "NA"))
    with pytest.raises(FormatError, match=r"in seconds.*fps"):
        FORMAT.read(path, MICE)
    labels = FORMAT.read(path, LabelOptions(fps=10.0, individuals=MICE.individuals))
    assert labels.bouts["start_frame"].tolist() == [10, 15, 30]


def test_the_rate_of_the_poses_goes_first_and_is_mentioned(write):
    labels = FORMAT.read(write(OLD), LabelOptions(fps=60.0, individuals=MICE.individuals))
    assert labels.bouts["start_frame"].tolist() == [60, 90, 180]
    assert "30 frames/s and the poses 60" in labels.notes[0]


@pytest.mark.parametrize(("n_frames", "probable"), [(600, True), (500, False), (900, False)])
def test_a_rate_at_which_poses_and_media_last_equally_long_is_told(write, n_frames, probable):
    """The media last 20 s at 30 frames/s, which are 600 frames."""
    options = LabelOptions(fps=25.0, n_frames=n_frames, individuals=MICE.individuals)
    note = next(each for each in FORMAT.read(write(OLD), options).notes if "the poses 25" in each)
    assert ("probably their frame rate" in note) == probable


def test_a_behaviour_without_a_stop_ends_with_the_media(write):
    without = "".join(line for line in OLD.splitlines(True) if "flee,,STOP" not in line)
    labels = FORMAT.read(write(without), MICE)
    flee = labels.bouts[labels.bouts["behaviour"] == "flee"]
    assert flee["stop_frame"].tolist() == [600]
    assert "no STOP after 1.5 s" in labels.notes[0]
    with pytest.raises(FormatError, match=r"line 8.*'flee' starts at 1.5 s and has no STOP"):
        FORMAT.read(write(without.replace("20.000", "NA")), MICE)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("attack,,START", "attack,,STOP", "line 7.*stops at 1.0 s and has no START"),
        ("attack,,STOP", "attack,,START", "line 9.*has been going on since 1.0 s"),
        ("bite,,POINT", "bite,,MAYBE", "line 11.*START, STOP or POINT.*'MAYBE' came.$"),
        ("bite,,POINT", "bite,,", r"line 11.*START, STOP or POINT.*'' came. .*cut short\?"),
        ("\n1.000,", "\nsoon,", "line 7.*number was expected for the time.*'soon'"),
        ("\n1.000,", "\n,", "line 7.*number was expected for the time"),
        ("resident,attack,,START", "resident,,,START", "line 7.*no behaviour"),
        ("Time,", "When,", "a header with the columns Behavior, Time and Status"),
    ],
)
def test_errors_name_the_line(write, old, new, message):
    with pytest.raises(FormatError, match=message):
        FORMAT.read(write(OLD.replace(old, new, 1)), MICE)


def test_aggregated_stop_before_start(write):
    header = "Subject,Behavior,Behavior type,Start (s),Stop (s)"
    path = write(f"{header}\nresident,attack,STATE,5,4\n")
    with pytest.raises(FormatError, match=r"line 2: stops at 4.0 s, before its start at 5.0 s"):
        FORMAT.read(path, LabelOptions(fps=30.0))


def test_media_of_two_rates_need_that_of_the_poses(write):
    path = write(OLD.replace(",20.000,30.0,", ",10.000;10.000,25.0;30.0,"))
    with pytest.raises(FormatError, match=r"its media have 25 and 30 frames a second.*--fps"):
        FORMAT.read(path, MICE)
    options = LabelOptions(fps=10.0, individuals=MICE.individuals)
    assert FORMAT.read(path, options).n_frames == 200


def test_a_file_without_events_says_nothing_about_what_was_looked_for(write):
    labels = FORMAT.read(write(NEW + "\n", "e.tsv"), LabelOptions(fps=25.0, n_frames=100))
    assert not len(labels.bouts) and labels.behaviours == () and labels.n_frames == 100
    assert "no events" in labels.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "events.csv"
    path.write_bytes(OLD.replace("attack", "Angriff-ä").encode(encoding))
    assert FORMAT.sniff(path)
    assert "Angriff-ä" in FORMAT.read(path, MICE).behaviours


@pytest.mark.parametrize("format", [FORMAT, AGGREGATED])
@pytest.mark.parametrize("name", ["cage.csv", "cage.tsv"])
@pytest.mark.parametrize("fps", [30.0, 29.97, 119.88])
def test_round_trip(tmp_path, watched_labels, spans_of, format, name, fps):
    path = format.write(watched_labels, tmp_path / name, fps)
    assert [each for each in (FORMAT, AGGREGATED) if each.sniff(path)] == [format]
    labels = format.read(path, MICE)
    assert spans_of(labels.bouts, "point") == spans_of(watched_labels.bouts, "point")
    assert labels.n_frames == watched_labels.n_frames


@pytest.mark.parametrize("format", [FORMAT, AGGREGATED])
def test_what_was_not_observed_throughout_cannot_be_written(tmp_path, overlapping_labels, format):
    with pytest.raises(InputError, match=r"x\.tsv: .*part of the frames.*BORIS.*plain bout csv"):
        format.write(overlapping_labels, tmp_path / "x.tsv", 30.0)
    assert not (tmp_path / "x.tsv").exists()


def test_overlapping_bouts_of_one_behaviour_are_written_as_one(tmp_path, spans_of):
    rows = [("a", "b", "sniff", 0, 10), ("a", "b", "sniff", 5, 20), ("a", "b", "sniff", 6, 8)]
    names = ("agent", "target", "behaviour", "start_frame", "stop_frame")
    bouts = [dict(zip(names, row, strict=True)) for row in rows]
    spans = [{**bouts[0], "start_frame": 0, "stop_frame": 30}]
    labels = Labels(bouts, spans, n_frames=30)
    path = FORMAT.write(labels, tmp_path / "x.tsv", 30.0)
    again = FORMAT.read(path, LabelOptions(individuals=("a", "b")))
    assert spans_of(again.bouts) == [("a", "b", "sniff", 0, 20)]


def test_the_header_is_that_of_boris(tmp_path, watched_labels):
    path = FORMAT.write(watched_labels, tmp_path / "cage.tsv", 30.0)
    header = path.read_text().splitlines()[0].split("\t")
    assert header[:5] == [
        "Observation id",
        "Observation date",
        "Description",
        "Observation duration",
        "Observation type",
    ]
    assert header.index("Subject") < header.index("Behavior") < header.index("Time")


def test_labels_without_bouts_can_be_written(tmp_path):
    path = FORMAT.write(Labels([], [], n_frames=10), tmp_path / "x.csv", 30.0)
    assert not len(FORMAT.read(path, MICE).bouts)


def test_resident_intruder(shared_data):
    """10 bouts and 663 frames at 30 frames/s, as its README says."""
    [path] = (shared_data / "resident_intruder").glob("*encode.csv")
    labels = FORMAT.read(path, LabelOptions(individuals=("adult", "juvenile"), n_frames=5700))
    bouts = labels.bouts
    assert len(bouts) == 10 and {*bouts["behaviour"]} == {"interact"}
    assert (bouts["stop_frame"] - bouts["start_frame"]).sum() == 663
    assert {*bouts["agent"]} == {"adult"} and {*bouts["target"]} == {"juvenile"}
    assert labels.n_frames == 5700 and labels.notes == ()


def test_boris_labels_only(shared_data):
    """Bouts and frames, counted in the files by pairing their rows with awk-like scripts."""
    expected = {
        "120637-121213_reencode": {"interact": (15, 1097)},
        "120637-121213_reencode_multiple_behaviors": {"interact": (15, 1097), "mount": (2, 222)},
        "121558-122141_reencode": {"interact": (29, 2059)},
        "122758-123309_reencode": {"interact": (8, 275)},
        "123521-124106_reencode": {"interact": (32, 1459)},
    }
    found = {}
    for path in (shared_data / "resident_intruder" / "boris_labels_only").glob("*.csv"):
        assert FORMAT.sniff(path)
        bouts = FORMAT.read(path, LabelOptions()).bouts
        bouts["frames"] = bouts["stop_frame"] - bouts["start_frame"]
        found[path.stem.partition("T")[2]] = {
            name: (len(rows), rows["frames"].sum()) for name, rows in bouts.groupby("behaviour")
        }
    assert found == expected


def test_a_label_that_means_nobody_looked_takes_its_frames_away(write, spans_of):
    path = write(OLD.replace("intruder,flee", "resident,out of sight"))
    options = LabelOptions(individuals=MICE.individuals, not_observed=("out of sight",))
    labels = FORMAT.read(path, options)
    assert labels.behaviours == ("attack", "bite")
    assert spans_of(labels.observed[labels.observed["behaviour"] == "bite"]) == [
        ("resident", "intruder", "bite", 0, 45),
        ("resident", "intruder", "bite", 75, 600),
    ]


GROOMED = """Observation id,cage3,,,,,,
Time,Media file path,Total length,FPS,Subject,Behavior,Modifiers,Status
1.0,a.avi,10.0,10.0,red,chase,green,START
2.0,a.avi,10.0,10.0,red,chase,green,STOP
3.0,a.avi,10.0,10.0,red,groom,,START
4.0,a.avi,10.0,10.0,red,groom,,STOP
"""


def test_grooming_has_no_modifier(write, spans_of):
    """Of three, of whom one is followed: chasing is between animals, grooming is of one alone."""
    path, three = write(GROOMED), ("blue", "green", "red")
    labels = FORMAT.read(path, LabelOptions(individuals=three, own=("groom",)))
    assert spans_of(labels.bouts) == [
        ("red", "green", "chase", 10, 20),
        ("red", "red", "groom", 30, 40),
    ]
    assert spans_of(labels.observed) == [
        ("red", "blue", "chase", 0, 100),
        ("red", "green", "chase", 0, 100),
        ("red", "red", "groom", 0, 100),
    ]
    with pytest.raises(FormatError, match=r"line 5: the label of 'groom' .*self:groom"):
        FORMAT.read(path, LabelOptions(individuals=three))
    with pytest.raises(FormatError, match="line 3: one name for two things: 'chase'"):
        FORMAT.read(path, LabelOptions(individuals=three, own=("groom", "chase")))
