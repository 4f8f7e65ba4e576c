from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from nuzzle.config import Config
from nuzzle.errors import InputError
from nuzzle.features.frontend import Frontend
from nuzzle.features.normalise import Normaliser
from nuzzle.inference.attribution import (
    attribute,
    held_still,
    integrated_gradients,
    tree_shap,
    usual_posture,
)
from nuzzle.inference.bundle import Bundle, Member
from nuzzle.inference.classifier import SequenceClassifier, WindowClassifier
from nuzzle.inference.predict import predict_recording
from nuzzle.inference.trees import TreeClassifier
from nuzzle.models import ARCHITECTURES
from nuzzle.prepare.pipeline import Pipeline
from nuzzle.simulate.recordings import simulate_recording
from nuzzle.skeleton import MOUSE7
from nuzzle.training.targets import LabelSpace

NAMES = ("attack", "sniff", "other")


def test_a_linear_score_is_attributed_by_its_weights():
    x, baseline, weights = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0)).double()
    found = integrated_gradients(lambda at: (weights * at).sum(), x, baseline, steps=3)
    torch.testing.assert_close(found, weights * (x - baseline))


def test_cudnn_whose_lstms_pass_no_gradient_in_evaluation_is_not_asked():
    asked = []

    def score(at):
        asked.append(torch.backends.cudnn.enabled)
        return at.sum()

    integrated_gradients(score, torch.ones(1), torch.zeros(1), steps=2)
    assert asked == [False, False]


def test_a_smooth_score_is_explained_whole():
    x = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    start = torch.tensor([0.2, 0.1, -1.0], dtype=torch.float64)

    def score(at):
        return (at[0] * at[1]).sin() + at[2] ** 3

    found = integrated_gradients(score, x, start, steps=200)
    assert float(found.sum()) == pytest.approx(float(score(x) - score(start)), abs=1e-4)


def test_missing_values_leave_the_others_their_gradient():
    x = torch.tensor([3.0, float("nan"), 4.0])
    baseline = torch.where(x.isnan(), x, torch.tensor(0.0))

    def score(at):
        apart = torch.hypot(at[0], at[1])  # unknown
        return apart.nan_to_num(nan=0.0) + 2 * at[2] + 5 * at[0]

    assert integrated_gradients(score, x, baseline).tolist() == [15.0, 0.0, 8.0]


@pytest.fixture(scope="module")
def recording():
    return simulate_recording("s", minutes=0.5, seed=3, difficulty="easy")


def bundle_of(name, recording, *, directed=True, features="relational", exclusive=True, **options):
    """A network with random weights behind the real road."""
    plain = Frontend(MOUSE7, 30.0, "px", Pipeline(), features)
    raw = plain(recording, recording.pairs[0])
    front = replace(plain, normaliser=Normaliser.fit([raw]))
    arguments = {"input_dim": raw.shape[1], "num_classes": len(NAMES), **options}
    if ARCHITECTURES[name].shape == "window":
        arguments["window_size"] = 20
    torch.manual_seed(0)
    model = ARCHITECTURES[name].build(**arguments).eval()
    kind = WindowClassifier if ARCHITECTURES[name].shape == "window" else SequenceClassifier
    space = LabelSpace(NAMES, "other" if exclusive else None, exclusive, NAMES[:2], (), directed)
    classifier = kind(model, name, arguments, 20, exclusive)
    return Bundle((Member(name, classifier, front, Config()),), space, Config(), {})


@pytest.mark.parametrize(("name", "exclusive"), [("cnn_lstm", True), ("conv_lstm", False)])
def test_attributions_add_up_on_the_real_road(name, exclusive, recording):
    bundle = bundle_of(name, recording, exclusive=exclusive)
    found = attribute(bundle, recording, recording.pairs[0], 400, "attack", steps=16)
    size = np.abs(found.values).sum()
    assert size > 0
    assert abs(found.unexplained) < 0.02 * size
    probability = bundle.classifier.probabilities(bundle.frontend(recording, recording.pairs[0]))
    if name == "cnn_lstm":  # its window is all it sees, so both roads agree
        log_odds = float(torch.logit(probability[400, 0].double()))
        assert found.score == pytest.approx(log_odds, abs=1e-3)


@pytest.mark.parametrize("frames_per_step", [1, 2, 3])
def test_what_is_explained_is_what_is_said(frames_per_step, recording):
    """Wherever a frame lies in a step, and at the ends."""
    options = {"frames_per_step": frames_per_step, "window": 4, "num_layers": 2}
    bundle, pair = bundle_of("transformer", recording, **options), recording.pairs[0]
    probability = bundle.classifier.probabilities(bundle.frontend(recording, pair))
    log_odds = torch.logit(probability[:, 0].double())
    assert log_odds.std() > 0.02
    for frame in (0, 1, 400, 401, 402, recording.n_frames - 2, recording.n_frames - 1):
        found = attribute(bundle, recording, pair, frame, "attack", steps=1)
        assert found.score == pytest.approx(float(log_odds[frame]), abs=1e-4)


