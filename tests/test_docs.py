"""What can be done is written down."""

import importlib.util
import re
from dataclasses import fields
from pathlib import Path

import pytest

from nuzzle.cli import training_options
from nuzzle.cli.app import COMMANDS
from nuzzle.config import Config
from nuzzle.features.registry import FEATURE_SETS
from nuzzle.io.formats import LABEL_FORMATS, POSE_FORMATS
from nuzzle.manifest import Entry
from nuzzle.models import ARCHITECTURES

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


def test_links_lead_somewhere():
    for name in ("README.md", "CONTRIBUTING.md", "docs/formats.md", "docs/explain.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", read(name)):
            assert ((REPO / name).parent / target).exists(), f"{name}: {target}"


def test_versions_agree():
    import nuzzle

    assert f'version = "{nuzzle.__version__}"' in read("pyproject.toml")
    assert "## [Unreleased]" in read("CHANGELOG.md")


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_every_model_is_explained(model):
    assert re.search(rf"^\| `{model}` \|", read("docs/training.md"), re.MULTILINE)
    assert re.search(rf"^\| `{model}` \|", read("README.md"), re.MULTILINE)


@pytest.mark.parametrize("model", [*ARCHITECTURES, "trees"])
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
