import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from nuzzle.config import Config
from nuzzle.errors import InputError, LeakageError
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.io.load import load_entry
from nuzzle.labels import Labels, Pair
from nuzzle.manifest import Manifest
from nuzzle.outputs.index import read_results
from nuzzle.workflow.evaluate import evaluate, results_of
from nuzzle.workflow.frames import as_frames
from nuzzle.workflow.scored import score_recording
from nuzzle.workflow.train import train


def test_scores_are_those_of_the_bundle(bundle_file, manifest, tmp_path):
    result = evaluate(bundle_file, manifest, "val", tmp_path / "out")
    stored = Bundle.load(bundle_file).metrics
    assert result.to_dict() == json.loads(json.dumps(stored))
    results = read_results(tmp_path / "out")
    assert [entry.name for entry in results.done] == ["mouse3", "mouse4"]
    assert results.metrics["macro_f1"] == stored["macro_f1"]
    frames = results.frames(results.done[0])[0]
    assert frames.probability.shape == (900, 4)
    np.testing.assert_allclose(frames.probability.sum(axis=1), 1, atol=1e-4)


def test_frames_are_those_that_were_scored(manifest, tmp_path):
    """A calibration that knows them is fitted on the others for each: so are their frames."""
    splits = ("train", "val", "val", "val", "val")
    rows = [replace(e, split=split) for e, split in zip(manifest, splits, strict=True)]
    rows = Manifest(tuple(rows))
    config = ["model.name=trees", "training.epochs=5", "labels.behaviours=[investigation]"]
    bundle = train(rows, tmp_path / "m.nuzzle", Config.load(None, config))
    assert bundle.calibration.correction is not None
    said = evaluate(bundle, rows, out=tmp_path / "out")
    assert said.uncertainty.how == "left out in turn"
    results = read_results(tmp_path / "out")
    frames = [results.frames(entry)[0] for entry in results.done]
    truth, predicted, probability = (
        np.concatenate([getattr(each, name)[:, 0] for each in frames])
        for name in ("truth", "predicted", "probability")
    )
    (one,) = (each for each in said.behaviours if each.behaviour == "investigation")
    assert f1_score(truth, predicted) == pytest.approx(one.f1.value)
    assert average_precision_score(truth, probability) == pytest.approx(one.average_precision.value)


def test_what_is_noted_on_reading_is_said(bundle_file, manifest, tmp_path):
    labels, said = tmp_path / "bouts.csv", []
    labels.write_text("behaviour,start_frame,stop_frame\nattack,10,40\nmount,50,90\n")
    entries = [replace(entry, labels=labels) for entry in manifest.select("val")]
    evaluate(bundle_file, Manifest(tuple(entries)), "val", say=said.append)
    notes = [line for line in said if "who acts is not said in any bout" in line]
    assert [note.split(":")[0] for note in notes] == ["mouse3", "mouse4"]


def test_frames_that_are_lost_to_another_behaviour_are_told(bundle_file, manifest, tmp_path):
    labels, who = tmp_path / "bouts.csv", "resident,intruder"
    labels.write_text(
        f"agent,target,behaviour,start_frame,stop_frame\n{who},attack,10,110\n{who},mount,90,120\n"
    )
    entry = replace(manifest.entries[3], labels=labels)
    result = evaluate(bundle_file, Manifest((entry,)), "val", tmp_path / "out")
    (told,) = [line for line in result.notes if "go on at once" in line]
    assert told.endswith(("others so: attack 20 of 100.", "others so: mount 20 of 30."))
    assert told in read_results(tmp_path / "out").metrics["notes"]


@pytest.mark.parametrize("directed", [True, False])
def test_results_know_whether_agent_and_target_mean_something(bundle_file, directed):
    bundle = Bundle.load(bundle_file)
    bundle = replace(bundle, space=replace(bundle.space, directed=directed))
    assert results_of(bundle, "prediction", "").directed is directed


