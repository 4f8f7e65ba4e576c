"""Sections of a configuration: typed values that refuse keys they do not know."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, PositiveFloat, ValidationError

from nuzzle.errors import ConfigError

#: What was expected, by the types of pydantic's errors.
_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a word",
    "dict_type": "a section, such as {key: value},",
}


def _ordered(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError("the smaller end of a range comes first")
    return ends


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"each is named once; {twice!r} is there {names.count(twice)} times")
    return names


Factors = Annotated[tuple[PositiveFloat, PositiveFloat], AfterValidator(_ordered)]
Names = Annotated[tuple[str, ...], AfterValidator(_each_once)]


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
            raise ConfigError(
                f"{'.'.join(keys)}: {key!r} should be a section, and is {inner!r} in the config."
            )
        values = inner
    values[keys[-1]] = value


def _problem(kind: type[Section], error: Mapping[str, Any]) -> str:
    where = error["loc"]
    key = ".".join(map(str, where))
    if error["type"] != "extra_forbidden":
        return f"{key}: {_mistake(kind, error)}"
    fields = _fields(kind, where[:-1])
    near = difflib.get_close_matches(str(where[-1]), fields, n=1)
    if not near and len(where) == 1:  # a key without its section
        near = [f"{name}.{key}" for name in fields if key in _fields(kind, (name,))]
    meant = ".".join([*map(str, where[:-1]), *near[:1]])
    hint = f"did you mean {meant!r}?" if near else f"known are {sorted(fields)}"
    return f"unknown key {key!r}; {hint}"


def _mistake(kind: type[Section], error: Mapping[str, Any]) -> str:
    """What was expected of a value, and what came."""
    got, message = error["input"], str(error["msg"])
    if error["type"] == "value_error":
        return message.removeprefix("Value error, ")
    if error["type"] == "tuple_type":
        example = got if isinstance(got, str) else "a, b"
        expected = f"a list, such as [{example}],"
    elif error["type"] == "model_type":
        name, field = next(iter(_fields(kind, error["loc"]).items()))
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        expected = f"a section, such as {{{name}: {default}}},"
    elif error["type"] in _EXPECTED:
        expected = _EXPECTED[error["type"]]
    elif message.startswith("Input should be "):
        expected = message.removeprefix("Input should be ")
        expected = f"a number {expected}" if "than" in expected else expected
    else:
        return f"{message}; got {got!r}"
    return f"{expected} was expected; got {got!r}"


def _fields(kind: type[Section], where: Sequence[object]) -> Mapping[str, Any]:
    """The keys of a section of sections."""
    fields: Mapping[str, Any] = kind.model_fields
    for part in where:
        annotation = fields[str(part)].annotation if str(part) in fields else None
        fields = getattr(annotation, "model_fields", {})
    return fields
