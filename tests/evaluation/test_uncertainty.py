from __future__ import annotations

import numpy as np
import pytest

from nuzzle.evaluation.scored import ScoredPair
from nuzzle.evaluation.uncertainty import measure_uncertainty
from nuzzle.labels import Pair


def groomer(recording: str, others: str, *, found: bool) -> list[ScoredPair]:
    """An animal that grooms in 2 of 10 frames, beside each of the others."""
    truth = np.zeros((10, 2), bool)
    truth[:2, 1] = truth[5:8, 0] = True
    predicted = truth & [True, found]
    return [
        ScoredPair(
            recording=recording,
            group="",
            pair=Pair("a", other),
            fps=10.0,
            behaviours=("attack", "groom"),
            background=None,
            exclusive=False,
            truth=truth,
            observed=np.ones_like(truth),
            predicted=predicted,
            probability=np.where(predicted, np.float32(1), np.float32(0)),
            own=("groom",),
        )
        for other in others
    ]


def test_what_an_animal_does_to_itself_counts_once() -> None:
    pairs = [*groomer("two", "b", found=False), *groomer("four", "bcd", found=True)]
    sure = [np.stack([each.predicted, ~each.predicted], axis=-1).swapaxes(0, 1) for each in pairs]
    said = measure_uncertainty(pairs, pairs, sure, promised=0.9, how="held out")
    # Of two bouts one is found: 2 hits, 2 misses. With each of three others it would be 6 hits.
    assert said.sets is not None
    assert said.sets.f1["groom"].value == pytest.approx(2 * 2 / (2 * 2 + 2))
    # Drawn twice, the first recording has 2 misses, and the second 2 hits.
    assert (said.sets.f1["groom"].low, said.sets.f1["groom"].high) == (0, 1)
    assert (said.sets.macro_f1.low, said.sets.macro_f1.high) == (0.5, 1)
    assert said.sets.sure.value == 1
    # The mean of two recordings, in one of which 2 of 20 answers are wrong.
    assert said.sets.coverage.value == pytest.approx((18 / 20 + 1) / 2)
    # Grooming: 2 of 20 frames have a probability of 0 and are so; attack is never wrong.
    assert said.ece_after == pytest.approx((2 / 20 + 0) / 2)
