import pytest

from nuzzle.cells import PARSERS, cell_text, parse_mapping


def test_mapping_text():
    assert parse_mapping(" a = b ; c=d;") == {"a": "b", "c": "d"}
    assert parse_mapping("") == {}
    assert parse_mapping("a=b;a=b") == {"a": "b"}
    with pytest.raises(ValueError, match="calls 'a' both 'b' and 'c'"):
        parse_mapping("a=b;a=c")
    for wrong in ("a", "a=", "=b"):
        with pytest.raises(ValueError, match="not of the form"):
            parse_mapping(wrong)


def test_thousands_are_no_frame_number():
    assert PARSERS["start_frame"]("1000") == 1000
    for text in ("1,000", "-1,000"):
        with pytest.raises(ValueError, match=r"may be thousands.*Write 1000 and not 1,000"):
            PARSERS["stop_frame"](text)


@pytest.mark.parametrize(
    "value", [("a; b",), {"a;b": "c"}, {"a": "b;c"}, {"a=b": "c"}, ("whole", "a; b")]
)
def test_names_that_would_be_torn_are_no_cell(value):
    with pytest.raises(ValueError, match=r"separated by ';'.*'(a; b|a;b|b;c|a=b)' would be read"):
        cell_text(value)


def test_a_new_name_may_have_an_equals_sign():
    assert parse_mapping(cell_text({"a": "b=c"})) == {"a": "b=c"}
