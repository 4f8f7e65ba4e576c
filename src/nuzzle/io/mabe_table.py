"""What ``train.csv`` of the MABe 2025 tree says about its recordings, and its parquets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nuzzle.errors import FormatError
from nuzzle.files import existing_file
from nuzzle.io.kept import parsed_once

#: The 38 columns of ``train.csv``, in order.
TRAIN_COLUMNS = (
    "lab_id",
    "video_id",
    *(
        f"mouse{number}_{what}"
        for number in range(1, 5)
        for what in ("strain", "color", "sex", "id", "age", "condition")
    ),
    "frames_per_second",
    "video_duration_sec",
    "pix_per_cm_approx",
    "video_width_pix",
    "video_height_pix",
    "arena_width_cm",
    "arena_height_cm",
    "arena_shape",
    "arena_type",
    "body_parts_tracked",
    "behaviors_labeled",
    "tracking_method",
)
_NEEDED = ("lab_id", "video_id", "frames_per_second", "behaviors_labeled")


class Action(NamedTuple):
    """Who does what to whom; what is done to oneself has the agent as its target."""

    agent: str
    target: str
    behaviour: str

    @property
    def submitted(self) -> tuple[str, str, str]:
        """As it stands in a submission and in ``behaviors_labeled``: the target is ``self``."""
        target = "self" if self.target == self.agent else self.target
        return self.agent, target, self.behaviour


@dataclass(frozen=True)
class Video:
    """One row of ``train.csv``.

    Attributes:
        video_id: name of its files.
        lab_id: name of their folder.
        lab: who recorded it; begins with "simulated" where nobody did.
        group: shared by all recordings of the lab that share animals.
        fps: frames per second.
        px_per_cm: pixels in a centimetre.
        duration_s: length in seconds, rounded.
        keypoints: that were tracked.
        looked_for: what the annotators looked for.
    """

    video_id: str
    lab_id: str
    lab: str
    group: str
    fps: float | None = None
    px_per_cm: float | None = None
    duration_s: float | None = None
    keypoints: tuple[str, ...] = ()
    looked_for: frozenset[Action] = frozenset()

    @property
    def mice(self) -> tuple[str, ...]:
        """The animals that the annotators looked at."""
        return tuple(sorted({name for action in self.looked_for for name in action[:2]}))

    def file(self, folder: Path) -> Path:
        """Where its file is in ``train_tracking`` or ``train_annotation``."""
        return folder / self.lab_id / f"{self.video_id}.parquet"


def mouse_name(value: object) -> str:
    """``mouse1`` for ``1``, ``1.0``, ``'mouse1'`` with stray quotes, and the like.

    >>> mouse_name(1), mouse_name("'mouse2'"), mouse_name("self")
    ('mouse1', 'mouse2', 'self')
    """
    name = str(value).strip(" '\"").removesuffix(".0")
    return f"mouse{name}" if name.isdigit() else name


def action(agent: object, target: object, behaviour: object) -> Action:
    """An action from the cells of a file."""
    who, whom = mouse_name(agent), mouse_name(target)
    return Action(who, who if whom == "self" else whom, str(behaviour).strip(" '\""))


def looked_for(text: object) -> frozenset[Action]:
    """Parse ``behaviors_labeled``: a JSON list of ``agent,target,action``, some in stray quotes.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(text, str) or not text.strip():
        return frozenset()
    entries = json.loads(text)
    actions = set()
    for entry in entries:
        parts = str(entry).split(",")
        if len(parts) != 3:
            raise ValueError(f"{entry!r} is not of the form mouse1,mouse2,attack")
        actions.add(action(*parts))
    return frozenset(actions)


def tree_of(path: Path) -> tuple[Path, str]:
    """Root of the tree that a parquet is in, and its part, ``train`` or ``test``."""
    folder = path.absolute().parent.parent
    return folder.parent, folder.name.split("_")[0]


def table_of(path: Path) -> Path | None:
    """The table that says what a parquet of a tree leaves open; None where there is none."""
    root, part = tree_of(path)
    table = root / f"{part}.csv"
    of_tree = part in ("train", "test") and path.suffix.lower() == ".parquet"
    return table if of_tree and table.is_file() else None


def videos(tree: tuple[Path, str]) -> Mapping[str, Video]:
    """Rows of ``train.csv`` or ``test.csv`` by video id; empty where there is no such file.

    Raises:
        FormatError: a column is missing, or a cell cannot be understood.
    """
    root, part = tree
    path = root / f"{part}.csv"
    if part not in ("train", "test") or not path.is_file():
        return {}
    return _videos(path)


def train_videos(root: Path, labs: Sequence[str] = ()) -> list[Video]:
    """Rows of ``train.csv`` of these labs, by default of all, in their order."""
    known = videos((root, "train")).values()
    return [video for video in known if not labs or video.lab_id in labs]


@parsed_once("table of recordings")
def _videos(path: Path) -> Mapping[str, Video]:
    """Kept, since every recording of the tree asks for it."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise FormatError(path, f"is not a csv: {error}.") from error
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise FormatError(path, f"the columns {missing} are missing.", row=1)
    rows = table.to_dict("records")
    groups = _groups(rows)
    found = {}
    for line, (row, group) in enumerate(zip(rows, groups, strict=True), start=2):
        try:
            found[str(row["video_id"])] = _video(row, group)
        except (ValueError, TypeError) as error:
            raise FormatError(path, f"{error}.", row=line) from error
    return found


def _video(row: Mapping[Any, str], group: str) -> Video:
    lab = row["lab_id"]
    simulated = row.get("tracking_method") == "simulated" and not lab.startswith("simulated")
    parts = row.get("body_parts_tracked", "")
    return Video(
        video_id=row["video_id"],
        lab_id=lab,
        lab=f"simulated {lab}" if simulated else lab,
        group=group,
        fps=_number(row, "frames_per_second"),
        px_per_cm=_number(row, "pix_per_cm_approx"),
        duration_s=_number(row, "video_duration_sec"),
        keypoints=tuple(json.loads(parts)) if parts else (),
        looked_for=looked_for(row["behaviors_labeled"]),
    )


def _number(row: Mapping[Any, str], name: str) -> float | None:
    text = row.get(name, "")
    return float(text) if text else None


def _groups(rows: Sequence[Mapping[Any, str]]) -> list[str]:
    """A name for each row, shared by rows of one lab that share animals, even through others."""
    leader: dict[str, str] = {}

    def first(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    members = []
    for row in rows:
        ids = [row.get(f"mouse{number}_id", "") for number in range(1, 5)]
        animals = [f"{row['lab_id']}/mouse {i.removesuffix('.0')}" for i in ids if i]
        members.append(animals or [f"{row['lab_id']}/{row['video_id']}"])
        for animal in members[-1][1:]:
            leader[first(animal)] = first(members[-1][0])
    return [first(animals[0]) for animals in members]


def read_parquet(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """The columns of a parquet.

    Raises:
        FormatError: the file is damaged or a column is missing.
    """
    names = list(columns)
    existing_file(path, "parquet file")
    try:
        with pq.ParquetFile(path) as file:
            missing = [name for name in names if name not in file.schema_arrow.names]
            if not missing:
                table: pd.DataFrame = file.read(columns=names).to_pandas()
                return table
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise FormatError(
            path, f"is not a complete parquet file: {reason}", mend="Copy or download it again."
        ) from error
    raise FormatError(path, f"the columns {names} were expected; {missing} are missing.")


def parquet_columns(path: Path) -> tuple[str, ...]:
    """Names of a parquet's columns; none where it is not a parquet."""
    try:
        return tuple(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        return ()
