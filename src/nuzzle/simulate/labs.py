"""Labs that differ in what they track, how often, and what they look for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle.skeleton import MOUSE7_KEYPOINTS


class Lab(NamedTuple):
    """How a lab records and labels.

    Attributes:
        lab_id: its name in the tree of MABe.
        fps: frames per second.
        px_per_cm: scale of its pictures.
        points: keypoint -> those of `MOUSE7_KEYPOINTS` whose mean it is.
        occurring: occasional behaviours that its animals show; drawn a recording, if empty.
        looked_for: what it labels; what was drawn, if empty.
    """

    lab_id: str
    fps: float
    px_per_cm: float
    points: dict[str, tuple[str, ...]]
    occurring: tuple[str, ...] = ()
    looked_for: tuple[str, ...] = ()

    @property
    def keypoints(self) -> tuple[str, ...]:
        return tuple(self.points)

    def seen(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The lab's keypoints, `(..., keypoint, 2)`, from the seven of `MOUSE7_KEYPOINTS`."""
        index = MOUSE7_KEYPOINTS.index
        means = [
            sum(points[..., index(name), :] for name in of) / len(of) for of in self.points.values()
        ]
        return np.stack(means, axis=-2)


def _same(*names: str) -> dict[str, tuple[str, ...]]:
    return {name: (name,) for name in names}


#: Keypoints and frame rate of CalMS21; what is looked for differs between its recordings.
CALMS21_LAB = Lab("CalMS21_task1", 30.0, 18.33, _same(*MOUSE7_KEYPOINTS))

#: The first is as CalMS21; the others exist only here.
LABS = (
    CALMS21_LAB,
    Lab(
        "Lab2",
        25.0,
        12.0,
        {
            **_same("nose", "ear_left", "ear_right"),
            "body_center": ("neck", "neck", "hip_left", "hip_right"),
            **_same("tail_base"),
        },
        occurring=("attack", "mount"),
        looked_for=("approach", "attack", "sniff"),
    ),
    Lab(
        "Lab3",
        50.0,
        15.0,
        {
            **_same("ear_left", "ear_right"),
            "head": ("ear_left", "ear_right", "nose"),
            **_same("tail_base"),
        },
        occurring=("mount", "intromit", "genitalgroom"),
        looked_for=("genitalgroom", "intromit", "mount", "sniffgenital"),
    ),
    Lab(
        "Lab4",
        15.0,
        9.0,
        {**_same("nose", "neck"), "body_center": ("neck", "hip_left", "hip_right")},
        occurring=("attack", "mount"),
        looked_for=("approach", "attack", "mount", "sniffgenital"),
    ),
)
