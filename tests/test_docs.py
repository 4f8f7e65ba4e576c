"""What can be done is written down."""

import importlib.util
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from nuzzle.cli import training_options
from nuzzle.cli.app import COMMANDS
from nuzzle.config import Config
from nuzzle.features.registry import FEATURE_SETS
from nuzzle.io.formats import LABEL_FORMATS, POSE_FORMATS
from nuzzle.labels import Pair
from nuzzle.manifest import Entry
from nuzzle.models import MODELS
from nuzzle.outputs.check import CHECK_COLUMNS
from nuzzle.outputs.frames import PairFrames, write_frames
from nuzzle.outputs.results import _OWN_FILES
from nuzzle.outputs.tables import BOUT_FILE_COLUMNS, BUDGET_COLUMNS
from nuzzle.workflow.search_space import Range
from nuzzle.workflow.shared_study import SharedStudy

REPO = Path(__file__).resolve().parents[1]


def read(*names: str) -> str:
    return "\n".join((REPO / name).read_text(encoding="utf-8") for name in names)


@pytest.fixture(scope="module")
def reference() -> str:
    spec = importlib.util.spec_from_file_location(
        "cli_reference", REPO / "scripts/cli_reference.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.reference()


def test_the_reference_of_commands_is_up_to_date(reference):
    assert read("docs/cli.md") == reference, "run: make docs"


def test_the_reference_says_which_values_an_option_takes(reference):
    tune = reference.split("## nuzzle tune")[1].split("## ")[0]
    assert re.search(r"^\| `--on` \| `val` \| .* One of `val`, `crossval`\. \|$", tune, re.M)
    init = reference.split("## nuzzle init")[1].split("## ")[0]
    for option in ("--poses", "--labels"):
        assert re.search(rf"^\| `{option}` \|.*[^.]\. Repeatable\. \|$", init, re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command):
    assert f"nuzzle {command}" in read("README.md")


@pytest.mark.parametrize("format", [*POSE_FORMATS, *LABEL_FORMATS], ids=lambda each: each.name)
def test_every_format_is_explained(format):
    poses, labels = read("docs/formats.md").split("## Labels")
    section = poses if format in POSE_FORMATS else labels
    (row,) = re.findall(rf"^\| `{format.name}` \|.*$", section, re.MULTILINE)
    for suffix in format.suffixes[:1]:
        assert suffix in row or format.name == "boris_aggregated"


def test_a_format_that_is_written_says_so():
    for each in LABEL_FORMATS:
        (row,) = re.findall(
            rf"^\| `{each.name}` \|.*$", read("docs/formats.md").split("## Labels")[1], re.MULTILINE
        )
        assert ("Read and written" in row) == (each.write is not None)


@pytest.mark.parametrize("column", [field.name for field in fields(Entry)])
def test_every_column_of_the_manifest_is_explained(column):
    assert re.search(rf"^\| .*`{column}`.* \|", read("docs/formats.md"), re.MULTILINE)


@pytest.fixture(scope="module")
def results_section() -> str:
    return read("docs/formats.md").split("## Results")[1]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("bouts.csv", BOUT_FILE_COLUMNS),
        ("time_budget.csv", BUDGET_COLUMNS),
        ("check.csv", CHECK_COLUMNS),
    ],
)
def test_every_column_of_a_table_is_explained(results_section, table, columns):
    section = results_section.split(f"| column of `{table}`")[1].split("\n\n")[0]
    for column in columns:
        assert re.search(rf"^\| .*`{column}`.* \|", section, re.MULTILINE), column


@pytest.mark.parametrize("exclusive", [True, False])
def test_every_column_of_the_frames_is_explained(results_section, tmp_path, exclusive):
    mask = np.ones((1, 1), dtype=bool)
    frames = PairFrames(Pair("a", "b"), np.ones((1, 1), np.float32), mask, mask, mask, mask)
    names = {"behaviours": ["attack"], "exclusive": exclusive, "meta": {}}
    path = write_frames(tmp_path / "frames.parquet", [frames], fps=30.0, **names)
    for column in pq.read_schema(path).names:
        assert re.search(rf"^\| .*`{column}`.* \|", results_section, re.MULTILINE), column


def test_every_file_of_the_results_is_explained(results_section):
    for name in ("frames/NAME.parquet", *_OWN_FILES):
        assert re.search(rf"^\| `{name}` \|", results_section, re.MULTILINE), name


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_lead_somewhere():
    for page in (*REPO.glob("*.md"), *(REPO / "docs").glob("*.md")):
        links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text("utf-8"))
        for path, anchor in links:
            target = page.parent / path if path else page
            assert target.exists(), f"{page.name}: {path}"
            assert not anchor or anchor in anchors(target), f"{page.name}: {path}#{anchor}"


def test_versions_agree():
    import nuzzle

    assert f'version = "{nuzzle.__version__}"' in read("pyproject.toml")
    assert "## [Unreleased]" in read("CHANGELOG.md")


@pytest.mark.parametrize("model", [*MODELS, "ensemble"])
def test_every_model_is_explained(model):
    assert re.search(rf"^\| `{model}` \|", read("docs/training.md"), re.MULTILINE)
    assert re.search(rf"^\| `{model}` \|", read("README.md"), re.MULTILINE)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_in_the_help(model):
    for option in (training_options.Model, training_options.SingleModel):
        (about,) = option.__metadata__
        assert re.search(rf"\b{model}\b", about.help)
        assert f"{Config().model.name} by default" in about.help


@pytest.mark.parametrize("features", FEATURE_SETS)
def test_every_feature_set_is_explained(features):
    assert re.search(rf"^\| .*`{features}`", read("docs/training.md"), re.MULTILINE)


def config_keys(section=Config, prefix=""):
    for name, field in section.model_fields.items():
        if hasattr(field.annotation, "model_fields"):
            yield from config_keys(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


@pytest.mark.parametrize("key", list(config_keys()))
def test_every_config_key_is_explained(key):
    assert re.search(rf"^\| .*`{key}`.* \|", read("docs/training.md"), re.MULTILINE)


def test_a_search_begins_as_the_guide_says(tmp_path):
    assert "the next eight are drawn at random" in read("docs/training.md")

    def tried(study):
        values = []
        for _ in range(11):
            trial = study.ask()
            values.append(trial.suggest_float("x", 0, 1))
            study.tell(trial, values[-1])
        return values

    optuna = pytest.importorskip("optuna")
    at_random = optuna.samplers.TPESampler(seed=0, n_startup_trials=100)
    drawn = optuna.create_study(direction="maximize", sampler=at_random)
    drawn.enqueue_trial({"x": 0.5})
    ours = SharedStudy(
        tmp_path, "", {"x": 0.5}, seed=0, warmup=0, space={"x": Range(0.0, 1.0)}
    ).study
    same = [one == other for one, other in zip(tried(ours), tried(drawn), strict=True)]
    assert same == [True] * (1 + 8) + [False] * 2
