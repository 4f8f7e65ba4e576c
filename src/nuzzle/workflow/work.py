"""The folder of an unfinished run, beside the bundle that it will write."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nuzzle.alone import LOCK, alone_in
from nuzzle.config import Config
from nuzzle.errors import OutputError
from nuzzle.files import looks_like_bundle, refuse_foreign, write_text
from nuzzle.manifest import Entry
from nuzzle.progress import Say
from nuzzle.workflow.described import describe, differences

#: What a run depends on.
NOTE = "run.txt"
#: Features that are too many for the memory; they are made anew by whoever continues.
FEATURES = "features"


@contextmanager
def work_folder(
    out: Path,
    config: Config,
    entries: Iterable[Entry],
    folds: str = "",
    *,
    overwrite: bool,
    fresh: bool,
    say: Say,
) -> Iterator[Path]:
    """Folder of a run's checkpoints, beside its bundle, as long as the run lasts.

    It goes when the block succeeds, and where it fails before anything was trained. Else it stays,
    for the same run to go on.

    Args:
        out: the bundle.
        config: of the run.
        entries: all rows that it depends on.
        folds: how the recordings are divided, where they are.
        overwrite: whether the bundle may be replaced.
        fresh: throw away what an unfinished run has left.
        say: is told of an unfinished run.

    Raises:
        OutputError: the bundle exists and `overwrite` is false, something else is there, the folder
            is that of a run that is still going on, or it holds an unfinished one with another
            config, manifest or division, or files that were changed since.
    """
    if out.is_dir():
        raise OutputError(f"{out} is a folder, and a bundle is a file. Choose another name.")
    refuse_foreign(out, "bundle of nuzzle", looks_like_bundle)
    if out.exists() and not overwrite:
        raise OutputError(f"{out} exists already. Choose another name, or pass --overwrite.")
    work = work_of(out)
    with alone_in(work):
        if fresh:
            _empty(work)
        _continue(work, describe({**config.to_dict(), "folds": folds}, entries), say)
        try:
            yield work
        except BaseException:
            if work.is_dir() and not _begun(work):
                remove(work)
            raise
        remove(work)


def work_of(out: Path) -> Path:
    """The folder of the run that writes a bundle."""
    return out.with_name(out.name + ".work")


def remove(work: Path) -> None:
    """Delete the folder of a run that only this process uses."""
    # Windows keeps the lock until it is let go.
    shutil.rmtree(work, ignore_errors=True)


def _continue(work: Path, mark: str, say: Say) -> None:
    """Leaves a note of this run, and says what it goes on with."""
    begun = _begun(work)
    what = "an unfinished run with another config, manifest, files or folds"
    instead = "It goes on only with what it was begun with. Put that back"
    take_note(work, mark, begun=begun, what=what, instead=instead)
    if begun:
        say(f"continuing the unfinished run in {work}")


def take_note(folder: Path, mark: str, *, begun: bool, what: str, instead: str) -> None:
    """Leave a note of this run, after a look at the one that may be there.

    Args:
        folder: of the run.
        mark: what it depends on, of `describe`.
        begun: whether an earlier run has left more than its note.
        what: the folder holds where that depends on something else, in words.
        instead: what else there is to do than to throw it away.

    Raises:
        OutputError: an earlier run depends on something else.
    """
    note = folder / NOTE
    before = note.read_text("utf-8") if begun and note.exists() else mark
    if before != mark:
        raise OutputError(
            f"{folder} holds {what}: {differences(before, mark)}. {instead}, or pass --fresh to "
            "throw it away."
        )
    write_text(note, mark)


def _begun(work: Path) -> bool:
    """A run that was refused before its first epoch has left nothing but its note."""
    return any(path.name not in (NOTE, LOCK, FEATURES) for path in work.iterdir())


def _empty(work: Path) -> None:
    """All but the lock, without which another run could come in."""
    for path in work.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()
