"""What a run depends on, as text: one that goes on with it can say what has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nuzzle.errors import listed
from nuzzle.io.mabe_table import table_of
from nuzzle.manifest import Entry


def describe(parts: Mapping[str, Any], entries: Iterable[Entry]) -> str:
    """A line for each key of `parts`, sections within sections, for each row, for each file."""
    entries = list(entries)
    rows = [f"row {entry.recording}: {entry}" for entry in entries]
    named = [path for entry in entries for path in (entry.poses, entry.labels) if path]
    files = dict.fromkeys(filter(None, [*named, *map(table_of, named)]))
    held = [f"file {path}: {_contents(path)}" for path in files]
    return "\n".join([*_lines(parts), *rows, *held])


def differences(then: str, now: str) -> str:
    """What two descriptions say otherwise: which keys, and their values; which rows and files.

    >>> differences("epochs: 3\\nrow day1: 25 fps", "epochs: 4\\nrow day1: 30 fps")
    'epochs (3 before, 4 now), row day1'
    >>> differences("file day1.csv: 7f", "file day1.csv: a0")
    'day1.csv was changed since'
    """
    before, after = then.splitlines(), now.splitlines()
    old, new = (dict(line.partition(": ")[::2] for line in lines) for lines in (before, after))
    changed = set(before) ^ set(after)
    keys = dict.fromkeys(line.partition(": ")[0] for line in (*before, *after) if line in changed)
    rows = any(key.startswith("row ") for key in keys)
    said = []
    for key in keys:
        if not key.startswith(("row ", "file ")):
            said.append(f"{key} ({old.get(key)} before, {new.get(key)} now)")
        elif key.startswith("row "):
            said.append(key)
        elif key in old and key in new:
            said.append(f"{key.removeprefix('file ')} was changed since")
        elif not rows:  # else it came or went with one
            said.append(f"{key.removeprefix('file ')} {'is gone' if key in old else 'is new'}")
    return listed(said, most=3)


def _lines(values: Mapping[str, Any], section: str = "") -> Iterator[str]:
    """``section.key: value`` of each key."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _lines(value, f"{section}{key}.")
        else:
            yield f"{section}{key}: {value}"


def _contents(path: Path) -> str:
    """Stands for what a file holds: corrected labels or poses are often of the same size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
