import inspect
import pickle
import re

import pytest

from nuzzle import errors
from nuzzle.errors import (
    DivergedError,
    FormatError,
    InputError,
    ManifestError,
    MissingDependencyError,
    NuzzleError,
    OutputError,
    ValidationError,
    listed,
    optional_package,
)

CLASSES = {
    name: each for name, each in inspect.getmembers(errors, inspect.isclass) if "Error" in name
}


def drawn_tree() -> dict[str, str]:
    """Class -> parent, as drawn in the module's docstring."""
    parents, stack = {}, []
    for line in inspect.getdoc(errors).splitlines():
        found = re.match(r"^([\s│├└─]*)(\w+Error)\b", line)
        if found:
            depth = len(found.group(1)) // 4 - 1  # the drawing itself is indented
            del stack[depth:]
            parents[found.group(2)] = stack[-1] if stack else ""
            stack.append(found.group(2))
    return parents


def test_the_drawing_is_the_tree():
    real = {
        name: next((base.__name__ for base in each.__bases__ if base in CLASSES.values()), "")
        for name, each in CLASSES.items()
    }
    drawn = drawn_tree()
    assert drawn.pop("NuzzleError") == real.pop("NuzzleError")
    assert drawn == real


@pytest.mark.parametrize("name", CLASSES)
def test_all_are_nuzzle_errors_and_explained(name):
    assert issubclass(CLASSES[name], NuzzleError)
    assert CLASSES[name].__doc__


def test_format_error_names_file_row_and_mend():
    error = FormatError("a.csv", "has no column x.", row=3, mend="Add it.")
    assert str(error) == "a.csv, line 3: has no column x. Add it."
    assert (error.path.name, error.row) == ("a.csv", 3)
    assert str(FormatError("a.csv", "is empty.")) == "a.csv: is empty."


def test_validation_lists_every_problem():
    assert str(ValidationError("labels", ["one"])) == "labels: one"
    error = ManifestError("manifest m.csv", ["one", "two"])
    assert str(error) == "manifest m.csv has 2 problems:\n  - one\n  - two"
    assert error.problems == ("one", "two")
    mended = ManifestError("matching files by name", ["one"], mend="Rename it.")
    assert str(mended) == "matching files by name: one\nRename it."
    assert mended.problems == ("one",)


@pytest.mark.parametrize(
    ("subject", "verb"),
    [
        ("the files", "have"),
        ("labels without direction", "have"),
        ("manifest files.csv", "has"),
        ("matching files by name", "has"),
    ],
)
def test_a_subject_has_the_verb_that_it_asks_for(subject, verb):
    assert str(ValidationError(subject, ["one", "two"])).startswith(f"{subject} {verb} 2 problems:")


def test_a_problem_that_names_its_subject_is_said_without_it():
    one = ValidationError("recording 'r'", ["recording 'r': it has no frames."])
    assert str(one) == "recording 'r': it has no frames."
    assert one.problems == ("it has no frames.",)
    other = ValidationError("recording 'r'", ["recording 'r2': it has no frames."])
    assert str(other) == "recording 'r': recording 'r2': it has no frames."


def test_errors_are_caught_by_their_common_names():
    assert issubclass(InputError, ValueError)
    assert issubclass(OutputError, OSError)
    assert issubclass(MissingDependencyError, ImportError)


def test_missing_dependency_says_what_to_install():
    error = MissingDependencyError("lightgbm", "The model 'trees'")
    assert str(error) == "The model 'trees' needs lightgbm: pip install lightgbm"


def test_a_dependency_that_lacks_a_library_of_the_system(monkeypatch):
    """LightGBM on a Mac without OpenMP."""

    def fails(package):
        raise OSError("Library not loaded: @rpath/libomp.dylib")

    monkeypatch.setattr("nuzzle.errors.import_module", fails)
    with pytest.raises(MissingDependencyError) as caught:
        optional_package("lightgbm", "The model 'trees'")
    assert "cannot be loaded: Library not loaded: @rpath/libomp.dylib" in str(caught.value)
    assert "brew install libomp" in str(caught.value)
    assert "pip install" not in str(caught.value)


def test_the_first_few_names():
    assert listed(["a", "b"], 2) == "a, b"
    assert listed([1, 2, 3], 2) == "1, 2 and 1 more"
    assert listed(range(2000), 1) == "0 and 1,999 more"
    assert listed([]) == ""


@pytest.mark.parametrize(
    "error",
    [
        FormatError("mice.csv", "5 columns were expected.", row=3, mend="Export again."),
        ValidationError("labels", ["they end early", "they overlap"]),
        DivergedError("The loss became infinite.", best=[1, 2]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_another_process_gets_the_same(error):
    came = pickle.loads(pickle.dumps(error))
    assert type(came) is type(error)
    assert str(came) == str(error)
    assert vars(came) == vars(error)