def test_missing_points_have_no_part_and_the_rest_still_adds_up(recording):
    position = recording.position.copy()
    position[395:405, :, 2, 0] = np.nan
    position[400, :, 0, 1] = np.nan
    holes = recording.with_position(position, "holes")
    bundle = bundle_of("cnn_lstm", recording)
    found = attribute(bundle, holes, recording.pairs[0], 400, "sniff", steps=16)
    at = 400 - found.first_frame
    assert np.isfinite(found.values).all()
    assert (found.values[at - 5 : at + 5, 0, 2] == 0).all()
    assert (found.values[at, 1, 0] == 0).all()
    assert abs(found.unexplained) < 0.03 * np.abs(found.values).sum()


@pytest.mark.parametrize("features", ["relational", "relational_symmetric", "nodes", "windowed"])
def test_a_missing_point_leaves_the_others_their_gradient_on_the_real_road(features, recording):
    """Against differences: through a heading, all keypoints of an animal meet."""
    position = recording.position.copy()
    position[396:405, :, 1, 0] = np.nan
    holes = recording.with_position(position, "holes")
    bundle = bundle_of("tcn", recording, features=features, channels=8, num_layers=2)
    model, front = bundle.classifier.model.double(), bundle.frontend
    mean, std = (each.double() for each in (front.normaliser.mean, front.normaliser.std))
    poses = torch.from_numpy(holes.pair_position(holes.pairs[0]))[380:420].double()

    def score(points):
        x = ((front.feature_set(points) - mean) / std).nan_to_num(nan=0.0)
        return model(x.unsqueeze(0))[0, 20, 0]

    still = torch.where(poses.isnan(), poses, poses - 1.0)
    found = integrated_gradients(score, poses, still, steps=1)
    middle, step = poses - 0.5, 1e-5
    for place in [(20, 0, 0, 0), (20, 0, 6, 1), (21, 0, 3, 0), (19, 1, 0, 1), (20, 1, 6, 0)]:
        more, less = middle.clone(), middle.clone()
        more[place] += step
        less[place] -= step
        with torch.no_grad():
            slope = float(score(more) - score(less)) / (2 * step)
        assert float(found[place]) == pytest.approx(slope, rel=1e-3, abs=1e-6)


def test_a_lab_is_explained_by_what_it_looked_for(recording):
    bundle, pair = bundle_of("cnn_lstm", recording), recording.pairs[0]
    lab = replace(recording, lab="L")
    narrow = replace(bundle, training={"labs": {"L": ["attack"]}})
    (_, said), *_ = predict_recording(narrow, lab, [pair])
    log_odds = float(np.log(said[400, 0] / said[400, 2]))
    assert attribute(narrow, lab, pair, 400, "attack", steps=1).score == pytest.approx(
        log_odds, abs=1e-3
    )
    assert abs(attribute(bundle, recording, pair, 400, "attack", steps=1).score - log_odds) > 0.01


def test_without_direction_both_orders_count(recording):
    bundle = bundle_of("cnn_lstm", recording, directed=False)
    pair = recording.pairs[0]
    one = attribute(bundle, recording, pair, 300, "attack", steps=4)
    other = attribute(bundle, recording, pair.reversed, 300, "attack", steps=4)
    assert one.score == pytest.approx(other.score, abs=1e-5)
    np.testing.assert_allclose(one.values, other.values[:, ::-1], atol=1e-5)


def test_near_the_beginning_fewer_frames_are_there(recording):
    bundle = bundle_of("cnn_lstm", recording)
    found = attribute(bundle, recording, recording.pairs[0], 2, "attack", steps=2)
    assert found.first_frame == 0
    assert np.isfinite(found.values).all()


def test_the_baseline_keeps_posture_heading_and_usual_distance():
    time = torch.arange(11.0)
    body = torch.zeros(7, 2)
    body[:, 0] = torch.linspace(30, 0, 7)  # nose ahead of the tail base, along x
    poses = torch.zeros(11, 2, 7, 2) + body
    poses[:, 1, :, 1] += 100 + 10 * (time - 5)[:, None]
    still = held_still(poses, 8, MOUSE7)
    torch.testing.assert_close(still[0] - still[0].mean(0), body - body.mean(0))
    assert float((still[1] - still[0]).norm(dim=-1).mean()) == pytest.approx(100.0)
    assert float(still.mean(dim=(0, 1))[1]) == pytest.approx(65.0)  # between 0 and 130
    posture = usual_posture(poses, MOUSE7)
    torch.testing.assert_close(posture[0, :, 0], body[:, 0] - 15)


