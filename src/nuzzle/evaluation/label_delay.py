"""Whether labels come later, or earlier, than what the poses show.

Who scores while the video plays presses the key a second after the animal began; an export may
start at another moment than the tracking. A model that learned from other recordings shows it: its
probabilities agree best with the labels once these are moved.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nuzzle.evaluation.scored import ScoredPair

#: Delays are looked for up to so many seconds to both sides, and told from so many on.
LONGEST_S = 4.0
SHORTEST_S = 0.5
#: Delays are tried in steps of so many seconds, or of a frame where frames are longer.
STEP_S = 0.1
#: Agreement is averaged over blocks of this length, s, which are taken to be independent.
BLOCK_S = 30.0
#: A delay is told where its gain is so many standard errors of the blocks.
SURE = 2.5
_LEAST_BLOCKS = 5
#: A frame that the model is wrong about counts as if this were its probability, at least.
_LEAST_PROBABILITY = 0.05


def label_delay_s(pairs: Sequence[ScoredPair]) -> float:
    """How much later the labels of a recording come than what the model sees, s.

    The delay with the highest mean log-likelihood of the labels. The gain over no delay is judged
    by the blocks of the recording.

    Args:
        pairs: of one recording, predicted by a model that did not learn from it.

    Returns:
        Negative where labels come too early; 0 where no delay can be told from none.
    """
    fps = pairs[0].fps
    step = max(1, round(STEP_S * fps))
    most = int(LONGEST_S * fps / step) * step
    delays = np.arange(-most, most + 1, step)
    block = max(1, round(BLOCK_S * fps))
    blocks = np.concatenate([_agreement(pair, delays, block) for pair in pairs], axis=1)
    if blocks.shape[1] < _LEAST_BLOCKS:
        return 0.0
    best = int(blocks.mean(axis=1).argmax())
    gains = blocks[best] - blocks[len(delays) // 2]
    seconds = float(delays[best]) / fps
    standard_error = gains.std(ddof=1) / np.sqrt(len(gains))
    if abs(seconds) < SHORTEST_S or gains.mean() <= SURE * standard_error:
        return 0.0
    return seconds


def _agreement(pair: ScoredPair, delays: NDArray[np.int64], block: int) -> NDArray[np.float64]:
    """Mean log-likelihood a frame of the labels, `(delay, block)`, all of the same frames.

    Every behaviour that was looked for counts as a question of its own, yes or no.
    """
    most = int(delays[-1])
    inside = slice(most, pair.n_frames - most)
    n_blocks = (pair.n_frames - 2 * most) // block
    if n_blocks < 1:
        return np.empty((len(delays), 0))
    asked = pair.looked_for
    observed, truth = pair.observed[inside][:, asked], pair.truth[inside][:, asked]
    known = pair.probability[:, asked]
    known = np.where(np.isfinite(known), known, 0.5)
    known = np.clip(known, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY).astype(np.float64)
    yes, no = np.log(known), np.log1p(-known)
    active, absent = (observed & truth).astype(float), (observed & ~truth).astype(float)
    in_block = np.arange(n_blocks * block) // block
    frames = np.bincount(in_block, weights=observed[: len(in_block)].any(axis=1))
    agreement = []
    for delay in delays:
        at = slice(most - delay, pair.n_frames - most - delay)
        each = np.einsum("tb,tb->t", active, yes[at]) + np.einsum("tb,tb->t", absent, no[at])
        agreement.append(np.bincount(in_block, weights=each[: len(in_block)]))
    seen = frames > 0
    return np.array(agreement)[:, seen] / frames[seen]
