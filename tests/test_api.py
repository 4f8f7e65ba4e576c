"""The public names."""

import nuzzle


def test_every_public_name_is_there():
    assert all(callable(getattr(nuzzle, name)) for name in nuzzle.__all__ if name[0] != "_")
    assert set(nuzzle._HOMES) | {"__version__"} == set(nuzzle.__all__)
