from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from nuzzle.errors import FormatError, InputError
from nuzzle.io.bouts_csv import FORMAT
from nuzzle.io.label_assembly import noting_unobserved
from nuzzle.io.looked_for import with_looked_for
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import Labels, Pair, bout_table, span_table

MICE = LabelOptions(individuals=("resident", "intruder"))


@pytest.fixture
def write(tmp_path):
    def write(text, name="bouts.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write


def test_made_by_hand_in_frames(write, spans_of):
    path = write("Behavior;Start_frame;Stop_frame\nattack;10;20\n\nsniff;15;16\n")
    assert FORMAT.sniff(path)
    labels = FORMAT.read(path, LabelOptions(individuals=MICE.individuals, n_frames=50))
    assert spans_of(labels.bouts) == [
        ("resident", "intruder", "attack", 10, 20),
        ("resident", "intruder", "sniff", 15, 16),
    ]
    assert spans_of(labels.observed) == [
        ("resident", "intruder", name, 0, 50) for name in ("attack", "sniff")
    ]


@pytest.mark.parametrize(
    "header",
    ["Behaviour;Start Frame;Stop frame;AGENT", "behavior; start-frame ;STOP_FRAME;agent "],
)
def test_capitals_blanks_and_hyphens_of_a_header_do_not_matter(write, spans_of, header):
    path = write(f"{header}\nattack;10;20;intruder\n")
    assert FORMAT.sniff(path)
    assert spans_of(FORMAT.read(path, MICE).bouts) == [("intruder", "resident", "attack", 10, 20)]


def test_made_by_hand_of_three_animals_all_were_watched(write, spans_of):
    path = write(
        "agent,target,behaviour,start_frame,stop_frame\na,b,sniff,1,2\nb,a,sniff,3,4\nc,self,groom,5,6\n"
    )
    labels = FORMAT.read(path, LabelOptions(individuals=("a", "b", "c"), n_frames=9))
    both = [(one, other, "sniff") for one in "abc" for other in "abc" if one != other]
    assert spans_of(labels.observed) == sorted(
        (*each, 0, 9) for each in (*both, *((one, one, "groom") for one in "abc"))
    )


def test_made_by_hand_with_a_length(write, spans_of):
    text = "# n_frames,40\nbehaviour,start_frame,stop_frame\nattack,10,20\n"
    labels = FORMAT.read(write(text), LabelOptions(individuals=MICE.individuals, n_frames=50))
    assert spans_of(labels.observed) == [("resident", "intruder", "attack", 0, 40)]
    assert labels.n_frames == 50


def test_a_note_may_be_empty(write):
    text = "# note\n# note,\n# note,two\nbehaviour,start_frame,stop_frame\nattack,10,20\n"
    assert FORMAT.read(write(text), replace(MICE, agent="resident")).notes == ("two",)


def test_made_by_hand_in_seconds(write, spans_of):
    path = write("behaviour,start_s,stop_s,agent,target\nattack,1,2,intruder,resident\n")
    with pytest.raises(FormatError, match=r"in seconds.*fps"):
        FORMAT.read(path, MICE)
    labels = FORMAT.read(path, LabelOptions(individuals=MICE.individuals, fps=25.0))
    assert spans_of(labels.bouts) == [("intruder", "resident", "attack", 25, 50)]


def test_another_frame_rate_than_that_of_the_poses_is_mentioned(write):
    """Frames stay as they are; seconds follow the poses."""
    text = "# fps,25\nbehaviour,start_frame,stop_frame\nattack,25,50\n"
    mice = replace(MICE, agent="resident")
    at_30 = replace(mice, fps=30.0)
    labels = FORMAT.read(write(text), at_30)
    assert labels.bouts["start_frame"].tolist() == [25] and labels.fps == 30
    (note,) = labels.notes
    assert "has 25 frames/s and the poses 30; frames were taken as frames of the poses" in note
    assert "by 1.2, or mend" in note
    labels = FORMAT.read(write(text), replace(mice, fps=25.0))
    assert labels.notes == () and labels.fps == 25
    assert FORMAT.read(write(text), MICE).fps == 25
    assert FORMAT.read(write(text.partition("\n")[2]), at_30).fps is None
    text = "# fps,25\nbehaviour,start_s,stop_s\nattack,1,2\n"
    labels = FORMAT.read(write(text), at_30)
    assert labels.bouts["start_frame"].tolist() == [30] and labels.fps == 30
    assert "seconds were turned into frames of the poses" in labels.notes[0]


def test_what_begins_in_the_last_half_frame_is_in_the_last_frame(write, spans_of):
    """2 s at 25 frames/s: frames 0 to 49."""
    text = "behaviour,start_s,stop_s\nattack,1.99,2\nflee,1.01,1.02\n"
    expected = [
        ("resident", "intruder", "attack", 49, 50),
        ("resident", "intruder", "flee", 25, 26),
    ]
    options = LabelOptions(individuals=MICE.individuals, fps=25.0)
    labels = FORMAT.read(write(text), replace(options, n_frames=50))
    assert spans_of(labels.bouts) == expected and labels.n_frames == 50
    labels = FORMAT.read(write(f"# n_frames,50\n{text}"), options)
    assert spans_of(labels.bouts) == expected and labels.n_frames == 50


def test_thousands_are_no_decimals(write):
    path = write('behaviour,start_frame,stop_frame\nattack,900,"1,000"\n')
    with pytest.raises(FormatError, match=r"line 2: .*stop_frame, and '1,000'.*\(1000\).*Remove"):
        FORMAT.read(path, MICE)
    path = write('# n_frames,"5,400"\nbehaviour,start_frame,stop_frame\nattack,9,10\n')
    with pytest.raises(FormatError, match=r"line 1: .*n_frames, and '5,400'.*Remove"):
        FORMAT.read(path, MICE)


def test_seconds_may_have_a_decimal_comma(write, spans_of):
    path = write("behaviour;start_s;stop_s\nattack;1,000;2,500\n")
    labels = FORMAT.read(path, LabelOptions(individuals=MICE.individuals, fps=10.0))
    assert spans_of(labels.bouts) == [("resident", "intruder", "attack", 10, 25)]


def test_self_and_renamed_individuals(write, spans_of):
    text = "agent,target,behaviour,start_frame,stop_frame\nm1,self,rear,0,5\nm1,m2,chase,3,9\n"
    names = {"m1": "resident", "m2": "intruder"}
    options = LabelOptions(individuals=MICE.individuals, rename_individuals=names)
    labels = FORMAT.read(write(text), options)
    assert spans_of(labels.bouts) == [
        ("resident", "intruder", "chase", 3, 9),
        ("resident", "resident", "rear", 0, 5),
    ]
    with pytest.raises(FormatError, match=r"line 2: the labels name 'm1'.*m1=NAME"):
        FORMAT.read(write(text), MICE)


@pytest.mark.parametrize("name", ["bouts.csv", "bouts.tsv"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"directed": False},
        {"background": "other", "exclusive": False, "notes": ("one, with a comma", "two")},
    ],
)
def test_nothing_is_lost(tmp_path, overlapping_labels, spans_of, changes, name):
    labels = replace(overlapping_labels, **changes)
    labels.bouts["annotator"] = "A. B."
    labels.bouts["source"] = "automated"
    path = FORMAT.write(labels, tmp_path / name, 29.97)
    assert FORMAT.sniff(path)
    again = FORMAT.read(path, LabelOptions())
    pd.testing.assert_frame_equal(again.bouts, labels.bouts)
    pd.testing.assert_frame_equal(again.observed, labels.observed)
    for attribute in ("n_frames", "exclusive", "background", "directed", "notes"):
        assert getattr(again, attribute) == getattr(labels, attribute)


