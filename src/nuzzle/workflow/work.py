"""The folder of an unfinished run, beside the bundle that it will write."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nuzzle.config import Config
from nuzzle.errors import OutputError, listed
from nuzzle.files import write_text
from nuzzle.manifest import Entry
from nuzzle.workflow.samples import Say


def work_folder(
    out: Path,
    config: Config,
    entries: Iterable[Entry],
    folds: str = "",
    *,
    overwrite: bool,
    fresh: bool,
    say: Say,
) -> Path:
    """Folder of a run's checkpoints, beside its bundle.

    Args:
        out: the bundle.
        config: of the run.
        entries: all rows that it depends on.
        folds: how the recordings are divided, where they are.
        overwrite: whether the bundle may be replaced.
        fresh: throw away what an unfinished run has left.
        say: is told of an unfinished run.

    Raises:
        OutputError: the bundle exists and `overwrite` is false, or the folder holds an unfinished
            run with another config, manifest or division.
    """
    if out.exists() and not overwrite:
        raise OutputError(f"{out} exists already. Choose another name, or pass --overwrite.")
    work = out.with_name(out.name + ".work")
    mark = _described(config, entries, folds)
    note = work / "run.txt"
    if fresh and work.exists():
        shutil.rmtree(work)
    # A run that was refused before its first epoch has left nothing but its note.
    begun = work.exists() and any(path != note for path in work.iterdir())
    before = note.read_text("utf-8") if begun and note.exists() else mark
    if before != mark:
        changed = listed(_differences(before, mark), most=3)
        raise OutputError(
            f"{work} holds an unfinished run with another config, manifest or folds: {changed}. "
            "Finish that one, or pass --fresh to throw it away."
        )
    if (work / "last.ckpt").exists():
        say(f"continuing the unfinished run in {work}")
    write_text(note, mark)
    return work


def _described(config: Config, entries: Iterable[Entry], folds: str) -> str:
    """All that a run depends on, a line for each key of the config and each row."""
    rows = [f"row {entry.recording}: {fingerprint(entry)}" for entry in entries]
    return "\n".join([*_lines(config.to_dict()), *rows, f"folds: {folds}"])


def _lines(values: Mapping[str, Any], section: str = "") -> Iterator[str]:
    """``section.key: value`` of each key."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _lines(value, f"{section}{key}.")
        else:
            yield f"{section}{key}: {value}"


def _differences(then: str, now: str) -> list[str]:
    """What two descriptions say otherwise; of rows of a manifest, which ones."""
    before, after = then.splitlines(), now.splitlines()
    old, new = (dict(line.partition(": ")[::2] for line in lines) for lines in (before, after))
    changed = [line for line in (*before, *after) if (line in before) != (line in after)]
    return [
        key if key.startswith("row ") else f"{key} ({old.get(key)} before, {new.get(key)} now)"
        for key in dict.fromkeys(line.partition(": ")[0] for line in changed)
    ]


def fingerprint(entry: Any) -> tuple[Any, ...]:
    """What of a manifest row a training depends on."""
    return (entry, *(p.stat().st_size for p in (entry.poses, entry.labels) if p is not None))
