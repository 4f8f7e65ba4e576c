import pytest

from nuzzle.cells import parse_mapping


def test_mapping_text():
    assert parse_mapping(" a = b ; c=d;") == {"a": "b", "c": "d"}
    assert parse_mapping("") == {}
    for wrong in ("a", "a=", "=b"):
        with pytest.raises(ValueError, match="not of the form"):
            parse_mapping(wrong)
