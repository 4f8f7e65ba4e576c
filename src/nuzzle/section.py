"""Sections of a configuration: typed values that refuse keys they do not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from nuzzle.errors import ConfigError, nearest

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


#: Limits are far beyond what is of use, and below what fills a memory or overflows.
Fps = Annotated[float, Field(ge=0.1, le=10_000)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Weight = Annotated[float, Field(ge=0, le=1_000_000)]
Count = Annotated[int, Field(gt=0, le=1_000_000)]
#: What LightGBM and Optuna take besides NumPy and torch.
Seed = Annotated[int, Field(ge=0, lt=2**31)]
_Factor = Annotated[float, Field(ge=0.01, le=100)]
Factors = Annotated[tuple[_Factor, _Factor], AfterValidator(_ordered)]
Names = Annotated[tuple[str, ...], AfterValidator(_each_once)]


class Section(BaseModel):
    """A part of a configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Python would take true for 1."""
        if isinstance(value, bool):
            kinds = _plain_kinds(cls.model_fields[str(info.field_name)].annotation)
            if bool not in kinds and (number := kinds & {int, float}):
                raise PydanticCustomError("int_type" if int in number else "float_type", "a number")
        return value


def _plain_kinds(annotation: Any) -> set[Any]:
    """The types that an annotation is a union of."""
    parts = get_args(annotation)
    return {annotation}.union(*map(_plain_kinds, parts)) if parts else {annotation}


_Section = TypeVar("_Section", bound=Section)


def checked(
    kind: type[_Section], values: Mapping[str, Any], source: str, whole: type[Section] | None = None
) -> _Section:
    """Plain values as a section.

    Args:
        kind: of section.
        values: by their keys.
        source: where they are from, for messages.
        whole: what the section is a part of; some of its keys may be meant for the section.

    Raises:
        ConfigError: lists every unknown key (with the nearest known one) and impossible value.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        found: dict[str, list[Mapping[str, Any]]] = {}
        for each in error.errors():
            found.setdefault(_key(kind, each), []).append(each)
        tops = whole.model_fields.keys() - kind.model_fields.keys() if whole else set()
        problems = [
            f"{key!r} holds for all members: write it at the top of the config, outside of ensemble"
            if key in tops
            else _problem(kind, key, errors)
            for key, errors in found.items()
        ]
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


def _key(kind: type[Section], error: Mapping[str, Any]) -> str:
    """The key at fault, without pydantic's names of the kinds that its value may have."""
    where = error["loc"]
    named = error["type"] == "extra_forbidden"
    inner = [i for i, part in enumerate(where) if isinstance(part, str) and i]
    end = next((i for i in inner if not named and not _fields(kind, where[:i])), len(where))
    return ".".join(map(str, where[:end]))


def _problem(kind: type[Section], key: str, errors: Sequence[Mapping[str, Any]]) -> str:
    error = errors[0]
    where = error["loc"]
    if error["type"] != "extra_forbidden":
        return f"{key}: {_mistake(kind, errors)}"
    fields = _fields(kind, where[:-1])
    near = nearest(where[-1], fields)
    if not near and len(where) == 1:  # a key without its section
        near = next((f"{name}.{key}" for name in fields if key in _fields(kind, (name,))), "")
    meant = ".".join([*map(str, where[:-1]), near])
    hint = f"did you mean {meant!r}?" if near else f"known are {sorted(fields)}"
    return f"unknown key {key!r}; {hint}"


def _mistake(kind: type[Section], errors: Sequence[Mapping[str, Any]]) -> str:
    """What was expected of a value, of any of the kinds that it may have, and what came."""
    got, message = errors[0]["input"], str(errors[0]["msg"])
    if errors[0]["type"] == "value_error":
        return message.removeprefix("Value error, ")
    expected = [words for each in errors if (words := _expected(kind, each))]
    if not expected:
        return f"{message}; got {got!r}"
    return f"{' or '.join(expected)} was expected; got {got!r}"


def _expected(kind: type[Section], error: Mapping[str, Any]) -> str:
    """What was expected of a value; '' where pydantic does not say it so."""
    got, message = error["input"], str(error["msg"])
    if error["type"] == "tuple_type":
        example = got if isinstance(got, str) else "a, b"
        return f"a list, such as [{example}],"
    if error["type"] == "model_type":
        name, field = next(iter(_fields(kind, error["loc"]).items()))
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        return f"a section, such as {{{name}: {default}}},"
    if error["type"] in _EXPECTED:
        return _EXPECTED[error["type"]]
    if not message.startswith("Input should be "):
        return ""
    expected = message.removeprefix("Input should be ")
    return f"a number {expected}" if "than" in expected else expected


def _fields(kind: type[Section], where: Sequence[object]) -> Mapping[str, Any]:
    """The keys of a section of sections."""
    fields: Mapping[str, Any] = kind.model_fields
    for part in where:
        annotation = fields[str(part)].annotation if str(part) in fields else None
        fields = getattr(annotation, "model_fields", {})
    return fields
