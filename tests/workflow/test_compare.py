"""Results of two models, read, brought together and compared."""

from dataclasses import replace

import numpy as np
import pytest

from nuzzle.errors import InputError
from nuzzle.labels import Pair
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import RecordingEntry, Run
from nuzzle.outputs.results import ResultsWriter
from nuzzle.recording import Recording
from nuzzle.workflow.compare import compare
from nuzzle.workflow.evaluate import evaluate

NAMES = ("attack", "mount", "other")
RUN = Run("evaluation", NAMES, "other")
PAIR = Pair("a", "b")


def masks(text, names):
    """``"aa.m"`` -> attack, attack, other, mount; ``-`` is none of them."""
    return np.array(
        [[letter == (name[0], ".")[name == "other"] for name in names] for letter in text]
    )


def write(folder, recordings, run=RUN, pair=PAIR, start_frame=0, groups=None):
    """Results of recordings, name -> (truth, prediction); and perhaps name -> group."""
    writer = ResultsWriter(folder, run)
    for name, (truth, predicted) in recordings.items():
        recording = Recording.from_arrays(
            name,
            np.zeros((len(truth), 2, 1, 2)),
            keypoints=["nose"],
            individuals=["a", "b"],
            fps=10.0,
            start_frame=start_frame,
            group=(groups or {}).get(name, ""),
        )
        true, said = (masks(each, run.behaviours) for each in (truth, predicted))
        probability = (said * 0.8 + 0.1).astype(np.float32)
        observed = np.repeat(true.any(axis=1, keepdims=True), len(run.behaviours), axis=1)
        writer.add(
            RecordingEntry.of(recording), [PairFrames(pair, probability, said, true, observed)]
        )
    writer.finish({})
    return folder


def test_only_what_all_have_scored_is_compared(tmp_path):
    first = write(tmp_path / "1", {"r0": ("aaaa--....", "aaaaaa...."), "r1": ("m" * 9, "m" * 9)})
    second = write(tmp_path / "2", {"r0": ("aaaa----..", "aa........"), "r2": ("mmm", "mmm")})
    said = compare(first, second)
    attack = said.behaviours[0].f1
    # Of 6 frames that both have scored: 4 of 4 found, and 2 of 4.
    assert said.frames == 6
    assert (attack.first.value, attack.second.value) == (1, pytest.approx(2 / 3))
    assert [each.recording for each in said.recordings] == ["r0"]
    notes = "\n".join(said.notes)
    assert "Left out, as not all results have them: r1, r2." in notes
    assert "2 frames in which only some of the results have a behaviour scored" in notes
    assert "There is one group of recordings" in notes
    assert "There is one training of a model" in notes


def test_behaviours_of_one_alone_are_named(tmp_path):
    truth = {"r0": ("aa..", "aa..")}
    first = write(tmp_path / "1", truth)
    second = write(tmp_path / "2", truth, Run("evaluation", ("attack", "other"), "other"))
    said = compare(first, second)
    assert [each.behaviour for each in said.behaviours] == ["attack"]
    assert "Not compared, as not all results have it: mount." in said.notes
    third = write(tmp_path / "3", truth, Run("evaluation", ("sniff", "other"), "other"))
    with pytest.raises(InputError, match="no behaviour in common"):
        compare(first, third)


def test_pairs_of_one_alone_are_named(tmp_path):
    first = write(tmp_path / "1", {"r0": ("aa..", "aa..")})
    second = write(tmp_path / "2", {"r0": ("aa..", "aa..")}, pair=Pair("b", "a"))
    with pytest.raises(InputError, match="no pair of a recording in common"):
        compare(first, second)


def test_trainings_of_each_model(tmp_path):
    perfect = {"r0": ("aa..", "aa.."), "r1": ("aa..", "aa..")}
    blind = {"r0": ("aa..", "...."), "r1": ("aa..", "....")}
    first = [write(tmp_path / "1", perfect), write(tmp_path / "2", blind)]
    second = [write(tmp_path / "3", perfect), write(tmp_path / "4", perfect)]
    said = compare(first, second)
    assert said.trainings == (2, 2)
    assert said.macro_f1.difference.value == 0.5
    assert not any("one training" in note for note in said.notes)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"r0": ("a...", "aa..")}, r"labels of .*1 and of .*2 differ in 1 frame\."),
        ({"r0": ("aa...", "aa...")}, r"4 frames at 10 a second in .*1, and 5 frames at 10 a sec"),
    ],
)
def test_other_labels_or_recordings_of_the_same_name_are_refused(tmp_path, other, message):
    first = write(tmp_path / "1", {"r0": ("aa..", "aa..")})
    second = write(tmp_path / "2", other)
    with pytest.raises(InputError, match=message):
        compare(first, second)


