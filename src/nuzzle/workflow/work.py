"""The folder of an unfinished run, beside the bundle that it will write."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from nuzzle.config import Config
from nuzzle.errors import OutputError
from nuzzle.files import write_text
from nuzzle.manifest import Entry
from nuzzle.workflow.described import describe, differences
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
    mark = describe({**config.to_dict(), "folds": folds}, entries)
    note = work / "run.txt"
    if fresh and work.exists():
        shutil.rmtree(work)
    # A run that was refused before its first epoch has left nothing but its note.
    begun = work.exists() and any(path != note for path in work.iterdir())
    before = note.read_text("utf-8") if begun and note.exists() else mark
    if before != mark:
        raise OutputError(
            f"{work} holds an unfinished run with another config, manifest or folds: "
            f"{differences(before, mark)}. "
            "Finish that one, or pass --fresh to throw it away."
        )
    if (work / "last.ckpt").exists():
        say(f"continuing the unfinished run in {work}")
    write_text(note, mark)
    return work
