import json

import pytest
from typer.testing import CliRunner

from nuzzle.cli.app import build_app
from nuzzle.errors import BundleError
from nuzzle.inference.bundle import Bundle
from nuzzle.workflow.inspect import inspect


def test_a_bundle_shows_its_card(bundle_file):
    result = CliRunner().invoke(build_app(), ["inspect", str(bundle_file), "--json", "-"])
    assert result.exit_code == 0
    about, bundle = json.loads(result.stdout), Bundle.load(bundle_file)
    assert (about["kind"], about["path"]) == ("bundle", str(bundle_file))
    assert about["behaviours"]["names"] == list(bundle.space.names)
    assert about["training"]["recordings"] == ["mouse0", "mouse1", "mouse2"]
    assert about["card"] in result.stderr
    for line in (
        "- 30 frames per second, positions in",
        "- 3 recordings: mouse0, mouse1, mouse2",
        "On 2 recordings of val: macro F1",
        f"- created: {bundle.provenance['created']}",
    ):
        assert line in about["card"]


def test_a_damaged_bundle_is_told_as_one(bundle_file, tmp_path):
    cut = tmp_path / "cut.nuzzle"
    cut.write_bytes(bundle_file.read_bytes()[:2000])
    with pytest.raises(BundleError, match="was it cut short"):
        inspect(cut)
