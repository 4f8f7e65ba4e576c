"""A template filled in: every page that nuzzle writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def page(template: str, values: Mapping[str, Any]) -> str:
    """The HTML of a template; values are escaped, and one that it lacks is an error.

    Args:
        template: name of a file of the folder ``templates``.
        values: what it shows.
    """
    environment = Environment(
        loader=PackageLoader("nuzzle.outputs", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values).strip() + "\n"
