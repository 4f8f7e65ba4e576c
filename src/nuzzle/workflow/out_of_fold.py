"""Results of a cross-validation: what is said of each recording by a model that has not seen it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from nuzzle.errors import OutputError
from nuzzle.inference.bundle import Bundle
from nuzzle.outputs.index import RecordingEntry, index_of, read_index
from nuzzle.outputs.results import ResultsWriter, writing
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.calibration import Judgement
from nuzzle.workflow.frames import run_of, write_judged
from nuzzle.workflow.work import work_of


@contextmanager
def writing_out_of_fold(
    directory: str | Path | None, out: Path, space: LabelSpace, command: str, *, overwrite: bool
) -> Iterator[ResultsWriter | None]:
    """A writer of results, of which the bundle is not known yet; None where none are asked for.

    What a run has left there that was killed is begun anew; where nothing comes of this one, it
    leaves nothing.

    Args:
        directory: of the results.
        out: the bundle, which is written beside.
        space, command, overwrite: as elsewhere.

    Raises:
        OutputError: the directory holds something else, or cannot be written to, or is needed for
            the bundle.
    """
    if directory is None:
        yield None
        return
    path = Path(directory).resolve()
    if {out.resolve(), work_of(out).resolve()} & {path, *path.parents}:
        raise OutputError(
            f"--results {directory}: {out} will be the bundle, and {work_of(out)} is where it is "
            "trained. Choose a folder of its own."
        )
    run = replace(run_of(space, "evaluation", command), out_of_fold=True)
    anew = overwrite or _was_killed(path)
    with writing(directory, run, overwrite=anew) as writer:
        try:
            yield writer
        except BaseException:
            if writer.begun and not writer.finished:
                (path / "results.json").unlink(missing_ok=True)
            raise


def _was_killed(directory: Path) -> bool:
    """Whether the results are those of a cross-validation that did not write them all."""
    if index_of(directory / "results.json") != "ours":
        return False
    index = read_index(directory)
    return bool(index.get("out_of_fold")) and not index.get("finished", True)


def write_out_of_fold(
    writer: ResultsWriter, bundle: Bundle, recordings: Sequence[Recording], judged: Judgement
) -> None:
    """Write what was judged, recording by recording, and the figures."""
    writer.run = replace(writer.run, bundle=bundle.to_dict())
    scored = {pair.recording for pair in judged.pairs}
    entries = [_entry(each, each.name in scored) for each in recordings]
    write_judged(writer, bundle.space, entries, judged)
    writer.finish(judged.evaluation.to_dict())


def _entry(recording: Recording, scored: bool) -> RecordingEntry:
    entry = RecordingEntry.of(recording, notes=recording.all_notes)
    if scored:
        return entry
    reason = "nothing was looked for in it that the model of its fold has learned"
    return replace(entry, status="failed", reason=reason)
