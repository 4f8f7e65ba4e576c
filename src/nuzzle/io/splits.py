"""Who is trained on: splits told by a csv, drawn by group, or made by time."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from nuzzle.cells import PARSERS, composed, read_rows
from nuzzle.errors import FormatError, InputError, ManifestError, count, listed
from nuzzle.files import existing_file
from nuzzle.io.match import recording_name
from nuzzle.io.pose_facts import KnownPoses
from nuzzle.manifest import Manifest

#: Share of the groups of a data set that are validated on, where nothing else is said.
DEFAULT_VAL_FRACTION = 0.2


@dataclass(frozen=True)
class Splitting:
    """How recordings are split; at most one way is chosen.

    Attributes:
        table: csv with names and splits (`read_assignments`).
        val_fraction: share of the groups to validate on.
        test_fraction: share of the groups to test on.
        train_frames: share of each recording's frames to train on; the rest is for validation.
        seed: of the draw of groups.
    """

    table: Path | None = None
    val_fraction: float | None = None
    test_fraction: float = 0.0
    train_frames: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        ways = [self.table is not None, self.by_group, self.train_frames is not None]
        if sum(ways) > 1:
            raise InputError("Choose one of --splits, --val-fraction and --train-frames.")

    @property
    def by_group(self) -> bool:
        return self.val_fraction is not None or self.test_fraction > 0

    def __call__(self, manifest: Manifest, known: KnownPoses | None = None) -> Manifest:
        """The manifest, split by time or by group where that was chosen.

        Args:
            manifest: recordings.
            known: of their poses; by default they are read anew.
        """
        if self.train_frames is not None:
            return split_by_time(manifest, self.train_frames, known)
        if self.by_group:
            return split_by_group(manifest, self.val_fraction or 0.0, self.test_fraction, self.seed)
        return manifest


@dataclass(frozen=True)
class Assignment:
    """A row of a csv of splits.

    Attributes:
        split: ``train``, ``val``, ``test`` or another word.
        recording: what to call the recording, if the csv says.
        files: all files that the row mentions, with the folders that it writes.
        item: which sequence of a file that holds many, if the csv says.
    """

    split: str
    recording: str
    files: frozenset[str]
    item: str = ""


def read_assignments(path: str | Path) -> tuple[Assignment, ...]:
    """Read a csv with a column ``split``, and ``recording`` or columns that name files.

    Args:
        path: the csv; its empty rows are passed over.

    Returns:
        One a row, in their order; at least one.

    Raises:
        FormatError: it is not such a csv.
    """
    path = existing_file(path, "csv of splits")
    columns, rows = read_rows(path)
    if "split" not in columns or len(columns) < 2 or not rows:
        raise FormatError(
            path,
            f"has the columns {columns} and {len(rows)} rows.",
            mend="Expected: split, and recording or a column with the names of the pose files.",
        )
    found = []
    for line, cells, _ in rows:
        cells = {key: composed(text) for key, text in cells.items()}
        if not cells["split"]:
            mend = "Write train, val, test or another word."
            raise FormatError(path, "the column split is empty.", row=line, mend=mend)
        split = PARSERS["split"](cells["split"])
        item = cells.pop("item", "")
        named = (text for key, text in cells.items() if key != "split" and text)
        found.append(Assignment(split, cells.get("recording", ""), frozenset(named), item))
    return tuple(found)


def rows_of(
    files: Sequence[Path], assignments: Iterable[Assignment]
) -> dict[Path, list[Assignment]]:
    """The rows that name each of the files; the one that shares most folders with it, of several.

    Raises:
        ManifestError: a row could mean several of the files.
    """
    named = defaultdict(list)
    for file in files:
        named[composed(file.name)].append(file)
    found: dict[Path, list[tuple[int, Assignment]]] = {file: [] for file in files}
    problems = []
    for row in assignments:
        for text in sorted(row.files):
            path = _written(text, named)
            shared = {file: _shared(path, file) for file in named.get(path.name, ())}
            most = max(shared.values(), default=0)
            fitting = [file for file in shared if shared[file] == most]
            if len(fitting) == 1:
                found[fitting[0]].append((most, row))
            elif fitting and (most > 1 or len(path.parts) == 1):
                problems += [f"{text!r} may be any of {listed(fitting)}; write the folder, too"]
    if problems:
        raise ManifestError("the csv of splits", problems)
    return {
        file: [row for n, row in rows if n == max(n for n, _ in rows)]
        for file, rows in found.items()
    }


def _written(text: str, names: Container[str]) -> Path:
    """A path as the csv has it: as Windows writes it, where no file has such a name."""
    path = Path(text)
    return path if path.name in names else Path(text.replace("\\", "/"))


def _shared(path: Path, file: Path) -> int:
    """How many parts two paths share, from their names on upwards."""
    place = Path(composed(os.path.abspath(file)))  # noqa: PTH100
    said = [part for part in path.parts if part != ".."]
    pairs = zip(reversed(said), reversed(place.parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def row_called(pose: Path, name: str, assignments: Iterable[Assignment]) -> Assignment | None:
    """The first row for the recording of a pose file.

    Args:
        pose: the file.
        name: of its recording.
        assignments: the rows. One is called as the recording or the file, or is the only one whose
            name becomes that of the recording, as ``cage 1`` becomes ``cage_1``.
    """
    name, rows = composed(name), [row for row in assignments if row.recording]
    for wanted in (name, composed(pose.stem)):
        for row in rows:
            if row.recording == wanted:
                return row
    alike = [row for row in rows if recording_name(row.recording) == recording_name(name)]
    return alike[0] if len({row.recording for row in alike}) == 1 else None


def in_no_row(pose: Path, name: str, assignments: Sequence[Assignment]) -> str:
    """What is wrong with a pose file that no row of a csv of splits is for, and how to mend it.

    Args:
        pose: the file.
        name: of its recording.
        assignments: the rows.
    """
    said = [row.recording for row in assignments if row.recording]
    files = [text for row in assignments for text in sorted(row.files)]
    known = [repr(text) for text in dict.fromkeys(said or files)]
    return (
        f"{pose} is in no row of the csv of splits: none names this file or the recording "
        f"{name!r}; they name {listed(known, 3)}. Narrow --poses, or add a row"
    )


def split_by_time(manifest: Manifest, share: float, known: KnownPoses | None = None) -> Manifest:
    """Two rows a recording: its first frames for training, the rest for validation.

    Args:
        manifest: recordings; their poses are read for their length.
        share: of the frames that is trained on, between 0 and 1.
        known: of the poses; by default they are read anew.

    Raises:
        InputError: the share is not between 0 and 1, or leaves nothing on one side.
    """
    if not 0 < share < 1:
        raise InputError(f"--train-frames is a share between 0 and 1, such as 0.6; got {share}.")
    entries, known = [], known or KnownPoses()
    for entry in manifest:
        n_frames = known(entry).n_frames
        cut = round(n_frames * share)
        if not 0 < cut < n_frames:
            raise InputError(
                f"{entry.poses} has {n_frames} frames: too few to train on {share:g} of them."
            )
        for split, start, stop in (("train", None, cut), ("val", cut, None)):
            entries.append(
                replace(
                    entry,
                    recording=f"{entry.recording}-{split}",
                    split=split,
                    start_frame=start,
                    stop_frame=stop,
                )
            )
    return Manifest(tuple(entries), manifest.path)


def split_by_group(manifest: Manifest, val: float, test: float = 0.0, seed: int = 0) -> Manifest:
    """Hold whole animals or sessions out for validation and testing.

    Recordings that have a split keep it, but that ``val`` and ``test`` are carved out of
    ``train`` where they are asked for. Groups without any labels, which could neither be learned
    from nor be scored, stay as they are, unless no group has labels.

    Args:
        manifest: recordings, with or without splits.
        val: share of the groups to validate on.
        test: share of the groups to test on.
        seed: of the draw.

    Raises:
        InputError: the shares leave nothing to train on.
        ManifestError: there are fewer groups than splits.
    """
    train = 1.0 - val - test
    if min(val, test) < 0 or train <= 0:
        raise InputError(
            f"--val-fraction {val:g} and --test-fraction {test:g} must leave something to train on."
        )
    shares = {"train": train, "val": val, "test": test}
    wanted = {name: share for name, share in shares.items() if share}
    drawn = {
        entry.recording: entry for entry in with_group_splits(_free(manifest), wanted, seed=seed)
    }
    entries = tuple(drawn.get(entry.recording, entry) for entry in manifest)
    return Manifest(entries, manifest.path)


def _free(manifest: Manifest) -> Manifest:
    """The recordings that splits are drawn among: of groups with labels, if there are any."""
    free = tuple(entry for entry in manifest if entry.split in ("", "train"))
    grouped = Manifest(free).with_groups()
    labelled = {entry.leak_group for entry in grouped if entry.labels is not None}
    return Manifest(tuple(each for each in grouped if not labelled or each.leak_group in labelled))


def with_group_splits(
    manifest: Manifest, fractions: Mapping[str, float], seed: int = 0
) -> Manifest:
    """Give every group a split at random, in about these fractions of the groups.

    Args:
        manifest: entries with or without splits; all are assigned anew.
        fractions: split name -> share, adding up to 1.
        seed: of the shuffle.

    Raises:
        ManifestError: there are fewer groups than splits.
    """
    manifest = manifest.with_groups()
    groups = sorted({entry.leak_group for entry in manifest})
    if len(groups) < len(fractions):
        labelled = " with labels" if any(each.labels is not None for each in manifest) else ""
        raise ManifestError(
            "manifest",
            [
                f"{len(groups)} group(s){labelled} cannot make {len(fractions)} splits; "
                "give more recordings, or split one by time: --train-frames 0.6"
            ],
        )
    random.Random(seed).shuffle(groups)
    counts = _counts(len(groups), fractions)
    names = [name for name, count in counts.items() for _ in range(count)]
    owner = dict(zip(groups, names, strict=True))
    entries = tuple(replace(entry, split=owner[entry.leak_group]) for entry in manifest.entries)
    return Manifest(entries, manifest.path)


def _counts(total: int, fractions: Mapping[str, float]) -> dict[str, int]:
    """How many of `total` each name gets: near its share, at least one, all given away."""
    counts = {name: max(1, round(share * total)) for name, share in fractions.items()}
    while (missing := total - sum(counts.values())) != 0:
        step = 1 if missing > 0 else -1
        spare = {
            name: step * (fractions[name] * total - count)
            for name, count in counts.items()
            if count + step >= 1
        }
        counts[max(spare, key=lambda name: spare[name])] += step
    return counts


def complete_splits(manifest: Manifest, seed: int = 0) -> tuple[Manifest, tuple[str, ...]]:
    """Draw the validation part that a data set does not have; a sentence says so.

    Left as it is where there is a ``val``, or a single group (of those with labels, if any has).
    """
    groups = {entry.leak_group for entry in _free(manifest)}
    if "val" in manifest.splits or len(groups) < 2:
        return manifest, ()
    note = (
        f"The data set has no split 'val': {100 * DEFAULT_VAL_FRACTION:.0f} % of its groups to "
        "train on were drawn for it; use --val-fraction and --seed to change the draw."
    )
    return split_by_group(manifest, DEFAULT_VAL_FRACTION, seed=seed), (note,)


def about_splits(manifest: Manifest, *, drawn: bool = False) -> Iterator[str]:
    """What should be known about the splits before training.

    Args:
        manifest: recordings with their splits.
        drawn: whether these were drawn among its groups.
    """
    splits = manifest.splits
    if any(entry.start_frame is not None for entry in manifest):
        yield (
            "Training and validation share animals here: figures will say how well it does on "
            "the rest of these recordings, not on new animals."
        )
    elif "train" in splits and "val" in splits:
        if drawn and not any(entry.group for entry in manifest):
            yield (
                "Splits were drawn as if no animal were in two recordings. Where one is, name it "
                "in the column group of all of them, and give them one split: else figures on val "
                "will be too good."
            )
        if bare := [each.recording for each in manifest if not each.split and not each.labels]:
            yield (
                f"{count(len(bare), 'recording')} without labels: no split was drawn for them, and "
                f"they have no part in the training ({listed(bare)})."
            )
    else:
        yield (
            "To train, some recordings need the split 'train' and some 'val': --val-fraction 0.2 "
            "draws them, --train-frames 0.6 splits each by time, or fill in the column split."
        )
