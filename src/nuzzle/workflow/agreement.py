"""Agreement of people, or of people and a model, from their label files of one recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import combinations, combinations_with_replacement
from pathlib import Path
from typing import NamedTuple

from nuzzle.errors import InputError, StreamError, listed, nearest
from nuzzle.evaluation.agreement import Agreement, agreement
from nuzzle.evaluation.agreement_notes import check_rates
from nuzzle.io.bouts_csv import FOUND_BY_MODEL
from nuzzle.io.cast import NOBODY, OWN
from nuzzle.io.label_assembly import without_direction
from nuzzle.io.load import read_labels
from nuzzle.io.looked_for import own_apart, shown
from nuzzle.io.registry import LabelOptions
from nuzzle.labels import Labels


class _File(NamedTuple):
    """A label file of one annotator."""

    path: Path
    item: str

    @property
    def name(self) -> str:
        return f"{self.path}, {self.item}" if self.item else str(self.path)


def compare_files(
    paths: Sequence[Path],
    options: LabelOptions,
    *,
    items: Sequence[str] = (),
    behaviours: Mapping[str, str] | None = None,
    same_behaviours: bool = False,
) -> Iterator[tuple[str, str, Agreement]]:
    """Every two of the files, by their names, with what was noted while they were read.

    Args:
        paths: label files of one recording, one an annotator.
        options: of the readers. Where labels have no direction, or one file says so of its own,
            all are compared without it.
        items: which recording of each file that holds several; none, or one for each.
        behaviours: other names for behaviours, old -> new, in all files.
        same_behaviours: as of `agreement`.

    Raises:
        InputError: there are too few files, one cannot be read, or two have nothing in common.
    """
    if len(paths) < 2:
        raise InputError("Agreement is between annotators: give two or more label files.")
    if items and len(items) != len(paths):
        raise InputError(
            f"There are {len(paths)} label files and {len(items)} items; give one for each file, "
            "in their order, or none."
        )
    files = [_File(*each) for each in zip(paths, items or [""] * len(paths), strict=True)]
    _check_individuals(files, options)
    read, animals = _read(files, options)
    read = _renamed(read, behaviours or {})
    for first, second in combinations(range(len(files)), 2):
        one, other = read[first], read[second]
        result = agreement(one, other, same_behaviours=same_behaviours)
        told = [*_noted(files[first], one), *_noted(files[second], other)]
        if not one.directed:
            told += _taken_for(*((files[each], animals[each]) for each in (first, second)))
        yield files[first].name, files[second].name, replace(result, notes=(*told, *result.notes))


def _check_individuals(files: Sequence[_File], options: LabelOptions) -> None:
    """Refuse names of animals to change that no file has.

    Raises:
        InputError: there is such a name.
    """
    if not options.rename_individuals:
        return
    same = {old: old for old in options.rename_individuals}  # they are animals (BORIS)
    told = replace(options, directed=True, rename_individuals=same)
    known = set[str]().union(
        *(_animals(_labels(path, replace(told, item=item))) for path, item in files)
    )
    _check_known("--individuals", "an animal", options.rename_individuals, known)


def _animals(labels: Labels) -> set[str]:
    """The animals of bouts and of what was looked for."""
    return {*labels.bouts["agent"], *labels.bouts["target"]}.union(*labels.pairs)


def _taken_for(one: tuple[_File, set[str]], other: tuple[_File, set[str]]) -> list[str]:
    """A note on the animals of two files without direction that have no name in common."""
    mine, theirs = (", ".join(sorted(names)) for _, names in (one, other))
    if not mine or not theirs or one[1] & other[1]:
        return []
    return [
        f"the animals of {other[0].name} ({theirs}) were taken for those of {one[0].name} ({mine})"
    ]


def _noted(file: _File, labels: Labels) -> list[str]:
    """What was noted of a file; a model's bouts beside people's are compared on purpose."""
    kept = [note for note in labels.notes if not note.startswith(FOUND_BY_MODEL)]
    return [f"{file.name}: {note}" for note in kept]


def _read(files: Sequence[_File], options: LabelOptions) -> tuple[list[Labels], Sequence[set[str]]]:
    """The labels of the files, each told what it does not say, and another does.

    Returns:
        They, and the animals that each file names.
    """
    towards = replace(options, directed=True)  # so that all animals are named
    read = [_labels(path, replace(towards, item=item)) for path, item in files]
    check_rates([(file.name, labels) for file, labels in zip(files, read, strict=True)])
    # What one file does not say, another may: who is an animal (BORIS), and how long it went on.
    longest = options.n_frames or max(labels.n_frames for labels in read)
    named = [{*labels.bouts["agent"], *labels.bouts["target"]} - {*NOBODY} for labels in read]
    everyone = [_animals(labels) - {*NOBODY} for labels in read]
    animals = {name: name for names in named for name in sorted(names)}
    told = replace(options, rename_individuals={**animals, **options.rename_individuals})
    sides = [file for file, labels in zip(files, read, strict=True) if not labels.directed]
    if sides or not options.directed:
        told = replace(told, directed=False, individuals=_more_than_two(named))
    for number, ((path, item), labels) in enumerate(zip(files, read, strict=True)):
        n_frames = longest if labels.only_seen else options.n_frames
        news = n_frames not in (None, labels.n_frames) or {*animals} - named[number]
        if news or not told.directed:
            read[number] = _labels(path, replace(told, item=item, n_frames=n_frames))
        if not told.directed:
            read[number] = _of_pairs(path, read[number], told.individuals)
            if sides and options.directed:
                read[number] = _noting_direction(files[number], read[number], sides)
    return read, everyone


def _labels(path: Path, options: LabelOptions) -> Labels:
    """The labels of the stream that is asked for; all of a file that has no streams."""
    try:
        return read_labels(path, options)
    except StreamError:
        labels = read_labels(path, replace(options, stream=""))
        if labels.bouts["stream"].any():
            raise
        return labels


def _noting_direction(file: _File, labels: Labels, sides: Sequence[_File]) -> Labels:
    """With a note on labels that lose their direction, as others (`sides`) have none."""
    if file in sides:
        return labels
    others = listed([each.name for each in sides])
    note = f"compared without direction, as the labels of {others} have none"
    return replace(labels, notes=(*labels.notes, note))


def _more_than_two(named: Sequence[set[str]]) -> tuple[str, ...]:
    """All animals, where they are more than two; none where files name two, in several ways."""
    for one, other in combinations_with_replacement(named, 2):
        if one & other and len(one | other) > 2:
            return tuple(sorted(set().union(*named)))
    return ()


def _of_pairs(path: Path, labels: Labels, individuals: Sequence[str]) -> Labels:
    """The labels without direction; of two animals, however a file calls them, they are of both."""
    if individuals:
        return without_direction(path, labels, individuals)
    names = _animals(labels) - {*NOBODY}
    two = sorted(names) if len(names) == 2 else [*NOBODY]
    known = dict(zip(two, NOBODY, strict=True))
    return without_direction(path, labels.rename_individuals(known), [*NOBODY])


def _renamed(read: Sequence[Labels], behaviours: Mapping[str, str]) -> list[Labels]:
    """The labels with behaviours by other names.

    Raises:
        InputError: there is no behaviour of an old name in any of them.
    """
    known = {
        name
        for labels in read
        for name in (*shown(labels), *labels.bouts["behaviour"], labels.background)
        if name
    }
    known |= {name.removeprefix(OWN) for name in known}
    _check_known("--behaviours", "a behaviour", behaviours, known)
    return [own_apart(labels, behaviours).rename_behaviours(behaviours) for labels in read]


def _check_known(option: str, what: str, renaming: Iterable[str], known: Set[str]) -> None:
    """Refuse old names of an option that are not known in any file.

    Raises:
        InputError: there is such a name.
    """
    for old in renaming:
        if old not in known:
            near = nearest(old, known)
            hint = f"did you mean {near!r}?" if near else f"there are {listed(sorted(known), 12)}."
            raise InputError(f"{option}: no label file has {what} {old!r}; {hint}")
