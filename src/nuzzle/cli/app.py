"""The typer app: the table of commands, and what becomes of errors."""

from __future__ import annotations

import errno
import io
import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import nuzzle
from nuzzle.cli import console
from nuzzle.errors import NuzzleError

#: Command -> its module in `nuzzle.cli`, which holds a function of the same name.
#: The order is the order of work, and of `nuzzle --help`.
COMMANDS = {
    "simulate": "simulate",
    "init": "init",
    "inspect": "inspect",
    "train": "train",
    "evaluate": "evaluate",
    "crossval": "crossval",
    "tune": "tune",
    "predict": "predict",
    "report": "report",
    "explain": "explain",
    "score-mabe": "score_mabe",
    "compare": "compare",
    "agreement": "agreement",
    "benchmark": "benchmark",
}


#: A disk, or somebody's share of it, is used up.
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


#: How the commands that keep what they have done go on after an interruption.
_GO_ON = {
    **dict.fromkeys(
        ("train", "crossval", "tune", "benchmark"),
        "The same command goes on where it was; --fresh would begin anew.",
    ),
    "predict": "The same command with --resume, and without --overwrite, goes on where it was.",
}


class _Group(TyperGroup):
    """Shows nuzzle's own errors as one message, and an interruption as one sentence."""

    def invoke(self, ctx: Any) -> Any:
        from rich.text import Text

        try:
            return super().invoke(ctx)
        except NuzzleError as error:
            console.err().print(Text.assemble(("Error: ", "bold red"), (str(error), "red")))
            raise typer.Exit(2) from None
        except OSError as error:
            full = error.errno in _FULL
            if not (full or isinstance(error, PermissionError)):
                raise
            sentence = f"{error.filename or 'a file'}: {error.strerror or error}."
            if full:
                sentence += " Make room, and run the same command again."
            console.err().print(Text.assemble(("Error: ", "bold red"), (sentence, "red")))
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            go_on = _GO_ON.get(ctx.invoked_subcommand, "")
            console.err().print(f"Interrupted. No file was left half-written. {go_on}".rstrip())
            raise typer.Exit(130) from None

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nuzzle {nuzzle.__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Who does what to whom, frame by frame, from the tracked poses of two or more animals."""


def build_app() -> typer.Typer:
    """The app with every command of `COMMANDS`. Heavy libraries load when a command runs."""
    app = typer.Typer(
        name="nuzzle",
        cls=_Group,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for command, module in COMMANDS.items():
        function = getattr(import_module(f"nuzzle.cli.{module}"), module)
        app.command(command)(function)
    return app


def main() -> None:
    """Run `nuzzle` with the arguments of the process."""
    # OpenMP threads that wait by spinning slow torch down tenfold where other programs run, too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Windows writes into files and pipes in an encoding that lacks most letters of the world.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        build_app()(prog_name="nuzzle")
    except Exception:
        console.err().print(
            "This is a bug in nuzzle, not a problem with your data. Please report it together with "
            "the lines below."
        )
        raise
