"""Write docs/cli.md from the commands' own help: python scripts/cli_reference.py docs/cli.md"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from nuzzle.cli.app import build_app

#: How the help of some options says already that they may be given several times.
REPEATED = ("Repeatable.", "May be repeated.")


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def rows(command: Any) -> Iterator[tuple[str, str, str]]:
    """Name, default and explanation of each argument and option."""
    for parameter in command.params:
        if parameter.name == "help":
            continue
        if parameter.param_type_name == "argument":
            yield f"`{parameter.name.upper()}`", "", about(parameter)
            continue
        names = ", ".join(f"`{name}`" for name in parameter.opts)
        needed = "needed" if parameter.required else ""
        default = parameter.default
        plain = isinstance(default, (str, int, float)) and not isinstance(default, bool)
        shown = f"`{default}`" if plain and default != "" else needed
        yield names, shown, about(parameter)


def about(parameter: Any) -> str:
    """Its explanation, the values that it takes, and whether it may be given several times."""
    said = [parameter.help or ""]
    # Earlier versions of typer call it `type`.
    kind = parameter.type_descriptor if hasattr(parameter, "type_descriptor") else parameter.type
    if choices := getattr(kind, "choices", None):
        said.append("One of " + ", ".join(f"`{choice}`" for choice in choices) + ".")
    if getattr(parameter, "multiple", False) and not said[0].endswith(REPEATED):
        said.append("Repeatable.")
    return " ".join(said)


def argument(parameter: Any) -> str:
    """An argument in the usage line: ``NAME``, ``[NAME]``, ``NAME...``."""
    name = parameter.name.upper() + ("..." if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def reference() -> str:
    """The page: one section a command."""
    lines = [
        "# Commands",
        "",
        "Made from the commands' own help by `make docs`. Every command also answers to `--help`.",
    ]
    for name, command in typer.main.get_command(build_app()).commands.items():
        arguments = [argument(p) for p in command.params if p.param_type_name == "argument"]
        lines += ["", f"## nuzzle {name}", "", command.help or "", ""]
        lines += ["```", " ".join(["nuzzle", name, *arguments, "[OPTIONS]"]), "```", ""]
        lines += ["| | default | |", "|---|---|---|"]
        lines += [f"| {cell(a)} | {cell(b)} | {cell(c)} |" for a, b, c in rows(command)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path, help="to write, docs/cli.md")
    parser.parse_args().page.write_text(reference(), encoding="utf-8")
