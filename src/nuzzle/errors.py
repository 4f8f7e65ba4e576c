"""Every error that nuzzle raises on purpose.

A message says what was expected, what came, and how to mend it; where a file is at
fault it names the file and, where there is one, the row.

::

    NuzzleError
    ├── InputError              a file, a table or an argument is not what it should be
    │   ├── FormatError         a file does not hold what its format promises
    │   │   └── StreamError     a label file has no such parallel stream
    │   └── ValidationError     data was read, and contradicts itself (lists every problem)
    │       └── ManifestError   a manifest row cannot be used
    ├── ConfigError             an unknown key or an impossible value in a config
    ├── LeakageError            training and evaluation would share data
    ├── TrainingError           training cannot start, or cannot go on
    │   └── DivergedError       the loss became infinite or not a number
    ├── BundleError             a bundle cannot be read
    │   └── CompatibilityError  a bundle and a recording do not fit each other
    ├── OutputError             a result cannot be written
    └── MissingDependencyError  an optional package is not installed, or cannot be loaded
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any


def count(number: int, noun: str) -> str:
    """A number and its noun.

    >>> count(1, "recording"), count(1200, "recording")
    ('1 recording', '1,200 recordings')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[object], most: int = 5) -> str:
    """The first few of some names, and how many more there are; for a message."""
    rest = len(names) - most
    return ", ".join(map(str, names[:most])) + (f" and {rest:,} more" if rest > 0 else "")


def together(said: Iterable[tuple[str, str]]) -> list[str]:
    """What is said of recordings, each text once, after the names of those that it is said of.

    >>> together([("cage1", "cut"), ("cage2", "moved"), ("cage3", "cut")])
    ['cage1, cage3: cut', 'cage2: moved']
    """
    names: dict[str, list[str]] = {}
    for name, text in said:
        names.setdefault(text, []).append(name)
    return [f"{listed(of)}: {text}" for text, of in names.items()]


def sentence(text: str) -> str:
    """The text with a full stop, where it does not end in a question mark; for a note.

    >>> sentence("3 frames were cut"), sentence("Is the frame rate right?")
    ('3 frames were cut.', 'Is the frame rate right?')
    """
    return text if text.endswith("?") else f"{text}."


def nearest(name: object, known: Iterable[str], cutoff: float = 0.6) -> str:
    """That of the known names which is spelled nearly so; empty where none is. For a message.

    >>> nearest("fsp", ["fps", "unit"]), nearest("colour", ["fps", "unit"])
    ('fps', '')
    """
    return next(iter(get_close_matches(str(name), [*known], n=1, cutoff=cutoff)), "")


class NuzzleError(Exception):
    """Base of all errors that nuzzle raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        """As another process gets it: its message is not made anew."""
        return _as_it_was, (type(self), self.args), vars(self)


def _as_it_was(kind: type[NuzzleError], args: tuple[Any, ...]) -> NuzzleError:
    return kind.__new__(kind, *args)


class InputError(NuzzleError, ValueError):
    """A file, a table or an argument is not what it should be."""


class FormatError(InputError):
    """A file does not hold what its format promises.

    Args:
        path: the file.
        problem: what was expected and what came.
        row: 1-based line of the file, where one is at fault.
        mend: what the reader of the message can do.
    """

    def __init__(
        self, path: str | Path, problem: str, *, row: int | None = None, mend: str = ""
    ) -> None:
        self.path = Path(path)
        self.row = row
        where = f"{path}, line {row}" if row is not None else f"{path}"
        super().__init__(f"{where}: {problem}" + (f" {mend}" if mend else ""))


class StreamError(FormatError):
    """A label file has no parallel stream of the name that was asked for."""


class ValidationError(InputError):
    """Data contradicts itself; every problem is listed.

    Args:
        subject: what was validated, for example ``recording 'cage3'``.
        problems: one sentence each; one that begins with the subject goes without it.
        mend: what the reader of the message can do about all of them.
    """

    def __init__(self, subject: str, problems: Iterable[str], *, mend: str = "") -> None:
        self.subject = subject
        self.problems = tuple(problem.removeprefix(f"{subject}: ") for problem in problems)
        if len(self.problems) == 1:
            message = f"{subject}: {self.problems[0]}"
        else:
            listed = "".join(f"\n  - {problem}" for problem in self.problems)
            has = "have" if re.match(r"(the )?(files|labels)\b", subject) else "has"
            message = f"{subject} {has} {len(self.problems)} problems:{listed}"
        super().__init__(f"{message}\n{mend}" if mend else message)


class ManifestError(ValidationError):
    """A manifest cannot be used; every row at fault is listed."""


class ConfigError(NuzzleError, ValueError):
    """A configuration has an unknown key or an impossible value."""


class LeakageError(NuzzleError, ValueError):
    """The same data would be used for training and for evaluation."""


class TrainingError(NuzzleError):
    """Training cannot start, or cannot go on."""


class DivergedError(TrainingError):
    """The loss became infinite or not a number.

    Args:
        problem: when, with which recordings, and what to do.
        best: what was learned before: a `Trained` or, of a whole training, a `Bundle`. None where
            no epoch was finished.
    """

    def __init__(self, problem: str, best: Any = None) -> None:
        self.best = best
        super().__init__(problem)


class BundleError(NuzzleError):
    """A bundle cannot be read."""


class CompatibilityError(BundleError, ValueError):
    """A bundle and a recording do not fit each other and cannot be converted."""


class OutputError(NuzzleError, OSError):
    """A result cannot be written. Nothing was left half-written."""


class MissingDependencyError(NuzzleError, ImportError):
    """An optional package is not installed, or lacks a library of the system.

    Args:
        package: what could not be imported.
        purpose: what it is needed for.
        missing: what the system says of the library.
    """

    def __init__(self, package: str, purpose: str, missing: str = "") -> None:
        mend = f": pip install {package}"
        if missing:
            mend = (
                f", which is installed and cannot be loaded: {missing}. Install the library that "
                "is missing: libomp by `brew install libomp`, libgomp.so.1 by `apt install "
                "libgomp1`"
            )
        super().__init__(f"{purpose} needs {package}{mend}")


def optional_package(package: str, purpose: str) -> Any:
    """The package; arguments as of `MissingDependencyError`.

    Raises:
        MissingDependencyError: it is not installed, or lacks a library of the system.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise MissingDependencyError(package, purpose) from error
    except OSError as error:
        raise MissingDependencyError(package, purpose, str(error)) from error
