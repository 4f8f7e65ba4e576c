from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from nuzzle.errors import InputError
from nuzzle.prepare.body_length import ToBodyLengths
from nuzzle.prepare.confidence import DropUnsure
from nuzzle.prepare.gaps import FillGaps
from nuzzle.prepare.identity import RepairIdentity
from nuzzle.prepare.pipeline import STEPS, Pipeline
from nuzzle.prepare.rate import Resample
from nuzzle.prepare.skeleton import SelectKeypoints
from nuzzle.prepare.smoothing import MedianFilter
from nuzzle.prepare.units import ToCentimetres
from nuzzle.recording import Recording

EVERY = Pipeline(
    (
        DropUnsure(0.2),
        FillGaps(0.1),
        MedianFilter(0.1),
        ToCentimetres(),
        Resample(15.0),
        SelectKeypoints(("nose",)),
    )
)


def test_steps_run_in_order_and_leave_their_mark(recording_of: Callable[..., Recording]) -> None:
    given = recording_of([2, np.nan, 6], fps=10.0, px_per_cm=2.0)
    done = Pipeline((FillGaps(0.1), ToCentimetres()))(given)
    assert done.position[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert [text.split()[0] for text in done.history] == ["filled", "px"]


def test_every_step_survives_json(recording_of: Callable[..., Recording]) -> None:
    every = Pipeline((*EVERY.steps, RepairIdentity(), ToBodyLengths("nose", "tail_base")))
    assert {step.name for step in every.steps} == set(STEPS)
    assert Pipeline.from_dict(json.loads(json.dumps(every.to_dict()))) == every
    assert EVERY(recording_of(np.arange(40), px_per_cm=2.0)).fps == 15


@pytest.mark.parametrize(
    ("slip", "wrong"),
    [
        ({"max_gap_s": None}, "^max_gap_s: .* a valid number; got None$"),
        ({"max_gap_s": "0.5"}, "^FillGaps: max_gap_s is '0.5', which would be read as 0.5"),
        ({"max_gap_s": [1]}, r"^max_gap_s: .* a valid number; got \[1\]$"),
        ({"max_gap_s": -1}, "^max_gap_s: .* greater than or equal to 0; got -1$"),
        ({"max_gap_s": np.nan}, "^max_gap_s: .* 86400; got nan$"),
        ({"max_gap_s": np.inf}, "^max_gap_s: .* 86400; got inf$"),
        ({"max_gap": 1}, "^FillGaps: max_gap is not known"),
        ({"step": "median"}, "^window_s: Field required$"),
        ({"step": "median", "window_s": -0.1}, "^window_s: .* greater than or equal to 0"),
        ({"step": "resample", "fps": 0}, "^Resample: fps is a positive number .*; got 0.0"),
        ({"step": "drop_unsure", "threshold": -1}, "^DropUnsure: threshold .*; got -1.0"),
        ({"step": "select_keypoints", "keypoints": ["a", "a"]}, "^SelectKeypoints: .* different"),
        ({"step": "sharpen"}, r"^preparation step 2 is 'sharpen'; the steps are \['drop_unsure',"),
        ({"step": None}, "^preparation step 2 is None; the steps are"),
    ],
)
def test_a_step_that_cannot_be_is_refused_when_read(slip: dict[str, object], wrong: str) -> None:
    steps = [{"step": "to_cm"}, {"step": "fill_gaps", "max_gap_s": 0.5} | slip]
    with pytest.raises(InputError, match=wrong):
        Pipeline.from_dict({"steps": steps})


def test_nothing_is_nothing(recording_of: Callable[..., Recording]) -> None:
    given = recording_of([1])
    assert Pipeline()(given) is given
