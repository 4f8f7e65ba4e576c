import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from nuzzle import Recording
from nuzzle.cli.app import build_app
from nuzzle.decoding.bouts_rules import BoutRules
from nuzzle.decoding.decoder import Decoder
from nuzzle.decoding.smoothing import Smoothing
from nuzzle.errors import BundleError, CompatibilityError, InputError, OutputError
from nuzzle.features.frontend import Frontend
from nuzzle.files import write_text
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.predict import predict_recording
from nuzzle.inference.presence import LOST_S
from nuzzle.io.calms21_write import write_calms21
from nuzzle.io.init_manifest import init_manifest
from nuzzle.io.load import load_entry
from nuzzle.labels import Pair
from nuzzle.manifest import Entry, Manifest
from nuzzle.outputs.index import read_results
from nuzzle.outputs.sections import cards
from nuzzle.workflow import predict as module
from nuzzle.workflow.entries import entries_of
from nuzzle.workflow.predict import predict
from nuzzle.workflow.scored import score_recording


@pytest.fixture
def bundle(bundle_file):
    return Bundle.load(bundle_file)


@pytest.fixture
def recording(manifest):
    return load_entry(manifest.entries[3]).slice(0, 450)


def changed(recording, **values):
    arrays = {
        "position": recording.position,
        "keypoints": recording.keypoints,
        "individuals": recording.individuals,
        "fps": recording.fps,
        "px_per_cm": recording.px_per_cm,
        **values,
    }
    position = arrays.pop("position")
    return Recording.from_arrays("changed", position, **arrays)


def test_every_sequence_of_a_file_gets_a_result(bundle_file, short, tmp_path):
    results = predict(bundle_file, [short], tmp_path / "out")
    assert [entry.name for entry in results.done] == ["short0", "short1"], "as init calls them"
    assert set(results.bouts["recording"]) <= {entry.name for entry in results.done}
    frames = pd.read_parquet(tmp_path / "out" / results.done[0].file)
    assert len(frames) == 2 * 180, "two ordered pairs"
    for name in ("bouts.csv", "time_budget.csv", "results.json"):
        assert (tmp_path / "out" / name).stat().st_size


def test_one_bad_file_does_not_stop_the_others(bundle_file, short, tmp_path):
    empty = tmp_path / "empty.csv"
    empty.touch()
    nonsense = write_text(tmp_path / "nonsense.csv", "a,b\n1,2\n")
    gone = tmp_path / "gone.h5"
    results = predict(bundle_file, [empty, nonsense, gone, short], tmp_path / "out")
    reasons = {entry.name: entry.reason for entry in results.failed}
    assert "is empty" in reasons[str(empty)]
    assert "does not look like a pose file" in reasons[str(nonsense)]
    assert "no file at" in reasons[str(gone)] or "There is no" in reasons[str(gone)]
    assert len(results.done) == 2


def test_a_manifest_with_semicolons_is_one(bundle_file, short, tmp_path):
    """As spreadsheets save it in much of Europe."""
    items = [entry.item for entry in entries_of(short, {})]
    rows = [f"mouse{n};{short};{item};29,97" for n, item in enumerate(items)]
    file = write_text(tmp_path / "m.csv", "\n".join(["recording;poses;item;fps", *rows]))
    results = predict(bundle_file, [file], tmp_path / "out")
    found = [(each.name, each.fps) for each in results.done]
    assert found == [("mouse0", 29.97), ("mouse1", 29.97)]


def test_what_is_no_file_is_told_as_what_it_is(bundle_file, recording, tmp_path):
    unfinished = tmp_path / "m.csv"
    unfinished.write_text("recording,labels,split\n1,1.csv,val\n")
    said = []
    results = predict(bundle_file, unfinished, tmp_path / "out", say=said.append)
    assert results.failed and any("there is no column 'poses' in" in line for line in said)
    for files in (recording, [recording]):
        with pytest.raises(InputError, match="ask predict_recording"):
            predict(bundle_file, files, tmp_path / "other")


