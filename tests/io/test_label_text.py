from __future__ import annotations

import json

import pytest

from nuzzle.errors import FormatError
from nuzzle.io import boris, boris_project, bouts_csv, label_text
from nuzzle.io.label_text import Row, grouped
from nuzzle.io.registry import LabelOptions

NAMES = ("cage1", "cage2", "cage3")
TWO = ("one", "two")


def bouts(behaviour: str) -> str:
    rows = "".join(f"{name},{behaviour},0,{n}\n" for n, name in enumerate(NAMES, 1))
    return f"# note,by hand\nrecording,behaviour,start_s,stop_s\n{rows}"


def events(behaviour: str) -> str:
    rows = "".join(f"{name},{behaviour},STATE,0,{n},10\n" for n, name in enumerate(NAMES, 1))
    return f"Observation id,Behavior,Behavior type,Start (s),Stop (s),FPS\n{rows}"


def project(behaviour: str) -> str:
    observations = {
        name: {"events": [[0, "", behaviour, "", ""], [n, "", behaviour, "", ""]]}
        for n, name in enumerate(NAMES, 1)
    }
    ethogram = {"0": {"code": behaviour, "type": "State event"}}
    return json.dumps({"observations": observations, "behaviors_conf": ethogram})


@pytest.mark.parametrize(
    ("reader", "name", "text"),
    [
        (bouts_csv, "a.csv", bouts),
        (boris, "b.csv", events),
        (boris_project, "c.boris", project),
    ],
)
class TestAFileOfAWholeStudy:
    def test_it_is_parsed_once_until_it_changes(self, tmp_path, monkeypatch, reader, name, text):
        """Those who ask may do with what they get what they like."""
        path, asked = tmp_path / name, []
        monkeypatch.setattr(
            reader, "read_text", lambda path: asked.append(path) or label_text.read_text(path)
        )

        def found():
            (items,) = {tuple(reader.FORMAT.items(path)) for _ in range(2)}
            read = [
                reader.read(path, LabelOptions(fps=10.0, individuals=TWO, item=item))
                for item in items
            ]
            told = [each.bouts[["behaviour", "stop_frame"]].to_numpy().tolist() for each in read]
            for each in read:
                each.bouts.loc[:, "behaviour"] = "changed"
            return items, told

        for number, behaviour in enumerate(("sniff", "attack"), 1):
            path.write_text(text(behaviour))
            told = [[[behaviour, 10]], [[behaviour, 20]], [[behaviour, 30]]]
            assert found() == found() == (NAMES, told)
            assert len(asked) == number

    def test_an_unknown_item_and_none_are_refused_each_time(self, tmp_path, reader, name, text):
        path = tmp_path / name
        path.write_text(text("sniff"))
        for item, message in (("cage9", "no .* 'cage9'"), ("", "one was expected")) * 2:
            with pytest.raises(FormatError, match=message):
                reader.read(path, LabelOptions(fps=10.0, individuals=TWO, item=item))


def test_what_is_kept_cannot_be_changed(tmp_path):
    for reader, text in ((bouts_csv, bouts), (boris, events)):
        path = tmp_path / "a.csv"
        path.write_text(text("sniff"))
        file = reader._parse(path) if reader is bouts_csv else reader._table(path)
        assert isinstance(file.rows, tuple) and isinstance(file.rows[0].cells, tuple)
        for kept in (file.columns, file.recordings if reader is bouts_csv else file.heading):
            with pytest.raises(TypeError, match="does not support item assignment"):
                kept["x"] = 0


def test_rows_by_a_name_of_theirs():
    rows = [Row(line, (name,)) for line, name in enumerate("abac")]
    found = grouped(rows, lambda row: row.cells[0])
    assert {name: [row.line for row in some] for name, some in found.items()} == {
        "a": [0, 2],
        "b": [1],
        "c": [3],
    }
