import re
from importlib.resources import files

import numpy as np
import pytest

from nuzzle.outputs.svg import LETTERS, PALETTE, clock_to, fit, room_of, row_labels

CSS = (files("nuzzle.outputs") / "templates" / "report.css").read_text(encoding="utf-8")
#: What dichromats see of linear RGB (Machado, Oliveira and Fernandes 2009, severity 1).
VISION = {
    "trichromat": np.eye(3),
    "protanope": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                  [-0.003882, -0.048116, 1.051998]],
    "deuteranope": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                    [-0.011820, 0.042940, 0.968881]],
    "tritanope": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                  [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def linear(colour):
    value = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
              [0.0193339, 0.1191920, 0.9503041]]  # fmt: skip
    share = np.asarray(to_xyz) @ np.clip(rgb, 0, 1) / [0.95047, 1.0, 1.08883]
    x, y, z = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one, other):
    dark, light = sorted(linear(each) @ [0.2126, 0.7152, 0.0722] for each in (one, other))
    return (light + 0.05) / (dark + 0.05)


def dark_palette():
    (dark,) = set(re.findall(rf'"{PALETTE[7]}"\] {{ (?:fill|stroke|background): (#\w+)', CSS))
    return [*PALETTE[:7], dark, *PALETTE[8:]]


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(
    ("colours", "since", "least"), [(PALETTE, 0, 13), (PALETTE, 8, 16), (dark_palette(), 0, 13)]
)
def test_colours_are_told_apart_with_any_colour_vision(colours, since, least, vision):
    """The distances of those from `since` on to all before."""
    seen = [lab(np.asarray(VISION[vision]) @ linear(colour)) for colour in colours]
    for index, one in list(enumerate(seen))[since:]:
        assert all(np.linalg.norm(one - other) > least for other in seen[:index])


@pytest.mark.parametrize(
    ("colours", "paper", "lane"),
    [(PALETTE, "#ffffff", "#eceff3"), (dark_palette(), "#14181f", "#262d38")],
)
def test_colours_are_seen_on_their_paper(colours, paper, lane):
    assert paper in CSS and lane in CSS
    for colour in colours:
        assert contrast(colour, paper) > 2.2 and contrast(colour, lane) > 1.9


def test_the_room_of_a_text_grows_with_its_letters():
    # Of 10 px: 6 for a letter, 8 for a capital, 10 for the widest and for Chinese or Japanese.
    assert room_of("tail", 10.0) == pytest.approx(24.0)
    assert room_of("MOUSE", 10.0) == pytest.approx(42.0)
    assert room_of("攻撃", 10.0) == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("text", "fitted"), [("chase", "chase"), ("abcdefghij", "ab…j"), ("攻" * 9, "攻…攻")]
)
def test_a_text_is_fitted_into_a_room(text, fitted):
    assert fit(text, 30.0, 10.0) == fitted
    assert room_of(fitted, 10.0) <= 30.0


def test_labels_of_rows_are_told_apart_and_have_room():
    names = [f"{'a_behaviour_of_very_many_letters_' * 3}{number}" for number in range(3)]
    labels, room = row_labels(["chase", *names])
    assert labels[0] == "chase" and len(set(labels)) == 4
    assert all(len(label) == 32 and "…" in label for label in labels[1:])
    # 31 letters of 0.6, and the ellipsis of 1; an m, if it is kept, takes 0.4 more.
    assert 19.59 * LETTERS < room < 20.01 * LETTERS
    assert row_labels([]) == ([], 0.0)


def test_a_clock_to_so_many_digits():
    assert [clock_to(second, 0) for second in (0, 59.6, 3600)] == ["0:00", "1:00", "1:00:00"]
    assert [clock_to(second, 1) for second in (0, 0.26)] == ["0:00.0", "0:00.3"]
    assert [clock_to(second, 2) for second in (0.05, 75.999)] == ["0:00.05", "1:16.00"]
