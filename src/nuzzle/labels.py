"""Who did what to whom, when, and what was looked for.

Labels are two interval tables of the same shape: the bouts that were seen, and the spans of
frames in which a behaviour was looked for. What was not looked for is *not observed*, which is
not the same as absent: it is neither trained on nor scored.

Frames are 0-based; intervals are half-open, ``[start_frame, stop_frame)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nuzzle.errors import InputError, ValidationError

#: Columns of a bout table. `stream` names a parallel annotation (a channel), `source` says who
#: made the bout (manual, automated, curated), `point` marks an event without a duration.
BOUT_COLUMNS: dict[str, Any] = {
    "agent": str,
    "target": str,
    "behaviour": str,
    "start_frame": np.int64,
    "stop_frame": np.int64,
    "stream": str,
    "annotator": str,
    "source": str,
    "point": bool,
}
SPAN_COLUMNS = ("agent", "target", "behaviour", "start_frame", "stop_frame")
_DEFAULTS: dict[str, Any] = {"stream": "", "annotator": "", "source": "manual", "point": False}
#: What pandas makes of `BOUT_COLUMNS`.
_DTYPES = pd.DataFrame(columns=list(BOUT_COLUMNS)).astype(BOUT_COLUMNS).dtypes.to_dict()


class Pair(NamedTuple):
    """An ordered pair of animals; `target` may be the agent itself."""

    agent: str
    target: str

    @property
    def reversed(self) -> Pair:
        return Pair(self.target, self.agent)

    def __str__(self) -> str:
        return f"{self.agent}->{self.target}"


def own_pairs(pairs: Iterable[Pair]) -> list[Pair]:
    """The agents of these pairs, each with itself, in order of first appearance.

    >>> own_pairs([Pair("b", "a"), Pair("a", "b"), Pair("b", "b")])
    [Pair(agent='b', target='b'), Pair(agent='a', target='a')]
    """
    return [Pair(agent, agent) for agent in dict.fromkeys(pair.agent for pair in pairs)]


class FrameLabels(NamedTuple):
    """Labels of one pair, frame by frame.

    Attributes:
        active: `(time, behaviour)` bool, true where the behaviour is going on.
        observed: `(time, behaviour)` bool, true where the behaviour was looked for.
        behaviours: names of the columns.
    """

    active: NDArray[np.bool_]
    observed: NDArray[np.bool_]
    behaviours: tuple[str, ...]


def span_row(pair: Pair, behaviour: str, start: int, stop: int, **more: Any) -> dict[str, Any]:
    """A row of a span table, or with `more` columns of a bout table."""
    return dict(zip(SPAN_COLUMNS, (*pair, behaviour, start, stop), strict=True)) | more


def bout_table(rows: Iterable[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """A bout table with all of `BOUT_COLUMNS`, typed, sorted by start.

    Args:
        rows: mappings (or a table) with at least the columns of `SPAN_COLUMNS`.

    >>> bout_table([dict(agent="a", target="b", behaviour="mount", start_frame=3, stop_frame=9)])[
    ...     ["behaviour", "start_frame", "stop_frame", "source"]].to_dict("records")
    [{'behaviour': 'mount', 'start_frame': 3, 'stop_frame': 9, 'source': 'manual'}]
    """
    if isinstance(rows, pd.DataFrame) and _is_ready(rows, tuple(BOUT_COLUMNS)):
        return rows.copy(deep=False)
    table = rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    for column, kind in BOUT_COLUMNS.items():
        if column not in table:
            if column in SPAN_COLUMNS and len(table):
                raise InputError(
                    f"A bout table needs the columns {list(SPAN_COLUMNS)}; {column!r} is missing "
                    f"among {list(table.columns)}."
                )
            table[column] = _DEFAULTS.get(column, 0 if kind is np.int64 else "")
        elif column in _DEFAULTS and table[column].hasnans:
            # Rows may differ in what they say; pandas' NaN would become "nan", or true.
            table[column] = table[column].where(table[column].notna(), _DEFAULTS[column])
    table = table[list(BOUT_COLUMNS)].astype(BOUT_COLUMNS)
    return table.sort_values(["start_frame", "stop_frame"], kind="stable", ignore_index=True)


def span_table(rows: Iterable[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """Spans in which a behaviour was looked for: the columns of `SPAN_COLUMNS`, typed."""
    if isinstance(rows, pd.DataFrame) and _is_ready(rows, SPAN_COLUMNS):
        return rows.copy(deep=False)
    return bout_table(rows)[list(SPAN_COLUMNS)]


def _is_ready(table: pd.DataFrame, columns: tuple[str, ...]) -> bool:
    """Whether a table is as `bout_table` would make it, so that nothing is left to be done."""
    index, kinds = table.index, [_DTYPES[name] for name in columns]
    if not (isinstance(index, pd.RangeIndex) and index.equals(pd.RangeIndex(len(table)))):
        return False
    if index.name is not None or table.columns.tolist() != list(columns):
        return False
    # Where pandas, before 3, keeps strings as objects, they could be anything.
    if table.dtypes.tolist() != kinds or np.dtype(object) in kinds:
        return False
    if any(table[name].hasnans for name in columns if name in _DEFAULTS):
        return False
    start, stop = (table[name].to_numpy() for name in ("start_frame", "stop_frame"))
    later, level = start[1:] > start[:-1], start[1:] == start[:-1]
    return bool((later | level & (stop[1:] >= stop[:-1])).all())


def intervals_to_mask(
    starts: Sequence[int] | NDArray[np.int64], stops: Sequence[int] | NDArray[np.int64], length: int
) -> NDArray[np.bool_]:
    """True inside any of the half-open intervals, which are clipped to ``[0, length)``.

    >>> intervals_to_mask([1], [3], 4).tolist()
    [False, True, True, False]
    """
    edges = np.zeros(length + 1, dtype=np.int64)
    start = np.clip(np.asarray(starts, dtype=np.int64), 0, length)
    stop = np.clip(np.asarray(stops, dtype=np.int64), 0, length)
    keep = stop > start
    np.add.at(edges, start[keep], 1)
    np.add.at(edges, stop[keep], -1)
    return np.cumsum(edges[:-1]) > 0


def frames_inside(table: pd.DataFrame, n_frames: int) -> NDArray[np.bool_]:
    """Frames inside any interval of a bout or span table, `(n_frames,)`."""
    starts, stops = (table[name].to_numpy() for name in ("start_frame", "stop_frame"))
    return intervals_to_mask(starts, stops, n_frames)


def mask_to_intervals(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The half-open intervals where `mask` `(time,)` is true, as `(interval, 2)`.

    >>> mask_to_intervals(np.array([False, True, True, False, True])).tolist()
    [[1, 3], [4, 5]]
    """
    padded = np.concatenate(([False], np.asarray(mask, dtype=bool), [False]))
    return np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2).astype(np.int64)