def test_the_header_may_be_far_below(write):
    """2,000 spans are some 60,000 characters."""
    spans = [f"# observed,resident,intruder,attack,{i},{i + 1}\n" for i in range(0, 4_000, 2)]
    path = write("".join(["\ufeff", *spans, "behaviour;start_frame;stop_frame\n"]))
    assert FORMAT.sniff(path)
    path = write("".join([*spans, "Time,Behavior,Status\n"]))
    assert not FORMAT.sniff(path)


def test_exclusive_labels_without_a_background_come_back(tmp_path, overlapping_labels):
    bouts = overlapping_labels.bouts.query("behaviour != 'mount'")
    labels = replace(overlapping_labels, bouts=bouts, exclusive=True)
    path = FORMAT.write(labels, tmp_path / "bouts.csv", 30.0)
    assert FORMAT.read(path, LabelOptions()).exclusive


def test_without_bouts_what_was_looked_for_survives(tmp_path, overlapping_labels):
    labels = replace(overlapping_labels, bouts=overlapping_labels.bouts[:0])
    path = FORMAT.write(labels, tmp_path / "bouts.csv", 30.0)
    assert FORMAT.read(path, LabelOptions()).behaviours == labels.behaviours


def test_a_spreadsheet_may_fill_up_rows_with_commas(tmp_path, overlapping_labels):
    path = FORMAT.write(overlapping_labels, tmp_path / "bouts.csv", 30.0)
    lines = path.read_text().splitlines()
    width = max(line.count(",") for line in lines)
    path.write_text("\r\n".join(line + "," * (width - line.count(",")) for line in lines))
    labels = FORMAT.read(path, MICE)
    pd.testing.assert_frame_equal(labels.bouts, overlapping_labels.bouts)
    pd.testing.assert_frame_equal(labels.observed, overlapping_labels.observed)


