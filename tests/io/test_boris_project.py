from __future__ import annotations

import json
from dataclasses import replace

import pytest

from nuzzle.errors import FormatError
from nuzzle.io.boris_project import FORMAT
from nuzzle.io.load import label_items
from nuzzle.io.registry import LabelOptions

MICE = LabelOptions(individuals=("resident", "intruder"))


def project(**changes):
    kinds = {"attack": "State event", "sniff": "State event", "bite": "Point event"}
    observation = {
        "events": [
            [1.0, "resident", "attack", "", ""],
            [2.0, "resident", "attack", "", ""],
            [1.5, "resident", "bite", "", ""],
            [3.0, "resident", "attack", "", ""],
            [3.5, "resident", "attack", "", ""],
        ],
        "media_info": {"length": {"a.avi": 10.0}, "fps": {"a.avi": 20.0}},
    }
    content = {
        "behaviors_conf": {
            str(index): {"type": kind, "code": code}
            for index, (code, kind) in enumerate(kinds.items())
        },
        "observations": {"one": observation},
    }
    return {**content, **changes}


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "p.boris"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_media_of_two_rates_need_that_of_the_poses(write, spans_of):
    content = project()
    media = {"length": {"a.avi": 6.0, "b.avi": 4.0}, "fps": {"a.avi": 30.0, "b.avi": 25.0}}
    content["observations"]["one"]["media_info"] = media
    with pytest.raises(FormatError, match=r"its media have 25 and 30 frames a second.*--fps"):
        FORMAT.read(write(content), MICE)
    labels = FORMAT.read(write(content), replace(MICE, fps=30.0))
    assert spans_of(labels.bouts)[0] == ("resident", "intruder", "attack", 30, 60)


def test_names_of_the_observations(write):
    content = project()
    content["observations"]["two"] = content["observations"]["one"]
    assert label_items(write(content)) == ["one", "two"]
    assert label_items(write("{}")) == []


def test_state_events_alternate_and_the_ethogram_is_what_was_looked_for(write, spans_of):
    path = write(project())
    assert FORMAT.sniff(path)
    labels = FORMAT.read(path, MICE)
    assert spans_of(labels.bouts, "point") == [
        ("resident", "intruder", "attack", 20, 40, False),
        ("resident", "intruder", "attack", 60, 70, False),
        ("resident", "intruder", "bite", 30, 31, True),
    ]
    assert spans_of(labels.observed) == [
        ("resident", "intruder", name, 0, 200) for name in ("attack", "bite", "sniff")
    ]


@pytest.mark.parametrize("offset", [5.0, "5.0"])
def test_a_time_offset_is_mentioned(write, offset):
    content = project()
    content["observations"]["one"]["time offset"] = offset
    (note,) = FORMAT.read(write(content), MICE).notes
    assert "a time offset of 5 s" in note and "set label_delay_s to 5" in note


@pytest.mark.parametrize(
    ("interval", "offset_s", "frames"),
    [
        ([2, 4], 0.0, (40, 80)),
        ([2, 4], 1.5, (70, 110)),
        ([2, 0], 0.0, (40, 200)),
        ([0, 4.5], 0.0, (0, 90)),
        ([4, 99], 0.0, (80, 200)),
        ([0, 0], 0.0, (0, 200)),
        ([0, 99], 0.0, (0, 200)),
        (None, 0.0, (0, 200)),
    ],
)
def test_outside_of_the_time_interval_nobody_looked(write, interval, offset_s, frames):
    """10 s at 20 frames/s; the interval is told without the offset that the events have."""
    content = project()
    content["observations"]["one"] |= {
        "observation time interval": interval,
        "time offset": offset_s,
    }
    labels = FORMAT.read(write(content), replace(MICE, n_frames=200))
    spans = labels.observed[["start_frame", "stop_frame"]].drop_duplicates()
    assert spans.to_numpy().tolist() == [[*frames]]
    assert labels.behaviours == ("attack", "bite", "sniff") and len(labels.bouts) == 3
    notes = [note for note in labels.notes if "outside of them nobody looked" in note]
    told = f"the observation is limited to frames {frames[0]} to {frames[1]};"
    assert [note.startswith(told) for note in notes] == [True] * (frames != (0, 200))


def test_a_time_interval_after_the_poses_leaves_nothing_observed(write):
    content = project()
    content["observations"]["one"]["observation time interval"] = [8, 9]
    labels = FORMAT.read(write(content), replace(MICE, n_frames=150))
    assert labels.observed.empty and "limited to frames 160 to 180" in labels.notes[0]


