"""Finding the sequences of a CalMS21 JSON file, and their numbers, without parsing the rest.

The file is one object of groups of sequences; nearly all of its bytes are the numbers of three
arrays a sequence. `scan` walks the objects and steps over the values, so that a sequence is a
set of byte ranges; `numbers` parses one such range piece by piece into an array. Memory is
bounded by a sequence's arrays, whatever the size of the file.
"""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from nuzzle.errors import FormatError
from nuzzle.files import existing_file

#: Arrays that hold nothing but numbers, and are therefore stepped over at the speed of memory.
NUMERIC = frozenset({"keypoints", "scores", "annotations"})

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR = re.compile(rb'[^\s,:"\[\]{}]+')
_STRUCTURE = re.compile(rb'["\[\]{}]')
_PIECE = 1 << 22
#: What an array of numbers holds besides brackets and commas (`NaN` and `null` included).
_NUMBER_CHARACTERS = b"0123456789+-.eE \t\r\nnulNa"
_WITHOUT_BRACKETS = bytes.maketrans(b"[]", b"  ")


class Range(NamedTuple):
    """Bytes ``[start, stop)`` of the file: one JSON value."""

    start: int
    stop: int


@dataclass(frozen=True)
class Sequence:
    """Where one sequence is.

    Attributes:
        group: key of the outer object, ``annotator-id_0``.
        name: key of the inner object, ``task1/train/mouse001_task1_annotator1``.
        values: key -> bytes of its value.
    """

    group: str
    name: str
    values: Mapping[str, Range]

    @property
    def item(self) -> str:
        return f"{self.group}/{self.name}"


