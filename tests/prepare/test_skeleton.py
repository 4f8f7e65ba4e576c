from __future__ import annotations

import numpy as np
import pytest

from nuzzle.errors import CompatibilityError, ConfigError
from nuzzle.prepare.skeleton import SelectKeypoints
from nuzzle.recording import Recording


def recording(*names: str) -> Recording:
    """x of keypoint k is k; its confidence is k / 10."""
    x = np.broadcast_to(np.arange(len(names))[None, None, :, None], (4, 2, len(names), 2))
    sure = np.broadcast_to(np.arange(len(names))[None, :, None] / 10, (4, len(names), 2))
    return Recording.from_arrays(
        "test", x, keypoints=names, individuals=["a", "b"], confidence=sure, fps=30.0, lab="here"
    )


def test_order_names_and_confidence_follow() -> None:
    chosen = SelectKeypoints(("tail_base", "nose"))(recording("Nose", "paw", "tailbase"))
    assert chosen.keypoints == ("tail_base", "nose")
    assert chosen.position[0, 0, :, 0].tolist() == [2, 0]
    np.testing.assert_allclose(chosen.confidence[0, :, 0], [0.2, 0])
    assert (chosen.fps, chosen.lab, chosen.individuals) == (30, "here", ("a", "b"))
    assert chosen.history == ("selected the keypoints tail_base, nose",)


def test_spellings_of_either_side_meet() -> None:
    chosen = SelectKeypoints(("leftear", "snout"))(recording("ear_left", "nose"))
    assert chosen.position[0, 0, :, 0].tolist() == [0, 1]


def test_a_name_as_it_stands_wins_over_a_synonym() -> None:
    chosen = SelectKeypoints(("snout", "tail_base"))(recording("nose", "snout", "tail_base"))
    assert chosen.position[0, 0, :, 0].tolist() == [1, 2]


def test_missing_keypoint_is_an_error_or_missing_in_every_frame() -> None:
    with pytest.raises(CompatibilityError, match=r"no keypoint \['neck'\]; it has"):
        SelectKeypoints(("nose", "neck"))(recording("nose", "tail"))
    chosen = SelectKeypoints(("nose", "neck"), allow_missing=True)(recording("nose", "tail"))
    assert chosen.present[:, 0].all() and not chosen.present[:, 1].any()
    assert "without a point: neck" in chosen.history[0]


def test_nothing_in_common_is_always_an_error() -> None:
    with pytest.raises(CompatibilityError):
        SelectKeypoints(("neck",), allow_missing=True)(recording("nose"))
    with pytest.raises(ConfigError):
        SelectKeypoints(("nose", "nose"))
