"""What the recordings of a manifest hold together, split by split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from nuzzle.copies import Seen
from nuzzle.errors import (
    FormatError,
    InputError,
    LeakageError,
    ManifestError,
    listed,
    together,
)
from nuzzle.io.behaviour_names import renaming_nothing, spelled_nearly_alike, unlike_in_case
from nuzzle.io.cast import OWN
from nuzzle.io.load import load_entry
from nuzzle.io.looked_for import misspelled
from nuzzle.labels import Labels, frames_inside
from nuzzle.manifest import Entry, Manifest
from nuzzle.progress import Say
from nuzzle.recording import Recording


def describe_manifest(manifest: Manifest, progress: Say | None = None) -> dict[str, Any]:
    """Read every recording and sum up; one that cannot be read is a problem, not the end.

    Args:
        manifest: the recordings.
        progress: called with the name of each recording before it is read.

    Returns:
        ``splits``: for each, ``recordings``, ``groups``, ``frames``, ``labelled``;
        ``behaviours``: for each that is seen anywhere, by split, ``bouts``, ``frames``,
        ``observed_frames``, ``recordings`` (in which it was looked for); ``fps``, ``keypoints``,
        ``individuals``: how many recordings have which; ``problems``; ``notes``.
    """
    splits: dict[str, Counter[str]] = defaultdict(Counter)
    groups: dict[str, set[str]] = defaultdict(set)
    behaviours: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    alike = {name: Counter[str]() for name in ("fps", "keypoints", "individuals")}
    said, rateless, files = list[tuple[str, str]](), list[tuple[str, str]](), []
    unread: list[tuple[Entry, InputError]] = []
    rows: dict[str, tuple[Entry, str]] = {}
    group_of, leaks = _groups(manifest)
    videos = Seen()
    for entry, recording in _read(manifest, progress, unread):
        groups[entry.split].add(group_of[entry.recording])
        videos.add(recording)
        rows[recording.name] = (entry, recording.group or group_of[entry.recording])
        _count(recording, splits[entry.split], alike)
        if recording.labels is not None:
            _count_labels(recording.labels, entry.split, behaviours)
            files.append((entry.recording, recording.labels))
            if recording.fps is None:
                rateless.append((entry.recording, _no_rate(recording.labels)))
        said += [(entry.recording, note) for note in recording.all_notes]
    seen = {name: of for name, of in sorted(behaviours.items()) if _shown(of)}
    leaking, doubled = _of_copies([rows[name] for name in names] for names in videos.together)
    notes, problems = together(said), _cannot_be_read(unread)
    (notes if seen else problems)[:0] = _never_seen(manifest, behaviours.keys() - seen.keys())
    problems += together(rateless) + leaks + leaking + _unknown_splits(manifest)
    problems += misspelled([labels.behaviours for _, labels in files], seen)
    partly = {entry.split for entry, _ in unread}
    problems += _absent(seen, [split for split in splits if split not in partly])
    problems += unlike_in_case(files)
    return {
        "recordings": len(manifest),
        "splits": {name: {"groups": len(groups[name]), **count} for name, count in splits.items()},
        "behaviours": {name: {s: dict(n) for s, n in of.items()} for name, of in seen.items()},
        **{name: dict(count) for name, count in alike.items()},
        "problems": problems,
        "notes": [*notes, *doubled, *spelled_nearly_alike(files), *renaming_nothing(files)],
    }


def _read(
    manifest: Manifest,
    progress: Say | None,
    unread: list[tuple[Entry, InputError]],
) -> Iterator[tuple[Entry, Recording]]:
    """Each row with its recording; one that cannot be read is added to `unread`, with the error."""
    for entry in manifest:
        if progress is not None:
            progress(entry.recording)
        try:
            yield entry, load_entry(entry)
        except InputError as error:
            unread.append((entry, error))


def _cannot_be_read(unread: Iterable[tuple[Entry, InputError]]) -> list[str]:
    """Why recordings cannot be read: once, where it is the same of several but for the place."""
    alike: dict[str, list[tuple[str, str, InputError]]] = {}
    for entry, error in unread:
        place, text = _place(error)
        alike.setdefault(text, []).append((entry.recording, place, error))
    return [
        str(some[0][2])
        if len(some) == 1
        else f"{listed([name for name, _, _ in some])}: {text}" + _first_of(some[0][1])
        for text, some in alike.items()
    ]


def _first_of(place: str) -> str:
    return f" The first is in {place}." if place else ""


def _place(error: InputError) -> tuple[str, str]:
    """Where in which file an error of a row is, if it is in one, and what it says beside."""
    text = "; ".join(error.problems) if isinstance(error, ManifestError) else str(error)
    cause = error.__cause__
    if not isinstance(cause, FormatError):
        return "", text
    place = f"{cause.path}" if cause.row is None else f"{cause.path}, line {cause.row}"
    return place, text.removeprefix(f"{place}: ")


def _no_rate(labels: Labels) -> str:
    """What is wrong with poses of which nobody says the frame rate, and what their labels say."""
    said = f"; the labels say {round(labels.fps, 2):g}" if labels.fps else ""
    return (
        f"the frame rate is unknown, and without it nothing can be learned{said}: fill the "
        "manifest's column fps"
    )


def _count(recording: Recording, split: Counter[str], alike: dict[str, Counter[str]]) -> None:
    split["recordings"] += 1
    split["frames"] += recording.n_frames
    split["labelled"] += recording.labels is not None
    alike["fps"]["unknown" if recording.fps is None else f"{recording.fps:g}"] += 1
    alike["keypoints"][" ".join(recording.keypoints)] += 1
    alike["individuals"][" ".join(recording.individuals)] += 1


def _count_labels(
    labels: Labels, split: str, behaviours: dict[str, dict[str, Counter[str]]]
) -> None:
    for name in labels.behaviours:
        count = behaviours[name][split]
        bouts = labels.bouts[labels.bouts["behaviour"] == name]
        observed = labels.observed[labels.observed["behaviour"] == name]
        count["recordings"] += 1
        count["bouts"] += len(bouts)
        count["frames"] += count_frames(bouts, labels.n_frames)
        count["observed_frames"] += count_frames(observed, labels.n_frames)


def count_frames(table: pd.DataFrame, n_frames: int) -> int:
    """Frames inside any of the intervals of a bout or span table, summed over pairs."""
    return sum(
        int(frames_inside(rows, n_frames).sum()) for _, rows in table.groupby(["agent", "target"])
    )


def _groups(manifest: Manifest) -> tuple[dict[str, str], list[str]]:
    """The group of each recording, and what is wrong with groups and splits."""
    problems = []
    try:
        together = manifest.with_groups()
    except LeakageError as error:
        problems, together = [str(error)], manifest
    try:
        manifest.check_leakage()
    except LeakageError as error:
        problems.append(str(error))
    return {entry.recording: entry.leak_group for entry in together}, problems


def _of_copies(
    alike: Iterable[Sequence[tuple[Entry, str]]],
) -> tuple[list[str], list[str]]:
    """What is wrong with, and what to know of, rows of several groups with the very same poses.

    Args:
        alike: rows with the same poses, each with its group.
    """
    problems, notes = [], []
    for rows in alike:
        if len({group for _, group in rows}) < 2:
            continue
        splits = dict.fromkeys(entry.split for entry, _ in rows)
        told = f"{listed([entry.recording for entry, _ in rows])} have the very same poses"
        if "train" in splits and not splits.keys().isdisjoint(("val", "test")):
            where = " and in ".join(name or "no split" for name in splits)
            problems.append(f"{told}, and are in {where}: leave the copies out")
        else:
            notes.append(f"{told}, and count as one group: leave the copies out")
    return problems, notes


def _never_seen(manifest: Manifest, names: Collection[str]) -> list[str]:
    """Sentences on behaviours that are seen in no recording, by where they are named."""
    column = {name.removeprefix(OWN) for entry in manifest for name in entry.looked_for}
    places = {  # label files name those of other streams, too
        "label files": sorted({*names} - column),
        "the manifest's column looked_for": sorted({*names} & column),
    }
    return [
        f"named in {place}, but seen in no recording, so left out: {', '.join(some)}"
        for place, some in places.items()
        if some
    ]


def _unknown_splits(manifest: Manifest) -> list[str]:
    """A sentence where training finds no recordings, and some have a split that it does not use."""
    lacking = [name for name in ("train", "val") if name not in manifest.splits]
    other = [name for name in manifest.splits if name not in ("", "train", "val", "test")]
    if not (lacking and other):
        return []
    return [
        f"no recording has the split {' or '.join(map(repr, lacking))}, which training needs; "
        f"it uses train, val and test, and leaves out {listed([*map(repr, other)])}"
    ]


def _shown(by_split: dict[str, Counter[str]]) -> bool:
    """Whether a behaviour is marked anywhere: label files name others as well."""
    return any(count["frames"] for count in by_split.values())


def _absent(behaviours: dict[str, dict[str, Counter[str]]], splits: list[str]) -> list[str]:
    """Behaviours that cannot be learned, or not be scored, because a split has none."""
    return [
        f"{name!r} is never seen in the split {split!r}"
        + ("" if by_split[split]["observed_frames"] else ", where nobody looked for it")
        for name, by_split in behaviours.items()
        for split in splits
        if split and not by_split[split]["frames"]
    ]