def test_a_slip_in_what_holds_for_all_is_said_before_anything_is_written(short, tmp_path):
    with pytest.raises(InputError, match="'fsp' cannot be said of all recordings; did you mean"):
        predict("any.nuzzle", short, tmp_path / "out", common={"fsp": 30.0})
    assert not (tmp_path / "out").exists()


def test_where_nothing_could_be_labelled_only_the_reason_is_printed(bundle_file, tmp_path):
    gone, out = tmp_path / "gone [1].h5", tmp_path / "out"
    result = CliRunner().invoke(
        build_app(), ["predict", str(bundle_file), str(gone), "--out", str(out)]
    )
    assert result.exit_code == 1
    assert result.stdout.startswith(f"No result for {gone}")
    assert "nuzzle report" not in result.stdout
    assert "behaviour" not in result.stdout


def test_a_file_without_a_result_shows_in_the_exit_status(bundle_file, short, tmp_path):
    gone, out = tmp_path / "gone.h5", tmp_path / "out"
    arguments = ["predict", str(bundle_file), str(gone), str(short), "--out", str(out)]
    result = CliRunner().invoke(build_app(), arguments)
    assert result.exit_code == 1
    assert f"No result for {gone}" in result.stdout
    assert f"Results: {out}" in result.stdout
    whole = CliRunner().invoke(build_app(), [*arguments[:2], str(short), "--out", f"{out}2"])
    assert whole.exit_code == 0


def test_results_are_not_overwritten_unasked(bundle_file, short, tmp_path):
    predict(bundle_file, [short], tmp_path / "out")
    with pytest.raises(OutputError):
        predict(bundle_file, [short], tmp_path / "out")
    said = []
    predict(bundle_file, [short], tmp_path / "out", resume=True, say=said.append)
    assert sum("done already" in sentence for sentence in said) == 2


def test_a_run_that_brought_nothing_may_be_run_again(bundle_file, short, tmp_path):
    out = tmp_path / "out"
    assert predict(bundle_file, [tmp_path / "no.csv"], out).failed
    results = predict(bundle_file, [short], out)
    assert [len(results.done), len(results.failed)] == [2, 0]
    (card,) = cards(replace(results, recordings=()))
    assert card["label"] == "Recordings labelled"
    with pytest.raises(OutputError, match="already holds results"):
        predict(bundle_file, [short], out)


