"""The best path through classes over time: what a frame says, less what it costs to switch.

A path has the sum of its frames' scores, minus the cost of each switch. With scores that are log
probabilities this is the most probable path of a hidden Markov model.

Source: Viterbi (1967), Error Bounds for Convolutional Codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.base import Floats

Ints = NDArray[np.int64]

#: Of sequences that are solved together: where each state came from, states by states a frame.
_MOST_BYTES = 200_000_000


def best_paths(scores: Sequence[NDArray[Any]], cost: NDArray[Any]) -> list[Ints]:
    """The best path of each of several sequences.

    Sequences are cut into blocks that are solved side by side, each for every state that it may
    be entered from; then the blocks are chained. So a loop runs over the square root of the
    number of frames, and the answer is that of a loop over all.

    Args:
        scores: `(time, state)` each, finite.
        cost: `(state,)` of a switch to each state, 0 or more.

    Returns:
        `(time,)` state of each frame, for each sequence.
    """
    held = np.cumsum([len(score) for score in scores]) * len(cost) ** 2
    batches = groupby(zip(held // _MOST_BYTES, scores, strict=True), key=itemgetter(0))
    return [
        path for _, batch in batches for path in _side_by_side([score for _, score in batch], cost)
    ]


def _side_by_side(scores: Sequence[NDArray[Any]], cost: NDArray[Any]) -> list[Ints]:
    """The best paths of sequences that fit in memory together."""
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


def _blocks(score: NDArray[Any], length: int) -> Floats:
    """`(length, state, block)`; the last block is padded with frames that say nothing.

    To stay is free and to switch is not, so they change nothing.
    """
    n_blocks = -(-len(score) // length)
    padded = np.zeros((n_blocks * length, score.shape[1]))
    padded[: len(score)] = score
    return padded.reshape(n_blocks, length, score.shape[1]).transpose(1, 2, 0)


def _solve_blocks(blocks: Floats, cost: NDArray[Any]) -> tuple[Floats, NDArray[np.uint8]]:
    """The best path through each block from each state before it to each state at its end.

    Args:
        blocks: `(length, state, block)`.
        cost: `(state,)`.

    Returns:
        The scores `(state, block, before)`, and for each frame the state of the frame before it
        on the best path, `(length, state, block, before)`.
    """
    length, n, n_blocks = blocks.shape
    states = np.arange(n, dtype=np.uint8)
    came_from = np.empty((length, n, n_blocks, n), dtype=np.uint8)
    came_from[:] = states[:, None, None]
    best = np.full((n, n_blocks, n), -np.inf)
    best[states, :, states] = 0.0
    candidate, better = np.empty_like(best), np.empty(best.shape, dtype=bool)
    for frame in range(length):
        # A switch costs the same from everywhere: only the best state is worth leaving.
        source, origin = _best_of(best)
        np.subtract(source, cost[:, None, None], out=candidate)
        np.greater(candidate, best, out=better)
        np.copyto(came_from[frame], origin, where=better)
        np.maximum(candidate, best, out=best)
        best += blocks[frame][..., None]
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
