"""Caltech Behavior Annotator, ``.txt``: ranges of frames in parallel streams.

Frames are counted from 1, and both ends belong to the range. A file starts with the list of
behaviours and their keys (``Configuration file:``), followed by one section a stream
(``S1:``, ``S2:``), whose ranges cover the recording without a gap.

What was looked for in a stream: all frames of its ranges but those whose label is declared to
mean "not observed", and of the listed behaviours those that the stream uses, together with those
that no stream of the file uses (see `nuzzle.io.label_assembly.names_by_stream`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from nuzzle.errors import FormatError
from nuzzle.io.cast import Cast
from nuzzle.io.label_assembly import assemble, names_by_stream
from nuzzle.io.label_text import frame_number, read_text, text_head
from nuzzle.io.registry import LabelFormat, LabelOptions
from nuzzle.labels import Labels, covered

_TITLE = "caltech behavior annotator"
_SECTION = re.compile(r"(S\d+)\s*:")


class _Range(NamedTuple):
    stream: str
    start_frame: int
    stop_frame: int
    behaviour: str


def sniff(path: Path) -> bool:
    """Whether the first line is the program's title."""
    return text_head(path, 256).lstrip().lower().startswith(_TITLE)


def read(path: Path, options: LabelOptions) -> Labels:
    """Labels of a Caltech Behavior Annotator file.

    Args:
        path: the file.
        options: `stream` (``S1``) chooses one stream, whose behaviours exclude each other; by
            default all are read as multi-label, and bouts carry their stream. `background` and
            `not_observed` are names of the file; ``S1:base`` means the frames that stream S1
            calls base, whichever stream is read.

    Raises:
        FormatError: names the line that is no range, has no whole numbers, ends before it
            starts, or names a behaviour that the file does not list.
    """
    listed, ranges = _parse(path)
    for name in options.not_observed:
        if name.rpartition(":")[2] not in listed:
            raise FormatError(
                path,
                f"not_observed names {name!r}, and the behaviours of the file are {listed}.",
                mend="Correct the column not_observed of the manifest.",
            )
    cast = Cast(path, options)
    streams = {each.stream for each in ranges}
    return assemble(
        path,
        cast.placed(each._asdict() for each in ranges),
        cast.placed(_looked_for(listed, ranges)),
        options,
        end=max(each.stop_frame for each in ranges),
        exclusive=bool(options.stream) or len(streams) == 1,
    )


def _looked_for(listed: list[str], ranges: list[_Range]) -> list[dict[str, object]]:
    used: dict[str, set[str]] = {}
    for each in ranges:
        used.setdefault(each.stream, set()).add(each.behaviour)
    spans: list[dict[str, object]] = []
    for stream, names in names_by_stream(listed, used).items():
        mine = [(each.start_frame, each.stop_frame) for each in ranges if each.stream == stream]
        spans += [
            {"behaviour": name, "start_frame": start, "stop_frame": stop, "stream": stream}
            for name in names
            for start, stop in covered(mine).tolist()
        ]
    return spans


def _parse(path: Path) -> tuple[list[str], list[_Range]]:
    """Names of the behaviours, and the ranges, half-open from 0."""
    listed: list[str] = []
    ranges: list[_Range] = []
    section = ""
    for line, raw in enumerate(read_text(path).splitlines(), start=1):
        text = raw.strip()
        found = _SECTION.match(text)
        if line == 1 and not text.lower().startswith(_TITLE):
            raise FormatError(
                path, f"'Caltech Behavior Annotator' was expected, and {text[:40]!r} came.", row=1
            )
        if found:
            section = found.group(1)
        elif text.lower().startswith("configuration file"):
            section = "configuration"
        elif not text or not text.strip("-") or not section:
            continue
        elif section == "configuration":
            listed.append(text.rsplit(None, 1)[0])
        else:
            ranges.append(_range(path, line, section, text, listed))
    if not ranges:
        raise FormatError(path, "has no labelled ranges: a section 'S1:' with rows was expected.")
    return listed, ranges


def _range(path: Path, line: int, stream: str, text: str, listed: list[str]) -> _Range:
    parts = text.split(None, 2)
    if len(parts) != 3:
        raise FormatError(path, f"'start end behaviour' was expected, and {text!r} came.", row=line)
    start = frame_number(parts[0], "start", path, line)
    end = frame_number(parts[1], "end", path, line)
    if start < 1:
        raise FormatError(path, f"frames are counted from 1, and {start} came.", row=line)
    if end < start:
        raise FormatError(path, f"the range ends at {end}, before its start {start}.", row=line)
    if parts[2] not in listed:
        raise FormatError(
            path,
            f"the behaviour {parts[2]!r} is not among those of the file, {listed}.",
            row=line,
            mend="Correct it, or add it below 'Configuration file:'.",
        )
    return _Range(stream, start - 1, end, parts[2])


FORMAT = LabelFormat("caltech", (".txt",), sniff, read)
