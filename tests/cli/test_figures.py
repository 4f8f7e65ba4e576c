from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from nuzzle.cli.figures import print_evaluation
from nuzzle.evaluation import ScoredPair
from nuzzle.evaluation.evaluate import evaluate
from nuzzle.evaluation.figures import Estimate
from nuzzle.evaluation.result import Evaluation
from nuzzle.labels import Pair


@pytest.fixture
def result():
    truth = np.array([[True, False], [False, True]]).repeat(5, axis=0)
    observed = np.ones((10, 2), bool)
    observed[:3] = False
    names, pair = ("mount", "other"), Pair("a", "b")
    one = ScoredPair(
        "cage", "", pair, 10.0, names, "other", True, truth, observed, truth,
        truth.astype(np.float32),
    )  # fmt: skip
    return evaluate([one], bootstrap=0)


def test_what_was_left_out_and_why(result, capsys):
    print_evaluation(result, "val")
    said = capsys.readouterr().out
    assert "7 frames of 1 recording were scored; 3 were left out (nobody looked, or" in said
    print_evaluation(replace(result, unobserved_frames=0), "val")
    assert "7 frames of 1 recording were scored. Precision" in capsys.readouterr().out


def test_names_are_printed_as_they_are(result, capsys):
    print_evaluation(replace(result, notes=("[red]cage[/red] has no label",)), "[bold]new")
    said = capsys.readouterr().out
    assert "Note: [red]cage[/red] has no label" in said
    assert "Scores on '[bold]new'" in said


def test_intervals_are_over_what_was_drawn(result, capsys):
    print_evaluation(result, "val")
    assert "brackets" not in capsys.readouterr().out
    result = replace(result, macro_f1=Estimate(0.9, 0.8, 1.0))
    print_evaluation(result, "val")
    assert "95 % intervals over recordings." in " ".join(capsys.readouterr().out.split())
    print_evaluation(replace(result, recordings=result.recordings * 3, groups=2), "val")
    said = " ".join(capsys.readouterr().out.split())
    assert "95 % intervals over 2 groups of recordings." in said


def test_frames_of_several_pairs_of_a_recording_are_said_to_be(capsys):
    """Each of three mice chases two others and grooms: 6 pairs and 3 animals of 10 frames."""
    truth = np.eye(3, dtype=bool)[[0] * 4 + [1] * 3 + [2] * 3]
    pairs = [
        ScoredPair(
            "cage", "", Pair(*two), 10.0, ("chase", "groom", "other"), "other", True, truth,
            np.ones_like(truth), truth, truth.astype(np.float32), own=("groom",),
        )
        for two in permutations("abc", 2)
    ]  # fmt: skip
    result = evaluate(pairs, bootstrap=0)
    assert Evaluation.from_dict(result.to_dict()).pairs == 9
    print_evaluation(result, "val")
    said = " ".join(capsys.readouterr().out.split())
    assert "90 frames (each pair of animals by itself) of 1 recording were scored." in said
