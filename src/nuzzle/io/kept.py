"""What was parsed of a file, kept while the file is unchanged."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import TypeVar

from nuzzle.files import existing_file

_Parsed = TypeVar("_Parsed")


def parsed_once(
    what: str,
) -> Callable[[Callable[[Path], _Parsed]], Callable[[str | Path], _Parsed]]:
    """A decorator that keeps what was parsed of the latest files, until they change on disk.

    One file may hold a whole study, and is asked for by each of its recordings. What is kept is
    shared by all who ask: none of them may change it, nor hand it on to someone who might.

    Args:
        what: such a file is, for the error where there is none.
    """

    def decorator(parse: Callable[[Path], _Parsed]) -> Callable[[str | Path], _Parsed]:
        @lru_cache(maxsize=8)
        def kept(path: Path, *_state: int) -> _Parsed:
            return parse(path)

        @wraps(parse)
        def asked(path: str | Path) -> _Parsed:
            path = existing_file(path, what)
            state = path.stat()
            times = state.st_mtime_ns, state.st_ctime_ns
            return kept(path, *times, state.st_size, state.st_ino, state.st_dev)

        return asked

    return decorator
