from __future__ import annotations

import numpy as np
import pytest

from nuzzle.errors import InputError
from nuzzle.prepare.body_length import ToBodyLengths
from nuzzle.prepare.pipeline import Pipeline
from nuzzle.prepare.units import ToCentimetres
from nuzzle.recording import Recording

STEP = ToBodyLengths("nose", "tail")


def bodies(lengths: list[float]) -> Recording:
    """Two animals along x; the nose is so far from the tail, frame by frame, of both."""
    position = np.zeros((len(lengths), 2, 2, 2), dtype=np.float32)
    position[:, 0, 0] = np.asarray(lengths)[:, None]
    position += 100
    return Recording.from_arrays(
        "test", position, keypoints=["nose", "tail"], individuals=["a", "b"], fps=30.0
    )


def test_the_median_length_becomes_one() -> None:
    recording = bodies([10, 20, 200])
    scaled = STEP(recording)
    assert scaled.unit == "bl"
    np.testing.assert_allclose(scaled.position, recording.position / 20)
    assert scaled.history == ("px to body lengths of 20 px (nose to tail)",)
    assert STEP(scaled) is scaled
    assert recording.unit == "px"


def test_frames_without_a_nose_do_not_count() -> None:
    recording = bodies([10, 20, 200, 300])
    recording.position[2:, :, 0] = np.nan
    np.testing.assert_allclose(STEP(recording).position, recording.position / 15)


def test_a_pipeline_saves_it() -> None:
    pipeline = Pipeline((STEP,))
    assert Pipeline.from_dict(pipeline.to_dict()) == pipeline


def test_bodies_that_cannot_be_measured_are_said() -> None:
    recording = bodies([10])
    recording.position[:, :, 0] = np.nan
    with pytest.raises(InputError, match=r"'nose' and 'tail' are never apart"):
        STEP(recording)
    with pytest.raises(InputError, match="no keypoint 'snout'"):
        ToBodyLengths("snout", "tail")(recording)


def test_body_lengths_do_not_become_cm() -> None:
    with pytest.raises(InputError, match="only pixels become cm"):
        ToCentimetres()(STEP(bodies([10])))
