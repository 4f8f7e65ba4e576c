"""Writing a results directory, recording by recording.

Each recording's entry lives in the metadata of its own parquet file, which is written in one
stroke: a run that is killed leaves only whole recordings behind, and can be resumed from them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from nuzzle.alone import LOCK, alone_in
from nuzzle.errors import InputError, OutputError
from nuzzle.files import atomic_path, writable_folder
from nuzzle.outputs.check import doubtful_stretches, longest_first
from nuzzle.outputs.frames import (
    DOUBTFUL,
    PairFrames,
    are_frames,
    read_frames,
    read_meta,
    write_frames,
)
from nuzzle.outputs.index import (
    FORMAT,
    VERSION,
    RecordingEntry,
    Results,
    Run,
    index_of,
    read_index,
    read_results,
    read_run,
    spare_foreign,
    write_json,
)
from nuzzle.outputs.tables import (
    BOUT_FILE_COLUMNS,
    PairSpan,
    pair_bouts,
    time_budget,
    typed,
    write_csv,
)

_OWN_FILES = (
    "results.json",
    "bouts.csv",
    "truth_bouts.csv",
    "time_budget.csv",
    "check.csv",
    "metrics.json",
    "attention.json",
    "report.html",
)


@contextmanager
def writing(
    directory: str | Path, run: Run, *, overwrite: bool = False, resume: bool = False
) -> Iterator[ResultsWriter]:
    """A `ResultsWriter` of these arguments, while no other run writes the directory.

    Raises:
        OutputError: another does; or as a `ResultsWriter`.
    """
    with alone_in(Path(directory)):
        yield ResultsWriter(directory, run, overwrite=overwrite, resume=resume)


class ResultsWriter:
    """Writes a results directory, recording by recording; a killed run can be resumed.

    Args:
        directory: a new or empty folder.
        run: what is being run.
        overwrite: throw away the results that are there, once there is something to replace them.
            Files that are not nuzzle's stay; where one has the name of a result, it is refused.
        resume: go on with a directory of the same run; finished recordings are in `finished`.

    Attributes:
        begun: whether anything is written. Until then earlier results stay as they are.

    Raises:
        OutputError: the folder holds something else, or results of another run, or cannot be
            written to.
    """

    def __init__(
        self, directory: str | Path, run: Run, *, overwrite: bool = False, resume: bool = False
    ) -> None:
        self.directory = writable_folder(directory)
        self.run = run
        self._entries: dict[str, RecordingEntry] = {}
        self._tables: dict[str, tuple[pd.DataFrame, ...]] = {}  # predicted, true, to check
        self._spans: dict[str, list[PairSpan]] = {}
        if overwrite and resume:
            raise OutputError("--resume goes on and --overwrite begins anew: choose one of them.")
        occupied = any(path.name != LOCK for path in self.directory.iterdir())
        frames = [*(self.directory / "frames").glob("*.parquet")]
        index = index_of(self.directory / "results.json")
        lost = index == "lost" and any(map(are_frames, frames))
        ours = lost or index == "ours"
        if ours and not resume and not frames:
            overwrite = True  # nothing came of it
        if occupied and not ours:
            self._refuse_foreign(overwrite)
        if lost and not overwrite:
            raise OutputError(
                f"{self.directory} holds results whose index, results.json, is lost or damaged. "
                "Pass --overwrite to start again, or choose another folder."
            )
        if ours and not overwrite and not resume:
            self._refuse()
        self._replaces = occupied and overwrite
        self.begun = False
        if occupied and not overwrite:
            self._take_up()
        if not (ours and overwrite):
            self._begin()

    @property
    def finished(self) -> dict[str, RecordingEntry]:
        """The recordings that are done, by name."""
        return {name: one for name, one in self._entries.items() if one.status == "done"}

    def add(self, recording: RecordingEntry, pairs: Sequence[PairFrames]) -> RecordingEntry:
        """Write the predictions of one recording.

        Args:
            recording: what is known of it.
            pairs: at least one, each of the recording's length.
        """
        _check(recording, pairs, len(self.run.behaviours))
        entry = replace(
            recording,
            pairs=tuple((one.pair.agent, one.pair.target) for one in pairs),
            observed_frames=tuple(_observed(one) for one in pairs),
            doubtful=_doubtful(pairs, self.run.exclusive),
            unsure=_unsure(pairs),
            file=self._file(recording.name),
        )
        with atomic_path(self.directory / entry.file) as temporary:
            write_frames(
                temporary,
                pairs,
                self.run.behaviours,
                fps=entry.fps,
                start_frame=entry.start_frame,
                exclusive=self.run.exclusive,
                meta=asdict(entry),
            )
            self._begin(temporary)  # now there is something to replace earlier results
        self._keep(entry, pairs)
        return entry

    def note(self, name: str, note: str) -> None:
        """Add a note to a recording that is done."""
        before = self._entries[name]
        self._entries[name] = replace(before, notes=(*before.notes, note))

    def fail(self, name: str, reason: str, *, poses: str = "", lab: str = "") -> RecordingEntry:
        """Note that a recording could not be worked on, and why.

        An earlier result of it was made of other poses, or of other words about them, and is
        removed; the reason that is returned and written says so.
        """
        if (before := self._entries.get(name)) and before.file:
            (self.directory / before.file).unlink(missing_ok=True)
            reason = f"{reason.rstrip('.')}. Its earlier result, of something else, is removed."
        self._tables.pop(name, None)
        self._spans.pop(name, None)
        self._entries[name] = RecordingEntry(
            name, lab=lab, poses=poses, status="failed", reason=reason
        )
        return self._entries[name]

    def finish(
        self,
        metrics: Mapping[str, Any] | None = None,
        attention: Sequence[Mapping[str, Any]] | None = None,
    ) -> Results:
        """Write the tables and the index; return everything as it reads back.

        Where nothing could be done that would replace earlier results, those stay, and what is
        returned holds the failures alone.
        """
        if not self.begun:
            return self._failures()
        names = [name for name in self._entries if name in self._tables]
        predicted = _join([self._tables[name][0] for name in names])
        write_csv(predicted, self.directory / "bouts.csv")
        spans = [span for name in names for span in self._spans[name]]
        write_csv(time_budget(predicted, spans), self.directory / "time_budget.csv")
        write_csv(longest_first([self._tables[n][2] for n in names]), self.directory / "check.csv")
        if self.run.kind == "evaluation":
            truth = _join([self._tables[name][1] for name in names])
            write_csv(truth, self.directory / "truth_bouts.csv")
        if metrics is not None:
            write_json(self.directory / "metrics.json", metrics)
        if attention is not None:
            write_json(self.directory / "attention.json", list(attention))
        self._write_index(finished=True)
        return read_results(self.directory)

    def _refuse(self) -> None:
        resume = "--resume to go on with them, " if self.run.kind == "prediction" else ""
        raise OutputError(
            f"{self.directory} already holds results. Pass {resume}--overwrite to start again, "
            "or choose another folder."
        )

    def _refuse_foreign(self, overwrite: bool) -> None:
        """Refuse a folder that somebody else filled, but for writing beside what is there."""
        named = [self.directory / name for name in _OWN_FILES]
        frames = sorted((self.directory / "frames").glob("*.parquet"))
        spare_foreign(self.directory, "results", [*named, *frames])
        if not overwrite:
            raise OutputError(
                f"{self.directory} is not empty and holds no results of nuzzle. Choose a new "
                "folder, or pass --overwrite to write beside what is there."
            )

    def _begin(self, new: Path | None = None) -> None:
        """Throw earlier results away where that was asked for, and leave an index of this run.

        Args:
            new: the first file of this run, which stays.
        """
        if self.begun:
            return
        if self._replaces:
            self._clear(new)
        self._write_index(finished=False)
        self.begun = True

    def _failures(self) -> Results:
        none = _join([])
        return Results(
            directory=self.directory,
            run=self.run,
            recordings=tuple(self._entries.values()),
            finished=True,
            bouts=none,
            truth_bouts=None,
            time_budget=time_budget(none, []),
            metrics=None,
            attention=(),
        )

    def _clear(self, new: Path | None) -> None:
        for path in [*filter(are_frames, (self.directory / "frames").glob("*.parquet"))]:
            if path != new:
                path.unlink()
        for name in reversed(_OWN_FILES):  # the index last: it says whose the others are
            (self.directory / name).unlink(missing_ok=True)

    def _take_up(self) -> None:
        """Go on with what an earlier run has finished; what failed is tried again."""
        before = read_index(self.directory)
        theirs, mine = read_run(before), self.run
        same = ("kind", "behaviours", "background", "exclusive")
        differing = [name for name in same if getattr(theirs, name) != getattr(mine, name)]
        if orjson.dumps(before["bundle"], option=orjson.OPT_SORT_KEYS) != orjson.dumps(
            mine.bundle,
            option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS,
        ):
            differing.append("bundle")
        if differing:
            raise OutputError(
                f"{self.directory} holds results of another run, which differs in its "
                f"{' and '.join(differing)}. Choose another folder, or pass --overwrite to start "
                "again."
            )
        for path in sorted((self.directory / "frames").glob("[!.]*.parquet")):
            entry = RecordingEntry.from_dict(read_meta(path))
            self._keep(entry, read_frames(path))

    def _keep(self, entry: RecordingEntry, pairs: Sequence[PairFrames]) -> None:
        """Remember a finished recording: its entry, its bouts, what was looked for."""
        predicted, truth, spans = [], [], []
        names = self.run.behaviours
        for one in pairs:
            predicted.append(self._bouts_of(entry, one, one.predicted))
            if (annotated := one.annotated) is not None:
                truth.append(self._bouts_of(entry, one, annotated))
            looked_for = tuple(
                name
                for name, there in zip(names, one.looked_for, strict=True)
                if there and name != self.run.background
            )
            columns = [names.index(name) for name in looked_for]
            answered = np.isfinite(one.probability).sum(axis=0)[columns]
            doubts = () if one.unsure is None else (one.unsure & one.predicted).sum(axis=0)[columns]
            length = entry.n_frames, entry.fps
            counts = tuple(map(int, answered)), tuple(map(int, doubts))
            spans.append(
                PairSpan(entry.name, one.pair, looked_for, *length, *counts, entry.start_s)
            )
        self._entries[entry.name] = entry
        doubtful = doubtful_stretches(entry, pairs, self.run)
        self._tables[entry.name] = (_join(predicted), _join(truth), doubtful)
        self._spans[entry.name] = spans

    def _bouts_of(
        self, entry: RecordingEntry, one: PairFrames, active: NDArray[np.bool_]
    ) -> pd.DataFrame:
        return pair_bouts(
            entry.name,
            one.pair,
            active,
            one.probability,
            self.run.behaviours,
            fps=entry.fps,
            start_frame=entry.start_frame,
            background=self.run.background,
        )

    def _file(self, name: str) -> str:
        """A file name for a recording whose name may hold slashes or differ only in case."""
        safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:80]
        taken = {one.file.lower() for key, one in self._entries.items() if key != name}
        if safe != name or f"frames/{safe}.parquet".lower() in taken:
            safe = f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")
        return f"frames/{safe}.parquet"

    def _write_index(self, *, finished: bool) -> None:
        index = {"format": FORMAT, "version": VERSION, **asdict(self.run), "finished": finished}
        index["recordings"] = [asdict(entry) for entry in self._entries.values()]
        write_json(self.directory / "results.json", index)


def _join(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    if not filled:
        return typed([], BOUT_FILE_COLUMNS)
    return pd.concat(filled, ignore_index=True)


def _check(recording: RecordingEntry, pairs: Sequence[PairFrames], n_behaviours: int) -> None:
    shape = (recording.n_frames, n_behaviours)
    wrong = [str(one.pair) for one in pairs if one.probability.shape != shape]
    if wrong or not pairs:
        raise InputError(
            f"recording {recording.name!r}: predictions of at least one pair with the shape "
            f"{shape} were expected; wrong: {wrong or 'there is no pair'}."
        )


def _observed(one: PairFrames) -> int:
    return 0 if one.observed is None else int(one.observed.any(axis=1).sum())


def _doubtful(pairs: Sequence[PairFrames], exclusive: bool) -> float | None:
    certainty = np.concatenate([one.certainty(exclusive) for one in pairs])
    certainty = certainty[np.isfinite(certainty)]
    return float((certainty < DOUBTFUL).mean()) if len(certainty) else None


def _unsure(pairs: Sequence[PairFrames]) -> float | None:
    """Share of what was looked for; the columns of exclusive behaviours are all alike."""
    known = [(one.unsure, np.isfinite(one.answers)) for one in pairs if one.unsure is not None]
    n = sum(int(mask.sum()) for _, mask in known)
    return sum(int((unsure & mask).sum()) for unsure, mask in known) / n if n else None
