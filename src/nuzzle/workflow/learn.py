"""Learning: from recordings in memory to a bundle without figures."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import nuzzle
from nuzzle.config import Config
from nuzzle.copies import Seen
from nuzzle.decoding.bouts_rules import BoutRules
from nuzzle.decoding.decoder import Decoder
from nuzzle.decoding.smoothing import Smoothing
from nuzzle.errors import ConfigError, DivergedError, listed
from nuzzle.features.frontend import Frontend
from nuzzle.inference.bundle import Bundle, Member
from nuzzle.inference.classifier import Classifier, SequenceClassifier, WindowClassifier
from nuzzle.inference.trees import TreeClassifier
from nuzzle.labels import mask_to_intervals
from nuzzle.models import ARCHITECTURES, MODELS
from nuzzle.models.cnn_lstm import CNN_LSTM, LEAST_WINDOW
from nuzzle.models.device import device_name
from nuzzle.presets import NO_AUGMENTATION
from nuzzle.progress import Progress, Say
from nuzzle.recording import Recording
from nuzzle.training.labs import looked_for_by_lab
from nuzzle.training.samples import LabelledPair
from nuzzle.training.targets import LabelSpace
from nuzzle.training.trees import fit_trees
from nuzzle.workflow.auxiliary import auxiliary_space
from nuzzle.workflow.samples import label_pairs, measure

if TYPE_CHECKING:
    from nuzzle.training.fit import Trained

#: How wide probabilities are averaged where that follows the bouts: the standard deviation is this
#: share of the median bout, and at most so many seconds.
_BOUT_SHARE, _WIDEST_S = 0.1, 1.0
_LOSS_OF_NETWORKS = ("gamma", "smoothness", "logit_adjustment")
_NOTHING_TO_FIND = (
    "warning: none of the behaviours occurs in what the training stops early on: the epoch with "
    "the lowest loss there is kept, as F1 says nothing. Choose recordings that show them for val, "
    "or train without: --set training.early_stopping=false"
)


def check_models(config: Config) -> None:
    """Refuse what cannot be trained, before anything is read.

    Raises:
        ConfigError: there is no such model, or it is given features or options that it cannot take;
            or an ensemble has no members.
        MissingDependencyError: LightGBM is not installed.
    """
    if not isinstance(config, Config):
        raise ConfigError(
            "A Config was expected, as of Config.load(None, ['model.name=trees']) or "
            f"Config.load('study.yaml'); got {config!r}."
        )
    if not (members := config.members()):
        raise ConfigError(
            "The ensemble has no members. Config.load(None, ['model.name=ensemble']) gives it the "
            "usual ones; a Config made by hand has only what it was given."
        )
    for name, member in members.items():
        where = "" if member is config else f"Member {name!r} of the ensemble: "
        model = MODELS.get(member.model.name)
        if model is None:
            known = [*MODELS, *(["ensemble"] if member is config else [])]
            raise ConfigError(f"{where}there is no model {member.model.name!r}; there are {known}.")
        model.check_options(member.model.options)
        if model.name == CNN_LSTM.name and member.training.window < LEAST_WINDOW:
            raise ConfigError(
                f"{where}the model {model.name!r} learns from windows of {LEAST_WINDOW} frames or "
                f"more; training.window is {member.training.window}."
            )
        if model.features not in (None, member.features):
            raise ConfigError(
                f"{where}the model {model.name!r} needs the features {model.features!r}; got "
                f"{member.features!r}."
            )


def learn(
    recordings: dict[str, list[Recording]],
    space: LabelSpace,
    config: Config,
    work: Path,
    say: Say,
    progress: Progress | None = None,
) -> Bundle:
    """Train on recordings in memory.

    Args:
        recordings: `train`, and `val` to score each epoch on, which may be empty.
        space: the behaviours.
        config: of the training.
        work: folder of the checkpoints.
        say: is told what is going on.
        progress: is told after each epoch.

    Returns:
        A bundle without figures.

    Raises:
        DivergedError: the loss is not a number; it carries the best bundle so far, if any.
    """
    say(f"behaviours: {', '.join(space.names)}")
    auxiliary = _auxiliary(recordings["train"], space, config, say)
    frontend, pairs = label_pairs(recordings, space, config, auxiliary)
    if MODELS[config.model.name].learns_by_epoch:
        frontend, classifier, how = _fit_network(
            config, space, auxiliary, frontend, pairs, work, say, progress
        )
    else:
        classifier, how = _fit_trees(config, space, frontend, pairs["train"], say)
    bundle = Bundle(
        members=(Member(config.model.name, classifier, frontend, config),),
        space=space,
        config=config,
        decoder=configured_decoder(config, space, recordings["train"]),
        training={
            **_trained_on(recordings, space, pairs["train"]),
            "auxiliary": [] if auxiliary is None else list(auxiliary.names),
            **how,
        },
        provenance=_provenance(),
    )
    if how.get("stopped"):
        raise DivergedError(how["stopped"], bundle)
    return bundle


def _auxiliary(
    train: list[Recording], space: LabelSpace, config: Config, say: Say
) -> LabelSpace | None:
    """What a network learns beside its behaviours; None for nothing."""
    auxiliary = auxiliary_space(train, space, config)
    if auxiliary is None:
        return None
    if not MODELS[config.model.name].learns_by_epoch:
        say("trees do not use auxiliary labels: they share nothing between behaviours")
        return None
    having = sum(each.auxiliary is not None and len(each.auxiliary.observed) > 0 for each in train)
    say(f"learned beside: {', '.join(auxiliary.names)}, labelled in {having} of {len(train)}")
    return auxiliary


def _fit_network(
    config: Config,
    space: LabelSpace,
    auxiliary: LabelSpace | None,
    frontend: Frontend,
    pairs: dict[str, list[LabelledPair]],
    work: Path,
    say: Say,
    progress: Progress | None,
) -> tuple[Frontend, Classifier, dict[str, Any]]:
    """The frontend with its statistics, a trained network, and how its training went."""
    # Lightning takes seconds to import, which trees do without.
    from nuzzle.training.fit import best_by, fit, model_arguments

    # Poses that change have other features each epoch, which are in memory.
    folder = None if config.augmentation.of_poses else work
    frontend, samples = measure(frontend, pairs, folder, say)
    train, val, stopped = samples["train"], samples["val"], ""
    if config.training.early_stopping and val and best_by(val, space) == "val_loss":
        say(_NOTHING_TO_FIND)
    try:
        trained = fit(
            config, space, train, val, work, progress, auxiliary=auxiliary, frontend=frontend
        )
    except DivergedError as error:
        if error.best is None:
            raise
        trained, stopped = error.best, str(error)
    say(f"epoch {trained.best_epoch} is kept, after {trained.seconds:.0f} s on {device_name()}")
    if not stopped:
        _warn_of_overfitting(trained, say)
    windows = ARCHITECTURES[config.model.name].shape == "window"
    network = (WindowClassifier if windows else SequenceClassifier)(
        trained.model,
        config.model.name,
        model_arguments(config, train[0], space, auxiliary),
        config.training.window,
        space.exclusive,
        len(space.names),
    )
    return (
        frontend,
        network,
        {
            "best_epoch": trained.best_epoch,
            "history": trained.history,
            "seconds": round(trained.seconds, 1),
            "stopped": stopped,
        },
    )


def _fit_trees(
    config: Config,
    space: LabelSpace,
    frontend: Frontend,
    train: Sequence[LabelledPair],
    say: Say,
) -> tuple[Classifier, dict[str, Any]]:
    """The same for trees."""
    if idle := _of_networks(config):
        say(f"{listed(idle)}: trees take no part in this; they learn each frame once, as it is")
    began = time.perf_counter()
    boosters = fit_trees(
        config,
        space,
        train,
        lambda pair: frontend.feature_set(pair.require_poses()),
        say,
    )
    took = round(time.perf_counter() - began, 1)
    two_steps = space.exclusive and len(boosters) > 1
    background = space.background_column if two_steps else None
    trees = TreeClassifier(boosters, space.exclusive, background)
    return trees, {"best_epoch": config.training.epochs, "history": [], "seconds": took}


def _of_networks(config: Config) -> list[str]:
    """What is asked for, and does nothing for trees."""
    wanted = {
        "the augmentation of poses": config.augmentation.of_poses,
        **{f"augmentation.{n}": getattr(config.augmentation, n) for n in NO_AUGMENTATION},
        **{f"loss.{n}": getattr(config.loss, n) for n in _LOSS_OF_NETWORKS},
    }
    return [name for name, there in wanted.items() if there]


def _warn_of_overfitting(trained: Trained, say: Say) -> None:
    """Say where the loss on `val` had been half of what it is in the epoch that is kept."""
    so_far = trained.history[: trained.best_epoch]
    losses = [each["val_loss"] for each in so_far if "val_loss" in each]
    if losses and losses[-1] >= 2 * min(losses):
        say(
            f"warning: the loss on val was lowest in epoch {losses.index(min(losses)) + 1} "
            f"({min(losses):.2f}) and is {losses[-1]:.2f} in the one that is kept: the model has "
            "overfitted its training recordings and is overconfident. Label more, and compare "
            "with other models"
        )


def configured_decoder(config: Config, space: LabelSpace, train: Sequence[Recording]) -> Decoder:
    """From probabilities to bouts as a config says, before any tuning."""
    settings = config.decoding
    if settings.smooth_s == "bouts":
        bouts_s = space.median_bouts(train)
        widths_s = tuple(min(_BOUT_SHARE * bout_s, _WIDEST_S) for bout_s in bouts_s)
    else:
        widths_s = (settings.smooth_s,)
    return Decoder(
        space.names,
        space.exclusive,
        space.background,
        smoothing=Smoothing(widths_s),
        rules=BoutRules((settings.min_bout_s,), (settings.max_gap_s,)),
    )


def _trained_on(
    recordings: dict[str, list[Recording]],
    space: LabelSpace,
    train: Sequence[LabelledPair],
) -> dict[str, Any]:
    # Without direction, both orders of a pair may have been learned from; its labels count once.
    once = {
        (each.recording, each.pair if space.directed else frozenset(each.pair)): each
        for each in train
    }
    # What an animal does to itself stands in each of its pairs.
    of_agents = {(each.recording, each.pair.agent): each for each in once.values()}
    counts = {}
    for column, name in enumerate(space.names):
        counted = of_agents if name in space.own else once
        masks = [each.targets.active[:, column] for each in counted.values()]
        counts[name] = {
            "frames": sum(int(mask.sum()) for mask in masks),
            "bouts": sum(len(mask_to_intervals(mask)) for mask in masks),
        }
    return {
        "recordings": [each.name for each in recordings["train"]],
        "validation_recordings": [each.name for each in recordings["val"]],
        "groups": sorted({each.leak_group for each in recordings["train"]}),
        **Seen(recordings["train"]).to_dict(),
        "labs": looked_for_by_lab(recordings["train"], space.names),
        "unlearned": [name for name in space.behaviours if not counts[name]["frames"]],
        "one_way": _one_way(train, len(space.names)) if space.directed else [],
        "simulated": any(each.simulated for each in recordings["train"]),
        "frames": sum(each.n_frames for each in recordings["train"]),
        "behaviours": counts,
    }


def _one_way(train: Sequence[LabelledPair], n: int) -> list[str]:
    """The pairs that were labelled with `n` behaviours, in words, where never both orders were."""
    labelled = [each for each in train if each.targets.observed[:, :n].any()]
    looked = {(each.recording, each.pair) for each in labelled}
    if any((recording, pair.reversed) in looked for recording, pair in looked):
        return []
    return sorted({f"{pair.agent} → {pair.target}" for _, pair in looked})


def _provenance() -> dict[str, str]:
    return {
        "nuzzle": nuzzle.__version__,
        "torch": torch.__version__,
        "lightning": version("lightning"),
        "python": platform.python_version(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
