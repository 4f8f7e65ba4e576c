"""The recordings that files given by name hold: rows of a manifest, or sequences of a pose file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nuzzle.errors import FormatError, InputError, listed
from nuzzle.files import existing_file, several
from nuzzle.io.calms21_metadata import short_names
from nuzzle.io.describe import refuse_unfinished_manifest
from nuzzle.io.load import pose_format
from nuzzle.io.match import expand, name_of_poses
from nuzzle.manifest import Entry, Manifest, looks_like_manifest
from nuzzle.progress import Say, log


def files_named(names: str | Path | Iterable[str | Path]) -> tuple[Path, ...]:
    """The files that names or patterns stand for: not every shell fills in a ``*``.

    A name without wildcards stays, whether there is such a file or not.

    Args:
        names: paths or patterns, or one.

    Raises:
        InputError: a pattern matches nothing.
    """
    files: list[Path] = []
    for path in map(Path, several(names)):
        wild = any(sign in str(path) for sign in "*?[") and not path.exists()
        try:
            files += expand(path, "file") if wild else [path]
        except InputError:
            if any(sign in str(path) for sign in "*?"):
                raise
            files.append(path)  # brackets may be part of its name
    return tuple(files)


def entries_of(
    path: Path, common: Mapping[str, Any], split: str = "", say: Say = log
) -> Iterator[Entry]:
    """The recordings of a pose file or a manifest.

    Args:
        path: the file.
        common: values of attributes of a pose file; of a manifest, where a row does not say.
        split: of a manifest, the rows that are wanted; all by default.
        say: is told what of `common` is not used, as rows say it.
    """
    if looks_like_manifest(existing_file(path)):
        manifest = Manifest.load(path)
        rows = [_filled(row, common) for row in (manifest.select(split) if split else manifest)]
        given = {name: value for name, value in common.items() if value}
        for name in given:
            own = [row.recording for row in rows if getattr(row, name) != given[name]]
            if own:
                say(f"{path}: its own {name} is used for {listed(own)}, not {given[name]!r}")
        yield from rows
        return
    try:
        form = pose_format(path, common.get("pose_format", ""))
    except FormatError:
        refuse_unfinished_manifest(path)
        raise
    if form.items is None:
        yield Entry(name_of_poses(path.stem) or path.stem, path, **common)
        return
    items = list(form.items(path))
    if not items:
        raise InputError(f"{path} holds no sequence.")
    for name, item in zip(short_names(items), items, strict=True):
        yield Entry(name, path, item=item, **common)


def _filled(entry: Entry, common: Mapping[str, Any]) -> Entry:
    """The row with these values of attributes where it does not say."""
    unsaid = {name: value for name, value in common.items() if not getattr(entry, name)}
    return replace(entry, **unsaid)
