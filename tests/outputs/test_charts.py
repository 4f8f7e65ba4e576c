import re

import pytest

from nuzzle.outputs.charts import confusion_matrix


def drawn(share):
    said = str(confusion_matrix([[share, 100 - share], [0, 100]], ["attack", "mount"]))
    return re.findall(r'class="([^"]*)">(\d+) %<', said)


@pytest.mark.parametrize(("share", "white"), [(51, False), (72, False), (73, True), (100, True)])
def test_figures_are_white_where_white_is_read_better(share, white):
    """On 0.72 of #0b5c8a over #eceff3 both inks are read about as well, 3.9 and 4.0 to 1."""
    found = dict(reversed(pair) for pair in drawn(share))
    assert ("on-dark" in found[str(share)]) == white


def test_heads_that_fit_their_columns_are_level():
    assert "rotate" not in str(
        confusion_matrix([[1] * 3] * 3, ["attack", "investigation", "mount"])
    )
    assert "rotate" in str(confusion_matrix([[1] * 3] * 3, ["anogenital sniffing", "a", "b"]))


def test_a_long_name_is_shortened_and_stands_in_full_in_its_title():
    name = "x" * 45 + "y" * 45
    said = str(confusion_matrix([[1, 0], [0, 1]], [name, "mount"]))
    assert said.count(f"<title>{name}</title>") == 2, "row and column"
    assert f">{name}<" not in said.replace(f"<title>{name}</title>", "")
    assert len(re.findall(r">x+…y+</text>", said)) == 2
