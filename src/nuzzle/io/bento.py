"""BENTO and MARS, ``.annot``: bouts in parallel channels.

A header names the movies, the stimulus, the first and last annotated frame and the frame rate,
and lists the channels and the behaviours. Then, for each channel, ``Ch1----------`` and for each
behaviour ``>attack``, ``Start Stop Duration`` and a row a bout.

Frames are counted from 1, and both ends belong to the bout. Newer versions write seconds, which
are those frames divided by the frame rate; as BENTO does, a decimal point below the first channel
tells them apart (Segalin et al. 2021, "The Mouse Action Recognition System (MARS)", eLife 10).

What was looked for, from the first annotated frame to the last: of the listed behaviours those
that a channel uses, and those that none uses (see `nuzzle.io.label_assembly.names_by_stream`).
Channels that are pairs, ``mouse1_to_mouse2``, were coded for the same behaviours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from nuzzle.errors import FormatError, InputError, count
from nuzzle.files import write_text
from nuzzle.io.cast import Cast
from nuzzle.io.label_assembly import assemble, frames_looked_at, names_by_stream
from nuzzle.io.label_text import (
    SECONDS_TO_POSES,
    frame_number,
    needed_fps,
    number,
    other_rate,
    read_text,
    text_head,
)
from nuzzle.io.registry import LabelFormat, LabelOptions
from nuzzle.labels import SPAN_COLUMNS, Labels, Pair, span_row

_TITLE = "bento annotation file"
_CHANNEL = re.compile(r"(.+?)-{5,}\s*$")
_WRITTEN = [*SPAN_COLUMNS, "stream"]
_TO = "_to_"


class _Bout(NamedTuple):
    line: int
    channel: str
    behaviour: str
    start: str
    stop: str


@dataclass
class _File:
    """An ``.annot`` as it stands: nothing converted."""

    path: Path
    header: dict[str, tuple[int, str]] = field(default_factory=dict)
    channels: list[str] = field(default_factory=list)
    behaviours: list[str] = field(default_factory=list)
    bouts: list[_Bout] = field(default_factory=list)

    @property
    def fps(self) -> float | None:
        line, text = self.header.get("annotation framerate", (0, ""))
        return number(text, "framerate", self.path, line) or None if text else None

    @property
    def in_seconds(self) -> bool:
        return any("." in bout.start + bout.stop for bout in self.bouts)

    def edge(self, which: str, fps: float | None) -> int | None:
        """The first (``start``) or last (``stop``) annotated frame, from 1, if it is given."""
        for unit in ("frame", "time"):
            line, text = self.header.get(f"annotation {which} {unit}", (0, ""))
            if not text:
                continue
            value = number(text, f"annotation {which} {unit}", self.path, line)
            if unit == "frame" and value.is_integer():
                return int(value)
            if not fps:
                return None
            return self.first(value, fps) if which == "start" else round(value * fps)
        return None

    def first(self, seconds: float, fps: float) -> int:
        """The first frame of what begins with the file's frame that ends at so many seconds."""
        return round((seconds - 1 / (self.fps or fps)) * fps) + 1

    def notes(self, fps: float | None) -> list[str]:
        """On a frame rate that is not that of the poses."""
        done = (
            SECONDS_TO_POSES
            if self.in_seconds
            else "frames were taken as frames of the poses. If they are others, have BENTO write "
            "seconds, or mend the header's or the manifest's frame rate"
        )
        return other_rate(self.fps, fps, done)


def sniff(path: Path) -> bool:
    """Whether the first line is BENTO's title."""
    return text_head(path, 256).lstrip().lower().startswith(_TITLE)


