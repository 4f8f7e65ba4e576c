"""How the animals move over several lags: forward, sideways, turning, towards each other.

The displacement of a body is the mean over the keypoints present at both ends of the lag. A
difference of centres would jump whenever a keypoint is lost, because the mean of fewer points lies
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor

from nuzzle.features.body_frame import seen_from
from nuzzle.features.geometry import length, mean_of_present
from nuzzle.features.traits import Trait
from nuzzle.skeleton import Skeleton


def lag_name(half: int, fps: float) -> str:
    """The whole lag in seconds: ``0.5s``."""
    return f"{2 * half / fps:.3g}s"


def _summary(half: int, fps: float) -> Literal["mean", "spread"]:
    """Of lags of about half a second, steadier than shorter ones, the spread is worth knowing."""
    return "spread" if 0.4 <= 2 * half / fps <= 0.7 else "mean"


def traits(halves: Iterable[int], fps: float, unit: str) -> tuple[Trait, ...]:
    """Five rates of each animal at each lag."""
    out: list[Trait] = []
    for half in halves:
        lag, summary = lag_name(half, fps), _summary(half, fps)
        out += [
            Trait(f"forward_{lag}", f"{unit}/s"),
            Trait(f"rightward_{lag}", f"{unit}/s", odd=True),
            Trait(f"speed_{lag}", f"{unit}/s", summary=summary),
            Trait(f"approach_{lag}", f"{unit}/s"),
            Trait(f"turn_{lag}", "rad/s", odd=True, summary=summary),
        ]
    return tuple(out)


def keypoint_speed_traits(
    skeleton: Skeleton, halves: Iterable[int], fps: float, unit: str
) -> tuple[Trait, ...]:
    """The speed of each keypoint at each lag."""
    return tuple(
        Trait(f"{keypoint}_speed_{lag_name(half, fps)}", f"{unit}/s", summary="none")
        for half in halves
        for keypoint in skeleton.keypoints
    )


def closing_traits(halves: Iterable[int], fps: float, unit: str) -> tuple[Trait, ...]:
    """How fast the two close in, at each lag."""
    return tuple(
        Trait(f"closing_{lag_name(half, fps)}", f"{unit}/s", summary=_summary(half, fps))
        for half in halves
    )


def ends(values: Tensor, half: int) -> tuple[Tensor, Tensor]:
    """Values `half` frames before and after each frame; at the ends the first and the last one.

    Args:
        values: `(..., time)`.
        half: frames.

    Returns:
        Two tensors `(..., time)`.
    """
    first = values[..., :1].expand(*values.shape[:-1], half)
    last = values[..., -1:].expand(*values.shape[:-1], half)
    padded = torch.cat([first, values, last], dim=-1)
    length_frames = values.shape[-1]
    return padded[..., :length_frames], padded[..., 2 * half :]


def per_second(length_frames: int, half: int, fps: float, like: Tensor) -> Tensor:
    """One over the time between the two ends of the lag, `(time,)`; NaN for a single frame."""
    frame = torch.arange(length_frames, device=like.device)
    spanned = (frame + half).clamp(max=length_frames - 1) - (frame - half).clamp(min=0)
    return torch.where(spanned > 0, fps / spanned.to(like.dtype), torch.nan)


def displacements(points: Tensor, halves: Iterable[int]) -> list[Tensor]:
    """How far each keypoint moves over each lag, centred on the frame.

    Args:
        points: `(..., animal, keypoint, 2, time)`.
        halves: half lags, frames.

    Returns:
        For each lag `(..., animal, keypoint, 2, time)`; NaN where the keypoint is missing at either
        end.
    """
    return [after - before for before, after in (ends(points, half) for half in halves)]


def motion(
    moved: Sequence[Tensor], axes: Tensor, to_other: Tensor, halves: Iterable[int], fps: float
) -> Tensor:
    """Rates of each animal over each lag, centred on the frame.

    Args:
        moved: `displacements` of the keypoints that make up the centre.
        axes: unit vectors forward, `(..., animal, 2, time)`.
        to_other: unit vectors to the other's centre, `(..., animal, 2, time)`.
        halves: half lags, frames.
        fps: frames per second.

    Returns:
        `(..., animal, 5 * lag, time)`: forward, rightward, speed, approach, turn of each lag. The
        turn is by the shorter way round, so that over half a circle within a lag counts as less.
    """
    blocks = []
    for displacement, half in zip(moved, halves, strict=True):
        rate = per_second(axes.shape[-1], half, fps, axes)
        velocity = mean_of_present(displacement) * rate
        was, becomes = ends(axes, half)
        turned = seen_from(becomes, was)
        blocks += [
            seen_from(velocity, axes),
            length(velocity).unsqueeze(-2),
            (velocity * to_other).sum(dim=-2, keepdim=True),
            torch.atan2(turned[..., 1:, :], turned[..., :1, :]) * rate,
        ]
    return torch.cat(blocks, dim=-2)


def keypoint_speeds(moved: Sequence[Tensor], halves: Iterable[int], fps: float) -> Tensor:
    """How fast each keypoint moves over each lag, wherever the body goes as a whole.

    Heads and tails move in fights and while sniffing; the mean of a body hides it.

    Args:
        moved: `displacements` of all keypoints.
        halves: half lags, frames.
        fps: frames per second.

    Returns:
        `(..., animal, lag * keypoint, time)`; NaN where the keypoint is missing at either end.
    """
    blocks = [
        length(displacement) * per_second(displacement.shape[-1], half, fps, displacement)
        for displacement, half in zip(moved, halves, strict=True)
    ]
    return torch.cat(blocks, dim=-2)


def closing(rates: Tensor) -> Tensor:
    """Closing speeds: what both animals contribute to it.

    Args:
        rates: of `motion`, `(..., animal, 5 * lag, time)`.

    Returns:
        `(..., lag, time)`.
    """
    return rates[..., 3::5, :].sum(dim=-3)
