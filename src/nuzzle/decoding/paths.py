"""The best path through classes over time: what a frame says, less what it costs to switch.

A path has the sum of its frames' scores, minus the cost of each switch. With scores that are log
probabilities this is the most probable path of a hidden Markov model.

Sources: Viterbi (1967), Error Bounds for Convolutional Codes; for paths with minimum durations
Ferguson (1980) and Yu (2010), Hidden Semi-Markov Models.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.base import Floats
from nuzzle.errors import InputError

Ints = NDArray[np.int64]


def best_paths(scores: Sequence[NDArray[Any]], cost: NDArray[Any]) -> list[Ints]:
    """The best path of each of several sequences.

    Sequences are cut into blocks that are solved side by side, each for every state that it may
    be entered from; then the blocks are chained. So a loop runs over the square root of the
    number of frames, and the answer is that of a loop over all.

    Args:
        scores: `(time, state)` each, finite.
        cost: `(state, state)` of a switch from (row) to (column), 0 or more; the diagonal is 0.

    Returns:
        `(time,)` state of each frame, for each sequence.
    """
    cost = check_costs(cost)
    total = sum(len(score) for score in scores)
    if total == 0:
        return [np.zeros(0, dtype=np.int64) for _ in scores]
    length = max(1, int(np.sqrt(total)))
    n_blocks = [-(-len(score) // length) for score in scores]
    blocks = np.concatenate([_blocks(score, length) for score in scores], axis=2)
    best, came_from = _solve_blocks(blocks, cost)
    starts, stops = _chain(best, np.cumsum([0, *n_blocks]))
    path = _trace_blocks(came_from, starts, stops)
    edges = np.cumsum([0, *n_blocks]) * length
    return [
        path[start : start + len(score)] for start, score in zip(edges[:-1], scores, strict=True)
    ]


def check_costs(cost: NDArray[Any]) -> Floats:
    """The costs as float64.

    Raises:
        InputError: they are not a square of numbers, 0 or more, with a diagonal of 0.
    """
    cost = np.asarray(cost, dtype=np.float64)
    square = cost.ndim == 2 and cost.shape[0] == cost.shape[1]
    if not square or not (cost >= 0).all() or np.diagonal(cost).any():
        raise InputError(
            "Costs of switching are a square, 0 or more, and 0 on the diagonal (to stay is free); "
            f"got {cost.tolist()}."
        )
    return cost


def _blocks(score: NDArray[Any], length: int) -> Floats:
    """`(length, state, block)`; the last block is padded with frames that say nothing.

    To stay is free and to switch is not, so they change nothing.
    """
    n_blocks = -(-len(score) // length)
    padded = np.zeros((n_blocks * length, score.shape[1]))
    padded[: len(score)] = score
    return padded.reshape(n_blocks, length, score.shape[1]).transpose(1, 2, 0)


def _solve_blocks(blocks: Floats, cost: Floats) -> tuple[Floats, NDArray[np.uint8]]:
    """The best path through each block from each state before it to each state at its end.

    Args:
        blocks: `(length, state, block)`.
        cost: `(state, state)`.

    Returns:
        The scores `(state, block, before)`, and for each frame the state of the frame before it
        on the best path, `(length, state, block, before)`.
    """
    length, n, n_blocks = blocks.shape
    to = cost.max(axis=0)
    # Where a switch costs the same from everywhere, only the best state is worth leaving.
    from_any = np.array_equal(cost, np.where(np.eye(n), 0.0, to))
    states = np.arange(n, dtype=np.uint8)
    came_from = np.empty((length, n, n_blocks, n), dtype=np.uint8)
    came_from[:] = states[:, None, None]
    best = np.full((n, n_blocks, n), -np.inf)
    best[states, :, states] = 0.0
    reached, candidate = best.copy(), np.empty_like(best)
    better = np.empty(best.shape, dtype=bool)
    for frame in range(length):
        origins = [(*_best_of(best), to)] if from_any else zip(best, states, cost, strict=True)
        for source, origin, price in origins:
            np.subtract(source, price[:, None, None], out=candidate)
            np.greater(candidate, reached, out=better)
            np.copyto(came_from[frame], origin, where=better)
            np.maximum(candidate, reached, out=reached)
        reached += blocks[frame][..., None]
        best[:] = reached
    return best, came_from


def _best_of(best: Floats) -> tuple[Floats, NDArray[np.uint8]]:
    """Maximum over the first axis, and where it is; quicker than argmax along a short axis."""
    top, where = best[0].copy(), np.zeros(best.shape[1:], dtype=np.uint8)
    for state in range(1, len(best)):
        np.copyto(where, np.uint8(state), where=best[state] > top)
        np.maximum(top, best[state], out=top)
    return top, where


def _chain(best: Floats, edges: Ints) -> tuple[Ints, Ints]:
    """The state before each block, and at its end, on the best path of each sequence.

    Args:
        best: `(state, block, before)`.
        edges: the blocks of sequence ``i`` are ``edges[i]`` to ``edges[i + 1]``.
    """
    n, n_blocks = best.shape[:2]
    starts, stops = (np.zeros(n_blocks, dtype=np.int64) for _ in range(2))
    states = np.arange(n)
    came_from = np.zeros((n_blocks, n), dtype=np.int64)
    for first, last in pairwise(edges):
        value = np.zeros(n)  # every state is as good to begin with
        for block in range(first, last):
            through = value + best[:, block]
            came_from[block] = through.argmax(axis=1)
            value = through[states, came_from[block]]
        state = int(value.argmax())
        for block in range(last - 1, first - 1, -1):
            stops[block] = state
            state = starts[block] = came_from[block, state]
    return starts, stops


def _trace_blocks(came_from: NDArray[np.uint8], starts: Ints, stops: Ints) -> Ints:
    """The path, block after block, `(block * length,)`."""
    length, _, n_blocks = came_from.shape[:3]
    path = np.empty((length, n_blocks), dtype=np.int64)
    block, state = np.arange(n_blocks), stops
    for frame in range(length - 1, -1, -1):
        path[frame] = state
        state = came_from[frame, state, block, starts].astype(np.int64)
    return path.T.reshape(-1)


def best_path_with_durations(
    score: NDArray[Any], cost: NDArray[Any], min_frames: Sequence[int]
) -> Ints:
    """The best path whose bouts have minimum durations (a hidden semi-Markov model).

    A bout that touches the start or the end of the sequence may be shorter: it may have begun
    before, or go on after.

    Args:
        score: `(time, state)`, finite.
        cost: `(state, state)` of a switch from (row) to (column), 0 or more; the diagonal is 0.
        min_frames: of each state, 1 or more.

    Returns:
        `(time,)` state of each frame.
    """
    cost = check_costs(cost)
    n_frames, n = score.shape
    if n_frames == 0:
        return np.zeros(0, dtype=np.int64)
    least = np.asarray(min_frames, dtype=np.int64)
    total = np.concatenate((np.zeros((1, n)), np.cumsum(score, axis=0, dtype=np.float64)))
    value, fresh = _long_bouts(score.astype(np.float64), cost, total, least)
    grown = np.full((n_frames, n), -np.inf)
    grown[1:] = value[:-1] + score[1:]
    last = _last_bout(value, cost, total, least)
    return _trace_durations(last, value, cost, fresh > grown, least)


def _long_bouts(score: Floats, cost: Floats, total: Floats, least: Ints) -> tuple[Floats, Floats]:
    """The best paths to each frame and state, in a bout that is long enough already.

    Args:
        score: `(time, state)`.
        cost: `(state, state)`.
        total: `(time + 1, state)`, sums of the scores before each frame.
        least: `(state,)` minimum durations, in frames.

    Returns:
        `(time, state)` score of the best path, and that of the best of which the bout became
        long enough in this very frame.
    """
    n_frames, n = score.shape
    # Row t of `becomes` is of bouts that begin after frame t - longest, so that a loop over
    # frames writes one row; `at` picks, for each state, what becomes long enough in a frame.
    longest = int(least.max())
    becomes = np.full((longest + n_frames, n), -np.inf)
    sums = np.full((n_frames, n), -np.inf)
    for state, frames in enumerate(least):
        begins = max(0, n_frames - int(frames))
        sums[:begins, state] = total[frames + 1 :, state] - total[1 : begins + 1, state]
    value, fresh = np.empty((n_frames, n)), np.full((n_frames, n), -np.inf)
    value[0] = score[0]
    leave, entry = np.empty((n, n)), np.empty(n)
    flat, at = becomes.ravel(), (longest - least) * n + np.arange(n)
    for frame in range(n_frames):
        now = value[frame]
        if frame > 0:
            np.add(value[frame - 1], score[frame], out=now)
            flat.take(at, out=fresh[frame], mode="clip")
            np.maximum(now, fresh[frame], out=now)
        np.subtract(now[:, None], cost, out=leave)
        np.maximum.reduce(leave, axis=0, out=entry)
        np.add(entry, sums[frame], out=becomes[longest + frame])
        at += n
    return value, fresh


def _last_bout(value: Floats, cost: Floats, total: Floats, least: Ints) -> tuple[int, int | None]:
    """The state at the end, and the frame its last bout began in if that is too short as yet."""
    n_frames = len(value)
    state, begin, best = int(value[-1].argmax()), None, float(value[-1].max())
    for candidate, frames in enumerate(least):
        first = max(1, n_frames - int(frames) + 1)
        entry = (value[first - 1 : n_frames - 1] - cost[:, candidate]).max(axis=1)
        scores = entry + total[n_frames, candidate] - total[first:n_frames, candidate]
        if len(scores) and scores.max() > best:
            best, state, begin = float(scores.max()), candidate, first + int(scores.argmax())
    return state, begin


def _trace_durations(
    last: tuple[int, int | None],
    value: Floats,
    cost: Floats,
    entered: NDArray[np.bool_],
    least: Ints,
) -> Ints:
    """The path, from its end to its beginning.

    Args:
        last: the state at the end, and where its bout began if that is known.
        value: `(time, state)` score of the best path.
        cost: `(state, state)`.
        entered: `(time, state)` whether the bout became long enough in this frame.
        least: `(state,)` minimum durations, in frames.
    """
    state, begin = last
    path = np.empty(len(value), dtype=np.int64)
    frames = np.arange(len(value))[:, None]
    # The first bout of all may have begun before frame 0: nothing is entered there.
    begins = np.where(entered, frames - least + 1, 0)
    np.maximum.accumulate(begins, axis=0, out=begins)
    stop = len(value)
    while stop > 0:
        if begin is None:
            begin = int(begins[stop - 1, state])
        path[begin:stop] = state
        if begin > 0:
            state = int((value[begin - 1] - cost[:, state]).argmax())
        stop, begin = begin, None
    return path
