"""What the recordings of a manifest hold together, split by split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from nuzzle.errors import InputError, LeakageError, listed, together
from nuzzle.io.behaviour_names import differing_in_case, renaming_nothing
from nuzzle.io.cast import OWN
from nuzzle.io.load import load_entry
from nuzzle.io.looked_for import misspelled
from nuzzle.labels import Labels, frames_inside
from nuzzle.manifest import Entry, Manifest
from nuzzle.recording import Recording


def describe_manifest(
    manifest: Manifest, progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
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
    problems, said, files = list[str](), list[tuple[str, str]](), []
    copies: dict[str, list[tuple[Entry, str]]] = defaultdict(list)
    group_of, leaks = _groups(manifest)
    for entry, recording in _read(manifest, progress, problems):
        groups[entry.split].add(group_of[entry.recording])
        copies[recording.fingerprint].append((entry, recording.group or group_of[entry.recording]))
        _count(recording, splits[entry.split], alike)
        if recording.labels is not None:
            _count_labels(recording.labels, entry.split, behaviours)
            files.append((entry.recording, recording.labels))
        said += [(entry.recording, note) for note in recording.all_notes]
    seen = {name: of for name, of in sorted(behaviours.items()) if _shown(of)}
    leaking, doubled = _of_copies(copies.values())
    notes = together(said)
    (notes if seen else problems)[:0] = _never_seen(manifest, behaviours.keys() - seen.keys())
    problems += leaks + leaking + _unknown_splits(manifest)
    problems += misspelled([labels.behaviours for _, labels in files], seen)
    problems += _absent(seen, list(splits)) + differing_in_case(files)
    return {
        "recordings": len(manifest),
        "splits": {name: {"groups": len(groups[name]), **count} for name, count in splits.items()},
        "behaviours": {name: {s: dict(n) for s, n in of.items()} for name, of in seen.items()},
        **{name: dict(count) for name, count in alike.items()},
        "problems": problems,
        "notes": [*notes, *doubled, *renaming_nothing(files)],
    }


def _read(
    manifest: Manifest, progress: Callable[[str], None] | None, problems: list[str]
) -> Iterator[tuple[Entry, Recording]]:
    """Each row with its recording; why one cannot be read is added to the problems."""
    for entry in manifest:
        if progress is not None:
            progress(entry.recording)
        try:
            yield entry, load_entry(entry)
        except InputError as error:
            problems.append(str(error))


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
