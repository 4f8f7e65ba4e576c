"""The unit that positions are brought to, from a config and what the recordings know."""

import numpy as np
import pytest

from nuzzle.config import Config
from nuzzle.features.frontend import Frontend
from nuzzle.recording import Recording

KEYPOINTS = ["nose", "body", "tail_base"]


def recording(px_per_cm=None):
    """Two animals of 40 px, 100 px apart."""
    position = np.zeros((30, 2, 3, 2), dtype=np.float32)
    position[:, 0, :, 0], position[:, 0, :, 1] = [40, 20, 0], [140, 120, 100]
    return Recording.from_arrays(
        "test",
        position,
        keypoints=KEYPOINTS,
        individuals=["a", "b"],
        fps=10.0,
        px_per_cm=px_per_cm,
    )


@pytest.mark.parametrize(
    ("features", "scales", "asked", "unit"),
    [
        ("relational", (5.0, 5.0), "auto", "cm"),
        ("relational", (5.0, None), "auto", "bl"),
        ("windowed_symmetric", (None, None), "auto", "bl"),
        ("engineered48", (5.0, None), "auto", "px"),
        ("engineered48", (5.0, None), "bl", "bl"),
        ("relational", (5.0, 5.0), "px", "px"),
    ],
)
def test_the_unit(features, scales, asked, unit):
    config = Config.parse({"features": features, "prepare": {"unit": asked}})
    recordings = [recording(scale) for scale in scales]
    frontend = Frontend.plan(recordings, config)
    assert frontend.unit == frontend.prepare(recordings[0]).unit == unit


def test_relational_features_in_body_lengths():
    given = recording()
    frontend = Frontend.plan([given], Config.parse({"features": "relational"}))
    prepared = frontend.prepare(given)
    values = frontend.raw(prepared, prepared.pairs[0])
    named = dict(zip((c.name for c in frontend.feature_set.columns), values.T, strict=True))
    assert named["centre_to_centre"].tolist() == pytest.approx([2.5] * 30)
    assert named["agent_nose_to_own_tail_base"].tolist() == pytest.approx([1.0] * 30)
    again = Frontend.from_dict(frontend.to_dict())
    assert again.unit == "bl" and again.pipeline == frontend.pipeline
