"""An ensemble of two networks and trees goes the whole road."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import nuzzle
from nuzzle.cli.app import build_app
from nuzzle.config import Config
from nuzzle.decoding.combine import combined_left_out
from nuzzle.decoding.thresholds import Thresholds
from nuzzle.errors import (
    BundleError,
    CompatibilityError,
    ConfigError,
    DivergedError,
    InputError,
    LeakageError,
)
from nuzzle.evaluation.log_loss import log_loss
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.features.frontend import Frontend
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.predict import predict_members, predict_raw, predict_recording
from nuzzle.io.load import load_entry
from nuzzle.labels import Pair
from nuzzle.manifest import Manifest
from nuzzle.probabilities.combiners import WeightedAverage
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow import trainings
from nuzzle.workflow.ensemble import EnsembleFolds
from nuzzle.workflow.evaluate import evaluate
from nuzzle.workflow.train import train

TREES = {"model": {"name": "trees"}, "features": "relational", "training": {"epochs": 4}}
CONFIG = Config.parse(
    {
        "model": {"name": "ensemble"},
        "labels": {"behaviours": ["investigation"]},
        "training": {"epochs": 1, "window": 64},
        "ensemble": {
            "folds": 2,
            "members": [
                {
                    "model": {
                        "name": "conv_lstm",
                        "options": {"channels": [4, 4, 4], "hidden": 4, "num_layers": 1},
                    }
                },
                {"model": {"name": "tcn", "options": {"channels": 4}}, "prepare": {"fps": 15}},
                TREES,
            ],
        },
    }
)


def run(*arguments):
    return CliRunner().invoke(build_app(), [*map(str, arguments)])


@pytest.fixture(scope="module")
def goes(manifest, tmp_path_factory):
    """Trained in three: two end in the second fold of the second member, killed and diverged.

    The bundle; what the second go said, and the models that it left; what the third said.
    """
    out = tmp_path_factory.mktemp("ensemble") / "mice.nuzzle"
    work = out.with_name("mice.nuzzle.work")
    real, learned, said = trainings.learn, [], []

    def learn(recordings, space, config, *arguments):
        learned.append((config.model.name, [each.name for each in recordings["train"]]))
        if len(learned) == 4:
            raise KeyboardInterrupt
        if len(learned) == 5:
            raise DivergedError("The loss became infinite.")
        return real(recordings, space, config, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainings, "learn", learn)
        with pytest.raises(KeyboardInterrupt):
            train(manifest, out, CONFIG)
        with pytest.raises(DivergedError) as caught:
            train(manifest, out, CONFIG)
        left = sorted(path.relative_to(work).as_posix() for path in work.rglob("*.nuzzle"))
        train(manifest, out, CONFIG, say=said.append)
    return out, learned, str(caught.value), left, said


@pytest.fixture(scope="module")
def path(goes):
    return goes[0]


@pytest.fixture(scope="module")
def bundle(path):
    return Bundle.load(path)


@pytest.fixture(scope="module")
def recording(manifest):
    return load_entry(manifest.entries[3])


def test_nothing_is_trained_twice_but_what_was_cut_short(goes):
    _, learned, _, _, said = goes
    assert [name for name, _ in learned] == [
        *("conv_lstm", "conv_lstm", "tcn", "tcn"),
        "tcn",
        *("tcn", "trees", "trees", "conv_lstm", "tcn", "trees"),
    ]
    assert learned[3] == learned[4] == learned[5]
    assert [sorted(part) for _, part in learned[-3:]] == [["mouse0", "mouse1", "mouse2"]] * 3
    assert any(sentence.startswith("weights: conv_lstm 0.") for sentence in said)


def test_a_loss_that_is_not_a_number_names_member_and_fold(goes):
    out, _, problem, left, _ = goes
    assert problem == (
        "member tcn: fold 2 of 2: The loss became infinite. What was finished before is kept in "
        f"{out}.work."
    )
    assert left == ["conv_lstm/fold-0.nuzzle", "conv_lstm/fold-1.nuzzle", "tcn/fold-0.nuzzle"]


def test_it_is_judged_on_val_and_fitted_inside_of_train(bundle):
    assert [each.name for each in bundle.members] == ["conv_lstm", "tcn", "trees"]
    assert [each.frontend.fps for each in bundle.members] == [30, 15, 30]
    assert bundle.training["validation_recordings"] == ["mouse3", "mouse4"]
    assert [each["recording"] for each in bundle.metrics["recordings"]] == ["mouse3", "mouse4"]
    assert bundle.calibration.recordings == ("mouse0", "mouse1", "mouse2")
    assert sum(bundle.combiner.weights) == pytest.approx(1)
    rows = [row["name"] for row in bundle.training["comparison"]]
    assert rows == ["conv_lstm", "tcn", "trees", "equal", "weighted", "stacked"]
    assert set(bundle.training["members"]) == {"conv_lstm", "tcn", "trees"}
    assert bundle.config == CONFIG


def test_one_file_without_a_pickle(path):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        card = archive.read("card.md").decode()
    assert sorted(names) == [
        "bundle.json",
        "card.md",
        "member-0/weights.safetensors",
        "member-1/weights.safetensors",
        "member-2/trees-0.txt",
    ]
    assert card.startswith("# Ensemble of conv_lstm, tcn, trees")
    assert "(conv_lstm, trees)\n- 30 frames per second" in card
    assert "| equal |  |" in card


def test_members_are_combined_on_the_frames_of_the_recording(bundle, recording):
    prepared = bundle.prepare(recording)
    raw = predict_raw(bundle, recording, prepared)
    alone = [predict_recording(bundle.alone(member.name), recording) for member in bundle.members]
    assert [pair for pair, _ in raw] == list(recording.pairs)
    for number, (_, probability) in enumerate(raw):
        assert probability.shape == (recording.n_frames, 2)
        together = bundle.combiner([said[number].probability for said in alone])
        np.testing.assert_array_equal(probability, together)


def test_a_bundle_saved_again_says_the_same(bundle, recording, tmp_path):
    again = Bundle.load(bundle.save(tmp_path / "again.nuzzle"))
    for one, other in zip(
        predict_recording(bundle, recording), predict_recording(again, recording), strict=True
    ):
        np.testing.assert_array_equal(one.probability, other.probability)
    assert json.dumps(again.to_dict()) == json.dumps(bundle.to_dict())


def test_what_members_share_is_computed_once(bundle, recording, monkeypatch):
    first, _, trees = bundle.members
    twice = replace(bundle, members=(first, trees, replace(first, name="again")))
    prepared, computed = [], []
    prepare, of_poses = Frontend.prepare, Frontend.of_poses
    monkeypatch.setattr(Frontend, "prepare", lambda *a: prepared.append(a) or prepare(*a))
    monkeypatch.setattr(Frontend, "of_poses", lambda *a: computed.append(a) or of_poses(*a))
    said = predict_members(twice, recording, twice.prepare(recording))
    assert len(prepared) == 1
    assert len(computed) == 2 * len(recording.pairs), "once for both networks, once for the trees"
    for pair in recording.pairs:
        np.testing.assert_array_equal(said[0][pair], said[2][pair])


def test_by_command(path, manifest, short, tmp_path):
    study, out = tmp_path / "study.csv", tmp_path / "results"
    manifest.save(study)
    done = run("evaluate", path, study, "--out", out)
    assert done.exit_code == 0, done.stderr
    assert run("report", out).exit_code == 0
    assert "Ensemble, weighted: conv_lstm (" in (out / "report.html").read_text()
    seen = run("evaluate", path, study, "--split", "train")
    assert seen.exit_code == 2
    assert "trained on mouse0" in seen.stderr
    labelled = run(
        "predict", path, short, "--fps", 30, "--px-per-cm", 18.3, "--out", tmp_path / "p"
    )
    assert labelled.exit_code == 0, labelled.stderr
    refused = run("tune", study, "--model", "ensemble", "--out", tmp_path / "best.yaml")
    assert refused.exit_code == 2
    assert "Search each of its models by itself" in refused.stderr


def test_one_member_is_explained(path, bundle, bundle_file, manifest, tmp_path):
    poses = tmp_path / "poses.csv"
    Manifest((replace(manifest.entries[3], labels=None),)).save(poses)
    changed = replace(bundle, combiner=WeightedAverage(True, (0.2, 0.3, 0.5)))
    heaviest = nuzzle.explain(changed, [poses], tmp_path / "heaviest")
    assert heaviest["model"] == "trees"
    assert heaviest["shap"]
    assert "its member trees says alone" in heaviest["notes"][0]
    chosen = nuzzle.explain(
        path, [poses], tmp_path / "tcn", member="tcn", frames=[40], behaviours=["investigation"]
    )
    (row,) = chosen["attribution"]
    assert row["frame"] == 40
    with pytest.raises(InputError, match=r"no member 'tcm'; it has .*'tcn'"):
        nuzzle.explain(path, [poses], tmp_path / "none", member="tcm")
    with pytest.raises(InputError, match="not an ensemble"):
        nuzzle.explain(bundle_file, [poses], tmp_path / "none", member="tcn")


def test_each_way_to_combine_has_its_own_figures(tmp_path):
    """Of two members one knows and the other guesses, so that weights matter."""
    rng = np.random.default_rng(0)
    said = [[], []]
    for number in range(4):
        truth = np.eye(2, dtype=bool)[rng.integers(0, 2, 300)]
        one = ScoredPair(
            recording=f"r{number}",
            group="",
            pair=Pair("a", "b"),
            fps=30.0,
            behaviours=("attack", "other"),
            background="other",
            exclusive=True,
            truth=truth,
            observed=np.ones_like(truth),
            predicted=truth,
            probability=truth * 0.5 + 0.25,
        )
        noise = rng.uniform(0.01, 0.99, 300)
        guess = np.stack([noise, 1 - noise], axis=1)
        hint = 0.8 * guess + 0.2 * truth
        said[0].append(replace(one, probability=hint.astype(np.float32)))
        said[1].append(replace(one, probability=guess.astype(np.float32)))
    space = LabelSpace(("attack", "other"), "other", True, ("attack",))
    run = EnsembleFolds([], space, CONFIG, tmp_path, lambda _: None, None, "group")
    run.__dict__ |= {"said": said, "members": {"hint": None, "guess": None}}
    rows = {row["name"]: row for row in run.comparison()}
    for method in ("equal", "weighted", "stacked"):
        expected = combined_left_out(said, method, seed=CONFIG.training.seed)
        assert rows[method]["log_loss"] == log_loss(expected), method
    assert len({rows[method]["log_loss"] for method in rows}) == len(rows) == 5


def test_a_member_alone_decides_frame_by_frame(bundle, recording):
    """The decoding of the ensemble is for what all members say together."""
    odd = replace(bundle.decoder, thresholds=Thresholds((0.01, 0.99, 0.99, 0.99)))
    changed = replace(bundle, decoder=odd)
    for member in bundle.members:
        alone = changed.alone(member.name)
        for pair, probability in predict_recording(alone, recording):
            said = alone.decoder(probability, 30.0)
            assert (said.argmax(axis=1) == probability.argmax(axis=1)).all(), pair


def test_a_bundle_that_was_cut_short_says_so(bundle_file, tmp_path):
    (tmp_path / "half.nuzzle").write_bytes(bundle_file.read_bytes()[:3000])
    with pytest.raises(BundleError, match=r"not a nuzzle bundle.*was it cut short\?"):
        Bundle.load(tmp_path / "half.nuzzle")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("weights.pt", b"")
    with pytest.raises(BundleError, match=r"not a nuzzle bundle .*no item named") as caught:
        Bundle.load(tmp_path / "other.zip")
    assert "cut short" not in str(caught.value)


def test_an_ensemble_has_not_one_classifier(bundle):
    with pytest.raises(InputError, match="Choose one of its members: conv_lstm, tcn, trees"):
        bundle.classifier.describe()


def rewritten(bundle_file, path, change):
    """A copy of the bundle whose values went through `change`."""
    with zipfile.ZipFile(bundle_file) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "bundle.json":
                values = json.loads(content)
                change(values)
                content = json.dumps(values).encode()
            target.writestr(name, content)
    return path


@pytest.mark.parametrize("lost", ["calibration", "members", "behaviours"])
def test_a_bundle_that_lacks_something_is_damaged(path, tmp_path, lost):
    damaged = rewritten(path, tmp_path / "d.nuzzle", lambda values: values.pop(lost))
    with pytest.raises(BundleError, match="damaged bundle"):
        Bundle.load(damaged)
    part = rewritten(path, tmp_path / "d.nuzzle", lambda values: values["decoding"].pop("rules"))
    with pytest.raises(BundleError, match="damaged bundle: InputError: Decoder: rules is missing"):
        Bundle.load(part)


@pytest.mark.parametrize(
    ("slip", "wrong"),
    [
        ({"step": "sharpen"}, "step . is 'sharpen'; the steps are"),
        ({"max": 3}, "Resample: max is not known"),
        ({"fps": 0}, "fps is a positive number"),
        ({"fps": None}, "fps: Input should be a valid number; got None"),
    ],
)
def test_a_bundle_whose_preparation_cannot_be_is_damaged(path, tmp_path, slip, wrong):
    def slipped(values):
        values["members"][0]["frontend"]["pipeline"]["steps"][-1] |= slip

    with pytest.raises(BundleError, match=f"damaged bundle: InputError: .*{wrong}"):
        Bundle.load(rewritten(path, tmp_path / "d.nuzzle", slipped))


def test_a_bundle_without_a_model_and_weights_cut_short_are_damaged(path, tmp_path):
    empty = rewritten(path, tmp_path / "d.nuzzle", lambda values: values.update(members=[]))
    with pytest.raises(BundleError, match=r"damaged bundle.*no model"):
        Bundle.load(empty)
    for number, ending in enumerate((".safetensors", ".txt")):
        cut = tmp_path / f"{number}.nuzzle"
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(cut, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                half = len(content) // 2 if name.endswith(ending) else None
                target.writestr(name, content[:half])
        with pytest.raises(BundleError, match="damaged bundle"):
            Bundle.load(cut)


def test_a_bundle_of_a_list_is_none(path, tmp_path):
    listed = tmp_path / "d.nuzzle"
    with zipfile.ZipFile(listed, "w") as target:
        target.writestr("bundle.json", "[]")
    with pytest.raises(BundleError, match="its format is None"):
        Bundle.load(listed)


def test_a_bundle_with_a_spoiled_block_is_none(bundle_file, tmp_path):
    """Zeros inside of the compressed bundle.json; the archive itself is whole."""
    content = bytearray(bundle_file.read_bytes())
    with zipfile.ZipFile(bundle_file) as archive:
        begin = archive.getinfo("bundle.json").header_offset + len("bundle.json") + 30
    content[begin + 20 : begin + 220] = bytes(200)
    (tmp_path / "d.nuzzle").write_bytes(content)
    with pytest.raises(BundleError, match="not a nuzzle bundle"):
        Bundle.load(tmp_path / "d.nuzzle")


def test_a_bundle_whose_features_have_changed_is_refused(bundle_file, tmp_path):
    def shorter(values):
        del values["members"][0]["frontend"]["columns"][-1]

    old = rewritten(bundle_file, tmp_path / "old.nuzzle", shorter)
    with pytest.raises(CompatibilityError, match=r"had 47 columns; here they have 48") as error:
        Bundle.load(old)
    assert str(old) in str(error.value)
    assert "Train it again" in str(error.value)


@pytest.mark.parametrize(("version", "advice"), [(2, "Train it again"), (4, "Update nuzzle")])
def test_a_bundle_of_another_version_is_refused(path, tmp_path, version, advice):
    other = rewritten(path, tmp_path / "o.nuzzle", lambda values: values.update(version=version))
    with pytest.raises(BundleError, match=f"version {version}; this nuzzle reads .* {advice}"):
        Bundle.load(other)


def test_cross_validation_inside_of_a_split(manifest, tmp_path):
    """Two sets of trees, stacked; the last recordings judge them."""
    study, out, figures = tmp_path / "s.csv", tmp_path / "e.nuzzle", tmp_path / "figures.json"
    manifest.save(study)
    settings = tmp_path / "ensemble.yaml"
    stacked = CONFIG.with_values({"ensemble.members": [TREES, TREES], "ensemble.method": "stacked"})
    settings.write_text(stacked.to_yaml())
    done = run(
        "crossval", study, "--config", settings, "--split", "train", "--folds", 2,
        "--out", out, "--json", figures,
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "Members alone and combined" in done.stdout
    rows = {row["name"]: row for row in json.loads(figures.read_text())["comparison"]}
    assert list(rows) == ["trees", "trees-2", "equal", "weighted", "stacked"]
    bundle = Bundle.load(out)
    assert [each.config.training.seed for each in bundle.members] == [0, 1]
    scored = {each["recording"] for each in bundle.metrics["recordings"]}
    assert scored == {"mouse0", "mouse1", "mouse2"}
    evaluate(bundle, manifest, "val")
    with pytest.raises(LeakageError):
        evaluate(bundle, manifest, "train")


def test_a_member_that_cannot_be_trained_is_named(manifest, tmp_path):
    for wrong, problem in (
        ("tcm", "Member 'tcm' of the ensemble: there is no model 'tcm'"),
        ({"model": {"name": "graph"}, "features": "relational"}, "Member 'graph' .* 'nodes'"),
    ):
        config = CONFIG.with_values({"ensemble.members": [TREES, wrong]})
        with pytest.raises(ConfigError, match=problem):
            train(manifest, tmp_path / "m.nuzzle", config)


AUXILIARY = {"attack": "close", "mount": "close", "investigation": "close"}


def test_every_network_learns_auxiliary_labels_and_trees_leave_them_out(manifest, tmp_path):
    beside = Manifest(tuple(replace(each, behaviours=AUXILIARY) for each in manifest))
    network = CONFIG.ensemble.members["conv_lstm"].model_dump(mode="json")
    config, said = CONFIG.with_values({"ensemble.members": [network, TREES]}), []
    bundle = train(manifest, tmp_path / "m.nuzzle", config, auxiliary=beside, say=said.append)
    assert said.count("conv_lstm: learned beside: close, other, labelled in 3 of 3") == 1
    assert sum(sentence.startswith("conv_lstm: learned beside") for sentence in said) == 3
    recording = load_entry(manifest.entries[3])
    for _, probability in predict_recording(bundle, recording):
        assert probability.shape == (recording.n_frames, 2)
    result = nuzzle.crossval(
        manifest, tmp_path / "all.nuzzle", config, auxiliary=beside, folds=2, split="train"
    )
    for each in (bundle, result.bundle):
        assert each.training["auxiliary"] == ["close", "other"]
        members = each.training["members"]
        assert members["conv_lstm"]["auxiliary"] == ["close", "other"]
        assert members["trees"]["auxiliary"] == []
        assert each.members[0].classifier.arguments["num_classes"] == 4
