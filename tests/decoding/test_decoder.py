import json
import math

import numpy as np
import pytest

from nuzzle.decoding.argmax import argmax
from nuzzle.decoding.bouts_rules import BoutRules
from nuzzle.decoding.decoder import Decoder, decode_each
from nuzzle.decoding.smoothing import Smoothing
from nuzzle.decoding.thresholds import Thresholds
from nuzzle.decoding.viterbi import Viterbi
from nuzzle.decoding.whole_bouts import Odds, WholeBouts, Worth
from nuzzle.errors import InputError

NAMES = ("attack", "mount", "other")
FULL = Decoder(
    NAMES,
    True,
    "other",
    Smoothing((0.1, 0.2, 0.0)),
    Thresholds((0.4, 0.3, 0.5)),
    Viterbi((0.1,)),
    BoutRules((0.2,), (0.1,)),
)


@pytest.fixture
def probability():
    values = np.random.default_rng(0).dirichlet(np.ones(3), 300).astype(np.float32)
    values[20:25] = np.nan
    return values


def test_as_it_comes_it_decides_frame_by_frame(probability):
    alone = Decoder(NAMES, exclusive=True, background="other")
    assert (alone(probability, 30.0) == argmax(probability)).all()
    together = Decoder(NAMES, exclusive=False)
    assert (together(probability, 30.0) == (probability >= 0.5)).all()


@pytest.mark.parametrize("exclusive", [True, False])
def test_no_rule_says_anything_where_nothing_is_known(exclusive):
    attack = np.r_[np.full(20, 0.9), np.full(10, np.nan), np.full(20, 0.9)]
    said = np.stack([attack, 0 * attack, 1 - attack], axis=1)
    background = "other" if exclusive else None
    decoder = Decoder(NAMES, exclusive, background, rules=BoutRules((0.0,), (5.0,)))
    expected = np.isfinite(attack)
    assert decoder(said, 10.0)[:, 0].tolist() == expected.tolist()


def test_steps_come_in_their_order(probability):
    smooth = FULL.smoothing(probability, 10.0)
    evidence = FULL.thresholds.evidence(smooth, exclusive=True)
    (decision,) = FULL.viterbi.decode([evidence], [10.0], exclusive=True)
    expected = FULL.rules(decision, 10.0, exclusive=True, background=2)
    assert (FULL(probability, 10.0) == expected).all()
    assert (expected.sum(axis=1) == ~np.isnan(probability[:, 0])).all()


def test_several_recordings_are_decoded_as_each_by_itself(probability):
    parts = [probability[:100], probability[100:]]
    together = FULL.decode(parts, [10.0, 25.0])
    for part, fps, decision in zip(parts, (10.0, 25.0), together, strict=True):
        assert (FULL(part, fps) == decision).all()


def test_each_pair_is_decided_by_its_own_decoder_and_a_shared_one_decides_once(scored, monkeypatch):
    """Of .4, .45 and .6 all pass a threshold of .3, and one passes .5."""
    pairs = [
        scored(np.zeros((1, 1), bool), np.full((1, 1), p), exclusive=False)
        for p in (0.4, 0.45, 0.6)
    ]
    low, high = (Decoder(("b0",), False, thresholds=Thresholds((limit,))) for limit in (0.3, 0.5))
    asked, real = [], Decoder.decode
    monkeypatch.setattr(
        Decoder, "decode", lambda *given: asked.append(len(given[1])) or real(*given)
    )
    for decoders, expected in (
        ([low, high, low], [True, False, True]),
        ([high, low, high], [False, True, True]),
    ):
        asked.clear()
        decided = decode_each(decoders, pairs)
        assert [each.item() for each in decided] == expected
        assert asked == [2, 1]


def test_a_noisy_bout_becomes_one():
    rng = np.random.default_rng(0)
    truth = np.zeros(600, dtype=bool)
    truth[200:400] = True
    p = np.clip(np.where(truth, 0.65, 0.35) + 0.2 * rng.standard_normal(600), 0.01, 0.99)
    decoder = Decoder(("attack", "other"), True, "other", viterbi=Viterbi((0.5,)))
    decision = decoder(np.stack([p, 1 - p], axis=1), 30.0)[:, 0]
    edges = np.flatnonzero(np.diff(decision.astype(int)))
    assert len(edges) == 2
    assert abs(edges - [199, 399]).max() <= 5


