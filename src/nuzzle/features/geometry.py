"""Plane geometry on `(..., 2, time)` vectors, and rates of change along time."""

from __future__ import annotations

import torch
from torch import Tensor

from nuzzle.skeleton import Skeleton


def length(vector: Tensor) -> Tensor:
    """Euclidean length of `(..., 2, time)` vectors, `(..., time)`."""
    return torch.hypot(vector[..., 0, :], vector[..., 1, :])


def rate(values: Tensor, fps: float) -> Tensor:
    """Rate of change along the last dimension, per second.

    Central differences, at both ends that to the only neighbour, as in the source document. A frame
    whose neighbour is missing has no rate.

    >>> rate(torch.tensor([0.0, 1.0, 4.0]), fps=10.0).tolist()
    [10.0, 20.0, 30.0]
    """
    if values.shape[-1] < 2:
        return torch.full_like(values, torch.nan)
    out = torch.empty_like(values)
    out[..., 1:-1] = (values[..., 2:] - values[..., :-2]) * (fps / 2)
    out[..., 0] = (values[..., 1] - values[..., 0]) * fps
    out[..., -1] = (values[..., -1] - values[..., -2]) * fps
    return out


def centre(points: Tensor, skeleton: Skeleton) -> Tensor:
    """Mean of the skeleton's centre keypoints that are present.

    Args:
        points: `(..., animal, keypoint, 2, time)`.
        skeleton: declares the centre keypoints.

    Returns:
        `(..., animal, 2, time)`; NaN where all of them are missing.
    """
    indices = skeleton.centre_indices
    if indices == tuple(range(points.shape[-3])):
        return mean_of_present(points)
    return mean_of_present(points[..., list(indices), :, :])


def mean_of_present(points: Tensor) -> Tensor:
    """Mean over the keypoints that are there.

    Args:
        points: `(..., keypoint, 2, time)`.

    Returns:
        `(..., 2, time)`; NaN where all are missing.
    """
    mean = points.mean(dim=-3)
    # Complete frames are the rule: the slower sum over present points is for the others only.
    return mean if bool(torch.isfinite(mean).all()) else points.nanmean(dim=-3)


def heading(points: Tensor, skeleton: Skeleton) -> Tensor:
    """Vector from tail base to nose, `(..., animal, 2, time)`, not normalised."""
    nose = points[..., skeleton.nose_index, :, :]
    return nose - points[..., skeleton.tail_base_index, :, :]