@contextmanager
def open_bytes(path: str | Path) -> Iterator[mmap.mmap]:
    """The bytes of a file, mapped, not read.

    Raises:
        InputError: the file is missing or empty.
    """
    with (
        existing_file(path, "CalMS21 file").open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        yield data


def forget(data: mmap.mmap) -> None:
    """Give back the memory of the pages that were read; they count as ours until then."""
    if hasattr(mmap, "MADV_DONTNEED"):
        data.madvise(mmap.MADV_DONTNEED)


def scan(path: Path, data: mmap.mmap) -> Iterator[Sequence]:
    """Every sequence of the file, in its order, each as soon as it was found.

    Raises:
        FormatError: the file is not JSON of this layout, or it is cut off.
    """
    walker = _Walker(path, data)
    found = False
    for group in walker.members():
        for name in walker.members():
            walker.inside = f"{group}/{name}"
            values = {key: walker.skip(numeric=key in NUMERIC) for key in walker.members()}
            found = True
            yield Sequence(group, name, values)
            forget(data)
        walker.inside = ""
    walker.end()
    if not found:
        raise FormatError(path, "holds no sequences; {group: {sequence: {...}}} was expected.")


class _Walker:
    """A position in the file that moves over JSON values.

    Attributes:
        position: of the next value.
        inside: the sequence that the position is in, for messages.
    """

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path = path
        self.data = data
        self.position = 0
        self.inside = ""

    def members(self) -> Iterator[str]:
        """Enter the object at the position; yield each key, with the position at its value.

        Whoever iterates must move the position past the value.
        """
        self._take(b"{")
        if self._peek() == b"}":
            self._take(b"}")
            return
        while True:
            self._peek()
            key = self.load(self._string())
            self._take(b":")
            yield str(key)
            if self._peek() == b"}":
                self._take(b"}")
                return
            self._take(b",")

    def skip(self, *, numeric: bool = False) -> Range:
        """Move past the value at the position; return its bytes."""
        character = self._peek()
        start = self.position
        if character == b'"':
            return self._string()
        if character == b"[" and numeric:
            self.position = self._numbers_end()
        elif character in (b"[", b"{"):
            self.position = self._balanced_end()
        else:
            match = _SCALAR.match(self.data, start)
            if match is None:
                raise self._error("a value")
            self.position = match.end()
        return Range(start, self.position)

    def end(self) -> None:
        """Check that nothing follows."""
        if self._peek():
            raise self._error("the end of the file")

    def load(self, value: Range) -> Any:
        """Parse a range."""
        try:
            return orjson.loads(self.data[value.start : value.stop])
        except orjson.JSONDecodeError as error:
            raise self._error("JSON", f"({error})") from error

    def _peek(self) -> bytes:
        match = _SPACE.match(self.data, self.position)
        self.position = match.end() if match else self.position
        return self.data[self.position : self.position + 1]

    def _take(self, character: bytes) -> None:
        if self._peek() != character:
            raise self._error(repr(character.decode()))
        self.position += 1

    def _string(self) -> Range:
        match = _STRING.match(self.data, self.position)
        if match is None:
            open_ended = self.data[self.position : self.position + 1] == b'"'
            raise self._cut_off() if open_ended else self._error("a name in double quotes")
        self.position = match.end()
        return Range(match.start(), match.end())

    def _numbers_end(self) -> int:
        """End of an array of numbers: the last bracket before the next quote or brace."""
        position, size = self.position, 1 << 12
        while position < len(self.data):
            piece = self.data[position : position + size]
            hits = [at for at in map(piece.find, (b'"', b"}", b"{")) if at >= 0]
            if hits:
                end = self.data.rfind(b"]", self.position, position + min(hits)) + 1
                if end > 0:
                    return end
                break
            position += len(piece)
            size = min(2 * size, _PIECE)
        raise self._cut_off() if position >= len(self.data) else self._error("numbers")

    def _balanced_end(self) -> int:
        """End of any array or object: its brackets, those in strings left aside, balance."""
        depth = 0
        position = self.position
        while match := _STRUCTURE.search(self.data, position):
            position = match.end()
            character = match[0]
            if character == b'"':
                self.position = match.start()
                position = self._string().stop
            else:
                depth += 1 if character in b"[{" else -1
            if depth == 0:
                return position
        raise self._cut_off()

    def _where(self) -> str:
        return f" in the sequence {self.inside!r}" if self.inside else ""

    def _cut_off(self) -> FormatError:
        return FormatError(
            self.path,
            f"ends{self._where()} after {len(self.data):,} bytes, before the JSON is complete.",
            mend="It was probably cut off on the way: download or copy it again.",
        )

    def _error(self, expected: str, more: str = "") -> FormatError:
        if self.position >= len(self.data):
            return self._cut_off()
        came = self.data[self.position : self.position + 20].decode("utf-8", "replace")
        return FormatError(
            self.path,
            f"is not CalMS21's JSON{self._where()}: expected {expected} at byte "
            f"{self.position:,}, got {came!r} {more}".rstrip()
            + ".",
        )


def frame_pattern(shape: tuple[int, ...]) -> bytes:
    """The brackets and commas of one frame's array.

    >>> frame_pattern((2, 3))
    b'[[,,],[,,]]'
    """
    pattern = b""
    for size in reversed(shape):
        pattern = b"[" + b",".join([pattern] * size) + b"]"
    return pattern


def numbers(
    data: mmap.mmap, value: Range, shape: tuple[int, ...], kind: type[np.floating[Any]]
) -> NDArray[Any]:
    """Parse an array ``[T][*shape]`` of numbers; ``null`` and ``NaN`` are NaN.

    The numbers are parsed without their brackets, which is faster and smaller than nested lists;
    brackets and commas alone spell the shape, and are compared with it.

    Args:
        data: of the file.
        value: where the array is.
        shape: of one frame.
        kind: of the result.

    Returns:
        `(T, *shape)`.

    Raises:
        ValueError: the text is not JSON or has another shape.
    """
    parts, outline = [], []
    position = value.start
    while position < value.stop:
        piece = data[position : min(position + _PIECE, value.stop)]
        if position + len(piece) < value.stop:
            # A number must not be split: a piece ends after a comma.
            cut = piece.rfind(b",") + 1
            if not cut:
                raise ValueError("is not a list of numbers")
            piece = piece[:cut]
        position += len(piece)
        outline.append(piece.translate(None, _NUMBER_CHARACTERS))
        flat = piece.translate(_WITHOUT_BRACKETS).rstrip().removesuffix(b",")
        if b"N" in flat:
            flat = flat.replace(b"NaN", b"null")
        parts.append(np.array(orjson.loads(b"[" + flat + b"]"), dtype=kind))
    flat_values = np.concatenate(parts)
    frames = len(flat_values) // math.prod(shape)
    if b"".join(outline) != b"[" + b",".join([frame_pattern(shape)] * frames) + b"]":
        raise ValueError(f"is not of the shape [frames]{''.join(f'[{size}]' for size in shape)}")
    return flat_values.reshape(frames, *shape)
