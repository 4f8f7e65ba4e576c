import json

import numpy as np
import pytest

from nuzzle.errors import InputError
from nuzzle.probabilities.combiners import Stacked, WeightedAverage, combiner_from_dict, evidence

ONE, OTHER = np.array([[0.8, 0.2]], np.float32), np.array([[0.5, 0.5]], np.float32)


@pytest.mark.parametrize("exclusive", [True, False])
def test_an_average_by_hand(exclusive):
    """Odds of 4 and of 1 make 2: their geometric mean."""
    both = WeightedAverage.equal(exclusive, 2)([ONE, OTHER])
    assert both.dtype == np.float32
    assert both[0] == pytest.approx([2 / 3, 1 / 3])
    alone = WeightedAverage(exclusive, (1.0, 0.0))([ONE, OTHER])
    assert alone[0] == pytest.approx([0.8, 0.2])


def test_a_regression_by_hand():
    """A member that takes each of two behaviours for the other, and one that is not heard."""
    swap = np.array([[[0.0, 1.0], [1.0, 0.0]], np.zeros((2, 2))])
    mended = Stacked(True, (0.5, 0.5), swap, np.zeros(2))
    assert mended([ONE, OTHER])[0] == pytest.approx([0.2, 0.8])
    # Odds of 4 become 4 ** 2 * 2 and (1 / 4) ** 1 * 1.
    single = Stacked(False, (1.0,), np.array([[2.0, 1.0]]), np.log([2.0, 1.0]))
    assert single([ONE])[0] == pytest.approx([32 / 33, 1 / 5])


def test_what_was_not_looked_for_has_no_part():
    said, looked = np.array([[0.4, 0.1, 0.5]]), np.array([True, True, False])
    mean = np.log(0.4 * 0.1) / 2
    assert evidence(said, True, looked)[0] == pytest.approx(
        [np.log(0.4) - mean, np.log(0.1) - mean, 0]
    )
    assert evidence(said, False, looked)[0] == pytest.approx([np.log(4 / 6), np.log(1 / 9), 0])
    # A regression that would take the third behaviour for the first does not hear of it.
    slopes = np.array([np.eye(3)])
    slopes[0, 2, 0] = 5.0
    heard = Stacked(True, (1.0,), slopes, np.zeros(3))([said], looked)[0]
    assert heard == pytest.approx([0.8, 0.2, 0.0])


def test_round_trips_through_json():
    said = [ONE, OTHER]
    for each in (
        WeightedAverage(False, (0.3, 0.7)),
        Stacked(True, (0.3, 0.7), np.arange(8.0).reshape(2, 2, 2), np.array([1.0, 2.0])),
    ):
        again = combiner_from_dict(json.loads(json.dumps(each.to_dict())))
        assert type(again) is type(each)
        assert again.weights == each.weights
        assert again(said).tolist() == each(said).tolist()


def test_what_cannot_be_is_refused():
    for wrong in ((0.5, 0.6), (1.5, -0.5), ()):
        with pytest.raises(InputError, match="add up to 1"):
            WeightedAverage(True, wrong)
    with pytest.raises(InputError, match="'voted'"):
        combiner_from_dict({"kind": "voted", "exclusive": True, "weights": [1.0]})
