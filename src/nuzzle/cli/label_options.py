"""Options that the commands which look at labels have in common."""

from __future__ import annotations

from typing import Annotated

import typer

NOT_OBSERVED = "A label for frames nobody looked at; STREAM:NAME for another stream's."
NotObserved = Annotated[list[str] | None, typer.Option(help=NOT_OBSERVED)]
UNDIRECTED = "Labels describe the pair, without agent and target."
INDIVIDUALS = "Names of the animals: old=new;old=new. Repeatable."
BEHAVIOURS = "Names of the behaviours: old=new; equal new names merge. Repeatable."
