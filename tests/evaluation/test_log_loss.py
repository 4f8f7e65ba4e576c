from dataclasses import replace

import numpy as np
import pytest

from nuzzle.evaluation.log_loss import log_loss
from nuzzle.labels import Pair


def test_by_hand(scored):
    """The true class has 0.5, then 0.2; of the classes that were looked for, 0.2 is a quarter."""
    said = [[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.1, 0.8]]
    pair = scored("am.", "...", probability=said, unobserved=[2])
    assert log_loss([pair]) == pytest.approx(-(np.log(0.5) + np.log(0.2)) / 2)
    looked = pair.observed.copy()
    looked[1, 0] = False
    assert log_loss([replace(pair, observed=looked)]) == pytest.approx(
        -(np.log(0.5) + np.log(0.25)) / 2
    )


def test_each_behaviour_by_itself(scored):
    pair = scored("a", "a", probability=[[0.5, 0.3, 0.2]], exclusive=False, background=None)
    assert log_loss([pair]) == pytest.approx(-np.mean(np.log([0.5, 0.7, 0.8])))
    pair.observed[:, 1], pair.probability[:, 1] = False, np.nan
    assert log_loss([pair]) == pytest.approx(-np.mean(np.log([0.5, 0.8])))


def test_what_an_animal_does_to_itself_counts_once(scored):
    """Of two partners: attack, which black does to itself, and mount, which it does to one."""
    both = [
        scored("am", "..", probability=[[0.5, 0.25, 0.25]] * 2, pair=pair, own=("attack",))
        for pair in (Pair("black", "white"), Pair("black", "grey"))
    ]
    # In the second pair it is not attack: a mount has half of what is left.
    assert log_loss(both) == pytest.approx(-np.log([0.5, 0.25, 0.5]).mean())


def test_recordings_count_by_their_frames(scored):
    sure, unsure = [[0.5, 0.25, 0.25]] * 3, [[0.25, 0.5, 0.25]]
    pairs = [scored("aaa", "aaa", probability=sure), scored("a", "a", probability=unsure)]
    assert log_loss(pairs) == pytest.approx(-(3 * np.log(0.5) + np.log(0.25)) / 4)
    assert np.isnan(log_loss([scored("a", "a", unobserved=[0])]))
