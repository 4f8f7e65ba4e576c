"""Whether the scoring of a recording seems to have stopped before its end, or begun late.

A file of bouts does not say where its scorer stopped. All that comes after it would count as frames
in which nothing happened.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nuzzle.labels import Labels, frames_inside, mask_to_intervals

#: An end without a bout is suspicious where it is this share of the frames,
_SHARE = 0.25
#: so many times as long as any other pause,
_PAUSES = 3
#: and where bouts at random times would leave it empty more rarely than this.
_CHANCE = 1e-3
#: Bouts that are nearer to each other than so many of their median length are one group of them.
_CLOSE = 3


def quiet_after(every: Iterable[Labels]) -> float | None:
    """After which share of its frames none of several recordings has a bout; None where some does.

    None as well where that may be by chance, or is told of each by `quiet_end` already.
    """
    stops, groups, told = list[float](), 0, 0
    for labels in every:
        frames, bouts = _scored(labels)
        if not len(bouts):
            continue
        stops.append(float(bouts[-1, 1] / len(frames)))
        # Bouts that follow each other closely say of the rest what one says.
        close = _CLOSE * np.median(np.diff(bouts))
        groups += 1 + int((bouts[1:, 0] - bouts[:-1, 1] > close).sum())
        told += _quiet(len(frames), bouts) is not None
    last = max(stops, default=1.0)
    by_chance = 1 - last <= _SHARE or last**groups >= _CHANCE
    return None if len(stops) < 2 or by_chance or told == len(stops) else last


def _scored(labels: Labels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The frames that count as looked at, and where in them something goes on.

    Labels with a background are taken at their word: they say where nothing happened.
    """
    frames = np.flatnonzero(frames_inside(labels.observed, labels.n_frames))
    active = frames_inside(labels.bouts, labels.n_frames)[frames]
    return frames, mask_to_intervals(active & (labels.background is None))


def _quiet(n_frames: int, bouts: NDArray[np.int64]) -> tuple[bool, int, int] | None:
    """Whether it is the last, how long it is, and the longest other pause; None for no such end."""
    if not len(bouts):
        return None
    pauses = np.diff(np.concatenate(([0], bouts.ravel(), [n_frames])))[::2]
    late = bool(pauses[-1] >= pauses[0])
    end, others = (pauses[-1], pauses[:-1]) if late else (pauses[0], pauses[1:])
    share, longest = end / n_frames, others.max()
    if share <= _SHARE or end <= _PAUSES * longest or (1 - share) ** len(bouts) >= _CHANCE:
        return None
    return late, int(end), int(longest)


def quiet_end(labels: Labels, start_frame: int = 0) -> str | None:
    """A sentence on an end of a recording that nobody seems to have scored; None where both were.

    Args:
        labels: of the recording, of all its pairs.
        start_frame: of the recording in its video; frames are counted from the beginning of that.
    """
    frames, bouts = _scored(labels)
    if (found := _quiet(len(frames), bouts)) is None:
        return None
    (starts, stops), (late, end, longest) = bouts.T, found
    frame = start_frame + int(frames[stops[-1] - 1] + 1 if late else frames[starts[0]])
    where = f"from frame {frame:,} on" if late else f"before frame {frame:,}"
    column = "stop_frame" if late else "start_frame"
    return (
        f"nothing is labelled {where}, in {end:,} of {len(frames):,} frames, where no other pause "
        f"is longer than {longest:,}. If nobody scored that part, put {frame} into the "
        f"manifest's column {column}: else it counts as a part in which nothing happened"
    )
