from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from nuzzle.labels import Pair
from nuzzle.outputs.tables import (
    BOUT_FILE_COLUMNS,
    BUDGET_COLUMNS,
    PairSpan,
    pair_bouts,
    read_csv,
    time_budget,
    write_csv,
)

PAIR = Pair("m1", "m2")


@pytest.fixture
def bouts() -> pd.DataFrame:
    active = np.zeros((20, 3), bool)
    active[2:6, 0] = True
    active[10:12, 0] = True
    active[0:2, 2] = True
    probability = np.zeros((20, 3), np.float32)
    probability[2:6, 0] = [0.5, 0.75, 0.75, 1.0]
    probability[10:12, 0] = [0.5, np.nan]
    return pair_bouts(
        "r", PAIR, active, probability, ["mount", "attack", "other"], fps=10.0, background="other"
    )


def test_bouts_are_runs_with_times_and_mean_probability(bouts):
    assert bouts["start_frame"].tolist() == [2, 10]
    assert bouts["stop_frame"].tolist() == [6, 12]
    assert bouts["start_s"].tolist() == [0.2, 1.0]
    assert bouts["duration_s"].tolist() == [0.4, 0.2]
    # The second bout has one frame without a probability, which is no zero.
    assert bouts["mean_probability"].tolist() == [0.75, 0.5]
    assert "other" not in set(bouts["behaviour"])


def test_time_budget_by_hand(bouts):
    budget = time_budget(bouts, [PairSpan("r", PAIR, ("mount", "attack"), 20, 10.0, (15, 12))])
    mount, attack = budget.to_dict("records")
    assert (mount["bouts"], mount["frames"], mount["seconds"]) == (2, 6, 0.6)
    assert mount["percent"] == pytest.approx(30.0)
    assert (mount["answered_s"], mount["percent_of_answered"]) == (1.5, pytest.approx(40.0))
    assert (attack["answered_s"], attack["percent_of_answered"]) == (1.2, 0.0)
    assert mount["mean_bout_s"] == pytest.approx(0.3)
    assert mount["latency_s"] == pytest.approx(0.2)
    assert (attack["bouts"], attack["seconds"], attack["percent"]) == (0, 0.0, 0.0)
    assert math.isnan(attack["latency_s"])


def test_csv_keeps_names_that_look_like_numbers_or_nothing(tmp_path, bouts):
    odd = bouts.assign(recording="007", behaviour="NA")
    write_csv(odd, tmp_path / "bouts.csv")
    back = read_csv(tmp_path / "bouts.csv", BOUT_FILE_COLUMNS)
    assert back["recording"].tolist() == ["007", "007"]
    assert back["behaviour"].tolist() == ["NA", "NA"]
    pd.testing.assert_frame_equal(back, odd, check_dtype=False)


def test_csv_of_nothing(tmp_path):
    empty = time_budget(pd.DataFrame(columns=list(BOUT_FILE_COLUMNS)), [])
    write_csv(empty, tmp_path / "b.csv")
    back = read_csv(tmp_path / "b.csv", BUDGET_COLUMNS)
    assert list(back.columns) == list(BUDGET_COLUMNS)
    assert len(back) == 0
