"""Several labs in one training."""

from dataclasses import replace
from operator import attrgetter

import numpy as np
import pytest
import torch

from nuzzle.config import Config, LabelsConfig
from nuzzle.errors import TrainingError
from nuzzle.inference.classifier import SequenceClassifier
from nuzzle.inference.trees import TreeClassifier
from nuzzle.labels import Labels, Pair
from nuzzle.recording import Recording
from nuzzle.training.fit import fit, model_arguments
from nuzzle.training.labs import hide_lab, looked_for_by_lab, warn_of_differences, with_lab
from nuzzle.training.samples import Sample
from nuzzle.training.targets import LabelSpace, Targets
from nuzzle.training.trees import fit_trees
from nuzzle.training.windows import StretchDataset, WindowDataset

AB, AA = Pair("a", "b"), Pair("a", "a")


def recording(lab, bouts=(), looked=("sniff",), *, pair=AB, fps=10.0, **attributes):
    """A recording of 100 s; bouts of (behaviour, start, stop), frames."""

    def rows(spans):
        keys = ("agent", "target", "behaviour", "start_frame", "stop_frame")
        return [dict(zip(keys, (*pair, *span), strict=True)) for span in spans]

    n = round(100 * fps)
    labels = Labels(rows(bouts), rows([(name, 0, n) for name in looked]), n, **attributes)
    one = Recording.from_arrays(
        f"r {lab}",
        np.zeros((n, 2, 2, 2)),
        keypoints=["nose", "tail_base"],
        individuals=["a", "b"],
        fps=fps,
        lab=lab,
    )
    return replace(one, labels=labels)


def test_the_code_stands_after_the_features_where_the_recording_is():
    x = torch.arange(8.0).view(2, 2, 2)
    inside = torch.tensor([[False, True], [True, True]])
    code = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert with_lab(x, inside, code).tolist() == [
        [[0, 1, 0, 0], [2, 3, 1, 0]],
        [[4, 5, 0, 1], [6, 7, 0, 1]],
    ]
    assert with_lab(x, inside, code[:, :0]) is x


def test_a_share_of_the_codes_is_hidden_the_same_with_the_same_seed():
    code = torch.eye(4).repeat(2500, 1)
    hidden, again = (hide_lab(code, 0.2, np.random.default_rng(7)) for _ in range(2))
    gone = hidden.sum(1) == 0
    assert float(gone.float().mean()) == pytest.approx(0.2, abs=0.015)
    assert torch.equal(hidden[~gone], code[~gone])
    assert torch.equal(hidden, again)
    assert hide_lab(code, 0.0, np.random.default_rng(7)) is code


def test_nothing_is_drawn_where_there_is_one_lab():
    rng = np.random.default_rng(0)
    hide_lab(torch.zeros(5, 0), 0.2, rng)
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize("kind", [WindowDataset, StretchDataset])
def test_pieces_carry_the_code_of_their_recording(kind):
    targets = Targets(np.eye(2, dtype=bool)[[0, 1, 0, 1]], np.ones((4, 2), bool))
    samples = [
        Sample(f"r{n}", AB, targets, torch.eye(2)[n], features=torch.zeros(4, 3)) for n in (0, 1)
    ]
    pieces = kind(samples, 4)
    batch = pieces.__getitems__(list(range(len(pieces))))
    assert torch.equal(batch.lab, torch.eye(2)[batch.sample])
    assert set(batch.sample.tolist()) == {0, 1}
    assert samples[0].width == 5


def opposite_labs(told=True):
    """Two labs with opposite habits: one calls positive features `attack`, the other negative."""
    rng = np.random.default_rng(0)
    samples = []
    for number in range(2):
        x = torch.from_numpy(rng.choice([-1.0, 1.0], 60)).float().repeat_interleave(10)
        attack = (x > 0).numpy() == (number == 0)
        active = np.stack([attack, ~attack], axis=1)
        code = torch.eye(2)[number] if told else torch.zeros(0)
        targets = Targets(active, np.ones_like(active))
        samples.append(Sample(f"r{number}", AB, targets, code, features=x[:, None]))
    return samples


FEATURES = attrgetter("features")
SPACE = LabelSpace(("attack", "other"), "other", True, ("attack",))


def accuracy(classifier, samples, code):
    right = []
    for number, sample in enumerate(samples):
        told = code(number).expand(len(sample.features), -1)
        said = classifier.probabilities(torch.cat([sample.features, told], dim=1))
        right.append((said.argmax(1).numpy() == sample.targets.active.argmax(1)).mean())
    return np.mean(right)


def config(epochs, dropout=0.2):
    return Config.parse(
        {
            "model": {"name": "tcn", "options": {"channels": 8, "num_layers": 1, "dropout": 0.0}},
            "loss": {"gamma": 0.0, "alpha": "none"},
            "augmentation": {"noise_std": 0, "jitter_frames": 0, "scale": None, "mixup_alpha": 0},
            "training": {
                "window": 20,
                "batch_size": 16,
                "epochs": epochs,
                "learning_rate": 0.01,
                "schedule": "cycle",
            },
            "labs": {"dropout": dropout},
        }
    )


def test_a_network_learns_the_habits_of_each_lab(tmp_path):
    samples = opposite_labs()
    settings = config(60, dropout=0.5)  # enough for any seed
    trained = fit(settings, SPACE, samples, [], tmp_path)
    arguments = model_arguments(settings, samples[0], SPACE)
    classifier = SequenceClassifier(trained.model, "tcn", arguments, 20, True)
    assert accuracy(classifier, samples, lambda number: torch.eye(2)[number]) > 0.97
    # Of an unknown lab it can only say that it does not know.
    hidden = torch.cat([samples[0].features, torch.zeros(600, 2)], dim=1)
    assert (classifier.probabilities(hidden)[:, 0] - 0.5).abs().mean() < 0.25


