"""Where commands print: results on stdout, everything else on stderr, JSON where asked."""

from __future__ import annotations

import json
import math
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nuzzle import __version__
from nuzzle.errors import InputError, OutputError
from nuzzle.files import head, write_text

if TYPE_CHECKING:
    from rich.console import Console

#: Single words up to this long are not folded in a table.
_IN_ONE_PIECE = 16

#: How every JSON that is written begins: the version of nuzzle is its first value.
_BEGINS = b'{\n  "nuzzle":'

#: Joins words to a line that the user's shell takes apart again; cmd.exe knows no single quotes.
_joined = subprocess.list2cmdline if os.name == "nt" else shlex.join

_json_owns_stdout = False


def _claim(target: str | None) -> str | None:
    """Reserve stdout or a file for the JSON, before any work is done.

    Raises:
        OutputError: the file cannot be written, or is one that such an option has not written.
    """
    global _json_owns_stdout
    _json_owns_stdout = target == "-"
    if target and not _json_owns_stdout:
        _refuse_foreign(Path(target))
        folder = Path(target).absolute().parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise OutputError(f"Cannot write {target}: {folder} is no folder to write in.")
    return target


def _refuse_foreign(target: Path) -> None:
    if target.exists() and not _is_ours(target):
        raise OutputError(
            f"{target} exists, and is not what --json has written before. Choose another name."
        )


def _is_ours(path: Path) -> bool:
    """Whether a file is a JSON of `emit_json`, by how it begins; or empty, as of ``mktemp``."""
    return path.is_file() and head(path, len(_BEGINS)) in (_BEGINS, b"")


#: The option `--json` of every command that reports. With ``-`` the JSON has stdout to itself,
#: and what `out` prints goes to stderr.
JsonTarget = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FILE",
        callback=_claim,
        help="Write the figures as JSON to this file; - for stdout.",
    ),
]


@cache
def _console(stderr: bool) -> Console:
    from rich.console import Console

    # File names and messages may hold brackets and colons: nothing in a text is an instruction.
    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)


def out() -> Console:
    """Where results are printed: stdout, or stderr where JSON was asked for on stdout."""
    return _console(stderr=_json_owns_stdout)


def err() -> Console:
    """Where progress and messages are printed: stderr."""
    return _console(stderr=True)


def say(message: str) -> None:
    """Print a line of progress on stderr, as it is."""
    err().print(message)


def _plain(value: Any) -> Any:
    """`value` with JSON's own types only; what is not a finite number becomes null."""
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def emit_json(data: Mapping[str, Any], target: str | Path | None) -> None:
    """Write `data` as JSON to the file `target`, or to stdout where it is ``-``; if any is asked.

    The version of nuzzle comes first, as "nuzzle". Numbers that are not finite become null, paths
    and other objects their text.
    """
    if target is None:
        return
    said = {"nuzzle": __version__, **data}
    to_stdout = str(target) == "-"  # which may be in any encoding; a file is in UTF-8
    text = json.dumps(_plain(said), indent=2, ensure_ascii=to_stdout) + "\n"
    if to_stdout:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    _refuse_foreign(Path(target))  # the command itself may have written it meanwhile
    write_text(target, text)


def check_positive(option: str, value: float | None) -> None:
    """Refuse an impossible rate or scale.

    Raises:
        InputError: the value of the option is given, and is not a positive number.
    """
    if value is not None and not 0 < value < math.inf:
        raise InputError(f"{option} is a positive number; got {value:g}.")


def to_paste(*words: str | Path) -> str:
    """A command, as it can be pasted into the user's shell."""
    return _joined(list(map(str, words)))


def as_typed() -> str:
    """The command that is running."""
    return to_paste("nuzzle", *sys.argv[1:])


def print_results(directory: Path) -> None:
    """Where results are, and the command for a report of them, to be pasted as it is."""
    report = to_paste("nuzzle", "report", directory)
    out().print(f"Results: {directory}. A report of them: {report}")


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    title: str = "",
) -> None:
    """Print a plain table; columns that hold only numbers are aligned to the right.

    Args:
        columns: headings.
        rows: cells; floats are shown with three decimals, None and NaN as a dash.
        title: a line above the table.
    """
    from rich.table import Table
    from rich.text import Text

    body = [list(row) for row in rows]
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for index, heading in enumerate(columns):
        cells = [row[index] for row in body]
        numeric = all(isinstance(cell, (int, float)) or cell is None for cell in cells)
        # Where it is too wide, long names are folded: cut off, several would look alike.
        texts = [shown(cell) for cell in (heading, *cells)]
        table.add_column(
            Text(heading, "bold"),
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=all(len(text) <= _IN_ONE_PIECE and " " not in text for text in texts),
        )
    for row in body:
        table.add_row(*(Text(shown(cell)) for cell in row))
    # Tables are the one thing that must wrap to the width of the terminal.
    out().print(table, soft_wrap=False)


def shown(value: Any) -> str:
    """A value as tables show it: a dash where it is not known or not defined."""
    if value is None or value != value:
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