def read(path: Path, options: LabelOptions) -> Labels:
    """Labels of an ``.annot``.

    Args:
        path: the file.
        options: `stream` chooses a channel, `background` is often ``other``. A channel called
            ``mouse1_to_mouse2`` carries the labels of that pair.

    Raises:
        FormatError: names the line that is no bout, or whose stop is before its start; or the
            animal of a channel that is not among those of the poses.
    """
    file = _parse(path)
    fps = needed_fps(path, options, file.fps) if file.in_seconds else options.fps or file.fps
    cast = Cast(path, options)
    used: dict[str, set[str]] = {channel: set() for channel in file.channels}
    for bout in file.bouts:
        used.setdefault(bout.channel, set()).add(bout.behaviour)
    named = {channel: _pair(cast, channel) for channel in used}
    bouts, early, end = [], 0, file.edge("stop", fps) or 0
    for bout in file.bouts:
        first, last = _frames(file, bout, fps or 1.0)
        early += first < 1
        start, stop = max(first, 1) - 1, max(last, 1)
        end = max(end, stop)
        pair = named[bout.channel] or cast.pair("", "", bout.line, bout.behaviour)
        pair = cast.checked(pair, bout.behaviour, bout.line)
        unsaid = not (named[bout.channel] or cast.says_who_acts())
        more = {"stream": bout.channel, "unsaid": unsaid}
        bouts.append(span_row(pair, bout.behaviour, start, stop, **more))
    begin = max(0, (file.edge("start", fps) or 1) - 1)
    listed = list(dict.fromkeys([*file.behaviours, *(bout.behaviour for bout in file.bouts)]))
    observed = [
        span_row(_watched(cast, named[channel], name), name, begin, end, stream=channel)
        for channel, names in _looked_for(listed, used, named).items()
        for name in names
        if end > begin
    ]
    notes = file.notes(options.fps)
    notes += [f"{count(early, 'bout')} began before frame 1, moved to begin there"] if early else []
    labels = assemble(path, bouts, observed, options, end=end, notes=notes)
    return replace(labels, fps=fps if file.in_seconds or file.fps else None)


def _pair(cast: Cast, channel: str) -> Pair | None:
    """Who acts on whom, where a channel says so; split where both are known, or at least one."""
    parts = channel.split(_TO)
    splits = [(_TO.join(parts[:i]), _TO.join(parts[i:])) for i in range(len(parts) - 1, 0, -1)]
    splits = [names for names in splits if all(names)]
    if not splits:
        return None
    known = {*cast.options.individuals, *cast.options.rename_individuals, "self"}
    return cast.pair(*max(splits, key=lambda names: sum(name in known for name in names)))


def _watched(cast: Cast, named: Pair | None, behaviour: str) -> Pair:
    """In whom a behaviour was looked for, in a channel of a named pair or of none."""
    if named is None:
        return cast.default(behaviour)
    return Pair(named.agent, named.agent) if cast.is_own(behaviour) else named


def _looked_for(
    listed: Iterable[str], used: Mapping[str, set[str]], named: Mapping[str, Pair | None]
) -> dict[str, list[str]]:
    """Which behaviours each channel was coded for.

    Pairs of two animals for what any of them shows, animals by themselves likewise. What nobody
    shows was looked for between animals, unless there are only animals by themselves.
    """
    alone = {channel for channel, pair in named.items() if pair and pair.agent == pair.target}
    between = {channel for channel, pair in named.items() if pair} - alone
    shared = {**used}
    for kind in (alone, between):
        shared |= dict.fromkeys(kind, set[str]().union(*(used[channel] for channel in kind)))
    found = names_by_stream(listed, shared)
    if len(alone) < len(used):
        found |= {one: [name for name in found[one] if name in shared[one]] for one in alone}
    return found


def _frames(file: _File, bout: _Bout, fps: float) -> tuple[int, int]:
    """First and last frame of a bout, from 1."""
    if file.in_seconds:
        first = file.first(number(bout.start, "start", file.path, bout.line), fps)
        last = round(number(bout.stop, "stop", file.path, bout.line) * fps)
    else:
        first = frame_number(bout.start, "start", file.path, bout.line)
        last = frame_number(bout.stop, "stop", file.path, bout.line)
    if last < first:
        raise FormatError(
            file.path, f"stops at {bout.stop}, before its start {bout.start}.", row=bout.line
        )
    return first, last


