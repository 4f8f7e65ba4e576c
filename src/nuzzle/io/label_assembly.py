"""From what a reader of labels found to `Labels`: streams, what was looked for, length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nuzzle.errors import FormatError, StreamError, count, listed
from nuzzle.io.cast import Cast
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import (
    SPAN_COLUMNS,
    Labels,
    Pair,
    bout_table,
    frames_inside,
    intervals_to_mask,
    mask_to_intervals,
    span_row,
    united,
)

#: Labels that run past the poses by more than this share of them are rather in other frames.
_SUSPICIOUS_OVERRUN = 0.05
#: How the note begins on bouts that name nobody who acts.
WHO_ACTS = "who acts is not said"
#: More than a year at 30 frames/s. What is counted frame by frame would not fit into memory.
_MOST_FRAMES = 1_000_000_000
_OVERLAPPING = "behaviours overlap in time, so the labels are not exclusive"
_OUTSIDE = "bouts lie outside of what was looked for, as the file says"


def looked_for_everywhere(
    bouts: Sequence[Mapping[str, Any]], n_frames: int, cast: Cast
) -> list[dict[str, Any]]:
    """Spans for a file that does not say what was looked for.

    Each pair that was watched was so from the first frame to the last, for every behaviour of the
    file: those directed at oneself in animals by themselves, the others between animals.
    """
    if not bouts or not n_frames:
        return []
    kinds: dict[bool, dict[str, None]] = {True: {}, False: {}}
    named = [Pair(bout["agent"], bout["target"]) for bout in bouts]
    for pair, bout in zip(named, bouts, strict=True):
        kinds[pair.agent == pair.target][bout["behaviour"]] = None
    return [
        span_row(pair, behaviour, 0, n_frames)
        for pair in cast.watched(named)
        for behaviour in kinds[pair.agent == pair.target]
    ]


def names_by_stream(listed: Iterable[str], used: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """Which of a file's listed behaviours each of its parallel streams was coded for.

    A name that is used in some streams belongs to those. A name that is listed and used in no
    stream was looked for in each, and not seen: a recording without one bite was still watched
    for bites. Training keeps only behaviours that have a bout in some recording, so such a name
    makes no class of its own in a stream where it never occurs.
    """
    anywhere = set().union(*used.values()) if used else set()
    return {
        stream: [name for name in listed if name in names or name not in anywhere]
        for stream, names in used.items()
    }


def frames_looked_at(labels: Labels) -> tuple[int, int] | None:
    """The frames in which all was looked for that was looked for at all; all if nothing was.

    None where these are not one and the same span for every pair and behaviour.
    """
    masks = [
        frames_inside(rows, labels.n_frames)
        for _, rows in labels.observed.groupby(["agent", "target", "behaviour"])
    ]
    if not masks:
        return 0, labels.n_frames
    first, *others = mask_to_intervals(masks[0]).tolist()
    alike = all(np.array_equal(mask, masks[0]) for mask in masks)
    return (first[0], first[1]) if alike and not others else None


def assemble(
    path: Path,
    bouts: Iterable[Mapping[Any, Any]],
    observed: Iterable[Mapping[Any, Any]],
    options: LabelOptions,
    *,
    end: int,
    exclusive: bool | None = None,
    background: str | None = None,
    notes: Sequence[str] = (),
) -> Labels:
    """Labels from what a reader found, with the options' stream, background and length.

    Args:
        path: the file.
        bouts: mappings with the columns of a bout table; those of the background too. One whose
            `unsaid` is true names nobody who acts; a note says as whose such bouts are read.
        observed: mappings with the columns of a span table, and `stream` where there are any.
        options: of the reader. Where they name a stream, only its labels are kept.
        end: length of what is labelled, frames.
        exclusive: as the format declares; by default, whether a background is named.
        background: as the file declares; the options go before it.
        notes: of the reader.

    Raises:
        FormatError: it has no such stream (a StreamError), or is longer than any recording.
    """
    background = options.background or background
    exclusive = bool(background) if exclusive is None else exclusive
    bouts, observed = list(bouts), list(observed)
    _check_length(path, max([end, *(row["stop_frame"] for row in [*bouts, *observed])]))
    table, spans = bout_table(bouts), _span_frame(observed)
    _check_stream(path, table, spans, options.stream)
    spans = _subtract(spans, table[_is_unseen(table, options)], options)
    table = _wanted(table, options, background)
    spans = spans[spans["behaviour"] != background]
    if options.stream:
        spans = spans[spans["stream"].isin([options.stream, ""])]
    kept = [*notes]
    if exclusive and _overlapping(table):
        exclusive = False
        kept.append(_OVERLAPPING)
    kept += _who_acts([bout for bout in bouts if bout.get("unsaid")], table, options, background)
    length = int(max(table["stop_frame"].max() if len(table) else 0, end))
    stops = [*spans["stop_frame"], length, options.n_frames or 0]
    labels = Labels(
        table, spans, max(stops), exclusive, background or None, options.directed, tuple(kept)
    )
    return labels if options.n_frames is None else _clipped(labels, options, length)


def _check_length(path: Path, end: int) -> None:
    if end > _MOST_FRAMES:
        raise FormatError(
            path,
            f"its labels end at frame {end:,}, and a recording of at most {_MOST_FRAMES:,} frames "
            "was expected.",
            mend="Frames and seconds are counted from 0, where the recording begins: are these "
            "times of a clock?",
        )


def _wanted(bouts: pd.DataFrame, options: LabelOptions, background: str | None) -> pd.DataFrame:
    """The bouts of behaviours that are asked for."""
    kept = bouts[~_is_unseen(bouts, options)]
    kept = kept[kept["behaviour"] != background]
    return kept[kept["stream"] == options.stream] if options.stream else kept


def _who_acts(
    nameless: Sequence[Mapping[Any, Any]],
    bouts: pd.DataFrame,
    options: LabelOptions,
    background: str | None,
) -> list[str]:
    """A note on bouts that name nobody who acts: they would say the same of another animal.

    Those after the end of the poses are cut, and do not count.
    """
    animals = options.individuals
    if not nameless or not options.directed or len(animals) < 2:
        return []
    unsaid = _wanted(bout_table(nameless), options, background)
    if options.n_frames is not None:
        unsaid, bouts = (rows[rows["start_frame"] < options.n_frames] for rows in (unsaid, bouts))
    missing, total = int((unsaid["agent"] == animals[0]).sum()), len(bouts)
    if not missing:
        return []
    some = "any bout" if missing == total else f"{missing:,} of {count(total, 'bout')}"
    way_out = " (`nuzzle init`: --agent)"
    if len(animals) == 2:
        way_out = (
            ", or, if it may be any of them, write no into its column directed (`nuzzle init`: "
            "--agent, --undirected)"
        )
    return [
        f"{WHO_ACTS} in {some}: read as done by {animals[0]!r}, who stands first in the poses. "
        f"Name who acts in the manifest's column agent ({' or '.join(animals)}){way_out}"
    ]


def _clipped(labels: Labels, options: LabelOptions, end: int) -> Labels:
    n_frames = options.n_frames or 0
    notes, overrun = labels.notes, end - n_frames
    if overrun > 0:
        what = "poses" if options.individuals else "recording"
        note = (
            f"the labels run {overrun:,} frames past the {n_frames:,} of the {what}; these were cut"
        )
        if overrun > _SUSPICIOUS_OVERRUN * n_frames:
            note += ". Is the frame rate right, and do the labels belong to this recording?"
        notes = (*notes, note)
    return replace(labels.with_length(n_frames), notes=notes)


def _span_frame(observed: Iterable[Mapping[Any, Any]]) -> pd.DataFrame:
    return bout_table(observed)[[*SPAN_COLUMNS, "stream"]]


def _check_stream(path: Path, bouts: pd.DataFrame, spans: pd.DataFrame, stream: str) -> None:
    streams = sorted({*bouts["stream"], *spans["stream"]} - {""})
    if stream and stream not in streams:
        has = f"the streams {streams}" if streams else "no parallel streams"
        raise StreamError(
            path,
            f"the stream {stream!r} was expected; the file has {has}.",
            mend="Correct the column stream of the manifest, or leave the labels of this "
            "recording out.",
        )


def _is_unseen(bouts: pd.DataFrame, options: LabelOptions) -> pd.Series[bool]:
    qualified = bouts["stream"] + ":" + bouts["behaviour"]
    own = bouts["behaviour"].isin(options.not_observed)
    if options.stream:
        own &= bouts["stream"] == options.stream
    return own | qualified.isin(options.not_observed)


def _subtract(spans: pd.DataFrame, unseen: pd.DataFrame, options: LabelOptions) -> pd.DataFrame:
    """Spans without the frames of the labels that mean "nobody looked"."""
    spans = spans[~_is_unseen(spans, options)]
    if not len(unseen) or not len(spans):
        return spans
    length = int(spans["stop_frame"].max())
    qualified = (unseen["stream"] + ":" + unseen["behaviour"]).isin(options.not_observed)
    hidden = {
        stream: frames_inside(part, length)
        for stream in spans["stream"].unique()
        for part in [unseen[qualified | (unseen["stream"] == stream)] if stream else unseen]
    }
    rows = []
    for span in spans.to_dict("records"):
        seen = np.zeros(length, dtype=bool)
        seen[span["start_frame"] : span["stop_frame"]] = True
        for start, stop in mask_to_intervals(seen & ~hidden[span["stream"]]):
            rows.append({**span, "start_frame": int(start), "stop_frame": int(stop)})
    return _span_frame(rows)


def _overlapping(bouts: pd.DataFrame) -> bool:
    for _, part in bouts.groupby(["agent", "target"], sort=False):
        latest = part["stop_frame"].cummax().shift(fill_value=0)
        if (part["start_frame"] < latest).any():
            return True
    return False


def noting_unobserved(labels: Labels) -> Labels:
    """With a note on frames of bouts in which nobody looked for them, in place of an earlier one.

    What an animal does to itself was looked for wherever it was in any pair of that animal, as in
    `Labels.frames`.
    """

    def sides(agent: str, target: str) -> list[tuple[str, str]]:
        return [(agent, target)] if labels.directed else [(agent, target), (target, agent)]

    looked = defaultdict(list)
    for agent, target, *span in labels.observed[list(SPAN_COLUMNS)].itertuples(index=False):
        for one, other in sides(agent, target):
            for key in {(one, other), (one, one)}:
                looked[(*key, span[0])].append(span[1:])
    seen = defaultdict(list)
    for agent, target, *span in labels.bouts[list(SPAN_COLUMNS)].itertuples(index=False):
        seen[(*min(sides(agent, target)), span[0])].append(span[1:])
    found = []
    for what, bouts in seen.items():
        frames, first = _outside(bouts, looked[what])
        if frames:
            of = f"{count(frames, 'frame')} of {what[2]!r} of {Pair(*what[:2])}"
            found.append((first, f"{of} (from frame {first:,} on)"))
    notes = [note for note in labels.notes if not note.startswith(_OUTSIDE)]
    if found:
        told = listed([text for _, text in sorted(found)])
        notes.append(
            f"{_OUTSIDE}: {told}. Where nobody looked, bouts do not count; if somebody did, mend "
            "what the file says of it (# observed)"
        )
    return replace(labels, notes=tuple(notes))


def _outside(bouts: Sequence[Sequence[int]], spans: Sequence[Sequence[int]]) -> tuple[int, int]:
    """How many frames of the bouts lie in none of the spans, and the first of these frames.

    A recording may be long and its bouts few: what is masked are segments from edge to edge.
    """
    edges = np.unique([*bouts, *spans])

    def inside(some: Sequence[Sequence[int]]) -> NDArray[np.bool_]:
        starts, stops = np.searchsorted(edges, np.reshape(some, (-1, 2))).T
        return intervals_to_mask(starts, stops, len(edges) - 1)

    unseen = inside(bouts) & ~inside(spans)
    return int(np.diff(edges)[unseen].sum()), int(edges[np.argmax(unseen)])


def without_direction(path: Path, labels: Labels, individuals: Sequence[str]) -> Labels:
    """The labels for unordered pairs; of two animals, what one does to itself is the pair's.

    A note says so of such bouts. An animal by itself has no pair, and keeps its labels.

    Args:
        path: the label file, for messages.
        labels: of agents and targets.
        individuals: all animals of the recording.

    Raises:
        FormatError: they name others; or of more than two, one does something to itself.
    """
    if problems := labels.of_others("labels", individuals):
        raise FormatError(path, f"without direction, {'; '.join(problems)}")
    own = labels.bouts[labels.bouts["agent"] == labels.bouts["target"]]
    if len(individuals) > 2:
        _refuse_own(path, labels, own, len(individuals))
    bouts, observed = (
        united(unordered(table, individuals), set(table["behaviour"]))
        for table in (labels.bouts, labels.observed)
    )
    who = unordered(labels.observed, individuals)[["agent", "target"]]
    sides = who.assign(actor=labels.observed["agent"]).drop_duplicates()
    alone = len(sides) == len(who.drop_duplicates())  # what two do at once may differ
    notes, exclusive = labels.notes, labels.exclusive and alone
    if len(individuals) == 2 and len(own):
        notes = (*notes, _of_the_pair(own))
        if exclusive and _overlapping(bout_table(bouts)):
            notes, exclusive = (*notes, _OVERLAPPING), False
    return replace(
        labels, bouts=bouts, observed=observed, exclusive=exclusive, directed=False, notes=notes
    )


def unordered(table: pd.DataFrame, individuals: Sequence[str]) -> pd.DataFrame:
    """A bout or span table with both orders of each two animals as one: that of `individuals`.

    Of two animals, each by itself is the pair, too.
    """
    pairs = [
        [*individuals]
        if one == other and len(individuals) == 2
        else sorted((one, other), key=individuals.index)
        for one, other in zip(table["agent"], table["target"], strict=True)
    ]
    return table.assign(agent=[one for one, _ in pairs], target=[other for _, other in pairs])


def _refuse_own(path: Path, labels: Labels, own: pd.DataFrame, animals: int) -> None:
    """Raise an error where an animal does something to itself: that is of no one pair of many."""
    looked = labels.observed[labels.observed["agent"] == labels.observed["target"]]
    found = (own if len(own) else looked).drop_duplicates(["agent", "behaviour"])
    if not len(found):
        return
    told = [
        f"{row.behaviour!r} of {row.agent!r} (frames {row.start_frame:,} to {row.stop_frame:,})"
        for row in found.itertuples()
    ]
    raise FormatError(
        path,
        f"labels without direction are those of pairs, and what one of {animals} animals does to "
        f"itself is of no one pair: {listed(told)}.",
        mend="Score it with direction (directed: yes in the manifest, and in the file if that says "
        "no), or leave it out of the labels.",
    )


def _of_the_pair(own: pd.DataFrame) -> str:
    """A note on bouts that an animal directs at itself, of two animals without direction."""
    names = listed(sorted(set(own["behaviour"])))
    return (
        f"{count(len(own), 'bout')} of what an animal does to itself ({names}) counted for the "
        "pair: without direction it cannot be told from what is done to the other. To keep it "
        "apart, read the labels with direction (directed: yes)"
    )
