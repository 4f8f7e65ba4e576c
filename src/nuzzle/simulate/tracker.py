"""What a tracker makes of the bodies: noise, confidence, lost points, exchanged identities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nuzzle.labels import intervals_to_mask
from nuzzle.simulate.bodies import spline
from nuzzle.simulate.difficulty import Difficulty

#: The slow part of the error changes about this often a second.
_DRIFT_HZ = 3.0
#: A point this near to the other's centre is hidden now and then, px.
_HIDDEN_PX = 40.0
_SWAP_PX = 120.0


def track(
    points_px: NDArray[np.float32],
    fps: float,
    level: Difficulty,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Tracked positions and confidences.

    Args:
        points_px: true positions, `(time, 2 animals, keypoint, 2)`, px.
        fps: frames per second.
        level: how bad the tracker is.
        rng: the randomness.

    Returns:
        Positions, `(time, 2 = x, y, keypoint, individual)`, px, NaN where the point is lost; and
        confidences `(time, keypoint, individual)`, 0 to 1, which are 0 there.
    """
    sigma, hidden = _uncertainty(points_px, fps, level)
    error = _error(sigma, fps, rng)
    squared = error[..., 0] ** 2 + error[..., 1] ** 2
    certain = 1.0 - 0.04 * rng.random(squared.shape, dtype=np.float32)
    confidence: NDArray[np.float32] = certain * np.exp(-0.05 * sigma - squared / 400.0)
    position = points_px + error
    lost = _lost(hidden, fps, level, rng)
    position[lost] = np.nan
    confidence[lost] = 0.0
    _swap(position, confidence, points_px, fps, level, rng)
    return position.transpose(0, 3, 2, 1), confidence.transpose(0, 2, 1)


def _uncertainty(
    points: NDArray[np.float32], fps: float, level: Difficulty
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Standard deviation of each point, px, and how hidden it is by the other, 0 to 1.

    Both `(time, animal, keypoint)`.
    """
    centre = _centre(points)
    gap = np.hypot(*np.moveaxis(points - centre[:, ::-1, None], -1, 0))
    hidden = np.clip(1.0 - gap / _HIDDEN_PX, 0.0, 1.0)
    speed = np.zeros(points.shape[:2], dtype=np.float32)
    speed[1:] = np.hypot(*np.moveaxis(np.diff(centre, axis=0), -1, 0)) * fps
    blur = 1.0 + np.minimum(speed / 1000.0, 1.5)
    sigma = level.noise_px * blur[..., None] * (1.0 + 3.0 * hidden)
    return sigma, hidden


def _centre(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over the keypoints; a sum of slices, since numpy is slow over a short middle axis."""
    total = points[:, :, 0].copy()
    for point in np.moveaxis(points, 2, 0)[1:]:
        total += point
    total /= points.shape[2]
    return total


def _error(sigma: NDArray[np.float32], fps: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Errors `(time, animal, keypoint, 2)`: half jitter from frame to frame, half slow drift."""
    n_frames = len(sigma)
    times = np.arange(n_frames) / fps
    shape = (int(n_frames / fps * _DRIFT_HZ) + 4, *sigma.shape[1:], 2)
    knots = rng.standard_normal(shape, dtype=np.float32)
    # The spline halves the variance of white knots, more or less; the factor gives it back.
    error = spline(np.float32(1.4) * knots, times, _DRIFT_HZ)
    error += rng.standard_normal(error.shape, dtype=np.float32)
    error *= np.float32(np.sqrt(0.5)) * sigma[..., None]
    return error


def _runs(
    count: float, mean_s: float, n_frames: int, fps: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Where runs begin, as shares of all chances, and how many frames they last."""
    number = rng.poisson(count)
    lengths = 1 + rng.geometric(1.0 / max(1.5, mean_s * fps), number)
    return rng.random(number), np.minimum(lengths, n_frames).astype(np.int64)


def _lost(
    hidden: NDArray[np.float32], fps: float, level: Difficulty, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Runs in which a point is not found, most of them where the other hides it."""
    n_frames = len(hidden)
    count = level.dropped_per_minute * n_frames / fps / 60.0
    shares, lengths = _runs(count, 0.2, n_frames, fps, rng)
    chances = np.cumsum(0.05 + hidden, dtype=np.float64)
    places = np.searchsorted(chances, shares * chances[-1])
    frames, animals, parts = np.unravel_index(places, hidden.shape)
    lost = np.zeros(hidden.shape, dtype=bool)
    for animal, part in sorted(set(zip(animals.tolist(), parts.tolist(), strict=True))):
        mine = (animals == animal) & (parts == part)
        starts = frames[mine].astype(np.int64)
        lost[:, animal, part] = intervals_to_mask(starts, starts + lengths[mine], n_frames)
    return lost


def _swap(
    position: NDArray[np.float32],
    confidence: NDArray[np.float32],
    points: NDArray[np.float32],
    fps: float,
    level: Difficulty,
    rng: np.random.Generator,
) -> None:
    """Exchange the identities, in place, in short runs that begin where the animals are close."""
    n_frames = len(points)
    count = level.swaps_per_minute * n_frames / fps / 60.0
    shares, lengths = _runs(count, 0.3, n_frames, fps, rng)
    centres = _centre(points)
    close = np.flatnonzero(np.hypot(*(centres[:, 0] - centres[:, 1]).T) < _SWAP_PX)
    if not len(close) or not len(shares):
        return
    starts = close[(shares * len(close)).astype(np.int64)]
    swapped = intervals_to_mask(starts, starts + lengths, n_frames)
    position[swapped] = position[swapped][:, ::-1]
    confidence[swapped] = confidence[swapped][:, ::-1]
