"""Dataclasses as plain values, for JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


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


def from_plain(kind: type[T], values: Mapping[str, Any]) -> T:
    """A dataclass from what `plain(asdict(...))` gave; what is missing has its default, if any.

    Raises:
        ValueError: something is missing, or is not what it should be.
    """
    try:
        found: T = _reader(kind).validate_python(values)  # type: ignore[arg-type]
        return found
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where or kind.__name__}: {first['msg']}") from error


@cache
def _reader(kind: type[Any]) -> TypeAdapter[Any]:
    """What reads such a dataclass; made once, as making it takes far longer than reading."""
    return TypeAdapter(kind)
