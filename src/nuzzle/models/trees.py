"""Gradient-boosted trees on the features of single frames (Ke et al. 2017, LightGBM)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from nuzzle.errors import ConfigError, optional_package
from nuzzle.models.base import Model, unknown_option

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


#: What `model.options` may say, by LightGBM's main names: it takes unknown ones for comments, and
#: of two names for one thing it takes the main one.
OPTIONS = frozenset(
    [
        *DEFAULTS,
        # how it computes
        *("seed", "num_threads", "device_type", "force_col_wise", "bin_construct_sample_cnt"),
        # what a tree may be
        *("max_depth", "max_bin", "min_data_in_bin", "min_sum_hessian_in_leaf"),
        *("min_gain_to_split", "max_delta_step", "path_smooth", "lambda_l1", "lambda_l2"),
        # what it sees
        *("extra_trees", "feature_fraction_bynode", "data_sample_strategy"),
        # how trees add up
        *("boosting", "drop_rate", "max_drop", "skip_drop", "top_rate", "other_rate"),
    ]
)


#: LightGBM's names of what nuzzle's configuration says elsewhere.
_ELSEWHERE = {
    **dict.fromkeys(("num_iterations", "n_estimators", "num_boost_round"), "training.epochs"),
    **dict.fromkeys(("is_unbalance", "scale_pos_weight", "class_weight"), "loss.alpha"),
    **dict.fromkeys(("objective", "num_class"), "labels.mode"),
}


def lightgbm() -> Any:
    """The package lightgbm.

    Raises:
        MissingDependencyError: it is not installed.
    """
    return optional_package("lightgbm", "The model 'trees'")


class Trees(Model):
    """Boosters of LightGBM, each of which sees one frame, with what features say of its context."""

    learns_by_epoch: ClassVar[bool] = False
    name = "trees"
    features = None

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuse what LightGBM would not heed, with the nearest that it knows."""
        lightgbm()
        for name in options:
            if name not in OPTIONS:
                if elsewhere := _ELSEWHERE.get(str(name)):
                    raise ConfigError(
                        f"The model 'trees' takes {name!r} from {elsewhere}: set that."
                    )
                raise unknown_option("trees", name, OPTIONS)

    def default(self, option: str) -> Any:
        """What nuzzle gives LightGBM; the rest it knows itself."""
        return DEFAULTS.get(option)


TREES = Trees()
