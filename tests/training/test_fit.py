"""Running a training, on a few random features."""

import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning.pytorch.accelerators import CPUAccelerator

from nuzzle.config import Config
from nuzzle.errors import ConfigError, DivergedError
from nuzzle.labels import Pair
from nuzzle.training.fit import _module as module_of
from nuzzle.training.fit import _trainer as trainer_of
from nuzzle.training.fit import best_by, fit
from nuzzle.training.loaders import loaders
from nuzzle.training.losses import FocalLoss
from nuzzle.training.module import LitClassifier
from nuzzle.training.samples import Sample
from nuzzle.training.targets import LabelSpace, Targets

SPACE = LabelSpace(("up", "down"), "down", True, ("up",))
TINY = "model.options={channels: [4, 4, 4], hidden: 4}"


def sample_of(name, seed, n_frames=96):
    """`up` where the first feature is above 0."""
    x = torch.randn(n_frames, 5, generator=torch.Generator().manual_seed(seed))
    up = (x[:, 0] > 0).numpy()
    active = np.stack([up, ~up], axis=1)
    return Sample(name, Pair("a", "b"), Targets(active, np.ones_like(active)), features=x)


TRAIN = [sample_of("one", 1), sample_of("two", 2)]
VAL = [sample_of("three", 3)]


def config_of(*changes):
    quick = ["training.window=16", "training.batch_size=3", "training.epochs=2", TINY]
    return Config.load(None, ["model.name=conv_lstm", *quick, *changes])


def test_one_training_takes_one_device_of_several(tmp_path, monkeypatch):
    """Lightning would start the program, of which it is a part, once for each."""
    monkeypatch.setattr(CPUAccelerator, "auto_device_count", staticmethod(lambda: 2))
    assert trainer_of(config_of(), tmp_path, None, []).num_devices == 1


def test_averaged_weights_are_validated_and_saved(tmp_path, monkeypatch):
    decay, steps = 0.8, []

    def remember(self, *_):
        weights = dict(self.model.named_parameters())
        steps.append({name: each.detach().cpu().clone() for name, each in weights.items()})

    monkeypatch.setattr(LitClassifier, "on_train_batch_end", remember)
    fit(config_of("loss.alpha=none"), SPACE, TRAIN, VAL, tmp_path / "plain")
    raw, steps = steps, []
    config = config_of("loss.alpha=none", f"training.weight_averaging={decay}")
    trained = fit(config, SPACE, TRAIN, VAL, tmp_path / "averaged")
    torch.testing.assert_close(steps, raw)  # steps are taken from the weights as they are
    average = raw[0]
    for weights in raw[1 : len(raw) // 2 * trained.best_epoch]:
        average = {n: decay * average[n] + (1 - decay) * each for n, each in weights.items()}
    for name, each in trained.model.named_parameters():
        torch.testing.assert_close(each.detach(), average[name])
    _, validation = loaders(config, TRAIN, VAL)
    (batch,) = validation
    with torch.inference_mode():
        logits = trained.model(batch.x, batch.inside)
    loss = FocalLoss(True, gamma=0)(logits, batch.targets, batch.observed)
    seen = trained.history[trained.best_epoch - 1]["val_loss"]
    assert seen == pytest.approx(float(loss), rel=1e-5)


def test_a_run_that_early_stopping_ended_is_over(tmp_path):
    """As where it is killed before its bundle is written, and started again."""
    config = config_of("training.early_stopping=true", "training.patience=1", "training.epochs=30")
    ended = fit(config, SPACE, TRAIN, VAL, tmp_path)
    again = fit(config, SPACE, TRAIN, VAL, tmp_path)
    assert len(ended.history) < 30
    assert again.history == ended.history
    assert again.best_epoch == ended.best_epoch
    torch.testing.assert_close(again.model.state_dict(), ended.model.state_dict())


def test_signals_end_what_called_it_as_well(tmp_path):
    """Lightning makes an exit of both: of SIGTERM one that says that all was well."""
    heard = []
    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: heard.append("stop")),
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),  # may be ignored
    }
    try:
        for which, ending in ((signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)):
            with pytest.raises(ending):
                fit(
                    config_of("training.epochs=3"),
                    SPACE,
                    TRAIN,
                    VAL,
                    tmp_path / which.name,
                    progress=lambda *_, which=which: signal.raise_signal(which),
                )
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
    assert heard == ["stop"] * 2, "when it came, and when the training had ended"