@pytest.mark.parametrize(
    ("files", "frames"),
    [
        ({"1": ["a.avi"], "2": ["b.avi"], "3": []}, 200),
        ({"1": ["a.avi", "b.avi"]}, 320),
        ({"1": ["a.avi"], "2": ["b.avi", "c.avi"]}, 220),
        ({"1": ["/elsewhere/a.avi"]}, 420),
        ([], 420),
        ({"1": ["a.avi"], "2": 9}, 200),
    ],
)
def test_players_run_at_the_same_time_and_their_files_one_after_another(write, files, frames):
    """Files of 10, 6 and 5 s at 20 frames/s."""
    content = project()
    content["observations"]["one"] |= {
        "file": files,
        "media_info": {"length": {"a.avi": 10.0, "b.avi": 6.0, "c.avi": 5.0}, "fps": {"a": 20.0}},
    }
    assert FORMAT.read(write(content), MICE).n_frames == frames


@pytest.mark.parametrize("unknown", [None, "NA", 0])
def test_what_boris_does_not_know_of_the_media_is_unknown(write, unknown):
    content = project()
    content["observations"]["one"]["media_info"] = {
        "length": {"a.avi": 10.0, "b.avi": unknown},
        "fps": {"a.avi": 20.0, "b.avi": unknown},
    }
    assert FORMAT.read(write(content), MICE).n_frames == 70, "the end of the last event"
    content["observations"]["one"]["media_info"]["fps"] = {"a.avi": unknown}
    with pytest.raises(FormatError, match="how many frames a second"):
        FORMAT.read(write(content), MICE)
    assert FORMAT.read(write(content), replace(MICE, fps=10.0)).n_frames == 35


def test_an_observation_without_events_is_observed_and_empty(write):
    content = project()
    content["observations"]["one"]["events"] = []
    labels = FORMAT.read(write(content), MICE)
    assert labels.behaviours == ("attack", "bite", "sniff") and not len(labels.bouts)


def test_an_observation_is_chosen_by_name(write):
    content = project()
    content["observations"]["two"] = {"events": [], "media_info": {}}
    with pytest.raises(FormatError, match=r"2 observations: 'one', 'two'; .*item"):
        FORMAT.read(write(content), MICE)
    named = LabelOptions(item="one", individuals=MICE.individuals)
    assert len(FORMAT.read(write(content), named).bouts) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not the JSON"),
        ("[]", "no observations and no behaviors_conf"),
        (project(behaviors_conf={}), "event 1: the behaviour 'attack' is not in the ethogram"),
        (
            project(behaviors_conf={"0": {"code": "attack"}}),
            "behaviour 0 of the ethogram: a code, and the type State event.*'attack'} came",
        ),
        (project(behaviors_conf={"0": None}), "behaviour 0 of the ethogram: .*None came"),
        (project(observations={}), "holds no observation; one was expected"),
        (project(observations={"one": None}), "observation 'one': a list of events was expected"),
        (project(observations={"one": {"events": None}}), "'one': a list of events was expected"),
        (
            project(observations={"one": {"observation time interval": [4, 2]}}),
            r"observation 'one': an observation time interval .*\[4, 2\] came",
        ),
        (project(observations={"one": {"observation time interval": ["x"]}}), r"\['x'\] came"),
        (
            project(observations={"one": {"time offset": "later"}}),
            "a number was expected for the time offset of observation 'one', and 'later' came",
        ),
        (project(observations={"one": {"events": [[1.0]]}}), "event 1: .time, subject"),
        (project(observations={"one": {"events": [["x", "a", "attack"]]}}), "number was expected"),
    ],
)
def test_errors(write, content, message):
    with pytest.raises(FormatError, match=message):
        FORMAT.read(write(content), MICE)


def test_the_sample_project(shared_data, spans_of):
    """Its events: mm 9.955-11.256, mm 26.605-31.705, aa 28.205-30.63 s, at 30 frames/s."""
    path = shared_data / "resident_intruder" / "boris_labels_only" / "test-multi-behaviors.boris"
    options = LabelOptions(individuals=("mouse", "other"))
    assert FORMAT.sniff(path)
    labels = FORMAT.read(path, options)
    assert spans_of(labels.bouts) == [
        ("mouse", "other", "aa", 846, 919),
        ("mouse", "other", "mm", 299, 338),
        ("mouse", "other", "mm", 798, 951),
    ]
    assert labels.n_frames == 336 * 30


def test_what_is_directed_at_oneself_is_of_the_agent_alone(write, spans_of):
    labels = FORMAT.read(write(project()), replace(MICE, own=("sniff", "bite")))
    assert spans_of(labels.bouts) == [
        ("resident", "intruder", "attack", 20, 40),
        ("resident", "intruder", "attack", 60, 70),
        ("resident", "resident", "bite", 30, 31),
    ]
    assert spans_of(labels.observed) == [
        ("resident", "intruder", "attack", 0, 200),
        ("resident", "resident", "bite", 0, 200),
        ("resident", "resident", "sniff", 0, 200),
    ]
