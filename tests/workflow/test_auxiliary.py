"""Labels of another kind, learned beside."""

import dataclasses
import zipfile

import numpy as np
import pytest
import torch

from nuzzle.config import Config
from nuzzle.errors import ManifestError, OutputError, TrainingError
from nuzzle.inference.bundle import Bundle
from nuzzle.io.load import load_manifest
from nuzzle.labels import Labels, Pair
from nuzzle.manifest import Manifest
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.auxiliary import (
    auxiliary_space,
    auxiliary_targets,
    check_auxiliary,
    match_auxiliary,
)
from nuzzle.workflow.checks import labelled
from nuzzle.workflow.crossval import crossval
from nuzzle.workflow.evaluate import evaluate
from nuzzle.workflow.samples import label_pairs
from nuzzle.workflow.train import train

SOCIAL = {"attack": "close", "mount": "close", "investigation": "close"}


@pytest.fixture(scope="module")
def auxiliary(manifest):
    """Of mouse0 and mouse2, whether anything social goes on."""
    rows = [dataclasses.replace(each, behaviours=SOCIAL) for each in manifest.entries]
    return Manifest((rows[0], rows[2]))


@pytest.fixture(scope="module")
def recordings(manifest, auxiliary):
    rows = match_auxiliary(manifest, auxiliary)
    return list(load_manifest(manifest.select("train"), rows))


def config_of(name, *changes):
    quick = ["training.epochs=1", "training.window=64", "training.epoch_windows=64"]
    return Config.load(None, [f"model.name={name}", "training.val_stride=30", *quick, *changes])


def relabelled(recording, behaviour, directed=True, pair=None):
    active = np.zeros((recording.n_frames, 1), bool)
    active[3:9] = True
    pair = pair or recording.pairs[0]
    labels = Labels.from_frames(pair, active, [behaviour], directed=directed)
    return dataclasses.replace(recording, auxiliary=labels)


def test_rows_of_the_same_names_match(manifest, auxiliary, recordings):
    assert match_auxiliary(manifest, None) == {}
    assert sorted(match_auxiliary(manifest, auxiliary)) == ["mouse0", "mouse2"]
    assert [each.auxiliary is not None for each in recordings] == [True, False, True]
    assert recordings[0].auxiliary.behaviours == ("close",)


def test_targets_stand_side_by_side(recordings):
    space = LabelSpace.fit(recordings, Config().labels)
    beside = auxiliary_space(recordings, space, Config())
    assert beside.names == ("close", "other")
    parts = {"train": recordings, "val": recordings[:1]}
    _, samples = label_pairs(parts, space, Config(), beside)
    for sample in samples["train"]:
        active, observed = sample.targets
        own, close = active[:, :4], active[:, 4]
        assert (own.sum(1) == 1).all()
        if sample.recording == "mouse1":
            assert not observed[:, 4:].any() and not active[:, 4:].any()
        else:
            assert observed.all()
            assert (close == own[:, :3].any(1)).all()
            assert (active[:, 5] == ~close).all()
    assert samples["val"][0].targets.active.shape[1] == 4, "validation looks at the main classes"


@pytest.mark.parametrize("name", ["conv_lstm", "tcn"])  # of one stage, and of several
def test_the_bundle_says_the_main_behaviours(name, manifest, auxiliary, tmp_path):
    said = []
    path = tmp_path / "mice.nuzzle"
    config = config_of(name)
    bundle = train(manifest, path, config, auxiliary=auxiliary, say=said.append)
    assert "learned beside: close, other, labelled in 2 of 3" in said
    assert bundle.training["auxiliary"] == ["close", "other"]
    assert bundle.classifier.arguments["num_classes"] == 6
    with zipfile.ZipFile(path) as archive:
        assert (
            "auxiliary behaviours (learned, not predicted): close, other"
            in archive.read("card.md").decode()
        )
    again = Bundle.load(path)
    features = torch.randn(200, len(again.frontend.feature_set.columns))
    probabilities = again.classifier.probabilities(features)
    assert probabilities.shape == (200, 4)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(200))
    result = evaluate(again, manifest, "val")
    assert result.macro_f1.value == pytest.approx(bundle.metrics["macro_f1"]["value"], abs=1e-6)


def test_what_they_say_reaches_the_layers_below(manifest, auxiliary, tmp_path):
    def first_layer(weight):
        config = config_of("conv_lstm", f"loss.auxiliary={weight}")
        bundle = train(manifest, tmp_path / f"{weight}.nuzzle", config, auxiliary=auxiliary)
        return next(bundle.classifier.model.parameters())

    assert not torch.equal(first_layer(0), first_layer(1))


def test_a_recording_with_auxiliary_labels_alone_is_learned_from(recordings):
    bare = dataclasses.replace(recordings[2], labels=None)
    parts = {"train": labelled([recordings[0], bare]), "val": []}
    space = LabelSpace.fit(parts["train"], Config().labels)
    beside = auxiliary_space(parts["train"], space, Config())
    _, samples = label_pairs(parts, space, Config(), beside)
    mine = [each.targets for each in samples["train"] if each.recording == bare.name]
    n = len(space.names)
    assert mine and not any(each.observed[:, :n].any() for each in mine)
    assert all(each.observed[:, n:].all() for each in mine)
    close = bare.auxiliary.frames(bare.auxiliary.pairs[0], ["close"]).active.sum()
    assert close and sum(each.active[:, n].sum() for each in mine) == close
    _, without = label_pairs(parts, space, Config())
    assert {each.recording for each in without["train"]} == {recordings[0].name}


