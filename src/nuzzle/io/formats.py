"""All formats that nuzzle reads, in the order in which a file is held against them.

A format that promises much goes before one that promises little: a table with a column of 0 and 1
could be many things, so SimBA's check comes last.
"""

from __future__ import annotations

from nuzzle.io import (
    bento,
    boris,
    boris_project,
    bouts_csv,
    calms21,
    caltech,
    deeplabcut,
    jabs,
    mabe,
    mabe_labels,
    simba,
    trackers,
    vassi,
)
from nuzzle.io.registry import LabelFormat, PoseFormat

POSE_FORMATS: tuple[PoseFormat, ...] = (
    calms21.FORMAT,
    mabe.FORMAT,
    *deeplabcut.FORMATS,
    jabs.FORMAT,
    *trackers.FORMATS,
)

LABEL_FORMATS: tuple[LabelFormat, ...] = (
    calms21.LABEL_FORMAT,
    mabe_labels.LABEL_FORMAT,
    caltech.FORMAT,
    bento.FORMAT,
    boris.FORMAT,
    boris.AGGREGATED,
    boris_project.FORMAT,
    vassi.FORMAT,
    bouts_csv.FORMAT,
    simba.FORMAT,
)
