from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from nuzzle.errors import FormatError, InputError
from nuzzle.io import vassi
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import Pair

TEXT = """group,actor,recipient,category,start,stop
0,intruder,resident,none,0,9
0,resident,intruder,none,0,1
0,resident,intruder,mount,2,4
0,resident,intruder,none,5,5
0,resident,intruder,attack,6,9
1,resident,intruder,investigation,0,2
"""
PAIR = Pair("resident", "intruder")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bouts.csv"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_stop_is_inclusive_and_the_resident_acts(
    file: Path, classes_of: Callable[..., list[int]]
) -> None:
    assert vassi.FORMAT.sniff(file)
    assert vassi.groups(file) == ("0", "1")
    labels = vassi.FORMAT.read(file, LabelOptions(item="0"))
    bouts = labels.bouts[["agent", "target", "behaviour", "start_frame", "stop_frame"]]
    assert bouts.to_numpy().tolist() == [[*PAIR, "mount", 2, 5], [*PAIR, "attack", 6, 10]]
    assert labels.n_frames == 10
    assert labels.exclusive and labels.background == "none"
    # Every category of the file was looked for, in recordings without it too.
    assert labels.behaviours == ("attack", "investigation", "mount")
    classes = classes_of(labels, PAIR, ["none", "mount", "attack"])
    assert classes == [0, 0, 1, 1, 1, 0, 2, 2, 2, 2]


def test_frames_that_no_row_covers_are_not_observed(
    file: Path, classes_of: Callable[..., list[int]]
) -> None:
    file.write_text(TEXT.replace("0,resident,intruder,none,5,5\n", ""), encoding="utf-8")
    labels = vassi.read(file, LabelOptions(item="0"))
    assert classes_of(labels, PAIR, ["none", "mount", "attack"])[4:7] == [1, -1, 2]


def test_options_choose_actor_names_and_length(file: Path) -> None:
    options = LabelOptions(item="0", n_frames=7, rename_individuals={"resident": "black"})
    labels = vassi.read(file, options)
    assert labels.pairs == (Pair("black", "intruder"),)
    assert labels.n_frames == 7 and len(labels.notes) == 1
    other = vassi.read(file, LabelOptions(item="0", agent="intruder"))
    assert other.pairs == (PAIR.reversed,) and len(other.bouts) == 0


def test_bouts_of_others_are_left_out_with_a_note(file: Path) -> None:
    assert vassi.read(file, LabelOptions(item="0")).notes == (), "the intruder does nothing"
    bouts = "0,intruder,resident,none,0,3\n0,intruder,resident,attack,4,9\n"
    file.write_text(TEXT.replace("0,intruder,resident,none,0,9\n", bouts), encoding="utf-8")
    labels = vassi.read(file, LabelOptions(item="0"))
    assert labels.pairs == (PAIR,)
    (note,) = labels.notes
    assert note.startswith("1 bout of intruder left out, since resident is the actor; the manifest")
    assert vassi.read(file, LabelOptions(item="0", agent="resident")).notes == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_spreadsheet_may_have_saved_it(file: Path, encoding: str, separator: str) -> None:
    text = TEXT.replace("mount", "Beißen").replace(",", separator).replace("\n", "\r\n")
    file.write_bytes(text.encode(encoding))
    assert vassi.FORMAT.sniff(file)
    labels = vassi.read(file, LabelOptions(item="0"))
    assert labels.bouts["behaviour"].tolist() == ["Beißen", "attack"]
    assert labels.bouts["stop_frame"].tolist() == [5, 10]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("category", "label", r"line 1: .*\['category'\] are missing"),
        ("mount,2,4", "mount,two,4", "line 4: start is 'two'"),
        ("mount,2,4", "mount,2,4.5", "line 4: stop is '4.5'"),
        ("mount,2,4", "mount,-2,4", "line 4: start is '-2'"),
        ("mount,2,4", "mount,4,2", "line 4: a bout stops before it starts"),
    ],
)
def test_wrong_rows_are_named(file: Path, old: str, new: str, message: str) -> None:
    file.write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        vassi.read(file, LabelOptions(item="0"))


def test_blank_lines_are_no_csv(file: Path) -> None:
    file.write_text("\n\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"bouts\.csv: is not a csv"):
        vassi.read(file, LabelOptions())


def test_a_group_is_read_alike_whatever_was_done_with_it_before(file: Path) -> None:
    first = vassi.read(file, LabelOptions(item="1"))
    first.bouts.loc[:, "behaviour"] = "changed"
    again = vassi.read(file, LabelOptions(item="1"))
    assert again.bouts["behaviour"].tolist() == ["investigation"]


def test_group_and_actor_must_be_known(file: Path) -> None:
    with pytest.raises(InputError, match=r"2 groups: '0', '1'; one was expected\. .* column item"):
        vassi.read(file, LabelOptions())
    with pytest.raises(InputError, match="no group '7'"):
        vassi.read(file, LabelOptions(item="7"))
    with pytest.raises(InputError, match=r"--item 0 of `nuzzle inspect`"):
        vassi.read(file, LabelOptions())
    file.write_text(TEXT.replace("resident,intruder", "white,black"), encoding="utf-8")
    with pytest.raises(InputError, match=r"2 actors: .* the column agent of the manifest\.$"):
        vassi.read(file, LabelOptions(item="0"))
    file.write_text(TEXT, encoding="utf-8")
    with pytest.raises(InputError, match="no actor 'cat'"):
        vassi.read(file, LabelOptions(item="1", agent="cat"))


@pytest.mark.parametrize(
    ("part", "n_sequences", "frames"),
    [
        ("train", 70, {"attack": 14_039, "investigation": 146_615, "mount": 28_615}),
        ("test", 19, {"attack": 12_630, "investigation": 61_275, "mount": 31_848}),
    ],
)
def test_calms21_task1_has_its_published_counts(
    shared_data: Path, part: str, n_sequences: int, frames: dict[str, int]
) -> None:
    path = shared_data / "calms21_task1_labels" / f"mice_{part}_annotations.csv"
    groups = vassi.groups(path)
    assert len(groups) == n_sequences
    total, parts = 0, []
    for group in groups:
        labels = vassi.read(path, LabelOptions(item=group))
        assert labels.exclusive and labels.pairs == (PAIR,)
        total += labels.n_frames
        parts.append(labels.bouts)
    bouts = pd.concat(parts)
    counts = (bouts["stop_frame"] - bouts["start_frame"]).groupby(bouts["behaviour"]).sum()
    assert counts.to_dict() == frames
    assert total - counts.sum() == {"train": 318_469, "test": 156_354}[part]
    assert total == {"train": 507_738, "test": 262_107}[part]


def test_a_time_of_a_clock_is_no_frame(file: Path) -> None:
    file.write_text(TEXT.replace("attack,6,9", "attack,6,1700000000000"), encoding="utf-8")
    with pytest.raises(FormatError, match=r"end at frame 1,700,000,000,001, .*times of a clock"):
        vassi.read(file, LabelOptions(item="0"))
