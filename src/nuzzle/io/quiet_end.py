"""Whether the scoring of a recording seems to have stopped before its end, or begun late.

A file of bouts does not say where its scorer stopped. All that comes after it would count as frames
in which nothing happened.
"""

from __future__ import annotations

import numpy as np

from nuzzle.labels import Labels, frames_inside, mask_to_intervals

#: An end without a bout is suspicious where it is this share of the frames,
_SHARE = 0.25
#: so many times as long as any other pause,
_PAUSES = 3
#: and where bouts at random times would leave it empty more rarely than this.
_CHANCE = 1e-3


def quiet_end(labels: Labels, start_frame: int = 0) -> str | None:
    """A sentence on an end of a recording that nobody seems to have scored; None where both were.

    Labels with a background are taken at their word: they say where nothing happened.

    Args:
        labels: of the recording, of all its pairs.
        start_frame: of the recording in its video; frames are counted from the beginning of that.
    """
    if labels.background is not None:
        return None
    frames = np.flatnonzero(frames_inside(labels.observed, labels.n_frames))
    bouts = mask_to_intervals(frames_inside(labels.bouts, labels.n_frames)[frames])
    if not len(bouts):
        return None
    starts, stops = bouts.T
    pauses = np.diff(np.concatenate(([0], bouts.ravel(), [len(frames)])))[::2]
    late = bool(pauses[-1] >= pauses[0])
    end, others = (pauses[-1], pauses[:-1]) if late else (pauses[0], pauses[1:])
    share = end / len(frames)
    if share <= _SHARE or end <= _PAUSES * others.max() or (1 - share) ** len(bouts) >= _CHANCE:
        return None
    frame = start_frame + int(frames[stops[-1] - 1] + 1 if late else frames[starts[0]])
    where = f"from frame {frame:,} on" if late else f"before frame {frame:,}"
    column = "stop_frame" if late else "start_frame"
    return (
        f"nothing is labelled {where}, in {end:,} of {len(frames):,} frames, where no other pause "
        f"is longer than {others.max():,}. If nobody scored that part, put {frame} into the "
        f"manifest's column {column}: else it counts as a part in which nothing happened"
    )