@pytest.mark.parametrize("exclusive", [True, False])
def test_shap_values_add_up_to_the_raw_score(exclusive):
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 5)).astype(np.float32)
    settings = {"verbosity": -1, "num_leaves": 4, "min_data_in_leaf": 5, "num_threads": 1}
    y = np.digitize(x[:, 0], [-0.5, 0.5])
    if exclusive:
        several = settings | {"objective": "multiclass", "num_class": 3}
        boosters = [lightgbm.train(several, lightgbm.Dataset(x, y), 5)]
        raw = boosters[0].predict(x, raw_score=True)
    else:
        binary = settings | {"objective": "binary"}
        boosters = [lightgbm.train(binary, lightgbm.Dataset(x, y == c), 5) for c in range(3)]
        raw = np.stack([each.predict(x, raw_score=True) for each in boosters], axis=1)
    found = tree_shap(TreeClassifier(boosters, exclusive), torch.from_numpy(x))
    assert found.shape == (400, 3, 6)
    np.testing.assert_allclose(found.sum(axis=2), raw, atol=1e-9)
    assert np.abs(found[..., 0]).sum() > 10 * np.abs(found[..., 1:5]).sum()


def test_shap_values_of_two_steps_add_up_to_both_scores():
    lightgbm = pytest.importorskip("lightgbm")
    x = np.random.default_rng(0).normal(size=(400, 5)).astype(np.float32)
    settings = {"verbosity": -1, "num_leaves": 4, "min_data_in_leaf": 5, "num_threads": 1}
    binary, two = settings | {"objective": "binary"}, settings | {"objective": "multiclass"}
    some = lightgbm.train(binary, lightgbm.Dataset(x, x[:, 0] > 0), 5)
    which = lightgbm.train(two | {"num_class": 2}, lightgbm.Dataset(x, x[:, 1] > 0), 5)
    trees = TreeClassifier([some, which], True, background=1)
    found = tree_shap(trees, torch.from_numpy(x)).sum(axis=2)
    any_raw, raw = (each.predict(x, raw_score=True) for each in (some, which))
    np.testing.assert_allclose(found[:, [0, 2]], any_raw[:, None] + raw, atol=1e-9)
    np.testing.assert_allclose(found[:, 1], -any_raw, atol=1e-9)
    odds = found[:, [0, 2]] - np.logaddexp.reduce(raw, axis=1)[:, None]
    p = trees.probabilities(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(np.log(p[:, [0, 2]] / p[:, [1]]), odds, atol=1e-4)


def test_errors_say_what_there_is(recording):
    bundle = bundle_of("cnn_lstm", recording)
    with pytest.raises(InputError, match="does not know 'flee'"):
        attribute(bundle, recording, recording.pairs[0], 3, "flee")
    trees = SimpleNamespace(classifier=TreeClassifier([], True))
    with pytest.raises(InputError, match="no gradients"):
        attribute(trees, recording, recording.pairs[0], 3, "attack")
    poses = torch.full((5, 2, 7, 2), float("nan"))
    with pytest.raises(InputError, match="never seen"):
        held_still(poses, 2, MOUSE7)


def test_a_baseline_without_a_nose_faces_from_the_tail_base_to_the_middle():
    body = torch.zeros(7, 2)
    body[:, 1] = torch.linspace(-30, 0, 7)  # along y, the nose at the lower end
    poses = torch.zeros(9, 2, 7, 2) + body
    poses[:, 1, :, 0] += 100
    poses[:, :, MOUSE7.nose_index] = float("nan")
    still = held_still(poses, 4, MOUSE7)
    rest = [k for k in range(7) if k != MOUSE7.nose_index]
    torch.testing.assert_close(still[:, rest], poses[4][:, rest])
    posture = usual_posture(poses, MOUSE7)
    assert posture[0, MOUSE7.tail_base_index, 0] == posture[0, :, 0].min(), "the rear is behind"


def test_the_lab_has_its_part_in_the_score_that_is_explained(recording):
    bundle = bundle_of("conv_lstm", recording)
    width = bundle.classifier.arguments["input_dim"]
    front = replace(bundle.frontend, labs=("north", recording.lab))
    arguments = {**bundle.classifier.arguments, "input_dim": width + 2}
    torch.manual_seed(0)
    model = ARCHITECTURES["conv_lstm"].build(**arguments).eval()
    member = replace(
        bundle.members[0], frontend=front, classifier=replace(bundle.classifier, model=model)
    )
    bundle = replace(bundle, members=(member,))
    pair = recording.pairs[0]
    told = attribute(bundle, recording, pair, 300, "attack", steps=8)
    hidden = attribute(bundle, replace(recording, lab=""), pair, 300, "attack", steps=8)
    assert told.score != hidden.score
    assert abs(told.unexplained) < 0.05 * np.abs(told.values).sum()
