from dataclasses import replace

import numpy as np
import pytest
import torch

from nuzzle.evaluation.scored import ScoredPair
from nuzzle.features.families import families
from nuzzle.features.frontend import Frontend
from nuzzle.inference.importance import Figures, ShiftedFrontend, family_importance
from nuzzle.labels import Pair
from nuzzle.prepare.pipeline import Pipeline
from nuzzle.simulate.recordings import simulate_recording
from nuzzle.skeleton import MOUSE7


@pytest.fixture(scope="module")
def recordings():
    return [simulate_recording(f"r{n}", minutes=0.5, seed=n, difficulty="easy") for n in range(2)]


@pytest.fixture(scope="module")
def frontend():
    return Frontend(MOUSE7, 30.0, "px", Pipeline(), "engineered48")


def near(frontend, recording):
    """A model that knows the distance between the centres and nothing else."""
    column = [c.name for c in frontend.feature_set.columns].index("distance_centre_to_centre")
    pair = recording.pairs[0]
    distance = frontend(frontend.prepare(recording), pair)[:, column].nan_to_num(nan=1e3)
    truth = recording.pair_position(pair).mean(axis=2)
    close = np.hypot(*(truth[:, 0] - truth[:, 1]).T) < 200
    said = torch.sigmoid((200 - distance) / 20).numpy()
    shape = (len(said), 1)
    return [
        ScoredPair(
            recording.name, "", pair, 30.0, ("near",), None, False, close.reshape(shape),
            np.ones(shape, bool), (said > 0.5).reshape(shape), said.reshape(shape),
        )
    ]  # fmt: skip


def test_only_the_family_that_is_used_matters(frontend, recordings):
    kinds = families(frontend.feature_set.columns)
    found = family_importance(frontend, recordings, kinds, near, repeats=3)
    macro = {r["family"]: r for r in found.rows() if r["behaviour"] == "macro"}
    used = macro.pop("distances between animals")
    assert used["f1"] > 0.9
    assert used["f1_drop_low"] > 0.1
    assert used["f1_drop_low"] <= used["f1_drop"] <= used["f1_drop_high"]
    assert used["average_precision_drop"] > 0.1
    assert {row["f1_drop"] for row in macro.values()} == {0.0}
    again = family_importance(frontend, recordings, kinds, near, repeats=3)
    np.testing.assert_array_equal(found.f1, again.f1)


def test_shifted_columns_keep_their_values_and_the_others_their_place(frontend, recordings):
    one, pair = recordings[0], recordings[0].pairs[0]
    plain = frontend(one, pair)
    moved = ShiftedFrontend.of(frontend, [3, 7], np.random.default_rng(1), {})(one, pair)
    others = [n for n in range(plain.shape[1]) if n not in (3, 7)]
    torch.testing.assert_close(moved[:, others], plain[:, others], equal_nan=True)
    assert not torch.equal(moved[:, 3].nan_to_num(), plain[:, 3].nan_to_num())
    shifts = [
        k
        for k in range(len(plain))
        if torch.equal(moved[:, [3, 7]].nan_to_num(), plain[:, [3, 7]].roll(k, 0).nan_to_num())
    ]
    assert len(shifts) == 1
    assert len(plain) // 4 <= shifts[0] < len(plain) - len(plain) // 4


def test_figures_by_hand(recordings):
    truth = np.array([[1], [1], [0], [0]], bool)
    said = np.array([[0.9], [0.2], [0.6], [0.1]], np.float32)
    pair = ScoredPair(
        "r", "", recordings[0].pairs[0], 30.0, ("a",), None, False, truth,
        np.ones_like(truth), said > 0.5, said,
    )  # fmt: skip
    figures = Figures.of([pair])
    assert figures.f1.tolist() == [0.5]
    assert figures.average_precision == pytest.approx([(1 + 2 / 3) / 2])


def test_what_an_animal_does_to_itself_counts_once(recordings):
    """Two partners of one animal, and one of another, which does not groom."""
    truth = np.array([[1], [1]], bool)
    pairs = [
        ScoredPair(
            "r", "", Pair(agent, target), 30.0, ("groom",), None, False, of_it, np.ones_like(truth),
            of_it | truth, np.full_like(truth, 0.9, np.float32), own=("groom",),
        )
        for agent, target, of_it in (("a", "b", truth), ("a", "c", truth), ("b", "a", ~truth))
    ]  # fmt: skip
    assert Figures.of(pairs).f1.tolist() == [pytest.approx(2 * 2 / (2 * 2 + 2))]


def test_a_lab_is_hidden_in_place_of_being_shifted(frontend, recordings):
    told = replace(frontend, labs=("north", recordings[0].lab))
    one, pair = recordings[0], recordings[0].pairs[0]
    plain = told(one, pair)
    columns = families(told.columns)["lab"]
    assert plain[0, columns].tolist() == [0, 1]
    moved = ShiftedFrontend.of(told, columns, np.random.default_rng(1), {})(one, pair)
    assert not moved[:, columns].any()
    torch.testing.assert_close(moved[:, : columns[0]], frontend(one, pair), equal_nan=True)
