"""What a run depends on, as text: one that goes on with it can say what has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nuzzle.errors import listed
from nuzzle.manifest import Entry


def describe(parts: Mapping[str, Any], entries: Iterable[Entry]) -> str:
    """A line for each key of `parts`, sections within sections, and for each row of a manifest."""
    rows = [f"row {entry.recording}: {_fingerprint(entry)}" for entry in entries]
    return "\n".join([*_lines(parts), *rows])


def differences(then: str, now: str) -> str:
    """What two descriptions say otherwise: which keys, and their values; which rows.

    >>> differences("epochs: 3\\nrow day1: 7 kB", "epochs: 4\\nrow day1: 8 kB")
    'epochs (3 before, 4 now), row day1'
    """
    before, after = then.splitlines(), now.splitlines()
    old, new = (dict(line.partition(": ")[::2] for line in lines) for lines in (before, after))
    changed = set(before) ^ set(after)
    keys = dict.fromkeys(line.partition(": ")[0] for line in (*before, *after) if line in changed)
    return listed(
        [
            key if key.startswith("row ") else f"{key} ({old.get(key)} before, {new.get(key)} now)"
            for key in keys
        ],
        most=3,
    )


def _lines(values: Mapping[str, Any], section: str = "") -> Iterator[str]:
    """``section.key: value`` of each key."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _lines(value, f"{section}{key}.")
        else:
            yield f"{section}{key}: {value}"


def _fingerprint(entry: Entry) -> tuple[Any, ...]:
    """What of a manifest row a training depends on."""
    return (entry, *(p.stat().st_size for p in (entry.poses, entry.labels) if p is not None))