def test_recordings_are_drawn_in_groups_that_all_have_in_common(tmp_path):
    truth = {f"r{n}": ("aa..", "aa..") for n in range(6)}
    plain = write(tmp_path / "1", truth)
    pairwise = write(tmp_path / "2", truth, groups={f"r{n}": f"g{n // 2}" for n in range(6)})
    apart = write(tmp_path / "3", truth, groups={"r1": "x", "r2": "x"})
    note = "The results group recordings in different ways"
    for first, second, groups in ((plain, pairwise, 3), (pairwise, plain, 3), (pairwise, apart, 2)):
        said = compare(first, second)
        assert said.groups == groups
        assert any(note in each for each in said.notes)
    other = write(tmp_path / "4", truth, groups={f"r{n}": f"h{n // 2}" for n in range(6)})
    same = compare(pairwise, other)  # by other names
    assert same.groups == 3
    assert not any(note in each for each in same.notes)


def test_another_part_of_a_video_is_another_recording(tmp_path):
    first = write(tmp_path / "1", {"r0": ("aa..", "aa..")})
    second = write(tmp_path / "2", {"r0": ("aa..", "aa..")}, start_frame=90)
    with pytest.raises(InputError, match=r"4 frames from frame 90 on at 10 a second in .*2"):
        compare(first, second)


def test_trainings_of_a_model_differ_in_the_seed_alone(tmp_path):
    def trained(name, model, seed):
        config = {"model": {"name": model}, "training": {"epochs": 3, "seed": seed}}
        run = replace(RUN, bundle={"config": config})
        return write(tmp_path / name, {"r0": ("aa..", "aa..")}, run)

    first, second, other = trained("1", "tcn", 0), trained("2", "tcn", 1), trained("3", "graph", 0)
    assert compare([first, second], other).trainings == (2, 1)
    with pytest.raises(
        InputError, match=r"1 and .*3 are not two .* in model\.name \(tcn, graph\)\."
    ):
        compare([first, other], second)


def test_what_cannot_be_compared_is_refused(tmp_path):
    truth = {"r0": ("aa..", "aa..")}
    first = write(tmp_path / "1", truth)
    with pytest.raises(InputError, match="Given twice"):
        compare(first, tmp_path / "." / "1")
    with pytest.raises(InputError, match="at least one folder of results of each"):
        compare(first, [])
    undirected = write(tmp_path / "2", truth, replace(RUN, directed=False))
    with pytest.raises(InputError, match=r"2 is of labels without direction, and .*1 is not"):
        compare(first, undirected)
    predictions = write(tmp_path / "3", truth, replace(RUN, kind="prediction"))
    with pytest.raises(InputError, match="predictions without labels"):
        compare(first, predictions)
    ResultsWriter(tmp_path / "6", RUN)
    with pytest.raises(InputError, match="not finished"):
        compare(first, tmp_path / "6")


def test_the_figures_are_those_of_the_evaluation(bundle_file, manifest, tmp_path):
    said = evaluate(bundle_file, manifest, out=tmp_path / "1")
    evaluate(bundle_file, manifest, out=tmp_path / "2")
    found = compare(tmp_path / "1", tmp_path / "2")
    assert found.macro_f1.first.value == pytest.approx(said.macro_f1.value)
    assert found.mean_average_precision.second.value == pytest.approx(
        said.mean_average_precision.value
    )
    assert found.macro_bout_f1.first.value == pytest.approx(said.macro_bout_f1["0.5"].value)
    assert found.macro_f1.difference.high == 0
    for each, one in zip(found.recordings, said.recordings, strict=True):
        assert each.first == each.second == pytest.approx(one.macro_f1, nan_ok=True)


def test_recordings_that_a_model_has_learned_from_are_named(bundle_file, manifest, tmp_path):
    for name in ("1", "2"):
        evaluate(bundle_file, manifest, "train", tmp_path / name, allow_seen=True)
    notes = compare(tmp_path / "1", tmp_path / "2").notes
    trained = "The model was trained on these recordings: the figures say nothing about new ones."
    assert f"{tmp_path / '1'}: {trained}" in notes
