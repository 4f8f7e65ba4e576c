"""Options that the commands which look at labels have in common."""

from __future__ import annotations

from typing import Annotated

import typer

NOT_OBSERVED = "A label for frames nobody looked at; STREAM:NAME for another stream's."
NotObserved = Annotated[list[str] | None, typer.Option(help=NOT_OBSERVED)]
