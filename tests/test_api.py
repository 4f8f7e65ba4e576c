"""The public names."""

import pytest

import nuzzle


def test_every_public_name_is_there():
    assert all(callable(getattr(nuzzle, name)) for name in nuzzle.__all__ if name[0] != "_")
    assert set(nuzzle._HOMES) | {"__version__"} == set(nuzzle.__all__)


def test_public_names_are_shown_before_they_are_loaded():
    assert {*nuzzle.__all__, "errors"} <= {*dir(nuzzle)}
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        nuzzle.trian  # noqa: B018


def test_an_ensemble_without_members_is_refused_before_anything_is_read(tmp_path):
    config = nuzzle.Config(model={"name": "ensemble"})
    for command in (nuzzle.train, nuzzle.crossval):
        with pytest.raises(nuzzle.NuzzleError, match=r"no members.*Config\.load\(None"):
            command(tmp_path / "none.csv", tmp_path / "m.nuzzle", config)
