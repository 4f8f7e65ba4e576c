"""The formats that nuzzle reads: a name, a check, a reader; for labels also a writer.

A format is one module of this package that makes a `PoseFormat` or a `LabelFormat`. `formats`
lists the modules; nothing else needs to know them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import TypeVar

from nuzzle.errors import FormatError, InputError, count, listed
from nuzzle.files import head
from nuzzle.labels import Labels
from nuzzle.recording import Recording


@dataclass(frozen=True)
class PoseOptions:
    """What a pose file does not say itself.

    Attributes:
        name: of the recording; the file's stem by default.
        item: which sequence, in a file that holds many.
        fps: frames per second; overrides what the file says.
        allow_pickle: whether a file that runs code when it is read may be opened.
        labels: whether labels are wanted, too, where a pose file holds some.
    """

    name: str = ""
    item: str = ""
    fps: float | None = None
    allow_pickle: bool = False
    labels: bool = False


@dataclass(frozen=True)
class LabelOptions:
    """What a label file does not say itself.

    Attributes:
        n_frames: length of the recording; the end of the last label by default.
        fps: frames per second; needed for labels in seconds where the file does not say.
        individuals: the animals of the pose file, in order.
        agent: who acts, where the file does not say; the first individual by default.
        target: who is acted upon, where the file does not say; the other individual by default.
        directed: whether agent and target mean something.
        stream: which of several parallel streams; all by default.
        background: the label that means "none of the others".
        not_observed: labels that mean "nobody looked"; ``STREAM:label`` names another stream's.
        item: which sequence, in a file that holds many.
        rename_individuals: name in the labels -> name in the poses.
        own: behaviours, as the file calls them, that are directed at oneself where the file does
            not say at whom.
    """

    n_frames: int | None = None
    fps: float | None = None
    individuals: tuple[str, ...] = ()
    agent: str = ""
    target: str = ""
    directed: bool = True
    stream: str = ""
    background: str = ""
    not_observed: tuple[str, ...] = ()
    item: str = ""
    rename_individuals: Mapping[str, str] = field(default_factory=dict)
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class PoseFormat:
    """A way of storing poses.

    Attributes:
        name: for manifests and messages.
        suffixes: lower-case ends of file names.
        sniff: whether a file looks like it; reads little, raises nothing.
        read: one recording.
        items: names of the sequences in a file that holds many.
        refuse: raises an error for a file that is nearly of this format, and says what is amiss.
        group: the animal or session of a file, where something beside its poses says it.
    """

    name: str
    suffixes: tuple[str, ...]
    sniff: Callable[[Path], bool]
    read: Callable[[Path, PoseOptions], Recording]
    items: Callable[[Path], Iterator[str]] | None = None
    refuse: Callable[[Path], None] | None = None
    group: Callable[[Path], str] | None = None


@dataclass(frozen=True)
class LabelFormat:
    """A way of storing labels.

    Attributes:
        name: for manifests and messages.
        suffixes: lower-case ends of file names.
        sniff: whether a file looks like it; reads little, raises nothing.
        read: the labels of one recording.
        write: ``write(labels, path, fps)``, if we write it.
        refuse: raises an error for a file that is nearly of this format, and says what is amiss.
        items: names of the recordings in a file that may hold many.
    """

    name: str
    suffixes: tuple[str, ...]
    sniff: Callable[[Path], bool]
    read: Callable[[Path, LabelOptions], Labels]
    write: Callable[[Labels, Path, float], Path] | None = None
    refuse: Callable[[Path], None] | None = None
    items: Callable[[Path], Sequence[str]] | None = None


def first_bytes(path: Path, size: int) -> bytes:
    """The beginning of a file, for a check of its format; nothing where it cannot be read."""
    try:
        return head(path, size)
    except OSError:
        return b""


def choose(path: Path, what: str, names: Sequence[str], item: str, column: str = "item") -> str:
    """Which of several in a file is asked for; its only one where none is.

    Args:
        path: the file.
        what: it holds, in the singular.
        names: of what it holds.
        item: the name that is asked for, or ''.
        column: of the manifest, in which it is asked for.

    Raises:
        FormatError: it holds no such one, or several and none is asked for.
    """
    if item and item in names:
        return item
    if not item and len(names) == 1:
        return names[0]
    if not names:
        raise FormatError(path, f"holds no {what}; one was expected.")
    has = f"{count(len(names), what)}: {listed([*map(repr, names)])}"
    if item:
        raise FormatError(path, f"has no {what} {item!r}; it has {has}.")
    mend = f"Say which: the column {column} of the manifest"
    if column == "item":
        mend += (
            f", or --item {quote(names[0])} of `nuzzle inspect` and `nuzzle agreement` (there "
            "once for each file, in their order)"
        )
    raise FormatError(path, f"has {has}; one was expected.", mend=f"{mend}.")


AnyFormat = TypeVar("AnyFormat", PoseFormat, LabelFormat)

_PACKED = (".gz", ".zip", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz", ".zst")


def find_format(path: Path, formats: Sequence[AnyFormat], name: str = "") -> AnyFormat:
    """The format of a file: the one named, or the first whose check says yes.

    Raises:
        InputError: no such format is known.
        FormatError: the file looks like none of them, or nearly like one.
    """
    if name:
        for candidate in formats:
            if candidate.name == name:
                return candidate
        raise InputError(
            f"There is no format {name!r}; the formats are {[each.name for each in formats]}."
        )
    lowered = path.name.lower()
    for candidate in formats:
        if lowered.endswith(candidate.suffixes) and candidate.sniff(path):
            return candidate
    refuse_nearly(path, formats)
    what = "pose" if formats and isinstance(formats[0], PoseFormat) else "label"
    expected = ", ".join(f"{each.name} ({' '.join(each.suffixes)})" for each in formats)
    raise FormatError(
        path,
        f"does not look like a {what} file. Known: {expected}.",
        mend=f"If it is one of them, say which: in the manifest's column {what}_format, or with "
        "--format of `nuzzle inspect`"
        + (" and --pose-format of `nuzzle predict`." if what == "pose" else "."),
    )


def refuse_nearly(path: Path, formats: Sequence[PoseFormat] | Sequence[LabelFormat]) -> None:
    """Say what is amiss with a file that looks like none of these formats, and nearly like one.

    Raises:
        FormatError: it is nearly of one of them, or may be one when it is unpacked.
    """
    lowered = path.name.lower()
    if lowered.endswith(_PACKED):
        raise FormatError(
            path, f"is compressed ({path.suffix}).", mend="Unpack it, and name the file inside."
        )
    for each in formats:
        if each.refuse and lowered.endswith(each.suffixes):
            each.refuse(path)
