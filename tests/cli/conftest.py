import pytest

from nuzzle.cli import console


@pytest.fixture(autouse=True)
def stdout_is_given_back(monkeypatch):
    """A command with ``--json -`` takes stdout for the rest of its process, which tests share."""
    monkeypatch.setattr(console, "_json_owns_stdout", False)
