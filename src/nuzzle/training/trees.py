"""Gradient-boosted trees on the features of single frames (Ke et al. 2017, LightGBM)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nuzzle.config import Config
from nuzzle.errors import ConfigError, MissingDependencyError, TrainingError
from nuzzle.training.targets import LabelSpace
from nuzzle.training.windows import Sample

#: What LightGBM is given where `model.options` say nothing else.
DEFAULTS: dict[str, Any] = {
    "num_leaves": 15,
    "learning_rate": 0.05,
    "feature_fraction": 0.1,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "min_data_in_leaf": 100,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


def lightgbm() -> Any:
    """The package lightgbm.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import lightgbm as package
    except ImportError as error:
        raise MissingDependencyError("lightgbm", "trees", "The model 'trees'") from error
    return package


def fit_trees(
    config: Config,
    space: LabelSpace,
    train: Sequence[Sample],
    progress: Callable[[str], None] = lambda name: None,
) -> list[Any]:
    """Train one set of trees for exclusive behaviours, or one for each otherwise.

    Frames are drawn at random, `training.epoch_windows` of them; neighbours are nearly the same.
    Rare classes weigh more, by the square root of their inverse frequency. A frame whose class is
    not known, or in which a behaviour was not looked for, takes no part.

    Args:
        config: `training.epochs` is the number of trees of each class.
        space: the behaviours.
        train: pairs to learn from; missing values stay missing.
        progress: is told the name of what is learned next.

    Returns:
        LightGBM boosters: one if exclusive, else one a behaviour.

    Raises:
        MissingDependencyError: LightGBM is not installed.
        TrainingError: nothing was observed.
        ConfigError: LightGBM does not know one of `model.options`.
    """
    x, active, observed = _rows(train, config.training.epoch_windows, config.training.seed)
    settings = {**DEFAULTS, "seed": config.training.seed, **config.model.options}
    boosters = []
    if space.exclusive:
        progress(", ".join(space.names))
        known = active.any(axis=1)
        settings |= {"objective": "multiclass", "num_class": len(space.names)}
        boosters.append(_boost(x[known], active[known].argmax(1), settings, config))
    for column, name in enumerate([] if space.exclusive else space.names):
        progress(name)
        seen = observed[:, column]
        binary = {**settings, "objective": "binary"}
        boosters.append(_boost(x[seen], active[seen, column].astype(int), binary, config))
    return boosters


def _rows(
    samples: Sequence[Sample], count: int | None, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Features and targets of frames drawn at random, in their order."""
    usable = [np.flatnonzero(each.targets.observed.any(axis=1)) for each in samples]
    total = sum(len(frames) for frames in usable)
    if not total:
        raise TrainingError("No frame of the training recordings was observed.")
    share = min(1.0, (count or total) / total)
    rng = np.random.default_rng(seed)
    x, active, observed = [], [], []
    for sample, frames in zip(samples, usable, strict=True):
        chosen = np.sort(rng.choice(frames, round(share * len(frames)), replace=False))
        x.append(sample.features[chosen].numpy())
        active.append(sample.targets.active[chosen])
        observed.append(sample.targets.observed[chosen])
    return np.concatenate(x), np.concatenate(active), np.concatenate(observed)


def _boost(
    x: NDArray[np.float32], y: NDArray[Any], settings: dict[str, Any], config: Config
) -> Any:
    package = lightgbm()
    classes, counts = np.unique(y, return_counts=True)
    weight = dict(zip(classes, np.sqrt(len(y) / counts), strict=True))
    data = package.Dataset(x, y, weight=np.array([weight[each] for each in y]))
    try:
        return package.train(settings, data, num_boost_round=config.training.epochs)
    except package.basic.LightGBMError as error:
        raise ConfigError(f"LightGBM refuses model.options: {error}") from error