def test_trees_learn_the_habits_of_each_lab():
    changes = ["model.name=trees", "training.epochs=30", "model.options={feature_fraction: 1.0}"]
    settings = Config.load(None, changes)
    samples, untold = opposite_labs(), opposite_labs(told=False)
    trees = TreeClassifier(fit_trees(settings, SPACE, samples, FEATURES), True)
    assert accuracy(trees, samples, lambda number: torch.eye(2)[number]) > 0.97
    hidden = torch.cat([samples[0].features, torch.zeros(600, 2)], dim=1)
    assert (trees.probabilities(hidden)[:, 0] - 0.5).abs().mean() < 0.25
    blind = TreeClassifier(fit_trees(settings, SPACE, untold, FEATURES), True)
    assert accuracy(blind, untold, lambda _: torch.zeros(0)) < 0.6


def test_a_run_that_goes_on_hides_the_same_labs(tmp_path):
    samples, settings = opposite_labs(), config(2, dropout=0.5)

    class Killed(BaseException):
        pass

    def kill(epoch, *_):
        if epoch == 2:
            raise Killed

    whole = fit(settings, SPACE, samples, [], tmp_path / "whole").model.state_dict()
    with pytest.raises(Killed):
        fit(settings, SPACE, samples, [], tmp_path / "cut", kill)
    again = fit(settings, SPACE, samples, [], tmp_path / "cut").model.state_dict()
    assert all(torch.equal(again[name], weights) for name, weights in whole.items())
    shown = fit(config(2, dropout=0.0), SPACE, samples, [], tmp_path / "shown").model.state_dict()
    assert not all(torch.equal(shown[name], weights) for name, weights in whole.items())


def test_the_graph_takes_the_labs_after_its_nodes():
    sample = Sample(
        "r",
        AB,
        Targets(*np.ones((2, 4, 2), bool)),
        torch.eye(10)[0],
        features=torch.zeros(4, 30),
    )
    arguments = model_arguments(Config.load(None, ["model.name=graph"]), sample, SPACE)
    assert arguments["input_dim"] == 40  # which alone would be four keypoints
    assert arguments["nodes"] == (2, 3, 5)


def test_what_each_lab_looked_for():
    recordings = [
        recording("north", looked=("sniff", "mount")),
        recording("north", looked=("attack",)),
        recording("south", looked=("mount", "dig")),
        recording("", looked=("attack",)),
    ]
    assert looked_for_by_lab(recordings, ("attack", "mount", "sniff", "other")) == {
        "north": ["attack", "mount", "sniff"],
        "south": ["mount"],
    }


def test_one_name_for_what_is_done_to_itself_and_to_another_is_refused():
    north = recording("north", [("groom", 0, 9)], ("groom",), pair=AA)
    south = recording("south", [("groom", 0, 9)], ("groom",))
    with pytest.raises(TrainingError, match=r"'groom' is .* to itself in lab 'north'.*'south'"):
        LabelSpace.fit([north, south], LabelsConfig())
    stray = replace(south, lab="")
    where = r"lab 'north' \(recording 'r north'\).*recordings without a lab \(recording 'r south'\)"
    with pytest.raises(TrainingError, match=where):
        LabelSpace.fit([north, stray], LabelsConfig())
    with pytest.raises(TrainingError, match=r"without a lab .*\. If one .* self:groom=NEW there"):
        LabelSpace.fit([stray, replace(north, lab="")], LabelsConfig())
    sniffed = recording("", [("sniff", 0, 9)], ("sniff", "groom"))
    LabelSpace.fit([stray, replace(north, lab=""), sniffed], LabelsConfig(behaviours=("sniff",)))
    renamed = replace(north, labels=north.labels.rename_behaviours({"groom": "selfgroom"}))
    assert LabelSpace.fit([renamed, south], LabelsConfig()).own == ("selfgroom",)


def test_a_background_that_is_a_behaviour_elsewhere_is_refused():
    north = recording("north", [("sniff", 0, 9)], background="other")
    south = recording("south", [("other", 0, 9)], ("other",))
    with pytest.raises(
        TrainingError, match=r"'other' is the background.*'north'.*'south'.*background\."
    ):
        LabelSpace.fit([north, south], LabelsConfig())
    both = recording("south", [("sniff", 0, 9)], background="other")
    assert LabelSpace.fit([north, both], LabelsConfig()).names == ("sniff", "other")


def test_bouts_of_very_different_lengths_are_pointed_out_in_seconds():
    """Bouts of 20 frames: 2 s at 10 frames a second, 0.4 s at 50; and of 30 s."""
    short = [("sniff", 50 * n, 50 * n + 20) for n in range(5)]
    long = [("sniff", 310 * n, 310 * n + 300) for n in range(3)]
    said = []
    fast = recording("fast", short, fps=50.0)
    warn_of_differences([recording("north", short), fast], said.append)
    assert said == [], "five times is not ten times"
    twice = [recording("south", long), recording("south", long)]
    warn_of_differences([recording("north", short), fast, *twice], said.append)
    (sentence,) = said
    assert (
        "'sniff' lasts 0.4 s in lab 'fast' and 30 s in lab 'south' (medians of 5 and 6)" in sentence
    )
    assert "column behaviours (sniff=NEW)" in sentence
    said.clear()
    warn_of_differences([fast, twice[0]], said.append)
    assert said == [], "three bouts say nothing"
