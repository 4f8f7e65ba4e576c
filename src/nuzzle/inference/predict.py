"""Probabilities of a whole recording, on its own frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.inference.bundle import Bundle
from nuzzle.labels import Pair
from nuzzle.prepare.rate import FrameMap
from nuzzle.recording import Recording
from nuzzle.training.targets import View


class PairProbability(NamedTuple):
    """What a model says of one pair.

    Attributes:
        pair: agent and target.
        probability: `(time, behaviour)` float32, on the recording's own frames; NaN for a behaviour
            that the recording's lab did not look for in training.
    """

    pair: Pair
    probability: NDArray[np.float32]


def predict_recording(
    bundle: Bundle, recording: Recording, pairs: Sequence[Pair] = ()
) -> list[PairProbability]:
    """How likely each behaviour is in each frame of each pair.

    Undirected models look at both orders of a pair and average. What an animal does to itself
    is averaged over the pairs that it is the agent of. Then comes the bundle's calibration. A
    recording of a lab that the model was trained on is only given what that lab looked for.

    Args:
        bundle: a trained model.
        recording: as it was read; it is prepared here.
        pairs: which; by default all ordered pairs, or all unordered ones if the model is
            undirected.

    Raises:
        CompatibilityError: the recording does not fit the model.
    """
    return predict_prepared(bundle, recording, bundle.frontend.prepare(recording), pairs)


def predict_prepared(
    bundle: Bundle, recording: Recording, prepared: Recording, pairs: Sequence[Pair] = ()
) -> list[PairProbability]:
    """The same for a recording whose copy `bundle.frontend.prepare` has prepared already."""
    raw = predict_raw(bundle, recording, prepared, pairs)
    looked_for = bundle.looked_for(recording.lab)
    return [
        PairProbability(
            pair, np.where(looked_for, bundle.calibrated(said, looked_for), np.float32(np.nan))
        )
        for pair, said in raw
    ]


def predict_raw(
    bundle: Bundle, recording: Recording, prepared: Recording, pairs: Sequence[Pair] = ()
) -> list[PairProbability]:
    """The same without calibration: the model's own probabilities, of all behaviours."""
    frames = source_frames(recording, prepared)
    wanted = pairs or default_pairs(bundle, recording)
    parts: dict[Pair, list[NDArray[np.float32]]] = {}
    symmetric = bundle.frontend.feature_set.symmetric
    for view in bundle.space.views(wanted, recording.individuals, symmetric=symmetric):
        parts.setdefault(view.labelled, []).append(_view(bundle, prepared, view)[frames])
    out = {pair: np.asarray(np.mean(each, axis=0), np.float32) for pair, each in parts.items()}
    _share_own(bundle, out)
    return [PairProbability(pair, probability) for pair, probability in out.items()]


def default_pairs(bundle: Bundle, recording: Recording) -> tuple[Pair, ...]:
    """All ordered pairs; one order of each if the model is undirected."""
    if bundle.space.directed:
        return recording.pairs
    order = recording.individuals.index
    return tuple(pair for pair in recording.pairs if order(pair.agent) < order(pair.target))


def source_frames(recording: Recording, prepared: Recording) -> NDArray[np.int64]:
    """For each frame of the recording, the frame of its prepared copy nearest in time."""
    frames = FrameMap(recording.n_frames, recording.require_fps(), prepared.require_fps())
    return frames.new_of_old


def _view(bundle: Bundle, prepared: Recording, view: View) -> NDArray[np.float32]:
    features = bundle.frontend(prepared, view.pair)
    out: NDArray[np.float32] = bundle.classifier.probabilities(features).numpy()
    return out


def _share_own(bundle: Bundle, out: dict[Pair, NDArray[np.float32]]) -> None:
    """Give each animal one probability of what it does to itself."""
    columns = [bundle.space.names.index(name) for name in bundle.space.own]
    agents = {pair.agent for pair in out}
    for agent in agents if columns else ():
        mine = [pair for pair in out if pair.agent == agent]
        if len(mine) > 1:
            shared = np.mean([out[pair][:, columns] for pair in mine], axis=0)
            for pair in mine:
                out[pair][:, columns] = shared
                if bundle.space.exclusive:
                    out[pair] /= out[pair].sum(axis=1, keepdims=True)
