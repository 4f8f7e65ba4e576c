"""Bout csv of the package vassi: ``group,actor,recipient,category,start,stop``.

Frames are 0-based and the **stop is inclusive**. One file holds many recordings, told apart by
the number in `group`; the rows of an actor cover its recording without gaps, ``none`` where
nothing goes on. The labels of CalMS21 task 1 are published like this too.

Nührenberg et al., https://github.com/pnuehrenberg/vassi
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from nuzzle.errors import FormatError, count
from nuzzle.io.kept import parsed_once
from nuzzle.io.label_assembly import assemble
from nuzzle.io.label_text import cells_of, frames_table, text_head
from nuzzle.io.registry import LabelFormat, LabelOptions, choose
from nuzzle.labels import Labels, Pair, covered, span_row

COLUMNS = ("group", "actor", "recipient", "category", "start", "stop")
BACKGROUND = "none"


def groups(path: Path) -> tuple[str, ...]:
    """Names of the recordings in a file, in its order."""
    return tuple(_table(path)["group"].unique())


def read(path: Path, options: LabelOptions) -> Labels:
    """Read the labels of one recording.

    One actor's rows are read: `options.agent`; the actor "resident", or the only one, by default.

    Args:
        path: csv.
        options: `item` is the group's number; it may be left out where there is only one.

    Returns:
        Exclusive labels. Every category of the file was looked for in all frames that the
        actor's rows cover. A note counts the bouts of others that nobody asked to leave out.

    Raises:
        FormatError: a column is missing, a number is none, a bout stops before it starts.
        InputError: there is no such group or actor, or several and none was named.
    """
    table = _table(path)
    group = choose(path, "group", list(table["group"].unique()), options.item)
    rows = table[table["group"] == group]
    actors = list(rows["actor"].unique())
    usual = "resident" if "resident" in actors else ""
    actor = choose(path, "actor", actors, options.agent or usual, "agent")
    notes = [] if options.agent else _left_out(rows, actor, options.background or BACKGROUND)
    rows = rows[rows["actor"] == actor].rename(
        columns={"actor": "agent", "recipient": "target", "category": "behaviour"}
    )
    bouts = rows.assign(start_frame=rows["start"], stop_frame=rows["stop"] + 1)
    end = int(bouts["stop_frame"].max())
    observed = _observed(bouts, list(table["category"].unique()))
    labels = assemble(
        path,
        bouts.drop(columns=["group", "start", "stop"]).to_dict("records"),
        observed,
        options,
        end=end,
        background=BACKGROUND,
        notes=notes,
    )
    return labels.rename_individuals(options.rename_individuals)


def _left_out(rows: pd.DataFrame, actor: str, background: str) -> list[str]:
    """A note on what others than the actor do."""
    others = rows[(rows["actor"] != actor) & (rows["category"] != background)]
    return [
        f"{count(len(bouts), 'bout')} of {name} left out, since {actor} is the actor; the "
        "manifest's column agent says whose bouts are read"
        for name, bouts in others.groupby("actor")
    ]


def _observed(bouts: pd.DataFrame, categories: list[str]) -> list[dict[str, object]]:
    """Spans for every category, wherever a row of the actor covers the frames."""
    pairs = bouts[["agent", "target"]].drop_duplicates().to_numpy().tolist()
    return [
        span_row(Pair(*pair), behaviour, start, stop)
        for pair in pairs
        for behaviour in categories
        for start, stop in covered(bouts[["start_frame", "stop_frame"]].to_numpy()).tolist()
    ]


@parsed_once("label file")
def _table(path: Path) -> pd.DataFrame:
    """The file, with whole numbers for frames."""
    table = frames_table(path, COLUMNS, ("start", "stop"), least=0)
    backwards = np.flatnonzero(table["stop"] < table["start"])
    if len(backwards):
        raise FormatError(path, "a bout stops before it starts.", row=int(backwards[0]) + 2)
    return table


def sniff(path: Path) -> bool:
    """Whether the header has the columns of the format."""
    return {*cells_of(text_head(path).partition("\n")[0])} >= set(COLUMNS)


FORMAT = LabelFormat("vassi", (".csv",), sniff, read, items=groups)
