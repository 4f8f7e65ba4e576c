"""Which label file belongs to which pose file, told by their names.

A tracker calls the poses of ``10.mp4`` ``10DLC_dlcrnetms5_shuffle1_5000.csv``; whoever labelled it
wrote ``10_annot.txt``. What the two share is ``10``: the longest common beginning that cuts no
number and no word, so that ``1_annot.txt`` is no match.
"""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from nuzzle.cells import composed
from nuzzle.errors import InputError, ManifestError, count, listed
from nuzzle.files import several
from nuzzle.io.beginnings import SEPARATORS, Beginnings, common_beginning
from nuzzle.io.formats import POSE_FORMATS

#: Observations may be called as their video.
_VIDEO = re.compile(r"\.(avi|m4v|mkv|mov|mp4|mpe?g|mts|webm|wmv)$", re.IGNORECASE)
_TRACKER_TAIL = re.compile(r"DLC_|\.analysis$|\.predictions$|_pose_est_v\d+$")


class Match(NamedTuple):
    """A recording's name and its files."""

    recording: str
    poses: Path
    labels: Path | None
    item: str = ""


class _Part(NamedTuple):
    """A label file, or one of several recordings in it."""

    path: Path
    item: str = ""

    @property
    def name(self) -> str:
        return f"{self.item!r} in {self.path.name}" if self.item else self.path.name


_Named = TypeVar("_Named", Path, _Part)


def expand(patterns: str | Path | Iterable[str | Path], what: str = "file") -> tuple[Path, ...]:
    """The files that the patterns name (``*``, ``?``, ``[...]``, ``**``), each once.

    Brackets stand for themselves where nothing matches otherwise, and a folder or file is so named.

    Args:
        patterns: paths or patterns, or one.
        what: the files are, for the message.

    Returns:
        Paths in natural order: ``2.csv`` before ``10.csv``.

    Raises:
        InputError: a pattern is empty or names no file.
    """
    found: dict[str, Path] = {}
    for pattern in map(str, several(patterns)):
        if not pattern:
            raise InputError(f"The name of a {what} is empty. Is a shell variable not set?")
        exact = Path(pattern)
        # Path.glob refuses absolute patterns.
        expanded = glob.glob(pattern, recursive=True) or _as_it_stands(pattern)  # noqa: PTH207
        names = [exact] if exact.exists() else [Path(name) for name in expanded]
        files = [path for path in names if path.is_file()]
        if not files:
            if exact.is_dir():
                raise InputError(
                    f"{pattern} is a folder. Say which of its files are {what}s: '{pattern}/*.csv'."
                )
            raise InputError(
                f"No {what} matches {pattern!r}. Check the folder, and quote the pattern "
                "if it has a * in it."
            )
        found |= {os.path.abspath(path): path for path in files}  # noqa: PTH100
    return tuple(sorted(found.values(), key=_natural))


def _as_it_stands(pattern: str) -> list[str]:
    """What a pattern names where ``[`` is no wildcard in those parts of it that exist so."""
    found, place = [], ""
    for part in Path(pattern).parts if "[" in pattern else ():
        literal = os.path.join(place, part.replace("[", "[[]"))  # noqa: PTH118
        literally = glob.glob(literal, recursive=True)  # noqa: PTH207
        place = literal if literally else os.path.join(place, part)  # noqa: PTH118
        found = literally or glob.glob(place, recursive=True)  # noqa: PTH207
        if not found:
            break
    return found


def refuse_twins(poses: Iterable[Path], shown: str = "{}") -> None:
    """Refuse pose files of one folder that differ in nothing but their ending.

    Args:
        poses: pose files; what cannot be one by its ending is told by whoever reads it.
        shown: how the command takes a pattern, for the message.

    Raises:
        InputError: two are probably one recording, stored twice, such as DeepLabCut's csv and h5.
    """
    endings = tuple(suffix for each in POSE_FORMATS for suffix in each.suffixes)
    alike: dict[Path, list[Path]] = {}
    for path in poses:
        if path.name.lower().endswith(endings):
            alike.setdefault(path.with_suffix(""), []).append(path)
    if several_of := [files for files in alike.values() if len(files) > 1]:
        first = several_of[0]
        more = f" (and so {len(several_of) - 1:,} more)" if len(several_of) > 1 else ""
        pattern = shown.format(first[0].with_name(f"*{first[0].suffix}"))
        raise InputError(
            f"{' and '.join(map(str, first))} seem to be the same recording{more}; name one of "
            f"them: {pattern}"
        )


def _natural(path: Path) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d+)", path.as_posix())
    ]


