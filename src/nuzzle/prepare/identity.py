"""Mending identities: where a tracker exchanged two animals, their tracks are exchanged back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise, permutations
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.errors import InputError, count, listed
from nuzzle.prepare.base import Step, nominal_fps
from nuzzle.prepare.gaps import last_present
from nuzzle.recording import Recording

#: Positions and lengths, as precise as recordings hold them.
_Points = NDArray[np.float32]
#: Costs, which are added up over a recording.
_Costs = NDArray[np.float64]

#: More animals have too many assignments (24 for four).
MOST_ANIMALS = 4
#: A point not seen for longer says nothing of who is where, s.
_MAX_GAP_S = 1.0
#: Steps shorter than this share of a body say nothing: trackers that smooth leave none longer.
_LEAST_SCALE = 0.05
#: The points of one body err together: they count as this many.
_POINTS_THAT_COUNT = 2
#: Posture, and with it the apparent size of a body, is about the same for this long, s.
_POSTURE_S = 2.0
#: Each exchange costs as much, in natural logarithms of odds. More mends less.
_EXCHANGE = 3.0
#: A passing one costs as much besides a second, a lasting one as much in all.
_PASSING_PER_S = 1.0
_LASTING = 5.0
#: Lengths tell animals apart whose medians differ by this many standard deviations.
_SEPARATION = 1.0
#: History entries list this many swaps.
_LISTED = 5


class Swap(NamedTuple):
    """Frames `[start_frame, stop_frame)` in which the tracks are exchanged."""

    start_frame: int
    stop_frame: int


@dataclass(frozen=True)
class RepairIdentity(Step):
    """Exchange tracks back where a tracker exchanged the animals.

    Each frame is assigned one of the K! ways to give K tracks to K animals; the cheapest sequence
    is found by dynamic programming (Viterbi 1967). It costs

    - how far the points of each animal lie from where the frame before lets expect them, as
      ``log(1 + distance^2 / (scale^2 * age))``; the scale is the median step in this recording, and
      a twentieth of the body at least; the age is that of the last sighting, frames;
    - how unlike an animal's usual segment lengths those of its track are, where the animals differ;
    - 3 for each exchange (natural logarithms of odds), with a surcharge for one that lasts and for
      each second of one that passes.

    Whether a track jumps onto the place of another that stays (a double detection) makes no
    difference, so that nothing is exchanged then. The names stay with most of the frames.
    """

    name: ClassVar[str] = "repair_identity"

    def __call__(self, recording: Recording) -> Recording:
        order = assignment(recording)
        swaps = swaps_of(order)
        if not swaps:
            return recording.with_position(recording.position, "mended 0 identity swaps")
        position, confidence = recording.position.copy(), recording.confidence.copy()
        for start, stop in swaps:
            way = order[start]
            position[start:stop] = position[start:stop][..., way]
            confidence[start:stop] = confidence[start:stop][..., way]
        return recording.with_position(position, summary(swaps), confidence=confidence)


def summary(swaps: list[Swap]) -> str:
    """What was mended, for people."""
    frames = sum(stop - start for start, stop in swaps)
    spans = [f"{start}-{stop - 1}" if stop - start > 1 else f"{start}" for start, stop in swaps]
    where = listed(spans, _LISTED)
    return f"mended {count(len(swaps), 'identity swap')}, {frames:,} frames (frames {where})"


def swaps_of(order: NDArray[np.int64]) -> list[Swap]:
    """Runs of frames whose tracks are exchanged in one way.

    Args:
        order: `(time, individual)`, as `assignment` gives it.
    """
    exchanged = (order != np.arange(order.shape[1])).any(axis=1)
    changes = np.flatnonzero((order[1:] != order[:-1]).any(axis=1)) + 1
    runs = pairwise([0, *changes.tolist(), len(order)])
    return [Swap(start, stop) for start, stop in runs if exchanged[start:stop].any()]


def assignment(recording: Recording) -> NDArray[np.int64]:
    """Which track each animal has in each frame.

    Args:
        recording: two to four animals with points; with one there is nothing to exchange.

    Returns:
        `(time, individual)`: the column of the track. Most frames keep their own.

    Raises:
        InputError: there are more than four animals.
    """
    animals = len(recording.individuals)
    order = np.tile(np.arange(animals), (recording.n_frames, 1))
    there = np.flatnonzero(recording.present.any(axis=(0, 1)))
    if len(there) > MOST_ANIMALS:
        raise InputError(
            f"recording {recording.name!r} has points of {len(there)} individuals; identities are "
            f"mended among up to {MOST_ANIMALS}. Keep fewer of them (column individuals of the "
            "manifest), or train without prepare.repair_identity."
        )
    if len(there) > 1 and len(order) > 1:
        points = np.ascontiguousarray(recording.position[..., there].transpose(3, 2, 1, 0))
        order[:, there] = there[_assignment(points, recording.require_fps())]
    return order


def _assignment(points: _Points, fps: float) -> NDArray[np.int64]:
    """The same of several animals that are all seen in some frame.

    Args:
        points: `(track, keypoint, 2, time)`, as in all that follows: sums over the few points of a
            body are quick where time comes last.
        fps: frames a second.
    """
    motion = _motion(points, fps)
    first = _cheapest(motion, np.zeros_like(motion.cost), fps)
    looks = _appearance(_lengths(points), first, fps)
    return _most_own(_cheapest(motion, looks, fps) if looks.any() else first)


def _distance(vectors: _Points) -> _Points:
    """Lengths of vectors `(..., 2, time)`."""
    x, y = vectors[..., 0, :], vectors[..., 1, :]
    lengths: _Points = np.sqrt(x * x + y * y)
    return lengths


class _Motion(NamedTuple):
    """What motion says of exchanges.

    Attributes:
        cost: that what was track a is now track b, `(time, a, b)`; 0 in the first frame.
        lost: whether a track has not been seen lately, `(time, track)`.
    """

    cost: _Costs
    lost: NDArray[np.bool_]


def _motion(points: _Points, fps: float) -> _Motion:
    """Costs of exchanges between tracks seen lately; where there is one of these, they are 0."""
    animals, length = len(points), points.shape[-1]
    present = np.isfinite(points[:, :, 0]) & np.isfinite(points[:, :, 1])
    steps = _distance(np.diff(points))
    known = steps[np.isfinite(steps)]
    scale = max(float(np.median(known)) if known.size else 0.0, _LEAST_SCALE * _body_size(points))
    cost, lost = np.zeros((length, animals, animals)), np.zeros((length, animals), dtype=bool)
    if not scale > 0:
        return _Motion(cost, lost)
    expected, age = _expected(points, present, scale)
    lately = age <= _MAX_GAP_S * nominal_fps(fps)
    seen = np.asarray(lately.any(axis=1))
    lost[1:] = ~seen.T
    # The same points of all that were seen, so that no exchange is cheap for want of points.
    known_before = (lately | ~seen[:, None]).all(axis=0) & (seen.sum(axis=0) > 1)
    spread = scale**2 * age
    for b in range(animals):
        usable = known_before & present[b, :, 1:]
        count = usable.sum(axis=0)
        weight = np.minimum(count, _POINTS_THAT_COUNT) / np.maximum(count, 1)
        for a in range(animals):
            away = points[b, :, :, 1:] - expected[a]
            with np.errstate(invalid="ignore"):
                each = np.log1p((away * away).sum(axis=1) / spread[a])
            cost[1:, a, b] = weight * np.where(usable, each, 0.0).sum(axis=0)
    return _Motion(_without(cost, lost), lost)


def _without(cost: _Costs, lost: NDArray[np.bool_]) -> _Costs:
    """The costs where tracks are lost: to exchange one of them never costs less than to stay."""
    stay = np.where(lost, 0.0, np.einsum("taa->ta", cost))
    either = lost[:, :, None] | lost[:, None, :]
    return np.where(either, stay[:, :, None] + stay[:, None, :], cost)


def _body_size(points: _Points) -> float:
    """Median distance of the points of one body from their mean; 0 where a body is one point.

    Of bodies with all the points that are ever seen; where there are none, of parts of bodies.
    """
    there = np.asarray(np.isfinite(points).all(axis=2))
    ever = there.any(axis=(0, 2))
    points, there = points[:, ever], there[:, ever]
    count = there.sum(axis=1, keepdims=True)
    counted = there & (count == ever.sum())
    if not counted.any():
        counted = there & (count > 1)
    if not counted.any():
        return 0.0
    mean = np.where(there[:, :, None], points, 0.0).sum(axis=1, keepdims=True)
    mean /= np.maximum(count, 1)[:, :, None]
    return float(np.median(_distance(points - mean)[counted]))


def _expected(
    points: _Points, present: NDArray[np.bool_], scale: float
) -> tuple[_Points, NDArray[np.float64]]:
    """Where each point is expected, from the frames before, and how old that knowledge is.

    Returns:
        Positions `(track, keypoint, 2, time - 1)` for all frames but the first, and ages
        `(track, keypoint, time - 1)` in frames, infinite where the point was never seen.
    """
    last = last_present(present)[..., :-1]
    expected = np.take_along_axis(points, np.maximum(last, 0)[..., None, :], axis=-1)
    age = np.where(last >= 0, np.arange(1, points.shape[-1]) - last, np.inf)
    # A body moves on as it moved, unless that step was itself a jump.
    both = present[..., 1:] & present[..., :-1]
    step = np.where(both[:, :, None], np.diff(points), 0.0).sum(axis=1)
    step /= np.maximum(both.sum(axis=1), 1)[:, None]
    step *= (_distance(step) < 3 * scale)[:, None]
    moves = (age == 1)[:, :, None, 1:]
    expected[..., 1:] += np.where(moves, step[:, None, :, :-1], 0.0)
    return expected, age


def _lengths(points: _Points) -> _Points:
    """Logarithms of the distances within each body, `(track, segment, time)`."""
    pairs = list(combinations(range(points.shape[1]), 2))
    one, other = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    between = _distance(points[:, one] - points[:, other])
    return np.log(np.where(between > 0, between, np.nan))


def _appearance(lengths: _Points, order: NDArray[np.int64], fps: float) -> _Costs:
    """Cost that track a is animal j, a frame, `(time, a, j)`; 0 where animals look alike."""
    animals, _, length = lengths.shape
    own = np.take_along_axis(lengths, order.T[:, None], axis=0)
    enough = np.isfinite(own).sum(axis=-1).min(axis=0) >= 10 * _POSTURE_S * fps
    cost = np.zeros((length, animals, animals))
    if not enough.any():
        return cost
    own, tracks = own[:, enough], lengths[:, enough]
    middle = np.nanmedian(own, axis=-1)
    spread = 1.4826 * np.nanmedian(np.abs(own - middle[..., None]), axis=-1).max(axis=0)
    differ = np.ptp(middle, axis=0) > _SEPARATION * np.maximum(spread, 1e-6)
    if not differ.any():
        return cost
    tracks, middle = tracks[:, differ], middle[:, differ]
    spread = np.maximum(spread[differ], 0.02)[:, None]
    known = np.isfinite(tracks)
    count = np.maximum(known.sum(axis=1), 1)
    for j in range(animals):
        apart = np.minimum(np.abs(tracks - middle[j, :, None]) / spread, 3.0) ** 2
        total = np.where(known, apart, 0.0).sum(axis=1)
        cost[:, :, j] = (0.5 * total / count / (_POSTURE_S * fps)).T
    cost[~known.any(axis=1).all(axis=0)] = 0.0
    return cost


def _cheapest(motion: _Motion, looks: _Costs, fps: float) -> NDArray[np.int64]:
    """The cheapest sequence of assignments, `(time, individual)`.

    An exchange begins and ends only in frames whose motion speaks for it, or in which animals
    reappear so late that motion says nothing; from one such frame to the next the assignment
    stays. So few frames are left to search.
    """
    moved = motion.cost
    ways, lasting = _states(moved.shape[1])
    tracks = np.arange(moved.shape[1])
    stay = np.einsum("taa->t", moved)
    best = np.min([moved[:, tracks, way].sum(axis=1) for way in ways[1:]], axis=0)
    silent = looks.any(axis=(1, 2)) & (motion.lost.any(axis=1) | ~moved.any(axis=(1, 2)))
    frames = np.flatnonzero((best < stay) | silent)
    frames = frames[frames > 0]
    bounds = np.concatenate([[0], frames, [len(moved)]])
    held = _held(looks, ways, lasting, bounds, fps)
    # From way p to way q, animal j goes from track p[j] to track q[j].
    moves = np.zeros((len(frames), len(ways), len(ways)))
    for animal in tracks:
        moves += moved[frames][:, ways[:, None, animal], ways[None, :, animal]]
    other = (ways[:, None] != ways[None, :]).any(axis=-1)
    entry = np.where(lasting, _LASTING, 0.0)
    # One kind of exchange does not become the other.
    again = np.where(np.eye(len(ways), dtype=bool), 0.0, np.inf)
    moves += np.where(other, _EXCHANGE + entry, again)
    total = held[0] + entry
    back = np.empty((len(frames), len(ways)), dtype=np.int64)
    for number, move in enumerate(moves):
        arrive = total[:, None] + move
        back[number] = arrive.argmin(axis=0)
        total = arrive.min(axis=0) + held[number + 1]
    chosen = np.empty(len(bounds) - 1, dtype=np.int64)
    chosen[-1] = total.argmin()
    for number in range(len(frames) - 1, -1, -1):
        chosen[number] = back[number, chosen[number + 1]]
    return ways[np.repeat(chosen, np.diff(bounds))]


def _states(animals: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Assignments `(state, individual)`, and which of them last.

    The first is everyone's own track. Each other one occurs twice: as a passing exchange, whose
    cost grows with time, and as a lasting one, which costs something once.
    """
    own, *others = permutations(range(animals))
    lasting = [False, *[False] * len(others), *[True] * len(others)]
    return np.array([own, *others, *others]), np.array(lasting)


def _held(
    looks: _Costs,
    ways: NDArray[np.int64],
    lasting: NDArray[np.bool_],
    bounds: NDArray[np.int64],
    fps: float,
) -> _Costs:
    """What keeping a state costs between successive `bounds`, `(stretch, state)`."""
    tracks = np.arange(looks.shape[1])
    unlike = np.stack([looks[:, way, tracks].sum(axis=1) for way in ways], axis=1)
    sums = np.concatenate([np.zeros((1, len(ways))), np.cumsum(unlike, axis=0)])
    passing = ~lasting & (ways != tracks).any(axis=1)
    each_frame = np.where(passing, _PASSING_PER_S / fps, 0.0)
    held: _Costs = np.diff(sums[bounds], axis=0) + np.diff(bounds)[:, None] * each_frame
    return held


def _most_own(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same assignments, animals named so that most frames stay as they are."""
    animals = order.shape[1]
    ways = order @ animals ** np.arange(animals)[::-1]  # one number each
    _, first, counts = np.unique(ways, return_index=True, return_counts=True)
    most = order[first[counts.argmax()]]
    return np.ascontiguousarray(order[:, np.argsort(most)])
