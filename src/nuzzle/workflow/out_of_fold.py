"""Results of a cross-validation: what is said of each recording by a model that has not seen it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from nuzzle.inference.bundle import Bundle
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import Run
from nuzzle.outputs.results import ResultsWriter, writing
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.calibration import Judgement
from nuzzle.workflow.frames import as_frames, separate_own


def writing_out_of_fold(
    directory: str | Path | None, space: LabelSpace, command: str, *, overwrite: bool
) -> AbstractContextManager[ResultsWriter | None]:
    """A writer of results, of which the bundle is not known yet; None where none are asked for.

    Raises:
        OutputError: the directory holds something else, or cannot be written to.
    """
    if directory is None:
        return nullcontext()
    run = Run(
        kind="evaluation",
        behaviours=space.names,
        background=space.background,
        exclusive=space.exclusive,
        directed=space.directed,
        command=command,
        out_of_fold=True,
    )
    return writing(directory, run, overwrite=overwrite)


def write_out_of_fold(
    writer: ResultsWriter, bundle: Bundle, recordings: Sequence[Recording], judged: Judgement
) -> None:
    """Write what was judged, recording by recording, and the figures."""
    writer.run = replace(writer.run, bundle=bundle.to_dict())
    found: dict[str, list[PairFrames]] = defaultdict(list)
    for pair, unsure in zip(judged.pairs, judged.unsure, strict=True):
        found[pair.recording].append(as_frames(pair, unsure))
    for recording in recordings:
        if pairs := found[recording.name]:
            writer.add(
                recording, separate_own(bundle.space, pairs), notes=tuple(recording.all_notes)
            )
        else:
            reason = "nothing was looked for in it that the model of its fold has learned"
            writer.fail(recording.name, reason, poses=recording.source, lab=recording.lab)
    writer.finish(judged.evaluation.to_dict())
