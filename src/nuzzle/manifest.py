"""The manifest: a csv that says which pose file belongs to which labels, and how to read them.

People edit it in a spreadsheet; `nuzzle init` writes a first one. Only `recording` and `poses`
must be there; an empty cell means "not said". Paths are relative to the manifest's folder.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from nuzzle.cells import PARSERS, cell_text, column_name, read_rows
from nuzzle.errors import LeakageError, ManifestError, nearest
from nuzzle.files import (
    decoded,
    delimiter_of,
    existing_file,
    head,
    misread,
    refuse_foreign,
    write_text,
)


@dataclass(frozen=True)
class Entry:
    """One row: a recording, its files, and what its files do not say themselves.

    Attributes:
        recording: unique name.
        poses: pose file.
        labels: label file, if any. May be the pose file where that holds both.
        item: which sequence of a pose or label file that holds many.
        fps: frames per second, where the files do not say or are wrong.
        px_per_cm: pixels in a centimetre, where the files do not say.
        lab: who recorded it.
        group: animal or session; `recording` by default.
        split: ``train``, ``val``, ``test`` or another word; empty for none.
        start_frame: first frame to use.
        stop_frame: frame after the last to use.
        label_delay_s: how much later labels come than what the poses show, s; they are moved
            earlier by it. Negative where they come too early.
        stream: which of several parallel label streams.
        background: the label that means "none of the others".
        not_observed: labels that mean "nobody looked"; ``STREAM:label`` names another stream's.
        looked_for: behaviours that were looked for, seen or not, where the labels name only what
            was seen; ``self:groom`` is directed at oneself, in labels that name no target too.
        directed: whether agent and target mean something in the labels.
        agent: who acts, where the labels do not say.
        target: who is acted upon, where the labels do not say; ``self`` is the agent itself.
        individuals: what the animals are called: ``old=new``, separated by ``;``. An old name is
            looked for in the poses and in the labels, and called by the new name in either. So
            ``resident=individual1`` says which tracked animal the labels' resident is, and
            ``individual1=resident`` renames the tracked animal itself. In the end every new name
            is an animal of the poses.
        keypoints: what the keypoints are called: ``old=new``, separated by ``;``. Spellings of the
            shared vocabulary (``leftear``, ``LEFT_EAR``: ``ear_left``) need no mention.
            ``a+b=new`` makes a new one, the mean of others by the names in the file.
        behaviours: what the behaviours are called: ``old=new``; several may share one new name.
        pose_format: name of the reader, where it cannot be told from the file.
        label_format: name of the reader, where it cannot be told from the file.
    """

    recording: str
    poses: Path
    labels: Path | None = None
    item: str = ""
    fps: float | None = None
    px_per_cm: float | None = None
    lab: str = ""
    group: str = ""
    split: str = ""
    start_frame: int | None = None
    stop_frame: int | None = None
    label_delay_s: float | None = None
    stream: str = ""
    background: str = ""
    not_observed: tuple[str, ...] = ()
    looked_for: tuple[str, ...] = ()
    directed: bool = True
    agent: str = ""
    target: str = ""
    individuals: Mapping[str, str] = field(default_factory=dict)
    keypoints: Mapping[str, str] = field(default_factory=dict)
    behaviours: Mapping[str, str] = field(default_factory=dict)
    pose_format: str = ""
    label_format: str = ""

    @property
    def leak_group(self) -> str:
        """What must stay on one side of a split."""
        return self.group or self.recording


@dataclass(frozen=True)
class Manifest:
    """An ordered set of entries.

    Attributes:
        entries: one a recording.
        path: the csv it was read from, if any.
    """

    entries: tuple[Entry, ...]
    path: Path | None = None

    def __post_init__(self) -> None:
        counts = Counter(entry.recording for entry in self.entries)
        doubled = [name for name, count in counts.items() if count > 1]
        if doubled:
            raise ManifestError(
                f"manifest {self.path or ''}".strip(),
                [f"the recording {name!r} has {counts[name]} rows" for name in doubled],
            )

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    @property
    def splits(self) -> dict[str, int]:
        """How many recordings each split has."""
        return dict(Counter(entry.split for entry in self.entries))

    def select(self, split: str) -> Manifest:
        """The entries of one split.

        Raises:
            ManifestError: there are none.
        """
        chosen = tuple(entry for entry in self.entries if entry.split == split)
        if not chosen:
            raise ManifestError(
                f"manifest {self.path or ''}".strip(),
                [
                    f"no recording has the split {split!r}; the column split holds {self._held()}. "
                    "Fill it, one split for each animal or session. `nuzzle init` does: "
                    "--val-fraction 0.2 draws recordings, --train-frames 0.6 divides each by time"
                ],
            )
        return Manifest(chosen, self.path)

    def _held(self) -> str:
        counts = self.splits.items()
        return ", ".join(f"{repr(name) if name else 'nothing'} ({n})" for name, n in counts)

    def check_leakage(
        self, train: str = "train", held_out: Sequence[str] = ("val", "test")
    ) -> None:
        """Refuse a split that has one group, or the same frames, on both sides.

        A group may be where different frames of one video are on both sides: whoever divided the
        video accepts that its animals are.

        Raises:
            LeakageError: names the groups or files at fault.
        """
        inside = [entry for entry in self.entries if entry.split == train]
        outside = [entry for entry in self.entries if entry.split in held_out]
        parts = {*self.other_parts({entry.recording for entry in inside})}
        apart = {entry.leak_group for entry in outside if entry.recording not in parts}
        shared = apart & {entry.leak_group for entry in inside}
        problems = [f"the group {name!r} is in {train!r} and held out" for name in sorted(shared)]
        problems += _shared_frames((*inside, *outside), lambda entry: entry.split == train)
        _refuse(problems, "Give each animal or session its own group, and each group one split.")

    def with_groups(self) -> Manifest:
        """The same, but rows that name no group have that of others of the same poses.

        These are parts of a video, or what several annotators say of it. Where none names a group,
        they share one.

        Raises:
            LeakageError: rows with the same frames name different groups.
        """
        rows = _by_source(self.entries)
        entries = []
        for entry in self.entries:
            same = rows[_source(entry)]
            shares = len(same) > 1 and not entry.group
            group = next((each.group for each in same if each.group), same[0].recording)
            entries.append(replace(entry, group=group) if shares else entry)
        together = Manifest(tuple(entries), self.path)
        together.check_apart("group")
        return together

    def other_parts(self, names: Collection[str]) -> list[str]:
        """The recordings of other frames of the same videos as those of these names."""
        return [
            entry.recording
            for same in _by_source(self.entries).values()
            if (named := [each for each in same if each.recording in names])
            for entry in same
            if not any(_overlap(entry, each) for each in named)
        ]

    def check_apart(self, by: Literal["group", "recording", "lab"]) -> None:
        """Refuse to divide the rows by a column that sets the same frames apart.

        Raises:
            LeakageError: names the rows.
        """
        problems = _shared_frames(
            self.entries, lambda entry: entry.leak_group if by == "group" else getattr(entry, by)
        )
        _refuse(problems, "Give rows of the same frames one group, and divide them by group.")

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the csv, with paths relative to it; columns that nobody filled are left out.

        Raises:
            ManifestError: a name cannot be written, as it holds what separates names.
            OutputError: `path` exists and `overwrite` is false, or it is no manifest.
        """
        path = Path(path)
        refuse_foreign(path, "manifest", looks_like_manifest)
        rows = [_to_row(entry, path.parent) for entry in self.entries]
        names = [field.name for field in fields(Entry)]
        core = {"recording", "poses", "labels", "fps", "px_per_cm", "lab", "group", "split"}
        used = [name for name in names if name in core or any(row[name] for row in rows)]
        text = io.StringIO()
        writer = csv.DictWriter(text, used, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return write_text(path, text.getvalue(), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Manifest:
        """Read a manifest.

        Raises:
            ManifestError: lists every row that cannot be used: unknown columns, numbers that are
                none, files that are gone.
        """
        path = existing_file(path, "manifest")
        columns, rows = read_rows(path)
        problems = [*_header_problems(columns)]
        entries = []
        for line, cells, surplus in rows if not problems else ():
            entry, trouble = _from_row(cells, path.parent)
            if surplus:
                trouble.append(f"more cells than the header has columns: {surplus}")
            problems += [f"line {line}: {problem}" for problem in trouble]
            if entry is not None:
                entries.append(entry)
        if not problems and not entries:
            problems.append("it has no rows")
        if problems:
            raise ManifestError(f"manifest {path}", problems)
        return cls(tuple(entries), path)


def looks_like_manifest(path: Path, columns: Collection[str] = ("recording", "poses")) -> bool:
    """Whether a file has these columns; by default the two that every manifest has."""
    if path.suffix.lower() not in (".csv", ".tsv"):
        return False
    start = head(path, 16_384)
    # What turns out to be no text further on is told by whoever reads it whole.
    text = decoded(start, whole=False) or start.decode("utf-8-sig", errors="replace")
    line = next((line for line in text.splitlines() if not line.startswith("#")), "")
    header = next(csv.reader([line], delimiter=delimiter_of(line)), [])
    return {*columns} <= {*map(column_name, header)}


def _header_problems(columns: Sequence[str]) -> Iterator[str]:
    """What is wrong with a header, whose names are those of `column_name`."""
    if columns and columns[0].startswith("#"):
        yield "its first line is a comment, where the names of the columns stand; remove it"
        return
    # Behaviours and keypoints are no slips: `rearing`, `nose`.
    if not any(nearest(name, ("recording", "poses"), cutoff=0.77) for name in columns):
        yield (
            "it has neither a column 'recording' nor a column 'poses', so it is no manifest; "
            "`nuzzle init` makes one from pose and label files"
        )
        return
    known = [field.name for field in fields(Entry)]
    for name in ("recording", "poses"):
        if name not in columns:
            yield f"there is no column {name!r} in the header {[*columns]}"
    for name, number in Counter(filter(None, columns)).items():
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near!r}? The" if near else "the"
            yield (
                f"unknown column {name!r}; {hint} columns are {sorted(known)}. Columns of your own "
                "(treatment, sex) belong into another table, beside the recording's name"
            )
        elif number > 1:
            yield f"the header has the column {name!r} {number} times; keep one of them"


def _source(entry: Entry) -> tuple[Path, str]:
    """Which sequence of which file, however its path is spelled."""
    return entry.poses.resolve(), entry.item


def _by_source(entries: Iterable[Entry]) -> dict[tuple[Path, str], list[Entry]]:
    """The rows of each sequence of poses."""
    rows: dict[tuple[Path, str], list[Entry]] = {}
    for entry in entries:
        rows.setdefault(_source(entry), []).append(entry)
    return rows


def _shared_frames(entries: Sequence[Entry], side: Callable[[Entry], object]) -> list[str]:
    """The rows on different sides that have frames in common, in words."""
    return [
        f"{one.recording!r} and {other.recording!r} share frames of {one.poses}"
        for same in _by_source(entries).values()
        for one, other in combinations(same, 2)
        if side(one) != side(other) and _overlap(one, other)
    ]


def _refuse(problems: Sequence[str], mend: str) -> None:
    if problems:
        more = [f"and {len(problems) - 10} more"] if len(problems) > 10 else []
        listed = "".join(f"\n  - {problem}" for problem in (*problems[:10], *more))
        raise LeakageError(
            f"training and evaluation must not share animals or frames:{listed}\n{mend}"
        )


def _overlap(one: Entry, other: Entry) -> bool:
    start = max(one.start_frame or 0, other.start_frame or 0)
    stop = min(
        one.stop_frame if one.stop_frame is not None else math.inf,
        other.stop_frame if other.stop_frame is not None else math.inf,
    )
    return start < stop


def _relative(path: Path, folder: Path) -> str:
    """A link stays itself: what it leads to may have another name, in another tree."""
    place = path.parent.resolve() / path.name
    try:
        return Path(os.path.relpath(place, folder.resolve())).as_posix()
    except ValueError:  # it is on another drive of Windows
        return place.as_posix()


def _to_row(entry: Entry, folder: Path) -> dict[str, str]:
    row: dict[str, str] = {}
    for column in fields(Entry):
        value = getattr(entry, column.name)
        try:
            text = _relative(value, folder) if isinstance(value, Path) else cell_text(value)
        except ValueError as error:
            problem = f"{column.name}: {error}."
            raise ManifestError(f"recording {entry.recording!r}", [problem]) from error
        row[column.name] = text
    return row


def _from_row(cells: Mapping[str, str], folder: Path) -> tuple[Entry | None, list[str]]:
    problems = []
    values: dict[str, Any] = {}
    for name, text in cells.items():
        if not text:
            continue
        if name in ("poses", "labels"):
            places = [folder / text, folder / text.replace("\\", "/")]  # as Windows writes it
            # Path.is_file raises an error for a name that is too long.
            found = [place for place in places if os.path.isfile(place)]  # noqa: PTH113
            values[name] = (found or places)[0]
            if not found:
                why = misread(text, folder)
                problems.append(f"there is no {name} file at {values[name]}{why}")
            continue
        try:
            values[name] = PARSERS[name](text) if name in PARSERS else text
        except ValueError as error:
            problems.append(f"{name}: {error}")
    problems += [f"{name} is empty" for name in ("recording", "poses") if name not in values]
    start, stop = values.get("start_frame", 0), values.get("stop_frame", math.inf)
    if start >= stop:
        problems.append(f"stop_frame {stop} is not after start_frame {start}")
    return (None if problems else Entry(**values)), problems
