"""The rules of the house that a machine can check."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
SOURCE = REPO / "src" / "nuzzle"
MODULES = sorted(SOURCE.rglob("*.py"))

#: Each part may import those before it, never one after it.
ORDER = (
    "errors",
    "progress",
    "files",
    "alone",
    "cells",
    "skeleton",
    "labels",
    "recording",
    "copies",
    "manifest",
    "yaml_text",
    "plain",
    "presets",
    "section",
    "config",
    "io",
    "simulate",
    "prepare",
    "features",
    "models",
    "training",
    "probabilities",
    "evaluation",
    "decoding",
    "inference",
    "outputs",
    "workflow",
    "cli",
    "__main__",
)
HEAVY = ("torch", "pandas", "numpy", "xarray", "movement", "lightning", "matplotlib", "pydantic")
MAX_MODULE_LINES, MAX_FUNCTION_LINES = 400, 50


def part_of(module: Path) -> str:
    return module.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_parts(module: Path) -> Iterator[tuple[int, str]]:
    """Line and part of every import of nuzzle, those inside functions too."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            names = [node.module or ""]
            if node.module == "nuzzle":
                names = [f"nuzzle.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith("nuzzle."):
                yield node.lineno, name.split(".")[1]


def test_every_part_has_its_place():
    assert {part_of(module) for module in MODULES} - {"__init__"} <= set(ORDER)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_one_way(module):
    part = part_of(module)
    if part == "__init__":
        return
    backwards = [
        f"line {line}: {part} imports {other}"
        for line, other in imported_parts(module)
        if other in ORDER and ORDER.index(other) > ORDER.index(part)
    ]
    assert not backwards


def test_models_know_neither_files_nor_features():
    for module in (SOURCE / "models").glob("*.py"):
        assert not {other for _, other in imported_parts(module)} & {"io", "features", "recording"}


def test_only_the_adapter_touches_movement():
    touching = {
        module.name
        for module in MODULES
        if re.search(r"^\s*(import|from) movement\b", module.read_text(encoding="utf-8"), re.M)
    }
    assert touching <= {"trackers.py"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_modules_and_functions_are_short(module):
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_MODULE_LINES
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert not long


def test_nothing_heavy_is_imported_at_start():
    code = (
        "import sys, nuzzle\n"
        "from nuzzle.cli.app import build_app\n"
        "build_app()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def processor_seconds(code: str, *arguments: str) -> float:
    before = os.times()
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


def test_help_answers_at_once():
    """Beside what the library of commands takes by itself, in turn: other tests run meanwhile."""
    takes = [
        (
            processor_seconds("from nuzzle.cli import main; main()", "--help"),
            processor_seconds("import typer, rich.console"),
        )
        for _ in range(5)
    ]
    # The system counts in hundredths of a second, of which each takes about ten: sums are steadier.
    nuzzle, library = map(sum, zip(*takes, strict=True))
    # Building all commands and their help takes about as much again; pandas would take four times.
    assert nuzzle < 3 * library


def test_nothing_names_a_folder_of_one_machine():
    pattern = re.compile(r"(?<![\w.])/(?:home|root|Users|work|opt)/\w")
    suffixes = {".py", ".md", ".toml", ".txt", ".sh", ".html", ".yaml", ".js", ".css"}
    folders = ("src", "tests", "scripts", "docs", "benchmarks")
    files = [*REPO.glob("*"), *(f for name in folders for f in (REPO / name).rglob("*"))]
    naming = [
        f"{path.relative_to(REPO)}: {found.group()}"
        for path in files
        if path.is_file() and path.suffix in suffixes
        if (found := pattern.search(path.read_text(encoding="utf-8")))
    ]
    assert not naming
