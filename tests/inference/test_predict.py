"""Probabilities of a whole recording."""

from types import SimpleNamespace

import numpy as np
import pytest

from nuzzle.inference import predict
from nuzzle.labels import Pair
from nuzzle.probabilities.combiners import Stacked
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace


def test_members_are_combined_over_all_that_is_wanted(monkeypatch):
    """A recording is scored on a behaviour that its lab did not look for in training."""
    pair = Pair("a", "b")
    said = np.array([[0.2, 0.7], [0.2, 0.1]], np.float32)
    stacked = Stacked(False, (1.0,), np.array([[1.0, 1.0]]), np.zeros(2))
    monkeypatch.setattr(predict, "predict_members", lambda *_: [{pair: said}])
    bundle = SimpleNamespace(combiner=stacked, looked_for=lambda lab: np.array([True, False]))
    recording = SimpleNamespace(lab="L")
    ((_, some),) = predict.predict_raw(bundle, recording, ())
    ((_, every),) = predict.predict_raw(bundle, recording, (), wanted=np.array([True, True]))
    np.testing.assert_allclose(every, said, rtol=1e-5)
    np.testing.assert_allclose(some[:, 0], said[:, 0], rtol=1e-5)
    assert some[0, 1] == some[1, 1]


def test_members_are_combined_for_each_pair_as_where_it_was_learned(monkeypatch):
    """The regression takes the third behaviour for the first, and hears of it in one pair only."""
    slopes = np.array([np.eye(3)])
    slopes[0, 2, 0] = 5.0
    said = np.array([[0.4, 0.1, 0.5]], np.float32)
    one, other = Pair("a", "b"), Pair("a", "c")
    monkeypatch.setattr(predict, "predict_members", lambda *_: [{one: said, other: said}])
    bundle = SimpleNamespace(
        combiner=Stacked(True, (1.0,), slopes, np.zeros(3)),
        looked_for=lambda lab: np.ones(3, bool),
        space=SimpleNamespace(exclusive=True),
        correction=lambda p, *_: p,
    )
    recording = Recording.from_arrays(
        "r", np.zeros((1, 2, 1, 3)), keypoints=["nose"], individuals=["a", "b", "c"], fps=1.0
    )
    looked_for = {one: np.array([True, True, False]), other: np.ones(3, bool)}
    found = {
        each.pair: each.raw[0] for each in predict.probable(bundle, recording, (), (), looked_for)
    }
    assert found[one] == pytest.approx([0.8, 0.2, 0])
    assert found[other][0] / found[other][1] > 50


@pytest.mark.parametrize(("exclusive", "raw"), [(True, [0.8, 0.2, 0]), (False, [0.4, 0.1, 0.5])])
def test_a_pair_is_corrected_for_what_was_looked_for_in_it(monkeypatch, exclusive, raw):
    """The lab looked for all three behaviours; of two pairs one is wanted, on the first two."""
    said = np.array([[0.4, 0.1, 0.5]], np.float32)
    one, other = Pair("a", "b"), Pair("a", "c")
    monkeypatch.setattr(predict, "predict_members", lambda *_: [{one: said, other: said}])
    given = []

    def correction(probability, *how):
        given.append((probability, *how))
        return probability / 2

    bundle = SimpleNamespace(
        combiner=None,
        looked_for=lambda lab: np.ones(3, bool),
        space=SimpleNamespace(exclusive=exclusive),
        correction=correction,
    )
    recording = Recording.from_arrays(
        "r", np.zeros((1, 2, 1, 3)), keypoints=["nose"], individuals=["a", "b", "c"], fps=5, lab="L"
    )
    (only,) = predict.probable(bundle, recording, (), (), {one: np.array([True, True, False])})
    assert only.pair == one
    np.testing.assert_allclose(only.raw, [raw], rtol=1e-5)
    np.testing.assert_allclose(only.probability, only.raw / 2)
    ((probability, looked_for, *rest),) = given
    assert probability is only.raw and looked_for.tolist() == [True, True, False]
    assert rest == [5, "L", [True]]
    every = list(predict.probable(bundle, recording, ()))
    assert [each.pair for each in every] == [one, other]
    assert [each[1].tolist() for each in given[1:]] == [[True] * 3] * 2


def test_nothing_is_said_of_an_animal_that_is_lost(monkeypatch):
    """At 1 frame/s b has no point in the last 10 of 12 frames; c never in more than 9."""
    position = np.zeros((12, 2, 1, 3))
    position[2:, :, :, 1] = position[3:, :, :, 2] = np.nan
    recording = Recording.from_arrays(
        "r", position, keypoints=["nose"], individuals=["a", "b", "c"], fps=1.0
    )
    one, other = Pair("a", "b"), Pair("a", "c")
    asked = []

    def members(bundle, recording, prepared, pairs, wanted):
        asked.extend(pairs)
        return [{pair: np.full((12, 1), 0.5, np.float32) for pair in pairs}]

    monkeypatch.setattr(predict, "predict_members", members)
    bundle = SimpleNamespace(
        combiner=None,
        looked_for=lambda lab: np.ones(1, bool),
        space=SimpleNamespace(exclusive=False),
        correction=lambda p, *_: p,
        prepare=lambda recording: (),
    )
    found = dict(predict.predict_recording(bundle, recording, [("a", "b"), ("a", "c")]))
    assert asked == [one, other] and all(isinstance(pair, Pair) for pair in asked)
    assert np.isnan(found[one][:, 0]).tolist() == [False] * 2 + [True] * 10
    assert np.isfinite(found[other]).all()


def test_who_is_out_of_sight_has_no_say_in_what_another_does_to_itself():
    """The third animal is lost in the second half, for 12 s."""
    position = np.zeros((24, 2, 1, 3), np.float32)
    position[12:, ..., 2] = np.nan
    recording = Recording.from_arrays(
        "r", position, keypoints=["nose"], individuals=["a", "b", "c"], fps=1.0
    )
    space = LabelSpace(("groom", "sniff", "other"), "other", True, ("sniff",), own=("groom",))
    b, c = np.array([0.6, 0.2, 0.2], np.float32), np.array([0.2, 0.2, 0.6], np.float32)
    out = {Pair("a", "b"): np.tile(b, (24, 1)), Pair("a", "c"): np.tile(c, (24, 1))}
    predict._share_own(SimpleNamespace(space=space), recording, out)
    for said in out.values():
        np.testing.assert_allclose(said[:, 0], [0.4] * 12 + [0.6] * 12, rtol=1e-5)
        np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(out[Pair("a", "b")][:, 1], [0.3] * 12 + [0.2] * 12, rtol=1e-5)
    lost = Recording.from_arrays(
        "r", np.full_like(position, np.nan), keypoints=["nose"], individuals=["a", "b", "c"], fps=1
    )
    out = {Pair("a", "b"): np.tile(b, (24, 1)), Pair("a", "c"): np.tile(c, (24, 1))}
    predict._share_own(SimpleNamespace(space=space), lost, out)
    np.testing.assert_allclose(out[Pair("a", "c")][:, 0], 0.4, rtol=1e-5)
