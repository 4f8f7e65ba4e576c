import errno
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

import nuzzle
from nuzzle.cli import app as app_module
from nuzzle.cli import console
from nuzzle.cli.app import COMMANDS, build_app
from nuzzle.errors import FormatError


@pytest.fixture
def broken(monkeypatch):
    """The app with `nuzzle inspect`, or another command, replaced by something that fails."""

    def build(error: BaseException, command: str = "inspect") -> typer.Typer:
        def fails() -> None:
            raise error

        monkeypatch.setattr(f"nuzzle.cli.{command}.{command}", fails)
        return build_app()

    return build


def run(app, *arguments):
    return CliRunner().invoke(app, list(arguments))


def test_version():
    result = run(build_app(), "--version")
    assert (result.exit_code, result.output) == (0, f"nuzzle {nuzzle.__version__}\n")


def test_help_lists_every_command_with_its_sentence():
    output = run(build_app(), "--help").output
    for command in COMMANDS:
        (line,) = (line for line in output.splitlines() if line.startswith(f"│ {command} "))
        assert len(line.split(command, 1)[1].strip(" │")) > 20


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_for_every_option(command):
    found = typer.main.get_command(build_app()).commands[command]
    assert found.help
    assert found.params
    assert [each.name for each in found.params if not each.help] == []
    assert run(build_app(), command, "--help").exit_code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_no_help_text_holds_what_rich_takes_for_a_picture(command):
    """As in STREAM:label:, which it prints as a tag."""
    found = typer.main.get_command(build_app()).commands[command]
    texts = [str(each.help) for each in (found, *found.params)]
    assert [text for text in texts if re.search(r":\w+:", text)] == []


def test_names_are_printed_as_they_are(capsys):
    name = "cage [1] [/] :mouse: [red].csv"
    console.out().print(f"Bundle: {name}")
    console.say(name)
    console.print_table(["file"], [[name]], title=name)
    shown = capsys.readouterr()
    assert shown.out.splitlines()[:2] == [f"Bundle: {name}", name]
    assert shown.err == f"{name}\n"


def test_a_users_mistake_is_one_message(broken):
    app = broken(FormatError("a [bold]file[/].csv", "has no column x.", row=3))
    result = run(app, "inspect")
    assert result.exit_code == 2
    assert result.stderr == "Error: a [bold]file[/].csv, line 3: has no column x.\n"
    assert result.stdout == ""


def test_an_interruption_is_one_sentence(broken):
    result = run(broken(KeyboardInterrupt()), "inspect")
    assert result.exit_code == 130
    assert result.stderr == "Interrupted. No file was left half-written.\n"


@pytest.mark.parametrize("command", ["train", "crossval", "tune", "benchmark", "predict"])
def test_an_interruption_says_how_to_go_on(broken, command):
    result = run(broken(KeyboardInterrupt(), command), command)
    resume = " with --resume, and without --overwrite," if command == "predict" else ""
    assert result.exit_code == 130
    assert result.stderr.startswith(
        f"Interrupted. No file was left half-written. The same command{resume} goes on where"
    )


def test_a_file_that_may_not_be_touched_is_no_bug(broken):
    result = run(broken(PermissionError(13, "Permission denied", "/locked/m.nuzzle")), "inspect")
    assert result.exit_code == 2
    assert result.stderr == "Error: /locked/m.nuzzle: Permission denied.\n"


def test_a_full_disk_is_no_bug(broken):
    result = run(broken(OSError(errno.ENOSPC, "No space left on device", "/small/x")), "inspect")
    assert result.exit_code == 2
    assert "Error: /small/x: No space left on device. Make room, and run" in result.stderr


def test_a_bug_keeps_its_traceback_and_says_that_it_is_one(broken, monkeypatch, capsys):
    app = broken(KeyError("x"))
    monkeypatch.setattr(app_module, "build_app", lambda: app)
    monkeypatch.setattr("sys.argv", ["nuzzle", "inspect"])
    with pytest.raises(KeyError):
        app_module.main()
    assert "a bug in nuzzle" in capsys.readouterr().err


def test_an_unknown_command():
    result = run(build_app(), "train-me")
    assert result.exit_code == 2
    assert "No such command" in result.stderr