def test_one_file_needs_no_list(bundle_file, short, tmp_path):
    assert len(predict(bundle_file, str(short), tmp_path / "text").done) == 2
    assert len(predict(bundle_file, short, tmp_path / "path").done) == 2
    with pytest.raises(InputError, match="no files to label"):
        predict(bundle_file, [], tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_changed_since_is_labelled_again(bundle_file, short, tmp_path):
    file, said = tmp_path / "cage1.json", []
    shutil.copy(short, file)
    first = predict(bundle_file, [file], tmp_path / "out")
    predict(
        bundle_file, [file], tmp_path / "out", common={"lab": "here"}, resume=True, say=said.append
    )
    assert sum("changed; labelled again" in sentence for sentence in said) == 2
    results = predict(bundle_file, [file], tmp_path / "out", resume=True)
    assert [each.lab for each in results.done] == [each.lab for each in first.done]
    assert len(list((tmp_path / "out" / "frames").iterdir())) == 2
    said.clear()
    file.touch()
    predict(bundle_file, [file], tmp_path / "out", resume=True, say=said.append)
    assert sum("labelled again" in sentence for sentence in said) == 2


def test_a_file_that_is_broken_since_has_no_result_any_more(bundle_file, short, tmp_path):
    file, out = tmp_path / "cage1.json", tmp_path / "out"
    shutil.copy(short, file)
    first = predict(bundle_file, [file, short], out)
    file.write_text("broken")
    results = predict(bundle_file, [file, short], out, resume=True)
    lost = {each.name for each in first.done if each.poses == str(file)}
    assert {each.name for each in results.failed} == lost and len(lost) == 2
    assert not lost & {*results.bouts["recording"], *results.time_budget["recording"]}
    assert len(list((out / "frames").iterdir())) == 2


def test_files_of_one_name_are_told_apart_when_a_run_goes_on(
    bundle_file, short, tmp_path, monkeypatch
):
    """As `nuzzle predict d1/cage1.csv`, then the same with d2/cage1.csv and --resume."""
    first, second = tmp_path / "d1" / "cage1.json", tmp_path / "d2" / "cage1.json"
    for file in (first, second):
        file.parent.mkdir()
        shutil.copy(short, file)
    monkeypatch.chdir(first.parent)
    names = [each.name for each in predict(bundle_file, [first.name], tmp_path / "out").done]
    monkeypatch.chdir(tmp_path)
    said = []
    files = [second, first.relative_to(tmp_path)]
    results = predict(bundle_file, files, tmp_path / "out", resume=True, say=said.append)
    assert [each.name for each in results.done] == [*names, *(f"{name}-2" for name in names)]
    assert [each.poses for each in results.done] == [str(first)] * 2 + [str(second)] * 2
    assert f"{second} is called {names[0]}-2: there is another {names[0]}" in said
    assert sum("done already" in sentence for sentence in said) == 2


@pytest.fixture
def tracked(recording, tmp_path):
    """Writes two seconds as a DeepLabCut csv, which says neither a name nor a frame rate."""
    part = recording.slice(0, 60)
    cells = part.position.transpose(0, 3, 2, 1).reshape(60, -1)

    def write(name, renamed=()):
        levels = {
            "scorer": ["net"],
            "individuals": part.individuals,
            "bodyparts": [dict(renamed).get(each, each) for each in part.keypoints],
            "coords": ["x", "y"],
        }
        columns = pd.MultiIndex.from_product(levels.values(), names=levels.keys())
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        pd.DataFrame(cells, columns=columns).to_csv(path)
        return path

    return write


SAID_OF_ALL = {"fps": 30.0, "px_per_cm": 18.3}


def test_a_file_that_is_named_twice_is_labelled_once(bundle_file, tracked, tmp_path, monkeypatch):
    file, said = tracked("cage.csv"), []
    monkeypatch.chdir(tmp_path)
    files = [file, "cage.csv"]
    results = predict(bundle_file, files, "out", common=SAID_OF_ALL, say=said.append)
    assert [each.name for each in results.done] == ["cage"]
    assert f"warning: cage.csv is labelled once: it is the same file as {file}" in said


OTHER_NAMES = {"neck": "nape", "tail_base": "rump"}
SAID_OF_NAMES = ["--keypoints", "nape=neck", "--keypoints", "rump=tail_base"]


def test_names_of_keypoints_hold_where_a_file_has_them(bundle_file, tracked, tmp_path):
    """As the message of the first run advises; the option may be given once for each name."""
    files, out = [tracked("usual.csv"), tracked("other.csv", OTHER_NAMES)], tmp_path / "out"
    words = ["predict", bundle_file, *files, "--out", out, "--fps", 30, "--px-per-cm", 18.3]

    def again(*more):
        return CliRunner().invoke(build_app(), [str(word) for word in (*words, *more)])

    first = again()
    assert first.exit_code == 1
    assert "No result for other" in first.stdout and "--keypoints OLD=NEW" in first.stdout
    result = again("--resume", *SAID_OF_NAMES)
    assert result.exit_code == 0, result.output
    assert "usual: done already" in result.stderr
    usual, other = (results := read_results(out)).done
    for one, two in zip(results.frames(usual), results.frames(other), strict=True):
        np.testing.assert_array_equal(one.probability, two.probability)


def test_a_name_that_no_file_has_is_refused_before_anything_is_written(
    bundle_file, tracked, tmp_path
):
    files = [tracked("usual.csv"), tracked("other.csv", OTHER_NAMES)]
    common = {**SAID_OF_ALL, "keypoints": {"nape": "neck", "rumpf": "tail_base"}}
    with pytest.raises(InputError, match=r"no file has 'rumpf'; they have 'nose'.*'nape', 'rump'"):
        predict(bundle_file, files, tmp_path / "out", common=common)
    assert not (tmp_path / "out").exists()


def test_what_a_row_says_of_its_own_keypoints_is_strict(bundle_file, tracked, tmp_path):
    tracked("usual.csv"), tracked("other.csv", OTHER_NAMES)
    rows = "recording,poses,keypoints\na,usual.csv,snout=nose\nb,other.csv,\nc,usual.csv,\n"
    common = {**SAID_OF_ALL, "keypoints": {"nape": "neck", "rump": "tail_base"}}
    manifest = write_text(tmp_path / "m.csv", rows)
    results = predict(bundle_file, manifest, tmp_path / "out", common=common)
    assert [each.name for each in results.done] == ["b", "c"]
    assert [(each.name, each.reason[:39]) for each in results.failed] == [
        ("a", "cannot rename the keypoints ['snout']; ")
    ]


def test_of_a_file_that_cannot_be_read_nobody_knows_whether_it_has_a_keypoint(
    bundle_file, tracked, tmp_path
):
    broken, usual = tmp_path / "broken.csv", tracked("usual.csv")
    broken.write_text("scorer,a\n")
    common = {**SAID_OF_ALL, "keypoints": {"nape": "neck"}}
    said = []
    results = predict(
        bundle_file, [broken, usual], tmp_path / "out", common=common, say=said.append
    )
    assert [each.name for each in results.done] == ["usual"]
    assert any("no file has 'nape'" in each and "cannot be read" in each for each in said)
    assert [Path(each.name).stem for each in results.failed] == ["broken"]
    assert "keypoints" not in results.failed[0].reason


def test_a_file_that_is_only_out_of_reach_keeps_its_result(bundle_file, tracked, tmp_path):
    first, second, out, said = tracked("first.csv"), tracked("second.csv"), tmp_path / "out", []
    predict(bundle_file, first, out, common=SAID_OF_ALL)
    first.rename(tmp_path / "elsewhere")
    results = predict(
        bundle_file, [first, second], out, common=SAID_OF_ALL, resume=True, say=said.append
    )
    assert sorted(each.name for each in results.done) == ["first", "second"]
    note = "its result is that of an earlier run, as now There is no file"
    assert any(sentence.startswith(f"warning: first: {note}") for sentence in said)
    assert any(note in each.notes[-1] for each in results.done if each.name == "first")


def test_a_result_that_is_dropped_is_said_to_be(bundle_file, tracked, tmp_path):
    file, out, said = tracked("other.csv", OTHER_NAMES), tmp_path / "out", []
    names = {"keypoints": "nape=neck;rump=tail_base"}
    assert predict(bundle_file, file, out, common=SAID_OF_ALL | names).done
    (failed,) = predict(
        bundle_file, file, out, common=SAID_OF_ALL, resume=True, say=said.append
    ).failed
    why = "Its earlier result, of something else, is removed."
    assert failed.reason.endswith(f"manifest. {why}")
    assert said[-1].endswith(why)


def test_patterns_that_no_shell_filled_in(bundle_file, tracked, tmp_path):
    for name in ("cage10.csv", "cage2.csv", "other.csv", "odd[1].csv"):
        tracked(name)
    files = [tmp_path / "cage*.csv", tmp_path / "odd[1].csv"]
    results = predict(bundle_file, files, tmp_path / "out", common=SAID_OF_ALL)
    assert [each.name for each in results.done] == ["cage2", "cage10", "odd_1"]
    with pytest.raises(InputError, match="No file matches"):
        predict(bundle_file, [tmp_path / "mouse*.csv"], tmp_path / "none", common=SAID_OF_ALL)
    assert not (tmp_path / "none").exists()


def test_recordings_are_called_as_init_calls_them(bundle_file, tracked, tmp_path):
    first, second, other = (
        tracked(f"{name}.csv") for name in ("cage 1DLC_net_a", "cage 1DLC_net_b", "2DLC_net_a")
    )
    (tmp_path / "labels").mkdir()
    for name in ("cage 1", "2"):
        bouts = "behaviour,start_frame,stop_frame\nattack,1,9\n"
        (tmp_path / "labels" / f"{name}.csv").write_text(bouts)
    manifest, _ = init_manifest(poses=[first, other], labels=[tmp_path / "labels" / "*.csv"])

    def labelled(files, resume=False):
        done = predict(bundle_file, files, tmp_path / "out", common=SAID_OF_ALL, resume=resume)
        return [each.name for each in done.done]

    assert labelled([other, first]) == [entry.recording for entry in manifest] == ["2", "cage_1"]
    # Two of one video need their whole names, unless a run has called one of them already.
    again = labelled([first, second], resume=True)
    assert sorted(again) == ["2", "cage_1", "cage_1DLC_net_b"]
    names = ["cage_1DLC_net_a", "cage_1DLC_net_b"]
    both = predict(bundle_file, [first, second], tmp_path / "both", common=SAID_OF_ALL)
    assert [each.name for each in both.done] == names
    said = []
    alone = predict(
        bundle_file, second, tmp_path / "both", common=SAID_OF_ALL, resume=True, say=said.append
    )
    assert [each.name for each in alone.done] == names
    assert sum("done already" in line for line in said) == 1


def test_what_the_model_was_trained_on_is_said_to_be(bundle_file, manifest, tmp_path):
    known, new = manifest.entries[0], manifest.entries[3]
    renamed = Manifest((replace(known, recording="again"), new))
    said = []
    results = predict(
        bundle_file, renamed.save(tmp_path / "m.csv"), tmp_path / "o", say=said.append
    )
    note = "the model was trained on frames of these very poses, as 'mouse0': its labels here"
    noted = {each.name: [one for one in each.notes if note in one] for each in results.done}
    assert {name: len(notes) for name, notes in noted.items()} == {"again": 1, "mouse3": 0}
    assert [line for line in said if note in line] == [f"again: {noted['again'][0]}"]


def test_the_last_words_are_how_good_the_model_is(bundle, short, tmp_path):
    said = []
    predict(replace(bundle, metrics=None), short, tmp_path / "one", say=said.append)
    assert said[-1].startswith("warning: Nobody has judged this model")
    predict(bundle, tmp_path / "none.csv", tmp_path / "two", say=said.append)
    assert said[-1].startswith("warning: ")
    assert "no result" in said[-1]


def trained_by(bundle, *labs):
    told = {"labs": dict.fromkeys(labs, bundle.space.names)}
    return replace(bundle, training={**bundle.training, **told})


@pytest.mark.parametrize(
    ("labs", "notes"),
    [
        ((), []),
        (("north",), ["only 'north': it looks for the behaviours of that one"]),
        (("north", "south"), ["only 'north', 'south': it looks for the behaviours of all of them"]),
        (("north", "here"), []),
    ],
)
def test_a_lab_that_the_model_does_not_know_is_noted_in_the_results(
    bundle, tracked, tmp_path, labs, notes
):
    said = []
    results = predict(
        trained_by(bundle, *labs),
        tracked("cage.csv"),
        tmp_path / "out",
        common={**SAID_OF_ALL, "lab": "here"},
        say=said.append,
    )
    expected = [f"the model does not know lab 'here', {note}" for note in notes]
    assert [each for each in results.done[0].notes if "lab" in each] == expected
    in_vain = "The model was trained without names of labs: saying lab 'here' changes nothing."
    assert results.run.notes == (() if labs else (in_vain,))
    assert [line for line in said if "lab" in line.replace("labelled", "")] == (
        [f"cage: {each}" for each in expected] if labs else [in_vain]
    )


def test_columns_that_mean_nothing_without_direction_are_noted(bundle, tracked, tmp_path):
    undirected = replace(bundle, space=replace(bundle.space, directed=False))
    for model, number in ((bundle, 0), (undirected, 1)):
        out = tmp_path / f"out{number}"
        predict(model, tracked("cage.csv"), out, common=SAID_OF_ALL)
        notes = read_results(out).run.notes
        assert sum("labels without direction" in note for note in notes) == number


def test_labs_of_a_manifest_do_not_matter_to_a_model_without_labs(bundle, tracked, tmp_path):
    tracked("cage.csv")
    rows = "recording,poses,fps,px_per_cm,lab\ncage1,cage.csv,30,18.3,here\n"
    said = []
    results = predict(
        trained_by(bundle),
        write_text(tmp_path / "m.csv", rows),
        tmp_path / "out",
        say=said.append,
    )
    assert results.done[0].lab == "here" and results.run.notes == ()
    assert not [line for line in (*said, *results.done[0].notes) if "'here'" in line]


def test_csv_and_h5_of_one_recording_are_not_counted_twice(bundle_file, tracked, tmp_path):
    """The trackers' manner; the name alone says so, and nothing is read."""
    file, other = tracked("day/cage.csv"), tmp_path / "day" / "cage.h5"
    other.touch()
    message = rf"{file} and {other} seem to be the same .* one of them: .*/day/\*\.csv$"
    with pytest.raises(InputError, match=message):
        predict(bundle_file, [file, other], tmp_path / "out", common=SAID_OF_ALL)
    assert predict(bundle_file, file, tmp_path / "out", common=SAID_OF_ALL).done


def test_pose_files_of_one_name_are_called_by_their_folders(bundle_file, tracked, tmp_path):
    """A run that goes on finds its names again, whichever of its files are named."""
    one, two, three = (tracked(f"{folder}/cage.csv") for folder in ("d1", "d2", "d3"))

    def names(*files, out="out", resume=False):
        said = []
        results = predict(
            bundle_file,
            files,
            tmp_path / out,
            common=SAID_OF_ALL,
            resume=resume,
            say=said.append,
        )
        return [each.name for each in results.done], sum("done already" in one for one in said)

    assert names(one, two) == (["d1_cage", "d2_cage"], 0)
    assert names(two, resume=True) == (["d1_cage", "d2_cage"], 1)
    assert names(three, one, resume=True) == (["d1_cage", "d2_cage", "d3_cage"], 1)
    assert names(one, out="alone") == (["cage"], 0)
    assert names(two, one, out="alone", resume=True) == (["cage", "d2_cage"], 1)


def test_files_of_one_name_with_a_blank_are_called_by_their_folders_too(
    bundle_file, tracked, tmp_path
):
    files = [tracked(f"{folder}/cage 1.csv") for folder in ("d1", "d2")]
    results = predict(bundle_file, files, tmp_path / "out", common=SAID_OF_ALL)
    assert [each.name for each in results.done] == ["d1_cage_1", "d2_cage_1"]


def test_probabilities_come_on_the_recordings_own_frames(bundle, recording):
    """The same movement seen at 60 frames per second gets nearly the same answer, twice as long."""
    double = changed(recording, position=np.repeat(recording.position, 2, axis=0), fps=60.0)
    pair = Pair("resident", "intruder")
    (slow,) = predict_recording(bundle, recording, [pair])
    (fast,) = predict_recording(bundle, double, [pair])
    assert len(fast.probability) == 2 * len(slow.probability)
    assert np.abs(fast.probability[::2] - slow.probability).mean() < 0.02


def test_pieces_and_the_whole_agree(bundle, recording):
    pair = Pair("resident", "intruder")
    (whole,) = predict_recording(bundle, recording, [pair])
    (part,) = predict_recording(bundle, recording.slice(100, 400), [pair])
    np.testing.assert_allclose(
        part.probability[50:-50], whole.probability[150:350], rtol=1e-4, atol=1e-5
    )


def test_a_scale_is_needed_where_the_model_knows_centimetres(bundle, recording):
    with pytest.raises(CompatibilityError, match="--px-per-cm"):
        predict_recording(bundle, changed(recording, px_per_cm=None))
    strange = changed(recording, px_per_cm=None, keypoints=("snoot", *recording.keypoints[1:]))
    with pytest.raises(CompatibilityError, match=r"--px-per-cm.* It also lacks nose; it has snoot"):
        predict_recording(bundle, strange)


def test_a_scale_is_applied(bundle, recording):
    pair = Pair("resident", "intruder")
    (one,) = predict_recording(bundle, recording, [pair])
    larger = changed(recording, position=recording.position * 2, px_per_cm=2 * 18.3)
    (two,) = predict_recording(bundle, larger, [pair])
    np.testing.assert_allclose(one.probability, two.probability, atol=1e-3)


@pytest.mark.parametrize(
    ("slip", "hint"),
    [
        pytest.param({}, "", id="as they are"),
        pytest.param({"px_per_cm": 60.0}, "Is the scale right", id="another scale"),
    ],
)
def test_animals_unlike_those_of_the_training_are_named(
    bundle_file, manifest, tmp_path, slip, hint
):
    row = replace(manifest.entries[3], labels=None, **slip)
    Manifest((row,)).save(tmp_path / "rows.csv")
    said = []
    (done,) = predict(bundle_file, tmp_path / "rows.csv", tmp_path / "out", say=said.append).done
    notes = [note for note in done.notes if "the model learned from" in note]
    assert len(notes) == bool(hint)
    assert all(hint in note and f"{row.recording}: {note}" in said for note in notes)


def test_a_bundle_that_does_not_know_its_animals_compares_nothing(bundle, recording):
    values = bundle.frontend.to_dict()
    values["bodies"] = None
    earlier = Frontend.from_dict(values)
    far = replace(bundle.prepare(recording)[0], px_per_cm=None)
    far = far.with_position(far.position * 9, "too large")
    assert bundle.frontend.unlike(far)
    assert not earlier.unlike(far)


def test_one_animal_is_too_few(bundle, recording):
    with pytest.raises(CompatibilityError, match="one individual"):
        alone = changed(recording, position=recording.position[..., :1], individuals=["resident"])
        predict_recording(bundle, alone)


def test_of_an_animal_that_is_never_seen_nothing_is_said(bundle, recording):
    ghost = np.full_like(recording.position[..., :1], np.nan)
    position = np.concatenate([recording.position, ghost], axis=3)
    three = changed(recording, position=position, individuals=["resident", "intruder", "ghost"])
    assert {pair for pair, _ in predict_recording(bundle, three)} == {
        ("resident", "intruder"),
        ("intruder", "resident"),
    }
    position = np.concatenate([recording.position[..., :1], ghost], axis=3)
    with pytest.raises(CompatibilityError, match="only \\['resident'\\] have one in any frame"):
        predict_recording(bundle, changed(recording, position=position))


def test_a_note_names_who_is_lost(recording):
    position = recording.position.copy()
    position[200:, ..., 0] = np.nan  # at least as long as is too long
    gap = changed(recording, position=position, fps=250 / LOST_S)
    (note,) = module._notes(gap)
    assert note.startswith("'resident' has no point for 10 s or more in 56 % of frames")
    position[..., 1] = np.nan
    assert module._notes(changed(gap, position=position, fps=gap.fps))[1] == (
        "'intruder' has no point in any frame: nothing is said of it"
    )


def test_what_is_written_of_a_lost_animal_is_no_answer(bundle_file, manifest, tmp_path):
    whole = load_entry(manifest.entries[3])
    position = whole.position.copy()
    position[500:, ..., 1] = np.nan
    file = write_calms21([whole.with_position(position, "gone")], tmp_path / "gone.json")
    said = []
    results = predict(bundle_file, [file], tmp_path / "out", say=said.append)
    for frames in results.frames(results.done[0]):
        assert np.isnan(frames.probability[500:]).all() and not frames.predicted[500:].any()
        assert np.isfinite(frames.probability[:500]).all() and frames.predicted[:500].any()
    assert any("nothing is said of it there" in sentence for sentence in said)
    assert results.bouts["stop_frame"].max() <= 500


def test_unknown_keypoints(bundle, recording):
    names = [f"p{n}" for n in range(7)]
    with pytest.raises(CompatibilityError, match="nose"):
        predict_recording(bundle, changed(recording, keypoints=names))


def test_no_frame_rate(bundle, recording):
    with pytest.raises(InputError, match="frame rate is unknown"):
        predict_recording(bundle, changed(recording, fps=None))


def test_all_points_missing(bundle, recording):
    with pytest.raises(CompatibilityError, match="all points are missing"):
        predict_recording(bundle, changed(recording, position=recording.position * np.nan))


def test_three_animals_make_six_pairs(bundle, recording):
    third = np.concatenate([recording.position, recording.position[..., :1] + 30], axis=-1)
    trio = changed(recording, position=third, individuals=["a", "b", "c"])
    assert len(predict_recording(bundle, trio)) == 6


def test_of_many_pairs_it_is_said_how_many_and_how_far(bundle, tmp_path, recording, monkeypatch):
    """Seven animals make 42 ordered pairs; each is what it would be alone."""
    names = tuple("abcdefg")
    rng = np.random.default_rng(0)
    position = recording.position[:60, :, :, [0, 1, 0, 1, 0, 1, 0]]
    position = position + rng.normal(0, 20, (1, 2, 1, len(names)))
    many = changed(recording, position=position, individuals=names)
    monkeypatch.setattr(module, "load_entry", lambda entry: many)
    (tmp_path / "many.csv").write_text("x")
    monkeypatch.setattr(module, "entries_of", lambda path, common, **_: [Entry("many", path)])
    said = []
    results = predict(bundle, [tmp_path / "many.csv"], tmp_path / "out", say=said.append)
    assert said[0].startswith("changed: 7 animals with a point make 42 pairs, each of 60 frames")
    assert "no option that chooses pairs" in said[0]
    assert said[1:8] == [f"changed: {6 * n} of 42 pairs" for n in range(1, 8)]
    (entry,) = results.done
    alone = {each.pair: each.probability for each in predict_recording(bundle, many)}
    frames = results.frames(entry)
    assert [each.pair for each in frames] == [*alone]
    for each in frames:
        np.testing.assert_allclose(each.probability, alone[each.pair], atol=1e-6)


def test_of_few_pairs_nothing_is_said_but_the_time(bundle_file, short, tmp_path):
    said = []
    predict(bundle_file, [short], tmp_path / "out", say=said.append)
    assert not [sentence for sentence in said if "pairs" in sentence]


def test_what_is_not_a_bundle(tmp_path, bundle_file):
    with pytest.raises(BundleError, match="not a nuzzle bundle"):
        Bundle.load(write_text(tmp_path / "model.nuzzle", "hello"))
    cut = tmp_path / "cut.nuzzle"
    cut.write_bytes(bundle_file.read_bytes()[:-1000])
    with pytest.raises(BundleError, match="not a nuzzle bundle"):
        Bundle.load(cut)


def test_a_full_disk_leaves_the_old_bundle(bundle, bundle_file, tmp_path, monkeypatch):
    path = tmp_path / "model.nuzzle"
    bundle.save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("zipfile.ZipFile.writestr", full)
    with pytest.raises(OutputError, match="No space left on device"):
        bundle.save(path, overwrite=True)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["model.nuzzle"]


def test_read_back_results_say_what_was_predicted(bundle_file, short, tmp_path):
    predict(bundle_file, [short], tmp_path / "out", command="nuzzle predict ...")
    results = read_results(tmp_path / "out")
    assert results.run.kind == "prediction"
    assert results.run.command == "nuzzle predict ..."
    assert replace(results.done[0]).fps == 30


def test_decoding_is_part_of_the_bundle(bundle, recording):
    smooth = Decoder(
        bundle.space.names, True, "other", smoothing=Smoothing((2.0,)), rules=BoutRules((1.0,))
    )
    decoded = replace(bundle, decoder=smooth)
    one, two = (score_recording(each, recording).pairs[0] for each in (bundle, decoded))
    np.testing.assert_array_equal(one.probability, two.probability)
    np.testing.assert_array_equal(two.predicted, smooth(one.to_decide, recording.fps))
    assert np.diff(two.predicted.argmax(1)).astype(bool).sum() < 30