def test_pandas_reads_the_bouts_alone(tmp_path, overlapping_labels):
    path = FORMAT.write(overlapping_labels, tmp_path / "bouts.csv", 30.0)
    table = pd.read_csv(path, comment="#")
    assert len(table) == len(overlapping_labels.bouts)
    assert (abs(table["start_s"] - table["start_frame"] / 30) < 1e-6).all()


def test_many_recordings_in_one_file(write, spans_of):
    text = (
        "recording,agent,target,behaviour,start_frame,stop_frame,mean_probability\n"
        "a,resident,intruder,sniff,0,30,0.5\n"
        "b,intruder,resident,flee,12,44,0.5\nb,resident,resident,groom,90,121,0.5\n"
    )
    path = write(text)
    with pytest.raises(FormatError, match=r"2 recordings: 'a', 'b'; .*item"):
        FORMAT.read(path, MICE)
    labels = FORMAT.read(path, replace(MICE, item="b"))
    assert spans_of(labels.bouts) == [
        ("intruder", "resident", "flee", 12, 44),
        ("resident", "resident", "groom", 90, 121),
    ]
    with pytest.raises(FormatError, match=r"2 recordings: '', 'b'; .*item"):
        FORMAT.read(write(text.replace("\na,", "\n,"), "blank.csv"), MICE)
    with pytest.raises(FormatError, match="no recording 'c'"):
        FORMAT.read(path, LabelOptions(item="c"))


def test_no_bouts_at_all_is_still_a_table(tmp_path):
    labels = Labels(bout_table([]), span_table([]), 10)
    path = FORMAT.write(labels, tmp_path / "none.csv", 30.0)
    assert FORMAT.sniff(path) and not len(pd.read_csv(path, comment="#"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("attack,20,10,", "line 3: the bout of 'attack' starts at 20 and stops at 10"),
        ("attack,10,10,", "line 3: the bout"),
        ("attack,-1,10,", "line 3: the bout"),
        ("attack,ten,20,", "line 3: a number was expected for the start_frame, and 'ten'"),
        ("attack,1.5,20,", "line 3: a whole frame"),
        ("attack,1", "line 3: a number was expected for the stop_frame, and ''"),
        (",10,20,", "line 3: the row has no behaviour"),
        ("attack,10,20,perhaps", "line 3: yes or no was expected for point"),
    ],
)
def test_errors_name_the_line(write, row, message):
    path = write(f"behaviour,start_frame,stop_frame,point\nsniff,0,5,no\n{row}\n")
    with pytest.raises(FormatError, match=message):
        FORMAT.read(path, MICE)


