from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

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


def test_nothing_is_nothing(recording_of: Callable[..., Recording]) -> None:
    given = recording_of([1])
    assert Pipeline()(given) is given
