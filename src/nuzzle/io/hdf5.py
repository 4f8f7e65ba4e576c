"""Looking into HDF5 files: cheaply, and with an error that people understand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nuzzle.errors import FormatError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def is_hdf5(path: Path) -> bool:
    """Whether a file begins like HDF5; it may still be cut short."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE
    except OSError:
        return False


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


def top_groups(path: Path) -> dict[str, dict[str, str]]:
    """Names and attributes (as text) of what lies at the top of a file.

    Nothing for a file that cannot be opened: this serves the checks of formats, which raise
    nothing.
    """
    try:
        with open_hdf5(path) as file:
            return {
                name: {key: _text(value) for key, value in file[name].attrs.items()}
                for name in file
            }
    except (FormatError, OSError, KeyError, RuntimeError):
        return {}


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
