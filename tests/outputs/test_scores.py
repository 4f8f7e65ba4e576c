"""What the page says of scores."""

import json
import re
from dataclasses import replace
from itertools import permutations

import numpy as np

from nuzzle.evaluation.evaluate import evaluate
from nuzzle.evaluation.figures import Estimate
from nuzzle.evaluation.result import Evaluation
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.labels import Pair
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import RecordingEntry, Run
from nuzzle.outputs.report import write_report
from nuzzle.outputs.results import ResultsWriter
from nuzzle.outputs.scores import evaluation_charts, evaluation_summary
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.frames import separate_own

COLOURS = dict.fromkeys(("attack", "investigation", "mount", "other"), "#777777")


def changed(results, **changes):
    """The evaluation, with what `changes` says of some of its behaviours."""
    evaluation = Evaluation.from_dict(results.metrics)
    scores = tuple(replace(s, **changes.get(s.behaviour, {})) for s in evaluation.behaviours)
    evaluation = replace(evaluation, behaviours=scores)
    (results.directory / "metrics.json").write_text(json.dumps(evaluation.to_dict()))
    return evaluation


def shares(chart):
    return re.findall(r"<title>(\S*) ?(annotator|nuzzle) · (\w+): ([\d.]+) %", chart)


def test_shares_of_the_same_time_are_stacked(made_up):
    results = made_up("evaluation", n_frames=600)
    drawn = evaluation_charts(changed(results), COLOURS)
    assert [bar[1] for bar in shares(drawn["budget_total"])] == ["annotator"] * 3 + ["nuzzle"] * 3
    assert "The share of the scored frames that" in write_report(results.directory).read_text()


def test_shares_of_other_times_stand_apart(made_up):
    results = made_up("evaluation", n_frames=600)
    some = {"true_frames": 30, "predicted_frames": 60, "observed_frames": 120}
    drawn = evaluation_charts(changed(results, mount=some), COLOURS)
    bars = shares(drawn["budget_total"])
    assert ("mount", "annotator", "mount", "25.0") in bars
    assert ("", "nuzzle", "mount", "50.0") in bars
    assert len(bars) == 6
    page = write_report(results.directory).read_text()
    assert "so the shares do not add up" in page and "of the scored frames that" not in page


def test_what_animals_do_to_themselves_counts_once_an_animal(made_up):
    """Of three mice, each mounts two others: six pairs, and three that groom."""
    results = made_up("evaluation", n_frames=600)
    pairs, animals = {"observed_frames": 3600}, {"observed_frames": 1800, "true_frames": 450}
    evaluation = changed(results, mount=pairs, investigation=pairs, attack=animals)
    evaluation = replace(evaluation, unobserved_frames=0)
    drawn = evaluation_charts(evaluation, COLOURS, ["attack"])
    bars = shares(drawn["budget_total"])
    assert [bar[1] for bar in bars] == ["annotator"] * 3 + ["nuzzle"] * 3
    assert ("", "annotator", "attack", "25.0") in bars
    assert drawn["budget_own"] and not drawn["budget_apart"]
    assert not evaluation_summary(evaluation, ["attack"])["looked_apart"]
    partly = evaluation_charts(evaluation, COLOURS, ["attack", "mount"])
    assert partly["budget_apart"] and not partly["budget_own"]


def test_a_report_of_three_mice_does_not_doubt_the_annotator(tmp_path, recording):
    names, mice, seen = ("chase", "groom", "other"), "abc", np.ones((40, 3), bool)
    scored, frames = [], []
    for agent, target in permutations(mice, 2):
        truth = np.eye(3, dtype=bool)[[1] * 10 + [0] * 5 + [2] * 25]
        p, pair = truth.astype(np.float32), Pair(agent, target)
        scored.append(
            ScoredPair(
                "cage", "", pair, 30.0, names, "other", True, truth, seen, truth, p, own=("groom",)
            )
        )
        frames.append(PairFrames(pair, p, truth, truth, seen))
    space = LabelSpace(names, "other", True, ("chase", "groom"), own=("groom",))
    writer = ResultsWriter(tmp_path, Run("evaluation", names, "other"))
    writer.add(RecordingEntry.of(recording("cage", 40)), separate_own(space, frames))
    results = writer.finish(evaluate(scored, bootstrap=0).to_dict())
    page = write_report(results.directory).read_text()
    assert "What an animal does to itself is a share of all animals’ time." in page
    assert "did not look for everything" not in page and "do not add up" not in page
    assert "only of what the annotator looked at" not in page


def sentences(results, **f1):
    scores = {name: {"f1": Estimate(value)} for name, value in f1.items()}
    return evaluation_summary(changed(results, **scores))["sentences"]


def test_all_that_are_as_good_or_as_bad_are_named(made_up):
    results = made_up("evaluation", n_frames=600)
    said = sentences(results, attack=0.0, mount=0.0, investigation=0.8)
    assert said[0].startswith("Most reliable is investigation (F1 0.80)")
    assert said[1] == "Never right: attack, mount."
    assert [each.split(" is mostly")[0] for each in said[2:]] == [
        "What is missed of attack",
        "What is missed of mount",
    ]
    assert sentences(results, attack=0.0, mount=0.0, investigation=0.0)[0] == (
        "Never right: attack, investigation, mount."
    )
    said = sentences(results, attack=1.0, mount=1.0, investigation=0.5)
    assert said[0] == "Most reliable are attack, mount (F1 1.00 each)."
    assert said[1].startswith("Least reliable is investigation")
    said = sentences(results, attack=0.5, mount=0.5, investigation=0.5)
    assert said[0] == "Equally reliable are attack, investigation, mount (F1 0.50 each)."