@pytest.mark.parametrize("start_s", [70.5, 70])
def test_seconds_that_stop_before_they_start_are_told_as_they_stand(write, start_s):
    path = write(f"behaviour,start_s,stop_s\nattack,{start_s},60\n")
    told = f"line 2: the bout of 'attack' starts at {start_s} s and stops at 60 s"
    with pytest.raises(FormatError, match=told):
        FORMAT.read(path, replace(MICE, fps=30.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("behaviour,start_frame\nattack,1\n", "line 1: a header with the column behaviour"),
        ("# nuzzle bouts,1\n", "no header"),
        ("# observed,a,b\nbehaviour,start_frame,stop_frame\n", "line 1: '# observed"),
        (
            "# observed,a,b,groom,45,45\nbehaviour,start_frame,stop_frame\n",
            "line 1: what was observed of 'groom' starts at 45 and stops at 45",
        ),
        ("# fps,fast\nbehaviour,start_frame,stop_frame\n", "line 1: a number was expected.*fps"),
        ("# exclusive,maybe\nbehaviour,start_frame,stop_frame\n", "yes or no.*exclusive"),
    ],
)
def test_what_is_no_bout_csv(write, text, message):
    with pytest.raises(FormatError, match=message):
        FORMAT.read(write(text), LabelOptions())


def test_pairs_of_three_animals_without_direction_keep_their_names(write, spans_of):
    options = LabelOptions(individuals=("a", "b", "c"), fps=30.0, n_frames=100, directed=False)
    header = "agent,target,behaviour,start_frame,stop_frame"
    labels = FORMAT.read(write(f"{header}\nb,c,x,10,20\nc,a,x,50,60"), options)
    assert spans_of(labels.bouts) == [("b", "c", "x", 10, 20), ("c", "a", "x", 50, 60)]
    with pytest.raises(InputError, match=r"who acts, nor towards whom.*Give the columns agent"):
        FORMAT.read(write("behaviour,start_frame,stop_frame\nx,10,20"), options)


OBSERVED = "# observed,a,b,attack,0,900\n"
TABLE = "agent,target,behaviour,start_frame,stop_frame\n"


def outside(path, **options):
    """What the last note lists, each with its first frame."""
    note = FORMAT.read(path, LabelOptions(**options)).notes[-1]
    head, _, listed = note.partition(": ")
    assert head == "bouts lie outside of what was looked for, as the file says"
    return listed.partition(". Where nobody looked")[0]


def test_bouts_outside_of_what_the_file_says_was_looked_for_are_told(write):
    """Of attacks of a->b, frames 900 to 999 lie outside, of which two bouts share 50."""
    path = write(
        f"{OBSERVED}{TABLE}b,b,groom,100,200\na,b,attack,850,950\na,b,attack,0,900\n"
        "a,b,attack,900,1000\nb,a,attack,0,1\n"
    )
    told = (
        "1 frame of 'attack' of b->a (from frame 0 on), "
        "100 frames of 'groom' of b->b (from frame 100 on), "
        "100 frames of 'attack' of a->b (from frame 900 on)"
    )
    assert outside(path, individuals=("a", "b")) == outside(path) == told
    cut = told.replace("100 frames of 'attack'", "20 frames of 'attack'")
    assert outside(path, n_frames=920) == cut
    mapped = {"rename_individuals": {"a": "m2", "b": "m1"}, "individuals": ("m1", "m2")}
    assert "100 frames of 'attack' of m2->m1 (from frame 900 on)" in outside(path, **mapped)


def test_bouts_inside_of_what_was_looked_for_need_no_note(write):
    more = "# observed,a,b,attack,900,1000\n# observed,b,b,groom,0,1000\n"
    path = write(f"{OBSERVED}{more}{TABLE}a,self,rest,0,9\nb,b,groom,100,200\na,b,attack,850,950\n")
    assert outside(path) == "9 frames of 'rest' of a->a (from frame 0 on)"
    for known in ({"background": "rest"}, {"not_observed": ("rest",)}):
        assert FORMAT.read(path, LabelOptions(**known)).notes == ()


def test_what_an_animal_does_to_itself_was_looked_for_in_any_of_its_pairs(write):
    path = write(f"# observed,a,b,groom,0,40\n{TABLE}a,self,groom,10,50\n")
    assert outside(path) == "10 frames of 'groom' of a->a (from frame 40 on)"
    active, observed = FORMAT.read(path, LabelOptions()).frames(Pair("a", "b"), ["groom"])[:2]
    assert (active & observed).sum() == 30


