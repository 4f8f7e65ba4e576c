from collections.abc import Callable

import numpy as np
import pytest

from nuzzle.evaluation import ScoredPair
from nuzzle.labels import Pair


@pytest.fixture
def scored() -> Callable[..., ScoredPair]:
    """A pair from truth and probability `(time, class)`; the last class is the background."""

    def make(truth, probability, *, recording="one", group="", fps=10.0, exclusive=True, **more):
        names = tuple(f"b{column}" for column in range(truth.shape[1]))
        decided = np.eye(len(names), dtype=bool)[np.argmax(probability, axis=1)]
        return ScoredPair(
            recording=recording,
            group=group,
            pair=Pair("black", "white"),
            fps=fps,
            behaviours=names,
            background=more.pop("background", names[-1] if exclusive else None),
            exclusive=exclusive,
            truth=truth,
            observed=more.pop("observed", np.ones_like(truth)),
            predicted=decided if exclusive else probability >= 0.5,
            probability=probability.astype(np.float32),
        )

    return make
