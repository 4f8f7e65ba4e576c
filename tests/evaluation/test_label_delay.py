"""Labels that were moved are found to be, and by how much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nuzzle.evaluation import evaluate
from nuzzle.evaluation.label_delay import label_delay_s
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.labels import Pair

FPS = 10.0
FRAMES = 6000


def a_pair(delay_frames: int, *, seed: int = 0, wrong: float = 0.1) -> ScoredPair:
    """Bouts of 1 to 10 s; a model that is right but for whole seconds here and there."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(10, 100, 400)
    attack = np.repeat(np.arange(400) % 2 == 1, lengths)[:FRAMES]
    shown = attack ^ np.repeat(rng.random(FRAMES // 10) < wrong, 10)
    labelled = np.roll(attack, delay_frames)
    truth = np.stack([labelled, ~labelled], axis=1)
    probability = np.where(shown, 0.8, 0.2).astype(np.float32)
    return ScoredPair(
        recording="one",
        group="",
        pair=Pair("a", "b"),
        fps=FPS,
        behaviours=("attack", "other"),
        background="other",
        exclusive=True,
        truth=truth,
        observed=np.ones_like(truth),
        predicted=np.stack([shown, ~shown], axis=1),
        probability=np.stack([probability, 1 - probability], axis=1),
    )


@pytest.mark.parametrize("delay_frames", [12, -8, 30])
def test_moved_labels_are_found(delay_frames: int) -> None:
    assert label_delay_s([a_pair(delay_frames)]) == pytest.approx(delay_frames / FPS)


@pytest.mark.parametrize("delay_frames", [0, 3])
def test_labels_that_fit_or_nearly_fit_are_left_alone(delay_frames: int) -> None:
    assert label_delay_s([a_pair(delay_frames)]) == 0.0


def test_a_model_that_knows_nothing_rarely_tells_a_delay() -> None:
    told = [label_delay_s([a_pair(0, seed=seed, wrong=0.5)]) != 0 for seed in range(20)]
    assert sum(told) <= 3


def test_pairs_of_a_recording_count_together() -> None:
    assert label_delay_s([a_pair(15), a_pair(15, seed=1)]) == pytest.approx(1.5)


def test_only_what_was_looked_for_counts() -> None:
    late = a_pair(20)
    seen = late.observed.copy()
    seen[: FRAMES // 2] = False
    upset = late.truth.copy()
    upset[: FRAMES // 2] = ~upset[: FRAMES // 2]
    assert label_delay_s([replace(late, observed=seen, truth=upset)]) == pytest.approx(2.0)


def test_a_probability_that_is_missing_where_nobody_looked_does_no_harm() -> None:
    late = a_pair(20)
    seen = late.observed.copy()
    seen[:600] = False
    probability = np.where(seen, late.probability, np.nan).astype(np.float32)
    assert label_delay_s([replace(late, observed=seen, probability=probability)]) == 2.0


def test_a_short_recording_tells_nothing() -> None:
    late = a_pair(12)
    arrays = ("truth", "observed", "predicted", "probability")
    short = replace(late, **{name: getattr(late, name)[:1200] for name in arrays})
    assert label_delay_s([short]) == 0.0


def test_an_evaluation_says_whose_labels_come_late_and_what_to_do() -> None:
    pairs = [a_pair(0), replace(a_pair(12), recording="two")]
    result = evaluate(pairs, bootstrap=0)
    assert [each.label_delay_s for each in result.recordings] == [0.0, pytest.approx(1.2)]
    (note,) = [each for each in result.notes if "label_delay_s" in each]
    assert "1 of 2 recordings: 'two' 1.2 s late" in note
