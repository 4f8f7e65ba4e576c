from __future__ import annotations

import os

import pytest

from nuzzle.errors import InputError
from nuzzle.io.kept import parsed_once


def test_a_file_of_the_same_size_is_read_anew(tmp_path):
    """Also in another's place: a file that was moved there keeps its time."""
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    read = parsed_once("note")(lambda path: path.read_text())
    path.write_text("one")
    other.write_text("two")
    for each in (path, other):
        os.utime(each, ns=(10**18, 10**18))
    assert read(path) == "one"
    other.replace(path)
    assert read(path) == "two"
    path.write_text("six")
    os.utime(path, ns=(10**18, 10**18 + 1))
    assert read(path) == "six"
    path.unlink()
    with pytest.raises(InputError, match=r"no note at .*a\.txt"):
        read(path)
