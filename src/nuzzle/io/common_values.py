"""What a caller says of all recordings at once, as columns of the manifest would of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from nuzzle.cells import plain_value
from nuzzle.errors import InputError, nearest
from nuzzle.manifest import Entry

_OF_ONE_RECORDING = ("recording", "poses", "labels", "item", "split")


def common_values(told: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values of `Entry`'s attributes; None says nothing.

    >>> common_values({"fps": "29,97", "not_observed": "base", "px_per_cm": None})
    {'fps': 29.97, 'not_observed': ('base',)}

    Raises:
        InputError: there is no such attribute, or it holds something else.
    """
    known = [field.name for field in fields(Entry) if field.name not in _OF_ONE_RECORDING]
    values = {}
    for name, value in (told or {}).items():
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near!r}? There" if near else "there"
            raise InputError(f"{name!r} cannot be said of all recordings; {hint} are {known}.")
        if value is not None:
            try:
                values[name] = plain_value(name, value)
            except ValueError as error:
                raise InputError(f"{name}: {error}.") from error
    return values
