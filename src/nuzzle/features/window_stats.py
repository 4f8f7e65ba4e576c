"""Mean, standard deviation, least and largest value in centred windows, in linear time.

A window runs from `half` frames before to `half` frames after a frame, is cut at the ends of the
recording, and counts the frames whose value is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def means(values: Tensor, halves: Sequence[int]) -> list[Tensor]:
    """Mean in each window, from running sums in double precision.

    Args:
        values: `(..., time)`; NaN is missing.
        halves: one for each window, frames.

    Returns:
        For each window `(..., time)`; NaN where nothing in it is known.
    """
    known = ~values.isnan()
    counts = _sums(known.to(values.dtype), halves)
    totals = _sums(torch.where(known, values, 0).double(), halves)
    return [(total / count).to(values.dtype) for total, count in zip(totals, counts, strict=True)]


def deviations(values: Tensor, halves: Sequence[int]) -> list[Tensor]:
    """Standard deviation in each window (dividing by n); arguments and result as of `means`."""
    known = ~values.isnan()
    # Around the overall mean the squares are small, and so are their rounding errors.
    centred = torch.where(known, values - values.nanmean(dim=-1, keepdim=True), 0).double()
    sums = [_sums(each, halves) for each in (known.double(), centred, centred * centred)]
    out = []
    for count, total, squares in zip(*sums, strict=True):
        variance = squares / count - (total / count) ** 2
        out.append(variance.clamp(min=0).sqrt().to(values.dtype))
    return out


def least(values: Tensor, halves: Sequence[int]) -> list[Tensor]:
    """Least known value in each window; arguments and result as of `means`.

    The least of 2, 4, 8, ... frames comes from two runs of half the length; two runs that overlap
    cover any window in between.
    """
    widest, length = max(halves), values.shape[-1]
    filled = torch.where(values.isnan(), torch.inf, values)
    runs = [torch.nn.functional.pad(filled, (widest, widest), value=torch.inf)]
    while 2 ** len(runs) <= 2 * widest + 1:
        reach = 2 ** (len(runs) - 1)
        runs.append(torch.minimum(runs[-1][..., :-reach], runs[-1][..., reach:]))
    out = []
    for half in halves:
        level = (2 * half + 1).bit_length() - 1
        first, last = widest - half, widest + half + 1 - 2**level
        run = runs[level]
        found = torch.minimum(run[..., first : first + length], run[..., last : last + length])
        out.append(torch.where(found.isinf(), torch.nan, found))
    return out


def largest(values: Tensor, halves: Sequence[int]) -> list[Tensor]:
    """Largest known value in each window; arguments and result as of `means`."""
    return [-low for low in least(-values, halves)]


def _sums(values: Tensor, halves: Sequence[int]) -> list[Tensor]:
    """Sum in each window: the difference of the running sum at its two ends."""
    widest, length = max(halves), values.shape[-1]
    running = torch.nn.functional.pad(values.cumsum(dim=-1), (widest + 1, 0))
    beyond = running[..., -1:].expand(*running.shape[:-1], widest)
    padded = torch.cat([running, beyond], dim=-1)
    return [
        padded[..., widest + half + 1 : widest + half + 1 + length]
        - padded[..., widest - half : widest - half + length]
        for half in halves
    ]
