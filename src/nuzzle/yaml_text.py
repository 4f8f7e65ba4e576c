"""YAML that people write: what cannot be read, or would be lost, is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from nuzzle.errors import ConfigError
from nuzzle.files import decoded


class _Loader(yaml.SafeLoader):
    """Refuses a key with two values, of which YAML takes the last."""

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            line, same = key.start_mark.line + 1, (key.tag, key.value)
            if same in lines:
                first = lines[same]
                where = f"in line {line}" if line == first else f"in lines {first} and {line}"
                raise ConfigError(
                    f"the key {key.value!r} stands twice in one section, {where}. Leave one."
                )
            lines[same] = line
        return node


def read_file(path: Path) -> Any:
    """What a YAML file holds.

    Raises:
        ConfigError: it is not YAML, or names a key twice in one section.
    """
    text = decoded(path.read_bytes())
    if text is None:
        raise ConfigError(f"{path} is not text; YAML in UTF-8 was expected.")
    try:
        return yaml.load(text, _Loader)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: the 45th of a month
        raise ConfigError(f"{path} is not YAML: {error}") from None


def read_sections(path: Path) -> dict[str, Any]:
    """What a configuration file says; of a heading with nothing below it, nothing.

    Raises:
        ConfigError: it is not YAML, has no keys, or names one twice.
    """
    values = read_file(path) or {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: a config is a list of `key: value` lines.")
    return {key: value for key, value in values.items() if value is not None}


def read_change(change: str) -> tuple[list[str], Any]:
    """The keys and the value of a ``section.key=value``, the value in YAML.

    Raises:
        ConfigError: it is not so written, has no value, or names a key twice.
    """
    key, separator, text = change.partition("=")
    if not separator:
        raise ConfigError(f"--set {change}: expected section.key=value.")
    if not text.strip():
        raise ConfigError(
            f"--set {change}: no value was given; expected section.key=value. The value that says "
            "nothing, where a key may have it, is null."
        )
    try:
        return key.strip().split("."), yaml.load(text, _Loader)
    except ConfigError as error:
        raise ConfigError(f"--set {change}: {error}") from None
    except (yaml.YAMLError, ValueError):
        raise ConfigError(
            f"--set {change}: {text!r} is not a YAML value such as 3, [tcn, trees] or "
            "{name: tcn}. Are all brackets closed?"
        ) from None