@pytest.mark.parametrize(
    ("batch_size", "drawn", "sizes"),
    [(3, "null", [3] * 4 + [2]), (2, "null", [2] * 7), (5, "null", [5] * 4), (5, "100", [5, 5, 4])],
)
def test_few_stretches_come_several_times(batch_size, drawn, sizes):
    """There are fourteen; how many are drawn is the user's word where he says it."""
    settings = f"training={{batch_size: {batch_size}, epoch_windows: {drawn}, window: 16}}"
    batches, _ = loaders(config_of(settings), TRAIN, [])
    assert [len(batch.x) for batch in batches] == sizes


@pytest.mark.parametrize("val", [VAL, []], ids=["val", "no val"])
def test_spoiled_weights_are_not_kept(tmp_path, monkeypatch, val):
    """The gradient of the very last step is infinite; no loss will ever tell."""

    def spoil(self):
        if self.trainer.global_step == 9:
            next(self.parameters()).grad[0] = torch.inf

    monkeypatch.setattr(LitClassifier, "on_after_backward", spoil)
    with pytest.raises(DivergedError, match="last batch of epoch 2, with pieces of one") as caught:
        fit(config_of(), SPACE, TRAIN, val, tmp_path)
    best = caught.value.best
    assert best.best_epoch == 1
    assert all(torch.isfinite(each).all() for each in best.model.parameters())


def test_what_says_nothing_of_val_is_not_kept(tmp_path, monkeypatch):
    """Weights and losses of training are numbers, and what is said of val is none."""
    log = LitClassifier.log
    losses = iter([0.9, torch.nan])
    monkeypatch.setattr(
        LitClassifier,
        "log",
        lambda self, name, value, **more: log(
            self, name, next(losses) if name == "val_loss" else value, **more
        ),
    )
    with pytest.raises(DivergedError, match=r"loss on val .* in epoch 2") as caught:
        fit(config_of(), SPACE, TRAIN, VAL, tmp_path)
    assert caught.value.best.best_epoch == 1


def test_what_follows_from_the_recordings_is_no_option(tmp_path):
    with pytest.raises(ConfigError, match=r"model.options: input_dim cannot be chosen"):
        fit(config_of("model.options={input_dim: 7}"), SPACE, TRAIN, [], tmp_path)


def test_a_loss_that_is_infinite_at_once(tmp_path):
    wrong = sample_of("wrong", 4)
    wrong.features[20] = torch.inf
    with pytest.raises(DivergedError, match=r"epoch 1, batch \d, with pieces of .*wrong") as caught:
        fit(config_of(), SPACE, [*TRAIN, wrong], VAL, tmp_path)
    assert caught.value.best is None


@pytest.mark.parametrize("longest", [0.05, 0.0])
def test_long_gradients_are_shortened(tmp_path, monkeypatch, longest):
    found = []

    def remember(self, *_):
        each = [weights.grad.norm() for weights in self.parameters()]
        found.append(float(torch.stack(each).norm()))

    monkeypatch.setattr(LitClassifier, "on_train_batch_end", remember)
    fit(config_of(f"training.gradient_clip={longest}"), SPACE, TRAIN, [], tmp_path)
    if longest:
        assert max(found) <= longest * 1.001
    else:
        assert max(found) > 0.05  # the first test would hold for these without shortening, too


def test_a_run_that_goes_on_in_another_folder_knows_its_best_epoch(tmp_path, monkeypatch):
    """F1 is 0.9 in the second epoch, and worse in all others; the folder moves after the fourth."""
    scores = [0.5, 0.9, 0.4, 0.3, 0.6, 0.7]

    def scored(counts, space):
        return torch.tensor(scores[epochs[-1]])

    def stop_after_four(epoch, *_):
        epochs.append(epoch)
        if epoch == 4:
            raise KeyboardInterrupt

    epochs = [0]
    monkeypatch.setattr("nuzzle.training.module.macro_f1", scored)
    config = config_of("training.early_stopping=true", "training.patience=9", "training.epochs=6")
    with pytest.raises(KeyboardInterrupt):
        fit(config, SPACE, TRAIN, VAL, tmp_path / "here", stop_after_four)
    moved = (tmp_path / "here").rename(tmp_path / "there")
    ended = fit(config, SPACE, TRAIN, VAL, moved, lambda epoch, *_: epochs.append(epoch))
    assert epochs[-1] == 6
    assert ended.best_epoch == 2