def test_attention_is_kept_for_the_report(bundle_file, manifest, tmp_path):
    evaluate(bundle_file, manifest, "val", tmp_path / "out")
    attention = read_results(tmp_path / "out").attention
    assert attention
    for each in attention:
        assert len(each["weight"]) == len(each["offset_s"]) == 5
        assert sum(each["weight"]) == pytest.approx(1, abs=1e-4)


def test_recordings_that_were_trained_on_are_refused(bundle_file, manifest):
    with pytest.raises(LeakageError, match="mouse0"):
        evaluate(bundle_file, manifest, "train")
    assert evaluate(bundle_file, manifest, "train", allow_seen=True).groups == 3


def test_a_copy_of_poses_that_were_trained_on_is_refused_whatever_its_name(bundle_file, manifest):
    entry = next(iter(manifest.select("train")))
    copy = Manifest((replace(entry, recording="new", group="another"),))
    with pytest.raises(InputError, match="trained on these very poses, as 'mouse0'"):
        evaluate(bundle_file, copy, "train")
    assert evaluate(bundle_file, copy, "train", allow_seen=True).groups == 1


def test_what_the_model_knows_as_done_to_oneself_is_not_what_is_done_to_another(
    bundle_file, manifest
):
    bundle = Bundle.load(bundle_file)
    recording = load_entry(next(iter(manifest.select("val"))))
    bundle = replace(bundle, space=replace(bundle.space, own=("attack",)))
    with pytest.raises(InputError, match=r"attack is directed at another .* self:attack=NEW for"):
        score_recording(bundle, recording)


def test_of_what_nobody_looked_for_nothing_is_written():
    both, attack_only = np.ones((4, 2), bool), np.tile([True, False], (4, 1))
    one = ScoredPair(
        "r", "", Pair("a", "b"), 30.0, ("attack", "mount"), None, False,
        ~both, attack_only, both, both.astype(np.float32),
    )  # fmt: skip
    assert as_frames(one, None).predicted.tolist() == [[True, False]] * 4


@pytest.mark.parametrize("directed", [True, False])
def test_labels_with_and_without_direction_are_not_compared(bundle_file, manifest, directed):
    bundle = Bundle.load(bundle_file)
    bundle = replace(bundle, space=replace(bundle.space, directed=directed))
    row = replace(next(iter(manifest.select("val"))), directed=not directed)
    told = "have no direction .* have one" if directed else "have a direction .* have none"
    with pytest.raises(InputError, match=f"mouse3.*{told}.*column directed"):
        score_recording(bundle, load_entry(row))


def test_labels_that_name_only_what_was_seen_are_named(bundle_file, manifest, tmp_path):
    path = tmp_path / "bouts.csv"
    rows = "agent,target,behaviour,start_frame,stop_frame\nresident,intruder,attack,10,90\n"
    path.write_text(rows)
    entry = replace(manifest.entries[3], labels=path)
    said = []
    result = evaluate(bundle_file, Manifest((entry,)), "val", say=said.append)
    assert "investigation, mount counts there as not looked for" in said[-1]
    assert result["mount"].observed_frames == 0
    told = replace(entry, looked_for=("investigation", "mount"))
    said.clear()
    result = evaluate(bundle_file, Manifest((told,)), "val", say=said.append)
    assert not any("looked_for" in each for each in said)
    assert result["mount"].observed_frames == 900


def test_an_animal_that_only_the_pose_file_names_is_recognised(bundle_file, manifest):
    bundle = Bundle.load(bundle_file)
    (first, *_) = manifest.select("val")
    nameless = Manifest((replace(first, recording="new", group=""),))
    animal = load_entry(nameless.entries[0]).group  # as the CalMS21 file has it
    assert animal == "mouse3"
    learned = replace(bundle, training={**bundle.training, "groups": [animal]})
    with pytest.raises(InputError, match="trained on new, or on other recordings of the same"):
        evaluate(learned, nameless, "val")
    assert evaluate(learned, nameless, "val", allow_seen=True).groups == 1


