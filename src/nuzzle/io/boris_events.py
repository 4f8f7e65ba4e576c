"""BORIS' events: starts, stops and points in seconds, paired into bouts.

Friard & Gamba 2016, "BORIS: a free, versatile open-source event-logging software",
Methods in Ecology and Evolution 7.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from nuzzle.errors import FormatError, listed
from nuzzle.io.cast import Cast, folded
from nuzzle.io.label_assembly import assemble, looked_for_everywhere
from nuzzle.io.label_text import (
    SECONDS_TO_POSES,
    needed_fps,
    other_rate,
    seconds_to_frames,
)
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import Labels, Pair, own_pairs, span_row

#: What BORIS writes where an event has no subject.
NO_SUBJECT = "No focal subject"
#: Media and poses that differ by less in their length are equally long, but for rounding.
_ROUNDING_S = 1.0
_MEND = "Mend it in BORIS: Observations > Fix unpaired events."


class Event(NamedTuple):
    """One row of a tabular export. Two with the same `key`, START and STOP, make a bout."""

    line: int | None
    kind: str
    time_s: float
    subject: str
    behaviour: str
    modifiers: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        return self.subject, self.behaviour, self.modifiers


class Interval(NamedTuple):
    """A bout in seconds; a point event stops when it starts."""

    line: int | None
    start_s: float
    stop_s: float
    subject: str
    behaviour: str
    modifiers: tuple[str, ...]
    point: bool


@dataclass(frozen=True)
class Observation:
    """What one observation holds.

    Attributes:
        intervals: its bouts.
        rates: frame rates of the media, as far as the file says.
        length_s: of the media, if the file says.
        behaviours: what was looked for, if the file says; otherwise what has a bout.
        notes: of the pairing.
        offset_s: between the media's clock and the times, if the file says.
        watched_s: start and stop of what was watched, if the file says; else all was.
    """

    intervals: Sequence[Interval]
    rates: Collection[float] = ()
    length_s: float | None = None
    behaviours: Sequence[str] = ()
    notes: tuple[str, ...] = ()
    offset_s: float = 0.0
    watched_s: tuple[float, float] | None = None

    @property
    def fps(self) -> float | None:
        """The frame rate of all media, if they have one."""
        return next(iter(self.rates)) if len(self.rates) == 1 else None


def paired(
    path: Path, events: Iterable[Event], length_s: float | None
) -> tuple[list[Interval], tuple[str, ...]]:
    """Pair each START with the next STOP of the same subject, behaviour and modifiers.

    A behaviour that is still going on when the media end is stopped there, with a note.

    Raises:
        FormatError: a START without a STOP where the media's length is unknown, or a STOP
            without a START, or a second START.
    """
    open_events: dict[tuple[str, str, tuple[str, ...]], Event] = {}
    intervals: list[Interval] = []
    for event in sorted(events, key=lambda each: each.time_s):
        begun = open_events.get(event.key)
        if event.kind == "POINT":
            intervals.append(_interval(event, event.time_s, point=True))
        elif event.kind == "START" and begun is None:
            open_events[event.key] = event
        elif event.kind == "START":
            raise FormatError(
                path,
                f"{event.behaviour!r} starts at {event.time_s} s, and has been going on since "
                f"{begun.time_s if begun else 0} s: a STOP was expected.",
                row=event.line,
                mend=_MEND,
            )
        elif begun is None:
            raise FormatError(
                path,
                f"{event.behaviour!r} stops at {event.time_s} s and has no START.",
                row=event.line,
                mend=_MEND,
            )
        else:
            intervals.append(_interval(open_events.pop(event.key), event.time_s))
    late, notes = _stopped_by_the_end(path, [*open_events.values()], length_s)
    return intervals + late, notes


def _stopped_by_the_end(
    path: Path, events: Sequence[Event], length_s: float | None
) -> tuple[list[Interval], tuple[str, ...]]:
    for event in events:
        if length_s is None or length_s <= event.time_s:
            raise FormatError(
                path,
                f"{event.behaviour!r} starts at {event.time_s} s and has no STOP.",
                row=event.line,
                mend=_MEND,
            )
    notes = tuple(
        f"{event.behaviour!r} has no STOP after {event.time_s} s; it was stopped at the end of "
        f"the media, {length_s} s"
        for event in events
    )
    return [_interval(event, length_s or 0.0) for event in events], notes


def _interval(event: Event, stop_s: float, *, point: bool = False) -> Interval:
    _, _, start_s, subject, behaviour, modifiers = event
    return Interval(event.line, start_s, stop_s, subject, behaviour, modifiers, point)


def to_labels(path: Path, observation: Observation, options: LabelOptions) -> Labels:
    """Labels in frames of the poses, between the animals of the poses.

    The subject is the agent. The target is the modifier that names an animal, otherwise the
    options' target, otherwise the other animal of two. Where the animals are not known, those are
    that are a subject. Where the media end more than a second before the poses, nobody looked
    after that, nor outside of what was watched.

    Raises:
        FormatError: the frame rate is unknown, or a subject is.
    """
    fps = _fps_of_poses(path, observation, options)
    notes = _notes(observation, options)
    subjects = {each.subject for each in observation.intervals} - {NO_SUBJECT, ""}
    cast = Cast(path, options).with_lone_subject(subjects)
    animals = {*cast.options.individuals, *cast.options.rename_individuals, "self"}
    if not options.individuals:
        animals |= subjects
        notes += _no_animals(observation.intervals, animals)
    media_end = round((observation.length_s or 0) * fps)
    seen = options.n_frames or media_end
    bouts = [_bout(each, cast, animals, fps, seen) for each in observation.intervals]
    last = max((bout["stop_frame"] for bout in bouts), default=0)
    end = max(last, media_end)
    length = max(end, options.n_frames or 0)
    if observation.length_s and fps and length - end > _ROUNDING_S * fps:
        notes.append(f"the media end at frame {end:,} of {length:,}; after it nobody looked")
        length = end
    observed = looked_for_everywhere(bouts, length, cast)
    observed += _listed(observation.behaviours, bouts, cast, length)
    if not observed:
        notes.append(
            "there are no events; the manifest's column looked_for says what was looked for"
        )
    if observation.watched_s:
        observed, outside = _inside(observed, observation.watched_s, fps, length)
        notes += outside
    labels = assemble(path, bouts, observed, options, end=last, notes=notes)
    return replace(labels, only_seen=not observation.behaviours, fps=fps or None)


def _fps_of_poses(path: Path, observation: Observation, options: LabelOptions) -> float:
    """What turns seconds into frames; 0 where there is nothing to turn, and it is not known."""
    if not (observation.intervals or observation.watched_s):
        return options.fps or observation.fps or 0
    if len(observation.rates) > 1 and not options.fps:
        rates = " and ".join(f"{rate:g}" for rate in sorted(observation.rates))
        raise FormatError(
            path,
            f"its times are in seconds, and its media have {rates} frames a second: which of "
            "them the poses have is not known.",
            mend="Give the frame rate: the column fps of the manifest, or --fps.",
        )
    return needed_fps(path, options, observation.fps)


def _inside(
    observed: list[dict[str, Any]], watched_s: tuple[float, float], fps: float, length: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Spans of what was watched only, and a note where that is not all."""
    start, stop = (round(min(max(seconds * fps, 0), length)) for seconds in watched_s)
    if (start, stop) == (0, length):
        return observed, []
    clipped = [
        {
            **span,
            "start_frame": max(span["start_frame"], start),
            "stop_frame": min(span["stop_frame"], stop),
        }
        for span in observed
    ]
    note = (
        f"the observation is limited to frames {start:,} to {stop:,}; outside of them nobody looked"
    )
    return [span for span in clipped if span["start_frame"] < span["stop_frame"]], [note]