def test_a_recording_with_auxiliary_labels_alone_is_not_scored(manifest, auxiliary, tmp_path):
    rows = [
        dataclasses.replace(each, labels=None) if each.recording == "mouse2" else each
        for each in manifest.entries
    ]
    said = []
    result = crossval(
        Manifest(tuple(rows)), tmp_path / "b.nuzzle", config_of("conv_lstm"), auxiliary=auxiliary,
        folds=2, split="train", say=said.append,
    )  # fmt: skip
    assert "mouse2" in result.bundle.training["recordings"]
    assert "mouse2" not in {each.recording for each in result.evaluation.recordings}
    assert any("of mouse2 there are only auxiliary labels" in sentence for sentence in said)


def test_trees_leave_them_out_and_say_so(manifest, auxiliary, tmp_path):
    said = []
    config = Config.load(None, ["model.name=trees", "training.epochs=2"])
    bundle = train(manifest, tmp_path / "m.nuzzle", config, auxiliary=auxiliary, say=said.append)
    assert any("trees do not use auxiliary labels" in sentence for sentence in said)
    assert bundle.space.names == ("attack", "investigation", "mount", "other")


def test_cross_validation_takes_them_along(manifest, auxiliary, tmp_path):
    three = Manifest(manifest.entries[:3])
    config = config_of("conv_lstm", "labels.behaviours=[investigation]")
    result = crossval(three, tmp_path / "all.nuzzle", config, auxiliary=auxiliary, folds=3)
    assert result.bundle.training["auxiliary"] == ["close", "other"]
    assert result.bundle.space.names == ("investigation", "other")


def test_a_run_depends_on_its_auxiliary_manifest(manifest, auxiliary, tmp_path):
    def kill(epoch, *_):
        if epoch == 2:
            raise KeyboardInterrupt

    out = tmp_path / "m.nuzzle"
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        config = config_of("conv_lstm", "training.epochs=2")
        train(manifest, out, config, auxiliary=auxiliary, progress=kill)
    for other in (None, Manifest(auxiliary.entries[:1])):
        with pytest.raises(OutputError, match="manifest, files or folds: row mouse"):
            train(manifest, out, config, auxiliary=other)


def test_no_name_in_common(manifest, auxiliary):
    strangers = [dataclasses.replace(each, recording=f"x{each.recording}") for each in auxiliary]
    with pytest.raises(ManifestError, match=r"are xmouse0, xmouse2, the recordings mouse0, mouse1"):
        match_auxiliary(manifest, Manifest(tuple(strangers)))
    bare = [dataclasses.replace(each, labels=None) for each in auxiliary]
    with pytest.raises(ManifestError, match="the rows with labels are none"):
        match_auxiliary(manifest, Manifest(tuple(bare)))


def test_the_same_labels_again_are_refused(manifest, auxiliary):
    with pytest.raises(ManifestError, match="every row has the same labels as the manifest"):
        match_auxiliary(manifest, manifest)
    assert match_auxiliary(manifest, Manifest((auxiliary.entries[0], manifest.entries[1])))


def test_nothing_to_learn_beside(manifest, recordings):
    mouse = recordings[0]
    empty = Labels([], [], mouse.n_frames, notes=("there is no stream 'S2'.",))
    bare = [dataclasses.replace(mouse, auxiliary=each) for each in (empty, None)]
    with pytest.raises(TrainingError, match=r"auxiliary bout.*labels, stream.*no stream 'S2'"):
        check_auxiliary(bare, {"mouse0": manifest.entries[0]})
    check_auxiliary(bare, {})
    space = LabelSpace.fit(recordings, Config().labels)
    assert auxiliary_space(bare, space, Config()) is None
    assert auxiliary_space([mouse, *bare], space, Config()).names == ("close", "other")


def test_directions_that_contradict_each_other(recordings):
    space = LabelSpace.fit(recordings, Config().labels)
    undirected = dataclasses.replace(space, directed=False)
    with pytest.raises(TrainingError, match="auxiliary labels are directed"):
        auxiliary_space(recordings, undirected, Config())


def test_labels_without_direction_are_found_in_either_order(recordings):
    mouse = recordings[0]
    there, back = mouse.pairs
    assert back == Pair(there.target, there.agent)
    for directed in (True, False):
        one = relabelled(mouse, "fight", directed, pair=there)
        space = LabelSpace(("fight", "other"), "other", True, ("fight",), directed=directed)
        assert auxiliary_targets(space, one, there).active[:, 0].sum() == 6
        assert auxiliary_targets(space, one, back).active[:, 0].any() != directed


@pytest.mark.parametrize("directed", [True, False])
def test_a_pair_that_auxiliary_labels_alone_name_is_learned_from(recordings, directed):
    mouse = recordings[0]
    (there,) = mouse.labels.pairs
    one = relabelled(mouse, "fight", directed, pair=there.reversed)
    space = LabelSpace.fit([one], Config().labels)
    _, samples = label_pairs(
        {"train": [one]}, space, Config(), auxiliary_space([one], space, Config())
    )
    n = len(space.names)
    first, *others = samples["train"]
    assert first.pair == there and first.targets.observed[:, :n].any()
    assert first.targets.active[:, n].sum() == (0 if directed else 6)
    if not directed:  # the same pair, in the other order
        assert not others
        return
    (other,) = others
    assert other.pair == there.reversed and not other.targets.observed[:, :n].any()
    assert other.targets.active[:, n].sum() == 6
