"""Probabilities of a whole recording, on its own frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.errors import CompatibilityError
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.classifier import Wanted
from nuzzle.inference.presence import present
from nuzzle.labels import Pair
from nuzzle.prepare.rate import FrameMap
from nuzzle.probabilities.calibrators import among
from nuzzle.recording import Recording


class PairProbability(NamedTuple):
    """What a model says of one pair.

    Attributes:
        pair: agent and target.
        probability: `(time, behaviour)` float32, on the recording's own frames; NaN for a behaviour
            that the recording's lab did not look for in training, and where an animal is lost.
    """

    pair: Pair
    probability: NDArray[np.float32]


class Probable(NamedTuple):
    """What a bundle says of a pair.

    Attributes:
        pair: agent and target.
        raw: what the model gave before calibration, `(time, behaviour)`.
        probability: after it, `(time, behaviour)`.
        present: `(time,)`, where both animals are in sight.
    """

    pair: Pair
    raw: NDArray[np.float32]
    probability: NDArray[np.float32]
    present: NDArray[np.bool_]


def predict_recording(
    bundle: Bundle, recording: Recording, pairs: Sequence[Pair] = ()
) -> list[PairProbability]:
    """How likely each behaviour is in each frame of each pair.

    Undirected models look at both orders of a pair and average. What an animal does to itself
    is averaged over the pairs that it is the agent of. Then comes the bundle's calibration. A
    recording of a lab that the model was trained on is only given what that lab looked for, and
    nothing is said of an animal while it has no point for 10 s or more.

    Args:
        bundle: a trained model.
        recording: as it was read; it is prepared here.
        pairs: which; by default all ordered pairs, or all unordered ones if the model is
            undirected.

    Raises:
        CompatibilityError: the recording does not fit the model.
    """
    return predict_prepared(bundle, recording, bundle.prepare(recording), pairs)


def predict_prepared(
    bundle: Bundle, recording: Recording, prepared: Sequence[Recording], pairs: Sequence[Pair] = ()
) -> list[PairProbability]:
    """The same for a recording whose copies `bundle.prepare` has made already."""
    looked_for = bundle.looked_for(recording.lab)
    return [
        PairProbability(
            each.pair,
            np.where(looked_for & each.present[:, None], each.probability, np.float32(np.nan)),
        )
        for each in probable(bundle, recording, prepared, [Pair(*pair) for pair in pairs])
    ]


def probable(
    bundle: Bundle,
    recording: Recording,
    prepared: Sequence[Recording],
    pairs: Sequence[Pair] = (),
    looked_for: Mapping[Pair, NDArray[np.bool_]] | None = None,
) -> Iterator[Probable]:
    """How probable is what was looked for, and nothing else, in each pair by itself.

    Args:
        bundle: a trained model.
        recording: as it was read.
        prepared: the copies that the bundle's members look at.
        pairs: to look at; by default those of `predict_recording`.
        looked_for: of those that are wanted, what was looked for, `(behaviour,)`; by default what
            the recording's lab looked for, in all of them.
    """
    of_lab, given = bundle.looked_for(recording.lab), looked_for or {}
    wanted = np.any([of_lab, *given.values()], axis=0)
    for pair, said in predict_raw(bundle, recording, prepared, pairs, wanted, given):
        if looked_for is None or pair in looked_for:
            mine = given.get(pair, of_lab)
            raw = among(said, mine) if bundle.space.exclusive else said
            seen, fps = present(recording, pair), recording.require_fps()
            corrected = bundle.correction(raw, mine, fps, recording.lab, seen)
            yield Probable(pair, raw, corrected, seen)


def predict_raw(
    bundle: Bundle,
    recording: Recording,
    prepared: Sequence[Recording],
    pairs: Sequence[Pair] = (),
    wanted: Wanted = None,
    looked_for: Mapping[Pair, NDArray[np.bool_]] | None = None,
) -> list[PairProbability]:
    """The same without calibration: what the model itself, or all members combined, say.

    Behaviours that are not `wanted` may be left out, as by `Classifier.probabilities`. Members are
    combined as for what was `looked_for` in a pair, `(behaviour,)`; all that is wanted by default.
    """
    said = predict_members(bundle, recording, prepared, pairs, wanted)
    if bundle.combiner is None:
        return [PairProbability(*each) for each in said[0].items()]
    # Without direction, members with symmetric features and others may look at other orders.
    common = [pair for pair in said[0] if all(pair in member for member in said)]
    of_all = bundle.looked_for(recording.lab) if wanted is None else wanted
    out = []
    for pair in common:
        mine = (looked_for or {}).get(pair, of_all)
        each = [member[pair] for member in said]
        out.append(PairProbability(pair, bundle.combiner(each, mine)))
    return out


def predict_members(
    bundle: Bundle,
    recording: Recording,
    prepared: Sequence[Recording],
    pairs: Sequence[Pair] = (),
    wanted: Wanted = None,
) -> list[dict[Pair, NDArray[np.float32]]]:
    """What each member says of each pair, on the recording's own frames.

    Members with the same frontend look at the same features, which are computed once.
    """
    chosen = pairs or default_pairs(bundle, recording)
    said: dict[int, dict[Pair, NDArray[np.float32]]] = {}
    for numbers in _with_same_frontend(bundle):
        frontend, look = bundle.members[numbers[0]].frontend, prepared[numbers[0]]
        frames = FrameMap.of(recording, look.require_fps())
        parts: list[dict[Pair, list[NDArray[np.float32]]]] = [{} for _ in numbers]
        symmetric = frontend.feature_set.symmetric
        for view in bundle.space.views(chosen, recording.in_sight, symmetric=symmetric):
            features = frontend(look, view.pair)
            for number, mine in zip(numbers, parts, strict=True):
                classifier = bundle.members[number].classifier
                probability = classifier.probabilities(features, wanted).numpy()
                if bundle.space.exclusive and wanted is not None:
                    # Before frames are averaged: then it makes no difference who leaves them out.
                    probability = among(probability, wanted)
                mine.setdefault(view.labelled, []).append(frames.to_old(probability))
        for number, mine in zip(numbers, parts, strict=True):
            out = {pair: np.asarray(np.mean(p, axis=0), np.float32) for pair, p in mine.items()}
            _share_own(bundle, recording, out)
            said[number] = out
    return [said[number] for number in range(len(bundle.members))]


def _with_same_frontend(bundle: Bundle) -> list[list[int]]:
    """Numbers of the members that share a frontend."""
    groups: list[tuple[dict[str, Any], list[int]]] = []
    for number, member in enumerate(bundle.members):
        road = member.frontend.to_dict()
        same = [numbers for known, numbers in groups if known == road]
        if same:
            same[0].append(number)
        else:
            groups.append((road, [number]))
    return [numbers for _, numbers in groups]


def default_pairs(bundle: Bundle, recording: Recording) -> tuple[Pair, ...]:
    """All ordered pairs of animals with a point; one order of each if the model is undirected.

    Raises:
        CompatibilityError: fewer than two animals have a point in any frame.
    """
    seen = recording.seen
    if len(seen) < 2 <= len(recording.individuals):
        raise CompatibilityError(
            f"recording {recording.name!r}: two animals with points are needed, and of "
            f"{list(recording.individuals)} only {list(seen)} have one in any frame. "
            "Check the tracking."
        )
    order = recording.individuals.index
    return tuple(
        pair
        for pair in recording.pairs
        if {*pair} <= {*seen} and (bundle.space.directed or order(pair.agent) < order(pair.target))
    )


def _share_own(bundle: Bundle, recording: Recording, out: dict[Pair, NDArray[np.float32]]) -> None:
    """Give each animal one probability of what it does to itself.

    It is that of the others that are in sight; where none is, of all of them.
    """
    columns = [bundle.space.names.index(name) for name in bundle.space.own]
    agents = {pair.agent for pair in out}
    for agent in agents if columns else ():
        mine = [pair for pair in out if pair.agent == agent]
        if len(mine) > 1:
            weights = np.stack([present(recording, pair) for pair in mine])
            weights[:, ~weights.any(axis=0)] = True
            shared = np.average(
                [out[pair][:, columns] for pair in mine],
                axis=0,
                weights=np.repeat(weights[..., None], len(columns), axis=2),
            )
            for pair in mine:
                if bundle.space.exclusive:  # the others share what is left
                    others = np.delete(out[pair], columns, axis=1).sum(axis=1)
                    rest = np.clip(1 - shared.sum(axis=1), 0, 1)
                    out[pair] *= (rest / np.maximum(others, np.finfo(np.float32).tiny))[:, None]
                out[pair][:, columns] = shared