def _bout(
    each: Interval, cast: Cast, animals: Collection[str], fps: float, n_frames: int
) -> dict[str, Any]:
    if each.start_s < 0:
        raise FormatError(
            cast.path,
            f"{each.behaviour!r} starts at {each.start_s:g} s; times from 0 were expected.",
            row=each.line,
            mend="Times before the video come from a time offset: export without it.",
        )
    start, stop = seconds_to_frames(each.start_s, each.stop_s, fps, n_frames)
    subject = "" if each.subject == NO_SUBJECT else each.subject
    target = _target(each.modifiers, animals)
    pair = cast.pair(subject, target, each.line, each.behaviour)
    unsaid = not cast.says_who_acts(subject, target)
    return span_row(pair, each.behaviour, start, stop, point=each.point, unsaid=unsaid)


def _notes(observation: Observation, options: LabelOptions) -> list[str]:
    rate, offset = observation.fps, observation.offset_s
    done = SECONDS_TO_POSES
    if rate and _lasts(observation, options, rate):
        done += (
            f". At {rate:g} the poses last as long as the media, so this is probably their frame "
            "rate, too: correct --fps, or the column fps of the manifest"
        )
    notes = [*observation.notes, *other_rate(rate, options.fps, done)]
    if offset:
        notes.append(
            f"the observation has a time offset of {offset:g} s; times are taken as they stand. If "
            f"the labels come {'late' if offset > 0 else 'early'} by that, set label_delay_s to "
            f"{offset:g} in the manifest"
        )
    return notes


