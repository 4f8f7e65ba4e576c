"""A results directory: what `nuzzle evaluate` and `nuzzle predict` leave behind.

::

    DIR/
      results.json        what was run, with which bundle, and how each recording fared
      frames/NAME.parquet probabilities and decisions, frame by frame
      bouts.csv           predicted bouts of all recordings
      truth_bouts.csv     the annotator's bouts (evaluation)
      time_budget.csv     how often, how long, how soon
      check.csv           stretches of doubtful frames, longest first
      metrics.json        how good the predictions are (evaluation)
      attention.json      which frames the model looked at (where it can say)
      report.html         written by `nuzzle report`
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson
import pandas as pd

import nuzzle
from nuzzle.errors import FormatError, InputError, OutputError, listed
from nuzzle.files import existing_file, write_text
from nuzzle.outputs.frames import PairFrames, read_frames
from nuzzle.outputs.tables import BOUT_FILE_COLUMNS, BUDGET_COLUMNS, WRITE_AGAIN, read_csv, typed
from nuzzle.recording import Recording

FORMAT = "nuzzle-results"
VERSION = 1
Kind = Literal["evaluation", "prediction"]


@dataclass(frozen=True)
class RecordingEntry:
    """How one recording fared.

    Attributes:
        name: of the recording.
        group: animal or session.
        lab: who recorded it.
        poses: the file that the poses came from.
        status: ``done`` or ``failed``.
        reason: why it failed.
        n_frames: its length.
        fps: frames per second.
        start_frame: where in the video it begins, frames; 0 is the first. All that is written of it
            counts in the frames of the video.
        pairs: (agent, target) of each pair that was predicted.
        observed_frames: for each pair, the frames in which an annotator looked for anything.
        doubtful: fraction of its frames whose certainty is below `DOUBTFUL`; None if all mute.
        unsure: fraction of its frames whose set of possible behaviours is not what was decided; of
            frames and behaviours where several may go on. None where the model has no sets.
        history: preparation steps, in order.
        notes: what had to be mended or left out.
        seconds: what the computation took.
        file: of its frames, relative to the directory.
        made_of: stands for its poses and what was said of them.
    """

    name: str
    group: str = ""
    lab: str = ""
    poses: str = ""
    status: str = "done"
    reason: str = ""
    n_frames: int = 0
    fps: float = 0.0
    start_frame: int = 0
    pairs: tuple[tuple[str, str], ...] = ()
    observed_frames: tuple[int, ...] = ()
    doubtful: float | None = None
    unsure: float | None = None
    history: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    file: str = ""
    made_of: str = ""

    @classmethod
    def of(
        cls,
        recording: Recording,
        *,
        history: Sequence[str] = (),
        notes: Sequence[str] = (),
        seconds: float = 0.0,
        made_of: str = "",
    ) -> RecordingEntry:
        """What is known of a recording before its results are written.

        Args:
            recording: as it was read; predictions are on its frames, tables count in the video's.
            history, notes, seconds, made_of: as the attributes.
        """
        return cls(
            name=recording.name,
            group=recording.group,
            lab=recording.lab,
            poses=_absolute(recording.source),
            n_frames=recording.n_frames,
            fps=recording.require_fps(),
            start_frame=recording.start_frame,
            history=tuple(history),
            notes=tuple(notes),
            seconds=round(seconds, 3),
            made_of=made_of,
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RecordingEntry:
        """From JSON."""
        plain = _known(cls, values)
        plain["pairs"] = tuple((str(pair[0]), str(pair[1])) for pair in plain.get("pairs", ()))
        return cls(**plain)

    @property
    def duration_s(self) -> float:
        return self.n_frames / self.fps if self.fps else 0.0

    @property
    def start_s(self) -> float:
        """Where in the video it begins, s."""
        return self.start_frame / self.fps if self.fps else 0.0

    @property
    def alone(self) -> int:
        """How many of its pairs are an animal with itself."""
        return sum(agent == target for agent, target in self.pairs)


def _absolute(source: str) -> str:
    """The path of a file, from wherever a run is taken up; other words as they are."""
    there = source and os.access(source, os.R_OK)
    return os.path.realpath(source) if there else source


@dataclass(frozen=True)
class Run:
    """What one results directory is of.

    Attributes:
        kind: ``evaluation`` or ``prediction``.
        behaviours: names of the probability columns, in order; the background among them.
        background: name of the class "none of the others", or None.
        exclusive: whether one behaviour of a pair goes on at a time.
        directed: whether agent and target mean something.
        command: as typed.
        bundle: what is known of the classifier.
        notes: warnings that concern all recordings.
        out_of_fold: whether each recording was labelled by a model that had not seen it, in place
            of the bundle.
        created: ISO 8601 time.
        nuzzle: the version that wrote it.
    """

    kind: Kind
    behaviours: tuple[str, ...]
    background: str | None = None
    exclusive: bool = True
    directed: bool = True
    command: str = ""
    bundle: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    out_of_fold: bool = False
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    nuzzle: str = nuzzle.__version__

    def __post_init__(self) -> None:
        if self.background is not None and self.background not in self.behaviours:
            raise InputError(
                f"the background {self.background!r} is not among the classes "
                f"{list(self.behaviours)}."
            )

    @property
    def scored(self) -> tuple[str, ...]:
        """The behaviours without the background."""
        return tuple(name for name in self.behaviours if name != self.background)

    @property
    def roles(self) -> tuple[str, str]:
        """What the two of a pair are called at the head of a table."""
        return ("agent", "target") if self.directed else ("animal", "other")

    def who(self, agent: str, target: str) -> str:
        """A pair in words."""
        if agent == target:
            return f"{agent} (itself)"
        return f"{agent} → {target}" if self.directed else f"{agent} and {target}"


@dataclass(frozen=True, eq=False)
class Results:
    """A results directory, read. Frames are read when asked for: there may be many.

    Attributes:
        directory: where it is.
        run: what it is of.
        recordings: in the order they were worked on.
        finished: false if the command was interrupted.
        bouts: table with `BOUT_FILE_COLUMNS`.
        truth_bouts: the annotator's, in an evaluation.
        time_budget: table with `BUDGET_COLUMNS`.
        metrics: of an evaluation, as `Evaluation.to_dict` gives them.
        attention: attention over time of chosen bouts.
    """

    directory: Path
    run: Run
    recordings: tuple[RecordingEntry, ...]
    finished: bool
    bouts: pd.DataFrame
    truth_bouts: pd.DataFrame | None
    time_budget: pd.DataFrame
    metrics: Mapping[str, Any] | None
    attention: tuple[Mapping[str, Any], ...]

    @property
    def done(self) -> tuple[RecordingEntry, ...]:
        return tuple(entry for entry in self.recordings if entry.status == "done")

    @property
    def failed(self) -> tuple[RecordingEntry, ...]:
        return tuple(entry for entry in self.recordings if entry.status == "failed")

    def frames(self, entry: RecordingEntry) -> list[PairFrames]:
        """The predictions of one recording, frame by frame."""
        return read_frames(self.directory / entry.file)


def read_results(directory: str | Path) -> Results:
    """Read a results directory.

    Raises:
        InputError: there is no such directory, or nuzzle did not write it.
        FormatError: its index is damaged, or of a later version; or a table of it is changed.
    """
    root = Path(directory)
    if not (root / "results.json").exists():
        raise InputError(
            f"{root} is not a results folder: it has no results.json. "
            "`nuzzle evaluate`, `nuzzle predict` and `nuzzle crossval --results` write such ones."
        )
    index = read_index(root)
    bouts, truth, budget = (
        root / name for name in ("bouts.csv", "truth_bouts.csv", "time_budget.csv")
    )
    metrics, attention = root / "metrics.json", root / "attention.json"
    recordings = tuple(RecordingEntry.from_dict(entry) for entry in index["recordings"])
    done = [entry.name for entry in recordings if entry.status == "done"]
    run = read_run(index)
    known = {"recording": done, "behaviour": run.scored}
    return Results(
        directory=root,
        run=run,
        recordings=recordings,
        finished=bool(index["finished"]),
        bouts=_table(bouts, BOUT_FILE_COLUMNS, known),
        truth_bouts=_table(truth, BOUT_FILE_COLUMNS, known) if truth.exists() else None,
        time_budget=_table(budget, BUDGET_COLUMNS, known),
        metrics=_read_json(metrics) if metrics.exists() else None,
        attention=tuple(_read_json(attention)) if attention.exists() else (),
    )


def _table(
    path: Path, columns: Mapping[str, Any], known: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """The rows of a table, with no other names in its columns than are known; none without it."""
    if not path.exists():
        return typed([], columns)
    table = read_csv(path, columns)
    for column, names in known.items():
        if others := sorted({*table[column]}.difference(names)):
            raise FormatError(
                path,
                f"the column {column} has {listed([*map(repr, others)])}, and there are results of "
                f"{listed([*map(repr, names)]) or 'nothing'} only, as results.json says.",
                mend=WRITE_AGAIN,
            )
    return table


def index_of(path: Path, format_: str = FORMAT) -> Literal["ours", "another's", "lost"]:
    """Whose the index of a folder is; lost is one that is not there or cannot be read."""
    try:
        index = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return "lost"
    ours = isinstance(index, dict) and index.get("format") == format_
    return "ours" if ours else "another's"


def are_finished(directory: Path) -> bool:
    """Whether a folder holds results that were written to their end."""
    ours = index_of(directory / "results.json") == "ours"
    return ours and bool(read_index(directory).get("finished"))


def spare_foreign(directory: Path, what: str, written: Sequence[Path]) -> None:
    """Refuse a folder that somebody else filled, where files in it have names of ours.

    Args:
        directory, what: the folder; what of nuzzle's it does not hold.
        written: files of the names that nuzzle writes.

    Raises:
        OutputError: one of them is there.
    """
    if in_the_way := [str(path) for path in written if path.exists()]:
        raise OutputError(
            f"{directory} holds no {what} of nuzzle, and what nuzzle writes has the name "
            f"of files in it: {listed(in_the_way)}. Choose a new folder."
        )


def read_index(root: Path) -> dict[str, Any]:
    """The checked contents of `results.json`."""
    path = root / "results.json"
    index = _read_json(path)
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise FormatError(path, f'a JSON object with "format": "{FORMAT}" was expected.')
    if index.get("version") != VERSION:
        raise FormatError(
            path,
            f"version {VERSION} was expected, got {index.get('version')!r}.",
            mend="Update nuzzle, or write the results again.",
        )
    return index


def read_run(index: Mapping[str, Any]) -> Run:
    """The `Run` that an index describes."""
    return Run(**_known(Run, index))


def _known(cls: type[RecordingEntry | Run], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a class' attributes, from JSON; keys of later versions are passed over."""
    known = {one.name for one in fields(cls)}
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in values.items()
        if key in known
    }


def _read_json(path: Path) -> Any:
    existing_file(path, "JSON file")
    try:
        return orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise FormatError(path, f"this is not JSON ({error}).") from error


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically; numpy values are plain numbers, NaN is null."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    write_text(path, orjson.dumps(value, option=options).decode() + "\n")
