"""What is trained with where nobody says otherwise, as plain values.

The CNN-LSTM's values are the defaults of the configuration: those of its source document, but
for the smoothing: that decided on each frame by itself (``decoding.smooth_s=0``).
Relational features forget the animals' order for undirected labels.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from nuzzle.errors import ConfigError


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, section by section."""
    both = {
        key: merged(base[key], value)
        if isinstance(base.get(key), dict) and isinstance(value, dict)
        else value
        for key, value in over.items()
    }
    return {**base, **both}


#: Windows of features as they are.
NO_AUGMENTATION: dict[str, Any] = {
    "noise_std": 0.0,
    "jitter_frames": 0,
    "scale": None,
    "mixup_alpha": 0.0,
}
_SEQUENCE: dict[str, Any] = {
    "features": "relational",
    "prepare": {"max_gap_s": 1.0},
    "loss": {"gamma": 0.0, "alpha": "sqrt_inverse_frequency"},
    "augmentation": NO_AUGMENTATION,
    "training": {
        "window": 512,
        "batch_size": 16,
        "learning_rate": 0.002,
        "weight_decay": 0.01,
        "gradient_clip": 1.0,
        "schedule": "cycle",
        "epochs": 20,
        "early_stopping": False,
    },
}
PRESETS: dict[str, dict[str, Any]] = {
    "tcn": merged(_SEQUENCE, {"loss": {"smoothness": 0.15}}),
    "conv_lstm": _SEQUENCE,
    "transformer": merged(_SEQUENCE, {"model": {"options": {"frames_per_step": 2, "window": 32}}}),
    "graph": merged(_SEQUENCE, {"features": "nodes"}),
    "trees": {
        "features": "windowed",
        "prepare": {"max_gap_s": 1.0},
        "loss": {"gamma": 0.0, "alpha": "sqrt_inverse_frequency"},
        "augmentation": NO_AUGMENTATION,
        "training": {"epochs": 300, "early_stopping": False, "epoch_windows": 100_000},
    },
}
#: The members of an ensemble; trees only where LightGBM is installed.
MEMBERS = ("conv_lstm", "tcn", "transformer", "trees")


def model_name(values: Mapping[str, Any]) -> str:
    """Which model plain values ask for; '' if they do not say."""
    model = values.get("model")
    return str(model.get("name", "")) if isinstance(model, dict) else ""


def default_members() -> list[str]:
    """The members of an ensemble whose configuration names none."""
    return [name for name in MEMBERS if name != "trees" or find_spec("lightgbm")]


def complete_members(
    members: Sequence[Any] | Mapping[str, Any], common: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Each member's own values on top of the common ones, on top of its model's preset.

    Common `training` is not for trees, whose epochs are another thing. Seeds are not common: those
    of members of one model count up, so that no two are the same.

    Args:
        members: names of models, or sections with ``model.name``; perhaps by names of their own.
        common: sections that hold for all.

    Returns:
        By name; else that of the model, numbered from the second of a kind on.

    Raises:
        ConfigError: a member is not what it should be.
    """
    if not isinstance(members, (Sequence, Mapping)) or isinstance(members, str):
        raise ConfigError(f"ensemble.members is a list; got {members!r}.")
    named = members if isinstance(members, Mapping) else dict(enumerate(members, 1))
    found: dict[str, dict[str, Any]] = {}
    seen: Counter[str] = Counter()
    for key, each in (named or dict(enumerate(default_members(), 1))).items():
        own = {"model": {"name": each}} if isinstance(each, str) else each
        model = model_name(own) if isinstance(own, Mapping) else ""
        if model in ("", "ensemble"):
            raise ConfigError(
                f"Member {key} of the ensemble is the name of a model, or a section with "
                f"model.name, of another than 'ensemble'; got {each!r}."
            )
        training = {} if model == "trees" else common.get("training", {})
        shared = {**common, "training": {**training, "seed": seen[model]}}
        seen[model] += 1
        name = model if seen[model] == 1 else f"{model}-{seen[model]}"
        name = key if isinstance(key, str) else name
        if not re.fullmatch(r"[\w-]+", name):
            raise ConfigError(f"A member's name is of letters, digits, _ and -; got {name!r}.")
        found[name] = merged(merged(PRESETS.get(model, {}), shared), own)
    return found
