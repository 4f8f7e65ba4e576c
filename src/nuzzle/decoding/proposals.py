"""Stretches of a recording that may each be one bout, and what speaks for it.

Zhao et al. (2017), Temporal Action Detection with Structured Segment Networks: where an action is
probable above one of many levels it may be, and what comes before and after says where it ends.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nuzzle.decoding.base import Floats
from nuzzle.decoding.smoothing import gaussian_mean
from nuzzle.evaluation.bouts import overlaps
from nuzzle.evaluation.running import RunningTotal
from nuzzle.labels import mask_to_intervals
from nuzzle.probabilities.calibrators import log_odds

Ints = NDArray[np.int64]

#: Standard deviations of averages over time, s, and the levels that they pass.
AVERAGES_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
LEVELS = (0.03, 0.06, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8)
#: What is near an edge, s.
_NEAR_S = 0.5
#: A mean below this, or above one minus this, is as good as none or all.
_LEAST = 1e-3


def propose(probability: Floats, fps: float) -> Ints:
    """Wherever a probability, averaged over some time, stays at or above some level.

    Args:
        probability: `(time,)` of one behaviour; NaN is in no stretch that is not averaged.
        fps: frames per second.

    Returns:
        `(stretch, 2)` starts and stops, frames; sorted, each once.
    """
    if not (probability >= LEVELS[0]).any():  # then nor is an average
        return np.empty((0, 2), dtype=np.int64)
    averages = [gaussian_mean(probability, width * fps) for width in AVERAGES_S]
    masks = [each >= level for each in (probability, *averages) for level in LEVELS]
    return np.unique(np.concatenate([mask_to_intervals(mask) for mask in masks]), axis=0)


def best_overlap(stretches: Ints, bouts: Ints) -> Floats:
    """The largest intersection over union of each stretch with any of the bouts, `(stretch,)`.

    Bouts are sorted, and do not overlap each other.

    >>> best_overlap(np.array([[0, 4], [8, 9]]), np.array([[2, 4], [3, 6]])).tolist()
    [0.5, 0.0]
    """
    which, _, iou = overlaps(stretches, bouts)
    best = np.zeros(len(stretches))
    np.maximum.at(best, which, iou)
    return best


def traits(probability: Floats, stretches: Ints, fps: float) -> Floats:
    """What is said inside and around each stretch, `(stretch, trait)`.

    The log odds of mean probabilities: of the whole, its first and last quarter, half its length
    before and after it, and half a second before and after it; then powers of the log duration,
    and its products with these. Where nothing is known on one side, as at an end of the recording,
    the other side stands for it; what is then not known yet counts as 0.

    Args:
        probability: `(time,)` of one behaviour; NaN where it is not known.
        stretches: as `propose` gives them.
        fps: frames per second.
    """
    mean = RunningTotal(probability).means
    start, stop = stretches.T
    half, quarter = (np.maximum(1, (stop - start) // part) for part in (2, 4))
    near = max(1, round(_NEAR_S * fps))
    means = [mean(start, stop), mean(start, start + quarter), mean(stop - quarter, stop)]
    for reach in (half, near):
        before, after = mean(start - reach, start), mean(stop, stop + reach)
        means.append(np.where(np.isnan(before), after, before))
        means.append(np.where(np.isnan(after), before, after))
    probable = np.nan_to_num(np.stack(means, axis=1))
    said = log_odds(np.clip(probable, _LEAST, 1 - _LEAST))
    duration = np.log((stop - start) / fps)[:, None]
    return np.concatenate([said, duration ** (1, 2, 3), said * duration], axis=1)
