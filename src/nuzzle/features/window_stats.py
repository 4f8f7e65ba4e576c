"""Mean, standard deviation, least and largest value in centred windows, in linear time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

NAMES = ("mean", "sd", "min", "max")


def half_windows(windows_s: Iterable[float], fps: float) -> tuple[int, ...]:
    """Frames on each side of a window's middle, at least one; equal ones count once."""
    return tuple(dict.fromkeys(max(1, int(window * fps / 2 + 0.5)) for window in windows_s))


def window_stats(values: Tensor, halves: Iterable[int]) -> Tensor:
    """Statistics over the frames of each window that are there and known.

    Args:
        values: `(..., feature, time)`; NaN is missing.
        halves: each window runs from `half` frames before to `half` frames after a frame; it is
            cut at the ends of the recording.

    Returns:
        `(..., 4 * window * feature, time)`, windows outermost, then `NAMES`, then features; NaN
        where nothing in the window is known.
    """
    sizes = tuple(halves)
    lowest = _sliding(values, sizes, torch.minimum, torch.inf)
    largest = _sliding(values, sizes, torch.maximum, -torch.inf)
    moments = _moments(values, sizes)
    blocks: list[Tensor] = []
    for moment, low, high in zip(moments, lowest, largest, strict=True):
        blocks += [*moment, low, high]
    return torch.cat(blocks, dim=-2)


def _moments(values: Tensor, halves: tuple[int, ...]) -> list[tuple[Tensor, Tensor]]:
    """Mean and standard deviation in each window, from running sums in double precision."""
    known = ~values.isnan()
    # Around the mean of the block the squares are small, and so are their rounding errors.
    middle = values.nanmean(dim=-1, keepdim=True)
    filled = torch.where(known, values - middle, 0).double()
    count, total, squares = (
        torch.nn.functional.pad(each.cumsum(dim=-1), (1, 0))
        for each in (known.double(), filled, filled * filled)
    )
    length = values.shape[-1]
    frame = torch.arange(length, device=values.device)
    out = []
    for half in halves:
        low, high = (frame - half).clamp(min=0), (frame + half + 1).clamp(max=length)
        n, s, q = (
            each.index_select(-1, high) - each.index_select(-1, low)
            for each in (count, total, squares)
        )
        mean = s / n
        sd = (q / n - mean * mean).clamp(min=0).sqrt()
        out.append((mean.to(values.dtype) + middle, sd.to(values.dtype)))
    return out


def _sliding(
    values: Tensor,
    halves: tuple[int, ...],
    pick: Callable[[Tensor, Tensor], Tensor],
    nothing: float,
) -> list[Tensor]:
    """The least or largest known value in each window.

    The extreme over 2, 4, 8, ... frames comes from two of half the length; two of these that
    overlap cover any window in between.
    """
    widest, length = max(halves), values.shape[-1]
    filled = torch.where(values.isnan(), nothing, values)
    runs = [torch.nn.functional.pad(filled, (widest, widest), value=nothing)]
    while 2 ** len(runs) <= 2 * widest + 1:
        reach = 2 ** (len(runs) - 1)
        runs.append(pick(runs[-1][..., :-reach], runs[-1][..., reach:]))
    out = []
    for half in halves:
        size = 2 * half + 1
        level = size.bit_length() - 1
        start, stop = widest - half, widest + half + 1 - 2**level
        run = runs[level]
        found = pick(run[..., start : start + length], run[..., stop : stop + length])
        out.append(torch.where(found == nothing, torch.nan, found))
    return out
