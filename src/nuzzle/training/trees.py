"""Learning trees: of which frames, in how many steps, and what each frame weighs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor

from nuzzle.config import Config
from nuzzle.errors import ConfigError, TrainingError
from nuzzle.models.trees import DEFAULTS, TREES, lightgbm
from nuzzle.progress import Say, log
from nuzzle.training.labs import hide_lab
from nuzzle.training.samples import LabelledPair
from nuzzle.training.targets import LabelSpace, Targets

#: Of a behaviour so many frames are drawn at least, or all that there are; of few frames a tenth.
_ENOUGH_ROWS = 1000


class Rows(NamedTuple):
    """Frames to learn from.

    Attributes:
        x: `(row, column)`, features and labs; NaN is missing.
        active: `(row, behaviour)` bool.
        observed: `(row, behaviour)` bool, what was looked for.
        weight: `(row,)`, less than 1 where more frames were drawn than of others.
    """

    x: NDArray[np.float32]
    active: NDArray[np.bool_]
    observed: NDArray[np.bool_]
    weight: NDArray[np.float64]


class Draw(NamedTuple):
    """Frames of one pair.

    Attributes:
        frames: `(row,)`, in their order.
        lab: `(row, lab)`, what they are told of their lab.
        weight: `(row,)`, as of `Rows`.
    """

    frames: NDArray[np.intp]
    lab: Tensor
    weight: NDArray[np.float64]


def fit_trees(
    config: Config,
    space: LabelSpace,
    train: Sequence[LabelledPair],
    features: Callable[[LabelledPair], Tensor],
    say: Say = log,
) -> list[Any]:
    """Train one set of trees for exclusive behaviours, or one for each otherwise.

    Frames are drawn at random, `training.epoch_windows` of them; neighbours are nearly the same.
    More are drawn of rare behaviours, and weigh less, so that these seem no more common than they
    are. Rare classes weigh more if `loss.alpha` says so. A frame whose class is not known takes no
    part, nor does a behaviour in frames in which nobody looked for it. What `in_two_steps` is
    learned by trees that say whether there is any behaviour, and others that say which.

    Args:
        config: `training.epochs` is the number of trees of each class.
        space: the behaviours.
        train: pairs to learn from.
        features: of one of them, `(time, feature)`; missing values stay missing. They are in memory
            while the frames that were drawn of this pair are taken.
        say: is told what is learned next, and where nothing was.

    Returns:
        LightGBM boosters: one if exclusive (two in two steps), else one a behaviour.

    Raises:
        MissingDependencyError: LightGBM is not installed.
        TrainingError: nothing was observed.
        ConfigError: LightGBM does not know one of `model.options`, or cannot take its value.
    """
    TREES.check_options(config.model.options)
    settings = {**DEFAULTS, "seed": config.training.seed, **config.model.options}
    fit = _fit_exclusive if space.exclusive else _fit_each
    boosters = fit(config, space, train, features, settings, say)
    if not any(booster.feature_importance().any() for booster in boosters):
        least = int(settings["min_data_in_leaf"] or 0)
        fewer = f", or allow fewer: --set model.options.min_data_in_leaf={least // 5 or 1}"
        say(
            "warning: the trees say the same of every frame: no split was found that leaves "
            f"{least} frames on each side. Label more{fewer if least > 1 else ''}"
        )
    return boosters


def _fit_each(
    config: Config,
    space: LabelSpace,
    train: Sequence[LabelledPair],
    features: Callable[[LabelledPair], Tensor],
    settings: dict[str, Any],
    say: Say,
) -> list[Any]:
    targets = [each.targets for each in train]
    ((x, active, observed, weight),) = _rows(train, [targets], features, config, exclusive=False)
    binary = {**settings, "objective": "binary"}
    # Sorted into bins once, for all behaviours that were looked for in every frame.
    whole = lightgbm().Dataset(x, free_raw_data=False)
    boosters = []
    for column, name in enumerate(space.names):
        say(f"trees of {name}")
        seen = observed[:, column] | ~observed[:, column].any()  # never looked for: never said
        y = active[seen, column].astype(int)
        if seen.all():
            whole.set_label(y).set_weight(_weights(y, weight, config))
            boosters.append(_train(whole, binary, config))
        else:
            boosters.append(_boost(x[seen], y, weight[seen], binary, config))
    return boosters


def _fit_exclusive(
    config: Config,
    space: LabelSpace,
    train: Sequence[LabelledPair],
    features: Callable[[LabelledPair], Tensor],
    settings: dict[str, Any],
    say: Say,
) -> list[Any]:
    names, column = list(space.names), space.background_column
    targets = [each.targets for each in train]
    boosters = []
    if column is not None and in_two_steps(config, space, targets):
        views = [targets, [_without(each, column) for each in targets]]
        both, rows = _rows(train, views, features, config, exclusive=True)
        say(f"trees of any behaviour against {space.background}")
        names = list(space.behaviours)
        binary = {**settings, "objective": "binary"}
        any_of_them = 1 - both.active[:, column]
        boosters.append(_boost(both.x, any_of_them, both.weight, binary, config))
    else:
        (rows,) = _rows(train, [targets], features, config, exclusive=True)
    say(f"trees of {', '.join(names)}")
    several = {**settings, "objective": "multiclass", "num_class": len(names)}
    boost = _boost if rows.observed.all() else partial(_boost_among, rows.observed)
    return [*boosters, boost(rows.x, rows.active.argmax(1), rows.weight, several, config)]


def in_two_steps(config: Config, space: LabelSpace, targets: Sequence[Targets]) -> bool:
    """Whether it is learned first if there is any behaviour, and then which.

    That is what `loss.kinds` asks for: trees that tell everything from everything at once spend
    their leaves on the background. Where labs looked for different behaviours it cannot be, since
    their backgrounds differ.
    """
    column = space.background_column
    if not config.loss.kinds or column is None or len(space.behaviours) < 2:
        return False
    alike = all(bool(each.observed[each.observed.any(axis=1)].all()) for each in targets)
    return alike and any(bool(np.delete(each.active, column, 1).any()) for each in targets)


def _without(targets: Targets, background: int) -> Targets:
    """The frames of the other classes, and the other classes alone."""
    active, observed = targets
    looked = observed & active.any(axis=1, keepdims=True) & ~active[:, [background]]
    return Targets(*(np.delete(mask, background, 1) for mask in (active, looked)))


def _rows(
    train: Sequence[LabelledPair],
    views: Sequence[Sequence[Targets]],
    features: Callable[[LabelledPair], Tensor],
    config: Config,
    *,
    exclusive: bool,
) -> list[Rows]:
    """Frames drawn at random, for each of several targets of the same pairs."""
    draws = [_draw(train, targets, config, exclusive=exclusive) for targets in views]
    parts: list[list[Rows]] = [[] for _ in views]
    for number, pair in enumerate(train):
        whole = features(pair)
        for part, targets, draw in zip(parts, views, draws, strict=True):
            chosen, lab, weight = draw[number]
            x = torch.cat([whole[chosen], lab], dim=1).numpy()
            active, observed = (mask[chosen] for mask in targets[number])
            part.append(Rows(x, active, observed, weight))
    return [Rows(*map(np.concatenate, zip(*part, strict=True))) for part in parts]


def _draw(
    train: Sequence[LabelledPair], targets: Sequence[Targets], config: Config, *, exclusive: bool
) -> list[Draw]:
    """Of each pair frames drawn at random.

    Of exclusive classes frames that have one, of others those of which anything is known.
    """
    known = [each.active if exclusive else each.observed for each in targets]
    usable = [np.flatnonzero(mask.any(axis=1)) for mask in known]
    total = sum(len(frames) for frames in usable)
    if not total:
        raise TrainingError("No frame of the training recordings was observed.")
    share = min(1.0, (config.training.epoch_windows or total) / total)
    rng = np.random.default_rng(config.training.seed)
    # What is rounded off in one goes to the next: many short ones would else give nothing.
    sizes = np.diff(np.rint(share * np.cumsum([0, *map(len, usable)])).astype(int))
    more = _more_of_rare(np.sum([each.counts for each in targets], axis=0), share, share * total)
    draws = []
    for pair, each, frames, size in zip(train, targets, usable, sizes, strict=True):
        chosen = np.zeros(len(each.active), dtype=bool)
        chosen[rng.choice(frames, size, replace=False)] = True
        weight = np.ones(len(chosen))
        if more.any():
            extra = np.max((each.active & each.observed) * more, axis=1)
            chosen[frames] |= rng.random(len(frames)) < extra[frames]
            weight = share / (share + (1 - share) * extra)
        rows = np.flatnonzero(chosen)
        lab = hide_lab(pair.lab.expand(len(rows), -1), config.labs.dropout, rng)
        draws.append(Draw(rows, lab, weight[rows]))
    return draws


def _more_of_rare(counts: NDArray[np.int64], share: float, rows: float) -> NDArray[np.float64]:
    """How probably a frame of each behaviour is drawn where chance left it out, `(behaviour,)`.

    Args:
        counts: frames of each behaviour.
        share: of all frames, which is drawn by chance; 0 is the answer where it brings enough.
        rows: how many frames that is.
    """
    wanted = np.minimum(1.0, min(_ENOUGH_ROWS, rows / 10) / counts.clip(min=1))
    return (wanted - share).clip(min=0) / max(1 - share, 1e-9)


def _boost(
    x: NDArray[np.float32],
    y: NDArray[Any],
    weight: NDArray[np.float64],
    settings: dict[str, Any],
    config: Config,
) -> Any:
    data = lightgbm().Dataset(x, y, weight=_weights(y, weight, config))
    return _train(data, settings, config)


def _boost_among(
    looked: NDArray[np.bool_],
    x: NDArray[np.float32],
    y: NDArray[Any],
    weight: NDArray[np.float64],
    settings: dict[str, Any],
    config: Config,
) -> Any:
    """The same for classes that were not looked for everywhere, `looked` `(frame, class)`.

    The softmax is over the classes that were looked for, as in `losses.FocalLoss`. With all of them
    it gives what LightGBM's own gives: the first trees start from how common each class is, where
    it was looked for, and the second derivative has LightGBM's factor.
    """
    package, n = lightgbm(), looked.shape[1]
    weight = _weights(y, weight, config)[:, np.newaxis]
    true = y[:, np.newaxis] == np.arange(n)
    common = (weight * true).sum(axis=0) / (weight * looked).sum(axis=0).clip(min=1)
    start = np.log(common.clip(min=1e-15))

    def objective(score: NDArray[Any], _: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        p = softmax(np.where(looked, score, -np.inf), axis=1)
        return (p - true) * weight, n / (n - 1) * p * (1 - p) * weight

    # Of few frames no column can be split. LightGBM's own objective takes that for constant trees.
    unfiltered = {"feature_pre_filter": False}
    data = package.Dataset(x, y, init_score=np.repeat(start, len(y)), params=unfiltered)
    booster = _train(data, {**settings, "objective": objective}, config)
    # Its text shall say the same as that of LightGBM's own, so that all are used alike.
    for tree, first in zip(booster.dump_model()["tree_info"][:n], start, strict=True):
        for leaf in range(tree["num_leaves"]):
            value = booster.get_leaf_output(tree["tree_index"], leaf)
            booster.set_leaf_output(tree["tree_index"], leaf, value + first)
    named = f"\nobjective=multiclass num_class:{n}\nfeature_names="
    text = booster.model_to_string().replace("\nfeature_names=", named, 1)
    return package.Booster(model_str=text)


def _weights(y: NDArray[Any], weight: NDArray[np.float64], config: Config) -> NDArray[np.float64]:
    """Of each row, by how it was drawn and by how rare its class is."""
    _, place = np.unique(y, return_inverse=True)
    rarity: NDArray[np.float64] = weight.sum() / np.bincount(place, weight)
    return weight * (rarity**config.loss.alpha_power)[place]


def _train(data: Any, settings: dict[str, Any], config: Config) -> Any:
    package = lightgbm()
    try:
        return package.train(settings, data, num_boost_round=config.training.epochs)
    except package.basic.LightGBMError as error:
        raise ConfigError(f"LightGBM refuses model.options: {error}") from error
