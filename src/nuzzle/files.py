"""Files: written so that a reader never sees half of one, and read as spreadsheets leave them."""

from __future__ import annotations

import codecs
import io
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar

from nuzzle.errors import FormatError, InputError, OutputError

#: How UTF-16 begins, as Excel's "Unicode text" is saved.
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Name = TypeVar("Name", bound=str | Path)


@contextmanager
def atomic_path(path: str | Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` when the block succeeds.

    On any error the temporary file is removed and an existing `path` stays as it was.

    Args:
        path: where the finished file should be. Missing folders are made.
        overwrite: whether an existing file may be replaced.

    Yields:
        A path in the same folder, with the same suffix, that does not exist yet.

    Raises:
        OutputError: the file exists and `overwrite` is false, the folder cannot be
            written, or the disk is full.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already. Choose another name, or pass --overwrite.")
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        reason = _reason(error, path.parents)
        raise OutputError(f"Cannot write {path}: {reason}. Nothing was changed there.") from error
    finally:
        # Where even this fails there is nothing to remove, and the first error says more.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str, *, overwrite: bool = True) -> Path:
    """Write `text` as UTF-8, atomically; return the path."""
    with atomic_path(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
    return Path(path)


def writable_folder(path: str | Path) -> Path:
    """Make a folder where there is none, and try whether files can be written in it.

    Raises:
        OutputError: they cannot.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path):
            pass
    except FileExistsError as error:
        raise OutputError(f"{path} is a file; a folder was expected. Choose another.") from error
    except OSError as error:
        reason = _reason(error, path.parents)
        raise OutputError(f"Cannot write into the folder {path}: {reason}.") from error
    return path


def _reason(error: OSError, folders: Iterable[Path]) -> str:
    """Why the system cannot write in these folders, one of which may be a file."""
    for folder in folders:
        if folder.is_file():
            return f"{folder} is a file; a folder was expected"
    return error.strerror or str(error)


def head(path: Path, size: int) -> bytes:
    """The first bytes of a file, as many as there are."""
    with path.open("rb") as file:
        return file.read(size)


def refuse_foreign(path: Path, what: str, is_one: Callable[[Path], bool]) -> None:
    """Refuse to replace a file that is something else; one that is not there yet is none.

    Args:
        path: that is going to be written.
        what: it will be.
        is_one: whether an existing file is one.

    Raises:
        OutputError: it is there, and is not.
    """
    if path.is_file() and not is_one(path):
        raise OutputError(f"{path} exists, and is no {what}. Choose another name.")


def several(one_or_more: Name | Iterable[Name]) -> tuple[Name, ...]:
    """A name by itself is a sequence of one: its letters are never meant.

    >>> several("cage.csv"), several(["a.csv", "b.csv"])
    (('cage.csv',), ('a.csv', 'b.csv'))
    """
    return (one_or_more,) if isinstance(one_or_more, (str, Path)) else tuple(one_or_more)


def existing_file(path: str | Path, what: str = "file") -> Path:
    """Return `path` as a `Path` if it is a readable, non-empty file.

    Raises:
        InputError: there is no such file, it is a folder, it is empty, it cannot be read, or it is
            a bundle where something else was expected.
    """
    path = Path(path)
    try:
        if not path.exists():
            raise InputError(f"There is no {what} at {path}. Check the path.")
        if path.is_dir():
            raise InputError(f"{path} is a folder; a {what} was expected.")
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty (0 bytes); a {what} was expected.")
        is_bundle = looks_like_bundle(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}. A {what} was expected; check that "
            "you may read it, and that no other program keeps it to itself."
        ) from error
    if is_bundle and what != "bundle":
        raise InputError(f"{path} is a bundle of nuzzle, a trained model; a {what} was expected.")
    return path


def looks_like_bundle(path: Path) -> bool:
    """Whether a file begins as a bundle does, whole or damaged."""
    start = head(path, 64)
    # The name of a zip's first file follows the 30 bytes of its first header.
    return start.startswith(b"PK") and start[30:].startswith(b"bundle.json")


def decoded(data: bytes, *, whole: bool = True) -> str | None:
    """The text of bytes in UTF-8, UTF-16 with its mark, or Windows' Western encoding.

    Args:
        data: of a file.
        whole: whether it is all of it; its beginning may end within a character.

    Returns:
        The text, or None where it is none.

    >>> decoded("ä;b".encode("utf-16")), decoded("ä;b".encode("cp1252")), decoded(bytes([0, 1]))
    ('ä;b', 'ä;b', None)
    """
    for encoding in ["utf-16"] if data.startswith(UTF16_MARKS) else ["utf-8-sig", "cp1252"]:
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(data, final=whole)
        except UnicodeDecodeError:
            continue
        # cp1252 gives a meaning to nearly any byte, so control characters tell binary from text.
        return None if any(char < " " and char not in "\t\n\r\f" for char in text) else text
    return None


def misread(text: str, folder: Path) -> str:
    """Why a cell names no file, where a spreadsheet took UTF-8 for Windows' Western encoding.

    Args:
        text: the cell.
        folder: from which it names a file.

    Returns:
        The end of a message; empty unless there is a file of the name that the cell had.
    """
    try:
        # Windows leaves control characters as they are.
        letters = [c.encode("latin-1" if "\x80" <= c <= "\x9f" else "cp1252") for c in text]
        meant = b"".join(letters).decode("utf-8")
    except UnicodeError:
        return ""
    if meant == text or not os.path.isfile(folder / meant.replace("\\", "/")):  # noqa: PTH113
        return ""
    return (
        f". There is one at {meant!r}: a spreadsheet program has read the table in another "
        "encoding and saved it so. Import the table as it was before as UTF-8 (in Excel: "
        "Data > From Text/CSV, File origin 65001), or write these names anew"
    )


def csv_text(path: Path) -> tuple[str, str]:
    """A csv as any spreadsheet saves it, every line ending with one newline; and what separates.

    Raises:
        FormatError: it is not text.
    """
    text = decoded(path.read_bytes())
    if text is None:
        raise FormatError(path, "is not text; a csv in UTF-8 was expected.")
    text = io.StringIO(text, newline=None).read()
    return text, delimiter_of(text.partition("\n")[0])


def delimiter_of(line: str) -> str:
    """The separator of a header line: tab, comma or semicolon, whichever is most frequent."""
    return max("\t,;", key=line.count)
