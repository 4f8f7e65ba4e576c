"""Predictions of pairs as results: what an animal does to itself stands by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation.conformal import unsure
from nuzzle.evaluation.own import any_of, looked_for, one_at_a_time, only, with_others
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.labels import Pair
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import Kind, RecordingEntry, Run
from nuzzle.outputs.results import ResultsWriter
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.calibration import Judgement


def run_of(space: LabelSpace, kind: Kind, command: str) -> Run:
    """What a results directory says of a model's behaviours and of the command."""
    return Run(
        kind=kind,
        behaviours=space.names,
        background=space.background,
        exclusive=space.exclusive,
        directed=space.directed,
        command=command,
    )


def as_frames(pair: ScoredPair, doubt: NDArray[np.bool_] | None = None) -> PairFrames:
    """Predictions beside the truth, in which nothing is said of what nobody looked for.

    Args:
        pair: decided.
        doubt: of which answers the model is not sure, `(time, behaviour)`.
    """
    said = pair.predicted & pair.looked_for
    return PairFrames(pair.pair, pair.probability, said, pair.truth, pair.observed, doubt)


def write_judged(
    writer: ResultsWriter,
    space: LabelSpace,
    recordings: Sequence[RecordingEntry],
    judged: Judgement | None,
) -> None:
    """Write what was scored of recordings, and the reasons of those that could not be.

    Args:
        writer: of the results.
        space: the model's behaviours.
        recordings: in the order that they were worked on.
        judged: all that was scored; None where nothing was.
    """
    found: dict[str, list[PairFrames]] = defaultdict(list)
    pairs, sets = (judged.pairs, judged.sets) if judged else ([], None)
    for number, pair in enumerate(pairs):
        doubt = None if sets is None else unsure(sets[number], pair.predicted, pair.exclusive)
        found[pair.recording].append(as_frames(pair, doubt))
    for entry in recordings:
        if entry.status == "failed":
            writer.fail(entry.name, entry.reason, poses=entry.poses, lab=entry.lab)
        else:
            writer.add(entry, separate_own(space, found[entry.name]))


def separate_own(space: LabelSpace, pairs: Sequence[PairFrames]) -> list[PairFrames]:
    """Move behaviours directed at oneself from the pairs of an agent to the agent's own pair.

    A model looks at an agent and a target, and its classes hold both what the agent does to the
    target and what it does to itself. In results the latter has the agent as its target.

    Args:
        space: the model's behaviours.
        pairs: of two different animals each.

    Returns:
        The pairs without the behaviours in `space.own`, whose frames and probabilities are those
        of the background there, and one pair `(agent, agent)` for each agent. Pairs in which none
        of their behaviours was looked for are left out.
    """
    if not space.own:
        return list(pairs)
    own = np.isin(space.names, space.own)
    background = np.array([name == space.background for name in space.names])
    agents = list(dict.fromkeys(one.pair.agent for one in pairs))
    mine = [_merged([one for one in pairs if one.pair.agent == agent]) for agent in agents]
    apart = [
        *(_only(one, one.pair, ~own, background) for one in pairs),
        *(_of_itself(one, own, background, exclusive=space.exclusive) for one in mine),
    ]
    return [one for one in apart if (one.looked_for & ~background).any()] or list(pairs)


def _merged(pairs: Sequence[PairFrames]) -> PairFrames:
    """One agent's pairs as one: what holds in any of them holds.

    Its probabilities are those of the first pair whose animals are both there.
    """
    probability = pairs[0].probability
    for one in pairs[1:]:
        probability = np.where(np.isnan(probability), one.probability, probability)
    doubts = [one.unsure for one in pairs if one.unsure is not None]
    truths = [one.truth for one in pairs if one.truth is not None]
    seen = [one.observed for one in pairs if one.observed is not None]
    return PairFrames(
        pairs[0].pair,
        probability,
        any_of([one.predicted for one in pairs]),
        any_of(truths) if truths else None,
        any_of(seen) if seen else None,
        any_of(doubts) if doubts else None,
    )


def _of_itself(
    one: PairFrames, own: NDArray[np.bool_], background: NDArray[np.bool_], *, exclusive: bool
) -> PairFrames:
    """What an agent does to itself.

    Pairs may differ in what that is: of exclusive behaviours the likeliest stays.

    Of which answers the model is not sure is known of all it may do at once: that is a doubt about
    the agent by itself only where one of its own behaviours was decided.
    """
    alone = _only(one, Pair(one.pair.agent, one.pair.agent), own, background)
    if exclusive:
        alone = replace(alone, predicted=one_at_a_time(alone.predicted, alone.probability))
    if alone.unsure is None or not background.any():
        return alone
    decided = (one.predicted & own).any(axis=1, keepdims=True)
    return replace(alone, unsure=alone.unsure & decided)


def _only(
    one: PairFrames, pair: Pair, kept: NDArray[np.bool_], background: NDArray[np.bool_]
) -> PairFrames:
    """Some of the behaviours; frames of the others become background."""
    columns = kept | background
    probability = with_others(one.probability, kept, background)
    return PairFrames(
        pair,
        np.where(columns, probability, np.float32(np.nan)),
        only(one.predicted, kept, background),
        None if one.truth is None else only(one.truth, kept, background),
        None if one.observed is None else looked_for(one.observed, kept, background),
        None if one.unsure is None else one.unsure & columns,
    )
