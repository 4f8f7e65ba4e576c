"""Two models compared by what evaluations or cross-validations have written of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from nuzzle.errors import InputError, count, listed
from nuzzle.evaluation.comparison import Comparison
from nuzzle.evaluation.comparison import compare as compare_pairs
from nuzzle.evaluation.evaluate import FEW_GROUPS
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.scored import ScoredPair, groups_of
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import RecordingEntry, Results, read_results
from nuzzle.outputs.seen import flattering
from nuzzle.workflow.described import describe

#: Recording, agent and target.
_Key = tuple[str, str, str]
Folders = str | Path | Sequence[str | Path]


@dataclass(frozen=True, eq=False)
class Said:
    """What one training said of each pair."""

    results: Results
    pairs: Mapping[_Key, ScoredPair]

    @property
    def name(self) -> str:
        return str(self.results.directory)

    @property
    def settings(self) -> dict[str, str]:
        """Of its training, by key; all but the seed."""
        lines = describe(self.results.run.bundle.get("config", {}), ()).splitlines()
        found = dict(line.partition(": ")[::2] for line in lines)
        return {key: value for key, value in found.items() if key != "training.seed"}

    @cached_property
    def recordings(self) -> dict[str, RecordingEntry]:
        return {entry.name: entry for entry in self.results.done}


def compare(first: Folders, second: Folders, *, bootstrap: int = 1000, seed: int = 0) -> Comparison:
    """Compare two models on the recordings that both have scored.

    Only what was looked for in the results of all is compared: their recordings, pairs, behaviours
    and frames in common. Notes say what was left out.

    Args:
        first: results of `evaluate` or of `crossval`, one folder for each training of the model.
        second: those of the other model.
        bootstrap, seed: draws behind the intervals, and their seed.

    Raises:
        InputError: a folder holds no results with labels, two have nothing in common, or their
            labels differ.
    """
    sides = [_folders(each) for each in (first, second)]
    _check_folders([path for side in sides for path in side])
    said = [_of_one_model([read_said(path) for path in side]) for side in sides]
    pairs, left_out = in_common([one for side in said for one in side])
    n = len(sides[0])
    result = compare_pairs(pairs[:n], pairs[n:], bootstrap=bootstrap, seed=seed)
    return replace(result, notes=(*left_out, *_trusted(said, result)))


def in_common(every: Sequence[Said]) -> tuple[list[list[ScoredPair]], tuple[str, ...]]:
    """What all trainings have scored, in the same order, and notes on what was left out for it.

    Each behaviour is by itself, without a background.

    Raises:
        InputError: they have nothing in common, or their labels differ.
    """
    shared = [name for name in every[0].results.run.scored if _in_all(name, every)]
    keys = [key for key in every[0].pairs if all(key in one.pairs for one in every)]
    _check_common(every, shared, keys)
    for recording in dict.fromkeys(key[0] for key in keys):
        _check_frames(recording, every)
    pairs, apart = _aligned(every, shared, keys)
    pairs, joined = _grouped_alike(pairs)
    return pairs, (*_left_out(every, shared, keys), *apart, *joined)


def _folders(given: Folders) -> list[Path]:
    return [Path(each) for each in ([given] if isinstance(given, (str, Path)) else given)]


def _check_folders(paths: Sequence[Path]) -> None:
    """Raises InputError where a folder is given twice."""
    real = [path.resolve() for path in paths]
    twice = [str(path) for n, path in enumerate(paths) if real[n] in real[:n]]
    if twice:
        raise InputError(f"Given twice: {listed(twice)}. Each folder is one training of one model.")


def read_said(directory: Path) -> Said:
    """What was said of labelled recordings.

    Raises:
        InputError: the folder holds no finished results with labels.
    """
    results = read_results(directory)
    if results.run.kind != "evaluation":
        raise InputError(
            f"{directory} holds predictions without labels. Models are compared by what "
            "`nuzzle evaluate --out` or `nuzzle crossval --results` has written."
        )
    if not results.finished:
        raise InputError(
            f"{directory} is not finished: the command that wrote it was interrupted. Run it again "
            "first."
        )
    pairs = {
        (entry.name, one.pair.agent, one.pair.target): _scored(results, entry, one)
        for entry in results.done
        for one in results.frames(entry)
    }
    return Said(results, pairs)


def _of_one_model(trainings: list[Said]) -> list[Said]:
    """The same; raises InputError where there is none, or they are of several models."""
    if not trainings:
        raise InputError("Two models are compared: give at least one folder of results of each.")
    first = trainings[0]
    for one in trainings[1:]:
        keys = dict.fromkeys([*first.settings, *one.settings])
        both = {key: (first.settings.get(key), one.settings.get(key)) for key in keys}
        unlike = [
            f"{key} ({mine}, {other})" for key, (mine, other) in both.items() if mine != other
        ]
        if unlike:
            raise InputError(
                f"{first.name} and {one.name} are not two trainings of one model: they differ in "
                f"{listed(unlike, 3)}. Compare two models at a time."
            )
    return trainings


def _scored(results: Results, entry: RecordingEntry, one: PairFrames) -> ScoredPair:
    run = results.run
    if one.truth is None or one.observed is None:
        raise InputError(f"{results.directory / entry.file} holds no labels.")
    return ScoredPair(
        recording=entry.name,
        group=entry.group,
        pair=one.pair,
        fps=entry.fps,
        behaviours=run.behaviours,
        background=run.background,
        exclusive=run.exclusive,
        truth=one.truth,
        observed=one.observed,
        predicted=one.predicted,
        probability=one.probability,
        lab=entry.lab,
    )


def _in_all(behaviour: str, every: Sequence[Said]) -> bool:
    return all(behaviour in one.results.run.scored for one in every)


def _check_common(every: Sequence[Said], behaviours: Sequence[str], keys: Sequence[_Key]) -> None:
    """Raises InputError where there is nothing to compare."""
    first = every[0]
    for one in every[1:]:
        if one.results.run.directed != first.results.run.directed:
            undirected = first if one.results.run.directed else one
            raise InputError(
                f"{undirected.name} is of labels without direction, and "
                f"{(one if undirected is first else first).name} is not: they cannot be compared."
            )
    if not behaviours:
        each = [f"{one.name}: {listed(one.results.run.scored)}" for one in every]
        raise InputError(f"The results have no behaviour in common ({'; '.join(each)}).")
    if not keys:
        each = [f"{one.name}: {listed([*one.recordings])}" for one in every]
        raise InputError(
            f"The results have no pair of a recording in common ({'; '.join(each)}). Score both "
            "models on the same split."
        )


def _aligned(
    every: Sequence[Said], behaviours: Sequence[str], keys: Sequence[_Key]
) -> tuple[list[list[ScoredPair]], Iterator[str]]:
    """The pairs of each training, of what all have scored; a note on what only some have."""
    out: list[list[ScoredPair]] = [[] for _ in every]
    only_some = 0
    for key in keys:
        found = [one.pairs[key] for one in every]
        mine = [pair.only([*map(pair.behaviours.index, behaviours)]) for pair in found]
        everywhere = np.logical_and.reduce([pair.observed for pair in mine])
        somewhere = np.logical_or.reduce([pair.observed for pair in mine])
        only_some += int((somewhere & ~everywhere).any(axis=1).sum())
        _check_truth(key, every, mine, everywhere)
        if everywhere.any():
            for training, pair in zip(out, mine, strict=True):
                training.append(replace(pair, observed=everywhere))
    if not out[0]:
        raise InputError("The results have no frame in common in which a behaviour was looked for.")
    return out, _frames_note(only_some)


def _grouped_alike(
    every: Sequence[Sequence[ScoredPair]],
) -> tuple[list[list[ScoredPair]], Iterator[str]]:
    """The same in groups that all have in common: what one has together is together in all."""
    names = list(dict.fromkeys(pair.recording for pair in every[0]))
    units = [(n, pair.resampling_unit) for n, pairs in enumerate(every) for pair in pairs]
    nodes = {each: n for n, each in enumerate([*names, *dict.fromkeys(units)])}
    ends = [nodes[pair.recording] for pairs in every for pair in pairs], [nodes[u] for u in units]
    edges = coo_array((np.ones(len(units)), ends), shape=(len(nodes), len(nodes)))
    part = connected_components(edges, directed=False)[1][: len(names)].tolist()
    first = {name: names[part.index(mine)] for name, mine in zip(names, part, strict=True)}
    fewest = len(set(first.values()))
    differ = any(len(groups_of(pairs)) != fewest for pairs in every)
    return [[replace(p, group=first[p.recording]) for p in pairs] for pairs in every], (
        "The results group recordings in different ways: what one has as a group is one in all."
        for _ in range(differ)
    )


def _check_frames(recording: str, every: Sequence[Said]) -> None:
    """Raises InputError where a recording of one name is not the same."""

    def frames(one: Said) -> str:
        entry = one.recordings[recording]
        begins = f" from frame {entry.start_frame:,} on" if entry.start_frame else ""
        return f"{count(entry.n_frames, 'frame')}{begins} at {entry.fps:g} a second"

    for one in every[1:]:
        if frames(one) != frames(every[0]):
            raise InputError(
                f"recording {recording!r} has {frames(every[0])} in {every[0].name}, and "
                f"{frames(one)} in {one.name}: it is not the same. Score both models on the same "
                "recordings."
            )


def _check_truth(
    key: _Key, every: Sequence[Said], mine: Sequence[ScoredPair], observed: np.ndarray
) -> None:
    for one, pair in zip(every[1:], mine[1:], strict=True):
        if differ := int(((pair.truth != mine[0].truth) & observed).any(axis=1).sum()):
            raise InputError(
                f"recording {key[0]!r}: the labels of {every[0].name} and of {one.name} differ in "
                f"{count(differ, 'frame')}. Score both models on the same labels."
            )


def _frames_note(only_some: int) -> Iterator[str]:
    if only_some:
        yield (
            f"{count(only_some, 'frame')} in which only some of the results have a behaviour "
            "scored were left out for it."
        )


def _left_out(
    every: Sequence[Said], behaviours: Sequence[str], keys: Sequence[_Key]
) -> Iterator[str]:
    """Notes on recordings, pairs and behaviours that not all results have."""
    known = dict.fromkeys(name for one in every for name in one.results.run.scored)
    if others := [name for name in known if name not in behaviours]:
        yield f"Not compared, as not all results have it: {listed(others)}."
    recordings = {recording for recording, _, _ in keys}
    seen = dict.fromkeys(recording for one in every for recording in one.recordings)
    if others := [name for name in seen if name not in recordings]:
        yield f"Left out, as not all results have them: {listed(others)}."
    pairs = {key for one in every for key in one.pairs if key[0] in recordings}
    if others := [f"{' and '.join(key[1:])} of {key[0]}" for key in sorted(pairs - {*keys})]:
        yield f"Left out, as not all results have them: {listed(others)}."


def _trusted(said: Sequence[Sequence[Said]], result: Comparison) -> Iterator[str]:
    """Notes on how far the figures can be trusted."""
    for one in (one for side in said for one in side):
        if one.results.metrics:
            for each in flattering(one.results, Evaluation.from_dict(one.results.metrics)):
                yield f"{one.name}: {each}"
    if min(result.trainings) == 1:
        yield (
            "There is one training of a model: how far trainings with another seed differ is not "
            "in the intervals. Give several of each, trained with --set training.seed=1 and so on."
        )
    if result.groups == 1:
        yield "There is one group of recordings, so no interval can be given."
    elif result.rare:
        yield (
            f"Shown by fewer than {FEW_GROUPS} groups of recordings: {listed(result.rare)}. Those "
            "intervals, and those of the macro averages, are too rough to say which is ahead."
        )