def test_another_part_of_a_video_that_was_learned_from_is_no_new_animal(bundle_file, manifest):
    bundle = Bundle.load(bundle_file)
    first, *others = manifest
    first = replace(first, group="cage")
    parts = [
        replace(first, recording="a", split="train", stop_frame=600),
        replace(first, recording="b", split="val", start_frame=600),
    ]
    videos = Manifest((*parts, *others))
    learned = {**bundle.training, "recordings": ["a"], "groups": ["cage"]}
    learned = replace(bundle, training=learned)
    (note,) = (n for n in evaluate(learned, videos, "val").notes if "same video" in n)
    assert "other frames of the same video as b" in note
    assert videos.other_parts(["a"]) == ["b"]
    assert videos.other_parts(["b"]) == ["a"]
    assert not videos.other_parts([others[0].recording])
    # Another annotator's labels of the same frames are no other part.
    again = Manifest((*parts, replace(parts[0], recording="c", split="val")))
    assert again.other_parts(["a"]) == ["b"]
    with pytest.raises(LeakageError, match="trained on c"):
        evaluate(learned, again, "val")


def test_labels_that_the_model_does_not_know_are_counted(bundle_file, manifest, tmp_path):
    path = tmp_path / "bouts.csv"
    bouts = ["attack,10,90", "dig,100,150", "dig,200,210"]
    rows = ["agent,target,behaviour,start_frame,stop_frame", *(f"a,b,{each}" for each in bouts)]
    path.write_text("\n".join(rows).replace("a,b,", "resident,intruder,"))
    looked_for = ("investigation", "mount")
    entry = replace(manifest.entries[3], labels=path, looked_for=looked_for)
    result = evaluate(bundle_file, Manifest((entry,)), "val")
    (note,) = (each for each in result.notes if "does not know" in each)
    assert "dig (60 frames)" in note
    assert "count as 'other'" in note
    assert result["other"].true_frames == 900 - 80


def test_animals_unlike_those_of_the_training_are_named(bundle_file, manifest, tmp_path):
    row = replace(manifest.entries[3], px_per_cm=60.0)
    said = []
    evaluate(bundle_file, Manifest((row,)), "val", tmp_path / "out", say=said.append)
    (entry,) = read_results(tmp_path / "out").done
    (note,) = [note for note in entry.notes if "Is the scale right" in note]
    assert f"{row.recording}: {note}" in said


def test_what_was_not_observed_is_not_scored(bundle_file, manifest):
    bundle = Bundle.load(bundle_file)
    recording = load_entry(manifest.entries[3])
    pair = Pair("resident", "intruder")
    half = recording.labels.slice(0, 450).with_length(900)
    (scored,) = score_recording(bundle, replace(recording, labels=half)).pairs
    assert scored.pair == pair
    assert scored.observed[:450].all()
    assert not scored.observed[450:].any()


def test_labels_of_other_behaviours_only(bundle_file, manifest):
    recording = load_entry(manifest.entries[3])
    active = np.zeros((900, 1), dtype=bool)
    active[:10] = True
    labels = Labels.from_frames(Pair("resident", "intruder"), active, ["dig"])
    with pytest.raises(InputError, match=r"nobody looked for any of .*'dig'"):
        score_recording(Bundle.load(bundle_file), replace(recording, labels=labels))


def test_one_bad_recording_does_not_stop_the_others(bundle_file, manifest, tmp_path):
    bare = replace(manifest.entries[4], labels=None)
    mixed = Manifest((manifest.entries[3], bare))
    said = []
    result = evaluate(bundle_file, mixed, "val", tmp_path / "out", say=said.append)
    assert [each.recording for each in result.recordings] == ["mouse3"]
    (failed,) = read_results(tmp_path / "out").failed
    assert failed.name == "mouse4"
    assert "no labels" in failed.reason
    assert any("mouse4" in sentence for sentence in said)


def test_where_nothing_can_be_scored_the_results_say_so(bundle_file, manifest, tmp_path):
    bare = Manifest((replace(manifest.entries[3], labels=None),))
    with pytest.raises(InputError, match="No recording of 'val' could be scored"):
        evaluate(bundle_file, bare, "val", tmp_path / "out")
    results = read_results(tmp_path / "out")
    assert results.finished and not results.done
    assert "no labels" in results.failed[0].reason
