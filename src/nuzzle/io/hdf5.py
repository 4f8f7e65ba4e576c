"""Looking into HDF5 files: cheaply, and with an error that people understand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from nuzzle.errors import FormatError
from nuzzle.io.registry import first_bytes

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_Found = TypeVar("_Found")


def is_hdf5(path: Path) -> bool:
    """Whether a file begins like HDF5; it may still be cut short."""
    return first_bytes(path, len(_SIGNATURE)) == _SIGNATURE


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """Open a file for reading, as an ``h5py.File``.

    Raises:
        FormatError: it is not HDF5, or it is damaged.
    """
    import h5py

    if not is_hdf5(path):
        raise FormatError(path, "is not an HDF5 file (its first bytes say so).")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise FormatError(
            path,
            f"is an HDF5 file that was cut short or damaged ({error}).",
            mend="Copy it again from where it was made.",
        ) from error
    with file:
        yield file


def peek(path: Path, look: Callable[[Any], _Found]) -> _Found | None:
    """What a look into a file finds, for checks of formats, which raise nothing.

    None where the file cannot be opened, or is damaged at that place.
    """
    try:
        with open_hdf5(path) as file:
            return look(file)
    except (FormatError, OSError, KeyError, RuntimeError):
        return None


def holding(*names: str) -> Callable[[Path], bool]:
    """A check whether a file has all of these groups and arrays."""
    return lambda path: bool(peek(path, lambda file: all(name in file for name in names)))


def attribute(node: Any, name: str) -> str:
    """An attribute of a group or array as text; empty where it has none."""
    value = node.attrs.get(name, "")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
