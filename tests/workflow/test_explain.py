import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import nuzzle
from nuzzle.cli.app import build_app
from nuzzle.config import Config
from nuzzle.decoding.decoder import Decoder
from nuzzle.decoding.thresholds import Thresholds
from nuzzle.errors import InputError, OutputError
from nuzzle.features.frontend import Frontend
from nuzzle.inference.attribution import tree_shap
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.predict import PairProbability, default_pairs
from nuzzle.io.load import load_entry
from nuzzle.manifest import Manifest
from nuzzle.outputs.charts_explain import family_bars
from nuzzle.outputs.explain_page import ExplanationFolder
from nuzzle.workflow.train import train


def run(*arguments):
    return CliRunner().invoke(build_app(), ["explain", *map(str, arguments)])


@pytest.fixture(scope="module")
def trees(manifest, tmp_path_factory):
    path = tmp_path_factory.mktemp("trees") / "trees.nuzzle"
    config = Config.load(None, ["model.name=trees", "training.epochs=2"])
    train(Manifest((*manifest.entries[1:3], manifest.entries[3])), path, config)
    return path


def test_a_network_by_command(bundle_file, manifest, tmp_path):
    study, out = tmp_path / "study.csv", tmp_path / "why"
    Manifest((manifest.entries[2], manifest.entries[3])).save(study)
    result = run(
        bundle_file, study, "--split", "val", "--out", out, "--repeats", 1, "--bouts", 1,
        "--json", tmp_path / "why.json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "drop of macro F1" in result.stdout
    summary = json.loads((out / "summary.json").read_text())
    assert summary["recordings"] == ["mouse3"]
    assert {row["family"] for row in summary["importance"]} >= {"speeds", "places in the arena"}
    page = (out / "index.html").read_text()
    assert "families.png" in page and (out / "families.png").stat().st_size > 1000
    assert "They do not say why an animal does something" in page
    assert any("simulated" in note for note in summary["notes"])
    again = run(bundle_file, study, "--out", out)
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr
    (out / "mine.txt").write_text("stays")
    (out / "shap-7.png").write_text("of an earlier explanation")
    failed = run(bundle_file, tmp_path / "gone.csv", "--out", out, "--overwrite")
    assert failed.exit_code == 2 and (out / "index.html").read_text() == page
    over = run(bundle_file, study, "--out", out, "--overwrite", "--repeats", 0, "--bouts", 1)
    assert over.exit_code == 0, over.stderr
    assert (out / "mine.txt").exists()
    assert not (out / "shap-7.png").exists() and not (out / "importance.csv").exists()


def test_what_fails_before_anything_is_written_leaves_no_folder(bundle_file, tmp_path):
    out, there = tmp_path / "new" / "why", tmp_path / "there"
    there.mkdir()
    for folder in (out, there):
        with pytest.raises(InputError, match="no file at"):
            nuzzle.explain(bundle_file, [tmp_path / "gone.csv"], folder)
    assert not out.parent.exists()
    assert there.exists(), "it was there before"


def test_pages_of_somebody_else_are_not_replaced(bundle_file, manifest, tmp_path):
    study, out = tmp_path / "study.csv", tmp_path / "site"
    Manifest((manifest.entries[3],)).save(study)
    out.mkdir()
    (out / "index.html").write_text("my page")
    (out / "summary.json").write_text('{"format": "mine"}')
    with pytest.raises(OutputError, match=r"index\.html, .*summary\.json.*new folder"):
        nuzzle.explain(bundle_file, [study], out, repeats=0, bouts=1, overwrite=True)
    assert (out / "index.html").read_text() == "my page"
    assert (out / "summary.json").read_text() == '{"format": "mine"}'


def test_an_explanation_that_was_cut_short_may_be_replaced(tmp_path):
    first = ExplanationFolder.open(tmp_path, overwrite=False)
    first.table("shap", [{"column": "speed"}])
    second = ExplanationFolder.open(tmp_path, overwrite=True)
    second.table("importance", [{"family": "speeds"}])
    assert not (tmp_path / "shap.csv").exists()


def finding_nothing(bundle, *names):
    """The model with limits next to 1 for these behaviours, so that it never says them."""
    limits = tuple(1 - 1e-12 if name in names else 0.5 for name in bundle.space.names)
    decoder = Decoder(
        bundle.space.names, True, bundle.space.background, thresholds=Thresholds(limits)
    )
    return replace(bundle, decoder=decoder)


def test_where_a_model_finds_nothing_words_stand_for_empty_pictures(
    bundle_file, manifest, tmp_path
):
    study, out, file = tmp_path / "study.csv", tmp_path / "why", tmp_path / "mute.nuzzle"
    Manifest(manifest.entries[3:4]).save(study)
    bundle = Bundle.load(bundle_file)
    finding_nothing(bundle, *bundle.space.behaviours).save(file)
    result = run(file, study, "--out", out, "--repeats", 1)
    assert result.exit_code == 0, result.stderr
    assert "drop of macro F1" not in result.stdout
    page = (out / "index.html").read_text()
    assert "With --frames, frames of your choice are." in page
    assert "the model finds no frame. F1 is 0 there and cannot fall" in page
    assert "There is nothing to draw." in page and "<img" not in page
    assert not list(out.glob("*.png"))
    rows = pd.read_csv(out / "importance.csv")
    assert set(rows["f1"].dropna()) == {0.0} and rows["average_precision"].max() > 0


def test_panels_are_of_behaviours_that_the_model_finds(
    bundle_file, manifest, tmp_path, monkeypatch
):
    study, drawn, bundle = tmp_path / "study.csv", [], Bundle.load(bundle_file)
    Manifest(manifest.entries[:3]).save(study)
    monkeypatch.setattr(
        "nuzzle.workflow.explain.family_bars",
        lambda rows, behaviours: drawn.append(behaviours) or family_bars(rows, behaviours),
    )
    mute = finding_nothing(bundle, *{*bundle.space.behaviours} - {"investigation"})
    summary = nuzzle.explain(mute, study, tmp_path / "why", repeats=1, bouts=1)
    f1 = {row["behaviour"]: row["f1"] for row in summary["importance"]}
    missed = [name for name in summary["behaviours"] if f1[name] == 0]
    assert missed and f1["investigation"] > 0
    assert drawn == [["macro", "investigation"]]
    (note,) = [note for note in summary["notes"] if "cannot fall" in note]
    assert note.startswith(f"Of what people labelled {', '.join(missed)} the model finds no frame")


def test_frames_are_of_one_recording(bundle_file, manifest, tmp_path):
    study = tmp_path / "two.csv"
    Manifest(manifest.entries[:2]).save(study)
    result = run(bundle_file, study, "--out", tmp_path / "why", "--frames", 100)
    assert result.exit_code == 2
    assert "these are 2: mouse0, mouse1. Name the pose file of one, or a manifest with" in (
        result.stderr
    )


def test_frames_that_are_asked_for(bundle_file, manifest, tmp_path):
    study, out = tmp_path / "one.csv", tmp_path / "why"
    Manifest(manifest.entries[:1]).save(study)
    said = []
    summary = nuzzle.explain(
        bundle_file, [study], out, behaviours=["attack"], frames=[100], repeats=0, say=said.append
    )
    (row,) = summary["attribution"]
    assert (row["frame"], row["behaviour"]) == (100, "attack")
    assert summary["importance"] is None and summary["shap"] is None
    assert any("trained on mouse0" in note for note in summary["notes"])
    shares = pd.read_csv(out / "attribution.csv")
    assert shares["share"].sum() == pytest.approx(1.0, abs=1e-3)
    explained = row["log_odds"] - row["log_odds_of_baseline"] - row["unexplained"]
    assert shares["log_odds"].sum() == pytest.approx(explained, abs=1e-3)
    assert (out / "keypoints-0.png").exists() and (out / "course-0.png").exists()
    with pytest.raises(InputError, match="frames 0 to"):
        nuzzle.explain(bundle_file, [study], tmp_path / "b", frames=[10**6])
    with pytest.raises(OutputError, match="not empty"):
        nuzzle.explain(bundle_file, [study], out)


def test_the_pair_that_is_asked_for(bundle_file, manifest, tmp_path):
    study = tmp_path / "one.csv"
    Manifest(manifest.entries[3:4]).save(study)
    asked = {"behaviours": ["attack"], "frames": [100], "repeats": 0}
    for one, other in ("resident", "intruder"), ("intruder", "resident"):
        out = tmp_path / one
        (row,) = nuzzle.explain(bundle_file, study, out, pair=f"{one} -> {other}", **asked)[
            "attribution"
        ]
        assert (row["agent"], row["target"]) == (one, other)
    bouts = nuzzle.explain(
        bundle_file, study, tmp_path / "bouts", pair="resident->intruder", bouts=1, repeats=0
    )
    assert {row["agent"] for row in bouts["attribution"]} <= {"resident"}
    none = {"attack", "investigation", "mount"} - {r["behaviour"] for r in bouts["attribution"]}
    told = [note for note in bouts["notes"] if "finds no bout" in note]
    assert all("of resident->intruder: there is none" in note for note in told)
    assert len(told) == bool(none)
    with pytest.raises(InputError, match=r"no pair 'resident->cat'; it has .*'resident->intruder'"):
        nuzzle.explain(bundle_file, study, tmp_path / "no", pair="resident->cat", **asked)


def test_bouts_are_of_the_pairs_that_people_watched(bundle_file, trees, manifest, tmp_path):
    """Here: what the resident does. The other direction is a guess of the model."""
    study = tmp_path / "one.csv"
    Manifest(manifest.entries[3:4]).save(study)
    found = nuzzle.explain(bundle_file, study, tmp_path / "a", bouts=10, repeats=0)["attribution"]
    assert {(row["agent"], row["target"]) for row in found} == {("resident", "intruder")}
    assert "resident and intruder in mouse3: frame" in (tmp_path / "a" / "index.html").read_text()
    said = []
    nuzzle.explain(trees, study, tmp_path / "b", repeats=0, say=said.append)
    assert "SHAP values of 900 frames" in said


def test_other_frames_of_the_same_video_are_told(bundle_file, manifest, tmp_path):
    """The model learned from the first row, and the second is explained."""
    first = replace(manifest.entries[0], stop_frame=450)
    late = replace(first, recording="late", start_frame=450, stop_frame=None, split="val")
    study = tmp_path / "study.csv"
    Manifest((first, late)).save(study)
    asked = {"split": "val", "frames": [500], "repeats": 0, "behaviours": ["attack"]}
    notes = nuzzle.explain(bundle_file, study, tmp_path / "why", **asked)["notes"]
    assert any("other frames of the same video as late" in note for note in notes)


def test_copies_of_what_was_learned_are_told(bundle_file, manifest, tmp_path):
    study = tmp_path / "one.csv"
    Manifest((replace(manifest.entries[0], recording="visit", group="visit"),)).save(study)
    summary = nuzzle.explain(bundle_file, study, tmp_path / "why", frames=[100], repeats=0)
    assert any("trained on visit, on copies" in note for note in summary["notes"])


def test_what_an_animal_does_to_itself_has_no_other_target(bundle_file, manifest, tmp_path):
    study, out = tmp_path / "one.csv", tmp_path / "why"
    Manifest(manifest.entries[3:4]).save(study)
    bundle = Bundle.load(bundle_file)
    alone = replace(bundle, space=replace(bundle.space, own=("attack",)))
    chosen = {"behaviours": ["attack"], "frames": [100], "repeats": 0}
    (row, *_) = nuzzle.explain(alone, [study], out, **chosen)["attribution"]
    assert row["target"] == row["agent"]
    animals = pd.read_csv(out / "attribution.csv")["animal"]
    assert set(animals) == {"agent", "another animal"}


def test_frames_of_a_part_are_those_of_its_video(bundle_file, manifest, tmp_path):
    """Frame 100 of the video is frame 60 of the part: the same picture, with less around it."""
    part = replace(manifest.entries[0], start_frame=40, stop_frame=400)
    Manifest((part,)).save(study := tmp_path / "part.csv")
    asked = {"behaviours": ["attack"], "repeats": 0}
    summary = nuzzle.explain(bundle_file, [study], tmp_path / "a", frames=[100], **asked)
    Manifest(manifest.entries[:1]).save(tmp_path / "whole.csv")
    whole = nuzzle.explain(
        bundle_file, [tmp_path / "whole.csv"], tmp_path / "b", frames=[100], **asked
    )
    one, other = summary["attribution"][0], whole["attribution"][0]
    assert one["frame"] == other["frame"] == 100
    assert one["log_odds"] == pytest.approx(other["log_odds"], abs=0.05)
    with pytest.raises(InputError, match="frames 40 to 399; got 30"):
        nuzzle.explain(bundle_file, [study], tmp_path / "c", frames=[30], **asked)
    found = nuzzle.explain(bundle_file, [study], tmp_path / "d", bouts=1, repeats=0)
    assert all(40 <= row["frame"] < 400 for row in found["attribution"])


def test_trees_have_columns_but_no_gradients(trees, short, manifest, tmp_path):
    out = tmp_path / "why"
    poses = tmp_path / "poses.csv"
    Manifest(tuple(replace(manifest.entries[3], labels=None) for _ in "1")).save(poses)
    summary = nuzzle.explain(trees, [poses], out, behaviours=["attack"])
    assert summary["attribution"] is None and summary["importance"] is None
    assert any("no gradients" in note for note in summary["notes"])
    assert any("no labels" in note for note in summary["notes"])
    rows = pd.read_csv(out / "shap.csv")
    assert rows["mean_abs_shap"].is_monotonic_decreasing
    assert rows.drop_duplicates("family")["family_share"].sum() <= 1 + 1e-6
    assert (out / "shap-0.png").exists()
    with pytest.raises(InputError, match="does not know 'flee'"):
        nuzzle.explain(trees, [short], tmp_path / "b", behaviours=["flee"])


def test_frames_that_are_asked_for_of_trees(trees, manifest, tmp_path):
    """Columns of these frames alone, of the pair that is named, or that shows it most."""
    bundle, asked = Bundle.load(trees), {"behaviours": ["attack"], "repeats": 0}
    poses = tmp_path / "poses.csv"
    Manifest((replace(manifest.entries[3], labels=None),)).save(poses)
    recording = load_entry(Manifest.load(poses).entries[0])
    (prepared,) = bundle.prepare(recording)
    pair, other = default_pairs(bundle, recording)
    for number, frames in enumerate(([100], [100, 200])):
        out = tmp_path / f"why{number}"
        summary = nuzzle.explain(trees, [poses], out, frames=frames, pair=str(pair), **asked)
        values = np.abs(tree_shap(bundle.classifier, bundle.frontend(prepared, pair)[frames]))
        by_hand = values[:, bundle.space.names.index("attack"), :-1].mean(axis=0)
        assert summary["shap"][0]["mean_abs_shap"] == pytest.approx(by_hand.max())
        assert summary["shap"][0]["column"] == bundle.frontend.columns[by_hand.argmax()].name
        assert f"frame{'s' * number} {', '.join(map(str, frames))}" in (
            out / "index.html"
        ).read_text(encoding="utf-8")
    most = nuzzle.explain(trees, [poses], tmp_path / "most", frames=[100], **asked)
    sizes = [
        nuzzle.explain(trees, [poses], tmp_path / one.agent, frames=[100], pair=str(one), **asked)
        for one in (pair, other)
    ]
    assert most["shap"] in [each["shap"] for each in sizes] and sizes[0]["shap"] != sizes[1]["shap"]
    with pytest.raises(InputError, match="has the frames 0 to"):
        nuzzle.explain(trees, [poses], tmp_path / "b", frames=[10**6], **asked)
    assert not (tmp_path / "b").exists()


def test_features_of_a_pair_are_computed_once_for_all_frames(
    trees, manifest, tmp_path, monkeypatch
):
    """Three behaviours in three frames of one pair: nine examples."""
    poses = tmp_path / "poses.csv"
    Manifest((replace(manifest.entries[3], labels=None),)).save(poses)
    computed, usual = [], Frontend.__call__

    def counted(frontend, prepared, pair):
        computed.append(pair)
        return usual(frontend, prepared, pair)

    recording = load_entry(Manifest.load(poses).entries[0])
    pair, _ = default_pairs(Bundle.load(trees), recording)
    asked = {"frames": [50, 100, 200], "pair": str(pair), "repeats": 0}
    monkeypatch.setattr(Frontend, "__call__", counted)
    monkeypatch.setattr("nuzzle.workflow.explain_frames.predict_prepared", by_chance)
    summary = nuzzle.explain(trees, [poses], tmp_path / "why", **asked)
    assert len(summary["behaviours"]) == 3 and computed == [pair]


def by_chance(bundle, recording, copies, pairs):
    """All that is said of pairs, without features."""
    even = np.full((recording.n_frames, len(bundle.space.names)), 0.25, dtype=np.float32)
    return [PairProbability(pair, even) for pair in pairs]


def test_labels_of_nothing_that_was_learned_do_not_end_it(trees, manifest, tmp_path):
    mine, other = manifest.entries[3], manifest.entries[0]
    foreign = {name: f"a {name}" for name in ("attack", "investigation", "mount", "other")}
    study = Manifest((mine, replace(other, behaviours=foreign, split="val")))
    study.save(tmp_path / "study.csv")
    said = []
    summary = nuzzle.explain(
        trees, [tmp_path / "study.csv"], tmp_path / "why", split="val", repeats=1, say=said.append
    )
    assert summary["importance"]
    assert any(f"labels of {other.recording} say nothing" in note for note in summary["notes"])


def test_frames_are_numbers(bundle_file, short, tmp_path):
    result = run(bundle_file, short, "--out", tmp_path / "w", "--frames", "ten")
    assert result.exit_code == 2
    assert "whole numbers" in result.stderr


def test_shap_values_are_of_as_many_frames_at_any_rate(trees, manifest, tmp_path, monkeypatch):
    monkeypatch.setattr("nuzzle.workflow.explain._MOST_FRAMES", 1000)
    poses = tmp_path / "poses.csv"
    Manifest((replace(manifest.entries[3], labels=None, fps=10.0),)).save(poses)
    said = []
    nuzzle.explain(trees, [poses], tmp_path / "why", behaviours=["attack"], say=said.append)
    (sentence,) = (each for each in said if each.startswith("SHAP values of"))
    # 900 frames at 10 frames/s are 2,700 at the model's 30, of two pairs.
    assert sentence == "SHAP values of 900 frames"
