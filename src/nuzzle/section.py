"""Sections of a configuration: typed values that refuse keys they do not know."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from nuzzle.errors import ConfigError


class Section(BaseModel):
    """A part of a configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_Section = TypeVar("_Section", bound=Section)


def checked(kind: type[_Section], values: Mapping[str, Any], source: str) -> _Section:
    """Plain values as a section.

    Raises:
        ConfigError: lists every unknown key (with the nearest known one) and impossible value.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = [_problem(kind, each) for each in error.errors()]
        raise ConfigError(f"{source}: " + "; ".join(problems)) from None


def assign(values: dict[str, Any], keys: list[str], value: object) -> None:
    """Set the value of a key, given section by section.

    Raises:
        ConfigError: a key on the way is not a section.
    """
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {'.'.join(keys)}: {key!r} is not a section.")
        values = inner
    values[keys[-1]] = value


def _problem(kind: type[Section], error: Mapping[str, Any]) -> str:
    where = error["loc"]
    key = ".".join(map(str, where))
    if error["type"] != "extra_forbidden":
        return f"{key}: {error['msg']}"
    fields: Mapping[str, Any] = kind.model_fields
    for part in where[:-1]:
        annotation = fields[str(part)].annotation
        fields = annotation.model_fields if hasattr(annotation, "model_fields") else {}
    near = difflib.get_close_matches(str(where[-1]), fields, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {sorted(fields)}"
    return f"unknown key {key!r}; {hint}"
