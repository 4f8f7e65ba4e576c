"""One run at a time in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from nuzzle.errors import OutputError
from nuzzle.files import writable_folder

#: Held as long as a run is at work in its folder.
LOCK = ".nuzzle.lock"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keeps other runs out of the folder; the system lets go where this one is killed.

    Nothing of the lock stays, so that a folder that is refused is as it was.

    Raises:
        OutputError: another run is in it, or it cannot be written to or locked.
    """
    writable_folder(folder)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise OutputError(
            f"Another run is writing {folder} at this moment. Wait for it, or choose another --out."
        ) from None
    except OSError as error:
        with suppress(OSError):
            (folder / LOCK).unlink()
        raise OutputError(
            f"Cannot lock {folder} against other runs: {error.strerror or error}. Choose an --out "
            "on another disk."
        ) from error
    try:
        yield
    finally:
        lock.release()  # Windows deletes no file that is held
        with suppress(OSError):
            (folder / LOCK).unlink()