def test_support_is_that_of_its_steps():
    assert Decoder(NAMES, True).support_s == 0
    near = Decoder(NAMES, False, None, Smoothing((0.5,)), rules=BoutRules((1.0,), (0.2,)))
    assert near.support_s == pytest.approx(2.0 + 1.2)
    assert FULL.support_s == math.inf


def test_what_is_outside_the_support_has_no_part():
    decoder = Decoder(NAMES, False, None, Smoothing((0.2,)), rules=BoutRules((0.3,), (0.2,)))
    reach = math.ceil(decoder.support_s * 10)
    probability = np.random.default_rng(0).random((200, 3))
    whole = decoder(probability, 10.0)
    for frame in range(reach, 200 - reach, 7):
        part = decoder(probability[frame - reach : frame + reach + 1], 10.0)
        assert (part[reach] == whole[frame]).all()


#: As bundles hold it.
PLAIN = {
    "behaviours": ["attack", "mount", "other"],
    "exclusive": True,
    "background": "other",
    "smoothing": {"width_s": [0.1, 0.2, 0.0]},
    "thresholds": {"values": [0.4, 0.3, 0.5]},
    "viterbi": {"cost_s": [0.1]},
    "rules": {"min_bout_s": [0.2], "max_gap_s": [0.1]},
    "whole_bouts": None,
}
SAYS_NOTHING = {
    "smoothing": {"width_s": [0.0]},
    "thresholds": {"values": [0.5]},
    "viterbi": None,
    "rules": {"min_bout_s": [0.0], "max_gap_s": [0.0]},
}
WHOLE = Decoder(
    NAMES,
    True,
    "other",
    whole_bouts=WholeBouts(
        Odds((0.5, -1.0), {2: 0.25, 0: 1.0}), Odds((0.5, -2.0), {2: 0.25}), {2: Worth(1.0, 2, 3, 4)}
    ),
)
WHOLE_PLAIN = (
    PLAIN
    | SAYS_NOTHING
    | {
        "whole_bouts": {
            "match": {"coefficients": [0.5, -1.0], "intercepts": {"2": 0.25, "0": 1.0}},
            "inside": {"coefficients": [0.5, -2.0], "intercepts": {"2": 0.25}},
            "worth": {"2": {"bout": 1.0, "bout_f1": 2, "frame": 3, "frame_f1": 4}},
        }
    }
)


@pytest.mark.parametrize(
    ("decoder", "plain"),
    [
        (FULL, PLAIN),
        (WHOLE, WHOLE_PLAIN),
        (Decoder(NAMES, False), PLAIN | SAYS_NOTHING | {"exclusive": False, "background": None}),
    ],
)
def test_its_plain_form_is_that_of_every_bundle(decoder, plain):
    assert json.dumps(decoder.to_dict()) == json.dumps(plain)
    assert Decoder.from_dict(json.loads(json.dumps(plain))) == decoder


@pytest.mark.parametrize(
    "key", [*PLAIN, "smoothing.width_s", "thresholds.values", "viterbi.cost_s"]
)
def test_what_is_missing_is_not_made_up(key):
    first, _, second = key.partition(".")
    without = {name: value for name, value in PLAIN.items() if name != first}
    if second:
        without[first] = {}
    with pytest.raises(ValueError, match=r"missing|required"):
        Decoder.from_dict(without)


def test_what_it_cannot_be_is_refused_when_read():
    with pytest.raises(ValueError, match=r"viterbi\.cost_s\.0: .* number"):
        Decoder.from_dict(PLAIN | {"viterbi": {"cost_s": ["much"]}})
    with pytest.raises(ValueError, match=r"^thresholds: .* between 0 and 1; got \[2.0\]"):
        Decoder.from_dict(PLAIN | {"thresholds": {"values": [2.0]}})
    with pytest.raises(ValueError, match=r"^Decoder: rules\.max_bout_s is not known"):
        Decoder.from_dict(PLAIN | {"rules": {**PLAIN["rules"], "max_bout_s": [1.0]}})


def test_other_behaviours_are_refused():
    with pytest.raises(InputError, match=r"shape \(time, 3\)"):
        FULL(np.zeros((5, 2)), 10.0)
    with pytest.raises(InputError, match="not among the classes"):
        Decoder(NAMES, True, "nothing")


def test_whole_bouts_that_are_worth_nothing_are_never_said():
    odds = Odds((0.0,) * 17, {0: 0.0, 1: 0.0})
    whole = WholeBouts(odds, odds, {1: Worth(1.0, 0.5, 1.0, 0.5)})
    assert Decoder(NAMES, True, "other", whole_bouts=whole).never_said == ("attack",)
    assert FULL.never_said == ()
