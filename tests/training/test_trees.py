from dataclasses import replace
from operator import attrgetter

import numpy as np
import pytest
import torch

from nuzzle.config import Config
from nuzzle.errors import ConfigError
from nuzzle.inference.bundle import restore_classifier
from nuzzle.inference.trees import TreeClassifier
from nuzzle.labels import Pair
from nuzzle.training.samples import Sample
from nuzzle.training.targets import LabelSpace, Targets
from nuzzle.training.trees import _boost, _boost_among, _draw, fit_trees, in_two_steps

CHANGES = (
    "model.name=trees",
    "training.epochs=20",
    "model.options={min_data_in_leaf: 5, feature_fraction: 1.0}",
)
CONFIG = Config.load(None, CHANGES)
SPACE = LabelSpace(("attack", "mount", "other"), "other", True, ("attack", "mount"))


def fitted(config, space, samples):
    return fit_trees(config, space, samples, attrgetter("features"))


@pytest.fixture
def sample():
    """The class is the sign of the first feature, or `other` where it is missing."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((600, 4)).astype(np.float32)
    x[::3, 0] = np.nan
    classes = np.where(np.isnan(x[:, 0]), 2, np.where(x[:, 0] > 0, 0, 1))
    active = np.eye(3, dtype=bool)[classes]
    return Sample(
        "r",
        Pair("a", "b"),
        Targets(active, np.ones_like(active)),
        features=torch.from_numpy(x),
    )


def test_missing_values_tell_something(sample):
    trees = TreeClassifier(fitted(CONFIG, SPACE, [sample]), exclusive=True)
    said = trees.probabilities(sample.features)
    torch.testing.assert_close(said.sum(1), torch.ones(600))
    assert (said.argmax(1).numpy() == sample.targets.active.argmax(1)).mean() > 0.98


def test_multi_label_has_a_booster_a_behaviour_and_leaves_out_what_was_not_observed(sample):
    space = LabelSpace(("attack", "mount"), None, False, ())
    observed = np.ones((600, 2), dtype=bool)
    observed[300:, 1] = False
    active = sample.targets.active[:, :2].copy()
    active[300:, 1] = ~active[300:, 1]  # nonsense, where nobody looked
    wrong = replace(sample, targets=Targets(active, observed))
    trees = TreeClassifier(fitted(CONFIG, space, [wrong]), exclusive=False)
    said = trees.probabilities(sample.features).numpy() > 0.5
    assert (said == sample.targets.active[:, :2]).mean() > 0.97


@pytest.mark.parametrize("exclusive", [True, False])
def test_trees_that_tell_nothing_apart_say_so(sample, exclusive):
    names = ("attack", "mount", "other")
    space = SPACE if exclusive else LabelSpace(names, None, False, ())
    said = []
    config = CONFIG.with_values({"model.options": {"min_data_in_leaf": 400}})
    fit_trees(config, space, [sample], attrgetter("features"), said.append)
    (warning,) = (each for each in said if "the same of every frame" in each)
    assert "leaves 400 frames on each side" in warning and "min_data_in_leaf=80" in warning
    fit_trees(CONFIG, space, [sample], attrgetter("features"), said.append)
    assert said.count(warning) == 1


@pytest.mark.parametrize("least", ["400", None, 1])
def test_trees_that_no_size_of_a_leaf_keeps_from_splitting(sample, least):
    """A number in quotes is one to LightGBM; a leaf of one frame cannot be smaller."""
    options = {"min_data_in_leaf": least, "min_gain_to_split": 1e9}
    said = []
    config = CONFIG.with_values({"model.options": options})
    fit_trees(config, SPACE, [sample], attrgetter("features"), said.append)
    (warning,) = (each for each in said if "the same of every frame" in each)
    assert ("allow fewer" in warning) == (least == "400")


def test_of_many_short_recordings_some_frames_are_drawn_as_well(sample):
    """Of each of 60, half a frame is due: none of them would have one if each were rounded."""
    parts = [
        replace(
            sample,
            features=sample.features[at : at + 10],
            targets=Targets(*(mask[at : at + 10] for mask in sample.targets)),
        )
        for at in range(0, 600, 10)
    ]
    few = CONFIG.with_values({"training.epoch_windows": 30})
    trees = TreeClassifier(fitted(few, SPACE, parts), exclusive=True)
    said = trees.probabilities(sample.features).argmax(1).numpy()
    assert (said == sample.targets.active.argmax(1)).mean() > 0.6


@pytest.fixture
def rare():
    """Of 20,000 frames 60 are attacks, which the first feature tells."""
    rng = np.random.default_rng(0)
    attack = np.arange(20_000) % 333 == 0
    x = rng.standard_normal((20_000, 2)).astype(np.float32)
    x[:, 0] += 10 * attack
    active = np.stack([attack, ~attack], axis=1)
    targets = Targets(active, np.ones_like(active))
    return Sample("r", Pair("a", "b"), targets, features=torch.from_numpy(x))


FEW = CONFIG.with_values(
    {"training.epoch_windows": 1000, "training.epochs": 100, "loss.alpha": "none"}
)


@pytest.mark.parametrize(("every", "kept"), [(333, 61), (50, 100), (2, 500)])
def test_of_a_rare_behaviour_enough_frames_are_drawn_and_weigh_what_they_stand_for(
    rare, every, kept
):
    """A tenth of the 1,000 is enough; of 61 frames all are drawn, of 10,000 no more than due."""
    attack = np.arange(20_000) % every == 0
    active = np.stack([attack, ~attack], axis=1)
    (draw,) = _draw([rare], [Targets(active, active | True)], FEW, exclusive=True)
    mine = attack[draw.frames]
    assert mine.sum() == (61 if every == 333 else pytest.approx(kept, rel=0.2))
    assert (~mine).sum() == pytest.approx(1000 * (~attack).mean(), rel=0.1)
    assert draw.weight[~mine] == pytest.approx(1)
    assert draw.weight[mine].sum() == pytest.approx(1000 * attack.mean(), rel=0.2)
    assert (np.diff(draw.frames) > 0).all()


@pytest.mark.parametrize(
    "kind", ["exclusive", "each", "each, not looked for all the time", "steps"]
)
def test_what_is_drawn_more_often_is_not_said_more_often(rare, kind):
    """Where the feature tells little; without weights it would be said ten times as often."""
    attack, x = rare.targets.active[:, 0], rare.features.clone()
    x[:, 0] -= 9 * torch.from_numpy(attack)
    exclusive = not kind.startswith("each")
    observed = np.ones((len(attack), 3), dtype=bool)
    observed[:4000, 0] = "not" not in kind
    active = np.stack([attack, (x[:, 1] > 0).numpy() & ~attack, ~attack], axis=1) & observed
    active[:, 2] &= ~active[:, 1]
    space = LabelSpace(
        ("attack", "mount", "other"), "other" if exclusive else None, exclusive, ("attack", "mount")
    )
    config = FEW.with_values({"loss.kinds": 1.0 if kind == "steps" else 0.0})
    sample = replace(rare, features=x, targets=Targets(active, observed))
    boosters = fitted(config, space, [sample])
    assert len(boosters) == {"exclusive": 1, "steps": 2}.get(kind, 3)
    trees = TreeClassifier(boosters, exclusive, 2 if kind == "steps" else None)
    said = trees.probabilities(x)[:, 0].numpy()
    assert said[observed[:, 0]].mean() < 5 * attack.mean()


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_rare_behaviour_is_learned_and_seems_no_more_common_than_it_is(rare, exclusive):
    space = LabelSpace(("attack", "other"), "other" if exclusive else None, exclusive, ("attack",))
    trees = TreeClassifier(fitted(FEW, space, [rare]), exclusive=exclusive)
    said = trees.probabilities(rare.features)[:, 0].numpy()
    attack = rare.targets.active[:, 0]
    assert said[attack].mean() > 0.6
    assert said.mean() == pytest.approx(attack.mean(), rel=0.35)


def test_it_survives_a_bundle_as_text(sample):
    trees = TreeClassifier(fitted(CONFIG, SPACE, [sample]), exclusive=True)
    files = trees.files()
    assert files["trees-0.txt"].startswith(b"tree")
    again = restore_classifier(trees.describe(), files)
    torch.testing.assert_close(
        again.probabilities(sample.features), trees.probabilities(sample.features)
    )


def test_same_seed_same_trees(sample):
    one, two = (TreeClassifier(fitted(CONFIG, SPACE, [sample]), True) for _ in range(2))
    assert one.files() == two.files()


def test_impossible_options(sample):
    config = Config.load(None, ["model.name=trees", "model.options={num_leaves: 1}"])
    with pytest.raises(ConfigError, match=r"model\.options"):
        fitted(config, SPACE, [sample])


def test_exclusive_trees_are_not_told_that_what_nobody_looked_for_is_absent(sample):
    """A second lab sees the same, never looks for `attack`, and so calls it `other`."""
    called = sample.targets.active.copy()
    called[:, 2] |= called[:, 0]
    called[:, 0] = False
    looked = np.ones_like(called)
    looked[:, 0] = False
    blind = replace(sample, targets=Targets(called, looked))
    true = sample.targets.active.argmax(1)
    trees = TreeClassifier(fitted(CONFIG, SPACE, [sample, blind]), exclusive=True)
    said = trees.probabilities(sample.features)
    torch.testing.assert_close(said.sum(1), torch.ones(600))
    assert (said.argmax(1).numpy() == true).mean() > 0.98
    attack = said[true == 0]
    assert float((attack[:, 0] / (attack[:, 0] + attack[:, 2])).mean()) > 0.7
    # Had it been told, half of all attacks would be `other`.
    told = replace(sample, targets=Targets(called, np.ones_like(looked)))
    wrong = TreeClassifier(fitted(CONFIG, SPACE, [sample, told]), True)
    share = wrong.probabilities(sample.features)[true == 0]
    assert float((share[:, 0] / (share[:, 0] + share[:, 2])).mean()) < 0.6
    again = restore_classifier(trees.describe(), trees.files())
    torch.testing.assert_close(again.probabilities(sample.features), said)


def test_the_masked_softmax_of_everything_is_lightgbms_own(sample):
    x, y = sample.features.numpy(), sample.targets.active.argmax(1)
    settings = {"objective": "multiclass", "num_class": 3, "num_leaves": 4, "verbosity": -1}
    weight = np.random.default_rng(1).uniform(0.5, 1, 600)
    own = _boost(x, y, weight, settings, CONFIG)
    masked = _boost_among(np.ones((600, 3), dtype=bool), x, y, weight, settings, CONFIG)
    np.testing.assert_allclose(masked.predict(x), own.predict(x), atol=1e-5)


def test_of_few_frames_trees_say_how_common_each_class_is(sample):
    """LightGBM splits nothing below 200 frames, whether all was looked for or not."""
    config = Config.load(None, ["model.name=trees", "training.epochs=2", "loss.alpha=none"])
    active, observed = (mask[:60] for mask in sample.targets)
    blind = observed & ([False, True, True] | active[:, [0]])
    for seen in (observed, blind):
        few = replace(sample, features=sample.features[:60], targets=Targets(active, seen))
        trees = TreeClassifier(fitted(config, SPACE, [few]), exclusive=True)
        said = trees.probabilities(few.features)
        assert torch.equal(said, said[:1].expand(60, -1)) and 0.2 < said[0, 1] < 0.5


def test_a_behaviour_that_nobody_ever_looked_for_is_never_said(sample):
    space = LabelSpace(("attack", "mount"), None, False, ())
    observed = np.ones((600, 2), dtype=bool)
    observed[:, 1] = False
    active = sample.targets.active[:, :2] & observed
    one = replace(sample, targets=Targets(active, observed))
    trees = TreeClassifier(fitted(CONFIG, space, [one]), exclusive=False)
    assert trees.probabilities(sample.features)[:, 1].max() < 0.01


def test_behaviours_that_are_not_wanted_are_left_out(sample):
    space = LabelSpace(("attack", "mount"), None, False, ())
    observed = np.ones((600, 2), dtype=bool)
    one = replace(sample, targets=Targets(sample.targets.active[:, [0, 2]], observed))
    trees = TreeClassifier(fitted(CONFIG, space, [one]), exclusive=False)
    both = trees.probabilities(sample.features)
    mount = trees.probabilities(sample.features, np.array([False, True]))
    torch.testing.assert_close(mount[:, 1], both[:, 1])
    assert mount[:, 0].isnan().all()


def test_exclusive_behaviours_that_are_wanted_share_what_there_is(sample):
    trees = TreeClassifier(fitted(CONFIG, SPACE, [sample]), exclusive=True)
    every = trees.probabilities(sample.features)
    some = trees.probabilities(sample.features, np.array([True, False, True]))
    assert (some[:, 1] == 0).all()
    expected = every[:, [0, 2]] / every[:, [0, 2]].sum(1, keepdim=True)
    torch.testing.assert_close(some[:, [0, 2]], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("alpha", "said"),
    [("none", 0.1), ("sqrt_inverse_frequency", 0.25), ("inverse_frequency", 0.5)],
)
def test_rare_classes_weigh_as_the_config_says(alpha, said):
    """A tenth is attack and nothing tells when: 1 : 9, with weights 1 : 3 or 1 : 1."""
    space = LabelSpace(("attack", "other"), "other", True, ("attack",))
    active = np.zeros((1000, 2), dtype=bool)
    active[:, 1] = np.arange(1000) % 10 > 0
    active[:, 0] = ~active[:, 1]
    nothing = torch.zeros(1000, 2)
    sample = Sample("r", Pair("a", "b"), Targets(active, np.ones_like(active)), features=nothing)
    config = Config.load(None, ["model.name=trees", "training.epochs=3", f"loss.alpha={alpha}"])
    trees = TreeClassifier(fitted(config, space, [sample]), exclusive=True)
    torch.testing.assert_close(
        trees.probabilities(nothing)[:, 0], torch.full((1000,), said), rtol=1e-3, atol=1e-3
    )


class TestInTwoSteps:
    CONFIG = Config.load(
        None, ["model.name=trees", "training.epochs=3", "loss.alpha=none", "loss.kinds=1"]
    )

    def test_probabilities_by_hand(self):
        """Nothing tells when: a tenth is a behaviour, and of these three of four are mounts."""
        classes = np.full(4000, 1)
        classes[:400], classes[:100] = 2, 0
        active = np.eye(3, dtype=bool)[classes]
        active[2000:] = False  # nobody knows what these are
        active[2000:2040] = active[:40]
        nothing = torch.zeros(4000, 2)
        sample = Sample(
            "r", Pair("a", "b"), Targets(active, np.ones_like(active)), features=nothing
        )
        space = LabelSpace(("attack", "other", "mount"), "other", True, ("attack", "mount"))
        trees = TreeClassifier(fitted(self.CONFIG, space, [sample]), True, background=1)
        n, attacks = 2040, 140
        said = [attacks / n, (n - attacks - 300) / n, 300 / n]
        torch.testing.assert_close(
            trees.probabilities(nothing)[0], torch.tensor(said), rtol=1e-3, atol=1e-3
        )

    def test_it_tells_what_there_is_to_tell_and_survives_a_bundle(self, sample):
        config = Config.load(None, [*CHANGES, "loss.kinds=1"])
        assert in_two_steps(config, SPACE, [sample.targets])
        trees = TreeClassifier(fitted(config, SPACE, [sample]), True, SPACE.background_column)
        said = trees.probabilities(sample.features)
        torch.testing.assert_close(said.sum(1), torch.ones(600))
        assert (said.argmax(1).numpy() == sample.targets.active.argmax(1)).mean() > 0.98
        again = restore_classifier(trees.describe(), trees.files())
        torch.testing.assert_close(again.probabilities(sample.features), said)

    def test_not_where_labs_looked_for_different_behaviours_or_there_is_nothing_to_tell(
        self, sample
    ):
        looked = np.ones((600, 3), dtype=bool)
        looked[:, 0] = False
        active = sample.targets.active & looked
        blind = replace(sample, targets=Targets(active, looked))
        assert not in_two_steps(self.CONFIG, SPACE, [sample.targets, blind.targets])
        only = np.zeros((600, 3), dtype=bool)
        only[:, 2] = True
        quiet = replace(sample, targets=Targets(only, np.ones_like(only)))
        assert not in_two_steps(self.CONFIG, SPACE, [quiet.targets])
        assert in_two_steps(self.CONFIG, SPACE, [sample.targets, quiet.targets])
        assert not in_two_steps(CONFIG, SPACE, [sample.targets])
