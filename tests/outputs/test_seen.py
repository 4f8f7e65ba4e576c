"""What the page says of recordings that had a part in the making of the classifier."""

import json
from dataclasses import replace

import pytest

from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.uncertainty import Uncertainty
from nuzzle.outputs.index import read_results
from nuzzle.outputs.report import report_context
from nuzzle.outputs.seen import seen_before

CALIBRATION = {"calibrator": {"kind": "temperature"}, "recordings": ["cage1", "cage2", "cage3"]}
LEARNED = {"recordings": ["cage1", "old"], "groups": ["animal7"]}
STOPPED = {"validation_recordings": ["cage1", "cage2", "cage3"], "best_epoch": 4, "history": [{}]}
EARLY = {"training": {"early_stopping": True}}


def said(made_up, how=None, **bundle):
    results = made_up("evaluation", n_frames=300, bundle=bundle)
    evaluation = Evaluation.from_dict(results.metrics)
    if how is not None:
        known = Uncertainty(how, 0.1, 0.1, None)
        evaluation = replace(evaluation, uncertainty=known)
        (results.directory / "metrics.json").write_text(json.dumps(evaluation.to_dict()))
    return seen_before(read_results(results.directory), evaluation)


def test_nothing_is_said_of_new_recordings(made_up):
    training = {"recordings": ["old"], "groups": ["animal7"], "validation_recordings": ["older"]}
    calibration = {**CALIBRATION, "recordings": ["older"], "groups": ["animal8"]}
    assert not said(made_up, "held out", training=training, config=EARLY, calibration=calibration)


def test_recordings_that_it_was_trained_on(made_up):
    assert said(made_up, training=LEARNED) == [
        "The model was trained on 1 of these 3 recordings: the figures say nothing about new ones."
    ]


def test_other_recordings_of_the_same_animals(made_up):
    assert said(made_up, training={"recordings": ["old"], "groups": ["animal1"]}) == [
        "The model was trained on other recordings of the animals or sessions of 1 of these 3 "
        "recordings: the figures say nothing about new ones."
    ]


@pytest.mark.parametrize(
    ("bundle", "stopped"),
    [
        ({"config": EARLY}, True),
        ({"config": {"training": {"early_stopping": False}}}, False),
        ({"config": EARLY, "training": {**STOPPED, "history": []}}, False),  # trees, an ensemble
    ],
)
def test_recordings_that_decided_when_to_stop(made_up, bundle, stopped):
    sentence = (
        "These recordings also decided when to stop training (epoch 4), so the figures flatter."
    )
    assert said(made_up, **{"training": STOPPED, **bundle}) == [sentence] * stopped


def test_a_calibration_on_them_flatters(made_up, tmp_path):
    (flatters,) = said(made_up, "fitted on them", calibration=CALIBRATION)
    assert (
        flatters == "The probabilities were calibrated on these recordings, so the figures flatter."
    )


def test_scores_of_groups_left_out_in_turn_do_not_flatter(made_up):
    (fair,) = said(made_up, "left out in turn", calibration=CALIBRATION)
    assert "calibrated on the others instead, in the scores as in ethograms and bouts" in fair


def test_where_nothing_was_fitted_nothing_flatters(made_up):
    calibration = {**CALIBRATION, "calibrator": None, "note": "one group"}
    assert not said(made_up, "fitted on them", calibration=calibration)


def test_the_page_says_it_first(made_up):
    results = made_up("evaluation", n=1, n_frames=300, bundle={"training": LEARNED})
    context = report_context(results)
    assert (
        "The model was trained on this recording: the figures say nothing about new ones."
        in (context["warnings"])
    )
    assert "sight" not in context["lead"]
