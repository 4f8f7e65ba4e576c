from dataclasses import replace

import numpy as np
import pytest

from nuzzle.decoding.bouts_rules import BoutRules
from nuzzle.decoding.coarse import coarse
from nuzzle.decoding.decoder import Decoder
from nuzzle.decoding.search import _Counted, search
from nuzzle.decoding.smoothing import Smoothing
from nuzzle.decoding.thresholds import Thresholds
from nuzzle.decoding.viterbi import Viterbi
from nuzzle.evaluation.decisions import Truth


@pytest.fixture
def threshold_for(scored):
    """The threshold of `b0` found for recordings in which some frames look like neither class."""

    def found(unsure):
        pairs = []
        for number, frames in enumerate(unsure):
            truth = np.repeat(np.eye(2, dtype=bool)[[0, 1, 0, 1]], 50, axis=0)
            said = np.where(truth, 0.9, 0.1)
            said[frames] = (0.3, 0.7)
            pairs.append(scored(truth, said, recording=f"r{number}"))
        start = Decoder(("b0", "b1"), True, "b1")
        return search(pairs, start, {"b0": "frames"}).thresholds.values[0]

    return found


def test_every_step_of_a_decoder_is_counted(scored):
    """One after the other, as in a search, by one that keeps what the last decoder decided."""
    rng = np.random.default_rng(0)
    pairs = []
    for number in range(2):
        truth = np.eye(2, dtype=bool)[np.repeat(rng.integers(0, 2, 40), 5)]
        said = rng.uniform(0.2, 0.8, 200) * 0.6 + 0.4 * truth[:, 0]
        pairs.append(scored(truth, np.stack([said, 1 - said], axis=1), recording=f"r{number}"))
    plain = Decoder(("b0", "b1"), True, "b1")
    changes = (
        {"smoothing": Smoothing((0.4, 0.4))},
        {"thresholds": Thresholds((0.3, 0.5))},
        {"viterbi": Viterbi((0.5, 0.5))},
        {"rules": BoutRules((1.0, 0.0), (0.0, 0.0))},
    )
    counted, found = _Counted([coarse(pair) for pair in pairs]), set()
    for change in changes:
        for decoder in (plain, replace(plain, **change)):
            here = [coarse(pair) for pair in pairs]
            expected = Truth(here).counts(decoder.decode_pairs(here))
            for mine, theirs in zip(counted.of(decoder), expected, strict=True):
                np.testing.assert_array_equal(mine, theirs)
            found.add(str(expected))
    assert len(found) == 1 + len(changes), "each of them decides otherwise"


def test_a_threshold_that_every_recording_asks_for(threshold_for):
    """The first bout of each looks like background; with a lower threshold it is found.

    So it is with all that are lower: the highest of them is taken.
    """
    assert threshold_for([slice(0, 50)] * 6) == 0.3


def test_a_threshold_that_one_recording_alone_asks_for(threshold_for):
    """In one of six a bout is found with a lower threshold, in the others 9 frames are false."""
    assert threshold_for([slice(0, 50), *[slice(50, 59)] * 5]) == 0.5


def test_behaviours_that_may_go_on_at_once_are_each_given_what_they_ask_for(scored):
    """A bout of `b0` is said with 0.3 only, `b1` flickers for 2 frames, `b2` is as it should be."""
    pairs = []
    for number in range(6):
        truth = np.zeros((200, 3), dtype=bool)
        truth[50:100, 0] = truth[80:140, 1] = truth[90:160, 2] = True
        said = np.where(truth, 0.9, 0.1)
        said[50:100, 0] = 0.3
        said[10:30:5, 1] = said[11:30:5, 1] = 0.9
        pairs.append(scored(truth, said, recording=f"r{number}", exclusive=False))
    names = pairs[0].behaviours
    found = search(pairs, Decoder(names, exclusive=False), dict.fromkeys(names, "both"))
    assert all(
        np.array_equal(decided, pair.truth)
        for decided, pair in zip(found.decode_pairs(pairs), pairs, strict=True)
    )
    assert found.thresholds.values[2] == 0.5
    assert found.rules.min_bout_s[0] == found.rules.min_bout_s[2] == 0.0
