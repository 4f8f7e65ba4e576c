"""From knots to keypoints: the spline that smooths the steering, and the body it carries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.simulate.steering import HALF_WIDTH_CM, HEAD_CM, KNOT_RATE_HZ, KNOT_S, NECK_CM, Arena

#: Lengths of the segments of a body of size 1, cm; 8.5 cm from nose to tail base when straight.
REAR_CM = 1.8
EAR_CM = 1.1
EAR_SIDE_CM = 0.9
#: The rear follows the bend of the head, to the same side.
_REAR_BEND = 0.45


def spline(
    knots: NDArray[Any], times_s: NDArray[np.float64], rate_hz: float = KNOT_RATE_HZ
) -> NDArray[Any]:
    """The uniform cubic B-spline with `knots` as control points.

    Its value and its derivatives stay within the hull of the control points and of their
    differences: limits that hold for the knots hold everywhere.

    Args:
        knots: `(knot, ...)`, at ``index / rate_hz`` seconds.
        times_s: `(time,)`; needs two knots past the last.
        rate_hz: of the knots.

    Returns:
        `(time, ...)`, of the knots' type.
    """
    place = times_s * rate_hz
    index = place.astype(np.int64)
    part = place - index
    rest = 1.0 - part
    square, cube = part * part, part * part * part
    weights = np.stack(
        [rest * rest * rest, 3 * cube - 6 * square + 4, 1 + 3 * (part + square - cube), cube]
    ).astype(knots.dtype)
    weights = (weights / 6).reshape(4, -1, *[1] * (knots.ndim - 1))
    value: NDArray[Any] = weights[0] * knots[np.maximum(index - 1, 0)]
    for step, weight in enumerate(weights[1:]):
        value += weight * knots[index + step]
    return value


def keypoints(
    knots: NDArray[np.float64],
    times_s: NDArray[np.float64],
    sizes: tuple[float, float],
    arena: Arena,
) -> NDArray[np.float64]:
    """Positions of the keypoints, in cm, without any noise of a tracker.

    Args:
        knots: `(knot, 2 animals, 6)`: x, y, heading, bend, thrust_cm, thrust_hz.
        times_s: `(time,)` of the frames.
        sizes: of the two animals.
        arena: where they stay.

    Returns:
        `(time, 2 animals, 7 keypoints, 2 = x, y)`, in the order of `MOUSE7_KEYPOINTS`.
    """
    phase = np.cumsum(knots[..., 5], axis=0) * KNOT_S
    tracks = spline(np.concatenate([knots[..., :5], phase[..., None]], axis=2), times_s)
    x, y, heading, bend, thrust, cycles = np.moveaxis(tracks, 2, 0)
    size = np.asarray(sizes)[:, None]
    trunk, head, rear = _unit(heading), _unit(heading + bend), _unit(heading - _REAR_BEND * bend)
    centre = np.stack([x, y], axis=-1) + (thrust * np.sin(2 * np.pi * cycles))[..., None] * trunk
    half = NECK_CM * size
    neck, hip = centre + half * trunk, centre - half * trunk
    ears = neck + EAR_CM * size * head
    beside, across = EAR_SIDE_CM * size * _left(head), HALF_WIDTH_CM * size * _left(trunk)
    points = np.stack(
        [
            neck + HEAD_CM * size * head,
            ears + beside,
            ears - beside,
            neck,
            hip + across,
            hip - across,
            hip - REAR_CM * size * rear,
        ],
        axis=2,
    )
    return _inside(points, arena)


def _unit(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _left(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """To the left of a direction, seen from above in an image (y points down)."""
    return np.stack([direction[..., 1], -direction[..., 0]], axis=-1)


def _inside(points: NDArray[np.float64], arena: Arena) -> NDArray[np.float64]:
    """Shift whole bodies off the walls that they reach through; their shape stays."""
    # Point by point: numpy reduces a short axis in the middle an order of magnitude slower.
    low, high = points[:, :, 0].copy(), points[:, :, 0].copy()
    for point in np.moveaxis(points, 2, 0)[1:]:
        np.minimum(low, point, out=low)
        np.maximum(high, point, out=high)
    shift = np.maximum(-low, 0.0) - np.maximum(high - np.asarray(arena), 0.0)
    points += shift[:, :, None]
    return points