def test_without_direction_either_order_was_looked_for(write):
    rows = "b,a,attack,0,900\nb,b,attack,5,9\na,b,attack,899,903\n"
    told = "3 frames of 'attack' of a->b (from frame 900 on)"
    path = write(f"{OBSERVED}{TABLE}{rows}")
    assert outside(path, individuals=("a", "b"), directed=False) == told
    path = write(f"# directed,no\n{OBSERVED}{TABLE}{rows}")
    assert outside(path) == outside(path, individuals=("a", "b")) == told
    three = write(f"# directed,no\n{OBSERVED}{TABLE}b,a,attack,0,9\nc,b,attack,0,9\n")
    assert outside(three) == "9 frames of 'attack' of b->c (from frame 0 on)"


def test_what_was_looked_for_in_another_stream_was_not_in_this(write):
    head = "# observed,a,b,x,0,10,S1\n# observed,a,b,x,0,50,S2\n"
    table = "agent,target,behaviour,start_frame,stop_frame,stream\n"
    path = write(f"{head}{table}a,b,x,10,20,S2\na,b,x,5,15,S1\n")
    assert outside(path, stream="S1") == "5 frames of 'x' of a->b (from frame 10 on)"
    assert FORMAT.read(path, LabelOptions(stream="S2")).notes == ()
    assert FORMAT.read(path, LabelOptions()).notes == ()


def test_a_note_on_bouts_outside_is_not_told_twice(write, tmp_path):
    labels = FORMAT.read(write(f"{OBSERVED}{TABLE}b,b,groom,1,2\n"), LabelOptions())
    again = FORMAT.read(FORMAT.write(labels, tmp_path / "again.csv", 30.0), LabelOptions())
    assert len(labels.notes) == len(again.notes) == 1
    assert "1 frame of 'groom' of b->b (from frame 1 on)" in again.notes[0]


def test_what_the_manifest_adds_to_what_was_looked_for_is_not_outside(write):
    path = write(f"{OBSERVED}{TABLE}a,b,mount,10,20\na,b,attack,890,910\n")
    labels = FORMAT.read(path, LabelOptions())
    assert "mount" in labels.notes[-1] and "attack" in labels.notes[-1]
    (note,) = noting_unobserved(with_looked_for(labels, ("mount", "attack"))).notes
    assert "mount" not in note and "10 frames of 'attack' of a->b (from frame 900 on)" in note


@pytest.mark.parametrize("stop", ["1000000001", "3000000000", "1.7e15", "1e30"])
@pytest.mark.parametrize(
    "text",
    [
        "behaviour,start_frame,stop_frame\nattack,1,{}\n",
        "behaviour,start_s,stop_s\nattack,1,{}\n",
        "# n_frames,{}\nbehaviour,start_frame,stop_frame\nattack,1,2\n",
        "# observed,resident,intruder,attack,0,{}\nbehaviour,start_frame,stop_frame\nattack,1,2\n",
    ],
)
@pytest.mark.parametrize("n_frames", [None, 10])
def test_times_of_a_clock_are_no_frames(write, text, stop, n_frames):
    options = LabelOptions(individuals=MICE.individuals, fps=1.0, n_frames=n_frames)
    told = rf"bouts\.csv: its labels end at frame {int(float(stop)):,}, .*1,000,000,000 .*a clock"
    with pytest.raises(FormatError, match=told):
        FORMAT.read(write(text.format(stop)), options)


def test_a_year_of_frames_is_no_clock(write):
    """Of 30 frames/s: 365 * 86,400 * 30."""
    labels = FORMAT.read(write("behaviour,start_frame,stop_frame\nattack,1,946080000\n"), MICE)
    assert labels.n_frames == 946_080_000


BOTH = "behaviour;start_frame;stop_frame;start_s;stop_s\n"


