from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from nuzzle.evaluation import ScoredPair
from nuzzle.labels import Pair

CLASSES = {"a": "attack", "m": "mount", ".": "other"}
NAMES = tuple(CLASSES.values())


def one_hot(text: str) -> np.ndarray:
    """``"aa."`` -> attack, attack, other."""
    return np.array([[letter == column for column in CLASSES] for letter in text])


@pytest.fixture
def scored() -> Callable[..., ScoredPair]:
    """A pair from two strings of one letter a frame; ``-`` in `unobserved` marks frames to skip."""

    def make(
        truth: str,
        predicted: str,
        *,
        recording: str = "one",
        group: str = "",
        fps: float = 10.0,
        pair: Pair = Pair("black", "white"),  # noqa: B008
        unobserved: Sequence[int] = (),
        probability: Any = None,
        **attributes: Any,
    ) -> ScoredPair:
        observed = np.ones((len(truth), 3), dtype=bool)
        observed[list(unobserved)] = False
        if probability is None:
            probability = one_hot(predicted) * 0.8 + 0.1
        return ScoredPair(
            recording=recording,
            group=group,
            pair=pair,
            fps=fps,
            behaviours=NAMES,
            background=attributes.pop("background", "other"),
            exclusive=attributes.pop("exclusive", True),
            truth=attributes.pop("truth_mask", one_hot(truth)),
            observed=observed,
            predicted=one_hot(predicted),
            probability=np.asarray(probability, dtype=np.float32),
            **attributes,
        )

    return make


@pytest.fixture
def attacks(scored: Callable[..., ScoredPair]) -> Callable[..., list[ScoredPair]]:
    """Recordings of ten frames, the first five of them attack, from what was predicted of each."""

    def make(*predicted: str) -> list[ScoredPair]:
        return [
            scored("aaaaa.....", each, recording=f"r{number}")
            for number, each in enumerate(predicted)
        ]

    return make