def test_where_no_behaviour_is_shown_the_loss_says_which_epoch_is_best(tmp_path):
    quiet = sample_of("quiet", 3)
    quiet.targets.active[:] = [False, True]
    assert best_by(VAL, SPACE) == "val_macro_f1"
    assert best_by([quiet], SPACE) == "val_loss"
    config = config_of("training.early_stopping=true", "training.epochs=6")
    ended = fit(config, SPACE, TRAIN, [quiet], tmp_path)
    losses = [each["val_loss"] for each in ended.history]
    assert ended.best_epoch == 1 + int(np.argmin(losses))
    assert ended.best_epoch > 1, "or it shows nothing"


def test_where_no_behaviour_is_shown_the_loss_says_when_to_stop(tmp_path, monkeypatch):
    """It rises from the third epoch on; F1 is 0 throughout."""
    quiet, losses = sample_of("quiet", 3), iter([0.9, 0.5, 0.6, 0.7, 0.8, 0.9])
    quiet.targets.active[:] = [False, True]
    log = LitClassifier.log
    monkeypatch.setattr(
        LitClassifier,
        "log",
        lambda self, name, value, **more: log(
            self, name, next(losses) if name == "val_loss" else value, **more
        ),
    )
    patient = ["training.early_stopping=true", "training.patience=2", "training.epochs=6"]
    ended = fit(config_of(*patient), SPACE, TRAIN, [quiet], tmp_path)
    assert (ended.best_epoch, len(ended.history)) == (2, 4)


def test_a_margin_of_rare_classes_stands_for_class_weights():
    """With both, what no feature tells would be said of the rare class, not of either alike."""
    loss = module_of(config_of("loss.logit_adjustment=1"), SPACE, None, TRAIN).loss.main
    assert loss.alpha is None
    assert loss.adjustment is not None


@pytest.mark.parametrize("drawn", [3, 9, 15])  # 1, 3 or 5 batches an epoch
def test_a_cycle_of_the_learning_rate_over_few_steps(tmp_path, drawn):
    three = [*TRAIN, sample_of("four", 4)]
    config = config_of("training.schedule=cycle", f"training.epoch_windows={drawn}")
    assert len(fit(config, SPACE, three, [], tmp_path).history) == 2


def test_softer_class_weights_are_between_strong_ones_and_none():
    rare = sample_of("rare", 5)
    rare.targets.active[:] = [False, True]
    rare.targets.active[:10] = [True, False]  # 10 frames up, 86 down

    def weights(name):
        loss = module_of(config_of(f"loss.alpha={name}"), SPACE, None, [rare]).loss.main
        return None if loss.alpha is None else loss.alpha.tolist()

    assert weights("none") is None
    assert weights("inverse_frequency") == pytest.approx([96 / 20, 96 / 172])
    total = 10**0.5 + 86**0.5
    assert weights("sqrt_inverse_frequency") == pytest.approx(
        [96 / (10**0.5 * total), 96 / (86**0.5 * total)]
    )


def test_class_weights_of_a_single_behaviour_are_against_its_absence():
    alone = LabelSpace(("up",), None, False, ("up",))
    rare = sample_of("rare", 5)
    rare = replace(rare, targets=rare.targets.of(slice(1)))
    rare.targets.active[:] = np.arange(96)[:, np.newaxis] < 12  # an eighth
    loss = module_of(config_of("loss.alpha=inverse_frequency"), alone, None, [rare]).loss.main
    assert loss.alpha.tolist() == [[pytest.approx(4)], [pytest.approx(4 / 7)]]


@pytest.mark.parametrize(("model", "judged"), [("conv_lstm", 96 // 16), ("cnn_lstm", 96 // 8)])
def test_only_what_is_learned_from_is_shifted(model, judged):
    settings = {"window": 16, "val_stride": 8}
    config = Config.parse({"model": {"name": model}, "training": settings})
    training, validation = (each.dataset for each in loaders(config, TRAIN, VAL))
    first, again = pieces_of(training, 0), pieces_of(training, 1)
    assert first.shape != again.shape or not torch.equal(first, again)
    torch.testing.assert_close(pieces_of(validation, 0), pieces_of(validation, 1))
    assert len(validation) == judged
    # Of 96 frames, stretches of 16 that begin anywhere cut seven, but for once in 16 times.
    assert training.epoch_length == (2 * 96 if model == "cnn_lstm" else 14)


def pieces_of(dataset, epoch):
    dataset.start_epoch((0, epoch), dataset.epoch_length)
    return dataset.__getitems__(list(range(len(dataset)))).x