@pytest.mark.parametrize("fps", [None, 20.0, 25.0])
def test_seconds_that_were_corrected_beside_the_frames_are_refused(write, fps):
    """The rows that nobody changed say 20 frames/s, whatever the poses say."""
    same = "sniff;391;472;19,55;23,6\nsniff;500;520;25;26\n"
    options = replace(MICE, fps=fps, agent="resident")
    starts = FORMAT.read(write(BOTH + same), options).bouts["start_frame"].tolist()
    assert starts == [391, 500]
    path = write(BOTH + same + "attack;11043;11100;545;555\nattack;0;20;0;1,5\n")
    told = (
        r"bouts\.csv, line 4: .*start_frame is 11,043 and start_s is 545, which is frame 10,900 at "
        r"20 frames/s \(and so in 1 more row\)\. Delete the two columns"
    )
    with pytest.raises(FormatError, match=told):
        FORMAT.read(path, options)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("attack;10;20;1;2,5\n", "stop_frame is 20 and stop_s is 2,5, which is frame 25 at 10 "),
        ("attack;10;20;5;6\n", r"start_frame is 10 and start_s is 5, which is frame 50 at 10 fram"),
        ("attack;10;20;1;0,2\n", "stop_frame is 20 and stop_s is 0,2, which is frame 2 at"),
    ],
)
def test_frames_and_seconds_of_a_single_row_that_differ(write, rows, told):
    with pytest.raises(FormatError, match=told):
        FORMAT.read(write(BOTH + rows), replace(MICE, fps=10.0))


def test_last_frames_inside_are_not_laid_to_the_rate(write):
    """At a rate that is a little too low all stops would be right, and late starts wrong."""
    rows = (
        "attack;2459;2646;102,458;110,292\nattack;2602;2659;108,417;110,833\n"
        "attack;3901;4032;162,542;168,042\nattack;3984;4048;166,000;168,708\n"
        "attack;18061;18199;752,542;758,333\n"
    )
    labels = FORMAT.read(write(BOTH + rows), replace(MICE, fps=24.0))
    assert labels.bouts["stop_frame"].tolist() == [2646, 2659, 4032, 4048, 18199]


@pytest.mark.parametrize(
    "rows",
    [
        "attack;100;104;3,34;3,47\n",  # two digits: 0.15 frames of 30 frames/s, beside half a one
        "attack;30;31;1,00;1,00\n",  # an event is in one frame
        "attack;0;30;;\n",
        "attack;31;67;1,0;2,0\n",  # rounded to whole ones, as pandas writes them
        "attack;30000;30015;1.0E+03;1000,5\n",
        "attack;31;60;1,000;2,000\n",  # counted from 1, the last frame inside
        "attack;30;59;1,000;2,000\n",  # the last frame inside
    ],
)
def test_frames_and_seconds_may_be_rounded(write, rows):
    assert len(FORMAT.read(write(BOTH + rows), replace(MICE, fps=30.0)).bouts) == 1


def test_a_row_may_have_seconds_alone_where_others_have_frames(write, spans_of):
    rows = "sniff;20;40;1;2\nattack;;;3;4,5\nflee;100;;5;6\n"
    expected = [
        ("resident", "intruder", "attack", 60, 90),
        ("resident", "intruder", "flee", 100, 120),
        ("resident", "intruder", "sniff", 20, 40),
    ]
    for fps in (None, 20.0):  # the other rows say how many frames a second has
        labels = FORMAT.read(write(BOTH + rows), replace(MICE, fps=fps))
        assert spans_of(labels.bouts) == expected
    with pytest.raises(FormatError, match=r"in seconds.*--fps"):
        FORMAT.read(write(BOTH + "attack;;;3;4,5\n"), MICE)
    with pytest.raises(FormatError, match=r"line 2: .*for the start_frame or start_s, and '' came"):
        FORMAT.read(write(BOTH + "attack;;;;\n"), replace(MICE, fps=20.0))


@pytest.mark.parametrize("decimals", [0, 1, 2])
@pytest.mark.parametrize("fps", [None, 30.0])
def test_rounded_seconds_of_a_long_video_are_those_of_its_frames(write, decimals, fps):
    """Of 29.97 frames/s: what the rounding does to a rate is larger early than late."""
    rate = 30_000 / 1001
    bouts = [(start, start + 5 + start % 83) for start in range(7, 17_900, 611)]
    rows = [(*each, *(f"{frame / rate:.{decimals}f}" for frame in each)) for each in bouts]
    text = "".join(f"attack;{start};{stop};{a};{b}\n" for start, stop, a, b in rows)
    options = replace(MICE, fps=fps, agent="resident")
    assert FORMAT.read(write(BOTH + text), options).bouts["start_frame"].tolist() == [
        start for start, _ in bouts
    ]
    # beside them, 100 frames are 3.34 s, and not 9
    with pytest.raises(FormatError, match=r"line 32: .*start_frame is 100 and start_s is 9,"):
        FORMAT.read(write(f"{BOTH}{text}attack;100;300;9;10\n"), options)


