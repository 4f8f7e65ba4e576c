"""The folder of an explanation: pictures, figures as csv and JSON, and a page that shows all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pandas as pd
from matplotlib.figure import Figure

from nuzzle.errors import OutputError
from nuzzle.files import writable_folder, write_text
from nuzzle.outputs.charts_explain import save
from nuzzle.outputs.index import index_of, spare_foreign, write_json
from nuzzle.outputs.page import page
from nuzzle.outputs.tables import write_csv

_FORMAT = "nuzzle-explanation"
_INDEX = "summary.json"
_PAGE = "index.html"
_NO_FONT = (
    "No font of this machine has all letters of the names: in pictures, boxes stand for those that "
    "it lacks. With Noto Sans CJK installed, names in Chinese, Japanese and Korean can be drawn."
)
#: What an explanation writes, and what a new one in the same folder replaces; other files stay.
_OWN_FILES = re.compile(
    r"(keypoints|course|shap)-\d+\.(png|csv)|families\.png|index\.html|summary\.json"
    r"|(attribution|attribution_frames|importance|shap)\.csv"
)


@dataclass
class ExplanationFolder:
    """Writes what `nuzzle explain` finds.

    Attributes:
        directory: a folder that may be written to.
        pictures: section -> file name and what it shows.
        notes: what to know before reading on.
        begun: whether anything is written. Until then an earlier explanation stays as it is.
        made: folders that were made for it; in a block that fails before anything is written, they
            go again.
    """

    directory: Path
    pictures: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    begun: bool = False
    made: tuple[Path, ...] = ()

    @classmethod
    def open(cls, directory: str | Path, *, overwrite: bool) -> ExplanationFolder:
        """Begin.

        Args:
            directory: a new or empty folder.
            overwrite: replace the explanation that is there, once there is something to replace it.
                Files that are not nuzzle's stay; where one has the name of ours, it is refused.

        Raises:
            OutputError: the folder holds something and may not be written to, or cannot be.
        """
        path = Path(directory)
        made = tuple(each for each in (path, *path.parents) if not each.exists())
        writable_folder(path)
        if index_of(path / _INDEX, _FORMAT) != "ours":
            spare_foreign(path, "explanation", _own_files(path))
        if any(path.iterdir()) and not overwrite:
            raise OutputError(
                f"{path} is not empty. Choose another folder, or pass --overwrite to replace the "
                "explanation in it."
            )
        return cls(path, made=made)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None and not self.begun:
            with suppress(OSError):  # somebody else put something there
                for folder in self.made:
                    folder.rmdir()

    def _begin(self) -> None:
        """Throw an earlier explanation away, now that there is a new one."""
        if self.begun:
            return
        write_json(self.directory / _INDEX, {"format": _FORMAT})  # first: it says whose they are
        for old in _own_files(self.directory):
            if old.name != _INDEX:
                old.unlink()
        self.begun = True

    def picture(self, section: str, name: str, figure: Figure, caption: str) -> None:
        """Add a PNG."""
        self._begin()
        file = f"{name}.png"
        if not save(figure, self.directory / file) and _NO_FONT not in self.notes:
            self.notes.append(_NO_FONT)
        self.pictures.setdefault(section, []).append((file, caption))

    def table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a csv."""
        self._begin()
        write_csv(pd.DataFrame(list(rows)), self.directory / f"{name}.csv")

    def finish(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """Write ``summary.json`` and the page; return what the former holds."""
        self._begin()
        whole = {"format": _FORMAT, **summary, "notes": self.notes}
        write_json(self.directory / _INDEX, whole)
        shown = {
            "title": f"What the decisions of {summary['model']} rest on",
            "pictures": self.pictures,
            "notes": self.notes,
            "summary": summary,
        }
        write_text(self.directory / _PAGE, page("explain.html.j2", shown))
        return whole


def _own_files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if _OWN_FILES.fullmatch(path.name))
