"""A little SVG: elements whose every attribute and text is escaped, scales and ticks."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

from markupsafe import Markup, escape

#: Okabe and Ito's colours and two of Paul Tol's, then those that a search found farthest from them.
#: Any two differ by 13 or more (CIE76) in full colour vision and in all three kinds of dichromacy
#: (Machado's matrices), and by 16 where one is of the last six. On dark paper the eighth is lighter
#: (report.css).
PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
    "#999933",
    "#882255",
    "#6C51CF",
    "#FC7E99",
    "#487536",
    "#7E90FC",
    "#7E5A87",
    "#6CA25A",
)
#: What has no colour of its own: the background class.
NEUTRAL = "#B8BDC7"

#: Size of a chart's letters, px, as report.css has it.
LETTERS = 13.0
#: Of a name beside a row.
_MOST_LETTERS = 32

Attribute = str | int | float | None


def palette(behaviours: Sequence[str], background: str | None = None) -> dict[str, str]:
    """A colour for each behaviour; grey for the background. Beyond `PALETTE` they repeat."""
    scored = [name for name in behaviours if name != background]
    colours = {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(scored)}
    return colours | ({background: NEUTRAL} if background is not None else {})


def tag(name: str, *children: object, **attributes: Attribute) -> Markup:
    """An element. `class_` is class, other underscores are hyphens, None is left out.

    >>> tag("text", "a < b", x=1.5, class_="name")
    Markup('<text x="1.5" class="name">a &lt; b</text>')
    """
    parts = [Markup("<") + name]
    for key, value in attributes.items():
        if value is None:
            continue
        attribute = (
            key if key in ("viewBox", "preserveAspectRatio") else key.rstrip("_").replace("_", "-")
        )
        text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
        parts.append(Markup(' {}="{}"').format(attribute, text))
    inner = Markup("").join(escape(child) for child in children)
    return Markup("").join(parts) + Markup(">") + inner + Markup("</{}>").format(name)


def figure(width: float, height: float, *children: object, label: str) -> Markup:
    """An SVG that scales with the page; `label` is read to those who cannot see it."""
    return tag(
        "svg",
        *children,
        viewBox=f"0 0 {width:g} {height:g}",
        style=f"max-width:{width:g}px",
        class_="chart",
        role="img",
        aria_label=label,
    )


def title(text: str) -> Markup:
    """What the browser shows while the pointer rests on the element around it."""
    return tag("title", text)


def shorten(text: str, length: int) -> str:
    """`text`, or its beginning and an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def shorten_middle(text: str, length: int) -> str:
    """`text`, or its beginning and its end with an ellipsis between: names often differ there.

    >>> shorten_middle("cage3_2024_left", 9)
    'cage…left'
    """
    if len(text) <= length:
        return text
    end = (length - 1) // 2
    return text[: length - 1 - end] + "…" + text[len(text) - end :]


def shorten_apart(texts: Sequence[str], length: int) -> list[str]:
    """The texts, those that are long shortened in the way that keeps most of them apart.

    In the middle, if that does; else at the end, at the beginning, or around where they differ.

    >>> shorten_apart(["mouse_cage1_filtered", "mouse_cage2_filtered"], 13)
    ['mouse_cage1_…', 'mouse_cage2_…']
    """
    places = enumerate(zip(*(text for text in texts if len(text) > length), strict=False))
    shared = next((place for place, letters in places if len(set(letters)) > 1), 0)

    def around(text: str) -> str:
        return shorten("…" + text[max(0, shared - length // 2) + 1 :], length)

    ways = (
        lambda text: shorten_middle(text, length),
        lambda text: shorten(text, length),
        lambda text: "…" + text[1 - length :],
        around,
    )
    short = [[way(text) if len(text) > length else text for text in texts] for way in ways]
    return max(short, key=lambda found: len(set(found)))


def room_of(text: str, size: float) -> float:
    """About how wide a text is in letters of that size, px; rather more than less.

    >>> room_of("mice", 10.0) < room_of("MICE", 10.0) < 40.0
    True
    """
    return size * sum(map(_width, text))


def _width(letter: str) -> float:
    """Of a letter, as a share of its size."""
    if letter in "mMW…" or unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.8 if letter.isupper() or letter in "w→" else 0.6


def fit(text: str, room: float, size: float) -> str:
    """`text`, its middle left out as far as it takes more than that room, px.

    >>> fit("anogenital sniffing", 100.0, 13.0)
    'anogen…ffing'
    """
    length = len(text)
    while length > 1 and room_of(shorten_middle(text, length), size) > room:
        length -= 1
    return shorten_middle(text, length)


def row_labels(names: Sequence[str]) -> tuple[list[str], float]:
    """What stands beside the rows of a chart, names shortened if long; and the widest's room, px.

    >>> row_labels(["chase"])
    (['chase'], 39.0)
    """
    labels = shorten_apart(names, _MOST_LETTERS)
    return labels, max((room_of(label, LETTERS) for label in labels), default=0.0)


def ticks(stop: float) -> list[float]:
    """Round numbers from 0 to `stop`, about five.

    >>> ticks(47)
    [0.0, 10.0, 20.0, 30.0, 40.0]
    """
    if stop <= 0:
        return [0.0]
    rough = stop / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return [round(index * step, 9) for index in range(int(stop / step + 1e-9) + 1)]


def clock_to(seconds: float, digits: int) -> str:
    """Minutes and seconds to so many digits behind the point; with hours where there are any.

    >>> clock_to(75, 1), clock_to(3675.12, 1), clock_to(59.96, 1), clock_to(0.05, 2)
    ('1:15.0', '1:01:15.1', '1:00.0', '0:00.05')
    """
    whole, rest = divmod(round(seconds * 10**digits), 10**digits)
    return clock(whole) + (f".{rest:0{digits}d}" if digits else "")


def clock(seconds: float) -> str:
    """Minutes and seconds; with hours where there are any, tenths below ten seconds.

    >>> clock(75), clock(3675), clock(2.5)
    ('1:15', '1:01:15', '0:02.5')
    """
    if 0 < seconds < 10 and seconds != round(seconds):
        return f"0:{seconds:04.1f}"
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours}:{minutes:02d}:{whole % 60:02d}"
    return f"{minutes}:{whole % 60:02d}"


def duration(seconds: float) -> str:
    """A duration for people.

    >>> duration(0.44), duration(75), duration(5400)
    ('0.44 s', '1 min 15 s', '1 h 30 min')
    """
    if not math.isfinite(seconds):
        return "–"
    if seconds == 0:
        return "0 s"
    if seconds < 59.5:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    minutes = round(seconds / 60)
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