@pytest.mark.parametrize("cell", ["NA", "-", "00:00:01", "1. Jan", "inf"])
def test_seconds_that_are_none_do_not_matter_beside_frames(write, spans_of, cell):
    path = write(f"{BOTH}attack;30;60;{cell};{cell}\nattack;90;120;3;{cell}\n")
    labels = FORMAT.read(path, replace(MICE, fps=30.0))
    assert spans_of(labels.bouts) == [
        ("resident", "intruder", "attack", 30, 60),
        ("resident", "intruder", "attack", 90, 120),
    ]
    with pytest.raises(
        FormatError, match=f"line 2: a number was expected for the start_s, and '{cell}"
    ):
        FORMAT.read(write(f"{BOTH}attack;;60;{cell};2\n"), replace(MICE, fps=30.0))


@pytest.mark.parametrize(
    ("rows", "rate", "start"),
    [
        ("sniff;101;160;3,4;5,3\n", 30, 900),  # 101 / 3.4 is 29.7, and 160 / 5.3 is 30.2
        ("sniff;299;599;9,98;19,99\n", 30_000 / 1001, 899),  # 19.97 s at 30 frames/s
        ("sniff;771;1543;100,00;200,13\n", 7.71, 231),  # neither whole nor NTSC
    ],
)
def test_rows_with_rounded_seconds_say_a_usual_rate_if_they_can(write, rows, rate, start):
    path = write(f"{BOTH}{rows}attack;;;30;40\n")
    labels = FORMAT.read(path, replace(MICE, agent="resident"))
    assert labels.fps == pytest.approx(rate, abs=1e-9 if rate > 8 else 5e-3)
    assert start in labels.bouts["start_frame"].tolist()
    labels = FORMAT.read(path, replace(MICE, agent="resident", fps=rate))
    assert labels.fps == rate and labels.notes == ()


@pytest.mark.parametrize("said", ["# fps;25\n", ""])
def test_frames_beside_seconds_alone_are_in_the_time_of_the_poses(write, spans_of, said):
    """25 frames/s in the file and 30 of the poses: 250 frames are 10 s, which are 300 frames."""
    head = f"{said}# n_frames;1500\n# observed;a;b;sniff;0;1500\n{BOTH}"
    rows = "sniff;250;500;10;20\nsniff;525;526;;\nsniff;;;30;40\nsniff;1125;;;50\n"
    labels = FORMAT.read(write(head + rows), LabelOptions(agent="a", target="b", fps=30.0))
    assert [span[3:] for span in spans_of(labels.bouts)] == [
        (300, 600),
        (630, 631),
        (900, 1200),
        (1350, 1500),
    ]
    assert [span[3:] for span in spans_of(labels.observed)] == [(0, 1800)]
    assert labels.fps == 30 and labels.n_frames == 1800
    (note,) = labels.notes
    assert "has 25 frames/s and the poses 30; seconds were turned into frames of the poses" in note
    empty = write(head + rows.replace("525;", "526;"))
    with pytest.raises(FormatError, match=r"'sniff' starts at 526 and stops at 526"):
        FORMAT.read(empty, LabelOptions(agent="a", target="b", fps=30.0))


def test_bouts_that_a_model_found_are_told_as_such(write):
    table = "agent,target,behaviour,start_frame,stop_frame,mean_probability\n"
    row = "resident,intruder,attack,10,20,"
    (note,) = FORMAT.read(write(f"{table}{row}0.9\n{row}\n"), MICE).notes
    assert note.startswith("a model found these bouts") and "delete that column then" in note
    assert FORMAT.read(write(f"{table}{row}\n"), MICE).notes == ()  # people's alone