def match_files(
    poses: Sequence[Path],
    labels: Sequence[Path],
    *,
    allow_unlabelled: bool = False,
    items: Mapping[Path, Sequence[str]] | None = None,
) -> tuple[Match, ...]:
    """Pair pose files with label files by name; each is the other's only best match.

    Files of equal names in different folders are told apart by their folder's name. Of a label file
    that holds several recordings, these are matched by their own names, and some may be left over;
    where none matches, the file is by its own name, and which of them it is stays open.

    Args:
        poses: pose files.
        labels: label files.
        allow_unlabelled: whether a pose file without labels is a recording too.
        items: by label file, the names of the recordings in it, where there are several.

    Raises:
        ManifestError: lists the files that have no match, or more than one.
        InputError: two pose files seem to be the same recording.
    """
    refuse_twins(poses, "--poses '{}'")
    both = sorted(set(poses) & set(labels))
    if both:
        raise ManifestError(
            "matching files by name",
            [
                f"{path} is among the poses and among the labels; choose patterns that tell "
                "them apart"
                for path in both
            ],
        )
    pose_stems, items = _stems(poses), items or {}
    inside = _told_by_names_inside(pose_stems, labels, items)
    label_stems = _label_stems(labels, inside)
    ours, theirs, pairs = _paired(pose_stems, label_stems)
    lonely = [] if allow_unlabelled else _unmatched("pose", ours, set(pairs))
    done = {part for part in theirs if part.path in inside or part in pairs.values()}
    problems = lonely + _unmatched("label", theirs, done)
    problems += _without_any(inside, {part.path for part in pairs.values()})
    if problems:
        keep = " To keep recordings without labels, pass --allow-unlabelled." if lonely else ""
        mend = _way_out(poses, labels, inside=bool(items)) + keep
        raise ManifestError("matching files by name", problems, mend=mend)
    return _named(poses, pairs, pose_stems, label_stems)


def _paired(
    pose_stems: Mapping[Path, str], label_stems: Mapping[_Part, str]
) -> tuple[dict[Path, list[_Part]], dict[_Part, list[Path]], dict[Path, _Part]]:
    """What fits each pose file best, what each label file or part, and whom both agree on.

    A recording in a label file that is called as a pose file, without what the tracker adds, goes
    before others whose names begin alike: ``cage1`` before ``cage1 second look``.
    """
    inside = {part: _plain(stem) for part, stem in label_stems.items() if part.item}
    bare = {
        pose: _plain(_TRACKER_TAIL.split(stem, maxsplit=1)[0]) for pose, stem in pose_stems.items()
    }
    labels, poses = Beginnings(label_stems), Beginnings(pose_stems)
    same, called = _by_name(inside), _by_name(bare)
    ours, theirs = {}, {}
    for pose, stem in pose_stems.items():
        alike = same.get(bare[pose], [])
        ours[pose] = alike if len(alike) == 1 else labels.best(stem)
    for part, stem in label_stems.items():
        fitting = called.get(inside.get(part), [])
        theirs[part] = fitting if len(fitting) == 1 else poses.best(stem)
    pairs = {
        pose: found[0]
        for pose, found in ours.items()
        if len(found) == 1 and theirs[found[0]] == [pose]
    }
    return ours, theirs, pairs


def _plain(stem: str) -> str:
    return _VIDEO.sub("", stem.rstrip(SEPARATORS)).casefold()


def _told_by_names_inside(
    pose_stems: Mapping[Path, str], labels: Sequence[Path], items: Mapping[Path, Sequence[str]]
) -> dict[Path, Sequence[str]]:
    """Those of `items` without the files that only their own names match with a pose file.

    Two annotators of one video may have one file, in which their names tell nothing of the poses.
    """
    pairs = _paired(pose_stems, _label_stems(labels, items))[2] if items else {}
    used = {part.path for part in pairs.values()}
    sure = {path: some for path, some in items.items() if path in used}
    if len(sure) == len(items):
        return sure
    pairs = _paired(pose_stems, _label_stems(labels, sure))[2]
    by_name = {part.path for part in pairs.values() if not part.item}
    return {path: some for path, some in items.items() if path not in by_name}