class TestConsole:
    def test_json_has_plain_values_only(self, tmp_path):
        import numpy as np

        data = {"a": np.float64("nan"), "b": np.arange(2), 3: (tmp_path, True, None, np.int64(4))}
        console.emit_json(data, tmp_path / "x.json")
        assert json.loads((tmp_path / "x.json").read_text()) == {
            "nuzzle": nuzzle.__version__,
            "a": None,
            "b": [0, 1],
            "3": [str(tmp_path), True, None, 4],
        }

    def test_json_on_stdout(self, capsys):
        console.emit_json({"a": "ä"}, "-")
        expected = f'{{\n  "nuzzle": "{nuzzle.__version__}",\n  "a": "\\u00e4"\n}}\n'
        assert capsys.readouterr().out == expected

    def test_tables_align_numbers_and_take_text_as_it_is(self, capsys):
        console.print_table(("name", "n"), [("[red]x", 1200), ("y", None), ("z", 0.5)])
        lines = capsys.readouterr().out.splitlines()
        assert [line.split() for line in lines] == [
            ["name", "n"],
            ["[red]x", "1,200"],
            ["y", "–"],
            ["z", "0.500"],
        ]
        assert len({len(line) for line in lines}) == 1

    @staticmethod
    def narrow(monkeypatch, width):
        """Where tables are printed, so many characters wide."""
        from io import StringIO

        from rich.console import Console

        narrow = Console(file=StringIO(), width=width)
        monkeypatch.setattr(console, "out", lambda: narrow)
        return narrow

    def test_long_names_are_folded_and_not_cut(self, monkeypatch):
        narrow = self.narrow(monkeypatch, 24)
        names = [f"annotator0/train/mouse00{number}_task1" for number in range(3)]
        console.print_table(("recording", "n"), [(each, 1) for each in names])
        text = "".join(line.split(" ")[0] for line in narrow.file.getvalue().splitlines())
        assert text == "recording" + "".join(names)

    def test_words_of_usual_length_stay_in_one_piece(self, monkeypatch):
        narrow = self.narrow(monkeypatch, 40)
        rows = [("a" * 60, "uprightposture", 12)]
        console.print_table(("recording", "behaviour", "bouts"), rows)
        assert "uprightposture" in narrow.file.getvalue()
        assert all(heading in narrow.file.getvalue() for heading in ("recording", "bouts"))

    def test_a_time_budget_names_a_recording_once_and_roles_where_there_are_any(self, capsys):
        import pandas as pd

        from nuzzle.cli.figures import print_time_budget
        from nuzzle.outputs.index import Run

        names = ["recording", "agent", "target", "behaviour", "bouts", "seconds", "percent"]
        rows = [(r, "a", "b", behaviour, 1, 2.0, 3.0) for r in ("r1", "r2") for behaviour in "xy"]
        budget = pd.DataFrame(rows, columns=names)
        for directed, roles in ((True, ["agent", "target"]), (False, ["animal", "other"])):
            run = Run("prediction", ("x", "y"), directed=directed)
            print_time_budget(SimpleNamespace(time_budget=budget, run=run))
            head, *lines = capsys.readouterr().out.splitlines()[1:]
            assert head.split() == ["recording", *roles, *names[3:]]
            assert [line.split()[0] for line in lines] == ["r1", "a", "r2", "a"]


@pytest.mark.parametrize(
    ("command", "show"), [("train", "--show-config"), ("tune", "--show-space")]
)
def test_what_only_prints_needs_no_file_to_write(command, show):
    shown = run(build_app(), command, "study.csv", "--model", "conv_lstm", show)
    assert shown.exit_code == 0
    bare = run(build_app(), command, "study.csv", "--model", "conv_lstm")
    assert bare.exit_code == 2
    assert "--out" in bare.output and show in bare.output


@pytest.mark.parametrize(
    ("joined", "shown"), [(shlex.join, "'my results'"), (subprocess.list2cmdline, '"my results"')]
)
def test_the_next_command_can_be_pasted(capsys, monkeypatch, joined, shown):
    """Into a shell of Linux or macOS, and into that of Windows."""
    monkeypatch.setattr(console, "_joined", joined)
    console.print_results(Path("my results"))
    assert capsys.readouterr().out.strip().endswith(f"nuzzle report {shown}")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_names_that_stdout_has_no_letters_for(tmp_path, encoding):
    """As where Windows writes into a file or a pipe."""
    labels = tmp_path / "labels.csv"
    labels.write_text("agent,target,behaviour,start_frame,stop_frame\na,b,µα攻撃,0,5\n", "utf-8")
    command = [sys.executable, "-m", "nuzzle", "inspect", str(labels)]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    table, figures = (
        subprocess.run([*command, *more], env=environment, capture_output=True, check=True).stdout
        for more in ([], ["--json", "-"])
    )
    assert r"\u03b1\u653b\u6483" in table.decode(encoding)
    assert json.loads(figures)["behaviours"][0]["behaviour"] == "µα攻撃"