def _parse(path: Path) -> _File:
    file, section, channel, behaviour = _File(path), "", "", ""
    for line, raw in enumerate(read_text(path).splitlines(), start=1):
        text = raw.strip()
        if line == 1 and not text.lower().startswith(_TITLE):
            raise FormatError(
                path, f"'Bento annotation file' was expected, not {text[:40]!r}.", row=1
            )
        heading = _CHANNEL.fullmatch(text)
        if not text:
            section = "" if section in ("channels", "behaviours") else section
        elif heading:
            section, channel, behaviour = "bouts", heading.group(1), ""
            file.channels += [channel] if channel not in file.channels else []
        elif section == "bouts":
            if text.startswith(">"):
                behaviour = text[1:].strip()
            elif not text.lower().startswith("start"):
                file.bouts.append(_bout(path, line, channel, behaviour, text))
        elif text.lower().startswith("list of "):
            section = "channels" if "channels" in text.lower() else "behaviours"
        elif section in ("channels", "behaviours"):
            getattr(file, section).append(text)
        elif ":" in text:
            key, value = text.split(":", 1)
            file.header[key.strip().lower()] = (line, value.strip())
    if not file.channels:
        raise FormatError(path, "has no channels: a line such as 'Ch1----------' was expected.")
    return file


def _bout(path: Path, line: int, channel: str, behaviour: str, text: str) -> _Bout:
    parts = text.split()
    if len(parts) < 2 or not behaviour:
        raise FormatError(
            path,
            f"below '>behaviour', a row 'start stop duration' was expected, and {text!r} came.",
            row=line,
        )
    return _Bout(line, channel, behaviour, parts[0], parts[1])


def write(labels: Labels, path: Path, fps: float) -> Path:
    """Write an ``.annot`` in frames, which every version of BENTO and MARS reads.

    Labels go into a channel a pair, ``mouse1_to_mouse2``; labels of one pair with streams into
    channels called after those. The format holds neither the background, annotators, sources
    and points, nor whom streams are of, nor what was looked for in some pairs only.

    Args:
        labels: to write.
        path: of the new file.
        fps: frames per second of the recording.

    Raises:
        InputError: not everything was looked for in one and the same span of frames.
    """
    first, last = _annotated(labels, path)
    channels = _channels(labels)
    names = sorted({*labels.behaviours, *labels.bouts["behaviour"]})
    lines = [
        "Bento annotation file",
        "Movie file(s):",
        "",
        "Stimulus name:",
        f"Annotation start frame: {first}",
        f"Annotation stop frame: {last}",
        f"Annotation framerate: {fps:f}",
        "",
        "List of channels:",
        *channels,
        "",
        "List of annotations:",
        *names,
        "",
    ]
    for channel, bouts in channels.items():
        lines += [f"{channel}----------", *_blocks(bouts)]
    return write_text(path, "\n".join(lines) + "\n")


def _annotated(labels: Labels, path: Path) -> tuple[int, int]:
    """The first and the last observed frame, from 1."""
    span = frames_looked_at(labels)
    if span is None or (labels.bouts["stop_frame"] > span[1]).any():
        raise InputError(
            f"{path}: one span of frames was expected, in which everything was looked for and "
            "after which there are no bouts. BENTO's layout cannot say more, and other frames "
            "would count as observed. Write the plain bout csv instead."
        )
    return span[0] + 1, span[1]


def _channels(labels: Labels) -> dict[str, list[tuple[str, int, int]]]:
    """Behaviour, start and stop of the bouts of each channel."""
    bouts = labels.bouts
    pairs = {*labels.pairs, *bouts[["agent", "target"]].itertuples(index=False, name=None)}
    streams = len(pairs) == 1 and (bouts["stream"] != "").any()
    channels: dict[str, list[tuple[str, int, int]]] = {}
    if not streams:
        channels = {_TO.join(pair): [] for pair in labels.pairs}
    for agent, target, behaviour, start, stop, stream in bouts[_WRITTEN].to_numpy():
        name = stream if streams and stream else f"{agent}{_TO}{target}"
        channels.setdefault(name, []).append((behaviour, start, stop))
    return channels or {"Ch1": []}


def _blocks(bouts: list[tuple[str, int, int]]) -> Iterator[str]:
    for name in dict.fromkeys(behaviour for behaviour, _, _ in bouts):
        yield f">{name}"
        yield "Start\tStop\tDuration"
        for behaviour, start, stop in bouts:
            if behaviour == name:
                yield f"{start + 1}\t{stop}\t{stop - start}"
        yield ""


FORMAT = LabelFormat("bento", (".annot",), sniff, read, write)