def covered(intervals: Sequence[Sequence[int]] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Half-open intervals `(interval, 2)` in their order, joined where they overlap or touch.

    >>> covered([[7, 9], [0, 3], [3, 5], [1, 2]]).tolist()
    [[0, 5], [7, 9]]
    """
    edges = np.unique(intervals)
    starts, stops = np.searchsorted(edges, intervals).T
    # What is masked are segments from edge to edge: of those there are few, however long they are.
    return edges[mask_to_intervals(intervals_to_mask(starts, stops, len(edges) - 1))]


def rows_of_masks(
    pair: Pair, masks: NDArray[np.bool_], behaviours: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows of a span table for where masks `(time, behaviour)` of one pair are true."""
    return [
        span_row(pair, behaviour, start, stop)
        for column, behaviour in enumerate(behaviours)
        for start, stop in mask_to_intervals(masks[:, column]).tolist()
    ]


def first_active(active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Masks `(time, behaviour)` in which only the first of the columns that are true stays so."""
    first = active.copy()
    first[:, 1:] &= ~np.logical_or.accumulate(active, axis=1)[:, :-1]
    return first


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of one recording.

    Attributes:
        bouts: table with `BOUT_COLUMNS`; none of the background, which is where nothing was seen.
        observed: table with `SPAN_COLUMNS`: which behaviours of which pair were looked for, when.
        n_frames: length of the recording, frames.
        exclusive: whether at most one behaviour of a pair can go on at a time.
        background: name of the class "none of the others" (``other``), if the labels have one.
        directed: whether agent and target mean something; if not, the labels are the pair's.
        notes: what the reader had to mend or leave out, one sentence each.
        only_seen: whether they name only what was seen; what else was looked for is unknown.
        fps: at which its seconds became frames, or that a file in frames says; else None.
        renaming: old -> new name of behaviours, as was asked for.
        named: behaviours and background by their names before that.
    """

    bouts: pd.DataFrame
    observed: pd.DataFrame
    n_frames: int
    exclusive: bool = False
    background: str | None = None
    directed: bool = True
    notes: tuple[str, ...] = ()
    only_seen: bool = False
    fps: float | None = None
    renaming: Mapping[str, str] = field(default_factory=dict)
    named: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "bouts", bout_table(self.bouts))
        object.__setattr__(self, "observed", span_table(self.observed))
        problems = []
        for what, table in (("a bout", self.bouts), ("an observed span", self.observed)):
            start, stop = (table[name].to_numpy() for name in ("start_frame", "stop_frame"))
            for row in _first_rows(table, stop <= start):
                problems.append(
                    f"{what} of {row.behaviour!r} stops at frame {row.stop_frame}, not after "
                    f"its start at frame {row.start_frame}"
                )
            for row in _first_rows(table, (start < 0) | (stop > self.n_frames)):
                problems.append(
                    f"{what} of {row.behaviour!r} covers frames {row.start_frame} to "
                    f"{row.stop_frame}, outside the {self.n_frames} frames of the recording"
                )
        if self.background is not None and (self.bouts["behaviour"] == self.background).any():
            problems.append(f"{self.background!r} is the background and also has bouts")
        if problems:
            raise ValidationError("labels", problems)

    @property
    def behaviours(self) -> tuple[str, ...]:
        """Everything that was looked for, in alphabetical order; without the background."""
        return tuple(sorted(set(self.observed["behaviour"])))

    @property
    def self_behaviours(self) -> tuple[str, ...]:
        """Behaviours that are directed at the agent itself."""
        own = self.observed[self.observed["agent"] == self.observed["target"]]
        return tuple(sorted(set(own["behaviour"])))

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Ordered pairs with something observed, in order of first appearance."""
        rows = self.observed[["agent", "target"]].drop_duplicates()
        return tuple(Pair(*row) for row in rows.itertuples(index=False))

    def of_others(self, what: str, individuals: Sequence[str]) -> list[str]:
        """What is wrong with the labels called `what` where they name other animals than these."""
        named = {*self.bouts["agent"], *self.bouts["target"]}.union(*self.pairs)
        unknown = sorted(named.difference(individuals))
        told = f"the {what} speak of {unknown}, the poses of {list(individuals)}; say who is who"
        return [f"{told}: --individuals NAME_IN_LABELS=NAME_IN_POSES"] if unknown else []

    def frames(self, pair: Pair, behaviours: Sequence[str] | None = None) -> FrameLabels:
        """Labels of `pair`, frame by frame; several behaviours may be active at once.

        What the agent does to itself counts for each pair that it is the agent of.

        Args:
            pair: agent and target.
            behaviours: columns wanted, in this order; all by default. A behaviour that nobody
                looked for is a column that is nowhere observed.
        """
        names = tuple(self.behaviours if behaviours is None else behaviours)
        active = np.zeros((self.n_frames, len(names)), dtype=bool)
        observed = np.zeros_like(active)
        for table, out in ((self.bouts, active), (self.observed, observed)):
            mine = table[(table["agent"] == pair.agent) & table["target"].isin(list(pair))]
            for behaviour, rows in mine.groupby("behaviour"):
                if behaviour in names:
                    out[:, names.index(str(behaviour))] = frames_inside(rows, self.n_frames)
        return FrameLabels(active, observed, names)

    @classmethod
    def from_frames(
        cls,
        pair: Pair,
        active: NDArray[np.bool_],
        behaviours: Sequence[str],
        *,
        observed: NDArray[np.bool_] | None = None,
        **attributes: Any,
    ) -> Labels:
        """Labels of one pair from `(time, behaviour)` masks; the inverse of `frames`.

        Args:
            pair: agent and target.
            active: where each behaviour goes on.
            behaviours: names of the columns.
            observed: where each was looked for; everywhere by default.
            **attributes: `exclusive`, `background`, `directed`, `notes`.
        """
        seen = np.ones_like(active) if observed is None else observed
        bouts, spans = (rows_of_masks(pair, masks, behaviours) for masks in (active, seen))
        return cls(bout_table(bouts), span_table(spans), len(active), **attributes)

    def rename_behaviours(self, mapping: Mapping[str, str]) -> Labels:
        """Rename behaviours; several that get one name are merged (their union).

        A behaviour that is given the name of the background becomes background.
        """
        names = dict(mapping)
        background = names.get(self.background or "", self.background)
        shared = {new for new in names.values() if list(names.values()).count(new) > 1}
        shared |= set(names.values()) & (set(self.behaviours) - set(names))

        def renamed(table: pd.DataFrame) -> pd.DataFrame:
            table = table.assign(behaviour=table["behaviour"].replace(names))
            return united(table[table["behaviour"] != background], shared)

        bouts, observed = renamed(self.bouts), renamed(self.observed)
        return replace(self, bouts=bouts, observed=observed, background=background)

    def rename_individuals(self, mapping: Mapping[str, str]) -> Labels:
        """Call the animals by other names."""
        if not mapping:
            return self
        bouts, observed = (
            table.assign(**{who: table[who].replace(dict(mapping)) for who in Pair._fields})
            for table in (self.bouts, self.observed)
        )
        return replace(self, bouts=bouts, observed=observed)

    def slice(self, start_frame: int, stop_frame: int) -> Labels:
        """The labels of frames ``[start_frame, stop_frame)``, counted from `start_frame`."""
        return replace(
            self,
            bouts=_window(self.bouts, start_frame, stop_frame),
            observed=_window(self.observed, start_frame, stop_frame),
            n_frames=max(0, min(stop_frame, self.n_frames) - start_frame),
        )

    def with_length(self, n_frames: int) -> Labels:
        """The same labels for a recording of `n_frames`: what runs past its end is clipped.

        Frames past the end of the labels stay unobserved.
        """
        return replace(self.slice(0, n_frames), n_frames=n_frames)

    def moved(self, frames: int) -> Labels:
        """Every bout so many frames later, or earlier if negative, in as many frames.

        What leaves the recording is gone; where nothing comes in, nothing was observed.
        """
        return replace(self.slice(-frames, self.n_frames - frames), n_frames=self.n_frames)


def _first_rows(table: pd.DataFrame, mask: NDArray[np.bool_]) -> list[Any]:
    """Up to three rows where `mask` is true; nothing is copied where none is."""
    return list(table[mask].head(3).itertuples()) if mask.any() else []


def _window(table: pd.DataFrame, start: int, stop: int) -> pd.DataFrame:
    edges = ("start_frame", "stop_frame")
    clipped = table.assign(**{edge: table[edge].clip(start, stop) - start for edge in edges})
    return clipped[clipped["stop_frame"] > clipped["start_frame"]]


def united(table: pd.DataFrame, behaviours: Iterable[str]) -> pd.DataFrame:
    """The table with intervals of these behaviours joined where they overlap or touch.

    Args:
        table: bouts or spans. The joined one has the properties of the earliest of its parts.
        behaviours: names; intervals of others stay as they are.
    """
    merged = table["behaviour"].isin(list(behaviours))
    if not merged.any():
        return table
    keys = [*table.columns.intersection(["agent", "target", "behaviour", "stream", "annotator"])]
    parts = [table[~merged]]
    for _, group in table[merged].sort_values("start_frame").groupby(keys, sort=False):
        latest = group["stop_frame"].cummax()
        part = (group["start_frame"] > latest.shift(fill_value=-1)).cumsum()
        stops = latest.groupby(part).max()
        parts.append(group[~part.duplicated()].assign(stop_frame=stops.to_numpy()))
    return pd.concat(parts, ignore_index=True)