def _way_out(poses: Sequence[Path], labels: Sequence[Path], *, inside: bool) -> str:
    """What to do where names do not say which belong together.

    Args:
        poses: pose files.
        labels: label files.
        inside: whether a label file holds several recordings.
    """
    if len(poses) == len(labels) == 1 and not inside:
        called = f"{poses[0].stem}_{labels[0].name}"
        return (
            "If the two belong together, let both names begin alike: call the label file, or a "
            f"copy of it, {called}."
        )
    item = "item (which recording of the label file), " if inside else ""
    told = (
        "Narrow the patterns, rename files so that both begin alike, or say what belongs "
        f"together in a csv with the columns recording, poses, labels, {item}split: --splits CSV."
    )
    if inside or len(labels) <= len(poses):
        return told
    one = (
        "A recording has one label file: where several people labelled the same video, let "
        "--labels name only the file to learn from, and compare people with `nuzzle agreement`."
    )
    # Where no poses are left, a csv has already said what belongs together.
    return f"{told} {one}" if poses else one


def _stems(paths: Sequence[Path]) -> dict[Path, str]:
    """What to compare: the name without its ending, after the folder's where names repeat."""
    unique = len({path.stem for path in paths}) == len(paths)
    return {
        path: composed(path.stem if unique else f"{path.parent.name}/{path.stem}") for path in paths
    }


def _label_stems(labels: Sequence[Path], items: Mapping[Path, Sequence[str]]) -> dict[_Part, str]:
    """What to compare: names of files, or those of the recordings in a file that holds several.

    A recording without a name can be that of no pose file.
    """
    whole = _stems([path for path in labels if path not in items])
    inside = {
        _Part(path, item): composed(item)
        for path, some in items.items()
        for item in some
        if item.strip()
    }
    return {**{_Part(path): stem for path, stem in whole.items()}, **inside}


def told_matches(pairs: Mapping[Path, Path]) -> tuple[Match, ...]:
    """The recordings of pose and label files that are said to belong together."""
    stems = _stems([*pairs])
    return tuple(Match(stems[pose].replace("/", "_"), pose, label) for pose, label in pairs.items())


def _by_name(names: Mapping[_Named, str]) -> dict[str | None, list[_Named]]:
    found: dict[str | None, list[_Named]] = {}
    for each, name in names.items():
        found.setdefault(name, []).append(each)
    return found


def _unmatched(
    what: str, best: Mapping[_Named, Sequence[Path | _Part]], done: Collection[_Named]
) -> list[str]:
    other = "label" if what == "pose" else "pose"
    problems = []
    for path, candidates in best.items():
        if path in done:
            continue
        names = ", ".join(each.name for each in candidates[:3])
        if not names:
            why = "none has a name that begins like its own"
        elif len(candidates) > 1:
            why = f"{names} fit equally well"
        else:
            why = f"{names} fits another {what} file as well or better"
        file = path if isinstance(path, Path) else path.path
        problems.append(f"{file}: no {other} file matches it ({why})")
    return problems


def _without_any(items: Mapping[Path, Sequence[str]], used: Collection[Path]) -> list[str]:
    """The label files of which no recording has poses."""
    return [
        f"{path}: no pose file matches one of its {count(len(some), 'recording')} "
        f"({listed([*map(repr, some)], 3)})"
        for path, some in items.items()
        if path not in used
    ]


def recording_name(name: str) -> str:
    """A name as a recording has it: without blanks and signs.

    >>> recording_name("cage 1 (left)")
    'cage_1_left'
    """
    return re.sub(r"[^\w.-]+", "_", name).strip(SEPARATORS)


def name_of_poses(stem: str) -> str:
    """What a recording is called by its pose file alone, without what a tracker adds to its name.

    >>> name_of_poses("cage 1DLC_resnet50_studyshuffle1_100000"), name_of_poses("cage2.analysis")
    ('cage_1', 'cage2')
    """
    return recording_name(_TRACKER_TAIL.split(stem, maxsplit=1)[0]) or recording_name(stem)


def _named(
    poses: Sequence[Path],
    pairs: dict[Path, _Part],
    pose_stems: dict[Path, str],
    label_stems: dict[_Part, str],
) -> tuple[Match, ...]:
    """Name the recordings by what is shared; by the whole stem where that is not unique."""
    names = {}
    for pose in poses:
        if pose in pairs:
            name = common_beginning(pose_stems[pose], label_stems[pairs[pose]])
            names[pose] = recording_name(name) or recording_name(pose_stems[pose])
        else:
            names[pose] = name_of_poses(pose_stems[pose])
    counts = Counter(names.values())
    matches = []
    for pose in poses:
        name = names[pose] if counts[names[pose]] == 1 else recording_name(pose_stems[pose])
        part = pairs.get(pose)
        found = Match(name, pose, part.path, part.item) if part else Match(name, pose, None)
        matches.append(found)
    return tuple(matches)
