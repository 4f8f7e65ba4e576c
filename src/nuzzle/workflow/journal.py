"""The journal of a search, a record a line, and what becomes of one that is damaged.

A process that is killed while it writes, or finds the disk full, leaves the beginning of a record.
It is cut off before the next one is written: nobody has read it, and what it said is done again.
Any other damage is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nuzzle.errors import FormatError

_MEND = "Pass --fresh to throw the search away and begin anew, or choose another --out."
#: Of a record that creates the study: the first.
_CREATION = 0
_SHOWN_CHARACTERS = 40


class MendingLock:
    """A lock of the journal under which nobody appends to a record that was cut short.

    Whoever holds it writes alone, so that what has no end then was left by a process that is gone.

    Args:
        lock: of optuna.
        path: the journal.
    """

    def __init__(self, lock: Any, path: Path) -> None:
        self._lock, self._path = lock, path

    def acquire(self) -> bool:
        """Wait for the lock, and mend the journal."""
        self._lock.acquire()
        try:
            _cut_unfinished(self._path)
        except BaseException:
            self._lock.release()
            raise
        return True

    def release(self) -> None:
        """Let others write."""
        self._lock.release()


def _cut_unfinished(path: Path) -> None:
    with path.open("r+b") as file:
        if not file.seek(0, 2):
            return
        file.seek(-1, 2)
        if file.read() != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def check_journal(path: Path, lock: Any) -> None:
    """Refuse a journal that is damaged elsewhere than in a last record that was cut short.

    Args:
        path: the journal; it need not exist.
        lock: of optuna, under which it is read.

    Raises:
        FormatError: names the line.
    """
    if not path.exists():
        return
    lock.acquire()
    try:
        content = path.read_bytes()
    finally:
        lock.release()
    if content and b"\n" not in content:
        raise FormatError(path, "is damaged: its first record was cut short.", row=1, mend=_MEND)
    for line, (text, record) in enumerate(_records(content), start=1):
        known = isinstance(record.get("op_code"), int)
        if not known or (line == 1 and record["op_code"] != _CREATION):
            what = "the beginning" if known else "a record"
            came = text[:_SHOWN_CHARACTERS].decode("utf-8", "replace")
            raise FormatError(
                path,
                f"is damaged: {what} of a search was expected; {came!r} came.",
                row=line,
                mend=_MEND,
            )


def last_written(path: Path) -> Any:
    """The last value of the study's attribute `written`; None if there is none.

    Damaged lines are left out, and the journal need not exist.
    """
    values = [
        record["user_attr"]["written"]
        for _, record in _records(path.read_bytes() if path.exists() else b"")
        if "study_id" in record and "written" in (record.get("user_attr") or {})
    ]
    return values[-1] if values else None


def _records(content: bytes) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Each whole line, and its record; one that cannot be read is empty."""
    for text in content.split(b"\n")[:-1]:
        try:
            record = json.loads(text)
        except ValueError:
            record = {}
        yield text, record if isinstance(record, dict) else {}
