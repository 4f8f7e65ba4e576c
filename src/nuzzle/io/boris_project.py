"""BORIS' project, ``.boris``: a JSON with an ethogram and the events of each observation.

Unlike an export it lists every behaviour that was looked for, so a recording without events of
a behaviour is known to be without it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nuzzle.errors import FormatError
from nuzzle.io.boris_events import Event, Observation, paired, to_labels
from nuzzle.io.kept import parsed_once
from nuzzle.io.label_text import number, read_text, text_head
from nuzzle.io.registry import LabelFormat, LabelOptions, choose
from nuzzle.labels import Labels


class _Project(NamedTuple):
    """What a project says: observations by name, and the ethogram, what was looked for."""

    observations: Mapping[str, Any]
    ethogram: Mapping[str, Any]


def sniff(path: Path) -> bool:
    """Whether it begins like a JSON object."""
    return text_head(path).lstrip().startswith("{")


def read(path: Path, options: LabelOptions) -> Labels:
    """Labels of one observation of a project.

    Args:
        path: the file.
        options: `item` is the observation, where there are several; `fps` of the poses, where
            the project does not know it.

    Raises:
        FormatError: it is no project of BORIS, the observation is not there, or its events are
            not of the ethogram or not paired.
    """
    project = _project(path)
    name = choose(path, "observation", [*project.observations], options.item)
    observation = project.observations[name]
    events = observation.get("events", []) if isinstance(observation, dict) else None
    if not isinstance(events, list):
        raise FormatError(
            path,
            f"observation {name!r}: a list of events was expected, and none came.",
            mend="Open and save the project in BORIS again.",
        )
    media = _mapping(observation.get("media_info"))
    rates = set(filter(None, map(_positive, _mapping(media.get("fps")).values())))
    length_s = _media_length(_mapping(observation.get("file")), _mapping(media.get("length")))
    ethogram = _ethogram(path, project.ethogram)
    intervals, notes = paired(path, _events(path, name, events, ethogram), length_s)
    offset = observation.get("time offset") or 0
    offset_s = number(str(offset), f"time offset of observation {name!r}", path, None)
    watched_s = _watched(path, name, observation.get("observation time interval"), offset_s)
    found = Observation(intervals, rates, length_s, [*ethogram], notes, offset_s, watched_s)
    return to_labels(path, found, options)


def observations(path: Path) -> list[str]:
    """Names of its observations, in their order."""
    return list(_project(path).observations)


@parsed_once("label file")
def _project(path: Path) -> _Project:
    text = read_text(path)
    try:
        project = json.loads(text)
    except json.JSONDecodeError as error:
        raise FormatError(
            path, f"is not the JSON of a BORIS project: {error.msg}.", row=error.lineno
        ) from error
    missing = [
        key
        for key in ("observations", "behaviors_conf")
        if not isinstance(project, dict) or not isinstance(project.get(key), dict)
    ]
    if missing:
        raise FormatError(path, f"is not a BORIS project: it has no {' and no '.join(missing)}.")
    return _Project(project["observations"], project["behaviors_conf"])


def _mapping(value: Any) -> dict[str, Any]:
    """A JSON object; an empty one where the value is none."""
    return value if isinstance(value, dict) else {}


def _positive(value: Any) -> float | None:
    """The number above 0 that a value is; None where it is none, such as ``NA``."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if 0 < found < math.inf else None


def _media_length(players: Mapping[str, Any], lengths: Mapping[str, Any]) -> float | None:
    """Seconds of the longest player, whose files follow each other; None where it is unknown.

    Args:
        players: files of each, which run at the same time.
        lengths: of each file.
    """
    files = [[*map(str, each)] for each in players.values() if isinstance(each, list)]
    if not any(file in lengths for several in files for file in several):
        files = [[*lengths]]
    seconds = [[_positive(lengths.get(file)) for file in several] for several in files]
    if any(None in several for several in seconds):
        return None
    return max(sum(filter(None, several)) for several in seconds) or None


def _watched(path: Path, name: str, told: Any, offset_s: float) -> tuple[float, float] | None:
    """What the observation is limited to, on the clock of the events; None if it is not limited.

    The file has it on the clock of the media; a stop at 0 is the end.
    """
    try:
        start, stop = (float(edge or 0) for edge in told or (0, 0))
    except (TypeError, ValueError):
        start, stop = math.nan, math.nan
    if not 0 <= start < (stop or math.inf):
        raise FormatError(
            path,
            f"observation {name!r}: an observation time interval with a start and a later end, or "
            f"0 for the end of the media, was expected, in seconds, and {told} came.",
            mend="Mend it in BORIS: Observations > Edit observation.",
        )
    return (start + offset_s, (stop or math.inf) + offset_s) if start or stop else None


def _ethogram(path: Path, entries: Mapping[str, Any]) -> dict[str, str]:
    """The kind of each behaviour."""
    for key, entry in entries.items():
        if None in (_mapping(entry).get("code"), _mapping(entry).get("type")):
            raise FormatError(
                path,
                f"behaviour {key} of the ethogram: a code, and the type State event or Point "
                f"event, were expected, and {str(entry)[:60]} came.",
                mend="Mend it in BORIS: File > Edit project > Ethogram.",
            )
    return {str(entry["code"]): str(entry["type"]) for entry in entries.values()}


def _events(
    path: Path, name: str, events: list[Any], ethogram: Mapping[str, str]
) -> Iterator[Event]:
    """Events in order; of a state event, each second one with the same key is the STOP."""
    begun: set[tuple[str, str, tuple[str, ...]]] = set()
    ordered = sorted(enumerate(events, start=1), key=lambda pair: _time_of(path, name, *pair))
    for index, event in ordered:
        time_s = _time_of(path, name, index, event)
        subject, code = str(event[1]), str(event[2])
        modifiers = (str(event[3]),) if len(event) > 3 and event[3] else ()
        if code not in ethogram:
            raise FormatError(
                path,
                f"observation {name!r}, event {index}: the behaviour {code!r} is not in the "
                f"ethogram, {list(ethogram)}.",
            )
        kind = "POINT"
        if ethogram[code].casefold().startswith("state"):
            key = subject, code, modifiers
            kind = "STOP" if key in begun else "START"
            begun ^= {key}
        yield Event(None, kind, time_s, subject, code, modifiers)


def _time_of(path: Path, name: str, index: int, event: Any) -> float:
    if not isinstance(event, list) or len(event) < 3:
        raise FormatError(
            path,
            f"observation {name!r}, event {index}: [time, subject, behaviour, ...] was expected, "
            f"and {str(event)[:60]} came.",
        )
    return number(str(event[0]), f"time of event {index} of {name!r}", path, None)


FORMAT = LabelFormat("boris_project", (".boris",), sniff, read, items=observations)
