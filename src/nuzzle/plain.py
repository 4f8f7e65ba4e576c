"""Dataclasses as plain values, for JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from nuzzle.errors import InputError, listed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def plain(value: Any) -> Any:
    """`value` with lists for tuples, text for the keys of mappings, and None for NaN.

    >>> plain({1: (0.5, math.nan)})
    {'1': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def to_plain(value: DataclassInstance) -> dict[str, Any]:
    """The fields of a dataclass, and of those inside of it, as `plain` values."""
    return {name: plain(part) for name, part in asdict(value).items()}


def from_plain(kind: type[T], values: Mapping[str, Any]) -> T:
    """The inverse of `to_plain`. Nothing is left out, made up or taken for something else.

    Raises:
        InputError: something is missing, not known, or not what it should be.
    """
    try:
        found: T = _reader(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or kind.__name__
        said = first["msg"].removeprefix("Value error, ")
        got = "" if first["type"] in ("missing", "value_error") else f"; got {first['input']!r}"
        raise InputError(f"{where}: {said}{got}") from error
    if wrong := [*_unlike(plain(values), to_plain(found))]:
        raise InputError(f"{kind.__name__}: {listed(wrong)}.")
    return found


def _unlike(given: Any, read: Any, place: str = "") -> Iterator[str]:
    """Where plain values are not those of what was read from them, in words."""
    if isinstance(given, dict) and isinstance(read, dict):
        for name in given | read:
            here = f"{place}.{name}".removeprefix(".")
            if name not in read:
                yield f"{here} is not known"
            elif name not in given:
                yield f"{here} is missing"
            else:
                yield from _unlike(given[name], read[name], here)
    elif isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        for number, each in enumerate(zip(given, read, strict=True)):
            yield from _unlike(*each, f"{place}.{number}")
    elif given != read or isinstance(given, bool) != isinstance(read, bool):  # True == 1
        yield f"{place} is {given!r}, which would be read as {read!r}"


@cache
def _reader(kind: type[Any]) -> TypeAdapter[Any]:
    """What reads such a dataclass; made once, as making it takes far longer than reading."""
    return TypeAdapter(kind)