def _lasts(observation: Observation, options: LabelOptions, fps: float) -> bool:
    """Whether the poses last as long as the media at a frame rate, and not at their own."""
    if not (observation.length_s and options.n_frames and options.fps):
        return False
    here, own = (
        abs(options.n_frames / rate - observation.length_s) <= _ROUNDING_S
        for rate in (fps, options.fps)
    )
    return here and not own


def _no_animals(intervals: Sequence[Interval], animals: Collection[str]) -> list[str]:
    """A note on modifiers that may name an animal, where the animals are not known."""
    others = sorted(
        {
            modifier
            for each in intervals
            if not _target(each.modifiers, animals)
            for modifier in each.modifiers
        }
    )
    if not others:
        return []
    some = f"modifier {others[0]} names" if len(others) == 1 else f"modifiers {listed(others)} name"
    return [
        f"the {some} no subject, so it is not known whom these bouts are directed at, and they "
        "count as directed at one and the same animal"
    ]


def _target(modifiers: tuple[str, ...], animals: Collection[str]) -> str:
    """The modifier that names an animal: ``juvenile``, or one of ``sniff|juvenile``.

    Case and outer blanks do not matter where they leave one animal; a name that is the same letter
    for letter goes first.
    """
    parts: list[str] = []
    for modifier in modifiers:  # a name may hold such signs itself
        parts += [modifier, *modifier.replace(";", "|").replace(",", "|").split("|")]
    for part in parts:
        if part.strip() in animals:
            return part.strip()
    for part in parts:
        alike = [name for name in animals if folded(name) == folded(part)]
        if len(alike) == 1:
            return alike[0]
    return ""


def _listed(
    names: Sequence[str], bouts: list[dict[str, Any]], cast: Cast, end: int
) -> list[dict[str, Any]]:
    """Spans of the ethogram's behaviours that have no bout, for each pair that was watched."""
    missing = [name for name in names if name not in {bout["behaviour"] for bout in bouts}]
    if not missing or not end:
        return []
    named = [Pair(bout["agent"], bout["target"]) for bout in bouts]
    pairs = cast.watched(named)
    between = [pair for pair in pairs if pair.agent != pair.target] or pairs
    return [
        span_row(pair, name, 0, end)
        for name in missing
        for pair in (own_pairs(pairs) if cast.is_own(name) else between)
    ]
